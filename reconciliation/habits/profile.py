"""How the portal looks and is worked for one person. Their session knows it, so that no page asks the database for it.

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

#: columns a session keeps under the same names, and what stands in them for who chose nothing
_KEPT: dict[str, Any] = {"zone": "UTC", "language": "", "times": Profile.Times.MOMENT.value, "keys": {}}
#: names a computer uses for its own purposes, and that say nothing to people
_INTERNAL = ("Etc/", "SystemV/", "posix/", "right/", "localtime", "posixrules", "Factory")


class UnknownZone(ValueError):
    """There is no such zone; the message says what would be right."""


class NotChosen(ValueError):
    """Something that cannot be chosen; the message says what would be right."""


def kept(request: HttpRequest, name: str) -> Any:
    """What who asks chose of their profile; a session from before there was such a choice asks once per page."""
    found = request.session.get(name)
    return _chosen_by(request.user)[name] if found is None else found


def keep(request: HttpRequest, **chosen: Any) -> Profile:
    """From now on this counts for who asks, who checked it before."""
    user = person_of(cast(AbstractUser, request.user))
    row, _made = Profile.objects.update_or_create(user=user, defaults=chosen)
    request.session.update(chosen)
    return row


def _chosen_by(user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    found = Profile.objects.filter(user=user.pk).values(*_KEPT).first() if user.pk else None
    return found or _KEPT


@receiver(user_logged_in)
def _remember(request: HttpRequest, user: AbstractUser, **_values: Any) -> None:
    request.session.update(_chosen_by(user))


# -- the zone -----------------------------------------------------------------------------------------
def zone_of(request: HttpRequest) -> ZoneInfo:
    """The zone of who asks; UTC for who chose none, and where this machine no longer knows it."""
    return zone_named(kept(request, "zone"))


def zone_for(user: AbstractUser) -> ZoneInfo:
    """The zone of anybody, whoever asks."""
    return zone_named(_chosen_by(user)["zone"])


def zone_named(name: str) -> ZoneInfo:
    """The zone of this name; UTC where this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zones() -> list[str]:
    """Every zone people may choose, by name."""
    return sorted(name for name in available_timezones() if not name.startswith(_INTERNAL))


def choose_zone(request: HttpRequest, name: str) -> Profile:
    """From now on the times of who asks stand in this zone. Raises UnknownZone."""
    if name not in zones():
        raise UnknownZone(_("There is no such time zone. Choose one of the list, such as Europe/Berlin."))
    return keep(request, zone=name)


# -- how times are shown, and single keys -------------------------------------------------------------
def choose_times(request: HttpRequest, how: str) -> Profile:
    """Times that stand for themselves are a moment, or how long ago it was. Raises NotChosen."""
    if how not in Profile.Times.values:
        raise NotChosen(_("Choose one of the list."))
    return keep(request, times=how)


#: single keys of the desk, as keys.js has them; what each does stands there
KEYS = "jkoxXvunisacp?"
#: keys that are somebody else's: the portal's ways (g), the sidebar's search (t) and the search of lists (/)
TAKEN = "gt/"


def choose_keys(request: HttpRequest, chosen: dict[str, str]) -> Profile:
    """The portal's key -> the person's own for the same; what is not named stays. Raises NotChosen."""
    unknown = sorted(set(chosen) - set(KEYS))
    if unknown:
        raise NotChosen(_("There is no key “{key}” to change.").format(key=unknown[0][:20]))
    for own in chosen.values():
        if len(own) != 1 or not own.isprintable() or own.isspace():
            raise NotChosen(_("“{key}” is not one key. Give a single letter, digit or sign.").format(key=own[:20]))
        if own in TAKEN:
            raise NotChosen(_("“{key}” means something else everywhere. Choose another.").format(key=own))
    in_force = [chosen.get(key, key) for key in KEYS]
    twice = sorted(own for own in set(in_force) if in_force.count(own) > 1)
    if twice:
        raise NotChosen(_("“{key}” stands for two things. Give each a key of its own.").format(key=twice[0]))
    return keep(request, keys={key: own for key, own in chosen.items() if own != key})
