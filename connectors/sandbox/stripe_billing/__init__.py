"""Stripe Billing as its vendor speaks it: customers, subscriptions, clocks, invoices, credit notes, events."""

from connectors.sandbox.stripe_billing.server import StripeSandbox

__all__ = ["StripeSandbox"]
