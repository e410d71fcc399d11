"""What the steps of a batch may ask for, read in a handful of queries whatever the batch's size."""

from collections.abc import Iterable
from datetime import date

from django.conf import settings

from connectors.canonical import (
    Canonical,
    Conversion,
    Customer,
    DocumentVoid,
    Invoice,
    Payment,
    SubscriptionContract,
    WriteOff,
)
from sync import open_items
from sync.mappings import Tables
from sync.models import (
    AccountingPeriod,
    ClearanceRecord,
    ContractRecord,
    CreditMemoRecord,
    CustomerRecord,
    InvoiceRecord,
    LegalEntity,
    UsagePlanRecord,
)
from sync.pipelines import cash
from sync.pipelines.flow import Lookups
from sync.rates import RateTable
from sync.selling import TALLEST, SellingRules
from sync.small_differences import SmallDifferences
from sync.taxes import TaxRules
from sync.usage import plans as usage_plans


def look_up(subjects: Iterable[Canonical], *, tables: Tables | None = None) -> Lookups:
    """Everything the steps of these subjects may ask for, in a handful of queries."""
    subjects = list(subjects)
    receipts = cash.look_up(subjects)
    tables = tables or Tables()
    invoices = {
        row.reference: row
        for row in InvoiceRecord.objects.select_related("legal_entity")
        .prefetch_related("lines")
        .filter(reference__in=_named(subjects, "pays_reference", "invoice_reference", "refers_to"))
    }
    voids = [subject for subject in subjects if isinstance(subject, DocumentVoid)]
    ladders = _ladders_for(subjects)
    contracts = {reference: max(ladder.items())[1] for reference, ladder in ladders.items()}
    wanted = _named(subjects, "customer_reference", "ship_to_reference", "payer_reference", "parent_reference")
    wanted |= {line.ship_to_reference for one in subjects for line in getattr(one, "lines", ()) if _ships(line)}
    wanted |= {row.customer_reference for row in invoices.values()} | {
        row.customer_reference for row in contracts.values()
    }
    sold = any(isinstance(subject, SubscriptionContract) for subject in subjects)
    wanted |= {row.customer_reference for rows in (receipts.payments, receipts.refunds) for row in rows.values()}
    return Lookups(
        tables=tables,
        selling=SellingRules(tables.entities),
        taxes=_taxes_for(subjects),
        rates=_rates_for(subjects),
        entities={row.code: row for row in LegalEntity.objects.all()},
        customers=_with_parents(wanted),
        contracts=contracts,
        split=_splits_of(_named(subjects, "master_reference")),
        sold_by=_gathered(
            "customer_reference",
            {one.reference for one in subjects if isinstance(one, Customer)},
            "legal_entity__code",
        ),
        invoices=invoices,
        commitment=frozenset(getattr(settings, "Q2C_COMMITMENT", ())),
        credit_memos={
            row.reference: row
            for row in CreditMemoRecord.objects.prefetch_related("lines").filter(reference__in=_named(voids, "voids"))
        },
        open_items=open_items.of_invoices(_named(voids, "invoice_reference")),
        periods=list(AccountingPeriod.objects.filter(module="ar")) if voids else [],
        clearances={
            row.reference: row
            for row in ClearanceRecord.objects.filter(
                invoice_reference__in=[subject.reference for subject in subjects if isinstance(subject, Invoice)]
            )
        },
        small_differences=SmallDifferences(subject for subject in subjects if isinstance(subject, WriteOff)),
        meters=usage_plans.approved_meters() if sold else [],
        usage_plans=list(UsagePlanRecord.objects.filter(customer_reference__in=wanted)) if sold else [],
        cash=receipts,
        ladders=ladders,
    )


def _ladders_for(subjects: Iterable[Canonical]) -> dict[str, dict[int, ContractRecord]]:
    """All versions of the contracts these subjects change, continue or belong to."""
    named = _named(subjects, "contract_reference", "continues_reference")
    named |= {one.reference for one in subjects if isinstance(one, SubscriptionContract) and one.version > 1}
    ladders: dict[str, dict[int, ContractRecord]] = {}
    for row in (
        ContractRecord.objects.select_related("legal_entity").prefetch_related("lines").filter(reference__in=named)
    ):
        ladders.setdefault(row.reference, {})[row.version] = row
    return ladders


def _gathered(field: str, of: set[str], what: str) -> dict[str, set[str]]:
    """One column of the contracts we keep, by another."""
    found: dict[str, set[str]] = {}
    for key, value in ContractRecord.objects.filter(**{f"{field}__in": of}).values_list(field, what):
        found.setdefault(key, set()).add(value)
    return found


def _splits_of(deals: set[str]) -> dict[str, set[str]]:
    """By deal of which something was carried: its contracts, also those that still wait for something. What was
    carried first keeps the names of all it was signed with.
    """
    found: dict[str, set[str]] = {}
    rows = ContractRecord.objects.filter(master_reference__in=deals, modification_kind="new")
    for deal, reference, parts in rows.values_list("master_reference", "reference", "parts"):
        found.setdefault(deal, set()).update({reference, *parts})
    return found


def _taxes_for(subjects: Iterable[Canonical]) -> TaxRules:
    """The rows that say how contracts are taxed, and what the ERP calls that; nothing else asks for them."""
    asks = any(isinstance(one, SubscriptionContract | Invoice) for one in subjects)
    return TaxRules.read() if asks else TaxRules()


def _rates_for(subjects: Iterable[Canonical]) -> RateTable:
    """The rates that documents posted to a ledger may need, by their dates."""
    posted = [one for one in subjects if isinstance(one, Invoice | Payment | Conversion)]
    days = [_rated_on(one) for one in posted]
    if not posted:
        return RateTable([])
    return RateTable.read({one.currency for one in posted}, since=min(days), until=max(days))


def _rated_on(subject: Invoice | Payment | Conversion) -> date:
    if isinstance(subject, Invoice):
        return subject.document_date
    return subject.received_on if isinstance(subject, Payment) else subject.moved_on


def _ships(line: object) -> bool:
    return bool(getattr(line, "ship_to_reference", ""))


def _with_parents(wanted: set[str]) -> dict[str, CustomerRecord]:
    """These customers and everybody above them."""
    found: dict[str, CustomerRecord] = {}
    for _ in range(TALLEST):
        if not wanted:
            break
        rows = CustomerRecord.objects.select_related("legal_entity").filter(reference__in=wanted)
        found |= {row.reference: row for row in rows}
        wanted = {row.parent_reference for row in rows if row.parent_reference} - set(found)
    return found


def _named(subjects: Iterable[Canonical], *fields: str) -> set[str]:
    return {value for subject in subjects for name in fields if (value := getattr(subject, name, ""))}
