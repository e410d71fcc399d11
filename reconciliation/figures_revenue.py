"""Every number of the revenue pages: a company's deferred revenue by month, the journals behind each figure, and their
members. Amounts are what a movement does to deferred revenue, per currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection as database
from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reconciliation.habits.languages import money, spoken
from sync import clock
from sync.models import (
    CreditMemoRecord,
    CustomerRecord,
    Delivery,
    InvoiceRecord,
    JournalBatchRecord,
    LegalEntity,
    RevenueEventRecord,
    RevenueScheduleRecord,
    UsagePlanRecord,
)
from sync.models.revenue import Engine, Movement
from sync.revenue import roll_forward
from sync.revenue.schedules import engine_name
from sync.states import Condition

#: months on one page, of which the last ones lie ahead
MONTHS, AHEAD = 12, 3
#: journals on one page, and members
PAGE = 100

#: figure -> heading
FIGURES = {
    "opening": pgettext_lazy("balance", "Opening"),
    "billed": gettext_lazy("Billed"),
    "recognised": gettext_lazy("Recognised"),
    "changed": gettext_lazy("Changed"),
    "closing": pgettext_lazy("balance", "Closing"),
}

_BY_MONTH = """
SELECT currency, date_trunc('month', dated)::date AS month,
    sum(amount) FILTER (WHERE movement = 'deferral' AND reference LIKE '%%:deferral') AS billed,
    sum(amount) FILTER (WHERE movement IN ('recognition', 'termination')) AS recognised,
    sum(CASE WHEN movement = 'credit' THEN -amount WHEN reference LIKE '%%:deferral' THEN 0 ELSE amount END)
        FILTER (WHERE movement IN ('deferral', 'credit')) AS changed,
    count(*) FILTER (WHERE batch_id IS NULL) AS open
FROM sync_revenueeventrecord
WHERE legal_entity_id = %s AND withdrawn_at IS NULL AND movement = ANY(%s)
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month of deferred revenue in one currency: opening + billed - recognised + changed = closing."""

    first: date
    opening: Decimal
    billed: Decimal
    recognised: Decimal
    changed: Decimal
    closing: Decimal
    currency: str
    #: of the company's business date, or after it: movements that are planned
    lies_ahead: bool
    #: movements that are in no journal yet
    open: int
    #: whether there is any movement
    moves: bool

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Name, heading and amount of each figure."""
        return [(name, str(head), money(getattr(self, name), self.currency)) for name, head in FIGURES.items()]


@dataclass(frozen=True, kw_only=True)
class Roll:
    """A currency's months."""

    currency: str
    months: tuple[Month, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A company's revenue as its page shows it."""

    entity: LegalEntity
    #: who recognises its revenue today, in words
    engine: str
    is_ours: bool
    schedules: int
    rolls: tuple[Roll, ...]
    first: date
    last: date
    today: date


def board(entity: LegalEntity, *, until: date | None = None) -> Board:
    """Twelve months, by default up to three after the business date's."""
    today = clock.business_date(entity)
    last = (until or _shift(today, AHEAD)).replace(day=1)
    first = _shift(last, 1 - MONTHS)
    name = engine_name(entity, on=today)
    return Board(
        entity=entity,
        engine=spoken(Engine(name).label),
        is_ours=name == Engine.PORTAL,
        schedules=RevenueScheduleRecord.objects.filter(legal_entity=entity).count(),
        rolls=tuple(_rolls(entity, first=first, last=last, today=today)),
        first=first,
        last=last,
        today=today,
    )


def _rolls(entity: LegalEntity, *, first: date, last: date, today: date) -> list[Roll]:
    with database.cursor() as cursor:
        cursor.execute(_BY_MONTH, [entity.pk, [str(one) for one in roll_forward.EFFECT]])
        rows = cursor.fetchall()
    found = []
    zero = Decimal(0)
    for currency in sorted({row[0] for row in rows}):
        by_month = {row[1]: row[2:] for row in rows if row[0] == currency}
        opening = zero
        for month in (one for one in by_month if one < first):
            billed, recognised, changed, _open = by_month[month]
            opening += (billed or zero) - (recognised or zero) + (changed or zero)
        months, month = [], first
        while month <= last:
            billed, recognised, changed, open_ = by_month.get(month, (None, None, None, 0))
            closing = opening + (billed or zero) - (recognised or zero) + (changed or zero)
            months.append(
                Month(
                    first=month,
                    opening=opening,
                    billed=billed or zero,
                    recognised=recognised or zero,
                    changed=changed or zero,
                    closing=closing,
                    currency=currency,
                    lies_ahead=month >= today.replace(day=1),
                    open=open_,
                    moves=month in by_month,
                )
            )
            opening, month = closing, _shift(month, 1)
        found.append(Roll(currency=currency, months=tuple(months)))
    return found


def _shift(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    whole = day.year * 12 + day.month - 1 + months
    return date(whole // 12, whole % 12 + 1, 1)


# -- a figure and its journals ------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class JournalPart:
    """What one journal adds to a figure; without a journal, what is not in one yet."""

    reference: str
    posting_date: date | None
    words: str
    members: int
    amount: str
    #: where it stands in the ERP, and its tone
    state: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a month, opened."""

    name: str
    month: date
    currency: str
    amount: str
    parts: tuple[JournalPart, ...]
    pages: int


def figure(entity: LegalEntity, *, currency: str, month: date, name: str, page: int = 1) -> Figure:
    """The journals behind a figure, newest first, and the movements that are in none. Raises KeyError for no figure."""
    events = _events(entity, currency=currency, month=month.replace(day=1), name=name)
    sign = _sign(name)
    total = events.aggregate(sum=Sum(sign))["sum"] or Decimal(0)
    groups = (
        events.values("batch", "batch__reference", "batch__posting_date", "batch__movement")
        .annotate(n=Count("pk"), sum=Sum(sign))
        .order_by(F("batch__posting_date").desc(nulls_first=True), "batch")
    )
    count = groups.count()
    shown = list(groups[(page - 1) * PAGE : page * PAGE])
    states = _states([row["batch__reference"] for row in shown if row["batch"]])
    return Figure(
        name=str(FIGURES[name]),
        month=month.replace(day=1),
        currency=currency,
        amount=money(total, currency),
        parts=tuple(_part(row, currency, states) for row in shown),
        pages=-(-count // PAGE),
    )


def _events(entity: LegalEntity, *, currency: str, month: date, name: str) -> QuerySet[RevenueEventRecord]:
    rows = RevenueEventRecord.objects.filter(
        legal_entity=entity, currency=currency, withdrawn_at=None, movement__in=roll_forward.EFFECT
    ).order_by()
    after = _shift(month, 1)
    first_billed = Q(movement=Movement.DEFERRAL, reference__endswith=":deferral")
    within = Q(dated__gte=month, dated__lt=after)
    which = {
        "opening": Q(dated__lt=month),
        "billed": within & first_billed,
        "recognised": within & Q(movement__in=(Movement.RECOGNITION, Movement.TERMINATION)),
        "changed": within & Q(movement__in=(Movement.DEFERRAL, Movement.CREDIT)) & ~first_billed,
        "closing": Q(dated__lt=after),
    }
    return rows.filter(which[name])


def _sign(name: str) -> Case:
    """What a movement adds to a figure: recognised is shown as what was earned, the others as what is deferred."""
    turn = -1 if name == "recognised" else 1
    return Case(
        *(
            When(movement=movement, then=F("amount") * effect * turn)
            for movement, effect in roll_forward.EFFECT.items()
        ),
        output_field=DecimalField(max_digits=20, decimal_places=4),
    )


def _states(references: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Where each journal stands in the ERP."""
    rows = Delivery.objects.filter(reference__in=references, role="erp").order_by("pk")
    return {reference: _state(condition) for reference, condition in rows.values_list("reference", "condition")}


def _state(condition: str) -> tuple[str, str]:
    if condition == Condition.SETTLED:
        return _("Posted"), "good"
    if condition == Condition.BLOCKED:
        return _("Stopped, with a case"), "bad"
    return _("On its way"), "warn"


def _part(row: dict[str, object], currency: str, states: dict[str, tuple[str, str]]) -> JournalPart:
    reference = str(row["batch__reference"] or "")
    amount = row["sum"]
    assert isinstance(amount, Decimal)
    if not reference:
        state, tone = _("In no journal yet"), "idle"
    else:
        # a journal whose movements cancel out moves nothing, and is not sent
        state, tone = states.get(reference, (_("Nothing to post"), "idle"))
    posting_date = row["batch__posting_date"]
    return JournalPart(
        reference=reference,
        posting_date=posting_date if isinstance(posting_date, date) else None,
        words=_(str(Movement(str(row["batch__movement"])).label))
        if reference
        else _("Movements whose day has not ended"),
        members=int(str(row["n"])),
        amount=money(amount, currency),
        state=state,
        tone=tone,
    )


# -- a journal and its members ------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Member:
    """One movement in a journal, and what it belongs to."""

    reference: str
    dated: date
    amount: str
    customer: str
    what: str
    invoice: str
    correlation_id: str


@dataclass(frozen=True, kw_only=True)
class Journal:
    """A journal with its sides, its members and where it stands."""

    row: JournalBatchRecord
    lines: tuple[tuple[str, str, str, str], ...]
    state: str
    tone: str
    external_id: str
    sum: str
    members: tuple[Member, ...]
    pages: int


def journal(reference: str, *, page: int = 1) -> Journal | None:
    """A journal by its reference, opened down to its members; None where there is no such journal."""
    row = JournalBatchRecord.objects.filter(reference=reference).select_related("legal_entity").first()
    if row is None:
        return None
    events = row.events.order_by("dated", "reference")
    delivery = Delivery.objects.filter(reference=reference, role="erp").order_by("-pk").first()
    state, tone = _state(delivery.condition) if delivery else (_("Nothing to post"), "idle")
    total = events.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return Journal(
        row=row,
        lines=tuple(
            (
                line["account"],
                money(Decimal(line["debit"]), row.currency) if Decimal(line["debit"]) else "",
                money(Decimal(line["credit"]), row.currency) if Decimal(line["credit"]) else "",
                line["memo"],
            )
            for line in row.lines
        ),
        state=state,
        tone=tone,
        external_id=delivery.external_id if delivery else "",
        sum=money(total, row.currency),
        members=_members(list(events[(page - 1) * PAGE : page * PAGE])),
        pages=-(-events.count() // PAGE),
    )


def _members(events: Sequence[RevenueEventRecord]) -> tuple[Member, ...]:
    named = {event.schedule_reference for event in events}
    schedules = {row.reference: row for row in RevenueScheduleRecord.objects.filter(reference__in=named)}
    plans = {row.reference: row for row in UsagePlanRecord.objects.filter(reference__in=named)}
    documents = {row.invoice_reference for row in schedules.values()}
    # what is given back on account has schedules of its own
    numbers = {
        reference: number
        for model in (InvoiceRecord, CreditMemoRecord)
        for reference, number in model.objects.filter(reference__in=documents).values_list("reference", "number")
    }
    people = {row.customer_reference for row in (*schedules.values(), *plans.values())}
    names = dict(CustomerRecord.objects.filter(reference__in=people).values_list("reference", "name"))
    found = []
    for event in events:
        schedule, plan = schedules.get(event.schedule_reference), plans.get(event.schedule_reference)
        customer = schedule.customer_reference if schedule else plan.customer_reference if plan else ""
        found.append(
            Member(
                reference=event.reference,
                dated=event.dated,
                amount=money(event.amount, event.currency),
                customer=names.get(customer, ""),
                what=schedule.obligation if schedule else plan.meter if plan else "",
                invoice=numbers.get(schedule.invoice_reference, "") if schedule else "",
                correlation_id=event.correlation_id,
            )
        )
    return tuple(found)


def months_around(board_: Board) -> tuple[date, date]:
    """The last months of the page before and of the page after."""
    return _shift(board_.last, -MONTHS), _shift(board_.last, MONTHS)
