"""Schedules of what is invoiced: allocated over the arrangement, straight-line by the day, changed only ahead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.canonical import Invoice, InvoiceLine
from sync import clock
from sync.mappings import in_force
from sync.models import (
    ContractLineRecord,
    ContractRecord,
    LegalEntity,
    MappingRow,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.models.revenue import Engine, Movement
from sync.pipelines.flow import Lookups
from sync.revenue import arithmetic
from sync.revenue.arithmetic import Part

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


@dataclass(frozen=True)
class _Sold:
    line: ContractLineRecord
    share: Decimal


def store(invoices: Sequence[Invoice], lookups: Lookups) -> list[RevenueScheduleRecord]:
    """A schedule per invoice line that is earned over time, with its movements; each once. Needs a transaction."""
    made: list[RevenueScheduleRecord] = []
    for invoice in invoices:
        contract = lookups.contracts.get(invoice.contract_reference)
        if contract is not None:
            made += [row for line in invoice.lines if (row := _schedule(invoice, line, contract))]
    known = set(
        RevenueScheduleRecord.objects.filter(reference__in=[row.reference for row in made]).values_list(
            "reference", flat=True
        )
    )
    fresh = [row for row in made if row.reference not in known]
    RevenueScheduleRecord.objects.bulk_create(fresh)
    documents = {invoice.reference: invoice.document_date for invoice in invoices}
    RevenueEventRecord.objects.bulk_create(
        event for row in fresh for event in _first_movements(row, invoiced_on=documents[row.invoice_reference])
    )
    return fresh


def _schedule(invoice: Invoice, line: InvoiceLine, contract: ContractRecord) -> RevenueScheduleRecord | None:
    if line.revenue_treatment not in RATABLE or not line.net:
        return None
    lines = list(contract.lines.all())
    sold = _sold(lines, line)
    shares = allocated(lines, contract.currency)
    amount = line.net
    if sold is not None and sold.amount and sold.line_id in shares:
        # the billed part of a line takes the same part of the line's share
        amount = arithmetic.scaled(shares[sold.line_id], line.net, sold.amount, contract.currency)
    entity = contract.legal_entity
    return RevenueScheduleRecord(
        reference=f"revenue:{invoice.reference.partition(':')[2]}:{line.line_id}"[:120],
        version=1,
        correlation_id=invoice.correlation_id,
        legal_entity=entity,
        currency=invoice.currency,
        source_system=invoice.source_system,
        source_event=invoice.source_event,
        arrangement_reference=arrangement_reference(contract.reference),
        contract_reference=contract.reference,
        customer_reference=invoice.customer_reference,
        invoice_reference=invoice.reference,
        line_id=line.line_id,
        obligation=sold.crm_product if sold else line.billing_product,
        treatment=line.revenue_treatment,
        starts_on=line.service_starts_on,
        ends_on=line.service_ends_on,
        billed=line.net,
        standalone_price=(sold.list_amount or sold.amount) if sold else line.net,
        amount=amount,
        engine=engine_name(entity, on=invoice.document_date),
        parts=as_data(
            arithmetic.straight_line(
                amount, invoice.currency, starts_on=line.service_starts_on, ends_on=line.service_ends_on
            )
        ),
        created_at=clock.now(),
    )


def _sold(lines: Sequence[ContractLineRecord], billed: InvoiceLine) -> ContractLineRecord | None:
    """The line of the contract that an invoice line bills: of several with dates of their own the one of its time."""
    same = [one for one in lines if one.billing_product == billed.billing_product]
    timely = [one for one in same if one.own_dates and one.starts_on <= billed.service_starts_on <= one.ends_on]
    return next(iter([*timely, *same]), None)


def as_data(parts: Iterable[Part]) -> list[dict[str, str]]:
    return [
        {
            "starts_on": part.starts_on.isoformat(),
            "ends_on": part.ends_on.isoformat(),
            "amount": format(part.amount, "f"),
        }
        for part in parts
    ]


def parts_of(row: RevenueScheduleRecord) -> list[Part]:
    return [
        Part(
            starts_on=date.fromisoformat(part["starts_on"]),
            ends_on=date.fromisoformat(part["ends_on"]),
            amount=Decimal(part["amount"]),
        )
        for part in row.parts
    ]


# -- movements ----------------------------------------------------------------------------------------
def movement(row: RevenueScheduleRecord, kind: str, *, dated: date, amount: Decimal, name: str) -> RevenueEventRecord:
    """One movement of a schedule, under a name that is the same however often it is worked out."""
    return RevenueEventRecord(
        reference=f"{row.reference[:90]}:{name}",
        version=1,
        correlation_id=row.correlation_id,
        legal_entity=row.legal_entity,
        currency=row.currency,
        source_system=row.source_system,
        source_event=row.source_event,
        schedule_reference=row.reference,
        arrangement_reference=row.arrangement_reference,
        movement=kind,
        dated=dated,
        amount=amount,
        created_at=clock.now(),
    )


def _first_movements(row: RevenueScheduleRecord, *, invoiced_on: date) -> list[RevenueEventRecord]:
    """Deferred on the day of the invoice; earned at the end of each month. Only where the portal is the engine."""
    if row.engine != Engine.PORTAL:
        return []
    return [
        movement(row, Movement.DEFERRAL, dated=invoiced_on, amount=row.amount, name="deferral"),
        *_recognitions(row, parts_of(row), not_before=invoiced_on),
    ]


def _recognitions(row: RevenueScheduleRecord, parts: Iterable[Part], *, not_before: date) -> list[RevenueEventRecord]:
    return [
        movement(
            row,
            Movement.RECOGNITION,
            # what was earned before its invoice is earned with it: nothing is released that was not deferred
            dated=max(part.ends_on, not_before),
            amount=part.amount,
            name=f"v{row.version}:{part.ends_on:%Y%m%d}",
        )
        for part in parts
        if part.amount
    ]


def change(row: RevenueScheduleRecord, *, on: date, by: Decimal, ends_on: date) -> RevenueScheduleRecord:
    """A prospective modification from a day: what was earned stays, the rest and the change run to the new end. Needs a
    transaction.
    """
    row = _held(row)
    new = arithmetic.changed(parts_of(row), row.currency, on=on, by=by, ends_on=ends_on)
    _replace(row, new, on=on, amount=row.amount + by, ends_on=max(ends_on, on))
    if row.engine == Engine.PORTAL and by:
        movement(row, Movement.DEFERRAL, dated=on, amount=by, name=f"v{row.version}:change").save(force_insert=True)
    return row


def end(row: RevenueScheduleRecord, *, on: date, credited: Decimal) -> RevenueScheduleRecord:
    """A cancellation from a day: the credited part is no longer deferred; only what is neither given back nor has any
    service left is earned, on that day. Needs a transaction.
    """
    row = _held(row)
    before, remainder = arithmetic.ended(parts_of(row), row.currency, on=on, credited=credited)
    last = Part(starts_on=on, ends_on=on, amount=remainder)
    _replace(row, [*before, last] if remainder else before, on=on, amount=row.amount - credited, ends_on=on, last=last)
    if row.engine == Engine.PORTAL and credited:
        movement(row, Movement.CREDIT, dated=on, amount=credited, name=f"v{row.version}:credit").save(force_insert=True)
    return row


def _held(row: RevenueScheduleRecord) -> RevenueScheduleRecord:
    return RevenueScheduleRecord.objects.select_for_update(of=("self",)).select_related("legal_entity").get(pk=row.pk)


def _replace(
    row: RevenueScheduleRecord,
    parts: Sequence[Part],
    *,
    on: date,
    amount: Decimal,
    ends_on: date,
    last: Part | None = None,
) -> None:
    """Write the next version of a schedule. Movements that were sealed stay; what they earned too much or too little
    against the new schedule is earned at the change.
    """
    row.version, row.amount, row.ends_on, row.parts = (
        row.version + 1,
        amount,
        max(ends_on, row.starts_on),
        as_data(parts),
    )
    row.save()
    if row.engine != Engine.PORTAL:
        return
    mine = RevenueEventRecord.objects.filter(schedule_reference=row.reference, movement=Movement.RECOGNITION)
    mine.filter(batch=None, withdrawn_at=None).update(withdrawn_at=clock.now())
    sealed = sum((event.amount for event in mine.filter(batch__isnull=False)), Decimal(0))
    fresh: list[RevenueEventRecord] = []
    for part in parts:
        if last is not None and part is last:
            continue
        # the earliest parts are the ones that were posted
        posted = min(sealed, part.amount) if part.amount > 0 else max(sealed, part.amount)
        posted = posted if (sealed > 0) == (part.amount > 0) else Decimal(0)
        sealed -= posted
        if part.amount != posted:
            name = f"v{row.version}:{part.ends_on:%Y%m%d}"
            fresh.append(
                movement(row, Movement.RECOGNITION, dated=part.ends_on, amount=part.amount - posted, name=name)
            )
    if sealed:
        fresh.append(movement(row, Movement.RECOGNITION, dated=on, amount=-sealed, name=f"v{row.version}:back"))
    if last is not None and last.amount:
        fresh.append(movement(row, Movement.TERMINATION, dated=on, amount=last.amount, name=f"v{row.version}:end"))
    RevenueEventRecord.objects.bulk_create(fresh)
