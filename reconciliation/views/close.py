"""Close: where each company's periods stand and what holds their close up; and the rows behind each of its numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from reconciliation import figures, figures_close, month_close, sentences, trail_steps
from reconciliation.approvals import holds
from reconciliation.figures_close import Closing, Span
from reconciliation.habits import titles
from reconciliation.habits.languages import day_text, money, month_text
from reconciliation.models import ExceptionCase
from reconciliation.views.page import page, page_number, seen_by
from sync import clock
from sync.models import AccountingPeriod, Delivery, EntityRoute, LegalEntity, PostingWindow

_SEEN = (
    "sync.view_accountingperiod",
    "sync.view_delivery",
    "reconciliation.view_exceptioncase",
    "reconciliation.view_controlrun",
)
#: rows on one page of a list
PAGE = 100


@require_safe
@seen_by(*_SEEN)
def close(request: HttpRequest) -> HttpResponse:
    """Every company, or the chosen one: its periods, and for each that is not closed what holds it up."""
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), None)
    found = figures_close.companies([chosen] if chosen else entities)
    user = cast(AbstractUser, request.user)
    shown = [
        {
            "company": company,
            "periods": [(place, span, mark_of(span.row), moving) for place, span, moving in company.periods],
            "windows": [_window(row, opens) for row, opens in company.windows],
            "limit": money(company.entity.late_limit, ""),
            "closings": [_card(closing, user) for closing in company.closings],
        }
        for company in found
    ]
    return page(
        request,
        "portal/close.html",
        title=pgettext("month-end", "Close"),
        entities=entities,
        chosen=chosen,
        shown=shown,
        as_of=clock.now(),
        nobodys=figures.open_cases().filter(entity=None).count(),
    )


@require_safe
@seen_by(*_SEEN)
def close_list(request: HttpRequest, entity: str, day: date) -> HttpResponse:
    """The rows behind one number of a period; without a choice, every posting that is not done."""
    company = LegalEntity.objects.filter(code=entity).first()
    if company is None:
        raise Http404(_("There is no such company."))
    routes = list(EntityRoute.objects.filter(entity=company))
    rows = AccountingPeriod.objects.filter(entity=company, starts_on__lte=day, ends_on__gte=day)
    ledgers = figures_close.ledgers_of(company, rows.select_related("connection"), routes)
    span = figures_close.span_of(company, day, ledgers[0] if ledgers else ())
    (closing,) = figures_close.look([span], routes)
    what = request.GET.get("what", "")
    what = what if what in month_close.LISTS else "documents"
    asked = (what, request.GET.get("because", ""))
    group = next((one for one in closing.groups if (one.what, one.because) == asked), None)
    number = page_number(request)
    found, count = _rows(closing, what, group.because if group else None)
    shown = _with_cases(list(found[(number - 1) * PAGE : number * PAGE]))
    name = month_close.LISTS[what][0]
    return page(
        request,
        "portal/close_list.html",
        title=f"{name}, {span.name}",
        crumbs=[(pgettext("month-end", "Close"), f"{reverse('desk:close')}?entity={company.code}")],
        entity=company,
        span=span,
        mark=mark_of(span.row),
        what=what,
        name=name,
        group=group,
        tabs=[(key, month_close.LISTS[key][0], closing.counts[key]) for key in figures_close.LISTS],
        unknown=closing.unknown.get(what, ""),
        shown=shown,
        count=count,
        number=number,
        pages=-(-count // PAGE),
        address=f"?{urlencode({'what': what, **({'because': group.because} if group else {})})}&",
        as_of=clock.now(),
    )


def mark_of(row: AccountingPeriod | None) -> tuple[str, str, str]:
    """A period's state in a word, with its icon and tone."""
    return _marks()[row.state if row else ""]


def _marks() -> dict[str, tuple[str, str, str]]:
    """State of a period, or of a line of the checklist -> (word, icon, tone)."""
    return {
        "open": (pgettext("period", "Open"), "lock_open", "good"),
        "closing": (pgettext("period", "Closing"), "hourglass_top", "warn"),
        "closed": (pgettext("period", "Closed"), "lock", "none"),
        "done": (_("Done"), "check_circle", "good"),
        "to_do": (pgettext("to do", "Open"), "pending", "warn"),
        "goes_on": (_("Goes on"), "schedule", "note"),
        "": (_("Not known"), "help", "doubt"),
    }


def cut_off(span: Span) -> str:
    """`30 Nov 2026 24:00 EST (America/New_York), in 12 days`."""
    days = (span.last - span.today).days
    if days > 0:
        words = ngettext("in {n} day", "in {n} days", days).format(n=days)
    else:
        words = ngettext("{n} day ago", "{n} days ago", -days).format(n=-days) if days else _("today")
    zone = sentences.zone_name(datetime.combine(span.last, time(23, 59), span.entity.zone))
    return f"{day_text(span.last)} 24:00 {zone} ({span.entity.time_zone}), {words}"


def _window(row: PostingWindow, opens: datetime | None) -> tuple[PostingWindow, str, str, tuple[str, str, str]]:
    """A window, when it opens, its kind in words, and how it is now."""
    if row.mode == PostingWindow.Mode.HOLD:
        now = (_("Held"), "pause_circle", "warn")
    else:
        shut, goes = pgettext("posting window", "Shut"), pgettext("posting window", "Open")
        now = (shut, "schedule", "note") if opens else (goes, "check_circle", "good")
    words = sentences.moment(opens, row.entity) if opens else ""
    return row, words, _(row.kind.replace("_", " ").capitalize()), now


def _card(closing: Closing, user: AbstractUser) -> dict[str, Any]:
    lines, span, marks = month_close.checklist(closing), closing.span, _marks()
    return {
        "id": f"close-{span.entity.code}-{span.first}",
        "closing": closing,
        "cut_off": cut_off(span),
        "mark": mark_of(span.row),
        "lines": [(line, marks[line.state]) for line in lines],
        "step": _step(closing, user),
        "verdict": verdict(closing, lines),
        "groups": [(one, month_close.LISTS[one.what][0]) for one in closing.groups],
        "cases": [
            (name, month_close.LISTS[name][0], closing.counts[name], closing.money[name])
            for name in ("cases", "undated")
            if closing.counts[name]
        ],
    }


@dataclass(frozen=True, kw_only=True)
class Step:
    """What may be done next with a period from here: a word for the button, and why it may not be pressed now."""

    do: str
    words: str
    why_not: str
    #: who took the first step
    begun_by: str = ""
    may_open_again: bool = False


def _step(closing: Closing, user: AbstractUser) -> Step | None:
    """Nothing where the period is unknown, or closed by the ERP."""
    row = closing.span.row
    if row is None or (row.own_state == AccountingPeriod.State.OPEN and row.state != AccountingPeriod.State.OPEN):
        return None
    may_finish = holds(user, "finish_close")
    if row.own_state == AccountingPeriod.State.OPEN:
        why = month_close.why_not_begin(closing) if holds(user, "begin_close") else _("A finance preparer begins it.")
        return Step(do="begin", words=_("Begin to close"), why_not=why)
    begun_by = (row.closing_by.get_full_name() or row.closing_by.username) if row.closing_by else ""
    if row.own_state == AccountingPeriod.State.CLOSED:
        return Step(do="", words="", why_not="", begun_by=begun_by, may_open_again=may_finish)
    why = month_close.why_not_finish(closing) if may_finish else _("A finance approver closes it.")
    why = _("You began it; another person closes it.") if row.closing_by_id == user.pk else why
    return Step(do="finish", words=_("Close the period"), why_not=why, begun_by=begun_by, may_open_again=may_finish)


@require_POST
@seen_by(*_SEEN)
def close_act(request: HttpRequest, entity: str, day: date, do: str) -> HttpResponse:
    """Begin to close, close, or open again; what stands against it is said in words."""
    number = request.POST.get("period", "")
    rows = AccountingPeriod.objects.filter(entity__code=entity, starts_on=day, module="ar")
    rows = rows.select_related("entity", "connection")
    row = rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 19 else None
    if row is None:
        raise Http404(_("There is no such period."))
    act, said = _ACTS[do]
    try:
        act(row, user=cast(AbstractUser, request.user))
    except month_close.CannotClose as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _(said).format(month=month_text(row.starts_on), company=row.entity.code))
    return HttpResponseRedirect(f"{reverse('desk:close')}?entity={entity}#close-{entity}-{row.starts_on}")


_ACTS: dict[str, tuple[Callable[..., None], str]] = {
    "begin": (
        month_close.begin,
        gettext_noop("{month} of {company} is closing: nothing new is posted into it. Another person closes it."),
    ),
    "finish": (month_close.finish, gettext_noop("{month} of {company} is closed.")),
    "reopen": (month_close.open_again, gettext_noop("{month} of {company} is as the ERP has it again.")),
}


def verdict(closing: Closing, lines: Sequence[month_close.Line]) -> tuple[str, str, str]:
    """The checklist in a word, with its icon and tone: its days go on by themselves, and its last line is the aim."""
    first, days, *others = lines
    states = [first.state, *(line.state for line in (others[:-1] if closing.span.row else others))]
    open_, unknown, marks = states.count("to_do"), states.count(""), _marks()
    parts = [_("{n} open").format(n=open_)] * bool(open_) + [_("{n} not known").format(n=unknown)] * bool(unknown)
    if words := ", ".join(parts):
        words = _("Closed, {words}").format(words=words) if closing.span.is_closed else words
        return (words, *marks["to_do" if open_ else ""][1:])
    if closing.span.is_closed:
        return marks["closed"]
    if days.state == "done":
        return (_("Ready to close"), *marks["done"][1:])
    return _("Not over yet"), "schedule", "note"


def _rows(closing: Closing, what: str, because: str | None) -> tuple[Any, int]:
    """What a list shows, sliced by whoever shows it, and how many rows it has."""
    span = closing.span
    kept: dict[str, Sequence[Any]] = {
        "not_run": closing.not_run,
        "not_green": closing.not_green,
        "late": closing.late,
    }
    if what in kept:
        return kept[what], len(kept[what])
    if what in ("cases", "undated"):
        rows: Any = figures_close.cases_of(span, dated=what == "cases").select_related("problem", "assignee")
        return rows.order_by("due_at", "pk"), closing.counts[what]
    rows = figures_close.documents_of(span, what, because=because).select_related("target")
    return rows.order_by("dated", "reference", "pk"), rows.count()


def _with_cases(rows: Sequence[Any]) -> list[Any]:
    """Cases with their title; documents with where they stand, and their case."""
    if rows and isinstance(rows[0], ExceptionCase):
        return [(row, titles.title(row)) for row in rows]
    if not rows or not isinstance(rows[0], Delivery):
        return list(rows)
    found = figures.open_cases().filter(delivery__in=rows).select_related("problem")
    cases = {("delivery", case.delivery_id or 0): case for case in found}
    return [
        (row, sentences.system_name(row.target.system), trail_steps.standing(row, cases=cases, waits={}))
        for row in rows
    ]
