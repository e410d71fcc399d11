"""Payout -> what it settles is known here -> bank and fees against the clearing account, one journal per payout."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Payout
from sync.errors import StepError, Waits
from sync.models import PayoutLineRecord, PayoutRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def know_its_parts(payout: Payout, lookups: Lookups) -> Payout:
    """Each receipt, refund and dispute it settles must be booked by its own document first; the company is the one
    whose receipts these are. A payout of two companies' money is nobody's journal.
    """
    for line in payout.lines:
        if line.source_reference.startswith("payout_failure:"):
            continue
        if line.source_reference and line.source_reference not in lookups.cash.moved:
            raise Waits(line.source_reference)
    owners = {
        lookups.cash.payments[line.source_reference].legal_entity.code
        for line in payout.lines
        if line.source_reference in lookups.cash.payments
    } or lookups.cash.companies
    if len(owners) != 1:
        raise StepError(
            "WRONG_ENTITY", field="Company", value=", ".join(sorted(owners)) or "no receipt of ours is in it"
        )
    return replace(payout, legal_entity=next(iter(owners)))


def store(payouts: Sequence[Payout], lookups: Lookups) -> None:
    saved = records.put(payouts, PayoutRecord, lookups, stamp="created_at")
    PayoutLineRecord.objects.bulk_create(
        (
            PayoutLineRecord(payout=saved[payout.reference], **records.values_of(line, PayoutLineRecord))
            for payout in payouts
            for line in payout.lines
        ),
        ignore_conflicts=True,
    )
    lookups.cash.payouts.update(saved)


def owes(payout: Payout, lookups: Lookups) -> list[Owed]:
    """It does not wait for the ERP to hold its parts: the clearing account shows what is still missing."""
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=payout,
            document_date=payout.paid_on,
            posting_date=payout.paid_on,
            amount=payout.amount,
            title=f"Payout {payout.gateway_id}",
        )
    ]


def describe(payout: Payout) -> dict[str, Any]:
    return {
        "title": f"Payout {payout.gateway_id}",
        "amount": payout.amount,
        "currency": payout.currency,
        "effective_on": payout.paid_on,
    }


PAYOUT_TO_ERP = Flow(
    name="payout_to_erp", kind=Payout.kind, steps=(know_its_parts,), store=store, owes=owes, describe=describe
)
