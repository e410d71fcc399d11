"""Stripe Billing: customers and subscriptions out, invoices and payments in."""
