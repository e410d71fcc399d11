"""Prices billed against prices agreed: whole months by every version, parts of months by none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import segments
from reconciliation.controls import prices, runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import ContractLineRecord, ContractRecord, InvoiceLineRecord, InvoiceRecord
from tests.small_company import DAY, Company, deal, invoice

YEAR_ENDS = date(2027, 5, 12)


def a_month(number: int, net: str, *, month: int = 0, **values: Any) -> Callable[[Company], None]:
    """An invoice for one month of deal 1."""
    starts = segments.months_later(DAY, month)
    plain = invoice(number, amount=net)
    line = replace(
        plain.lines[0],
        service_starts_on=starts,
        service_ends_on=values.pop("ends_on", segments.months_later(DAY, month + 1) - timedelta(days=1)),
        **values,
    )
    return lambda company: _hear(company, replace(plain, lines=(line,)))


def _hear(company: Company, shape: Any) -> None:
    company.hears(shape, source=company.billing)
    company.settles()


def asked(company: Company) -> ControlRun:
    return runner.run("prices", entity=company.entity, business_date=DAY)


@pytest.fixture
def sold(company: Company) -> Company:
    """One unit for a year at 1,200.00, billed monthly: 100.00 a month."""
    company.sells(1, amount="1200.00", ends_on=YEAR_ENDS, billing_frequency="monthly", term_months=12)
    return company


@pytest.mark.django_db
@pytest.mark.parametrize("net", ["100.00", "100.01", "99.99"])
def test_the_agreed_price_to_the_minor_unit_is_in_order(sold: Company, net: str) -> None:
    a_month(1, net)(sold)
    assert asked(sold).status == "tied"


@pytest.mark.django_db
@pytest.mark.parametrize(("net", "off"), [("90.00", "-10.00"), ("100.02", "0.02"), ("1200.00", "1100.00")])
def test_any_other_price_is_a_case_over_the_difference(sold: Company, net: str, off: str) -> None:
    a_month(1, net)(sold)
    assert asked(sold).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.amount) == ("PRICE_NOT_APPROVED", "billing_ops", Decimal(off))
    assert case.value == f"{net} instead of 100.00 USD" and case.customer_name == "Customer 1"


@pytest.mark.django_db
def test_part_of_a_month_and_a_product_that_was_never_agreed_are_not_judged(sold: Company) -> None:
    a_month(1, "3.33", ends_on=DAY)(sold)
    a_month(2, "55.00", billing_product="another")(sold)
    assert asked(sold).status == "tied"


@pytest.mark.django_db
def test_a_price_any_version_agrees_is_in_order_and_any_other_is_not(sold: Company) -> None:
    # given a change to 2,400.00 a year
    dearer = deal(1, amount="2400.00", ends_on=YEAR_ENDS, billing_frequency="monthly", term_months=12)
    changed = replace(dearer, version=2, modification_kind="upsell", modification_number=2, record_revision=2)
    sold.hears(changed)
    sold.settles()
    assert ContractRecord.objects.filter(reference=changed.reference).count() == 2
    a_month(1, "100.00")(sold)
    a_month(2, "200.00", month=1)(sold)
    assert asked(sold).status == "tied"
    a_month(3, "150.00", month=2)(sold)
    asked(sold)
    assert Break.objects.get().reference == "price:invoice:paper:in_3:1"


@pytest.mark.django_db
def test_what_was_found_stays_found_however_old_it_grows_and_goes_with_its_invoice(sold: Company) -> None:
    a_month(1, "90.00")(sold)
    asked(sold)
    InvoiceRecord.objects.update(document_date=DAY - timedelta(days=400))
    assert asked(sold).status == "open_exceptions" and Break.objects.get().healed_at is None
    InvoiceRecord.objects.update(status="void")
    assert asked(sold).status == "tied" and ExceptionCase.objects.get().status == "closed"


@given(
    begins=st.dates(min_value=date(2024, 1, 1), max_value=date(2028, 12, 31)),
    term=st.integers(1, 60),
    free=st.integers(0, 11),
    a=st.integers(0, 59),
    b=st.integers(1, 60),
    each=st.integers(1, 10**6),
    quantity=st.integers(1, 500),
)
def test_whole_months_of_an_even_price_are_never_off(
    begins: date, term: int, free: int, a: int, b: int, each: int, quantity: int
) -> None:
    paid = max(1, term - free)
    contract = ContractRecord(
        starts_on=begins,
        ends_on=segments.months_later(begins, term) - timedelta(days=1),
        term_months=term,
        free_months=term - paid,
        billing_frequency="monthly",
    )
    price = Decimal(each).scaleb(-2)
    agreed = ContractLineRecord(contract=contract, quantity=Decimal(quantity), amount=price * quantity * paid)
    first, last = sorted((a % term, 1 + b % term))
    if first == last:
        last += 1
    line = InvoiceLineRecord(
        invoice=InvoiceRecord(currency="EUR"),
        quantity=Decimal(quantity),
        service_starts_on=segments.months_later(begins, first),
        service_ends_on=segments.months_later(begins, last) - timedelta(days=1),
    )
    whole = (line.service_starts_on, line.service_ends_on) == (contract.starts_on, contract.ends_on)
    months = paid if whole else last - first
    assert prices.expected(line, agreed) == price * quantity * months


def test_without_an_end_the_amount_is_for_one_period() -> None:
    contract = ContractRecord(starts_on=DAY, ends_on=date(2099, 12, 31), term_months=0, billing_frequency="quarterly")
    agreed = ContractLineRecord(contract=contract, quantity=Decimal(1), amount=Decimal("300"))
    line = InvoiceLineRecord(invoice=InvoiceRecord(currency="JPY"), quantity=Decimal(2), service_starts_on=DAY)
    line.service_ends_on = segments.months_later(DAY, 3) - timedelta(days=1)
    assert prices.expected(line, agreed) == Decimal(600)
