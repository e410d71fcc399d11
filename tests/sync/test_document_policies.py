"""What a company decides about its documents: nothing to pay, electronic invoices, small differences."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import Clearance
from connectors.canonical.clearance import RANK
from reconciliation import approvals, matching
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ExceptionCase
from reconciliation.number_series import series_of
from sync import clock
from sync.models import (
    Delivery,
    DocumentPolicy,
    ExchangeRate,
    InvoiceRecord,
    UnpostedDocument,
    WorkItem,
    WriteOffRecord,
)
from sync.small_differences import SmallDifferences
from sync.states import Condition
from tests.paper_erp import line
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import DAY, Company, credit_memo, deal_id, invoice, void, write_off


def decide(company: Company, **values: Any) -> DocumentPolicy:
    """A policy two people agreed on."""
    now = clock.now()
    return DocumentPolicy.objects.create(
        entity=company.entity, status="approved", valid_from=date(2025, 1, 1), drafted_by=company.drafter,
        drafted_at=now, approved_by=company.approver, approved_at=now, **values,
    )  # fmt: skip


def clearance(status: str, **values: Any) -> Clearance:
    return Clearance(
        reference="clearance:invoice:paper:in_1", version=RANK[status], correlation_id="",
        invoice_reference="invoice:paper:in_1", contract_reference=f"contract:{deal_id(1)}", number="INV-0001",
        status=status, **values,
    )  # fmt: skip


def test_a_policy_needs_two_people_and_never_overlaps_another(company: Company) -> None:
    decide(company)
    with pytest.raises(IntegrityError), transaction.atomic():
        decide(company, zero_totals="list")
    alone = {"approved_by": company.drafter, "drafted_by": company.drafter}
    now = clock.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        DocumentPolicy.objects.create(
            entity=company.entity, status="approved", valid_from=date(2024, 1, 1), valid_to=date(2024, 2, 1),
            drafted_at=now, approved_at=now, **alone,
        )  # fmt: skip


# -- nothing to pay ---------------------------------------------------------------------------------------
def test_an_invoice_over_nothing_is_posted_where_nobody_decided_otherwise(company: Company) -> None:
    company.sells()
    company.bills(amount="0.00")
    company.settles()
    assert Delivery.objects.get(kind="invoice").state == "posted" and not UnpostedDocument.objects.exists()


def test_an_invoice_over_nothing_is_listed_by_policy_and_the_control_still_counts_it(company: Company, paper) -> None:
    # given
    decide(company, zero_totals="list")
    company.sells()
    nothing = invoice(1, amount="0.00")
    company.hears(nothing, invoice(2, amount="50.00"), source=company.billing)
    company.settles()
    # then only the other is owed
    assert [row.reference for row in Delivery.objects.filter(kind="invoice")] == ["invoice:paper:in_2"]
    assert UnpostedDocument.objects.get().reference == nothing.reference
    assert InvoiceRecord.objects.count() == 2
    # and the control ties, with one item that is explained
    paper("billing").lists["invoice"] = [
        line(nothing.reference, "0.00", day=DAY),
        line("invoice:paper:in_2", "50", day=DAY),
    ]
    paper("erp").lists["invoice"] = [line("invoice:paper:in_2", "50", day=DAY)]
    run = runner.run("invoices", entity=company.entity, business_date=DAY)
    assert run.status == ControlRun.Status.TIED_WITH_ITEMS and run.totals["USD"]["unexplained"] == "0.00"
    with matching.compared(CONTROLS["invoices"], entity=company.entity):
        (found,) = matching.differences()
    assert (found.reference, found.standing) == (nothing.reference, "explained")


def test_a_listed_invoice_that_is_not_over_nothing_after_all_is_not_explained(company: Company, paper) -> None:
    decide(company, zero_totals="list")
    company.sells()
    company.hears(invoice(1, amount="0.00"), source=company.billing)
    company.settles()
    paper("billing").lists["invoice"] = [line("invoice:paper:in_1", "9.00", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    assert Break.objects.get().reference == "invoice:paper:in_1"


# -- electronic invoices ----------------------------------------------------------------------------------
def test_an_invoice_waits_for_its_clearance_and_is_posted_under_its_legal_number(company: Company, paper) -> None:
    # given
    decide(company, e_invoices="on_clearance")
    company.sells()
    company.hears(invoice(), source=company.billing)
    item = WorkItem.objects.get(flow="invoice_to_erp")
    assert (item.condition, item.waits_for) == (Condition.WAITING, "clearance:invoice:paper:in_1")
    # when it is pending, nothing changes
    company.hears(clearance("pending"), source=company.billing)
    company.settles()
    assert not Delivery.objects.filter(kind="invoice").exists()
    # when it is rejected, finance has a case
    company.hears(clearance("rejected", words="buyer unknown"), source=company.billing)
    company.settles()
    assert case_of("EINVOICE_REJECTED").value == "buyer unknown"
    assert not Delivery.objects.filter(kind="invoice").exists()
    # when it is cleared after all
    company.hears(clearance("cleared", legal_number="35-9-001"), source=company.billing)
    company.settles()
    # then it is posted, and the case is over
    assert Delivery.objects.get(kind="invoice").state == "posted"
    row = InvoiceRecord.objects.get()
    assert (row.e_invoice_status, row.legal_number) == ("cleared", "35-9-001")
    assert not ExceptionCase.objects.filter(status="open").exists()
    # and an older word that comes late changes nothing
    company.hears(clearance("rejected"), source=company.billing)
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_where_invoices_are_posted_on_issue_the_status_follows(company: Company) -> None:
    decide(company, e_invoices="on_issue")
    company.sells()
    company.bills()
    company.settles()
    assert InvoiceRecord.objects.get().e_invoice_status == "pending"
    company.hears(clearance("cleared", legal_number="35-9-001"), source=company.billing)
    assert InvoiceRecord.objects.get().e_invoice_status == "cleared"
    # a document the authority knows is not voided by itself
    company.hears(void(), source=company.billing)
    company.settles()
    assert case_of("VOID_NOT_ALLOWED").value == "reported for tax"


# -- small differences ------------------------------------------------------------------------------------
def gives_up(company: Company, number: int, amount: str) -> Delivery:
    shape = write_off(number, amount=amount)
    company.hears(shape, source=company.billing)
    company.settles()
    return Delivery.objects.get(reference=shape.reference)


@pytest.fixture
def ten_invoices(company: Company) -> Company:
    company.sells(amount="20000.00")
    company.hears(*(invoice(number, amount="2000.00") for number in range(1, 11)), source=company.billing)
    company.settles()
    return company


@pytest.mark.parametrize(
    ("amount", "treatment"), [("10.00", "small_difference"), ("10.01", "bad_debt"), ("0.01", "small_difference")]
)
def test_a_difference_is_small_within_amount_and_percent(ten_invoices: Company, amount: str, treatment: str) -> None:
    row = gives_up(ten_invoices, 1, amount)
    assert WriteOffRecord.objects.get().treatment == treatment
    assert row.condition == (Condition.SETTLED if treatment == "small_difference" else Condition.BLOCKED)


def test_more_than_half_a_percent_of_the_invoice_is_not_small(company: Company) -> None:
    company.sells()
    company.bills(amount="100.00")
    company.settles()
    assert gives_up(company, 1, "0.51").condition == Condition.BLOCKED
    assert WriteOffRecord.objects.get().treatment == "bad_debt"


def test_small_differences_stop_at_the_cap_of_the_customer_and_then_two_people_decide(ten_invoices: Company) -> None:
    # given five of 10.00: the year's 50.00 of this customer
    for number in range(1, 6):
        assert gives_up(ten_invoices, number, "10.00").state == "posted"
    # when there is one more
    more = gives_up(ten_invoices, 6, "0.01")
    # then finance is asked, and it stays a small difference
    assert more.condition == Condition.BLOCKED
    case = case_of("WRITE_OFF_PROPOSED")
    assert case.value == "small differences of this customer in 2026 would pass 50.00"
    run = finish(
        approvals.approve(ask("approve_write_off", at(case), user=preparer()).pk, user=approver()), ten_invoices
    )
    assert run.status == "done"
    assert WriteOffRecord.objects.get(reference="write_off:paper:in_6").treatment == "small_difference"


def test_the_cap_holds_within_one_batch_and_for_the_month(ten_invoices: Company) -> None:
    # given a company that allows 15.00 a month
    decide(ten_invoices, small_difference_month=Decimal(15))
    # when two of 10.00 come at once
    ten_invoices.hears(write_off(1, amount="10.00"), write_off(2, amount="10.00"), source=ten_invoices.billing)
    ten_invoices.settles()
    # then one goes, one asks
    rows = Delivery.objects.filter(kind="write_off").order_by("reference")
    assert [row.condition for row in rows] == [Condition.SETTLED, Condition.BLOCKED]


def test_without_a_cap_of_its_own_a_company_gives_up_five_hundred_a_month(company: Company) -> None:
    # given a policy nobody set a cap in, and ten customers who left all of their 50.00
    policy, given = DocumentPolicy(entity=company.entity), SmallDifferences()
    wanted = [replace(write_off(1), reference=f"write_off:{number}", amount=Decimal(50)) for number in range(10)]
    for number, one in enumerate(wanted):
        mine = replace(one, legal_entity="US01", customer_reference=f"customer:{number}")
        assert given.claim(mine, policy=policy) == ""
    # when an eleventh leaves a cent, in the same month and in the next
    more = replace(write_off(2), legal_entity="US01", customer_reference="customer:10", amount=Decimal("0.01"))
    # then the month is full, and the next is not
    assert given.claim(more, policy=policy) == f"small differences of {DAY:%Y-%m} would pass 500.00"
    later = replace(more, written_off_on=DAY + timedelta(days=31))
    assert given.claim(later, policy=policy) == ""


def test_a_difference_in_another_currency_than_the_companys_own_is_never_small(company: Company) -> None:
    ExchangeRate.objects.create(
        from_currency="EUR",
        to_currency="USD",
        rate=Decimal("1.08"),
        source="Test",
        as_of=DAY,
        status="approved",
        valid_from=DAY,
        valid_to=DAY + timedelta(days=1),
        drafted_by=company.drafter,
        drafted_at=clock.now(),
        approved_by=company.approver,
        approved_at=clock.now(),
    )
    company.map_product("Euro", name="Euro", currency="EUR", price="2000.00")
    company.sells(amount="2000.00", product="Euro", currency="EUR")
    company.hears(invoice(1, amount="2000.00", product="euro", currency="EUR"), source=company.billing)
    company.settles()
    company.hears(write_off(1, amount="1.00", currency="EUR"), source=company.billing)
    assert WriteOffRecord.objects.get().treatment == "bad_debt"


# -- debit memos ------------------------------------------------------------------------------------------
def test_a_debit_memo_comes_after_the_document_it_charges_more_for(company: Company, paper) -> None:
    company.sells(amount="150.00")
    company.hears(invoice(2, amount="50.00", preceding_reference="invoice:paper:in_1"), source=company.billing)
    company.settles()
    assert Delivery.objects.get(reference="invoice:paper:in_2").waits_for == "invoice:paper:in_1"
    company.bills(1)
    company.settles()
    assert [parcel.reference for parcel in paper("erp").parcels[1:]] == ["invoice:paper:in_1", "invoice:paper:in_2"]


# -- number series ----------------------------------------------------------------------------------------
def test_gaps_duplicates_and_voids_of_a_series_are_listed_and_gaps_are_cases_until_they_are_filled(
    company: Company,
) -> None:
    # given invoices 1, 2 (voided), 4 and 7, where 6 is known and stopped, and a number used twice
    company.sells(amount="700.00")
    company.hears(*(invoice(number) for number in (1, 2, 4, 7)), source=company.billing)
    company.hears(replace(invoice(8), number="INV-0004"), invoice(6, currency="EUR"), source=company.billing)
    company.hears(void(2), credit_memo(1), credit_memo(2), source=company.billing)
    # then
    invoices, memos = series_of(company.entity)
    assert (invoices.first, invoices.last, invoices.count, invoices.owner) == ("INV-0001", "INV-0007", 4, "billing")
    assert (invoices.gaps, invoices.duplicates, invoices.voids) == (
        ("INV-0003", "INV-0005"),
        ("INV-0004",),
        ("INV-0002",),
    )
    assert (memos.gaps, memos.kind) == ((), "credit_memo")
    run = runner.run("document_numbers", entity=company.entity, business_date=DAY)
    assert run.status == ControlRun.Status.OPEN_EXCEPTIONS
    assert {case.reason for case in ExceptionCase.objects.filter(break_row__control="document_numbers")} == {
        "DOC_NUMBER_GAP", "DOC_NUMBER_TWICE",
    }  # fmt: skip
    # when it is asked again, nothing is doubled
    runner.run("document_numbers", entity=company.entity, business_date=DAY)
    assert Break.objects.filter(control="document_numbers").count() == 3
    # when the missing ones arrive, their cases are over
    company.hears(invoice(3), invoice(5), source=company.billing)
    run = runner.run("document_numbers", entity=company.entity, business_date=DAY)
    open_now = ExceptionCase.objects.filter(status="open", break_row__control="document_numbers")
    assert [case.reason for case in open_now] == ["DOC_NUMBER_TWICE"]
