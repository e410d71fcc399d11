"""The rates control, and the second figure of the tie-out: documents of other currencies in the company's own money."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from connectors.interface import ControlLine
from reconciliation import figures_controls, tie_out
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import ExchangeRate, InvoiceRecord
from tests.paper_erp import Books, line
from tests.reconciliation.views.markup import problems
from tests.small_company import DAY, Company, invoice, payment, person
from tests.sync.test_rates import european as european
from tests.sync.test_rates import rate

pytestmark = pytest.mark.django_db
IN1, PAID = invoice(1).reference, payment(1).reference


def posted(reference: str, amount: str, at: str, *, abroad: str = "USD", **values: Any) -> ControlLine:
    """A document as the ERP posted it: its amount in euros, and the rate."""
    return replace(line(reference, amount, day=DAY, currency="EUR"), status=f"{abroad} {at}", **values)


@pytest.fixture
def erp(european: Company, paper: Any) -> Books:
    """An invoice over 100 dollars and its payment, sent at 0.92, posted and listed so; gives the ERP's books."""
    cache.clear()
    rate(european, "0.92")
    european.hears(invoice(1), payment(1), source=european.billing)
    european.settles()
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    paper("erp").lists["posted_rate"] = [posted(IN1, "92.00", "0.92"), posted(PAID, "92.00", "0.92")]
    return paper("erp")


def asked(company: Company) -> ControlRun:
    runner.run("invoices", entity=company.entity, business_date=DAY)
    return runner.run("rates", entity=company.entity, business_date=DAY)


def test_a_company_without_documents_of_other_currencies_is_not_asked(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    assert "rates" not in {control.name for control in controls_of(company.entity)}
    assert tie_out.own_money_rows() == []


def test_documents_posted_at_the_rates_they_were_sent_with_tie(european: Company, erp: Books) -> None:
    assert "rates" in {control.name for control in controls_of(european.entity)}
    assert asked(european).status == "tied" and not Break.objects.exists()


def test_another_rate_than_the_one_sent_is_a_break_with_both(european: Company, erp: Books) -> None:
    # given an ERP that took a rate from its own table, less than 2 percent off
    erp.lists["posted_rate"][0] = posted(IN1, "91.00", "0.91")
    # when the control is asked, twice
    asked(european)
    run = asked(european)
    # then
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert run.status == "open_exceptions"
    assert (found.kind, found.difference, found.currency) == ("RATE_DIFFERS", Decimal("1.00"), "EUR")
    assert (found.left["status"], found.right["status"]) == (f"USD 0.92 {DAY}", "USD 0.91")
    assert case.document == "Rate of in_1: sent 0.92, posted at 0.91"
    # when it is corrected there, then it heals
    erp.lists["posted_rate"][0] = posted(IN1, "92.00", "0.92")
    assert asked(european).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_a_rate_that_is_kept_to_eight_decimals_is_the_same_rate(european: Company, erp: Books) -> None:
    InvoiceRecord.objects.update(exchange_rate=Decimal("0.9212345678"))
    erp.lists["posted_rate"] = [posted(IN1, "92.12", "0.92123457")]
    assert asked(european).status == "tied"


@pytest.mark.parametrize(("at", "kinds"), [("0.90", ["RATE_OFF"]), ("0.93", []), ("0.9385", ["RATE_OFF"])])
def test_what_the_erp_posted_by_itself_may_be_two_percent_off_the_approved_rate(
    european: Company, erp: Books, at: str, kinds: list[str]
) -> None:
    erp.lists["posted_rate"].append(posted("netsuite:77", "90.00", at))
    asked(european)
    assert [row.kind for row in Break.objects.all()] == kinds


def test_what_the_erp_posted_on_a_day_without_an_approved_rate_is_listed(european: Company, erp: Books) -> None:
    erp.lists["posted_rate"].append(posted("netsuite:77", "90.00", "0.90", abroad="GBP"))
    asked(european)
    (case,) = ExceptionCase.objects.all()
    assert (case.reason, case.value) == ("RATE_MISSING", f"GBP in EUR on {DAY}")


def test_a_rate_published_more_than_three_days_before_the_document_is_stale(european: Company, erp: Books) -> None:
    InvoiceRecord.objects.update(rate_as_of=DAY - timedelta(days=3))
    assert asked(european).status == "tied"
    InvoiceRecord.objects.update(rate_as_of=DAY - timedelta(days=4))
    asked(european)
    (case,) = ExceptionCase.objects.all()
    assert (case.reason, case.value) == ("RATE_STALE", f"USD of {DAY - timedelta(days=4)}")


def test_both_sides_stand_in_the_companys_own_money_beside_the_legs(
    european: Company, erp: Books, client: Client
) -> None:
    asked(european)
    (row,) = tie_out.own_money_rows()
    assert (row.leg, row.entity, row.currency, row.kind, row.period) == (
        "functional_currency", "US01", "EUR", "invoice", "2026-05",
    )  # fmt: skip
    assert (row.left, row.right, row.unexplained, row.left_count) == (Decimal("92.00"), Decimal("92.00"), 0, 1)
    # the legs stay in the documents' own currency
    assert {(one.leg, one.currency) for one in tie_out.rows()} == {("billed_to_posted", "USD")}
    # and both are shown
    out = io.StringIO()
    call_command("tie_out", json=True, stdout=out)
    shown = [one for one in json.loads(out.getvalue()) if one["leg"] == "functional_currency"]
    assert [(one["left"], one["right"], one["unexplained"]) for one in shown] == [("92.00", "92.00", "0.00")]
    legs = {leg.title: leg for leg in figures_controls.both_legs().legs}
    assert legs["In the company's own money"].currency == "EUR"
    assert legs["In the company's own money"].figures[0].total.right == "EUR 92.00"
    client.force_login(person("auditor", "Auditor"))
    page = client.get("/controls/").content.decode()
    assert problems(page) == []
    assert "A second figure, beside the legs" in page and "Rounding, or shown above" in page


def test_the_second_figure_is_at_the_posted_rate_whatever_was_sent(european: Company, erp: Books) -> None:
    erp.lists["posted_rate"][0] = posted(IN1, "91.00", "0.91")
    asked(european)
    (row,) = tie_out.own_money_rows()
    assert (row.left, row.right, row.unexplained) == (Decimal("91.00"), Decimal("91.00"), 0)


def test_rounding_of_lines_is_told_apart_and_more_than_that_is_a_break(european: Company, erp: Books) -> None:
    erp.lists["posted_rate"][0] = posted(IN1, "92.05", "0.92")
    assert asked(european).status == "tied"
    (row,) = tie_out.own_money_rows()
    assert (row.explained, row.unexplained) == (Decimal("-0.05"), 0)
    # when the ledger has another amount than the document at its own rate
    erp.lists["posted_rate"][0] = posted(IN1, "92.06", "0.92")
    asked(european)
    (row,) = tie_out.own_money_rows()
    assert (row.explained, row.unexplained) == (0, Decimal("-0.06"))
    assert [(one.kind, one.difference) for one in Break.objects.all()] == [("OWN_MONEY_OFF", Decimal("-0.06"))]


def test_a_difference_in_the_documents_own_currency_is_shown_by_the_legs_only(european: Company, erp: Books) -> None:
    erp.lists["invoice"] = [line(IN1, "50.00", day=DAY)]
    erp.lists["posted_rate"][0] = posted(IN1, "46.00", "0.92")
    asked(european)
    (row,) = tie_out.own_money_rows()
    assert (row.explained, row.unexplained) == (Decimal("46.00"), 0)
    assert [one.control for one in Break.objects.all()] == ["invoices"]


def test_documents_that_are_not_posted_have_no_posted_rate(european: Company, erp: Books) -> None:
    erp.lists["posted_rate"] = []
    asked(european)
    assert tie_out.own_money_rows() == [] and not ExchangeRate.objects.filter(rate__lte=0).exists()
