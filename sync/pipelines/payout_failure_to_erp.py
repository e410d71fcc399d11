"""A payout the bank sent back -> reversed in the ERP: the money stands in the clearing account again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import PayoutFailure
from sync.errors import StepError, Waits
from sync.models import PayoutFailureRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def find_payout(failure: PayoutFailure, lookups: Lookups) -> PayoutFailure:
    payout = lookups.cash.payouts.get(failure.payout_reference)
    if payout is None:
        raise Waits(failure.payout_reference)
    return replace(failure, legal_entity=payout.legal_entity.code, correlation_id=payout.correlation_id)


def store(failures: Sequence[PayoutFailure], lookups: Lookups) -> None:
    records.put(failures, PayoutFailureRecord, lookups, stamp="created_at")


def owes(failure: PayoutFailure, lookups: Lookups) -> list[Owed]:
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=failure,
            needs=(failure.payout_reference,),
            document_date=failure.failed_on,
            posting_date=failure.failed_on,
            amount=failure.amount,
            title=f"Failed payout {failure.gateway_id}",
        )
    ]


def notices(failure: PayoutFailure, lookups: Lookups) -> list[StepError]:
    """The money is not at the bank: somebody must mend the bank account at the gateway."""
    return [
        StepError(
            "PAYOUT_FAILED",
            field="Payout",
            value=failure.gateway_id,
            evidence={"failure reason": failure.failure_reason or "not given"},
        )
    ]


def describe(failure: PayoutFailure) -> dict[str, Any]:
    return {
        "title": f"Failed payout {failure.gateway_id}",
        "amount": failure.amount,
        "currency": failure.currency,
        "effective_on": failure.failed_on,
    }


PAYOUT_FAILURE_TO_ERP = Flow(
    name="payout_failure_to_erp",
    kind=PayoutFailure.kind,
    steps=(find_payout,),
    store=store,
    owes=owes,
    describe=describe,
    notices=notices,
)
