"""Movements of schedules: deferred on the day of the document, earned by its parts, given back; in open periods only.

What was sealed in a journal, and whatever lies in a period that is not open, stays as it is; what it differs by from
the schedule is made up for on its own day, or on the first day of the next open period.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.canonical import CreditMemo
from sync import clock
from sync.calendar import open_days
from sync.models import CreditMemoRecord, InvoiceRecord, RevenueChange, RevenueEventRecord, RevenueScheduleRecord
from sync.models.revenue import Effect, Movement
from sync.revenue.arithmetic import Part

#: what releases deferred revenue into revenue
EARNING = (Movement.RECOGNITION, Movement.TERMINATION)
#: by day and movement
Amounts = dict[tuple[date, str], Decimal]


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a schedule was made of."""

    day: date
    #: functional units for one of its currency; zero where it is in the company's own money
    exchange_rate: Decimal
    #: a credit memo on account: its schedule is of what it gives back
    gives_back: bool


def document_of(row: RevenueScheduleRecord) -> Document:
    """Raises CreditMemoRecord.DoesNotExist where a schedule is of no document at all."""
    invoice = InvoiceRecord.objects.filter(reference=row.invoice_reference).first()
    if invoice is not None:
        return Document(day=invoice.document_date, exchange_rate=invoice.exchange_rate, gives_back=False)
    return of_memo(CreditMemoRecord.objects.get(reference=row.invoice_reference))


def of_memo(memo: CreditMemo | CreditMemoRecord) -> Document:
    """A memo on account gives back at the rate of what was invoiced last for its contract."""
    rate = (
        InvoiceRecord.objects.filter(
            contract_reference=memo.contract_reference, currency=memo.currency, document_date__lte=memo.document_date
        )
        .order_by("-document_date", "-pk")
        .values_list("exchange_rate", flat=True)
        .first()
    )
    return Document(day=memo.document_date, exchange_rate=rate or Decimal(0), gives_back=True)


def movement(
    row: RevenueScheduleRecord, kind: str, *, dated: date, amount: Decimal, name: str, document: Document
) -> RevenueEventRecord:
    """One movement of a schedule, under a name that is the same however often it is worked out, at the rate its
    document was posted with: what is deferred is no money, and is never revalued (IAS 21.16, ASC 830-10-45-18).
    """
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
        exchange_rate=document.exchange_rate,
        created_at=clock.now(),
    )


def first(row: RevenueScheduleRecord, parts: Sequence[Part], *, document: Document) -> list[RevenueEventRecord]:
    """What a new schedule moves: deferred on its document's day, and earned from then on. What a document on account
    gives back is no longer deferred from that day.
    """
    if document.gives_back:
        kind, amount, name = Movement.CREDIT, -row.amount, "credit"
    else:
        kind, amount, name = Movement.DEFERRAL, row.amount, "deferral"
    begins = movement(row, kind, dated=document.day, amount=amount, name=name, document=document)
    return [begins, *_of_days(row, _wanted(parts, document), document=document)]


def follow(row: RevenueScheduleRecord, parts: Sequence[Part], changes: Iterable[RevenueChange]) -> None:
    """Bring the movements of a schedule to what its parts and changes say. Needs a transaction, and the row's lock."""
    document, open_day = document_of(row), open_days(row.legal_entity)
    _give_back(row, changes, document=document, open_day=open_day)
    events = list(
        RevenueEventRecord.objects.filter(
            schedule_reference=row.reference, movement__in=EARNING, withdrawn_at=None
        ).order_by("dated", "reference")
    )
    wanted: Amounts = {}
    for (day, kind), amount in _wanted(parts, document).items():
        _add(wanted, (open_day(day), kind), amount)
    may_go: dict[tuple[date, str], RevenueEventRecord] = {}
    for event in events:
        if (
            event.batch_id is None
            and open_day(event.dated) == event.dated
            and (event.dated, event.movement) not in may_go
        ):
            may_go[event.dated, event.movement] = event
        else:
            # it stays, and only what it differs by is moved
            _add(wanted, (open_day(event.dated), event.movement), -event.amount)
    stale = [event.pk for key, event in may_go.items() if wanted.get(key, Decimal(0)) != event.amount]
    RevenueEventRecord.objects.filter(pk__in=stale).update(withdrawn_at=clock.now())
    kept = {key for key, event in may_go.items() if event.pk not in stale}
    RevenueEventRecord.objects.bulk_create(
        _of_days(row, {key: amount for key, amount in wanted.items() if key not in kept}, document=document)
    )


def _wanted(parts: Iterable[Part], document: Document) -> Amounts:
    """What is earned on each day: a month with its last day of service, an end with its own; what was earned before its
    document is earned with it, since nothing is released that was not deferred.
    """
    parts = list(parts)
    last: dict[tuple[int, int], date] = {}
    for part in (one for one in parts if not one.is_remainder):
        month = part.ends_on.year, part.ends_on.month
        last[month] = max(last.get(month, part.ends_on), part.ends_on)
    found: Amounts = {}
    for part in parts:
        if part.is_remainder:
            _add(found, (max(part.ends_on, document.day), Movement.TERMINATION), part.amount)
        else:
            day = last[part.ends_on.year, part.ends_on.month]
            _add(found, (max(day, document.day), Movement.RECOGNITION), part.amount)
    return found


def _add(amounts: Amounts, key: tuple[date, str], amount: Decimal) -> None:
    amounts[key[0], str(key[1])] = amounts.get((key[0], str(key[1])), Decimal(0)) + amount


def _of_days(
    row: RevenueScheduleRecord, amounts: Mapping[tuple[date, str], Decimal], *, document: Document
) -> list[RevenueEventRecord]:
    return [
        movement(
            row,
            kind,
            dated=day,
            amount=amount,
            name=f"v{row.version}:{day:%Y%m%d}{':end' if kind == Movement.TERMINATION else ''}",
            document=document,
        )
        for (day, kind), amount in sorted(amounts.items())
        if amount
    ]


def _give_back(
    row: RevenueScheduleRecord,
    changes: Iterable[RevenueChange],
    *,
    document: Document,
    open_day: Callable[[date], date],
) -> None:
    """What documents gave back is no longer deferred from their day; each once, whoever works it out again."""
    rows = [
        movement(
            row,
            Movement.CREDIT,
            dated=open_day(max(change.dated, document.day)),
            amount=-change.amount,
            name=f"credit:{_short(change)}",
            document=document,
        )
        for change in changes
        if change.effect == Effect.CREDIT and change.amount
    ]
    known = set(
        RevenueEventRecord.objects.filter(reference__in=[one.reference for one in rows]).values_list(
            "reference", flat=True
        )
    )
    RevenueEventRecord.objects.bulk_create(one for one in rows if one.reference not in known)


def _short(change: RevenueChange) -> str:
    return hashlib.sha256(f"{change.cause}|{change.line_id}".encode()).hexdigest()[:16]
