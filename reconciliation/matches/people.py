"""Matches people make: one puts documents together and says why, another approves; taking apart is the same."""

from collections.abc import Sequence
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from reconciliation import matching
from reconciliation.approvals import APPROVE, ASK, Refused, holds
from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.matches import cascade, keeping
from reconciliation.matches.cascade import Member
from reconciliation.models import Match, MatchMember
from reconciliation.models.controls import Side
from reconciliation.second_person import why_not_decide
from reconciliation.who import person_of
from sync import clock, journal
from sync.models import LegalEntity
from sync.money_text import money


class CannotMatch(ValueError):
    """These documents cannot be put together, or taken apart, that way; the message says why."""


def propose(
    control: Control, *, entity: LegalEntity, references: Sequence[str], user: AbstractUser, because: str
) -> Match:
    """Put documents together that differ now, for another person to approve.

    Raises Refused where the role may not; CannotMatch where a document agrees by now, is in another match, or where
    the two sides do not come to the same sum.
    """
    _may_ask(user)
    said = _said(because)
    with transaction.atomic():
        members = _standing_alone(control, entity, references)
        _comes_to_nothing(members)
        return _propose(control, entity, members, user=user, because=said)


def take_up(match_id: int, *, user: AbstractUser, because: str) -> Match:
    """Ask for a second person's yes to what a rule suggested. Raises Refused, CannotMatch."""
    _may_ask(user)
    said = _said(because)
    with transaction.atomic():
        row = _locked(match_id, Match.Status.SUGGESTED, "This is no suggestion any more; look again.")
        members = _standing_alone(CONTROLS[row.control], row.entity, [one.reference for one in row.members.all()])
        if cascade.sha256_of(members) != row.sha256:
            raise CannotMatch("These documents have changed since they were suggested. Ask the control again.")
        _comes_to_nothing(members)
        row.by, row.status = Match.PEOPLE, Match.Status.PROPOSED
        row.asked_by, row.asked_at, row.asked_because = person_of(user), clock.now(), said
        row.save()
        _take(row, True)
        journal.note(
            [keeping.fact("match proposed", row, f"{user} takes up {row.number}: {said}", user=person_of(user))]
        )
        return row


def approve(match_id: int, *, user: AbstractUser, because: str = "") -> Match:
    """The second person's yes: from the next comparison on these documents are matched. Raises Refused, CannotMatch."""
    with transaction.atomic():
        row = _locked(match_id, Match.Status.PROPOSED, "This match does not wait for approval any more.")
        _may_decide(user, row.asked_by_id)
        members = _standing_alone(
            CONTROLS[row.control], row.entity, [one.reference for one in row.members.all()], mine=row
        )
        if cascade.sha256_of(members) != row.sha256:
            raise CannotMatch("These documents have changed since they were put together. Send it back.")
        row.status, row.decided_by, row.decided_at = Match.Status.IN_FORCE, person_of(user), clock.now()
        row.decided_because = because[:400]
        row.save()
        journal.note([keeping.fact("match approved", row, f"{user} approved {row.number}.", user=person_of(user))])
        return row


def refuse(match_id: int, *, user: AbstractUser, because: str) -> Match:
    """No to what somebody proposed, or to a suggestion: the same documents are not suggested again. Raises Refused,
    CannotMatch.
    """
    said = _said(because)
    with transaction.atomic():
        row = Match.objects.select_for_update(of=("self",)).get(pk=match_id)
        if row.status == Match.Status.SUGGESTED:
            _may_ask(user)
        elif row.status == Match.Status.PROPOSED:
            _may_decide(user, row.asked_by_id)
        else:
            raise CannotMatch("Nothing waits for a decision here.")
        row.status, row.decided_by, row.decided_at = Match.Status.REFUSED, person_of(user), clock.now()
        row.decided_because = said
        row.save()
        _take(row, False)
        journal.note([keeping.fact("match refused", row, f"{user} refused {row.number}: {said}", user=person_of(user))])
        return row


def withdraw(match_id: int, *, user: AbstractUser) -> Match:
    """Take back one's own proposal. Raises Refused, CannotMatch."""
    with transaction.atomic():
        row = _locked(match_id, Match.Status.PROPOSED, "This match does not wait any more.")
        if row.asked_by_id != user.pk:
            raise Refused("Only the person who put it together can take it back.")
        _over(row, "Taken back by who proposed it.")
        journal.note([keeping.fact("match withdrawn", row, f"{user} took back {row.number}.", user=person_of(user))])
        return row


def ask_undo(match_id: int, *, user: AbstractUser, because: str) -> Match:
    """Ask for a second person's yes to take a match apart. Raises Refused, CannotMatch."""
    _may_ask(user)
    said = _said(because)
    with transaction.atomic():
        row = _locked(match_id, Match.Status.IN_FORCE, "This match is not in force any more.")
        if row.undo_asked_by_id:
            raise CannotMatch("Taking it apart waits for a second person already.")
        row.undo_asked_by, row.undo_because = person_of(user), said
        row.save()
        text = f"{user} asks to take {row.number} apart: {said}"
        journal.note([keeping.fact("unmatching proposed", row, text, user=person_of(user))])
        return row


def undo(match_id: int, *, user: AbstractUser) -> Match:
    """The second person's yes to take a match apart: its documents are breaks again. Raises Refused, CannotMatch."""
    with transaction.atomic():
        row = _locked(match_id, Match.Status.IN_FORCE, "This match is not in force any more.")
        if not row.undo_asked_by_id:
            raise CannotMatch("Nobody has asked to take it apart.")
        _may_decide(user, row.undo_asked_by_id)
        row.ended_by = person_of(user)
        _over(row, row.undo_because)
        journal.note([keeping.fact("unmatched", row, f"{user} took {row.number} apart.", user=person_of(user))])
        return row


def keep_together(match_id: int, *, user: AbstractUser) -> Match:
    """The second person's no to taking a match apart. Raises Refused, CannotMatch."""
    with transaction.atomic():
        row = _locked(match_id, Match.Status.IN_FORCE, "This match is not in force any more.")
        if not row.undo_asked_by_id:
            raise CannotMatch("Nobody has asked to take it apart.")
        _may_decide(user, row.undo_asked_by_id)
        row.undo_asked_by, row.undo_because = None, ""
        row.save()
        journal.note([keeping.fact("match kept", row, f"{user} keeps {row.number}.", user=person_of(user))])
        return row


def why_not(row: Match, user: AbstractUser) -> str:
    """Why this person may not decide what waits here; empty when they may."""
    asked_by = row.undo_asked_by_id if row.status == Match.Status.IN_FORCE else row.asked_by_id
    return why_not_decide(user, asked_by=asked_by)


def may_ask(user: AbstractUser) -> bool:
    """Whether a person's role puts matches together."""
    return holds(user, ASK["money"])


def may_decide(user: AbstractUser) -> bool:
    """Whether a person's role approves matches."""
    return holds(user, APPROVE["money"])


def waiting_for(user: AbstractUser) -> QuerySet[Match]:
    """Proposed matches, and matches to be taken apart, that this person did not ask for."""
    proposed = Q(status=Match.Status.PROPOSED) & ~Q(asked_by=user)
    undone = Q(status=Match.Status.IN_FORCE, undo_asked_by__isnull=False) & ~Q(undo_asked_by=user)
    return Match.objects.filter(proposed | undone)


def _propose(
    control: Control, entity: LegalEntity, members: Sequence[Member], *, user: AbstractUser, because: str
) -> Match:
    now = clock.now()
    try:
        with transaction.atomic():
            row = Match.objects.create(
                control=control.name,
                entity=entity,
                by=Match.PEOPLE,
                status=Match.Status.PROPOSED,
                currency=members[0].currency,
                sha256=cascade.sha256_of(members),
                found_at=now,
                asked_by=person_of(user),
                asked_at=now,
                asked_because=because,
            )
            MatchMember.objects.bulk_create(keeping.members_of(row, members))
    except IntegrityError as error:
        raise CannotMatch("One of these documents is in another match already.") from error
    text = f"{user} puts {len(members)} documents together as {row.number}: {because}"
    journal.note([keeping.fact("match proposed", row, text, user=person_of(user))])
    return row


def _standing_alone(
    control: Control, entity: LegalEntity, references: Sequence[str], *, mine: Match | None = None
) -> list[Member]:
    """The documents by these references as both sides show them now."""
    wanted = set(references)
    with matching.compared(control, entity=entity):
        rows = {one.reference: one for one in matching.differences()}
        taken = {
            member.reference
            for met in cascade.groups()
            if (met.is_matched or met.match_id) and met.match_id != (mine.pk if mine else None)
            for member in met.members
        }
    members: list[Member] = []
    for reference in sorted(wanted):
        found = rows.get(reference)
        if found is None:
            raise CannotMatch(f"{reference} does not differ any more. Look again.")
        if reference in taken:
            raise CannotMatch(f"{found.label or reference} is in another match already.")
        members += members_of(found)
    return members


def members_of(found: matching.Difference) -> list[Member]:
    """Both sides of a difference, as documents that can be matched; each in its own currency."""
    out = []
    for side, values, currency in (
        (Side.LEFT, found.left, found.left_currency),
        (Side.RIGHT, found.right, found.right_currency),
    ):
        if values:
            out.append(
                Member(
                    side=side.value,
                    reference=found.reference,
                    external_id=values["external_id"],
                    label=found.label,
                    counterparty=found.counterparty,
                    document_date=found.document_date,
                    currency=currency,
                    gross=Decimal(values["gross"]),
                )
            )
    return out


def _comes_to_nothing(members: Sequence[Member]) -> None:
    if len(members) < 2:
        raise CannotMatch("Choose at least two documents.")
    currencies = sorted({one.currency for one in members})
    if len(currencies) > 1:
        raise CannotMatch(
            f"These documents are in {' and '.join(currencies)}; only one currency can be matched by hand."
        )
    left, right = (
        sum((one.gross for one in members if one.side == side), Decimal(0)) for side in (Side.LEFT, Side.RIGHT)
    )
    if left != right:
        one, other, gap = (money(value, currencies[0]) for value in (left, right, left - right))
        raise CannotMatch(f"Left comes to {one}, right to {other}: {gap} is left over. Both sides must be equal.")


def _locked(match_id: int, status: str, otherwise: str) -> Match:
    row = Match.objects.select_for_update(of=("self",)).get(pk=match_id)
    if row.status != status:
        raise CannotMatch(otherwise)
    return row


def _take(row: Match, is_taken: bool) -> None:
    try:
        with transaction.atomic():
            row.members.update(is_taken=is_taken)
    except IntegrityError as error:
        raise CannotMatch("One of these documents is in another match already.") from error


def _over(row: Match, because: str) -> None:
    row.status, row.ended_at, row.ended_because = Match.Status.ENDED, clock.now(), because
    row.save()
    _take(row, False)


def _may_ask(user: AbstractUser) -> None:
    if not may_ask(user):
        raise Refused("Your role may not put documents together. Hand it to finance.")


def _may_decide(user: AbstractUser, asked_by: int | None) -> None:
    if reason := why_not_decide(user, asked_by=asked_by):
        raise Refused(reason)


def _said(because: str) -> str:
    if not because.strip():
        raise CannotMatch("Say why; the second person reads it.")
    return because.strip()[:400]
