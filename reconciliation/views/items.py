"""Reconciling items: say what an open break is, and decide what another person said. The forms stand with the break."""

from collections.abc import Callable
from datetime import date
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reconciliation import figures_controls, reconciling_items
from reconciliation.approvals import Refused
from reconciliation.models import Break, ReconcilingItem
from reconciliation.reconciling_items import CannotAccept
from reconciliation.views.controls import compared_again
from reconciliation.views.page import seen_by, typed

_SEEN = "reconciliation.view_controlrun"


@require_POST
@seen_by(_SEEN)
def item_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a break is and until when."""
    found = Break.objects.select_related("entity", "found_in").filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such break."))

    def act(user: AbstractUser) -> str:
        row = reconciling_items.propose(
            pk, kind=typed(request, "kind"), expected_on=_day(typed(request, "expected_on")), user=user,
            because=typed(request, "because"),
        )  # fmt: skip
        return _("{number} waits for another person.").format(number=row.number)

    return _tried(request, found, act)


@require_POST
@seen_by(_SEEN)
def item_act(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Accept, refuse or take back; what stands against it is said in words."""
    row = ReconcilingItem.objects.select_related("break_row__entity", "break_row__found_in").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such item."))
    return _tried(request, row.break_row, lambda user: _ACTS[do](row, user, typed(request, "because")))


def _accept(row: ReconcilingItem, user: AbstractUser, because: str) -> str:
    reconciling_items.accept(row.pk, user=user, because=because)
    said = _("{number} is accepted.").format(number=row.number)
    return f"{said} {compared_again(row.break_row.control, row.break_row.entity)}"


def _refuse(row: ReconcilingItem, user: AbstractUser, because: str) -> str:
    reconciling_items.refuse(row.pk, user=user, because=because)
    return _("{number} is refused; its proposer reads why.").format(number=row.number)


def _withdraw(row: ReconcilingItem, user: AbstractUser, because: str) -> str:
    reconciling_items.withdraw(row.pk, user=user)
    said = _("{number} is taken back.").format(number=row.number)
    return f"{said} {compared_again(row.break_row.control, row.break_row.entity)}"


_ACTS: dict[str, Callable[[ReconcilingItem, AbstractUser, str], str]] = {
    "accept": _accept,
    "refuse": _refuse,
    "withdraw": _withdraw,
}
ACTS = "|".join(_ACTS)


def _tried(request: HttpRequest, found: Break, act: Callable[[AbstractUser], str]) -> HttpResponse:
    try:
        messages.success(request, act(cast(AbstractUser, request.user)))
    except (Refused, CannotAccept) as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(
        f"{figures_controls.link_of(found.control, found.entity, found.found_in.business_date)}#break-{found.pk}"
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
