"""What is fetched beside an object, because it does not say it itself: a refund's credit notes, a payout's parts."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.stripe_billing.mapping import id_of
from connectors.stripe_billing.transport import Api


def refund(api: Api, record: Mapping[str, Any]) -> dict[str, Any]:
    """The credit notes of the invoices its payment paid: a refund does not name the one it pays out."""
    intent = id_of(record.get("payment_intent"))
    invoices = {id_of(row["invoice"]) for row in _invoice_payments(api, intent)}
    notes = [
        note for invoice in sorted(invoices) for page in api.pages("/v1/credit_notes", invoice=invoice) for note in page
    ]
    return {"credit_notes": notes}


def charge(api: Api, record: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice payments of its intent: a charge itself does not name an invoice."""
    return {"invoice_payments": _invoice_payments(api, id_of(record.get("payment_intent")))}


def _invoice_payments(api: Api, intent: str) -> list[Mapping[str, Any]]:
    if not intent:
        return []
    payment = {"type": "payment_intent", "payment_intent": intent}
    return [row for page in api.pages("/v1/invoice_payments", payment=payment) for row in page]


def payout(api: Api, record: Mapping[str, Any]) -> dict[str, Any]:
    """Every movement it settles, with the charge, refund or dispute behind each. Stripe names them once its
    reconciliation is completed.
    """
    if record.get("reconciliation_status") != "completed":
        return {"balance_transactions": []}
    pages = api.pages("/v1/balance_transactions", payout=record["id"], expand=["data.source"])
    return {"balance_transactions": [row for page in pages for row in page]}


#: path of the object -> what completes it
COMPLETED: dict[str, Callable[[Api, Mapping[str, Any]], dict[str, Any]]] = {
    "/v1/charges": charge,
    "/v1/refunds": refund,
    "/v1/payouts": payout,
}
