"""Conversions by the gateway in the portal: booked once a side, at the gateway's own rate, or stopped with a reason."""

import dataclasses
from decimal import Decimal

import pytest

from connectors.canonical import Conversion
from sync.models import ConversionRecord, Delivery, WorkItem
from sync.states import Condition
from tests.paper_erp import books
from tests.small_company import DAY, Company, allocation, payment
from tests.sync.test_cash import open_cases


@pytest.fixture
def company(company: Company) -> Company:
    """A deal over 100.00 that is billed, posted and paid in USD, the company's own money."""
    company.sells()
    company.bills()
    company.settles()
    company.hears(payment(), allocation(), source=company.billing)
    company.settles()
    return company


def sides(rate: str = "0.93", into: str = "EUR", amount: str = "93.00") -> tuple[Conversion, Conversion]:
    """100.00 USD that the gateway settled in another currency."""
    plain = Conversion(
        reference="conversion:paper:txn_1:USD",
        version=1,
        correlation_id="",
        currency="USD",
        gateway_id="txn_1",
        of_reference="payment:paper:pi_1",
        payment_reference="payment:paper:pi_1",
        moved_on=DAY,
        amount=Decimal("-100.00"),
        other_currency=into,
        other_amount=Decimal(amount),
        gateway_rate=Decimal(rate),
        source_system="paper_billing",
    )
    other = dataclasses.replace(
        plain,
        reference=f"conversion:paper:txn_1:{into}",
        currency=into,
        amount=plain.other_amount,
        other_currency="USD",
        other_amount=plain.amount,
    )
    return plain, other


def booked() -> dict[str, Conversion]:
    return {one.subject.currency: one.subject for one in books("erp").entries if isinstance(one.subject, Conversion)}


def test_each_side_is_booked_once_in_its_own_currency(company: Company) -> None:
    for _ in range(2):  # told with the charge, and again with the payout
        company.hears(*sides(), source=company.billing)
        company.settles()
    assert {currency: one.amount for currency, one in booked().items()} == {
        "USD": Decimal("-100.00"),
        "EUR": Decimal("93.00"),
    }
    assert ConversionRecord.objects.count() == Delivery.objects.filter(kind="conversion").count() == 2
    assert set(Delivery.objects.filter(kind="conversion").values_list("title", flat=True)) == {
        "Conversion USD into EUR txn_1"
    }
    assert not open_cases()


def test_against_the_companys_own_money_the_rate_is_the_gateways_own(company: Company) -> None:
    company.hears(*sides(), source=company.billing)
    company.settles()
    # its own money has no rate; the other is worth exactly what left it
    assert booked()["USD"].exchange_rate == 0
    assert booked()["EUR"].exchange_rate == Decimal("1.0752688172")
    assert (booked()["EUR"].amount * booked()["EUR"].exchange_rate).quantize(Decimal("0.01")) == Decimal("100.00")


def test_between_two_other_currencies_the_approved_rate_of_the_day_is_asked_for(company: Company) -> None:
    # given a company whose own money is neither
    company.entity.functional_currency = "GBP"
    company.entity.save()
    company.hears(*sides(), source=company.billing)
    company.settles()
    assert set(open_cases()) == {"FX_RATE_MISSING"} and not booked()


def test_it_waits_for_the_payment_whose_money_it_is(company: Company) -> None:
    early = dataclasses.replace(sides()[0], payment_reference="payment:paper:pi_2", reference="conversion:paper:2:USD")
    (item,) = company.hears(early, source=company.billing)
    assert (item.condition, item.waits_for) == (Condition.WAITING, "payment:paper:pi_2")


def test_a_conversion_of_another_currency_than_the_payments_is_a_case(company: Company) -> None:
    wrong = dataclasses.replace(sides()[0], currency="GBP", reference="conversion:paper:3:GBP")
    company.hears(wrong, source=company.billing)
    assert set(open_cases()) == {"CURRENCY_MISMATCH"} and not booked()
    assert WorkItem.objects.get(flow="conversion_to_erp").condition == Condition.BLOCKED
