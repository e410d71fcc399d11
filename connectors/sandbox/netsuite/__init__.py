"""A NetSuite account over HTTP: SuiteTalk REST records, SuiteQL, sign-in and a double-entry ledger."""

from connectors.sandbox.netsuite.server import NetSuiteSandbox

__all__ = ["NetSuiteSandbox"]
