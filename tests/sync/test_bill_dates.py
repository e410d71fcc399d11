"""Listings of running contracts: not billed, billed after the end, renewals nobody decided."""

from dataclasses import replace
from datetime import timedelta

from reconciliation.models import ExceptionCase
from sync import bill_dates
from tests.small_company import DAY, Company, customer, deal, invoice

WEEK = timedelta(days=7)


def open_cases() -> list[str]:
    return list(ExceptionCase.objects.filter(status="open").order_by("pk").values_list("reason", flat=True))


def test_a_running_contract_without_an_invoice_is_a_case_until_it_is_billed(company: Company) -> None:
    company.sells(1)
    # a bill may be on its way for two days
    assert bill_dates.look(company.entity, on=DAY + timedelta(days=1)).not_billed == ()
    found = bill_dates.look(company.entity, on=DAY + WEEK)
    assert len(found.not_billed) == 1 and open_cases() == ["NOT_BILLED"]
    bill_dates.look(company.entity, on=DAY + WEEK)
    assert open_cases() == ["NOT_BILLED"]
    company.bills(1)
    assert bill_dates.look(company.entity, on=DAY + WEEK).not_billed == ()
    assert open_cases() == []


def test_an_invoice_that_stands_elsewhere_is_no_second_case(company: Company) -> None:
    company.sells(1)
    company.hears(invoice(1, product="unknown"), source=company.billing)
    assert bill_dates.look(company.entity, on=DAY + WEEK).not_billed == ()
    assert open_cases() == ["ITEM_UNKNOWN"]


def test_what_is_charged_after_the_end_is_a_case(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    ends = DAY + timedelta(days=364)
    assert bill_dates.look(company.entity, on=DAY).billed_after_end == ()
    later = invoice(2, day=ends + timedelta(days=1))
    company.hears(later, source=company.billing)
    assert bill_dates.look(company.entity, on=DAY).billed_after_end == (later.reference,)
    assert open_cases() == ["BILLED_AFTER_END"]


def test_a_contract_that_ends_soon_waits_for_a_decision(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    ends = DAY + timedelta(days=364)
    assert bill_dates.look(company.entity, on=ends - timedelta(days=31)).undecided == ()
    assert len(bill_dates.look(company.entity, on=ends - timedelta(days=30)).undecided) == 1
    assert open_cases() == ["RENEWAL_UNDECIDED"]
    # when it is renewed, somebody has decided
    first = deal(1)
    starts = ends + timedelta(days=1)
    renewed = replace(
        first, version=2, modification_number=2, modification_kind="renewal", record_revision=2, effective_on=starts,
        starts_on=starts, ends_on=starts + timedelta(days=364),
    )  # fmt: skip
    company.hears(customer(1), renewed)
    assert bill_dates.look(company.entity, on=ends - timedelta(days=30)).undecided == ()
    assert open_cases() == []
