"""A Salesforce organisation of our own: REST API, SOQL, outbound messages and Flow callouts over books in memory."""

from connectors.sandbox.salesforce.server import SalesforceSandbox

__all__ = ["SalesforceSandbox"]
