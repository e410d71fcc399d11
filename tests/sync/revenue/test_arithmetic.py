"""Splits that sum exactly, in every currency and sign; straight lines by the day; changes that look only ahead."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.money import from_minor, minor_units
from sync.revenue.arithmetic import allocate, changed, ended, months, split_at, straight_line

CURRENCY = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])
MINOR = st.integers(-(10**12), 10**12)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
TERM = st.integers(0, 2000)


def total(parts):
    return sum((part.amount for part in parts), Decimal(0))


def unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_units(currency))


@given(currency=CURRENCY, minor=MINOR, weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_shares_sum_to_the_total_and_none_is_a_unit_away_from_its_exact_share(
    currency: str, minor: int, weights: list[int]
) -> None:
    amount = from_minor(minor, currency)
    shares = allocate(amount, weights, currency)
    assert sum(shares, Decimal(0)) == amount
    whole = sum(weights) or len(weights)
    for share, weight in zip(shares, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(share * whole - amount * weight) < unit(currency) * whole
        assert share == share.quantize(unit(currency))
        assert share == 0 or (share > 0) == (amount > 0)
    assert allocate(-amount, weights, currency) == [-share for share in shares]


@given(currency=CURRENCY, minor=MINOR, starts=DAYS, length=TERM)
def test_a_straight_line_sums_to_its_amount_month_by_month(
    currency: str, minor: int, starts: date, length: int
) -> None:
    amount, ends = from_minor(minor, currency), starts + timedelta(days=length)
    parts = straight_line(amount, currency, starts_on=starts, ends_on=ends)
    assert total(parts) == amount
    assert (parts[0].starts_on, parts[-1].ends_on) == (starts, ends)
    assert sum(part.days for part in parts) == length + 1
    for one, following in zip(parts, parts[1:], strict=False):
        assert following.starts_on == one.ends_on + timedelta(days=1) and following.starts_on.day == 1
    for part in parts:
        assert abs(part.amount - amount * part.days / (length + 1)) <= unit(currency)


@given(currency=CURRENCY, minor=MINOR, starts=DAYS, length=TERM, at=st.integers(-10, 2010))
def test_cutting_a_line_loses_nothing_and_leaves_whole_months_alone(
    currency: str, minor: int, starts: date, length: int, at: int
) -> None:
    parts = straight_line(
        from_minor(minor, currency), currency, starts_on=starts, ends_on=starts + timedelta(days=length)
    )
    day = starts + timedelta(days=at)
    before, after = split_at(parts, day, currency)
    assert total(before) + total(after) == total(parts)
    assert all(part.ends_on < day for part in before) and all(part.starts_on >= day for part in after)
    whole = [part for part in parts if part.ends_on < day]
    assert before[: len(whole)] == whole


@given(currency=CURRENCY, minor=MINOR, by=MINOR, starts=DAYS, length=TERM, at=TERM, more=st.integers(-500, 900))
def test_a_change_looks_only_ahead_and_sums_to_the_new_amount(
    currency: str, minor: int, by: int, starts: date, length: int, at: int, more: int
) -> None:
    amount, step = from_minor(minor, currency), from_minor(by, currency)
    ends = starts + timedelta(days=length)
    day = starts + timedelta(days=min(at, length))
    old = straight_line(amount, currency, starts_on=starts, ends_on=ends)
    new = changed(old, currency, on=day, by=step, ends_on=max(ends + timedelta(days=more), day))
    assert total(new) == amount + step
    assert split_at(new, day, currency)[0] == split_at(old, day, currency)[0]


@given(currency=CURRENCY, minor=MINOR, credited=MINOR, starts=DAYS, length=TERM, at=st.integers(0, 2000))
def test_a_termination_accounts_for_every_unit(
    currency: str, minor: int, credited: int, starts: date, length: int, at: int
) -> None:
    amount, back = from_minor(minor, currency), from_minor(credited, currency)
    parts = straight_line(amount, currency, starts_on=starts, ends_on=starts + timedelta(days=length))
    before, remainder = ended(parts, currency, on=starts + timedelta(days=at), credited=back)
    assert total(before) + remainder + back == amount


def test_a_year_is_split_as_people_would_check_it() -> None:
    # 365 days at a dollar, over a year without a leap day
    parts = straight_line(Decimal("365.00"), "USD", starts_on=date(2026, 3, 2), ends_on=date(2027, 3, 1))
    assert [part.amount for part in parts][:3] == [Decimal("30.00"), Decimal("30.00"), Decimal("31.00")]
    assert parts[-1].amount == Decimal("1.00") and len(parts) == 13
    # yen have no smaller part, dinars have thousandths
    assert [
        p.amount for p in straight_line(Decimal(100), "JPY", starts_on=date(2026, 1, 1), ends_on=date(2026, 3, 31))
    ] == [35, 31, 34]
    assert total(
        straight_line(Decimal("0.001"), "KWD", starts_on=date(2026, 1, 1), ends_on=date(2026, 3, 31))
    ) == Decimal("0.001")


def test_a_discount_is_shared_by_what_each_part_sells_for_alone() -> None:
    # subscription 1,000 alone and services 500 alone, sold together for 1,200
    assert allocate(Decimal("1200.00"), [Decimal(1000), Decimal(500)], "USD") == [Decimal("800.00"), Decimal("400.00")]


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="ends_on"):
        months(date(2026, 2, 1), date(2026, 1, 31))
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), [], "USD")
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), [-1, 2], "USD")
