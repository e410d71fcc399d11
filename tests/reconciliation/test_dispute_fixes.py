"""Lost disputes: finance decides once, by two people, for bad debt or for a credit memo made by billing."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import CreditMemo, DisputeLoss
from connectors.money import minor_units
from reconciliation import approvals
from reconciliation.fixes.dispute_fixes import credit_lines
from reconciliation.fixes.fix import NotPossible
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync.models import DisputeLossRecord, InvoiceLineRecord
from tests.paper_erp import books
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import DAY, Company, allocation, payment
from tests.sync.test_cash import dispute_parts

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")


@pytest.fixture
def company(company: Company) -> Company:
    """A deal over 100.00 that is billed and posted."""
    company.sells()
    company.bills()
    company.settles()
    return company


def lose(company: Company) -> ExceptionCase:
    company.hears(*dispute_parts("lost"), source=company.billing)
    company.settles()
    return case_of("DISPUTE_LOST")


def sent_to(code: str, kind: str) -> list[Any]:
    return [entry.subject for entry in books(code).entries if entry.kind == kind]


def test_a_lost_dispute_becomes_bad_debt_by_two_people(company: Company) -> None:
    company.hears(payment(amount="100.00"), allocation(amount="100.00"), source=company.billing)
    request = ask("give_up_dispute", at(lose(company)), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), company)
    (sent,) = sent_to("erp", "dispute_loss")
    assert isinstance(sent, DisputeLoss) and (sent.amount, sent.treatment) == (Decimal("100.00"), "bad_debt")
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_a_lost_dispute_is_given_back_by_a_credit_memo_of_billing(company: Company) -> None:
    # given a lost dispute over a paid invoice
    company.hears(payment(), allocation(), source=company.billing)
    case = lose(company)
    assert [fix.name for fix in for_case(case)] == ["give_up_dispute", "credit_dispute"]
    # when two people choose the credit memo
    request = ask("credit_dispute", at(case), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), company)
    # then billing is asked for exactly it, and the receivable is the customer's again
    (memo,) = sent_to("billing", "credit_memo")
    assert isinstance(memo, CreditMemo)
    assert (memo.refers_to, memo.total, memo.reason_code) == ("invoice:paper:in_1", Decimal("100.00"), "fraudulent")
    assert [(line.invoice_line_id, line.net, line.tax) for line in memo.lines] == [("1", Decimal(100), Decimal(0))]
    (ended,) = sent_to("erp", "dispute_loss")
    assert ended.treatment == DisputeLossRecord.objects.get().treatment == "credit_memo"
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_one_dispute_ends_one_way(company: Company) -> None:
    # given both ways asked for
    company.hears(payment(), allocation(), source=company.billing)
    case = lose(company)
    requests = [ask(name, at(case), user=preparer()) for name in ("give_up_dispute", "credit_dispute")]
    first, second = (approvals.approve(one.pk, user=approver()) for one in requests)
    # when both are approved before either went out
    finish(first, company)
    finish(second, company)
    # then only the first is sent
    assert [one.treatment for one in sent_to("erp", "dispute_loss")] == ["bad_debt"]
    assert not sent_to("billing", "credit_memo")
    with pytest.raises(NotPossible):
        for_case(case)[1].owed(case, {})


def test_a_dispute_over_two_invoices_is_given_back_on_each(company: Company) -> None:
    company.bills(2, amount="60.00")
    company.settles()
    company.hears(payment(amount="100.00"), allocation(amount="55.00"), source=company.billing)
    other = allocation(2, of_invoice=2, amount="45.00")
    company.hears(dataclasses.replace(other, payment_reference="payment:paper:pi_1"), source=company.billing)
    request = ask("credit_dispute", at(lose(company)), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), company)
    found = {memo.refers_to: memo.total for memo in sent_to("billing", "credit_memo")}
    assert found == {"invoice:paper:in_1": Decimal("55.00"), "invoice:paper:in_2": Decimal("45.00")}


def test_what_paid_no_invoice_cannot_be_given_back_by_credit_memo(company: Company) -> None:
    company.hears(payment(), allocation(amount="70.00"), source=company.billing)
    with pytest.raises(NotPossible, match="30.00"):
        ask("credit_dispute", at(lose(company)), user=preparer())


@st.composite
def invoices(draw: st.DrawFn) -> tuple[str, list[InvoiceLineRecord], Decimal]:
    """A currency, lines that were billed in it with tax, and a part of their total, or all of it."""
    currency = draw(st.sampled_from(CURRENCIES))
    digits = min(minor_units(currency), 2)
    lines = []
    for number in range(draw(st.integers(1, 6))):
        net = draw(st.integers(1, 10**8))
        tax = net * draw(st.integers(0, 3000)) // 10_000
        amounts = {"net": Decimal(net).scaleb(-digits), "tax": Decimal(tax).scaleb(-digits)}
        day = {"service_starts_on": DAY, "service_ends_on": DAY}
        lines.append(InvoiceLineRecord(line_id=f"il_{number}", description="x", tax_code="t", **amounts, **day))
    total = sum(int((line.net + line.tax).scaleb(digits)) for line in lines)
    part = draw(st.one_of(st.just(total), st.integers(1, total)))
    return currency, lines, Decimal(part).scaleb(-digits)


@given(case=invoices())
def test_what_is_given_back_sums_exactly_and_at_the_tax_that_was_charged(
    case: tuple[str, list[InvoiceLineRecord], Decimal],
) -> None:
    currency, billed, total = case
    lines = credit_lines(billed, total, currency)
    assert sum((line.net + line.tax for line in lines), Decimal(0)) == total
    by_id = {line.line_id: line for line in billed}
    # cards are charged in no third digit
    minor = Decimal(1).scaleb(-min(minor_units(currency), 2))
    for line in lines:
        of = by_id[line.invoice_line_id]
        assert 0 <= line.net <= of.net and 0 <= line.tax <= of.tax
        # to one minor unit, as what comes back from billing is checked
        assert abs(line.tax - of.tax * line.net / of.net) <= minor
    if total == sum((line.net + line.tax for line in billed), Decimal(0)):
        assert [(line.net, line.tax) for line in lines] == [(line.net, line.tax) for line in billed]
