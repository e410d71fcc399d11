"""Refund -> what it pays back is known -> out of the clearing account in the ERP; nobody's refund is a case."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.canonical import Refund
from sync import blocks
from sync.errors import StepError, Waits
from sync.models import RefundRecord, WorkItem
from sync.pipelines import cash_on_account, records
from sync.pipelines.flow import Flow, Lookups, Owed


def find_payment(refund: Refund, lookups: Lookups) -> Refund:
    """Customer, company and story come from the payment that is given back."""
    payment = lookups.cash.payments.get(refund.payment_reference)
    if payment is None:
        raise Waits(refund.payment_reference)
    if payment.currency != refund.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{refund.currency}; the payment is in {payment.currency}"
        )
    return replace(
        refund,
        customer_reference=payment.customer_reference,
        legal_entity=payment.legal_entity.code,
        correlation_id=payment.correlation_id,
    )


def find_cause(refund: Refund, lookups: Lookups) -> Refund:
    """A refund pays back a credit memo (price given back), one that came home before, or what was paid too much (no
    revenue effect). Where a later refund, heard of first, took that, its own coming home explains it: the money went
    out and came in. What nothing explains has no place in the ledger until people give it one.
    """
    credited = sum((Decimal(share) for _, share in refund.causes), Decimal(0))
    rest = refund.amount - credited
    if rest < 0:
        raise StepError("AMOUNT_MISMATCH", field="Credit memos", value=f"{credited} of a refund over {refund.amount}")
    if rest == 0 or refund.payment_reference not in lookups.cash.payments:
        return refund
    credits = {**lookups.cash.came_back.get(refund.payment_reference, {})}
    credits[refund.payment_reference] = lookups.cash.left.get(refund.payment_reference, Decimal(0))
    if refund.reference in lookups.cash.comes_home:
        home, came = lookups.cash.comes_home[refund.reference]
        credits[home] = came
    causes = list(refund.causes)
    for credit, left in credits.items():
        share = min(left, rest)
        if share > 0:
            causes.append((credit, format(share, "f")))
            rest -= share
    if rest > 0:
        raise StepError(
            "REFUND_WITHOUT_CAUSE",
            field="Cause",
            value=refund.gateway_id,
            evidence={
                "refunded": format(refund.amount, "f"),
                "given back by credit memos": format(credited, "f"),
                "without cause": format(rest, "f"),
                "payment": refund.payment_reference,
            },
        )
    # within this batch the next one finds that much less
    for credit, share_of in causes[len(refund.causes) :]:
        if credit == refund.payment_reference:
            lookups.cash.left[credit] -= Decimal(share_of)
        elif credit in lookups.cash.came_back.get(refund.payment_reference, {}):
            lookups.cash.came_back[refund.payment_reference][credit] -= Decimal(share_of)
    return replace(refund, causes=tuple(causes))


def store(refunds: Sequence[Refund], lookups: Lookups) -> None:
    """A refund that was made again settles the case of the one that came home."""
    lookups.cash.refunds.update(records.put(refunds, RefundRecord, lookups, stamp="created_at"))
    again = [cause for refund in refunds for cause, _ in refund.causes if cause.startswith("refund_failure:")]
    if again:
        items = WorkItem.objects.filter(reference__in=again).values_list("pk", flat=True)
        blocks.clear(work_items=list(items), note="It was paid out again", reasons={"REFUND_FAILED"})


def owes(refund: Refund, lookups: Lookups) -> list[Owed]:
    """Serialised by the document whose open balance it changes."""
    customer = lookups.customers.get(refund.customer_reference)
    causes = [cause for cause, _ in refund.causes]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=refund,
            needs=(refund.customer_reference, *causes),
            serial_key=f"open:{causes[0]}",
            document_date=refund.refunded_on,
            posting_date=refund.refunded_on,
            amount=refund.amount,
            title=f"Refund {refund.gateway_id}",
            customer_name=customer.name if customer else "",
        )
    ]


def describe(refund: Refund) -> dict[str, Any]:
    return {
        "title": f"Refund {refund.gateway_id}",
        "customer_reference": refund.customer_reference,
        "amount": refund.amount,
        "currency": refund.currency,
        "effective_on": refund.refunded_on,
    }


def look_over(refunds: Sequence[Refund], lookups: Lookups) -> None:
    """What was paid back is left over no more."""
    cash_on_account.review(refund.payment_reference for refund in refunds)


REFUND_TO_ERP = Flow(
    name="refund_to_erp",
    kind=Refund.kind,
    steps=(find_payment, find_cause),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
