"""Samples for auditors: so many of a population, drawn by a seed, so that anybody draws the same ones again.

Each item's number is put behind the seed and the population's name; the items with the smallest SHA-256 are the sample.
Nothing is kept of a draw: the same seed, days and size give it again, as long as the population is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import BinaryField, CharField, F, Func, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reconciliation.habits import titles
from reconciliation.habits.languages import spoken, within
from reconciliation.models import ApprovalRequest, ControlRun, ExceptionCase, RowChange, SignOff
from reconciliation.who import full_name
from sync.models import Delivery

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: a sample: usual, and most
USUAL, MOST = 25, 250


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One item of a sample."""

    number: str
    what: str
    at: datetime
    #: who did it, and who else had a hand in it
    who: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Population:
    """What can be drawn from: everything of one kind that happened within days, in UTC."""

    name: str
    title: "StrOrPromise"
    rows: Callable[[], QuerySet[Any]]
    #: the moment that decides whether an item is within
    at: str
    shown: Callable[[Any], Drawn]


def _two(row: ApprovalRequest | RowChange, words: str) -> str:
    """Whoever began it and whoever decided, in these words."""
    return words.format(asker=full_name(row.asked_by), decider=full_name(row.decided_by) if row.decided_by else "—")


def _approval(row: ApprovalRequest) -> Drawn:
    return Drawn(
        number=row.number,
        what=f"{row.title}: {within(spoken(row.get_status_display()))}",
        at=row.decided_at or row.asked_at,
        who=_two(row, _("asked: {asker}; decided: {decider}")),
        link=reverse("desk:approval", args=[row.pk]),
    )


def _case(row: ExceptionCase) -> Drawn:
    ended = within(spoken(row.get_resolution_display())) or _("closed")
    return Drawn(
        number=row.number,
        what=f"{titles.title(row)}: {ended}",
        at=row.closed_at or row.opened_at,
        who=full_name(row.closed_by) if row.closed_by else _("the portal"),
        link=reverse("desk:case", args=[row.pk]),
    )


def _posting(row: Delivery) -> Drawn:
    return Drawn(
        number=row.external_id or row.reference,
        what=_("{document} in {system}").format(document=row.reference, system=row.target.label),
        at=row.posted_at or row.due_at,
        who=_("the portal"),
        link=reverse("desk:trail", args=[row.correlation_id]),
    )


def _run(row: ControlRun) -> Drawn:
    return Drawn(
        number=f"{row.control} {row.entity.code} {row.business_date} v{row.version}",
        what=f"{titles.control_title(row.control)}: {within(spoken(row.get_status_display()))}",
        at=row.finished_at or row.started_at,
        who=_("the portal"),
        link=f"{reverse('desk:control_run', args=[row.control, row.entity.code, row.business_date])}?v={row.version}",
    )


def _sign_off(row: SignOff) -> Drawn:
    names = [full_name(one) for one in (row.prepared_by, row.reviewed_by) if one]
    return Drawn(
        number=f"{row.control} {row.entity.code} {row.starts_on}–{row.ends_on} v{row.version}",
        what=f"{titles.control_title(row.control)}: {within(spoken(row.get_status_display()))}",
        at=row.prepared_at,
        who=_("{first} and {second}").format(first=names[0], second=names[1])
        if len(names) > 1
        else "".join(names) or _("an approved rule"),
        link=reverse("desk:sign_off", args=[row.control, row.entity.code, row.starts_on, row.ends_on]),
    )


def _change(row: RowChange) -> Drawn:
    what = ngettext("{count} row of {table}: {status}", "{count} rows of {table}: {status}", row.count)
    return Drawn(
        number=row.number,
        what=what.format(count=row.count, table=row.table, status=within(spoken(row.get_status_display()))),
        at=row.decided_at or row.asked_at,
        who=_two(row, _("drafted: {asker}; decided: {decider}")),
        link=reverse("desk:change", args=[row.pk]),
    )


POPULATIONS: dict[str, Population] = {
    one.name: one
    for one in (
        Population(
            name="approvals",
            title=gettext_lazy("Decided requests"),
            rows=lambda: ApprovalRequest.objects.select_related("asked_by", "decided_by"),
            at="decided_at",
            shown=_approval,
        ),
        Population(
            name="changes",
            title=gettext_lazy("Decided changes of mappings, rates and policies"),
            rows=lambda: RowChange.objects.select_related("asked_by", "decided_by"),
            at="decided_at",
            shown=_change,
        ),
        Population(
            name="cases",
            title=gettext_lazy("Closed cases"),
            rows=lambda: ExceptionCase.objects.select_related("closed_by", "entity"),
            at="closed_at",
            shown=_case,
        ),
        Population(
            name="postings",
            title=gettext_lazy("Documents posted in other systems"),
            rows=lambda: Delivery.objects.select_related("target"),
            at="posted_at",
            shown=_posting,
        ),
        Population(
            name="control-runs",
            title=gettext_lazy("Askings of controls"),
            rows=lambda: ControlRun.objects.select_related("entity"),
            at="finished_at",
            shown=_run,
        ),
        Population(
            name="sign-offs",
            title=gettext_lazy("Signatures"),
            rows=lambda: SignOff.objects.select_related("entity", "prepared_by", "reviewed_by"),
            at="prepared_at",
            shown=_sign_off,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What was drawn, and from how many."""

    population: Population
    first: date
    last: date
    seed: str
    size: int
    out_of: int
    items: tuple[Drawn, ...]


def draw(population: Population, *, first: date, last: date, seed: str, size: int) -> Sample:
    """So many items of these days, both included, in the order they were drawn."""
    since = datetime.combine(first, time(), tzinfo=UTC)
    until = datetime.combine(last, time(), tzinfo=UTC) + timedelta(days=1)
    rows = population.rows().filter(**{f"{population.at}__gte": since, f"{population.at}__lt": until})
    items = rows.annotate(lot=_lot(f"{seed}:{population.name}:")).order_by("lot", "pk")[:size]
    return Sample(
        population=population,
        first=first,
        last=last,
        seed=seed,
        size=size,
        out_of=rows.count(),
        items=tuple(population.shown(row) for row in items),
    )


def _lot(before: str) -> Func:
    """SHA-256 over the seed, the population and the item's own number, as hexadecimal text."""
    text = Concat(Value(before), Cast(F("pk"), CharField()))
    as_bytes = Func(text, Value("UTF8"), function="convert_to", output_field=BinaryField())
    hashed = Func(as_bytes, function="sha256", output_field=BinaryField())
    return Func(hashed, Value("hex"), function="encode", output_field=CharField())
