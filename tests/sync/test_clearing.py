"""The clearing account rolled forward: what the records say is what the journals book, day by day, per currency."""

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.canonical import (
    Canonical,
    Conversion,
    DisputeMovement,
    Payment,
    Payout,
    PayoutFailure,
    Refund,
    RefundFailure,
    entries,
)
from connectors.money import minor_units
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import clock
from sync.balances import clearing
from sync.models import (
    ConversionRecord,
    DisputeMovementRecord,
    LegalEntity,
    PaymentRecord,
    PayoutFailureRecord,
    PayoutRecord,
    RefundFailureRecord,
    RefundRecord,
)
from sync.pipelines import records
from tests.paper_erp import books, line
from tests.small_company import DAY, Company, allocation, payment
from tests.sync.test_cash import dispute_parts, payout

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")
KEPT: dict[type[Canonical], Any] = {
    Payment: PaymentRecord,
    Refund: RefundRecord,
    RefundFailure: RefundFailureRecord,
    DisputeMovement: DisputeMovementRecord,
    Payout: PayoutRecord,
    PayoutFailure: PayoutFailureRecord,
    Conversion: ConversionRecord,
}


@st.composite
def movements(draw: st.DrawFn) -> list[Canonical]:
    """What may move a gateway's balance, in six currencies; references of their own."""
    found: list[Canonical] = []
    for number in range(draw(st.integers(1, 12))):
        currency = draw(st.sampled_from(CURRENCIES))

        def money(least: int = 1, currency: str = currency) -> Decimal:
            return Decimal(draw(st.integers(least, 10**9))).scaleb(-minor_units(currency))

        shared: dict[str, Any] = {
            "version": 1, "correlation_id": "", "gateway_id": "x", "currency": currency, "legal_entity": "US01",
        }  # fmt: skip
        customer = {"customer_reference": "c"}
        what = draw(st.sampled_from(list(KEPT)))
        if what is Payment:
            one: Canonical = Payment(
                **shared, **customer, reference=f"payment:{number}", origin="gateway", received_on=DAY, amount=money()
            )
        elif what is Refund:
            one = Refund(
                **shared, **customer, reference=f"refund:{number}", payment_reference="p", refunded_on=DAY,
                amount=money(), causes=(("credit_memo:1", "1"),),
            )  # fmt: skip
        elif what is RefundFailure:
            one = RefundFailure(
                **shared, **customer, reference=f"refund_failure:{number}", refund_reference=f"r{number}",
                failed_on=DAY, amount=money(),
            )  # fmt: skip
        elif what is DisputeMovement:
            sign = draw(st.sampled_from([1, -1]))
            one = DisputeMovement(
                **shared, **customer, reference=f"dispute_movement:{number}", dispute_reference="d",
                payment_reference="p", moved_on=DAY, amount=sign * money(), fee=money(0),
            )  # fmt: skip
        elif what is Conversion:
            sign = draw(st.sampled_from([1, -1]))
            # one side; what it is called and amounts to on the other does not matter here
            one = Conversion(
                **shared,
                reference=f"conversion:{number}",
                of_reference="p",
                payment_reference="p",
                moved_on=DAY,
                amount=sign * money(),
                other_currency="CHF",
                other_amount=-sign * money(),
                gateway_rate=Decimal("1.1"),
                fee=money(0),
            )
        elif what is Payout:
            charges, fees, held = money(), money(0), money(0)
            one = Payout(
                **shared, reference=f"payout:{number}", paid_on=DAY, amount=charges - fees - held, charges=charges,
                refunds=Decimal(0), disputes=Decimal(0), dispute_fees=Decimal(0), fees=fees, reserves=-held,
            )  # fmt: skip
        else:
            one = PayoutFailure(
                **shared, reference=f"payout_failure:{number}", payout_reference=f"p{number}", failed_on=DAY,
                amount=money(),
            )  # fmt: skip
        found.append(one)
    return found


def keep(shapes: Sequence[Canonical], entity: LegalEntity) -> None:
    for shape in shapes:
        model = KEPT[type(shape)]
        values = records.values_of(shape, model, without={"legal_entity"})
        model.objects.create(**values, legal_entity=entity, created_at=clock.now())


def booked(shape: Canonical) -> Decimal:
    """What the ledger books of it on the clearing account."""
    if isinstance(shape, Payment):
        return shape.amount
    if isinstance(shape, Refund):
        return -shape.amount
    return sum((entry.amount for entry in entries(shape) if entry.purpose == "clearing"), Decimal(0))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=movements())
def test_the_columns_sum_to_what_the_journals_book_in_every_currency(company: Company, shapes: list[Canonical]) -> None:
    with transaction.atomic():
        keep(shapes, company.entity)
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(clearing.CLEARING.movements))
            rows = cursor.fetchall()
        transaction.set_rollback(True)
    sums: dict[tuple[str, str], Decimal] = {}
    for reference, _, currency, day, column, value in rows:
        assert column in clearing.CLEARING.columns and day == DAY
        sums[reference, currency] = sums.get((reference, currency), Decimal(0)) + value
    assert sums == {(shape.reference, shape.currency): booked(shape) for shape in shapes}


def test_a_roll_forward_closes_where_the_next_one_opens(company: Company) -> None:
    # given a payment that was paid out on the next day
    sold(company)
    company.hears(dataclasses.replace(payout("payment:paper:pi_1"), paid_on=NEXT), source=company.billing)
    company.settles()
    # when / then
    (first,) = clearing.CLEARING.roll_forward(company.entity, since=DAY, until=DAY)
    (second,) = clearing.CLEARING.roll_forward(company.entity, since=NEXT, until=NEXT)
    (both,) = clearing.CLEARING.roll_forward(company.entity, since=DAY, until=NEXT)
    assert (first.opening, first.moved["receipts"], first.closing) == (Decimal(0), Decimal(100), Decimal(100))
    assert (second.opening, second.moved["fees"], second.moved["payouts"]) == (first.closing, Decimal(-3), Decimal(-97))
    assert second.closing == both.closing == 0
    assert second.words() == "opening 100.00 - fees 3.00 - payouts 97.00 = 0.00"


# -- the control ------------------------------------------------------------------------------------
NEXT = DAY + timedelta(days=1)


def sold(company: Company) -> None:
    company.sells()
    company.bills()
    company.settles()
    company.hears(payment(), allocation(), source=company.billing)
    company.settles()


def control(company: Company, balance: str, *, day: date = DAY, currency: str = "USD") -> ControlRun:
    """The control of a day on which the ERP shows this balance."""
    books("erp").lists["clearing"] = [line(f"clearing:{currency}", balance, day=day, currency=currency)]
    return runner.run("clearing", entity=company.entity, business_date=day)


def test_it_is_tied_where_the_erp_shows_what_was_booked(company: Company) -> None:
    sold(company)
    company.hears(*dispute_parts(), source=company.billing)
    company.settles()
    assert control(company, "-15.00").status == "tied"


def test_a_difference_is_a_case_over_its_amount_until_the_account_is_right_again(company: Company) -> None:
    # given 7.00 that somebody booked on the clearing account by hand
    sold(company)
    run = control(company, "93.00")
    # then it is one case, which says what should stand there
    assert run.status in ("unexplained", "open_exceptions")
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.amount, case.team) == ("AMOUNT_MISMATCH", Decimal("7.00"), "finance")
    assert "receipts 100.00 = 100.00" in case.document
    # when it is taken back
    assert control(company, "100.00").status == "tied"
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_a_balance_in_a_currency_nobody_paid_in_is_found(company: Company) -> None:
    sold(company)
    books("erp").lists["clearing"] = [
        line("clearing:USD", "100.00", day=DAY), line("clearing:EUR", "5.00", day=DAY, currency="EUR"),
    ]  # fmt: skip
    runner.run("clearing", entity=company.entity, business_date=DAY)
    found = Break.objects.get(healed_at=None)
    assert (found.reference, found.currency, found.difference) == ("clearing:EUR", "EUR", Decimal("-5.00"))


def test_what_the_erp_does_not_have_yet_is_shown_by_itself_and_is_no_difference(company: Company) -> None:
    # given a payment that is owed to the ERP and not carried yet
    company.sells()
    company.bills()
    company.settles()
    company.hears(payment(), source=company.billing)
    books("erp").lists["clearing"] = []
    # when / then
    run = runner.run("clearing", entity=company.entity, business_date=DAY)
    assert (run.status, run.totals["USD"]["in_flight"]) == ("tied_with_items", "100.00")
    assert [one.reference for one in clearing.lines(company.entity, DAY)] == ["payment:paper:pi_1"]


def test_money_of_the_bank_never_stands_in_it(company: Company) -> None:
    company.sells()
    company.bills()
    company.settles()
    company.hears(dataclasses.replace(payment(), origin="bank"), source=company.billing)
    company.settles()
    assert not clearing.has_gateway(company.entity) and clearing.lines(company.entity, DAY) == []


def test_a_company_without_a_gateway_is_not_asked(company: Company) -> None:
    assert "clearing" not in [one.name for one in controls_of(company.entity)]
    sold(company)
    assert "clearing" in [one.name for one in controls_of(company.entity)]


@pytest.mark.parametrize(("day", "opening", "receipts"), [(DAY, 0, 100), (NEXT, 100, 0)])
def test_a_movement_counts_on_the_day_the_ledger_counts_it(
    company: Company, day: date, opening: int, receipts: int
) -> None:
    sold(company)
    (one,) = clearing.CLEARING.roll_forward(company.entity, since=day, until=day)
    assert (one.opening, one.moved["receipts"], one.closing) == (opening, receipts, 100)
