"""Invoice given up -> a proposal finance decides on -> an expense in the ERP, applied to the invoice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import WriteOff
from sync.models import WriteOffRecord
from sync.pipelines import correcting, records
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.small_differences import SMALL


def find_document(write_off: WriteOff, lookups: Lookups) -> WriteOff:
    """Customer, company and story come from the invoice that was given up."""
    return correcting.take_over(write_off, correcting.invoice_of(write_off.invoice_reference, lookups))


def ask_finance(write_off: WriteOff, lookups: Lookups) -> WriteOff:
    """That billing stopped collecting is a proposal, and two people decide; but for a small difference within the
    company's caps, which has an account of its own.
    """
    invoice = lookups.invoices.get(write_off.invoice_reference)
    if invoice is None or not write_off.legal_entity:
        return write_off  # an earlier step has said why
    entity = lookups.entities[write_off.legal_entity]
    policy = lookups.tables.document_policy(entity, on=write_off.written_off_on)
    differences = lookups.small_differences
    treatment = differences.treatment(write_off, invoice=invoice, entity=entity, policy=policy)
    objection = differences.claim(write_off, policy=policy) if treatment == SMALL else "proposed by billing"
    return replace(write_off, treatment=treatment, objection=objection)


def store(write_offs: Sequence[WriteOff], lookups: Lookups) -> None:
    records.put(write_offs, WriteOffRecord, lookups, stamp="created_at")


def owes(write_off: WriteOff, lookups: Lookups) -> list[Owed]:
    customer = lookups.customers[write_off.customer_reference]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=write_off,
            needs=(write_off.customer_reference, write_off.invoice_reference),
            serial_key=f"open:{write_off.invoice_reference}",
            document_date=write_off.written_off_on,
            posting_date=write_off.posting_date,
            amount=write_off.amount,
            title=f"Write-off of invoice {write_off.number}",
            customer_name=customer.name,
            asks="WRITE_OFF_PROPOSED" if write_off.objection else "",
            asks_because=write_off.objection,
        )
    ]


def describe(write_off: WriteOff) -> dict[str, Any]:
    return {
        "title": f"Write-off of invoice {write_off.number}",
        "customer_reference": write_off.customer_reference,
        "amount": write_off.amount,
        "currency": write_off.currency,
        "effective_on": write_off.written_off_on,
    }


WRITE_OFF_TO_ERP = Flow(
    name="write_off_to_erp",
    kind=WriteOff.kind,
    steps=(find_document, ask_finance),
    store=store,
    owes=owes,
    describe=describe,
)
