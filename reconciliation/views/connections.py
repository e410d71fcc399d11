"""The connections page: how each system is doing; test, pause, resume."""

from typing import cast

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.contrib.auth.models import AbstractUser, Permission
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connectors.errors import ConnectorError, Misconfigured
from reconciliation import approvals, figures_connections
from reconciliation.teams import Team
from reconciliation.views.page import page, refused, seen_by
from sync import connections as carrying
from sync import journal
from sync.models import Connection


@require_safe
@seen_by("sync.view_connection")
def connections(request: HttpRequest) -> HttpResponse:
    """Every connection with its state in words."""
    return page(
        request,
        "portal/connections.html",
        title=_("Connections"),
        cards=figures_connections.all_connections(),
        may_operate=may_operate(cast(AbstractUser, request.user)),
        may_edit=request.user.has_perm("sync.change_connection"),
    )


def may_operate(user: AbstractUser) -> bool:
    """Integration support, or who may change connections, through a role; a superuser's implied rights do not count."""
    if not user.is_active or user.is_superuser:
        return False
    if approvals.holds(user, "work_cases") and user.groups.filter(name=Team.INTEGRATION.label).exists():
        return True
    return Permission.objects.filter(
        content_type__app_label="sync", codename="change_connection", group__user=user.pk
    ).exists()


@require_POST
@seen_by("sync.view_connection")
def connection_act(request: HttpRequest, code: str, do: str) -> HttpResponse:
    """Test, pause or resume one connection; the journal says who did."""
    row = Connection.objects.filter(code=code).first()
    if row is None:
        raise Http404(_("There is no such connection."))
    user = cast(AbstractUser, request.user)
    if not may_operate(user):
        return refused(
            request,
            _("Your role can look at connections. Integration support or a configuration admin may act on them."),
        )
    {"test": _test, "pause": _pause, "resume": _resume}[do](request, row, user)
    return HttpResponseRedirect(f"{reverse('desk:connections')}#{row.code}")


def _test(request: HttpRequest, row: Connection, user: AbstractUser) -> None:
    try:
        answer = carrying.connector_for(row).check()
    except (ConnectorError, InvalidToken, LookupError, ValueError, TypeError) as error:
        text = getattr(error, "text", "") or str(error)
        carrying.note_outcome(row, worked=0, failed=1, text=text)
        said = (
            _(
                "{connection} did not answer as it should. Check the sign-in and the address in its set-up."
                " The system's own words are on its card."
            )
            if isinstance(error, Misconfigured)
            else _(
                "{connection} did not answer as it should. Try again in a minute."
                " The system's own words are on its card."
            )
        )
        messages.error(request, said.format(connection=row.label))
        _note(row, user, "connection tested", f"{user} tested {row.label}: it failed.")
        return
    carrying.note_outcome(row, worked=1, failed=0)
    messages.success(request, _("{connection} works. {answer}").format(connection=row.label, answer=answer))
    _note(row, user, "connection tested", f"{user} tested {row.label}: it works.")


def _pause(request: HttpRequest, row: Connection, user: AbstractUser) -> None:
    because = request.POST.get("because", "").strip()[:300]
    if not because:
        messages.error(request, _("Say why you pause it; the next person reads it."))
        return
    carrying.pause(
        row, reason=figures_connections.PAUSED_BY_HAND, text=f"Paused by {user.get_full_name() or user}: {because}"
    )
    _note(row, user, "connection paused", f"{user} paused {row.label}: {because}")
    said = _("{connection} is paused. Work for it waits, and nothing is lost.")
    messages.success(request, said.format(connection=row.label))


def _resume(request: HttpRequest, row: Connection, user: AbstractUser) -> None:
    carrying.resume(row, note=f"Resumed by {user.get_full_name() or user}", user=user)
    _note(row, user, "connection resumed", f"{user} resumed {row.label}.")
    messages.success(request, _("{connection} runs again; what waited goes out now.").format(connection=row.label))


def _note(row: Connection, user: AbstractUser, action: str, text: str) -> None:
    journal.note([journal.Fact(action=action, object_kind="connection", object_key=row.code, user=user, text=text)])
