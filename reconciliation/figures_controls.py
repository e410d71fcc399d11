"""Every number of the controls board: the tie-out in plain figures, the matrix of runs, the months."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation import figures_sign_offs, sentences, tie_out
from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS, controls_of, first_day
from reconciliation.habits import titles
from reconciliation.habits.languages import moment_text, money, month_short
from reconciliation.models import ControlRun, ControlStage
from sync import clock
from sync.models import LegalEntity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: dates on one page of the board, and months in its summary
DATES, MONTHS = 14, 6
#: seconds the tie-out is kept: it reads all current lines, and people press reload
KEPT = 10

#: status -> (word in a cell, icon, tone)
WORDS: dict[str, tuple["StrOrPromise", str, str]] = {
    ControlRun.Status.TIED: (gettext_lazy("Tied"), "check_circle", "good"),
    ControlRun.Status.TIED_WITH_ITEMS: (gettext_lazy("Tied, with explained items"), "rule", "note"),
    ControlRun.Status.OPEN_EXCEPTIONS: (gettext_lazy("Breaks with open cases"), "report", "warn"),
    ControlRun.Status.UNEXPLAINED: (gettext_lazy("Unexplained difference"), "error", "stop"),
    ControlRun.Status.NOT_RUN: (gettext_lazy("Not run"), "do_not_disturb_on", "none"),
}
#: from best to worst
ORDER = (
    ControlRun.Status.TIED,
    ControlRun.Status.TIED_WITH_ITEMS,
    ControlRun.Status.OPEN_EXCEPTIONS,
    ControlRun.Status.UNEXPLAINED,
    ControlRun.Status.NOT_RUN,
)


# -- the tie-out --------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Line:
    """One sum as people read it: left = right + explained + held + in flight, and what is then unexplained."""

    #: month in words, or empty for the sum of all
    period: str
    left: str
    right: str
    explained: str
    held: str
    in_flight: str
    unexplained: str
    left_count: int
    right_count: int
    ties: bool


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One kind of document on a leg: its sum, and the same per month."""

    title: str
    left_word: str
    right_word: str
    basis: str
    total: Line
    months: tuple[Line, ...]
    explained_word: str


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A leg of one entity in one currency; its kinds stand below each other and are never added."""

    name: str
    title: str
    entity: str
    currency: str
    figures: tuple[Figures, ...]

    @property
    def is_second_figure(self) -> bool:
        """Documents of other currencies in the company's own money: beside the legs, never part of them."""
        return self.name == tie_out.OWN_MONEY

    @property
    def ties(self) -> bool:
        return all(one.total.ties for one in self.figures)


@dataclass(frozen=True, kw_only=True)
class TieOut:
    """Both legs, and since when these figures stand."""

    legs: tuple[Leg, ...]
    #: newest reading of either side; None where nothing was ever read
    read_at: datetime | None


_LEGS = {
    "sold_to_billed": gettext_lazy("Sold to billed"),
    "billed_to_posted": gettext_lazy("Billed to posted"),
    tie_out.OWN_MONEY: gettext_lazy("In the company's own money"),
}
#: kind -> title, the two sides in a word each, what the sums are
_KINDS = {
    "contract": (
        gettext_lazy("Deals"),
        gettext_lazy("Sold"),
        gettext_lazy("Billed"),
        gettext_lazy("net of tax"),
    ),
    "invoice": (gettext_lazy("Invoices"), gettext_lazy("Billed"), gettext_lazy("Posted"), gettext_lazy("gross")),
    "receipt": (gettext_lazy("Receipts"), gettext_lazy("Received"), gettext_lazy("Booked"), gettext_lazy("gross")),
}


def both_legs(*, entity: LegalEntity | None = None) -> TieOut:
    """The tie-out per leg, entity and currency, at most ten seconds old."""
    key = _key(entity)
    found: list[tie_out.Row] | None = cache.get(key)
    if found is None:
        found = [*tie_out.rows(entity=entity), *tie_out.own_money_rows(entity=entity)]
        cache.set(key, found, KEPT)
    months: dict[tuple[str, str, str, str], list[tie_out.Row]] = {}
    for row in found:
        months.setdefault((row.leg, row.entity, row.currency, row.kind), []).append(row)
    legs: dict[tuple[str, str, str], list[Figures]] = {}
    for total in tie_out.totals(found):
        mine = sorted(months[total.leg, total.entity, total.currency, total.kind], key=lambda row: row.period)
        unknown = (total.kind.capitalize(), _("Left"), _("Right"), _("gross"))
        title, left, right, basis = (str(words) for words in _KINDS.get(total.kind, unknown))
        explained = _("Explained by open cases")
        if total.leg == tie_out.OWN_MONEY:
            basis = _("{basis}, at the ERP's posted rates").format(basis=basis)
            explained = _("Rounding, or shown above")
        legs.setdefault((total.entity, total.currency, total.leg), []).append(
            Figures(
                title=title,
                left_word=left,
                right_word=right,
                basis=basis,
                explained_word=explained,
                total=_line(total, ""),
                months=tuple(_line(row, _month(date.fromisoformat(f"{row.period}-01"))) for row in mine),
            )
        )
    order = list(_LEGS)
    stages = ControlStage.objects.filter(control__in=[control.name for control in CONTROLS.values() if control.leg])
    return TieOut(
        legs=tuple(
            Leg(name=leg, title=str(_LEGS[leg]), entity=code, currency=currency, figures=tuple(figures))
            for (code, currency, leg), figures in sorted(
                legs.items(), key=lambda pair: (pair[0][0], pair[0][1], order.index(pair[0][2]))
            )
        ),
        read_at=(stages.filter(entity=entity) if entity else stages).aggregate(at=Max("read_at"))["at"],
    )


def forget() -> None:
    """The tie-out is read anew: a control has just run."""
    cache.delete_many([_key(None), *(_key(entity) for entity in LegalEntity.objects.all())])


def _key(entity: LegalEntity | None) -> str:
    return f"tie_out:{entity.pk if entity else '*'}"


def _line(row: tie_out.Row, period: str) -> Line:
    names = ("left", "right", "explained", "held", "in_flight", "unexplained")
    texts = {name: money(getattr(row, name), row.currency) for name in names}
    return Line(
        period=period, left_count=row.left_count, right_count=row.right_count, ties=row.unexplained == 0, **texts
    )


# -- the matrix ---------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Cell:
    """One control on one date: the newest run, or why there is none."""

    word: str
    icon: str
    tone: str
    #: the control's title, for narrow screens
    title: str = ""
    link: str = ""
    version: int = 0
    #: why it did not run, or that nothing was due
    why: str = ""
    #: initials of who prepared and reviewed it, or what else became of it
    signed: str = ""
    count: str = ""

    @property
    def brief(self) -> str:
        """The first sentence of why."""
        return self.why.split(". ")[0].rstrip(".") + "."


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The board of one entity: a line per date, newest first."""

    entity: LegalEntity
    business_date: date
    controls: tuple[Control, ...]
    lines: tuple[tuple[date, tuple[Cell, ...]], ...]
    months: tuple[tuple[str, tuple[tuple[Cell, ...], ...]], ...]
    first_day: date | None


def matrix(entity: LegalEntity, *, until: date | None = None) -> Matrix:
    """Fourteen dates up to `until` (by default the entity's business date), and the last months in counts."""
    business_date = clock.business_date(entity)
    last = min(until or business_date, business_date)
    dates = [last - timedelta(days=n) for n in range(DATES)]
    start = first_day(entity)
    controls = tuple(controls_of(entity))
    newest = {(run.control, run.business_date): run for run in newest_runs(entity, first=dates[-1], last=last)}
    signed = figures_sign_offs.initials(entity, dates[-1], last)
    return Matrix(
        entity=entity,
        business_date=business_date,
        controls=controls,
        first_day=start,
        lines=tuple(
            (
                day,
                tuple(
                    replace(
                        _cell(control, entity, day, newest.get((control.name, day)), start, business_date),
                        signed=signed.get((control.name, day), ""),
                    )
                    for control in controls
                ),
            )
            for day in dates
        ),
        months=_months(entity, controls, business_date),
    )


def newest_runs(entity: LegalEntity, *, first: date, last: date) -> list[ControlRun]:
    """The newest version of each control's run per date."""
    return list(
        ControlRun.objects.filter(entity=entity, business_date__gte=first, business_date__lte=last)
        .order_by("control", "business_date", "-version")
        .distinct("control", "business_date")
    )


def link_of(control: str, entity: LegalEntity, day: date) -> str:
    """Address of the page of a control on a date."""
    return f"/controls/{control}/{entity.code}/{day.isoformat()}"


def _cell(
    control: Control, entity: LegalEntity, day: date, run: ControlRun | None, start: date | None, today: date
) -> Cell:
    link = link_of(control.name, entity, day)
    if run is None:
        none = no_run(control, day=day, start=start, today=today)
        return Cell(
            word=none.word,
            icon=none.icon,
            tone=none.tone,
            title=titles.control_title(control.name),
            link=link if none.is_due else "",
            why=none.why,
        )
    word, icon, tone = _word(run.status)
    why = ""
    if run.status == ControlRun.Status.NOT_RUN:
        why = why_not_run(run)
        if run.finished_at is None:
            word, icon = _("Running"), "sync"
    return Cell(
        word=word,
        icon=icon,
        tone=tone,
        title=titles.control_title(control.name),
        link=link,
        version=run.version,
        why=why,
    )


@dataclass(frozen=True, kw_only=True)
class NoRun:
    """A date that has no run at all, in words."""

    word: str
    icon: str
    tone: str
    why: str
    #: False where the control has nothing to ask on this date
    is_due: bool


def no_run(control: Control, *, day: date, start: date | None, today: date) -> NoRun:
    """Why a date has no run at all; `today` is the entity's business date, which still goes on."""
    nothing: dict[str, Any] = {"word": _("Not due"), "icon": "remove", "tone": "idle", "is_due": False}
    if start is None or day < start:
        return NoRun(why=_("Nothing was due: the company's documents are not routed yet on this date."), **nothing)
    if control.as_of:
        why = _("Nothing was due: this control reads everything as it stands, on the days it is asked.")
        return NoRun(why=why, **nothing)
    if day >= today:
        return NoRun(
            word=_("Day not over"), icon="schedule", tone="idle", is_due=True,
            why=_("This business day is not over yet. Both sides are read when it is."),
        )  # fmt: skip
    word, icon, tone = _word(ControlRun.Status.NOT_RUN)
    return NoRun(
        word=word, icon=icon, tone=tone, is_due=True,
        why=_("The control was never asked for this date. Run it, or look whether the scheduler is alive."),
    )  # fmt: skip


def why_not_run(run: ControlRun) -> str:
    """Why a run compared nothing, in words; the other system's own words stay in `trouble`."""
    if run.finished_at is None:
        at = moment_text(run.started_at, year=False)
        return _("It is running since {at} UTC and has not ended yet.").format(at=at)
    for system, label in sentences.SYSTEMS.items():
        if run.trouble.startswith(system):
            said = _("{system} could not be read. The other side was not compared with half an answer.")
            return said.format(system=label)
    if run.trouble.startswith("no "):
        return f"{run.trouble[:1].upper()}{run.trouble[1:]}."
    return _("One of the two sides could not be read.")


def _months(
    entity: LegalEntity, controls: Sequence[Control], last: date
) -> tuple[tuple[str, tuple[tuple[Cell, ...], ...]], ...]:
    names = [_month_before(last, n) for n in range(MONTHS)]
    counts: dict[tuple[str, str, str], int] = {}
    for run in newest_runs(entity, first=names[-1], last=last):
        key = (f"{run.business_date:%Y-%m}", run.control, run.status)
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        (
            _month(month),
            tuple(
                tuple(
                    Cell(word=word, icon=icon, tone=tone, count=str(count))
                    for status in reversed(ORDER)
                    if (count := counts.get((f"{month:%Y-%m}", control.name, status)))
                    for word, icon, tone in [_word(status)]
                )
                for control in controls
            ),
        )
        for month in names
        if any(key[0] == f"{month:%Y-%m}" for key in counts)
    )


def _word(status: str) -> tuple[str, str, str]:
    word, icon, tone = WORDS[status]
    return str(word), icon, tone


def _month(day: date) -> str:
    return month_short(day)


def _month_before(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 - months
    return date(whole // 12, whole % 12 + 1, 1)
