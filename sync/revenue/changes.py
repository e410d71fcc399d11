"""What becomes of a schedule after it was made: documents that give back, and changes of the contract as finance
decided them. Each is written down once, and the schedule is worked out anew from all of them, in whatever order they
came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from connectors import money
from sync import clock
from sync.models import RevenueChange, RevenueScheduleRecord
from sync.models.revenue import Effect, Engine
from sync.revenue import arithmetic, movements
from sync.revenue.arithmetic import Part
from sync.revenue.parts import as_data


# -- what the changes make of a schedule --------------------------------------------------------------
def folded(row: RevenueScheduleRecord, changes: Iterable[RevenueChange]) -> list[Part]:
    """The parts of a schedule after its changes: in the order of the days they count from, those of the contract before
    documents of the same day.
    """
    billed = money.amount(row.invoiced_amount, row.currency)
    parts = arithmetic.straight_line(billed, row.currency, starts_on=row.starts_on, ends_on=row.ends_on)
    # what is given back for a change that catches up is given back since that day
    since: date | None = None
    for change in sorted(changes, key=lambda one: (one.dated, one.effect == Effect.CREDIT, one.cause, one.line_id)):
        if change.effect == Effect.CREDIT:
            new = _given_back(parts, change, since=since or change.dated)
            parts = arithmetic.caught_up(parts, new, row.currency, on=change.dated) if since else new
            continue
        since = change.effective_on if change.effect == Effect.CATCH_UP else None
        new = _after(parts, change, row)
        parts = arithmetic.caught_up(parts, new, row.currency, on=change.dated) if change.catches_up else new
    return parts


def _given_back(parts: Sequence[Part], change: RevenueChange, *, since: date) -> list[Part]:
    currency = change.schedule.currency
    return arithmetic.given_back(
        parts, currency, on=min(since, change.dated), amount=-money.amount(change.amount, currency)
    )


def _after(parts: Sequence[Part], change: RevenueChange, row: RevenueScheduleRecord) -> list[Part]:
    on, currency = change.effective_on, row.currency
    match change.effect:
        case Effect.END:
            return arithmetic.over(parts, currency, on=on)
        case Effect.REST:
            return arithmetic.resting(parts, currency, on=on)
        case Effect.AHEAD:
            return arithmetic.all_from(parts, currency, on=on)
        case Effect.WAITS:
            return arithmetic.resting(parts, currency, on=row.starts_on)
        case Effect.SHORTER | Effect.RESUME:
            # from that day on, or from the first day of its own service
            return arithmetic.spread(parts, currency, on=max(on, row.starts_on), ends_on=change.ends_on)
    return list(parts)


def work_out(rows: Iterable[RevenueScheduleRecord]) -> int:
    """Bring schedules and their movements to their changes; how many are another now. Needs a transaction."""
    done = 0
    held = (
        RevenueScheduleRecord.objects.select_for_update(of=("self",))
        .select_related("legal_entity")
        .filter(pk__in=[row.pk for row in rows], engine=Engine.PORTAL)
        .order_by("pk")
    )
    for row in held:
        changes = list(row.changes.all())
        parts = folded(row, changes)
        data, amount = as_data(parts), sum((one.amount for one in changes), row.invoiced_amount)
        if (data, amount) == (row.parts, row.amount):
            continue
        row.parts, row.amount, row.version = data, amount, row.version + 1
        row.save(update_fields=["parts", "amount", "version"])
        movements.follow(row, parts, changes)
        done += 1
    return done


# -- what documents give back -------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class GivenBack:
    """A line of a document that gives back a line of an invoice. Net, in major units, above zero as on the document."""

    document: str
    line_id: str
    invoice_reference: str
    invoice_line_id: str
    on: date
    net: Decimal


def give_back(given: Sequence[GivenBack]) -> None:
    """Lower the schedules of the lines that are corrected, by each line of a document once. Needs a transaction."""
    rows = {
        (row.invoice_reference, row.line_id): row
        for row in _held().filter(invoice_reference__in={one.invoice_reference for one in given})
    }
    touched: dict[int, RevenueScheduleRecord] = {}
    for one in given:
        row = rows.get((one.invoice_reference, one.invoice_line_id))
        if (
            row is not None
            and one.net
            and _credit(row, cause=one.document, line_id=one.line_id, on=one.on, net=one.net)
        ):
            touched[row.pk] = row
    work_out(touched.values())


def take_back(document: str, *, void: str, on: date) -> None:
    """A document is voided: of an invoice nothing stays deferred; what a credit memo gave back is deferred again. Needs
    a transaction.
    """
    touched: dict[int, RevenueScheduleRecord] = {}
    for row in _held().filter(invoice_reference=document):
        left = row.billed + sum((one.net for one in row.changes.all()), Decimal(0))
        if _credit(row, cause=void, line_id="", on=on, net=left):
            touched[row.pk] = row
    credited = RevenueChange.objects.filter(cause=document, effect=Effect.CREDIT).values("schedule")
    for row in _held().filter(pk__in=credited):
        given = sum((one.net for one in row.changes.filter(cause=document)), Decimal(0))
        if _credit(row, cause=void, line_id="", on=on, net=given):
            touched[row.pk] = row
    work_out(touched.values())


def _held() -> QuerySet[RevenueScheduleRecord]:
    return RevenueScheduleRecord.objects.select_for_update(of=("self",)).filter(engine=Engine.PORTAL).order_by("pk")


def _credit(row: RevenueScheduleRecord, *, cause: str, line_id: str, on: date, net: Decimal) -> bool:
    """Write down what is given back, above zero where a line above zero is; whether that was new.

    A schedule that is a share of what was billed goes down by the same share; given back whole, nothing is left of it.
    """
    earlier = list(row.changes.all())
    if any((one.cause, one.line_id) == (cause, line_id) for one in earlier):
        return False
    all_net = net - sum((one.net for one in earlier), Decimal(0))
    share = arithmetic.scaled(row.invoiced_amount, all_net, row.billed, row.currency)
    given_before = -sum((one.amount for one in earlier), Decimal(0))
    _, made = RevenueChange.objects.get_or_create(
        schedule=row,
        cause=cause,
        line_id=line_id,
        defaults={
            "effect": Effect.CREDIT,
            "dated": on,
            "effective_on": on,
            "net": -net,
            "amount": given_before - share,
            "created_at": clock.now(),
        },
    )
    return made
