"""Whose the open cases are by the ownership rules: a rule tried before it is saved, and the rules asked again.

A case keeps the team it was given when it opened. Rules that changed since are asked of it again only on request, and
never over a person's word: what somebody handed to another team stays with it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from reconciliation import figures
from reconciliation.approvals import Changed, Refused
from reconciliation.habits import acting, handing
from reconciliation.habits.languages import money_of_each
from reconciliation.models import CaseAct, ExceptionCase, OwnershipRule, Problem, Snooze
from reconciliation.routing import Rules
from reconciliation.teams import Team
from sync import bulk, clock, journal

#: permission to move cases, as to change a rule
MAY_MOVE = "reconciliation.change_ownershiprule"
#: what the journal calls it
MOVED = "case moved by the rules"
#: cases named of each move; the rest is counted
SHOWN = 5
#: cases moved in one go, and locked at a time
MOST, BLOCK = 5_000, 500


@dataclass(kw_only=True)
class Move:
    """Open cases that would be another team's."""

    source: Team
    target: Team
    #: numbers of their rows, the first due first
    pks: list[int] = field(default_factory=list)
    sums: dict[str, Decimal] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.pks)

    @property
    def money(self) -> list[str]:
        """Per currency, amounts added up without their signs."""
        return money_of_each(self.sums)

    @property
    def shown(self) -> list[ExceptionCase]:
        """Some of them, to look at."""
        found = ExceptionCase.objects.select_related("problem").in_bulk(self.pks[:SHOWN])
        return [found[pk] for pk in self.pks[:SHOWN] if pk in found]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What asking the rules again has done."""

    count: int
    #: worked on at that moment, or changed since the page was read
    left: int


def tried(draft: OwnershipRule, *, instead_of: int | None = None) -> list[Move]:
    """Which open cases the rules would give to another team with this one, saved or not, than without it."""
    now, then = Rules(), Rules()
    others = [one for one in then.rules if one.pk != instead_of]
    # among rules of one place the newest comes last
    then.rules = sorted([*others, *([draft] if draft.is_active else [])], key=lambda one: one.place)
    return _moves((case, _by(now, case), _by(then, case)) for case in _cases())


def elsewhere() -> list[Move]:
    """Open cases that are another team's than the rules of today say."""
    rules = Rules()
    return _moves((case, Team(case.team), _by(rules, case)) for case in _cases())


def print_of(moves: Sequence[Move]) -> str:
    """What a page of moves is known by: every case and where it would go."""
    lines = [f"{pk} {move.target}" for move in moves for pk in move.pks]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def ask_again(*, user: AbstractUser, sha256: str) -> Moved:
    """Give open cases to the team the rules say, as shown; the first `MOST` of them. Raises Refused, Changed."""
    if not user.has_perm(MAY_MOVE):
        raise Refused(_("Your role can look at the rules but not move cases by them."))
    moves = elsewhere()
    if print_of(moves) != sha256:
        raise Changed(_("Cases or rules changed since you opened this page. Look at the list again."))
    wanted = [(pk, move) for move in moves for pk in move.pks][:MOST]
    count = 0
    for start in range(0, len(wanted), BLOCK):
        count += _give(dict(wanted[start : start + BLOCK]), user=user)
    return Moved(count=count, left=len(wanted) - count)


def _cases() -> Iterator[Any]:
    """What rules look at of each open case nobody handed to another team, the first due first."""
    acts = CaseAct.objects.filter(case__status="open", action=handing.HANDED, reversed_at=None)
    handed = {act.case_id for act in acts if act.before.get("team") != act.after.get("team")}
    rows = figures.open_cases().order_by("due_at", "pk").values_list(
        *("pk", "team", "reason", "entity_id", "problem__system", "customer_name", "amount", "currency"), named=True
    )  # fmt: skip
    return (row for row in rows.iterator(5_000) if row.pk not in handed)


def _by(rules: Rules, case: Any) -> Team:
    return rules.team(
        reason=case.reason,
        entity_id=case.entity_id,
        system=case.problem__system,
        customer_name=case.customer_name,
        amount=case.amount,
    )


def _moves(judged: Iterator[tuple[Any, Team, Team]]) -> list[Move]:
    found: dict[tuple[Team, Team], Move] = {}
    for case, source, target in judged:
        if source == target:
            continue
        move = found.setdefault((source, target), Move(source=source, target=target))
        move.pks.append(case.pk)
        if case.amount is not None:
            move.sums[case.currency] = move.sums.get(case.currency, Decimal(0)) + abs(case.amount)
    return sorted(found.values(), key=lambda move: (-move.count, move.source, move.target))


def _give(wanted: dict[int, Move], *, user: AbstractUser) -> int:
    """Move these cases; those that somebody works on, or that changed hands meanwhile, stay. How many moved."""
    with transaction.atomic():
        now = clock.now()
        rows = ExceptionCase.objects.select_for_update(of=("self",)).filter(pk__in=wanted, status="open")
        moving = [
            case
            for case in rows.order_by("pk")
            if case.team == wanted[case.pk].source and not (case.claimed_until and case.claimed_until > now)
        ]
        put_off = Snooze.objects.filter(acting.sleeping(F("case__occurrences")), ended_at=None, case__in=moving)
        asleep = dict(put_off.values_list("case_id", "pk"))
        facts, acts = [], []
        for case in moving:
            before = {"team": case.team, "assignee": case.assignee_id, "snooze": asleep.get(case.pk)}
            source = case.get_team_display()
            case.team, case.assignee, case.claimed_until = wanted[case.pk].target, None, None
            case.version += 1
            text = (
                f"{user} asked the ownership rules again: {case.number} goes from {source} to {Team(case.team).label}."
            )
            facts.append(acting.fact(MOVED, case, user, text))
            now_stands = {**before, "team": case.team, "assignee": None}
            acts.append(acting.act(MOVED, case, user, text, was=before, now=now_stands))
        bulk.update(moving, ["team", "assignee", "claimed_until", "version"])
        CaseAct.objects.bulk_create(acts)
        journal.note(facts)
        _follow({case.problem_id for case in moving})
    return len(moving)


def _follow(problems: set[int]) -> None:
    """A problem is the team's that has all of its open cases."""
    for team in Team:
        theirs = ExceptionCase.objects.filter(problem=OuterRef("pk"), status="open")
        rows = Problem.objects.filter(Exists(theirs.filter(team=team)), ~Exists(theirs.exclude(team=team)))
        rows.filter(pk__in=problems).exclude(team=team).update(team=team)
