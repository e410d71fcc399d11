"""Schedules of what is invoiced and given back: allocated over the arrangement, straight-line by the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.canonical import CreditMemo, Invoice, InvoiceLine
from sync import clock
from sync.mappings import in_force
from sync.models import (
    ContractLineRecord,
    ContractRecord,
    LegalEntity,
    MappingRow,
    RevenueChange,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.models.revenue import Engine
from sync.pipelines.flow import Lookups
from sync.revenue import arithmetic, changes, modified, movements
from sync.revenue.movements import Document
from sync.revenue.parts import as_data, parts_of

#: treatments that are earned over the term of a line; others are earned when invoiced
RATABLE = ("ratable_over_term",)
#: billed by use: earned in the month of use, see sync.revenue.accruals
USAGE = "usage"


def engine_of(entity: LegalEntity, *, on: date) -> RevenueEngine | None:
    """The approved row in force on a day; None means the ERP, the default."""
    rows = RevenueEngine.objects.filter(entity=entity, status=MappingRow.Status.APPROVED)
    return in_force(rows, on=on)


def engine_name(entity: LegalEntity, *, on: date) -> str:
    row = engine_of(entity, on=on)
    return row.engine if row else Engine.ERP.value


def arrangement_reference(contract_reference: str) -> str:
    """All lines sold together carry it, also services that went to the ERP as a sales order."""
    return f"arrangement:{contract_reference.partition(':')[2]}"


def allocated(lines: Sequence[ContractLineRecord], currency: str) -> dict[str, Decimal]:
    """Line id -> its share of the arrangement by standalone price (the list price; the agreed one where there is none).
    What is billed by use has no amount in the arrangement: its price is its own.
    """
    fixed = [line for line in lines if line.destination != USAGE]
    if not fixed:
        return {}
    total = sum((line.amount for line in fixed), Decimal(0))
    weights = [max(line.list_amount, Decimal(0)) or abs(line.amount) for line in fixed]
    return dict(zip((line.line_id for line in fixed), arithmetic.allocate(total, weights, currency), strict=True))


def store(invoices: Sequence[Invoice], lookups: Lookups) -> list[RevenueScheduleRecord]:
    """A schedule per invoice line that is earned over time, with its movements; each once. Needs a transaction."""
    made: list[RevenueScheduleRecord] = []
    documents: dict[str, Document] = {}
    for invoice in invoices:
        contract = lookups.contracts.get(invoice.contract_reference)
        if contract is not None:
            versions = _versions(contract, lookups)
            made += [row for line in invoice.lines if (row := _schedule(invoice, line, contract, versions))]
            documents[invoice.reference] = Document(
                day=invoice.document_date, exchange_rate=invoice.exchange_rate, gives_back=False
            )
    return _add(made, documents)


def store_credits(memos: Sequence[CreditMemo], lookups: Lookups) -> list[RevenueScheduleRecord]:
    """What a memo gives back of an invoice lowers the schedules of its lines; what it gives back on account has
    schedules of its own, below zero, over the days it names. Only where the portal is the engine: what an ERP
    recognises follows its own documents. Needs a transaction.
    """
    changes.give_back(
        [
            changes.GivenBack(
                document=memo.reference,
                line_id=line.line_id,
                invoice_reference=memo.refers_to,
                invoice_line_id=line.invoice_line_id,
                on=memo.document_date,
                net=line.net,
            )
            for memo in memos
            if memo.refers_to
            for line in memo.lines
        ]
    )
    made: list[RevenueScheduleRecord] = []
    documents: dict[str, Document] = {}
    for memo in memos:
        contract = lookups.contracts.get(memo.contract_reference)
        if memo.refers_to or contract is None:
            continue
        versions = _versions(contract, lookups)
        lines = [replace(line, net=-line.net) for line in memo.lines]
        made += [row for line in lines if (row := _schedule(memo, line, contract, versions))]
        documents[memo.reference] = movements.of_memo(memo)
    return _add([row for row in made if row.engine == Engine.PORTAL], documents)


def _add(made: Sequence[RevenueScheduleRecord], documents: Mapping[str, Document]) -> list[RevenueScheduleRecord]:
    """Write those that are not there yet, as the changes of their contracts have them by now."""
    known = set(
        RevenueScheduleRecord.objects.filter(reference__in=[row.reference for row in made]).values_list(
            "reference", flat=True
        )
    )
    fresh = [row for row in made if row.reference not in known]
    ours = [row for row in fresh if row.engine == Engine.PORTAL]
    of_contracts = modified.changes_of({row.contract_reference for row in ours}) if ours else {}
    happened: list[RevenueChange] = []
    events: list[RevenueEventRecord] = []
    for row in ours:
        document, now = documents[row.invoice_reference], clock.now()
        mine = [
            RevenueChange(schedule=row, line_id="", created_at=now, **values)
            for values in modified.of_row(row, of_contracts.get(row.contract_reference, ()), documented_on=document.day)
        ]
        parts = changes.folded(row, mine) if mine else parts_of(row)
        row.parts = as_data(parts)
        happened += mine
        events += movements.first(row, parts, document=document)
    RevenueScheduleRecord.objects.bulk_create(fresh)
    RevenueChange.objects.bulk_create(happened)
    RevenueEventRecord.objects.bulk_create(events)
    return fresh


def _versions(contract: ContractRecord, lookups: Lookups) -> list[ContractRecord]:
    """Newest first: what was taken away since is still credited as what it was sold as."""
    ladder = lookups.ladders.get(contract.reference) or {contract.version: contract}
    return [version for _, version in sorted(ladder.items(), reverse=True)]


def _schedule(
    document: Invoice | CreditMemo, line: InvoiceLine, contract: ContractRecord, versions: Sequence[ContractRecord]
) -> RevenueScheduleRecord | None:
    if line.revenue_treatment not in RATABLE or not line.net:
        return None
    ladder = [list(version.lines.all()) for version in versions]
    # the newest version that sold it
    lines = next((one for one in ladder if _sold(one, line)), ladder[0])
    sold, amount = _sold(lines, line), line.net
    shares = allocated(lines, contract.currency)
    if sold is not None and sold.amount and sold.line_id in shares:
        # the billed part of a line takes the same part of the line's share
        amount = arithmetic.scaled(shares[sold.line_id], line.net, sold.amount, contract.currency)
    entity = contract.legal_entity
    return RevenueScheduleRecord(
        reference=f"revenue:{document.reference.partition(':')[2]}:{line.line_id}"[:120],
        version=1,
        correlation_id=document.correlation_id,
        legal_entity=entity,
        currency=document.currency,
        source_system=document.source_system,
        source_event=document.source_event,
        arrangement_reference=arrangement_reference(contract.reference),
        contract_reference=contract.reference,
        customer_reference=document.customer_reference,
        invoice_reference=document.reference,
        line_id=line.line_id,
        obligation=sold.crm_product if sold else line.billing_product,
        treatment=line.revenue_treatment,
        starts_on=line.service_starts_on,
        ends_on=line.service_ends_on,
        billed=line.net,
        standalone_price=(sold.list_amount or sold.amount) if sold else line.net,
        invoiced_amount=amount,
        amount=amount,
        engine=engine_name(entity, on=document.document_date),
        parts=as_data(
            arithmetic.straight_line(
                amount, document.currency, starts_on=line.service_starts_on, ends_on=line.service_ends_on
            )
        ),
        created_at=clock.now(),
    )


def _sold(lines: Iterable[ContractLineRecord], billed: InvoiceLine) -> ContractLineRecord | None:
    """The line of the contract that an invoice line bills: of several with dates of their own the one of its time."""
    same = [one for one in lines if one.billing_product == billed.billing_product]
    timely = [one for one in same if one.own_dates and one.starts_on <= billed.service_starts_on <= one.ends_on]
    return next(iter([*timely, *same]), None)
