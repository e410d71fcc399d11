"""Who can be told: people who sign in and have an address, and rooms, by team and by what they may decide."""

from collections import defaultdict
from collections.abc import Mapping

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet

from reconciliation import figures
from reconciliation.habits import mentions
from reconciliation.models import NoticeRoom
from reconciliation.teams import Team
from reconciliation.who import holders


def reachable() -> QuerySet[User]:
    """Everybody who signs in here and has an address."""
    return User.objects.filter(is_active=True, is_staff=True).exclude(email="").order_by("pk")


def readers() -> QuerySet[User]:
    """Those of them who may see cases."""
    return mentions.readers().exclude(email="").order_by("pk")


def by_team() -> Mapping[Team, list[User]]:
    """The people of each team, by role."""
    found: dict[Team, list[User]] = defaultdict(list)
    for person in reachable().prefetch_related("groups"):
        roles = {group.name for group in person.groups.all()}
        for team in {figures.TEAM_OF_ROLE[role] for role in roles & set(figures.TEAM_OF_ROLE)}:
            found[team].append(person)
    return found


def who_may(permission: str) -> list[User]:
    """Those with this permission of the desk who have an address."""
    return list(holders(permission).exclude(email="").order_by("pk"))


def rooms_by_team() -> Mapping[Team, list[NoticeRoom]]:
    """The rooms of each team that are told anything."""
    found: dict[Team, list[NoticeRoom]] = defaultdict(list)
    for room in NoticeRoom.objects.filter(is_on=True):
        found[Team(room.team)].append(room)
    return found


def listeners_by_team() -> Mapping[Team, list[User | NoticeRoom]]:
    """The people and the rooms of each team."""
    people, rooms = by_team(), rooms_by_team()
    return {team: [*people.get(team, ()), *rooms.get(team, ())] for team in Team}


def rooms_where_may(permission: str) -> list[NoticeRoom]:
    """Rooms of the teams in which a role holds this permission of the desk."""
    through = {"permissions__content_type__app_label": "reconciliation", "permissions__codename": permission}
    roles = Group.objects.filter(**through).values_list("name", flat=True)
    teams = {figures.TEAM_OF_ROLE[role] for role in roles if role in figures.TEAM_OF_ROLE}
    rooms = rooms_by_team()
    return [room for team in Team if team in teams for room in rooms.get(team, ())]
