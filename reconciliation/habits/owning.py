"""Whose the open cases are by the ownership rules: a rule tried before it is saved, and the rules asked again.

A case keeps the team it was given when it opened. Rules that changed since are asked of it again only on request, and
never over a person's word: what somebody handed to another team stays with it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from reconciliation import figures
from reconciliation.approvals import Changed, Refused
from reconciliation.habits import acting
from reconciliation.habits.languages import money
from reconciliation.models import CaseAct, ExceptionCase, OwnershipRule, Problem, Snooze
from reconciliation.routing import Rules
from reconciliation.teams import Team
from reconciliation.who import person_of
from sync import bulk, clock, journal

#: permission to move cases, as to change a rule
MAY_MOVE = "reconciliation.change_ownershiprule"
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
        return [money(total, currency) for currency, total in sorted(self.sums.items())]

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


@dataclass(frozen=True, kw_only=True)
class _Open:
    """What rules look at, of one open case."""

    pk: int
    team: Team
    reason: str
    entity_id: int | None
    system: str
    customer_name: str
    amount: Decimal | None
    currency: str

    def by(self, rules: Rules) -> Team:
        return rules.team(
            reason=self.reason,
            entity_id=self.entity_id,
            system=self.system,
            customer_name=self.customer_name,
            amount=self.amount,
        )


def tried(draft: OwnershipRule, *, instead_of: int | None = None) -> list[Move]:
    """Which open cases the rules would give to another team with this one, saved or not, than without it."""
    now, then = Rules(), Rules()
    others = [one for one in then.rules if one.pk != instead_of]
    # among rules of one place the newest comes last
    then.rules = sorted([*others, *([draft] if draft.is_active else [])], key=lambda one: one.place)
    return _moves((case, case.by(now), case.by(then)) for case in _cases())


def elsewhere() -> list[Move]:
    """Open cases that are another team's than the rules of today say."""
    rules = Rules()
    return _moves((case, case.team, case.by(rules)) for case in _cases())


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


def _cases() -> Iterator[_Open]:
    """Open cases nobody handed to another team, the first due first."""
    handed = {
        act.case_id
        for act in CaseAct.objects.filter(case__status="open", action="case handed over", reversed_at=None)
        if act.before.get("team") != act.after.get("team")
    }
    rows = figures.open_cases().order_by("due_at", "pk").values_list(
        *("pk", "team", "reason", "entity_id", "problem__system", "customer_name", "amount", "currency")
    )  # fmt: skip
    for pk, team, reason, entity_id, system, customer_name, amount, currency in rows.iterator(5_000):
        if pk not in handed:
            yield _Open(
                pk=pk,
                team=Team(team),
                reason=reason,
                entity_id=entity_id,
                system=system,
                customer_name=customer_name,
                amount=amount,
                currency=currency,
            )


def _moves(judged: Iterator[tuple[_Open, Team, Team]]) -> list[Move]:
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
            facts.append(
                journal.Fact(
                    action="case moved by the rules",
                    object_kind="case",
                    object_key=case.number,
                    correlation_id=case.correlation_id,
                    user=person_of(user),
                    text=text[:400],
                )
            )
            acts.append(
                CaseAct(
                    case=case,
                    action="case moved by the rules",
                    text=text[:400],
                    by=person_of(user),
                    at=now,
                    before=before,
                    after={**before, "team": case.team, "assignee": None},
                )
            )
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
