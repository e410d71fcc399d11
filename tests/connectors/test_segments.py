"""Contracts cut where their content changes: by dates of lines, by free months, without a gap."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import EVERGREEN, NO_END, ContractLine, SubscriptionContract
from connectors.segments import SegmentError, changes_over_time, months_between, months_later, segments

ONE_DAY = timedelta(days=1)
STARTS = date(2026, 1, 31)


def line(product: str = "A", *, first: date | None = None, last: date = NO_END) -> ContractLine:
    return ContractLine(
        line_id=f"{product}{first}", crm_product=product, description=product, quantity=Decimal(1),
        unit_price=Decimal(1), amount=Decimal(1), list_amount=Decimal(1), discount=Decimal(0),
        starts_on=first or STARTS, ends_on=last, own_dates=first is not None,
    )  # fmt: skip


def contract(*lines: ContractLine, months: int = 24, starts: date = STARTS, **values: object) -> SubscriptionContract:
    ends = months_later(starts, months) - ONE_DAY if months else NO_END
    plain = SubscriptionContract(
        reference="contract:1", version=1, correlation_id="deal:1", currency="USD", crm_opportunity_id="1",
        customer_reference="customer:1", modification_kind="new", modification_number=1, record_revision=1,
        signed_on=starts, starts_on=starts, ends_on=ends, term_months=months, amount=Decimal(len(lines)), lines=lines,
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]


def test_a_contract_whose_lines_run_with_it_is_one_segment() -> None:
    whole = contract(line())
    (one,) = segments(whole)
    assert (one.starts_on, one.ends_on, one.months, one.is_free) == (STARTS, whole.ends_on, 24, False)
    assert not changes_over_time(whole)


def test_free_months_and_dates_of_lines_cut_it() -> None:
    second = months_later(STARTS, 12)
    ramp = contract(
        line("A"), line("B", first=STARTS, last=second - ONE_DAY), line("B", first=second, last=date(2028, 1, 30)),
        free_months=1,
    )  # fmt: skip
    assert [(one.months, one.is_free, len(one.lines)) for one in segments(ramp)] == [
        (1, True, 2), (11, False, 2), (12, False, 2),
    ]  # fmt: skip


def test_the_last_segment_of_a_contract_without_an_end_has_none() -> None:
    second = months_later(STARTS, 12)
    found = segments(contract(line("A", first=STARTS, last=second - ONE_DAY), line("A", first=second), months=0))
    assert [(one.months, one.ends_on) for one in found] == [(12, second - ONE_DAY), (EVERGREEN, NO_END)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (contract(line("A", first=STARTS, last=date(2029, 1, 1))), "the contract runs from 2026-01-31 to 2028-01-30"),
        (contract(line("A", first=STARTS - ONE_DAY, last=date(2027, 1, 1))), "A is sold from 2026-01-30"),
        (contract(line("A"), line("B", first=date(2026, 8, 1), last=date(2028, 1, 30))), "prices change on 2026-08-01"),
        (
            contract(line("A", first=months_later(STARTS, 12), last=date(2028, 1, 30))),
            "nothing is sold from 2026-01-31",
        ),
        (contract(line("A"), free_months=24), "24 months are free, which is the whole contract"),
    ],
)
def test_dates_that_do_not_fit_are_said_in_words(wrong: SubscriptionContract, words: str) -> None:
    with pytest.raises(SegmentError) as error:
        segments(wrong)
    assert words in str(error.value)


@given(
    starts=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    cuts=st.lists(st.integers(1, 59), max_size=5, unique=True),
    free=st.integers(0, 59),
)
def test_segments_follow_each_other_and_their_months_sum_to_the_term(starts: date, cuts: list[int], free: int) -> None:
    edges = [0, *sorted(cuts), 60]
    lines = [
        line(f"P{first}", first=months_later(starts, first), last=months_later(starts, last) - ONE_DAY)
        for first, last in zip(edges, edges[1:], strict=False)
    ]
    found = segments(contract(*lines, months=60, starts=starts, free_months=free))
    assert sum(one.months for one in found) == 60
    assert sum(one.months for one in found if one.is_free) == free
    assert found[0].starts_on == starts
    assert all(one.ends_on + ONE_DAY == after.starts_on for one, after in zip(found, found[1:], strict=False))


def test_months_between_two_days_are_whole_or_nothing() -> None:
    assert months_between(date(2026, 1, 31), date(2026, 2, 27)) == 1
    assert months_between(date(2026, 3, 1), date(2027, 2, 28)) == 12
    assert months_between(date(2026, 3, 1), date(2026, 3, 30)) is None
