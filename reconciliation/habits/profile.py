"""How the portal looks for one person: the zone their times stand in.

Times are kept in UTC. Dates of accounting belong to the company whose books they are of, and are never converted.
"""

from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from reconciliation.models import Profile
from reconciliation.who import person_of

#: where a session keeps it
_KEPT = "zone"
#: names a computer uses for its own purposes, and that say nothing to people
_INTERNAL = ("Etc/", "SystemV/", "posix/", "right/", "localtime", "posixrules", "Factory")


class UnknownZone(ValueError):
    """There is no such zone; the message says what would be right."""


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The zone of who asks; UTC for who chose none, and where this machine no longer knows it.

    Their session knows it, so that no page asks the database for it.
    """
    return zone_named(request.session.get(_KEPT) or chosen_by(request.user))


def zone_named(name: str) -> ZoneInfo:
    """The zone of this name; UTC where this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def chosen_by(user: AbstractBaseUser | AnonymousUser) -> str:
    """Name of the zone somebody chose; UTC for who chose none."""
    found = Profile.objects.filter(user=user.pk).values_list("zone", flat=True).first() if user.pk else None
    return found or "UTC"


@receiver(user_logged_in)
def _remember(request: HttpRequest, user: AbstractUser, **_values: Any) -> None:
    request.session[_KEPT] = chosen_by(user)


def zones() -> list[str]:
    """Every zone people may choose, by name."""
    return sorted(name for name in available_timezones() if not name.startswith(_INTERNAL))


def choose_zone(request: HttpRequest, name: str) -> Profile:
    """From now on the times of who asks stand in this zone. Raises UnknownZone."""
    if name not in zones():
        raise UnknownZone(_("There is no such time zone. Choose one of the list, such as Europe/Berlin."))
    user = person_of(cast(AbstractUser, request.user))
    row, _made = Profile.objects.update_or_create(user=user, defaults={"zone": name})
    request.session[_KEPT] = name
    return row
