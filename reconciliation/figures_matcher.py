"""What the matching page of a control shows: what differs on each side, suggestions, what waits, what is matched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import AbstractUser

from reconciliation import matching, reconciling_items
from reconciliation.approvals import APPROVE
from reconciliation.controls.control import Control
from reconciliation.habits import titles
from reconciliation.habits.languages import money
from reconciliation.matches import people
from reconciliation.models import ControlRun, Match, MatchMember
from reconciliation.models.controls import Side
from sync.models import LegalEntity
from sync.money_text import plain

#: documents a side lists, and matches; a search reaches all
MOST = 200


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A document that can be chosen: what it comes to on the left less what it comes to on the right."""

    reference: str
    label: str
    counterparty: str
    day: date
    #: as people read it, and as a plain number for the sum on the page
    amount: str
    gap: str
    currency: str
    what: str
    case: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A match with its documents, side by side."""

    row: Match
    left: Sequence[tuple[MatchMember, str]]
    right: Sequence[tuple[MatchMember, str]]
    difference: str
    #: why the person looking may not decide it; empty where they may
    why_not: str
    #: whose own it is: the asker may take it back
    is_own: bool


@dataclass(kw_only=True)
class Matcher:
    """Everything on the page."""

    left: list[Choice] = field(default_factory=list)
    right: list[Choice] = field(default_factory=list)
    both: list[Choice] = field(default_factory=list)
    is_cut: bool = False
    waiting: list[Shown] = field(default_factory=list)
    suggested: list[Shown] = field(default_factory=list)
    matched: list[Shown] = field(default_factory=list)
    matched_cut: bool = False


def look(control: Control, *, entity: LegalEntity, user: AbstractUser, search: str = "") -> Matcher:
    """Of all current readings, whatever their date; `search` narrows the documents by number, reference or customer."""
    found = Matcher()
    rows = Match.objects.filter(control=control.name, entity=entity).select_related(
        "rule", "asked_by", "decided_by", "undo_asked_by"
    )
    waiting = [
        *rows.filter(status=Match.Status.PROPOSED),
        *rows.filter(status=Match.Status.IN_FORCE, undo_asked_by__isnull=False),
    ]
    found.waiting = _shown(waiting, user)
    found.suggested = _shown(list(rows.filter(status=Match.Status.SUGGESTED)[:MOST]), user)
    matched = list(rows.filter(status=Match.Status.IN_FORCE, undo_asked_by__isnull=True)[: MOST + 1])
    found.matched, found.matched_cut = _shown(matched[:MOST], user), len(matched) > MOST
    if not ControlRun.objects.filter(control=control.name, entity=entity).exists():
        return found
    taken = set(
        MatchMember.objects.filter(control=control.name, entity=entity, is_taken=True).values_list(
            "reference", flat=True
        )
    )
    with matching.compared(control, entity=entity):
        differ = [one for one in matching.differences() if one.reference not in taken and _is_meant(one, search)]
    for one in differ:
        side = found.both if one.left and one.right else found.left if one.left else found.right
        if len(side) < MOST:
            side.append(_choice(one))
        else:
            found.is_cut = True
    return found


def waiting_count(user: AbstractUser) -> int:
    """Matches and reconciling items that wait for this person; by the rights that came with the request, so that no
    page asks for them once more. Deciding asks anew.
    """
    if user.is_superuser or not user.has_perm(f"reconciliation.{APPROVE['money']}"):
        return 0
    return people.waiting_for(user).count() + reconciling_items.waiting_for(user).count()


def waiting_anywhere(user: AbstractUser) -> list[tuple[Match, str]]:
    """Matches that wait for this person, of all controls, with the title of the control."""
    rows = people.waiting_for(user).select_related("entity", "asked_by", "undo_asked_by")
    return [(row, titles.control_title(row.control)) for row in rows] if people.may_decide(user) else []


def _is_meant(one: matching.Difference, search: str) -> bool:
    words = search.casefold().split()
    text = f"{one.reference} {one.label} {one.counterparty} {one.currency} {_amount(one)}".casefold()
    return all(word in text for word in words)


def _choice(one: matching.Difference) -> Choice:
    return Choice(
        reference=one.reference,
        label=one.label or one.reference,
        counterparty=one.counterparty,
        day=one.document_date,
        amount=_amount(one),
        gap=plain(one.gap, one.currency),
        currency=one.currency,
        what=titles.reason_title(one.kind),
        case=f"EXC-{one.case_id}" if one.case_id else "",
    )


def _amount(one: matching.Difference) -> str:
    sides = (
        money(Decimal(values["gross"]), currency)
        for values, currency in ((one.left, one.left_currency), (one.right, one.right_currency))
        if values
    )
    return " / ".join(sides)


def _shown(rows: Sequence[Match], user: AbstractUser) -> list[Shown]:
    members: dict[int, list[MatchMember]] = {}
    for one in MatchMember.objects.filter(match__in=rows):
        members.setdefault(one.match_id, []).append(one)
    found = []
    for row in rows:
        sides = {
            side: [(one, money(one.gross, one.currency)) for one in members.get(row.pk, []) if one.side == side]
            for side in Side
        }
        asked_by = row.undo_asked_by_id if row.status == Match.Status.IN_FORCE else row.asked_by_id
        found.append(
            Shown(
                row=row,
                left=sides[Side.LEFT],
                right=sides[Side.RIGHT],
                difference=money(row.difference, row.currency) if row.difference else "",
                why_not=people.why_not(row, user),
                is_own=asked_by == user.pk,
            )
        )
    return found
