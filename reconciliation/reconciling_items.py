"""Reconciling items: what an open break is and until when, proposed by one person and accepted by another.

An accepted item closes the break's case; the difference stays in the register until the sides agree. Over another
amount, or after its day, it is an exception again with a case of its own.
"""

from datetime import date

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from reconciliation import cases
from reconciliation.approvals import APPROVE, ASK, Refused, holds
from reconciliation.models import Break, ExceptionCase, ReconcilingItem
from reconciliation.second_person import why_not_decide
from reconciliation.who import person_of
from sync import clock, journal
from sync.money_text import money

LIVE = (ReconcilingItem.Status.PROPOSED, ReconcilingItem.Status.ACCEPTED)


class CannotAccept(ValueError):
    """This break cannot be accepted that way; the message says why."""


def propose(break_id: int, *, kind: str, expected_on: date | None, user: AbstractUser, because: str) -> ReconcilingItem:
    """Say what a break is, for another person to accept. Raises Refused, CannotAccept."""
    if not holds(user, ASK["money"]):
        raise Refused("Your role may not propose reconciling items. Hand it to finance.")
    if kind not in ReconcilingItem.Kind.values:
        raise CannotAccept("Choose what kind of difference it is.")
    if not because.strip():
        raise CannotAccept("Say why; the second person reads it.")
    with transaction.atomic():
        found = Break.objects.select_for_update(of=("self",)).select_related("entity").get(pk=break_id)
        if found.healed_at:
            raise CannotAccept("Both sides agree by now; there is nothing to accept.")
        clears, today = kind in ReconcilingItem.CLEARS, clock.business_date(found.entity)
        if clears and (expected_on is None or expected_on < today):
            raise CannotAccept(f"Say by when it clears: a day from {today:%Y-%m-%d} on.")
        try:
            with transaction.atomic():
                row = ReconcilingItem.objects.create(
                    break_row=found,
                    kind=kind,
                    amount=found.difference,
                    currency=found.currency,
                    # what stays for good has no day on which it clears
                    expected_on=expected_on if clears else None,
                    asked_by=person_of(user),
                    asked_at=clock.now(),
                    asked_because=because.strip()[:400],
                )
        except IntegrityError as error:
            raise CannotAccept("Somebody has proposed this already.") from error
        _note("item proposed", row, user, f"{user} proposes {row.number}, {row.get_kind_display().lower()}")
        return row


def accept(item_id: int, *, user: AbstractUser, because: str = "") -> ReconcilingItem:
    """The second person's yes: the case closes as accepted. Raises Refused, CannotAccept."""
    with transaction.atomic():
        row = _decidable(item_id, user)
        found = row.break_row
        if found.healed_at or found.difference != row.amount:
            raise CannotAccept("The difference is another one by now. Send it back.")
        row.status, row.decided_by, row.decided_at = ReconcilingItem.Status.ACCEPTED, person_of(user), clock.now()
        row.decided_because = because.strip()[:400]
        row.save()
        _note("item accepted", row, user, f"{user} accepts {row.number}")
        open_cases = ExceptionCase.objects.filter(break_row=found, status=ExceptionCase.Status.OPEN)
        until = f", until {row.expected_on:%d %b %Y}" if row.expected_on else ""
        note = f"Accepted: {row.get_kind_display().lower()}{until}"
        cases.close(list(open_cases), note=note, user=person_of(user), resolution=ExceptionCase.Resolution.ACCEPTED)
        return row


def refuse(item_id: int, *, user: AbstractUser, because: str) -> ReconcilingItem:
    """The second person's no, with a reason. Raises Refused, CannotAccept."""
    if not because.strip():
        raise CannotAccept("Say why you refuse; the proposer reads it.")
    with transaction.atomic():
        row = _decidable(item_id, user)
        row.status, row.decided_by, row.decided_at = ReconcilingItem.Status.REFUSED, person_of(user), clock.now()
        row.decided_because = because.strip()[:400]
        row.save()
        _note("item refused", row, user, f"{user} refuses {row.number}: {row.decided_because}")
        return row


def withdraw(item_id: int, *, user: AbstractUser) -> ReconcilingItem:
    """Take one's own proposal back, or an accepted item: what was accepted is an exception again. Raises Refused,
    CannotAccept.
    """
    with transaction.atomic():
        row = _locked(item_id)
        if row.status not in LIVE:
            raise CannotAccept("This item is over already.")
        if row.status == ReconcilingItem.Status.PROPOSED and row.asked_by_id != user.pk:
            raise Refused("Only the person who proposed it can take it back.")
        if not holds(user, ASK["money"]):
            raise Refused("Your role may not take reconciling items back.")
        row.status, row.ended_at, row.ended_because = ReconcilingItem.Status.ENDED, clock.now(), "Taken back"
        row.save()
        _note("item taken back", row, user, f"{user} takes {row.number} back")
        return row


def why_not(row: ReconcilingItem, user: AbstractUser) -> str:
    """Why this person may not decide it; empty when they may."""
    return why_not_decide(user, asked_by=row.asked_by_id, did="proposed")


def waiting_for(user: AbstractUser) -> QuerySet[ReconcilingItem]:
    """Proposed items this person did not propose."""
    return ReconcilingItem.objects.filter(status=ReconcilingItem.Status.PROPOSED).exclude(asked_by=user)


def to_decide(user: AbstractUser) -> list[ReconcilingItem]:
    """Proposed items that wait for this person."""
    if not holds(user, APPROVE["money"]):
        return []
    return list(waiting_for(user).select_related("break_row__entity", "break_row__found_in", "asked_by"))


def _decidable(item_id: int, user: AbstractUser) -> ReconcilingItem:
    row = _locked(item_id)
    if row.status != ReconcilingItem.Status.PROPOSED:
        raise CannotAccept("This item does not wait for a decision any more.")
    if reason := why_not(row, user):
        raise Refused(reason)
    return row


def _locked(item_id: int) -> ReconcilingItem:
    return ReconcilingItem.objects.select_for_update(of=("self",)).select_related("break_row").get(pk=item_id)


def _note(action: str, row: ReconcilingItem, user: AbstractUser, words: str) -> None:
    found = row.break_row
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind="reconciling item",
                object_key=row.number,
                user=person_of(user),
                text=f"{words}: {found.label}, {money(row.amount, row.currency)}."[:400],
                details={"break": found.pk, "control": found.control, "reference": found.reference},
            )
        ]
    )
