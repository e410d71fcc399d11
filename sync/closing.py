"""Closing a period from here, in two steps: first nothing new is claimed, then it is closed once nothing is under way.

A claim takes the period FOR SHARE until it commits, these take it FOR UPDATE: a posting is either claimed before the
closing began, and then waited for, or not claimed at all.
"""

from django.contrib.auth.models import User
from django.db import transaction

from sync import clock, journal
from sync.calendar import stricter
from sync.models import AccountingPeriod, Delivery
from sync.states import Condition

_State = AccountingPeriod.State


class NotNow(ValueError):
    """The period is not in the state this step begins from; the message says so, for people."""


def begin_close(period: AccountingPeriod, *, user: User | None = None) -> AccountingPeriod:
    """Open -> closing: from the moment this commits, nothing of the period is claimed any more. Raises NotNow."""
    with transaction.atomic():
        row = _locked(period)
        if row.own_state != _State.OPEN or row.state == _State.CLOSED:
            raise NotNow(f"{_name(row)} is {row.get_state_display().lower()} already.")
        row.closing_by, row.closed_by = user, None
        return _move(row, _State.CLOSING, user=user, words="began to close")


def finish_close(period: AccountingPeriod, *, user: User | None = None) -> list[Delivery]:
    """Closing -> closed, unless postings of the period are still under way, in doubt or not posted yet: those are
    returned, and nothing changes. An empty list: it is closed. Raises NotNow, also for who began: two people close.
    """
    with transaction.atomic():
        row = _locked(period)
        if row.own_state != _State.CLOSING:
            raise NotNow(f"Begin to close {_name(row)} first.")
        if user is not None and row.closing_by_id == user.pk:
            raise NotNow(f"You began to close {_name(row)}; another person closes it.")
        left = under_way(row)
        if not left:
            row.closed_by = user
            _move(row, _State.CLOSED, user=user, words="closed")
        return left


def reopen(period: AccountingPeriod, *, user: User | None = None) -> AccountingPeriod:
    """Take our own closing back: the period is as the ERP has it again. Raises NotNow."""
    with transaction.atomic():
        row = _locked(period)
        if row.own_state == _State.OPEN:
            raise NotNow(f"{_name(row)} was not closed from here.")
        row.closing_by = row.closed_by = None
        return _move(row, _State.OPEN, user=user, words="opened again")


def under_way(period: AccountingPeriod) -> list[Delivery]:
    """Postings of a period whose call may be running, or whose outcome is not known yet."""
    return list(
        Delivery.objects.filter(
            entity=period.entity_id,
            target=period.connection_id,
            posting_date__range=(period.starts_on, period.ends_on),
            condition__in=[Condition.CLAIMED, Condition.IN_DOUBT],
        ).order_by("reference", "pk")
    )


def _locked(period: AccountingPeriod) -> AccountingPeriod:
    return (
        AccountingPeriod.objects.select_for_update(of=("self",))
        .select_related("entity", "connection")
        .get(pk=period.pk)
    )


def _move(row: AccountingPeriod, own_state: str, *, user: User | None, words: str) -> AccountingPeriod:
    before, row.own_state = row.state, own_state
    row.state = stricter(own_state, row.erp_state)
    row.save(update_fields=["own_state", "state", "closing_by", "closed_by"])
    who = (user.get_full_name() or user.username) if user else journal.ENGINE
    journal.note(
        [
            journal.Fact(
                action=f"period {own_state}",
                object_kind="period",
                object_key=f"{row.entity.code} {row.module} {row.starts_on:%Y-%m}",
                user=user,
                text=f"{who} {words} {_name(row)} in the portal.",
                details={"before": before, "after": row.state, "at": clock.now().isoformat()},
            )
        ]
    )
    return row


def _name(row: AccountingPeriod) -> str:
    return f"{row.starts_on:%B %Y} of {row.entity.name} at {row.connection.label}"
