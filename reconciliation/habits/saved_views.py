"""Views of the queue people come back to: some everybody starts with, and those they save, for themselves or others."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reconciliation import figures
from reconciliation.habits.languages import spoken, within
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
    (gettext_lazy("Taken by me"), "?mine=1"),
    (gettext_lazy("Taken by nobody"), "?owner=nobody"),
    (gettext_lazy("Late"), "?due=late"),
    (gettext_lazy("Due today"), "?due=today"),
    (gettext_lazy("10,000 and more"), "?amount=10000&view=cases&sort=amount"),
    (gettext_lazy("Came back"), "?state=regressed"),
    (pgettext_lazy("a view", "Put off"), "?state=snoozed&view=cases"),
    (gettext_lazy("Back from being put off"), "?state=back&view=cases"),
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
    #: number of the saved view; none of what everybody starts with
    pk: int | None = None
    #: the reader saved it, and may delete it
    is_mine: bool = False


def shown(user: AbstractUser) -> QuerySet[SavedView]:
    """The saved views a person sees: their own, and those others share with them."""
    teams = [team.value for team in figures.teams_of(user)]
    shared = Q(scope=SavedView.Scope.EVERYONE) | Q(scope=SavedView.Scope.TEAM, team__in=teams)
    return SavedView.objects.filter(Q(owner=user.pk) | shared)


def views_of(user: AbstractUser) -> list[View]:
    """What everybody starts with, then the person's own, then those others share with them."""
    rows = shown(user).select_related("owner")
    found = [View(name=str(name), query=query) for name, query in DEFAULTS]
    for row in sorted(rows, key=lambda row: (row.owner_id != user.pk, row.name.casefold())):
        mine = row.owner_id == user.pk
        found.append(View(name=row.name, query=row.query, by=_by(row, mine=mine), pk=row.pk, is_mine=mine))
    return found


def _by(row: SavedView, *, mine: bool) -> str:
    """Whose a view is and whom it is for."""
    if row.scope == SavedView.Scope.TEAM:
        team = spoken(row.get_team_display())
        return team if mine else _("{owner}, for {team}").format(owner=full_name(row.owner), team=within(team))
    if mine:
        return _("Everyone") if row.scope == SavedView.Scope.EVERYONE else _("Only me")
    return _("{owner}, for everyone").format(owner=full_name(row.owner))


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
        raise NotSaved(_("Give the view a name."))
    if scope not in SavedView.Scope.values:
        raise NotSaved(_("Choose who sees it: only me, my team or everyone."))
    if not filters and filters.sort == "due" and not filters.flat:
        raise NotSaved(_("Nothing is chosen; narrow or order the queue first, then save that."))
    teams = figures.teams_of(user)
    if scope == SavedView.Scope.TEAM and not teams:
        raise NotSaved(_("You belong to no team; save it for yourself or for everyone."))
    if SavedView.objects.filter(owner=user).count() >= MOST_SAVED:
        raise NotSaved(_("You have {most} views; delete one first.").format(most=MOST_SAVED))
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
        raise NotSaved(_("You have a view called {name} already.").format(name=name)) from error


def delete(pk: int, *, user: AbstractUser) -> str:
    """Delete one's own view; its name. Raises NotSaved."""
    row = SavedView.objects.filter(pk=pk, owner=user).first()
    if row is None:
        raise NotSaved(_("Only the person who saved a view deletes it."))
    row.delete()
    return row.name
