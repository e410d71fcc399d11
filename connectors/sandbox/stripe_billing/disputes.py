"""Disputes: a customer's bank takes the money back, evidence is handed in, somebody wins.

As in Stripe's test mode (docs.stripe.com/testing#disputes): the text `winning_evidence` or `losing_evidence` decides.
"""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import payments
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import render

DAY = 86_400
#: days a seller has to answer; networks give 7 to 21
ANSWER_DAYS = 14
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def open_dispute(account: Account, charge: Document, *, reason: str = "fraudulent", inquiry: bool = False) -> Document:
    """The customer's bank questions a charge; but for an inquiry, it takes the money at once, and Stripe its fee."""
    now = account.now(charge.get("_clock"))
    dispute: Document = {
        "id": account.new_id("dispute"), "created": now, "amount": charge["amount"] - charge.get("amount_refunded", 0),
        "currency": charge["currency"], "charge": charge["id"], "payment_intent": charge["payment_intent"],
        "reason": reason, "status": "warning_needs_response" if inquiry else "needs_response",
        "balance_transactions": [], "is_charge_refundable": inquiry, "_clock": charge.get("_clock"),
        "evidence": dict.fromkeys(EVIDENCE), "evidence_details": {
            "due_by": (now // DAY + ANSWER_DAYS + 1) * DAY - 1, "has_evidence": False, "past_due": False,
            "submission_count": 0, "enhanced_eligibility": {},
        },
    }  # fmt: skip
    account.put("dispute", dispute)
    account.change("charge", charge, disputed=True)
    account.owe(dispute["_clock"], dispute["evidence_details"]["due_by"], "dispute", dispute["id"])
    if not inquiry:
        _move(account, dispute, amount=-dispute["amount"], fee=int(account.settings()["dispute_fee"]))
    emit(account, "charge.dispute.created", "dispute", dispute)
    if not inquiry:
        emit(account, "charge.dispute.funds_withdrawn", "dispute", dispute)
    return dispute


def _move(account: Account, dispute: Document, *, amount: int, fee: int) -> None:
    source = {**dispute, "description": f"Chargeback {'withdrawal' if amount < 0 else 'reversal'}"}
    category = "dispute" if amount < 0 else "dispute_reversal"
    key = payments.book(account, source, amount=amount, type_="adjustment", fee=fee, category=category)
    account.change("dispute", dispute, _moved=[*dispute.get("_moved", []), key])


def update_dispute(account: Account, call: Call) -> dict[str, Any]:
    """Evidence, handed in at once unless submit=false."""
    params = Params(call.values, {"evidence", "metadata", "submit"})
    dispute = account.need("dispute", call.path["id"])
    account.at_rest(dispute.get("_clock"))
    if dispute["status"] not in OPEN:
        raise StripeError("This dispute is already closed", param="dispute")
    evidence = params.child("evidence", EVIDENCE)
    given = {name: evidence.text(name) for name in EVIDENCE if name in evidence} if evidence else {}
    details = dict(dispute["evidence_details"])
    details["has_evidence"] = details["has_evidence"] or bool(given)
    submits = "submit" not in params or params.boolean("submit")
    if submits:
        details["submission_count"] += 1
    account.change(
        "dispute", dispute, evidence={**dispute["evidence"], **given}, evidence_details=details,
        metadata=params.metadata(dispute.get("metadata")),
    )  # fmt: skip
    if submits:
        inquiry = dispute["status"].startswith("warning_")
        account.change("dispute", dispute, status="warning_under_review" if inquiry else "under_review")
        emit(account, "charge.dispute.updated", "dispute", dispute)
        text = given.get("uncategorized_text")
        if text in ("winning_evidence", "losing_evidence"):
            close(account, dispute, won=text == "winning_evidence")
    return render(account, "dispute", dispute)


def close_dispute(account: Account, call: Call) -> dict[str, Any]:
    """POST /v1/disputes/{id}/close: the seller gives in; it is lost."""
    dispute = account.need("dispute", call.path["id"])
    account.at_rest(dispute.get("_clock"))
    if dispute["status"] not in OPEN:
        raise StripeError("This dispute is already closed", param="dispute")
    close(account, dispute, won=False)
    return render(account, "dispute", dispute)


def close(account: Account, dispute: Document, *, won: bool) -> None:
    """The end: what was withdrawn comes back to a winner. An inquiry that never took money is only closed."""
    if dispute["status"].startswith("warning_"):
        account.change("dispute", dispute, status="warning_closed")
        emit(account, "charge.dispute.closed", "dispute", dispute)
        return
    account.change("dispute", dispute, status="won" if won else "lost")
    if won:
        _move(account, dispute, amount=dispute["amount"], fee=0)
        emit(account, "charge.dispute.funds_reinstated", "dispute", dispute)
    emit(account, "charge.dispute.closed", "dispute", dispute)


def answer_due(account: Account, key: str) -> None:
    """The moment came until which evidence counts: unanswered is lost."""
    dispute = account.get("dispute", key)
    if dispute and dispute["status"] in ("needs_response", "warning_needs_response"):
        account.change("dispute", dispute, evidence_details={**dispute["evidence_details"], "past_due": True})
        close(account, dispute, won=False)


def dispute_due(account: Account, key: str) -> None:
    """The moment came at which a customer's bank disputes a charge."""
    charge = account.get("charge", key)
    if charge and not charge.get("disputed"):
        open_dispute(account, charge)
