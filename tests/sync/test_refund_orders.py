"""A refund, its coming home and its repeating, heard of in whatever order a faulty network leaves."""

from decimal import Decimal
from itertools import permutations

import pytest

from sync import sweeper
from sync.models import RefundRecord, WorkItem
from sync.pipelines import cash
from sync.states import Condition
from tests.paper_erp import books
from tests.refunds import refund, refund_failure
from tests.small_company import Company
from tests.sync.test_cash import company as company
from tests.sync.test_cash import open_cases, paid_too_much

SAID = {
    "first": refund(1),
    "home": refund_failure(1),
    "second": refund(2),
    "home again": refund_failure(2),
    "third": refund(3),
}


def orders(*names: str) -> list[tuple[str, ...]]:
    return list(permutations(names))


@pytest.mark.parametrize("order", orders("first", "home", "second"), ids=", ".join)
def test_once_refunded_again(company: Company, order: tuple[str, ...]) -> None:
    all_posted(company, order)


@pytest.mark.slow
@pytest.mark.parametrize("order", orders(*SAID), ids=", ".join)
def test_twice_refunded_again(company: Company, order: tuple[str, ...]) -> None:
    all_posted(company, order)


def all_posted(company: Company, order: tuple[str, ...]) -> None:
    """Each of these is posted once, and nobody has to do anything."""
    # given what was paid too much
    paid_too_much(company)
    for name in order:
        company.hears(SAID[name], source=company.billing)
        company.settles()
    sweeper.sweep()
    company.settles()
    posted = [entry.subject.reference for entry in books("erp").entries if entry.kind.startswith("refund")]
    assert sorted(posted) == sorted(SAID[name].reference for name in order)
    assert open_cases() == {} and not WorkItem.objects.exclude(condition=Condition.SETTLED).exists()
    # of every amount somebody was given something is the cause, and nothing is left of what was paid too much
    shares = [Decimal(share) for row in RefundRecord.objects.all() for _, share in row.causes]
    assert sum(shares) == 40 * sum(name in ("first", "second", "third") for name in order)
    assert cash.left_of(["payment:paper:pi_1"]) == {"payment:paper:pi_1": Decimal("0.00")}
