"""One control on one date, seen closely: both readings, totals, what is explained, what broke, all versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from reconciliation import reconciling_items
from reconciliation.controls import breaks
from reconciliation.controls.control import Control
from reconciliation.habits import titles
from reconciliation.habits.languages import money, month_short
from reconciliation.models import Break, ControlLine, ControlRun, ControlStage, ExceptionCase, ReconcilingItem
from reconciliation.models.controls import Side
from sync.models import Delivery, LegalEntity, WorkItem
from sync.states import Condition

#: most documents one page lists; the run's own totals cover all
MOST = 500
#: how far a chain of waiting is followed
FAR = 6


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one side said for this date, and the proof of it."""

    stage: ControlStage
    #: currency -> count, net, tax, gross as text
    sums: tuple[tuple[str, int, str, str, str], ...]

    @property
    def complete(self) -> bool | None:
        """Whether we hold as many lines as the source says it has; None where it does not say."""
        return None if self.stage.source_count is None else self.stage.source_count == self.stage.read_count


@dataclass(frozen=True, kw_only=True)
class Value:
    """One line of a side-by-side comparison."""

    label: str
    left: str
    right: str
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Total:
    """One currency of a run: both sides over all dates read so far, and what lies between."""

    currency: str
    left_count: str
    right_count: str
    left: str
    right: str
    difference: str
    explained: str
    held: str
    in_flight: str
    unexplained: str
    is_explained: bool


@dataclass(frozen=True, kw_only=True)
class BreakShown:
    """A break with both sides and its case."""

    row: Break
    title: str
    values: tuple[Value, ...]
    gap: str
    case: ExceptionCase | None
    #: what people say it is, and why the one looking may not decide that
    item: ReconcilingItem | None = None
    why_not: str = ""

    @property
    def looks_like(self) -> str:
        """What probably went wrong, in words."""
        return breaks.looks_like(self.row)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A document of this date that the sides do not show alike, and what explains it."""

    label: str
    reference: str
    counterparty: str
    gap: str
    #: explained, held, in flight, unexplained; in English, as the page compares it
    standing: str
    words: str
    case: ExceptionCase | None = None


@dataclass(kw_only=True)
class Shown:
    """Everything on the page of a run."""

    readings: dict[str, Reading | None] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    items_cut: bool = False
    breaks: list[BreakShown] = field(default_factory=list)
    other_breaks: list[BreakShown] = field(default_factory=list)
    versions: list[ControlRun] = field(default_factory=list)


def look(control: Control, *, entity: LegalEntity, day: date, run: ControlRun | None, user: AbstractUser) -> Shown:
    """What the page of a control on a date shows, for one version of its run (None: it was never asked)."""
    shown = Shown(
        versions=list(
            ControlRun.objects.filter(control=control.name, entity=entity, business_date=day).order_by("-version")
        )
    )
    for side in Side:
        stage = _stage(control, entity, day, side, run)
        shown.readings[side.value] = Reading(stage=stage, sums=_sums(stage)) if stage else None
    if run and run.status != ControlRun.Status.NOT_RUN:
        shown.totals = [_total(currency, values) for currency, values in sorted(run.totals.items())]
    shown.breaks, shown.other_breaks = _breaks(control, entity, day, user)
    stages = [one.stage for one in shown.readings.values() if one and one.stage.is_current]
    if stages and run and run.status != ControlRun.Status.NOT_RUN and control.judges is None:
        shown.items, shown.items_cut = _items(
            control, entity, stages, broken={one.row.reference for one in (*shown.breaks, *shown.other_breaks)}
        )
    return shown


def _stage(control: Control, entity: LegalEntity, day: date, side: Side, run: ControlRun | None) -> ControlStage | None:
    """The reading a run compared: the newest one that was there when it ended."""
    rows = ControlStage.objects.filter(
        control=control.name, entity=entity, business_date=day, side=side
    ).select_related("connection")
    if run and run.finished_at:
        rows = rows.filter(read_at__lte=run.finished_at)
    if run and run.status == ControlRun.Status.NOT_RUN:
        # an older reading is no answer to this asking
        rows = rows.filter(read_at__gte=run.started_at)
    return rows.order_by("-read_at", "-pk").first()


def _sums(stage: ControlStage) -> tuple[tuple[str, int, str, str, str], ...]:
    rows = (
        ControlLine.objects.filter(stage=stage)
        .order_by()
        .values("currency")
        .annotate(n=Count("pk"), all_net=Sum("net"), all_tax=Sum("tax"), all_gross=Sum("gross"))
        .order_by("currency")
    )
    return tuple(
        (
            r["currency"],
            r["n"],
            money(r["all_net"], r["currency"]),
            money(r["all_tax"], r["currency"]),
            money(r["all_gross"], r["currency"]),
        )
        for r in rows
    )


def _total(currency: str, values: dict[str, str]) -> Total:
    amounts = {
        name: Decimal(values.get(name, "0"))
        for name in ("left", "right", "explained", "held", "in_flight", "unexplained")
    }
    return Total(
        currency=currency,
        left_count=values.get("left_count", ""),
        right_count=values.get("right_count", ""),
        difference=money(amounts["left"] - amounts["right"], currency),
        is_explained=amounts["unexplained"] == 0,
        **{name: money(amount, currency) for name, amount in amounts.items()},
    )


# -- breaks -------------------------------------------------------------------------------------------
def breaks_of(control: Control, *, entity: LegalEntity, day: date) -> tuple[QuerySet[Break], QuerySet[Break]]:
    """Breaks of a date: those of its documents or found on it; and the open ones of other dates."""
    rows = Break.objects.filter(control=control.name, entity=entity).select_related("found_in")
    here = Q(document_date=day) | Q(found_in__business_date=day)
    return rows.filter(here), rows.filter(healed_at=None).exclude(here)


def _breaks(
    control: Control, entity: LegalEntity, day: date, user: AbstractUser
) -> tuple[list[BreakShown], list[BreakShown]]:
    """Breaks of this date's documents or found on this date; and the open ones of other dates."""
    of_day, elsewhere = breaks_of(control, entity=entity, day=day)
    mine, other = list(of_day[:100]), list(elsewhere[:100])
    cases = breaks.cases_of([*mine, *other])
    live = ReconcilingItem.objects.filter(
        break_row__in=[row.pk for row in (*mine, *other)], status__in=reconciling_items.LIVE
    ).select_related("asked_by", "decided_by")
    items = {item.break_row_id: item for item in live}

    def shown(row: Break) -> BreakShown:
        item = items.get(row.pk)
        waits = item is not None and item.status == ReconcilingItem.Status.PROPOSED
        why_not = reconciling_items.why_not(item, user) if item and waits else ""
        return _shown(row, cases.get(row.pk), item, why_not)

    return [shown(row) for row in mine], [shown(row) for row in other]


_LABELS = {
    "external_id": gettext_lazy("Id there"),
    "net": gettext_lazy("Net"),
    "tax": gettext_lazy("Tax"),
    "gross": gettext_lazy("Gross"),
    "status": gettext_lazy("Status"),
}
#: ids and words for a status always differ between two systems, so only these are marked
_COMPARED = ("net", "tax", "gross")
#: what the two do not agree on, where that is no amount
_NAMED = {"customer": gettext_lazy("Customer"), "dated": gettext_lazy("Date"), "account": gettext_lazy("Account")}
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


def _shown(row: Break, case: ExceptionCase | None, item: ReconcilingItem | None, why_not: str) -> BreakShown:
    values = []
    for name, label in _LABELS.items():
        left, right = (_value(side, name, row.currency) for side in (row.left, row.right))
        differs = (not row.left or not row.right) if name == "external_id" else name in _COMPARED and left != right
        values.append(Value(label=str(label), left=left, right=right, differs=differs))
    for name in sorted({*row.left, *row.right} & _NAMED.keys()):
        left, right = (side.get(name) or "–" for side in (row.left, row.right))
        values.append(Value(label=str(_NAMED[name]), left=left, right=right, differs=True))
    # schedules are compared month by month
    for month in sorted(name for name in {*row.left, *row.right} if _MONTH.fullmatch(name)):
        left, right = (
            money(Decimal(side[month]), row.currency) if month in side else "–" for side in (row.left, row.right)
        )
        name = month_short(date.fromisoformat(f"{month}-01"))
        values.append(Value(label=name, left=left, right=right, differs=left != right))
    return BreakShown(
        row=row,
        title=titles.reason_title(row.kind),
        values=tuple(values),
        gap=money(row.difference, row.currency),
        case=case,
        item=item,
        why_not=why_not,
    )


def _value(side: dict[str, str], name: str, currency: str) -> str:
    if not side:
        return _("Missing") if name == "external_id" else "–"
    value = side.get(name, "")
    return money(Decimal(value), currency) if name in _COMPARED and value else value or "–"


# -- what differs on this date ------------------------------------------------------------------------
def _items(
    control: Control, entity: LegalEntity, stages: list[ControlStage], *, broken: set[str]
) -> tuple[list[Item], bool]:
    """Documents of this date the two sides do not show alike, each with what explains it."""
    sides: dict[str, dict[str, ControlLine]] = {side.value: {} for side in Side}
    for stage in stages:
        for line in ControlLine.objects.filter(stage=stage)[: 20 * MOST]:
            sides[stage.side][line.reference] = line
    # a document may be dated otherwise on the other side: it is looked for among all current readings
    for side, other in (("left", "right"), ("right", "left")):
        lacking = [reference for reference in sides[other] if reference not in sides[side]]
        if lacking:
            current = ControlStage.objects.filter(control=control.name, entity=entity, side=side, is_current=True)
            for line in ControlLine.objects.filter(
                stage__in=list(current.values_list("pk", flat=True)), reference__in=lacking
            ):
                sides[side][line.reference] = line
    different = [
        (reference, sides["left"].get(reference), sides["right"].get(reference))
        for reference in dict.fromkeys([*sides["left"], *sides["right"]])
        if reference not in broken and not _same(control, sides["left"].get(reference), sides["right"].get(reference))
    ]
    cut, different = len(different) > MOST, different[:MOST]
    standings = _standings(control, [reference for reference, *_sides in different])
    return [_item(reference, left, right, standings) for reference, left, right in different], cut


def _same(control: Control, left: ControlLine | None, right: ControlLine | None) -> bool:
    if left is None or right is None or left.currency != right.currency:
        return False
    return all(getattr(left, column) == getattr(right, column) for column in control.compares)


def _item(reference: str, left: ControlLine | None, right: ControlLine | None, standings: "_Standings") -> Item:
    line = left or right
    assert line is not None
    gap = (left.gross if left else Decimal(0)) - (right.gross if right else Decimal(0))
    case, why = standings.case_of(reference)
    if left is None:
        standing, words = gettext_noop("unexplained"), _("Only the receiving side has it")
    elif case:
        standing, words = gettext_noop("explained"), why
    elif reference in standings.held:
        standing, words = gettext_noop("held"), _("Held until a known time")
    elif reference in standings.moving:
        standing, words = gettext_noop("in flight"), _("On its way")
    else:
        standing, words = gettext_noop("unexplained"), _("Nothing explains it")
    return Item(
        label=line.label or reference,
        reference=reference,
        counterparty=line.counterparty,
        gap=money(gap, line.currency),
        standing=standing,
        words=words,
        case=case,
    )


@dataclass(kw_only=True)
class _Standings:
    """What explains each reference: its own case, else the case at the end of what it waits for."""

    cases: dict[str, ExceptionCase]
    waits: dict[str, str]
    held: set[str]
    moving: set[str]

    def case_of(self, reference: str) -> tuple[ExceptionCase | None, str]:
        at, words = reference, _("Its own case")
        for _step in range(FAR):
            if at in self.cases:
                return self.cases[at], words
            if at not in self.waits:
                break
            at, words = self.waits[at], _("Waits for what this case is about")
        return None, ""


def _standings(control: Control, references: list[str]) -> _Standings:
    waits: dict[str, str] = {}
    ask: Iterable[str] = references
    for _step in range(FAR):
        wanted = [reference for reference in ask if reference not in waits]
        if not wanted:
            break
        found = dict(
            WorkItem.objects.filter(reference__in=wanted, condition=Condition.WAITING).values_list(
                "reference", "waits_for"
            )
        )
        roles = (control.left_role, control.right_role)
        found |= dict(
            Delivery.objects.filter(reference__in=wanted, condition=Condition.WAITING, role__in=roles).values_list(
                "reference", "waits_for"
            )
        )
        waits |= found
        ask = list(found.values())
    known = {*references, *waits.values()}
    own_roles = (control.left_role, control.right_role)
    cases = (
        ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN, reference__in=known)
        .filter(Q(delivery__isnull=True) | Q(delivery__role__in=own_roles) | ~Q(reference__in=references))
        .filter(Q(break_row__isnull=True) | Q(break_row__control=control.name))
        .select_related("problem")
        .order_by("-pk")
    )
    rows = Delivery.objects.filter(reference__in=references, role=control.right_role).values_list(
        "reference", "condition"
    )
    under_way = (Condition.DUE, Condition.CLAIMED, Condition.WAITING, Condition.IN_DOUBT)
    moving = {reference for reference, condition in rows if condition in under_way}
    moving |= set(
        WorkItem.objects.filter(
            reference__in=references, condition__in=(Condition.DUE, Condition.CLAIMED, Condition.WAITING)
        ).values_list("reference", flat=True)
    )
    return _Standings(
        cases={case.reference: case for case in cases},
        waits=waits,
        moving=moving,
        held={reference for reference, condition in rows if condition == Condition.HELD},
    )
