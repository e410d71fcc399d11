"""What the tax authority said of an electronic invoice -> noted, and the invoice that waited for it goes on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Clearance
from sync.errors import StepError, Waits
from sync.models import ClearanceRecord, InvoiceRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups

CLEARED = "cleared"


def find_contract(clearance: Clearance, lookups: Lookups) -> Clearance:
    """Company and story come from the contract: the invoice itself may be waiting for this."""
    contract = lookups.contracts.get(clearance.contract_reference)
    if contract is None:
        raise Waits(clearance.contract_reference)
    return replace(
        clearance,
        legal_entity=contract.legal_entity.code,
        correlation_id=contract.correlation_id,
        currency=contract.currency,
    )


def be_accepted(clearance: Clearance, _: Lookups) -> Clearance:
    """What was rejected is for finance; the invoice stays where it is."""
    if clearance.status == "rejected":
        raise StepError("EINVOICE_REJECTED", field="E-invoice", value=clearance.words or clearance.number)
    return clearance


def store(clearances: Sequence[Clearance], lookups: Lookups) -> None:
    saved = records.put_newest(clearances, ClearanceRecord, lookups, stamp="updated_at")
    for row in saved.values():
        InvoiceRecord.objects.filter(reference=row.invoice_reference).update(
            e_invoice_status=row.status, legal_number=row.legal_number
        )
    lookups.clearances.update(saved)


def describe(clearance: Clearance) -> dict[str, Any]:
    return {"title": f"E-invoice {clearance.number}"}


CLEARANCE = Flow(
    name="clearance",
    kind=Clearance.kind,
    steps=(find_contract, be_accepted),
    store=store,
    owes=lambda *_: [],
    describe=describe,
)
