"""Views of the queue people come back to: some everybody starts with, and those they save, for themselves or others."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Q

from reconciliation import figures
from reconciliation.models import SavedView
from reconciliation.queue_filters import Filters
from reconciliation.teams import Team
from reconciliation.who import full_name, person_of
from sync import clock

#: a view's count stops here: nobody works off more in a day, and no page waits for a count over all cases
MOST_COUNTED = 99
MOST_SAVED = 50
#: name and address of what everybody starts with
DEFAULTS = (
    ("Taken by me", "?mine=1"),
    ("Taken by nobody", "?owner=nobody"),
    ("Late", "?due=late"),
    ("Due today", "?due=today"),
    ("10,000 and more", "?amount=10000&view=cases&sort=amount"),
    ("Came back", "?state=regressed"),
    ("Put off", "?state=snoozed&view=cases"),
    ("Back from being put off", "?state=back&view=cases"),
)


class NotSaved(ValueError):
    """A view that cannot be saved; the message says why."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A view as the queue lists it."""

    name: str
    query: str
    #: whose it is, in words; empty for what everybody starts with
    by: str = ""
    #: number of the saved view, where the reader may delete it
    own: int | None = None


def views_of(user: AbstractUser) -> list[View]:
    """What everybody starts with, then the person's own, then those others share with them."""
    teams = [team.value for team in figures.teams_of(user)]
    shared = Q(scope=SavedView.Scope.EVERYONE) | Q(scope=SavedView.Scope.TEAM, team__in=teams)
    rows = SavedView.objects.filter(Q(owner=user) | shared).select_related("owner")
    found = [View(name=name, query=query) for name, query in DEFAULTS]
    for row in sorted(rows, key=lambda row: (row.owner_id != user.pk, row.name.casefold())):
        mine = row.owner_id == user.pk
        who = row.get_team_display() if row.scope == SavedView.Scope.TEAM else row.get_scope_display()
        by = who if mine else f"{full_name(row.owner)}, for {who.lower()}"
        found.append(View(name=row.name, query=row.query, by=by, own=row.pk if mine else None))
    return found


def counts(views: Sequence[View], *, user: AbstractUser) -> list[tuple[View, str]]:
    """How many open cases are in each, up to the number that still says something."""
    found = []
    for view in views:
        rows = Filters.of(view.query).apply(figures.open_cases(), user=user)
        count = rows.order_by()[: MOST_COUNTED + 1].count()
        found.append((view, f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)))
    return found


def save(*, user: AbstractUser, name: str, scope: str, query: str) -> SavedView:
    """Keep what is chosen now under a name. Raises NotSaved."""
    name, filters = " ".join(name.split())[:60], Filters.of(query)
    if not name:
        raise NotSaved("Give the view a name.")
    if scope not in SavedView.Scope.values:
        raise NotSaved("Choose who sees it: only me, my team or everyone.")
    if not filters and filters.sort == "due" and not filters.flat:
        raise NotSaved("Nothing is chosen; narrow or order the queue first, then save that.")
    teams = figures.teams_of(user)
    if scope == SavedView.Scope.TEAM and not teams:
        raise NotSaved("You belong to no team; save it for yourself or for everyone.")
    if SavedView.objects.filter(owner=user).count() >= MOST_SAVED:
        raise NotSaved(f"You have {MOST_SAVED} views; delete one first.")
    team: Team | str = teams[0] if scope == SavedView.Scope.TEAM else ""
    try:
        with transaction.atomic():
            return SavedView.objects.create(
                owner=person_of(user),
                name=name,
                scope=scope,
                team=team,
                query=filters.address()[:500],
                saved_at=clock.now(),
            )
    except IntegrityError as error:
        raise NotSaved(f"You have a view called {name} already.") from error


def delete(pk: int, *, user: AbstractUser) -> str:
    """Delete one's own view; its name. Raises NotSaved."""
    row = SavedView.objects.filter(pk=pk, owner=user).first()
    if row is None:
        raise NotSaved("Only the person who saved a view deletes it.")
    row.delete()
    return row.name
