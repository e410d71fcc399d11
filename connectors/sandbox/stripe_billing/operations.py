"""Every call this sandbox answers: method, path, operation."""

from typing import Any

from connectors.sandbox.stripe_billing import (
    catalogue,
    clock,
    credit_notes,
    customers,
    disputes,
    events,
    invoice_calls,
    meters,
    payments,
    schedules,
    subscription_changes,
    subscriptions,
    taxes,
)
from connectors.sandbox.stripe_billing.account import CLOCK, Account, Call
from connectors.sandbox.stripe_billing.reading import Operation, lister, retriever, searcher
from connectors.sandbox.stripe_billing.shapes import ACCOUNT_BODY

#: collections with a list and a read: kind -> path
COLLECTIONS = {
    "customer": "/v1/customers",
    "product": "/v1/products",
    "price": "/v1/prices",
    "subscription": "/v1/subscriptions",
    "subscription_schedule": "/v1/subscription_schedules",
    "invoice": "/v1/invoices",
    "invoiceitem": "/v1/invoiceitems",
    "invoice_payment": "/v1/invoice_payments",
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "balance_transaction": "/v1/balance_transactions",
    "payout": "/v1/payouts",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "credit_note": "/v1/credit_notes",
    "billing.meter": "/v1/billing/meters",
    "tax_rate": "/v1/tax_rates",
    "webhook_endpoint": "/v1/webhook_endpoints",
    CLOCK: "/v1/test_helpers/test_clocks",
}
SEARCHED = ("customer", "subscription", "invoice", "charge", "payment_intent", "price", "product")


def read_account(account: Account, call: Call) -> dict[str, Any]:
    """The account behind the key."""
    return dict(ACCOUNT_BODY)


def delete_customer(account: Account, call: Call) -> dict[str, Any]:
    """A deleted customer's subscriptions end at once."""
    account.live_customer(call.path["id"])
    subscription_changes.end_subscriptions(account, call.path["id"])
    return customers.delete_customer(account, call)


def finalize_invoice(account: Account, call: Call) -> dict[str, Any]:
    """Usage is counted to the last before an invoice is fixed."""
    invoice = account.get("invoice", call.path["id"])
    if invoice and invoice["status"] == "draft":
        subscriptions.count_again(account, invoice)
    return invoice_calls.finalize_invoice(account, call)


def list_credit_note_lines(account: Account, call: Call) -> dict[str, Any]:
    """The lines of a credit note, by cursor."""
    return invoice_calls.list_lines(account, Call(call.values, {**call.path, "kind": "credit_note"}))


WRITES: list[tuple[str, str, Operation]] = [
    ("POST", "/v1/tax_rates", taxes.create_tax_rate),
    ("POST", "/v1/customers", customers.create_customer),
    ("POST", "/v1/customers/{id}", customers.update_customer),
    ("DELETE", "/v1/customers/{id}", delete_customer),
    ("POST", "/v1/products", catalogue.create_product),
    ("POST", "/v1/products/{id}", catalogue.update_product),
    ("DELETE", "/v1/products/{id}", catalogue.delete_product),
    ("POST", "/v1/prices", catalogue.create_price),
    ("POST", "/v1/prices/{id}", catalogue.update_price),
    ("POST", "/v1/subscriptions", subscriptions.create_subscription),
    ("POST", "/v1/subscriptions/{id}", subscription_changes.update_subscription),
    ("DELETE", "/v1/subscriptions/{id}", subscription_changes.cancel_subscription),
    ("POST", "/v1/subscription_schedules", schedules.create_schedule),
    ("POST", "/v1/subscription_schedules/{id}", schedules.update_schedule),
    ("POST", "/v1/subscription_schedules/{id}/release", schedules.release_schedule),
    ("POST", "/v1/subscription_schedules/{id}/cancel", schedules.cancel_schedule),
    ("POST", "/v1/invoices", invoice_calls.create_invoice),
    ("POST", "/v1/invoices/create_preview", subscription_changes.preview_invoice),
    ("POST", "/v1/invoices/{id}", invoice_calls.update_invoice),
    ("DELETE", "/v1/invoices/{id}", invoice_calls.delete_invoice),
    ("POST", "/v1/invoices/{id}/finalize", finalize_invoice),
    ("POST", "/v1/invoices/{id}/send", invoice_calls.send_invoice),
    ("POST", "/v1/invoices/{id}/pay", invoice_calls.pay_invoice),
    ("POST", "/v1/invoices/{id}/attach_payment", invoice_calls.attach_payment),
    ("POST", "/v1/payment_intents", payments.create_intent),
    ("POST", "/v1/invoices/{id}/void", invoice_calls.void_invoice),
    ("POST", "/v1/invoices/{id}/mark_uncollectible", invoice_calls.mark_uncollectible),
    ("POST", "/v1/invoiceitems", invoice_calls.create_item),
    ("DELETE", "/v1/invoiceitems/{id}", invoice_calls.delete_item),
    ("POST", "/v1/credit_notes", credit_notes.create_credit_note),
    ("POST", "/v1/credit_notes/{id}", credit_notes.update_credit_note),
    ("POST", "/v1/credit_notes/{id}/void", credit_notes.void_credit_note),
    ("POST", "/v1/refunds", payments.create_refund),
    ("POST", "/v1/billing/meters", meters.create_meter),
    ("POST", "/v1/billing/meter_events", meters.create_event),
    ("POST", "/v1/billing/meter_event_adjustments", meters.adjust),
    ("POST", "/v1/disputes/{id}", disputes.update_dispute),
    ("POST", "/v1/disputes/{id}/close", disputes.close_dispute),
    ("POST", "/v1/webhook_endpoints", events.create_webhook_endpoint),
    ("POST", "/v1/webhook_endpoints/{id}", events.update_webhook_endpoint),
    ("DELETE", "/v1/webhook_endpoints/{id}", events.delete_webhook_endpoint),
    ("POST", "/v1/test_helpers/test_clocks", clock.create_clock),
    ("POST", "/v1/test_helpers/test_clocks/{id}/advance", clock.advance_clock),
    ("DELETE", "/v1/test_helpers/test_clocks/{id}", clock.delete_clock),
]

READS: list[tuple[str, str, Operation]] = [
    ("GET", "/v1/account", read_account),
    ("GET", "/v1/events", events.list_events),
    ("GET", "/v1/events/{id}", events.retrieve_event),
    ("GET", "/v1/invoices/{id}/lines", invoice_calls.list_lines),
    ("GET", "/v1/billing/meters/{id}/event_summaries", meters.list_summaries),
    ("GET", "/v1/credit_notes/preview", credit_notes.preview_credit_note),
    ("GET", "/v1/credit_notes/{id}/lines", list_credit_note_lines),
    *[("GET", f"{COLLECTIONS[kind]}/search", searcher(kind, f"{COLLECTIONS[kind]}/search")) for kind in SEARCHED],
    *[("GET", path, lister(kind, path)) for kind, path in COLLECTIONS.items()],
    *[("GET", f"{path}/{{id}}", retriever(kind)) for kind, path in COLLECTIONS.items()],
]

#: in the order in which paths are tried: fixed names before ids
OPERATIONS = [*WRITES, *READS]
