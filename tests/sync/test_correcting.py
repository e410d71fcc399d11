"""Credit memos on their way to the ERP: they wait for their invoice, and give each line's own item, tax and period."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import CreditMemoLine, InvoiceLine
from connectors.errors import Rejected
from connectors.money import from_minor, shares
from reconciliation import approvals
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync import open_items, outbox
from sync.models import CreditMemoLineRecord, CreditMemoRecord, Delivery, WorkItem
from sync.pipelines import correcting
from sync.states import Condition
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import DAY, Company, credit_memo


@pytest.fixture
def billed(company: Company) -> Company:
    """A deal with its invoice over 100.00, posted."""
    company.sells()
    company.bills()
    company.settles()
    return company


def owed(reference: str = "credit_memo:paper:cn_1") -> Delivery:
    return Delivery.objects.get(reference=reference)


def test_a_credit_memo_takes_over_what_its_invoice_knows(billed: Company) -> None:
    # when
    billed.hears(credit_memo(), source=billed.billing)
    billed.settles()
    # then
    row = CreditMemoRecord.objects.get()
    assert (row.legal_entity.code, row.contract_reference) == ("US01", "contract:006000000000000001")
    line = CreditMemoLineRecord.objects.get()
    assert (line.erp_item, line.revenue_treatment, line.dimensions) == (
        "basic",
        "ratable_over_term",
        [["department", "4"]],
    )
    assert (line.service_starts_on, line.service_ends_on.year) == (DAY, 2027)
    sent = owed()
    assert (sent.state, sent.serial_key) == ("posted", "open:invoice:paper:in_1")
    # and the invoice is open by that much less
    assert open_items.of_invoices(["invoice:paper:in_1"])["invoice:paper:in_1"].left == Decimal(60)


def test_a_credit_memo_waits_for_its_invoice_and_then_for_the_erp_to_hold_it(company: Company, paper) -> None:
    # given a credit memo that came first
    company.sells()
    company.hears(credit_memo(), source=company.billing)
    item = WorkItem.objects.get(reference="credit_memo:paper:cn_1")
    assert (item.condition, item.waits_for) == (Condition.WAITING, "invoice:paper:in_1")
    # when the invoice comes, and the ERP refuses it
    paper("erp").next.append(Rejected("no", reason="PERIOD_CLOSED"))
    company.bills()
    company.settles()
    # then the credit memo was never sent
    assert owed().condition == Condition.WAITING and owed().waits_for == "invoice:paper:in_1"
    assert [parcel.subject.kind for parcel in paper("erp").parcels] == ["customer", "invoice"]


def test_a_credit_memo_in_another_currency_than_its_invoice_stops(billed: Company) -> None:
    billed.hears(credit_memo(currency="EUR"), source=billed.billing)
    assert case_of("CURRENCY_MISMATCH").reference == "credit_memo:paper:cn_1"


def test_tax_at_another_rate_than_was_charged_stops(billed: Company) -> None:
    memo = credit_memo()
    (line,) = memo.lines
    taxed = replace(memo, lines=(replace(line, tax=Decimal("4.00")),), tax=Decimal("4.00"), total=Decimal("44.00"))
    billed.hears(taxed, source=billed.billing)
    assert case_of("TAX_MISMATCH").value == "4.00 on 40.00 USD; charged was 0.0000 on 100.0000"


def test_a_line_the_invoice_does_not_have_stops(billed: Company) -> None:
    billed.hears(credit_memo(line="il_404"), source=billed.billing)
    assert case_of("ITEM_UNKNOWN").value == "il_404"


def test_an_invoice_below_zero_is_credited_on_account_of_its_contract(company: Company) -> None:
    # given
    company.sells()
    memo = credit_memo(
        reference="invoice:paper:in_5", refers_to="", applied=Decimal("0.00"),
        contract_reference="contract:006000000000000001",
    )  # fmt: skip
    lines = (replace(memo.lines[0], billing_product="basic"),)
    # when
    company.hears(replace(memo, lines=lines), source=company.billing)
    company.settles()
    # then
    row = owed("invoice:paper:in_5")
    assert (row.kind, row.state, row.serial_key) == ("credit_memo", "posted", "invoice:paper:in_5")
    assert CreditMemoLineRecord.objects.get().erp_item == "basic"


def test_two_documents_never_change_one_open_balance_at_once(billed: Company) -> None:
    billed.hears(credit_memo(1, amount="10.00"), credit_memo(2, amount="20.00"), source=billed.billing)
    first, second = (owed(f"credit_memo:paper:cn_{number}") for number in (1, 2))
    assert first.serial_key == second.serial_key
    claimed = outbox._claim(first.target, queue="posting")
    assert [claim.delivery.reference for claim in claimed] == [first.reference]


# -- what people can do ---------------------------------------------------------------------------------
def refused(company: Company, paper: Any) -> ExceptionCase:
    """A credit memo the ERP will not apply."""
    paper("erp").next.append(Rejected("nothing open", reason="CREDIT_WITHOUT_INVOICE"))
    company.hears(credit_memo(), source=company.billing)
    company.settles()
    case = case_of("CREDIT_WITHOUT_INVOICE")
    assert [fix.name for fix in for_case(case)] == ["post_invoice_first", "post_on_account", "try_again"]
    return case


def test_a_credit_its_invoice_cannot_take_is_posted_on_account_by_two_people(billed: Company, paper) -> None:
    # given
    case = refused(billed, paper)
    request = ask("post_on_account", at(case), user=preparer())
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=preparer())
    # when
    run = finish(approvals.approve(request.pk, user=approver()), billed)
    # then what was sent is what was approved
    assert run.status == "done" and run.note == "1 went through, 0 were refused."
    row = owed()
    (move,) = request.change["moves"]
    assert (row.state, row.subject_sha256) == ("posted", move["subject_sha256"])
    assert paper("erp").parcels[-1].subject.applied == 0
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_the_invoice_is_posted_again_first_where_the_erp_lost_it(billed: Company, paper) -> None:
    # given an invoice somebody deleted in the ERP
    paper("erp").delete("invoice:paper:in_1")
    case = refused(billed, paper)
    # when
    request = ask("post_invoice_first", at(case), user=preparer())
    run = finish(approvals.approve(request.pk, user=approver()), billed)
    # then
    assert run.status == "done"
    sent = [parcel.subject.kind for parcel in paper("erp").parcels]
    assert sent == ["customer", "invoice", "credit_memo", "invoice", "credit_memo"]
    assert owed().state == owed("invoice:paper:in_1").state == "posted"


# -- sharing out ------------------------------------------------------------------------------------------
AMOUNTS = st.integers(0, 10**9)
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])


@given(total=st.integers(-(10**12), 10**12), weights=st.lists(AMOUNTS, min_size=1, max_size=8), currency=CURRENCIES)
def test_shares_sum_to_the_total_and_none_is_off_by_a_minor_unit(
    total: int, weights: Sequence[int], currency: str
) -> None:
    whole = from_minor(total, currency)
    parts = shares(whole, [Decimal(weight) for weight in weights], currency)
    assert sum(parts, Decimal(0)) == whole and len(parts) == len(weights)
    if sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            exact = Decimal(total) * weight / sum(weights)
            assert abs(part.scaleb(-whole.as_tuple().exponent) - exact) < 1  # type: ignore[operator]


@given(nets=st.lists(st.integers(1, 10**7), min_size=1, max_size=6), part=st.integers(1, 100), currency=CURRENCIES)
def test_a_memo_that_names_no_line_is_shared_out_over_all_of_them(
    nets: Sequence[int], part: int, currency: str
) -> None:
    """Sums stay; tax of 10 % was charged on each line, and what goes back is within a minor unit of that."""
    billed = [
        InvoiceLine(
            line_id=f"il_{place}", description="x", quantity=Decimal(1), net=from_minor(net * 10, currency),
            tax=from_minor(net, currency), tax_code="t", service_starts_on=DAY, service_ends_on=date(2027, 5, 12),
            billing_product="p", erp_item=f"item-{place}",
        )
        for place, net in enumerate(nets)
    ]  # fmt: skip
    given_net, given_tax = sum(nets) * 10 * part // 100, sum(nets) * part // 100
    line = CreditMemoLine(
        line_id="cnli", description="Credit", quantity=Decimal(1), net=from_minor(given_net, currency),
        tax=from_minor(given_tax, currency), tax_code="", service_starts_on=DAY, service_ends_on=DAY,
    )  # fmt: skip
    shared = correcting._spread(line, billed, currency)  # type: ignore[arg-type]
    assert sum((one.net for one in shared), Decimal(0)) == line.net
    assert sum((one.tax for one in shared), Decimal(0)) == line.tax
    assert len({one.line_id for one in shared}) == len(shared)
    found = {one.line_id: one for one in billed}
    for one in shared:
        exact = Decimal(found[one.invoice_line_id].net) * given_net / (sum(nets) * 10)
        assert abs(one.net - exact) <= from_minor(1, currency)
