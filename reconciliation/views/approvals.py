"""Approvals: what waits for a second person, and the one screen on which to decide."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connectors.errors import ConnectorError
from reconciliation import (
    approval_questions,
    approvals,
    figures_approvals,
    figures_controls,
    figures_matcher,
    reconciling_items,
    second_factor,
)
from reconciliation.fixes.fix import InputError, NotPossible
from reconciliation.fixes.registry import FIXES
from reconciliation.habits import titles
from reconciliation.models import ApprovalRequest, Break
from reconciliation.risk_flags import risk_flags
from reconciliation.second_factor import NotProven
from reconciliation.views import fixing, proving
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, seen_by, typed
from reconciliation.views.preview import shown, with_parts
from reconciliation.who import full_name

SEES = ("reconciliation.view_approvalrequest",)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What somebody said about a request that could not be taken, and what is wrong with it."""

    do: str = ""
    text: str = ""
    to: str = ""
    error: str = ""


SILENT = Talk()


@require_safe
@seen_by(*SEES)
def approval_list(request: HttpRequest) -> HttpResponse:
    """Mine to decide first; then what waits for others, with the reason why; then what was decided."""
    waiting = figures_approvals.waiting()[:200]
    rows = [(row, approvals.why_not(row, request.user), shown(row.preview, fix=None)) for row in waiting]  # type: ignore[arg-type]
    rows.sort(key=lambda row: row[0].handed_to_id != request.user.pk)
    return page(
        request,
        "portal/approvals.html",
        title=_("Approvals"),
        mine=[row for row in rows if not row[1]],
        others=[row for row in rows if row[1]],
        decided=figures_approvals.decided()[:30],
        items=[
            (
                row,
                figures_controls.link_of(
                    row.break_row.control, row.break_row.entity, row.break_row.found_in.business_date
                ),
            )
            for row in reconciling_items.to_decide(request.user)  # type: ignore[arg-type]
        ],
        matches=figures_matcher.waiting_anywhere(request.user),  # type: ignore[arg-type]
        may_decide=any(
            approvals.holds(request.user, permission)
            for permission in approvals.APPROVE.values()  # type: ignore[arg-type]
        ),
        exports=export_links("approvals_export", of=_("these approvals")),
    )


def _page_of(found: Break) -> str:
    return figures_controls.link_of(found.control, found.entity, found.found_in.business_date)


@require_safe
@seen_by(*SEES)
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what would be done, why it is asked, what to notice."""
    return _show(request, _found(pk))


@require_POST
@seen_by(*SEES)
def approval_decide(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Approve, refuse or withdraw; what stands against it is said in words."""
    row = _found(pk)
    because = typed(request, "because")
    if do == "approve":
        leave_out = _ticked(request)
        return _tried(request, row, because, lambda: _approve(request, row, because, leave_out), leave_out)
    if do == "refuse":
        return _tried(request, row, because, lambda: _refuse(request, row, because))
    return _tried(request, row, because, lambda: _withdraw(request, row))


def _ticked(request: HttpRequest) -> list[int]:
    """Keys of the cases to leave out, as ticked in the list."""
    marks = [mark.removeprefix("EXC-") for mark in request.POST.getlist("leave_out")]
    return [int(mark) for mark in marks if mark.isascii() and mark.isdigit() and len(mark) < 19]


def _tried(
    request: HttpRequest,
    row: ApprovalRequest,
    because: str,
    decide: Callable[[], HttpResponse],
    leave_out: Collection[int] = (),
) -> HttpResponse:
    try:
        if request.POST.get("sha256", "") != row.change_sha256:
            raise approvals.Changed(_("This is not the change the page showed. Review again."))
        return decide()
    except (approvals.ProofNeeded, NotProven) as error:
        # what is missing is the code, and it is said there
        return _show(request, _found(row.pk), because=because, code_error=str(error), leave_out=leave_out, status=403)
    except approvals.Refused as error:
        messages.error(request, str(error))
        status = 403
    except ConnectorError as error:
        messages.error(request, fixing.no_answer(error))
        status = 503
    except (approvals.Changed, NotPossible, InputError) as error:
        messages.error(request, str(error))
        status = 409
    except ValueError as error:
        # what is wrong is the reason, and it is said there
        return _show(
            request, _found(row.pk), because=because, because_error=str(error), leave_out=leave_out, status=422
        )
    return _show(request, _found(row.pk), because=because, leave_out=leave_out, status=status)


def _approve(request: HttpRequest, row: ApprovalRequest, because: str, leave_out: Collection[int]) -> HttpResponse:
    if code := typed(request, "code"):
        proving.give(request, code)
    proved_at = proving.proved_at(request)
    user = cast(AbstractUser, request.user)
    run = approvals.approve(row.pk, user=user, because=because, proved_at=proved_at, leave_out=leave_out)
    if run is None:
        left = approvals.still_needed(row)
        said = ngettext(
            "Your yes to {number} is kept. It runs after {count} more approver's.",
            "Your yes to {number} is kept. It runs after {count} more approvers'.",
            left,
        )
        messages.success(request, said.format(number=row.number, count=left))
        return redirect("desk:approvals")
    said = _("You approved {number}. It runs now: one first, then the rest.")
    messages.success(request, said.format(number=row.number))
    return redirect("desk:run", run.pk)


def _refuse(request: HttpRequest, row: ApprovalRequest, because: str) -> HttpResponse:
    approvals.refuse(row.pk, user=request.user, because=because)  # type: ignore[arg-type]
    asker = row.asked_by.get_full_name() or row.asked_by.username
    said = _("You refused {number}; {person} reads your reason.")
    messages.success(request, said.format(number=row.number, person=asker))
    return redirect("desk:approvals")


def _withdraw(request: HttpRequest, row: ApprovalRequest) -> HttpResponse:
    approvals.withdraw(row.pk, user=request.user)  # type: ignore[arg-type]
    messages.success(request, _("{number} is withdrawn.").format(number=row.number))
    return redirect("desk:approvals")


@require_POST
@seen_by(*SEES)
def approval_talk(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Ask the asker something, answer it, or hand the request to another approver."""
    row, user = _found(pk), cast(AbstractUser, request.user)
    text, to = typed(request, "text"), typed(request, "to")
    try:
        if do == "ask-back":
            approval_questions.ask_back(pk, user=user, text=text)
            said = _("{person} reads your question; {number} waits.").format(
                person=full_name(row.asked_by), number=row.number
            )
        elif do == "answer":
            approval_questions.answer(pk, user=user, text=text)
            said = _("Your answer stands with {number}.").format(number=row.number)
        else:
            handed = approval_questions.hand_on(pk, user=user, to=to, because=text)
            said = _("{number} is with {person} now.").format(
                number=row.number, person=full_name(handed.handed_to) if handed.handed_to else to
            )
    except approvals.Refused as error:
        messages.error(request, str(error))
        return _show(request, _found(pk), status=403)
    except ValueError as error:
        return _show(request, row, talk=Talk(do=do, text=text, to=to, error=str(error)), status=422)
    messages.success(request, said)
    return redirect("desk:approval", pk)


def _found(pk: int) -> ApprovalRequest:
    row = (
        ApprovalRequest.objects.select_related(
            "asked_by", "decided_by", "problem", "case", "policy", "run", "entity", "handed_to", "handed_by"
        )
        .prefetch_related("yeses__user", "questions__asked_by", "questions__answered_by")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404(_("There is no request APR-{pk}.").format(pk=pk))
    return row


def _show(
    request: HttpRequest,
    row: ApprovalRequest,
    *,
    because: str = "",
    because_error: str = "",
    code_error: str = "",
    talk: Talk = SILENT,
    leave_out: Collection[int] = (),
    status: int = 200,
) -> HttpResponse:
    pending = row.status == ApprovalRequest.Status.PENDING
    user = cast(AbstractUser, request.user)
    why_not = approvals.why_not(row, user)
    preview = shown(row.preview, fix=FIXES.get(row.fix))
    with_parts(preview, row, may_leave=not why_not, leaving_out=leave_out)
    open_question = next((one for one in row.questions.all() if one.answered_at is None), None)
    return page(
        request,
        "portal/approval.html",
        title=row.title,
        status=status,
        crumbs=[(_("Approvals"), reverse("desk:approvals"))],
        asked=row,
        preview=preview,
        why_not=why_not,
        open_question=open_question if pending else None,
        approvers=[] if why_not else approval_questions.approvers(row, beside=user),
        talk=talk,
        longest=approval_questions.LONGEST,
        flags=risk_flags(row) if pending else [],
        pending=pending,
        mine=row.asked_by_id == request.user.pk,
        because=because,
        because_error=because_error,
        code_error=code_error,
        asks_for_code=row.needs_proof and proving.proved_at(request) is None,
        has_second_factor=second_factor.counts(request.user),  # type: ignore[arg-type]
        problem_title=titles.problem_title(row.problem) if row.problem else "",
        run=getattr(row, "run", None),
        tone={"pending": "warn", "approved": "good", "refused": "bad"}.get(row.status, "idle"),
    )
