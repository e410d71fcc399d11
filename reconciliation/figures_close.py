"""Every number of the close pages: where each company's periods stand, what holds their close up, and its rows.

A document belongs to the period its posting is dated in. Amounts are sizes without their signs, and stand per currency.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Max, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Abs, Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation import figures, figures_controls, figures_sign_offs, sentences
from reconciliation.controls.control import Control
from reconciliation.controls.registry import controls_of
from reconciliation.figures_spans import days_in_words
from reconciliation.habits import titles
from reconciliation.habits.languages import money, spoken
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import calendar, clock, late, owing
from sync.mappings import in_force
from sync.models import AccountingPeriod, Delivery, DocumentPolicy, EntityRoute, LatePosting, LegalEntity, PostingWindow
from sync.states import UNFINISHED, Condition

#: what the lists show: documents, cases, controls, late documents
LISTS = tuple("documents held blocked moving to_go later cases undated not_run not_green late".split())
#: a list of documents -> conditions of its rows
CONDITIONS = {
    "held": (Condition.HELD,),
    "blocked": (Condition.BLOCKED,),
    "moving": (Condition.CLAIMED, Condition.IN_DOUBT),
    "to_go": (Condition.DUE, Condition.WAITING),
}
_LIST_OF = {condition: name for name, conditions in CONDITIONS.items() for condition in conditions}
#: a deal's change that billing gets on its day: no posting, and nothing is wrong with it
LATER = Q(condition=Condition.HELD, held_because=owing.EFFECTIVE_LATER)
_HELD = {
    calendar.WINDOW_SHUT: gettext_lazy("Its daily posting window is shut"),
    owing.EFFECTIVE_LATER: gettext_lazy("It takes effect later"),
}


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days of one period of a company: as its ERP has them, or a calendar month where none is mirrored."""

    entity: LegalEntity
    #: the company's business date
    today: date
    first: date
    last: date
    row: AccountingPeriod | None = None

    @property
    def name(self) -> str:
        return days_in_words(self.first, self.last)

    @property
    def link(self) -> str:
        return reverse("desk:close_list", args=[self.entity.code, self.first])

    @property
    def is_closed(self) -> bool:
        return self.row is not None and self.row.state == AccountingPeriod.State.CLOSED

    @property
    def through(self) -> date:
        """The last day of it that is over."""
        return min(self.last, self.today - timedelta(days=1))


@dataclass(frozen=True, kw_only=True)
class Group:
    """Documents of one period that stand still for one reason."""

    what: str
    because: str
    words: str
    count: int
    money: list[str]
    #: when they are released, where that is known
    released: str


@dataclass(kw_only=True)
class Closing:
    """One period of a company on its way to being closed."""

    span: Span
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LISTS, 0))
    groups: list[Group] = field(default_factory=list)
    #: list of cases -> one text per currency
    money: dict[str, list[str]] = field(default_factory=lambda: {"cases": [], "undated": []})
    #: control, a day it did not run for, why
    not_run: list[tuple[Control, date, str]] = field(default_factory=list)
    not_green: list[tuple[Control, ControlRun]] = field(default_factory=list)
    late: list[LatePosting] = field(default_factory=list)
    #: key controls asked of the company, and how many of them are signed for these days
    keys: int = 0
    signed: int = 0
    #: a list nobody can count -> why
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def is_past(self) -> bool:
        """A period before this one that is closed and has nothing left."""
        left = any(self.counts[name] for name in ("documents", "cases", "not_run", "late"))
        return self.span.is_closed and self.span.last < self.span.today and not left


@dataclass(frozen=True, kw_only=True)
class Company:
    """One company: its periods, what holds them up, its windows, and what holds for late documents."""

    entity: LegalEntity
    today: date
    #: before, now or next; the period; its postings under way or in doubt
    periods: list[tuple[str, Span, int]]
    closings: list[Closing]
    #: a window, and when it opens; None while it is open or has no hours
    windows: list[tuple[PostingWindow, datetime | None]]
    policy: DocumentPolicy
    #: documents dated before these periods, and the period of the oldest
    earlier: tuple[int, Span] | None


def companies(entities: Sequence[LegalEntity]) -> list[Company]:
    """Everything on the page. Only which controls a company has, and which late documents finance must judge, is asked
    one by one; all else is read for all companies at once.
    """
    routes = list(EntityRoute.objects.filter(entity__in=entities))
    around = _around(entities, routes)
    closings = look([span for _lines, spans in around.values() for span in spans], routes)
    moving = Delivery.objects.filter(condition__in=CONDITIONS["moving"], posting_date__isnull=False)
    under_way = list(moving.values_list("entity", "target", "posting_date"))
    windows = list(PostingWindow.objects.filter(entity__in=entities).select_related("entity"))
    policies = list(DocumentPolicy.objects.filter(entity__in=entities, status=DocumentPolicy.Status.APPROVED))
    before = documents().filter(~LATER, _any(Q(entity=pk, dated__lt=around[pk][1][0].first) for pk in around))
    sums = before.values("entity").annotate(n=Count("pk"), day=Min("dated")).order_by()
    oldest = {row["entity"]: row for row in sums}
    found = []
    for one in entities:
        lines, spans = around[one.pk]
        today = clock.business_date(one)
        mine = [row for row in policies if row.entity_id == one.pk]
        found.append(
            Company(
                entity=one,
                today=today,
                periods=[(place, span, _claimed(span, under_way)) for place, span in lines],
                closings=[row for row in closings if row.span in spans and not row.is_past],
                windows=[(row, calendar.opens_next(row, one)) for row in windows if row.entity_id == one.pk],
                policy=in_force(mine, on=today) or DocumentPolicy(entity=one),
                earlier=(row["n"], span_of(one, row["day"], ())) if (row := oldest.get(one.pk)) else None,
            )
        )
    return found


def _claimed(span: Span, under_way: Iterable[tuple[Any, Any, Any]]) -> int:
    """What the second step of closing a period from here waits for (sync/closing.py)."""
    ledger = (span.row.entity_id, span.row.connection_id) if span.row else None
    return sum((entity, target) == ledger and span.first <= day <= span.last for entity, target, day in under_way)


def _any(conditions: Iterable[Q]) -> Q:
    """Rows that meet one of these; no row where there are none."""
    return reduce(or_, conditions, Q(pk__in=[]))


# -- periods ------------------------------------------------------------------------------------------
def month_of(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def span_of(entity: LegalEntity, day: date, rows: Iterable[AccountingPeriod]) -> Span:
    """The period a day lies in; where none of these holds it, its calendar month."""
    row = next((one for one in rows if one.starts_on <= day <= one.ends_on), None)
    first, last = (row.starts_on, row.ends_on) if row else month_of(day)
    return Span(entity=entity, today=clock.business_date(entity), first=first, last=last, row=row)


def _around(
    entities: Sequence[LegalEntity], routes: Iterable[EntityRoute]
) -> dict[int, tuple[list[tuple[str, Span]], list[Span]]]:
    """Per company: the periods before, at and after its business date, by module and ERP; and those whose close is
    looked at, which are the ones of the ledger that gets its receivables now.
    """
    days = {one.pk: clock.business_date(one) for one in entities}
    some = timedelta(days=70)
    near = _any(Q(entity=pk, ends_on__gte=day - some, starts_on__lte=day + some) for pk, day in days.items())
    rows = list(AccountingPeriod.objects.filter(near).select_related("connection"))
    found = {}
    for one in entities:
        today, lines, looked_at = days[one.pk], [], []
        mine = [row for row in rows if row.entity_id == one.pk]
        for ledger in ledgers_of(one, mine, routes):
            spans = [span_of(one, row.starts_on, ledger) for row in ledger]
            now = [(_("Before"), span) for span in spans if span.last < today][-1:]
            now += [(_("Now"), span) for span in spans if span.first <= today <= span.last]
            lines += now + [(_("Next"), span) for span in spans if span.first > today][:1]
            looked_at = looked_at or [span for _place, span in now]
        if not any(span.last >= today for span in looked_at):
            looked_at.append(span_of(one, today, ()))
        found[one.pk] = (lines, looked_at)
    return found


def ledgers_of(
    entity: LegalEntity, rows: Iterable[AccountingPeriod], routes: Iterable[EntityRoute]
) -> list[list[AccountingPeriod]]:
    """Periods by module and ERP, the receivables of the ERP that gets the company's documents today first."""
    mine = [route for route in routes if route.entity_id == entity.pk and route.role == "erp" and not route.is_shadow]
    erp = in_force(mine, on=clock.business_date(entity))
    ledgers: dict[tuple[bool, bool, str, int], list[AccountingPeriod]] = {}
    for row in rows:
        key = (row.module != "ar", not erp or row.connection_id != erp.connection_id, row.module, row.connection_id)
        ledgers.setdefault(key, []).append(row)
    return [ledgers[key] for key in sorted(ledgers)]


# -- what holds a close up ----------------------------------------------------------------------------
def look(spans: Sequence[Span], routes: Iterable[EntityRoute]) -> list[Closing]:
    """These periods with all that holds their close up."""
    if not spans:
        return []
    closings = [Closing(span=span) for span in spans]
    _count_documents(closings)
    _count_cases(closings)
    _ask_controls(closings, routes)
    unsigned = LatePosting.objects.filter(_any(_within(span, "posting_date") for span in spans), assessed_at=None)
    for entry in late.needs_assessment(unsigned.select_related("entity")):
        for one in closings:
            if one.span.entity == entry.entity and one.span.first <= entry.posting_date <= one.span.last:
                one.late.append(entry)
    for one in closings:
        one.counts.update(not_run=len(one.not_run), not_green=len(one.not_green), late=len(one.late))
    return closings


def documents() -> QuerySet[Delivery]:
    """Postings not done, and changes of deals that begin later; on which day they count, and what keeps them."""
    rows = Delivery.objects.filter(LATER | Q(posting_date__isnull=False), is_live=True, is_required=True)
    because = Case(
        When(Q(condition=Condition.HELD), then=F("held_because")),
        When(Q(condition=Condition.BLOCKED), then=F("blocked_reason")),
        default=F("condition"),
    )
    dated = Coalesce("posting_date", "document_date")
    return rows.filter(condition__in=UNFINISHED).annotate(dated=dated, because=because)


def documents_of(span: Span, what: str, *, because: str | None = None) -> QuerySet[Delivery]:
    """The documents a list of a period shows: the rows its number counted."""
    rows = documents().filter(_within(span, "dated")).filter(LATER if what == "later" else ~LATER)
    rows = rows.filter(condition__in=CONDITIONS.get(what, UNFINISHED))
    return rows if because is None else rows.filter(because=because)


def cases_of(span: Span, *, dated: bool) -> QuerySet[ExceptionCase]:
    """Open cases of a period; or those of its company without a date."""
    return figures.open_cases().filter(_within(span, "effective_on") if dated else _undated(span))


def _within(span: Span, day: str) -> Q:
    return Q(**{"entity": span.entity, f"{day}__range": (span.first, span.last)})


def _undated(span: Span) -> Q:
    return Q(entity=span.entity, effective_on=None)


def _by_place(rows: QuerySet[Any], places: Iterable[Q]) -> QuerySet[Any]:
    """Rows with the number of the condition they meet; those that meet none are left out."""
    whens = [When(condition, then=Value(n)) for n, condition in enumerate(places)]
    place = Case(*whens, default=Value(-1), output_field=IntegerField())
    return rows.annotate(place=place).filter(place__gte=0).order_by()


def _count_documents(closings: Sequence[Closing]) -> None:
    rows = _by_place(documents(), [_within(one.span, "dated") for one in closings])
    sums = rows.values("place", "condition", "because", "currency").annotate(
        n=Count("pk"), total=Sum(Abs("amount")), first=Min("held_until"), last=Max("held_until")
    )
    groups: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for row in sums.order_by("place", "currency"):
        what, because = _LIST_OF[row["condition"]], row["because"]
        what = "later" if (what, because) == ("held", owing.EFFECTIVE_LATER) else what
        groups.setdefault((row["place"], what, because), []).append(row)
    for (place, what, because), parts in sorted(groups.items(), key=lambda pair: LISTS.index(pair[0][1])):
        one, count = closings[place], sum(part["n"] for part in parts)
        words = titles.reason_title(because) if what == "blocked" else spoken(Condition(parts[0]["condition"]).label)
        one.counts[what] += count
        one.counts["documents"] += count * (what != "later")
        times = sorted({part[end] for part in parts for end in ("first", "last") if what in ("held", "later")})
        ends = [sentences.moment(at, one.span.entity) for at in (times[:1] + times[1:][-1:])]
        one.groups.append(
            Group(
                what=what,
                because=because,
                words=str(_HELD.get(because, words)),
                count=count,
                money=[money(part["total"], part["currency"]) for part in parts if part["total"] is not None],
                released=_("{first} to {last}").format(first=ends[0], last=ends[1]) if ends[1:] else "".join(ends),
            )
        )


def _count_cases(closings: Sequence[Closing]) -> None:
    """Open cases dated in each period; and those of its company that have no date."""
    spans = [one.span for one in closings]
    places = [_within(span, "effective_on") for span in spans]
    places += [_undated(span) for span in spans]
    sums = _by_place(figures.open_cases(), places).values("place", "currency")
    undated: dict[LegalEntity, list[dict[str, Any]]] = {}
    for row in sums.annotate(n=Count("pk"), total=Sum(Abs("amount"))).order_by("place", "currency"):
        if row["place"] >= len(spans):
            undated.setdefault(spans[row["place"] - len(spans)].entity, []).append(row)
        else:
            _add(closings[row["place"]], "cases", row)
    for one in closings:
        for row in undated.get(one.span.entity, ()):
            _add(one, "undated", row)


def _add(one: Closing, name: str, row: dict[str, Any]) -> None:
    one.counts[name] += row["n"]
    if row["total"] is not None:
        one.money[name].append(money(row["total"], row["currency"]))


def _ask_controls(closings: Sequence[Closing], routes: Iterable[EntityRoute]) -> None:
    """Which controls did not run for a day that is over, and which are not green as asked last."""
    entities = {one.span.entity for one in closings}
    asked = ControlRun.objects.filter(entity__in=entities, business_date__gte=min(one.span.first for one in closings))
    versions = asked.order_by("entity_id", "control", "business_date", "-version")
    of_day = {
        (run.entity_id, run.control, run.business_date): run
        for run in versions.distinct("entity_id", "control", "business_date").defer("totals")
    }
    # a later run may have read a day again that could not be read
    again = asked.exclude(status=ControlRun.Status.NOT_RUN).filter(looked_back_to__isnull=False)
    looks = list(
        again.values_list("entity", "control", "looked_back_to", "business_date").annotate(Max("started_at")).order_by()
    )
    newest = {(run.entity_id, run.control): run for run in figures.newest_runs()}
    open_breaks = Break.objects.filter(healed_at=None, entity__in=entities).values_list("entity", "control").order_by()
    oldest = {(entity, control): day for entity, control, day in open_breaks.annotate(Min("document_date"))}
    controls = {entity: controls_of(entity) for entity in entities}
    signed = figures_sign_offs.signed([(one.span.entity, one.span.first, one.span.last) for one in closings])
    for one in closings:
        span, key = one.span, one.span.entity.pk
        names = {control.name for control in controls[span.entity] if control.is_key}
        one.keys, one.signed = len(names), len(names & signed[span.entity, span.first, span.last])
        start = min((row.valid_from for row in routes if row.entity_id == key), default=None)
        first = max(span.first, start) if start else span.first
        if start is None or span.through < first:
            whys = _("None of its systems is connected yet"), _("No day of it is over yet")
            one.unknown["not_run"] = whys[start is not None]
        days = [first + timedelta(days=n) for n in range((span.through - first).days + 1)] if start else []
        was_asked = False
        for control in controls[span.entity]:
            run = newest.get((key, control.name))
            if run and run.business_date >= span.first:
                was_asked = True
                if _holds_up(run, span, oldest.get((key, control.name))):
                    one.not_green.append((control, run))
            for day in days[-1:] if control.as_of else days:
                if control.as_of:
                    # what is read as it stands, on a later day too, stands for every day before
                    found = run if run and run.business_date >= day else None
                else:
                    found = of_day.get((key, control.name, day))
                if found is None:
                    one.not_run.append((control, day, _("The control was never asked for this date.")))
                elif found.status == ControlRun.Status.NOT_RUN and not _was_read_again(found, looks):
                    one.not_run.append((control, day, figures_controls.why_not_run(found)))
        if not was_asked:
            one.unknown["not_green"] = _("No control was asked since it began")


def _holds_up(run: ControlRun, span: Span, oldest: date | None) -> bool:
    """A control that is not green as asked last, unless all it found lies after the period."""
    if run.status == ControlRun.Status.OPEN_EXCEPTIONS:
        return oldest is None or oldest <= span.last
    return run.status == ControlRun.Status.UNEXPLAINED


def _was_read_again(run: ControlRun, looks: Iterable[tuple[Any, ...]]) -> bool:
    return any(
        (run.entity_id, run.control) == (entity, control) and since <= run.business_date <= day and at > run.started_at
        for entity, control, since, day, at in looks
    )
