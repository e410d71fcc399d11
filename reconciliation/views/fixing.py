"""The form of a fix: choose, preview, ask or run; the same for a case and for a whole problem."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from connectors.errors import ConnectorError
from reconciliation import approvals
from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Target
from reconciliation.models import ApprovalRequest
from reconciliation.sentences import system_name
from reconciliation.views.page import typed
from reconciliation.views.preview import shown


@dataclass(kw_only=True)
class Form:
    """What was chosen so far, and what came of it."""

    fix: Fix | None = None
    typed: dict[str, str] = field(default_factory=dict)
    preview: dict[str, Any] | None = None
    error: str = ""
    error_field: str = ""
    because: str = ""
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One fix on a page."""

    fix: Fix
    fields: list[tuple[Input, str, str]]
    #: why this person has no button; empty when there is one
    why_not: str
    needs_yes: bool
    may_ask: bool
    preview: dict[str, Any] | None
    error: str


def offered(fixes: Sequence[Fix], target: Target, form: Form, *, user: Any) -> list[Offered]:
    """The fixes of a page with their inputs, prefilled or as typed."""
    return [_offer(fix, target, form if form.fix is fix else Form(), user=user) for fix in fixes]


def _offer(fix: Fix, target: Target, form: Form, *, user: Any) -> Offered:
    may_ask = approvals.may_ask(user, fix)
    may_prepare = may_ask or approvals.holds(user, "work_cases")
    return Offered(
        fix=fix,
        may_ask=may_ask,
        needs_yes=fix.kind != "none",
        preview=form.preview,
        why_not="" if may_prepare else _("Your role can look at this but not prepare fixes. The owning team does."),
        error=form.error if not form.error_field else "",
        fields=[
            (one, form.typed.get(one.name, one.initial), form.error if form.error_field == one.name else "")
            for one in fix.inputs(target)
        ],
    )


def waiting_requests(target: Target) -> list[ApprovalRequest]:
    """Requests about this that wait for a second person."""
    rows = ApprovalRequest.objects.filter(problem=target.problem, status=ApprovalRequest.Status.PENDING).select_related(
        "asked_by"
    )
    return list(rows.filter(case=target.case) if target.case else rows)


def act(
    request: HttpRequest,
    target: Target,
    fixes: Sequence[Fix],
    *,
    do: str,
    stale: str,
    show: Callable[[Form], HttpResponse],
) -> HttpResponse:
    """Carry out `preview`, `ask` or `run` from a posted form; what goes wrong is shown, and what was typed stays."""
    fix = next((one for one in fixes if one.name == request.POST.get("fix")), None)
    if fix is None:
        messages.error(request, _("This cannot be pressed here any more. Look at what changed below."))
        return show(Form(status=409))
    form = Form(fix=fix, because=typed(request, "because"))
    sha256 = request.POST.get("sha256", "")
    try:
        form.typed = {one.name: typed(request, one.name)[:300] for one in fix.inputs(target)}
        if stale and do != "preview":
            raise approvals.Changed(stale)
        if do == "ask":
            asked = approvals.ask(fix, target, form.typed, user=request.user, sha256=sha256, because=form.because)  # type: ignore[arg-type]
            said = _("{number} now waits for a second person. You will find the decision here and on the case.")
            messages.success(request, said.format(number=asked.number))
            return redirect("desk:approval", asked.pk)
        if do == "run":
            run = approvals.start(fix, target, form.typed, user=request.user, sha256=sha256)  # type: ignore[arg-type]
            return redirect("desk:run", run.pk)
        form.preview = shown(approvals.prepare(fix, target, form.typed, user=request.user), fix=fix)  # type: ignore[arg-type]
    except approvals.Changed as error:
        said = _("Something changed since this was prepared: {change} Review again.")
        form.error, form.status = said.format(change=error), 409
        form.preview = _once_more(fix, target, form, user=request.user)
    except InputError as error:
        form.error, form.error_field, form.status = error.text, error.field_name, 422
    except approvals.Refused as error:
        form.error, form.status = str(error), 403
    except NotPossible as error:
        form.error, form.status = str(error), 409
    except ConnectorError as error:
        form.error, form.status = no_answer(error), 503
    return show(form)


def no_answer(error: ConnectorError) -> str:
    """For people; the vendor's own words stay out of it."""
    said = _("{system} could not be asked just now. Nothing was changed; try again in a minute.")
    return said.format(system=system_name(error.system))


def _once_more(fix: Fix, target: Target, form: Form, *, user: Any) -> dict[str, Any] | None:
    """What pressing would do now, after something changed; None where it can no longer be pressed."""
    try:
        return shown(approvals.prepare(fix, target, form.typed, user=user), fix=fix)
    except (InputError, NotPossible, approvals.Refused, ConnectorError):
        return None
