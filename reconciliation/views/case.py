"""The page of a case: six sentences first, then the fix, both sides, the history."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approval_parts, approvals, cases, figures, figures_case, figures_versions, sentences
from reconciliation.fixes import registry
from reconciliation.fixes.fix import Target
from reconciliation.habits import absences, handing, mentions, presence, since, snoozes, tags, titles, undo
from reconciliation.habits.languages import day_text, spoken
from reconciliation.habits.notices import watching
from reconciliation.models import ApprovalRequest, CaseAct, ExceptionCase
from reconciliation.teams import Team
from reconciliation.views import fixing
from reconciliation.views.page import day, page, part, refused, seen_by, typed
from reconciliation.who import full_name
from sync import clock

SEES = ("reconciliation.view_exceptioncase",)


@dataclass(kw_only=True)
class Kept:
    """What was typed into a form that could not be saved, and why."""

    form: str
    text: str = ""
    until: str = ""
    because: str = ""
    to: str = ""
    error: str = ""
    events: dict[str, bool] = field(default_factory=dict)


@require_safe
@seen_by(*SEES)
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The case as it stands."""
    return _show(request, _found(pk), fixing.Form())


@require_safe
@seen_by(*SEES)
def case_peek(request: HttpRequest, pk: int) -> HttpResponse:
    """Its six sentences alone, to stand beside the queue."""
    row = _found(pk)
    is_open = row.status == ExceptionCase.Status.OPEN
    fixes, put_off = (registry.for_case(row), snoozes.of(row)) if is_open else ([], None)
    found = {
        "case": row,
        "words": titles.title(row),
        "six": sentences.six(row, fix=fixes[0] if fixes else None),
        "is_open": is_open,
        "put_off": put_off if snoozes.is_asleep(put_off, row) else None,
        "also_back": snoozes.words(put_off) if put_off else "",
    }
    return part(request, "portal/peek.html", found)


@require_POST
@seen_by(*SEES)
def case_fix(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Preview, ask or run for this one case."""
    row = _found(pk)
    fixes = registry.for_case(row) if row.status == ExceptionCase.Status.OPEN else []
    return fixing.act(
        request,
        Target(problem=row.problem, case=row),
        fixes,
        do=do,
        stale=_stale(request, row),
        show=lambda form: _show(request, row, form),
    )


@require_POST
@seen_by(*SEES)
def case_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it mine."""
    row = _found(pk)
    if not approvals.holds(request.user, "work_cases"):  # type: ignore[arg-type]
        return refused(request, _("Your role can look at cases but not take them."))
    try:
        if stale := _stale(request, row) if row.status == ExceptionCase.Status.OPEN else "":
            raise cases.Conflict(_("Not taken: {change}").format(change=stale))
        handing.take(pk, user=cast(AbstractUser, request.user))
        said = _("{number} is yours for the next {minutes} minutes.")
        _done(request, pk, said.format(number=row.number, minutes=cases.CLAIM.seconds // 60))
    except cases.Conflict as error:
        messages.error(request, str(error))
    return redirect("desk:case", pk)


@require_POST
@seen_by(*SEES)
def case_hand(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand it to a colleague (`person:name`) or another team (`team:code`), with a reason."""
    row, user = _found(pk), cast(AbstractUser, request.user)
    if not approvals.holds(user, "work_cases"):
        return refused(request, _("Your role can look at cases but not hand them over."))
    kept = Kept(form="hand", to=typed(request, "to")[:200], because=typed(request, "because"))

    def act() -> HttpResponse:
        given = handing.hand(pk, to=handing.recipient(kept.to, user=user), because=kept.because, user=user)
        now = full_name(given.assignee) if given.assignee else spoken(given.get_team_display())
        away = absences.of([given.assignee]).get(given.assignee_id or 0)
        but = f" {_('They are {away}.').format(away=away)}" if away else ""
        said = _("{number} is {owner}’s now. Its due time goes on.").format(number=row.number, owner=now)
        _done(request, pk, f"{said}{but}")
        return redirect("desk:case", pk)

    stale = _(
        "Not handed over: {change} after you opened this page. What you typed is kept."
        " Press Hand over again if it still should."
    )
    return _seen(request, pk, kept, act, stale=stale)


@require_POST
@seen_by(*SEES)
def case_give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody has it any more."""
    row = _found(pk)
    try:
        handing.give_back(pk, user=cast(AbstractUser, request.user))
        said = _("{number} is {team}’s again, and taken by nobody.")
        _done(request, pk, said.format(number=row.number, team=spoken(row.get_team_display())))
    except approvals.Refused as error:
        return refused(request, str(error))
    except cases.Conflict as error:
        messages.error(request, str(error))
    return redirect("desk:case", pk)


@require_POST
@seen_by(*SEES)
def case_snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it off until a day, with a reason."""
    row, user = _found(pk), cast(AbstractUser, request.user)
    if not approvals.holds(user, "work_cases"):
        return refused(request, _("Your role can look at cases but not put them off."))
    events = {name: name in request.POST for name in ("on_comment", "on_repeat")}
    kept = Kept(form="snooze", until=typed(request, "until")[:10], because=typed(request, "because"), events=events)
    try:
        until = snoozes.morning(day(kept.until, of=_("Comes back on")), row.entity)
    except ValueError as error:
        return _again(request, pk, kept, str(error), status=422)

    def act() -> HttpResponse:
        snoozes.snooze(pk, until=until, because=kept.because, user=user, **events)
        said = _("{number} is off the queue until {day}. Its due time goes on.")
        _done(request, pk, said.format(number=row.number, day=day_text(until)))
        return redirect(reverse("desk:case", args=[pk]) + "#put-off")

    stale = _(
        "Not put off: {change} after you opened this page. What you typed is kept."
        " Press Put off again if it still can wait."
    )
    return _seen(request, pk, kept, act, stale=stale)


@require_POST
@seen_by(*SEES)
def case_wake(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back to the queue."""
    row = _found(pk)
    try:
        snoozes.wake(pk, user=cast(AbstractUser, request.user))
        _done(request, pk, _("{number} is back on the queue.").format(number=row.number))
    except approvals.Refused as error:
        return refused(request, str(error))
    except cases.Conflict as error:
        messages.error(request, str(error))
    return redirect("desk:case", pk)


@require_POST
@seen_by(*SEES)
def case_reverse(request: HttpRequest, pk: int, act: int) -> HttpResponse:
    """Undo what somebody did to it, as long as it still stands."""
    row = _found(pk)
    try:
        done = undo.reverse(act, case_id=pk, user=cast(AbstractUser, request.user))
        _done(request, pk, _("Reversed: {act}").format(act=done.text))
    except approvals.Refused as error:
        return refused(request, str(error))
    except cases.Conflict as error:
        messages.error(request, str(error))
    except CaseAct.DoesNotExist as error:
        raise Http404(_("{number} has nothing of that number to reverse.").format(number=row.number)) from error
    return redirect("desk:case", pk)


@require_POST
@seen_by(*SEES)
def case_tag(request: HttpRequest, pk: int) -> HttpResponse:
    """Tag it, or take one tag off (`off`)."""
    row, user = _found(pk), cast(AbstractUser, request.user)
    kept = Kept(form="tag", text=typed(request, "tags")[:300])
    try:
        if "off" in request.POST:
            tags.take_off(pk, word=typed(request, "off")[:30], user=user)
        else:
            tags.put(pk, text=kept.text, user=user)
    except approvals.Refused as error:
        return refused(request, str(error))
    except cases.Conflict as error:
        messages.error(request, str(error))
    except ValueError as error:
        return _again(request, row.pk, kept, str(error), status=422)
    return redirect(reverse("desk:case", args=[pk]) + "#tags")


def _done(request: HttpRequest, pk: int, words: str) -> None:
    """Say it, with a button to undo it."""
    act = undo.newest(pk, user=cast(AbstractUser, request.user))
    messages.success(request, words, extra_tags=reverse("desk:case_reverse", args=[pk, act.pk]) if act else "")


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def case_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something about it, and tell those it names."""
    row, user = _found(pk), cast(AbstractUser, request.user)
    if not approvals.holds(user, "add_casecomment"):
        return refused(request, _("Your role can read comments but not write them."))
    kept = Kept(form="comment", text=typed(request, "text")[:4000])

    def act() -> HttpResponse:
        said = mentions.comment(pk, user=user, text=kept.text)
        saved = _("Your comment on {number} is saved.").format(number=row.number)
        if said.told:
            told = f" {_('and')} ".join(full_name(person) for person in said.told)
            saved += " " + ngettext("{people} will read of it.", "{people} will read of it.", len(said.told)).format(
                people=told
            )
        messages.success(request, saved)
        for words in said.untold:
            messages.warning(request, words)
        return redirect(reverse("desk:case", args=[pk]) + "#history")

    stale = _(
        "Not saved yet: {change} after you opened this page. What you typed is kept."
        " Press Save comment again to add yours."
    )
    return _seen(request, pk, kept, act, stale=stale)


def _seen(request: HttpRequest, pk: int, kept: Kept, act: Callable[[], HttpResponse], *, stale: str) -> HttpResponse:
    """Do it where nobody else touched the case since the page was opened; else the page again, with what was typed."""
    try:
        with since.unchanged(pk, request.POST.get("version", ""), user=cast(AbstractUser, request.user)):
            return act()
    except approvals.Refused as error:
        return refused(request, str(error))
    except since.Stale as error:
        return _again(request, pk, kept, stale.format(change=error))
    except cases.Conflict as error:
        return _again(request, pk, kept, str(error))
    except ValueError as error:
        return _again(request, pk, kept, str(error), status=422)


def _again(request: HttpRequest, pk: int, kept: Kept, error: str, *, status: int = 409) -> HttpResponse:
    """The page as it stands now, with what was typed and what stood in the way."""
    kept.error = error
    return _show(request, _found(pk), fixing.Form(status=status), kept=kept)


def _found(pk: int) -> ExceptionCase:
    row = (
        ExceptionCase.objects.select_related(
            "problem",
            "assignee",
            "entity",
            "work_item",
            "delivery__target",
            "break_row",
            "connection",
            "control_run",
            "event",
            "closed_by",
        )
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404(_("There is no case EXC-{pk}.").format(pk=pk))
    return row


def _stale(request: HttpRequest, row: ExceptionCase) -> str:
    """What happened to the case since the form was opened; empty when nothing did that matters to a fix."""
    seen, user = request.POST.get("version", ""), cast(AbstractUser, request.user)
    change = since.newest(row, seen, user=user, small_too=False)
    return _("{change} after you opened this page.").format(change=change.words) if change else ""


def _show(request: HttpRequest, row: ExceptionCase, form: fixing.Form, *, kept: Kept | None = None) -> HttpResponse:
    # before anything is read for the page: what comes after it was not shown
    seen = since.mark(row)
    is_open = row.status == ExceptionCase.Status.OPEN
    put_off = snoozes.of(row) if is_open else None
    fixes = registry.for_case(row) if is_open else []
    target, user = Target(problem=row.problem, case=row), cast(AbstractUser, request.user)
    may_work = approvals.holds(user, "work_cases")
    held_by_other = bool(row.assignee_id and row.assignee_id != user.pk)
    left_out = approval_parts.left_out_of(row) if is_open else None
    # a mapping solves every case of its problem, so it is asked for there
    for_all = [fix for fix in fixes if fix.takes_problem and fix.kind == "configuration"]
    if left_out and left_out.request.kind == ApprovalRequest.Kind.CONFIGURATION:
        # it is in force: this case only has to go through it
        fixes, for_all = [fix for fix in fixes if fix not in for_all], []
    at_once = any(fix.takes_problem for fix in fixes)
    same = figures.open_cases().filter(problem=row.problem_id).count() if at_once else 0
    return page(
        request,
        "portal/case.html",
        title=titles.title(row),
        status=200 if request.htmx else form.status,  # type: ignore[attr-defined]
        crumbs=[
            (_("Queue"), reverse("desk:queue")),
            (
                f"{row.problem.number} {titles.problem_title(row.problem)}",
                reverse("desk:problem", args=[row.problem_id]),
            ),
        ],
        case=row,
        is_open=is_open,
        six=sentences.six(row, fix=fixes[0] if fixes else None),
        steps=figures_case.steps(row),
        sides=figures_case.sides(row),
        beside=figures_versions.beside(row),
        fields=figures_case.document_fields(row),
        lines=figures_case.document_lines(row),
        timeline=figures_case.timeline(row),
        technical=figures_case.technical(row),
        related=[(other, titles.title(other)) for other in figures_case.related(row)],
        offered=[] if for_all else fixing.offered(fixes, target, form, user=user),
        for_all=for_all,
        same=same,
        left_out=left_out,
        together=same if at_once and not for_all and same > 1 else 0,
        form=form,
        pending=fixing.waiting_requests(Target(problem=row.problem)) if for_all else fixing.waiting_requests(target),
        may_take=is_open and may_work and row.assignee_id != user.pk,
        may_comment=approvals.holds(user, "add_casecomment"),
        may_work=may_work,
        held_by_other=held_by_other,
        teams=[team for team in Team if team != row.team],
        colleagues=absences.colleagues(user=user),
        owner_away=absences.of([row.assignee]).get(row.assignee_id or 0, ""),
        runs=row.runs.select_related("started_by")[:3] if user.has_perm("reconciliation.view_fixrun") else [],
        put_off=put_off,
        is_asleep=snoozes.is_asleep(put_off, row),
        also_back=snoozes.words(put_off) if put_off else "",
        is_early=put_off is not None and put_off.until > clock.now(),
        first_day=(clock.now() + timedelta(days=1)).date(),
        last_day=(clock.now() + snoozes.LONGEST).date(),
        version=seen,
        tags=[tag.word for tag in row.tags.all()],
        tags_in_use=tags.in_use() if is_open and may_work else (),
        # as who is told of problems: whoever has a team
        may_watch=is_open and bool(figures.teams_of(user)),
        is_watched=watching.is_watched(row, user=user),
        here=presence.words(presence.others(row.pk, user=user)),
        kept=kept,
        action_base=reverse("desk:case", args=[row.pk]),
        trail=reverse("desk:trail", args=[row.correlation_id]) if row.correlation_id else "",
        target_word=npgettext("run for", "this case", "all {n} cases", 1),
    )
