"""The end of a dispute -> its case closes; where it is lost, finance decides what becomes of the receivable."""

from collections.abc import Sequence
from typing import Any

from connectors.canonical import DisputeOutcome
from sync.errors import StepError, Waits
from sync.models import DisputeOutcomeRecord
from sync.pipelines import disputes, records
from sync.pipelines.flow import Flow, Lookups, Owed

WORDS = {"won": "Won: the money comes back", "lost": "Lost", "closed": "Closed without a judgement"}


def be_opened_first(outcome: DisputeOutcome, lookups: Lookups) -> DisputeOutcome:
    if outcome.dispute_reference not in lookups.cash.disputes:
        raise Waits(outcome.dispute_reference)
    return outcome


def store(outcomes: Sequence[DisputeOutcome], lookups: Lookups) -> None:
    records.put(outcomes, DisputeOutcomeRecord, lookups, stamp="created_at")
    for outcome in outcomes:
        disputes.settle([outcome.dispute_reference], reasons={"DISPUTE_OPEN"}, note=WORDS[outcome.outcome])


def owes(outcome: DisputeOutcome, lookups: Lookups) -> list[Owed]:
    """Nothing: a win is booked as its money comes back, a loss once finance has decided."""
    return []


def notices(outcome: DisputeOutcome, lookups: Lookups) -> list[StepError]:
    if outcome.outcome != "lost":
        return []
    return [
        StepError(
            "DISPUTE_LOST",
            field="Dispute",
            value=outcome.gateway_id,
            evidence={"payment": outcome.payment_reference, "dispute": outcome.dispute_reference},
        )
    ]


def describe(outcome: DisputeOutcome) -> dict[str, Any]:
    return {
        "title": f"Dispute {outcome.gateway_id}",
        "customer_reference": outcome.customer_reference,
        "amount": outcome.amount,
        "currency": outcome.currency,
    }


DISPUTE_CLOSED = Flow(
    name="dispute_closed",
    kind=DisputeOutcome.kind,
    steps=(disputes.find_payment, be_opened_first),
    store=store,
    owes=owes,
    describe=describe,
    notices=notices,
)
