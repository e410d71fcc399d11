"""Rates of the day, by policy and never guessed; settlements in parts lead to exactly the difference of the whole."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.money import from_minor, minor_units
from sync import clock
from sync.models import Delivery, ExchangeRate, InvoiceRecord, LegalEntity, PaymentRecord, WorkItem
from sync.rates import RateTable, converted, days_allowed, realised
from tests.small_company import DAY, Company, customer, deal, invoice, payment

pytestmark = pytest.mark.django_db
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])
RATES = st.decimals(min_value=Decimal("0.0001"), max_value=1000, places=6)


def rate(company: Company, value: str, *, on: date = DAY, **values: object) -> None:
    ExchangeRate.objects.create(
        **{"rate_type": "spot", "from_currency": "USD", "to_currency": "EUR", "source": "ECB", "as_of": on, **values},
        rate=Decimal(value), valid_from=on, valid_to=on + timedelta(days=1), status="approved",
        drafted_by=company.drafter, drafted_at=clock.now(), approved_by=company.approver, approved_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def european(company: Company) -> Company:
    """The company keeps its books in euros and sells in dollars."""
    LegalEntity.objects.filter(pk=company.entity.pk).update(functional_currency="EUR")
    company.entity.refresh_from_db()
    company.hears(customer(1))
    company.hears(deal(1))
    company.settles()
    return company


def test_a_document_carries_the_rate_of_its_day_and_its_source(european: Company) -> None:
    rate(european, "0.92")
    rate(european, "0.95", on=DAY + timedelta(days=1))
    european.hears(invoice(1), source=european.billing)
    row = InvoiceRecord.objects.get()
    assert (row.exchange_rate, row.rate_type, row.rate_source, row.rate_as_of) == (Decimal("0.92"), "spot", "ECB", DAY)
    european.hears(payment(1), source=european.billing)
    assert PaymentRecord.objects.get().exchange_rate == Decimal("0.92")


def test_a_missing_rate_stops_the_document_and_nothing_else(european: Company) -> None:
    rate(european, "0.92", on=DAY - timedelta(days=1))
    (item,) = european.hears(invoice(1), source=european.billing)
    (stop,) = item.blocks.all()
    assert (stop.reason, stop.value) == ("FX_RATE_MISSING", f"USD in EUR on {DAY}")
    assert not Delivery.objects.filter(kind="invoice").exists()
    # once it is there, the document goes through
    rate(european, "0.93")
    WorkItem.objects.filter(pk=item.pk).update(condition="due")
    european.settles()
    assert InvoiceRecord.objects.get().exchange_rate == Decimal("0.93")


def test_a_document_in_the_companys_own_money_needs_none(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    assert InvoiceRecord.objects.get().exchange_rate == 0


@pytest.mark.parametrize(("back", "found"), [(0, False), (1, False), (2, False), (3, True)])
def test_an_earlier_business_day_counts_by_policy_only(company: Company, back: int, found: bool) -> None:
    # Monday; the last rate is Friday's, three calendar days before
    monday = date(2026, 5, 11)
    rate(company, "0.92", on=monday - timedelta(days=3))
    entity = LegalEntity(code="X", functional_currency="EUR", rate_fall_back_days=back)
    table = RateTable.read({"USD"}, since=monday, until=monday)
    if found:
        rated = table.find("USD", entity=entity, on=monday)
        assert rated is not None and rated.as_of == monday - timedelta(days=3)
    else:
        with pytest.raises(Exception, match="FX_RATE_MISSING"):
            table.find("USD", entity=entity, on=monday)


@given(on=st.dates(date(2020, 1, 1), date(2030, 1, 1)), back=st.integers(0, 30))
def test_no_rate_is_taken_from_a_weekend_before_or_beyond_three_days(on: date, back: int) -> None:
    days = days_allowed(on, back=back)
    assert days[0] == on and all(day.weekday() < 5 for day in days[1:])
    assert (on - days[-1]).days <= min(back, 3)


def test_the_policy_goes_back_three_days_at_most(company: Company) -> None:
    company.entity.rate_fall_back_days = 4
    with pytest.raises(IntegrityError), transaction.atomic():
        company.entity.save()


def test_a_day_has_one_rate_of_a_kind(company: Company) -> None:
    rate(company, "0.92")
    with pytest.raises(IntegrityError), transaction.atomic():
        rate(company, "0.93")
    rate(company, "0.91", rate_type="average")


@given(
    minor=st.integers(1, 10**9),
    cuts=st.lists(st.integers(1, 10**9), max_size=6),
    own=CURRENCIES,
    money=CURRENCIES,
    entered=RATES,
    settled=st.lists(RATES, min_size=7, max_size=7),
)
@example(minor=3, cuts=[1, 1], own="JPY", money="KWD", entered=Decimal("1"), settled=[Decimal("1")] * 7)
def test_settled_in_parts_a_receivable_leaves_the_books_with_what_it_entered_them(
    minor: int, cuts: list[int], own: str, money: str, entered: Decimal, settled: list[Decimal]
) -> None:
    # given a receivable paid in parts, each at the rate of its day
    whole = from_minor(minor, money)
    places = sorted({0, minor, *(cut % minor for cut in cuts)})
    parts = [from_minor(b - a, money) for a, b in zip(places, places[1:], strict=False)]
    paid = list(zip(parts, settled, strict=False))
    gains = realised(whole, paid, entered_at=entered, currency=own)
    # then all gains together are what came in less what had been entered, to the minor unit
    came_in = sum(converted(amount, at, own) for amount, at in paid)
    assert sum(gains) == came_in - converted(whole, entered, own)
    assert all(-gain.as_tuple().exponent == minor_units(own) for gain in gains)


@given(minor=st.integers(1, 10**9), own=CURRENCIES, money=CURRENCIES, at=RATES)
def test_at_an_unchanged_rate_a_whole_settlement_leaves_no_difference(
    minor: int, own: str, money: str, at: Decimal
) -> None:
    whole = from_minor(minor, money)
    assert realised(whole, [(whole, at)], entered_at=at, currency=own) == [0]


@given(minor=st.integers(-(10**12), 10**12), own=CURRENCIES, money=CURRENCIES, at=RATES)
def test_converting_is_exact_to_the_minor_unit_for_either_sign(minor: int, own: str, money: str, at: Decimal) -> None:
    amount = from_minor(minor, money)
    found = converted(amount, at, own)
    assert converted(-amount, at, own) == -found
    assert abs(Fraction(found) - Fraction(amount) * Fraction(at)) <= Fraction(1, 2 * 10 ** minor_units(own))
