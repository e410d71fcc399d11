"""A try to collect that failed -> what sellers see of it; no other system is told, billing owns dunning."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Dunning
from sync.errors import Waits
from sync.models import DunningRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def find_document(dunning: Dunning, lookups: Lookups) -> Dunning:
    invoice = lookups.invoices.get(dunning.invoice_reference)
    if invoice is None:
        raise Waits(dunning.invoice_reference)
    return replace(
        dunning,
        customer_reference=invoice.customer_reference,
        legal_entity=invoice.legal_entity.code,
        correlation_id=invoice.correlation_id,
    )


def store(dunnings: Sequence[Dunning], lookups: Lookups) -> None:
    records.put_newest(dunnings, DunningRecord, lookups, stamp="updated_at")


def owes(_: Dunning, __: Lookups) -> list[Owed]:
    """Nothing: what it changes is what the CRM shows, and that is noted after the work."""
    return []


def describe(dunning: Dunning) -> dict[str, Any]:
    return {
        "title": "Collection",
        "customer_reference": dunning.customer_reference,
        "currency": dunning.currency,
    }


DUNNING_TO_CRM = Flow(
    name="dunning_to_crm", kind=Dunning.kind, steps=(find_document,), store=store, owes=owes, describe=describe
)
