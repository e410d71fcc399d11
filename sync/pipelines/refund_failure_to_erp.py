"""A refund that came home -> reversed in the ERP; the customer is owed it still, so people must pay it another way."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import RefundFailure
from sync import blocks
from sync.errors import StepError, Waits
from sync.models import RefundFailureRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def find_refund(failure: RefundFailure, lookups: Lookups) -> RefundFailure:
    """Customer, company and story come from the refund; what never went out cannot come back."""
    refund = lookups.cash.refunds.get(failure.refund_reference)
    if refund is None:
        raise Waits(failure.refund_reference)
    if failure.amount != refund.amount:
        raise StepError("AMOUNT_MISMATCH", field="Amount", value=f"{failure.amount} of {refund.amount}")
    return replace(
        failure,
        customer_reference=refund.customer_reference,
        legal_entity=refund.legal_entity.code,
        correlation_id=refund.correlation_id,
    )


def store(failures: Sequence[RefundFailure], lookups: Lookups) -> None:
    records.put(failures, RefundFailureRecord, lookups, stamp="created_at")


def explains_its_refund(failure: RefundFailure, lookups: Lookups) -> bool:
    """Whether the refund that came home was paid by nothing but its own coming home: a later one was heard of first,
    and paid the customer.
    """
    refund = lookups.cash.refunds[failure.refund_reference]
    return any(cause == failure.reference for cause, _ in refund.causes)


def owes(failure: RefundFailure, lookups: Lookups) -> list[Owed]:
    customer = lookups.customers.get(failure.customer_reference)
    # a refund waits for what it pays back; the other way round both would wait for ever
    needs = () if explains_its_refund(failure, lookups) else (failure.refund_reference,)
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=failure,
            needs=(failure.customer_reference, *needs),
            document_date=failure.failed_on,
            posting_date=failure.failed_on,
            amount=failure.amount,
            title=f"Failed refund {failure.gateway_id}",
            customer_name=customer.name if customer else "",
        )
    ]


def notices(failure: RefundFailure, lookups: Lookups) -> list[StepError]:
    """The customer has not got the money: somebody must ask them how to pay it."""
    if explains_its_refund(failure, lookups):
        return []
    return [
        StepError(
            "REFUND_FAILED",
            field="Refund",
            value=failure.gateway_id,
            evidence={"failure reason": failure.failure_reason or "not given", "refund": failure.refund_reference},
        )
    ]


def describe(failure: RefundFailure) -> dict[str, Any]:
    return {
        "title": f"Failed refund {failure.gateway_id}",
        "customer_reference": failure.customer_reference,
        "amount": failure.amount,
        "currency": failure.currency,
        "effective_on": failure.failed_on,
    }


def look_over(failures: Sequence[RefundFailure], lookups: Lookups) -> None:
    """A refund that nothing explained may be the one that pays this out again: it was only heard of first."""
    payments = [lookups.cash.refunds[failure.refund_reference].payment_reference for failure in failures]
    blocks.try_again("refund_to_erp", reason="REFUND_WITHOUT_CAUSE", subject__payment_reference__in=payments)


REFUND_FAILURE_TO_ERP = Flow(
    name="refund_failure_to_erp",
    kind=RefundFailure.kind,
    steps=(find_refund,),
    store=store,
    owes=owes,
    describe=describe,
    notices=notices,
    afterwards=look_over,
)
