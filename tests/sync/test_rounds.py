"""Held, withdrawn, posted again: what is under way or in doubt is never touched."""

from datetime import timedelta

import pytest

from sync import rounds, sweeper
from sync.models import Delivery
from tests.small_company import Company, customer


def test_a_held_delivery_is_due_when_its_time_has_come(company: Company, machine) -> None:
    company.hears(customer(1))
    Delivery.objects.update(condition="held", held_until=machine() + timedelta(hours=1))
    assert sweeper.wake_held() == 0
    machine.passes(3601)
    assert sweeper.wake_held() == 2 and company.carries("deliver") == 2


def test_what_is_under_way_or_in_doubt_cannot_be_withdrawn_or_posted_again(company: Company) -> None:
    company.sells(1)
    row = company.bills(1)
    for condition in ("claimed", "in_doubt"):
        Delivery.objects.filter(pk=row.pk).update(condition=condition)
        rounds.withdraw(row, note="Not wanted")
        with pytest.raises(rounds.UnderWay, match="under way or in doubt"):
            rounds.repost(row, operation_note="by hand")
        row.refresh_from_db()
        assert (row.condition, row.round) == (condition, 1)


def test_a_withdrawn_delivery_is_not_carried(company: Company) -> None:
    company.sells(1)
    row = company.bills(1)
    rounds.withdraw(row, note="Not wanted")
    assert company.carries("posting") == 0
