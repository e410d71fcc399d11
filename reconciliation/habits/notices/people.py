"""Who can be told: people who sign in and have an address, by team and by what they may decide."""

from collections import defaultdict
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reconciliation import figures
from reconciliation.teams import Team


def reachable() -> QuerySet[User]:
    """Everybody who signs in here and has an address."""
    return User.objects.filter(is_active=True, is_staff=True).exclude(email="").order_by("pk")


def by_team() -> Mapping[Team, list[User]]:
    """The people of each team, by role."""
    found: dict[Team, list[User]] = defaultdict(list)
    for person in reachable().prefetch_related("groups"):
        roles = {group.name for group in person.groups.all()}
        for team in {figures.TEAM_OF_ROLE[role] for role in roles & set(figures.TEAM_OF_ROLE)}:
            found[team].append(person)
    return found


def who_may(permission: str) -> list[User]:
    """People with this permission of the desk through a role; a superuser's implied rights do not count."""
    through = {
        "groups__permissions__content_type__app_label": "reconciliation",
        "groups__permissions__codename": permission,
    }
    return list(reachable().filter(**through, is_superuser=False).distinct())
