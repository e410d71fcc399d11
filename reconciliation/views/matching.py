"""Matching by hand: what differs on each side of a control, put together by one person and approved by another."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reconciliation import figures_matcher
from reconciliation.approvals import Refused
from reconciliation.controls.control import Control
from reconciliation.controls.registry import COMPARED, CONTROLS
from reconciliation.habits import titles
from reconciliation.matches import people
from reconciliation.matches.people import CannotMatch
from reconciliation.models import Match
from reconciliation.views.controls import compared_again, side_name
from reconciliation.views.page import page, seen_by, typed
from sync import clock
from sync.models import LegalEntity

_SEEN = "reconciliation.view_controlrun"


@require_safe
@seen_by(_SEEN)
def matcher(request: HttpRequest, control: str, entity: str) -> HttpResponse:
    """Everything of a control that does not meet by reference, and what became of it."""
    return _show(request, *_found(control, entity))


@require_POST
@seen_by(_SEEN)
def matcher_propose(request: HttpRequest, control: str, entity: str) -> HttpResponse:
    """Put the chosen documents together for another person to approve."""
    asked, company = _found(control, entity)
    chosen = [one.replace("\x00", "") for one in request.POST.getlist("document")]

    def act(user: AbstractUser) -> str:
        row = people.propose(asked, entity=company, references=chosen, user=user, because=typed(request, "because"))
        return _("{number} waits for another person.").format(number=row.number)

    return _tried(request, asked, company, act, chosen=chosen)


@require_POST
@seen_by(_SEEN)
def match_act(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Take up, approve, refuse, take back, take apart: what stands against it is said in words."""
    row = Match.objects.select_related("entity").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such match."))
    because = typed(request, "because")
    return _tried(request, CONTROLS[row.control], row.entity, lambda user: _ACTS[do](row, user, because))


def _take_up(row: Match, user: AbstractUser, because: str) -> str:
    people.take_up(row.pk, user=user, because=because)
    return _("{number} waits for another person.").format(number=row.number)


def _approve(row: Match, user: AbstractUser, because: str) -> str:
    people.approve(row.pk, user=user, because=because)
    said = _("{number} is matched.").format(number=row.number)
    return f"{said} {compared_again(row.control, row.entity)}"


def _refuse(row: Match, user: AbstractUser, because: str) -> str:
    people.refuse(row.pk, user=user, because=because)
    return _("{number} is refused; its documents stay as they are.").format(number=row.number)


def _withdraw(row: Match, user: AbstractUser, because: str) -> str:
    people.withdraw(row.pk, user=user)
    return _("{number} is taken back.").format(number=row.number)


def _ask_undo(row: Match, user: AbstractUser, because: str) -> str:
    people.ask_undo(row.pk, user=user, because=because)
    return _("Taking {number} apart waits for another person.").format(number=row.number)


def _undo(row: Match, user: AbstractUser, because: str) -> str:
    people.undo(row.pk, user=user)
    said = _("{number} is taken apart.").format(number=row.number)
    return f"{said} {compared_again(row.control, row.entity)}"


def _keep(row: Match, user: AbstractUser, because: str) -> str:
    people.keep_together(row.pk, user=user)
    return _("{number} stays matched.").format(number=row.number)


_ACTS: dict[str, Callable[[Match, AbstractUser, str], str]] = {
    "take-up": _take_up,
    "approve": _approve,
    "refuse": _refuse,
    "withdraw": _withdraw,
    "ask-undo": _ask_undo,
    "undo": _undo,
    "keep": _keep,
}
ACTS = "|".join(_ACTS)


def _tried(
    request: HttpRequest,
    control: Control,
    company: LegalEntity,
    act: Callable[[AbstractUser], str],
    *,
    chosen: list[str] | None = None,
) -> HttpResponse:
    try:
        messages.success(request, act(cast(AbstractUser, request.user)))
    except Refused as error:
        messages.error(request, str(error))
        return _show(request, control, company, chosen=chosen, status=403)
    except CannotMatch as error:
        messages.error(request, str(error))
        return _show(request, control, company, chosen=chosen, status=409)
    return HttpResponseRedirect(reverse("desk:matcher", args=[control.name, company.code]))


def _show(
    request: HttpRequest, control: Control, company: LegalEntity, *, chosen: list[str] | None = None, status: int = 200
) -> HttpResponse:
    user, today = cast(AbstractUser, request.user), clock.business_date(company)
    search = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    return page(
        request,
        "portal/matcher.html",
        title=_("Matching: {control}").format(control=titles.control_title(control.name)),
        status=status,
        crumbs=[(_("Controls"), reverse("desk:controls"))],
        control=control,
        entity=company,
        search=search,
        shown=figures_matcher.look(control, entity=company, user=user, search=search),
        chosen=set(chosen or ()),
        because=typed(request, "because"),
        may_ask=people.may_ask(user),
        left=_(side_name(company, control.left_role, today)),
        right=_(side_name(company, control.right_role, today)),
        rules=reverse("desk:table", args=["match-rules"]),
    )


def _found(control: str, entity: str) -> tuple[Control, LegalEntity]:
    if control not in COMPARED:
        raise Http404(_("There is no such control whose documents are compared one by one."))
    company = LegalEntity.objects.filter(code=entity).first()
    if company is None:
        raise Http404(_("There is no such company."))
    return CONTROLS[control], company
