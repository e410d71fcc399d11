"""Registers: what was given back, disputed, left on account, taxed and posted late, line by line and in sum."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client

from reconciliation import approvals
from reconciliation.figures_registers import REGISTERS, show
from reconciliation.figures_registers.open_cash import age_class
from reconciliation.figures_registers.register import Line
from sync import rounds
from sync.models import Delivery, JournalEntry
from tests.reconciliation.controls.test_tax import bills, sells
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.reconciliation.views.markup import text_of
from tests.refunds import refund, refund_failure
from tests.small_company import DAY, Company, allocation, credit_memo, invoice, payment, person, void, write_off
from tests.sync.test_cash import dispute_parts
from tests.sync.test_taxes import taxed as taxed

pytestmark = pytest.mark.django_db
FIRST, LAST = DAY.replace(day=1), date(2026, 5, 31)


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


@pytest.fixture
def sold(company: Company) -> Company:
    """A deal over 100.00 that is billed and posted."""
    company.sells()
    company.bills()
    company.settles()
    return company


def lines(name: str, company: Company, *, first: date = FIRST, last: date = LAST) -> list[Line]:
    return list(show(REGISTERS[name], company.entity, first, last).lines)


def sums(name: str, company: Company, *, last: date = LAST) -> list[tuple[str, str, list[str]]]:
    shown = show(REGISTERS[name], company.entity, FIRST, last)
    return [(currency, group, list(totals)) for currency, group, totals in shown.sums]


def test_what_was_given_back_says_how_far_it_is_why_and_who_approved_it(sold: Company) -> None:
    # given a credit memo, and what is left of the invoice given up by two people
    sold.hears(credit_memo(1, amount="40.00", reason_code="order_change"), source=sold.billing)
    sold.settles()
    sold.hears(write_off(1, amount="60.00"), source=sold.billing)
    sold.settles()
    before = {line.words["Document"]: line.words for line in lines("corrections", sold)}
    assert before["Write-off INV-0001"]["State"] == "Stopped, see its case"
    request = ask("approve_write_off", at(case_of("WRITE_OFF_PROPOSED")), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), sold)
    # then each is a line with its state, its reason and its people
    found = {line.words["Document"]: line for line in lines("corrections", sold)}
    memo, given_up = found["Credit memo CN-0001"], found["Write-off INV-0001"]
    assert (memo.words["State"], memo.words["Why"]) == ("Posted", "Order change")
    assert memo.words["Approved by"] == "No approval in the portal"
    assert (given_up.words["State"], given_up.money["Amount"]) == ("Posted", Decimal("60.00"))
    assert given_up.words["Approved by"] == f"{approver()}, asked by {preparer()} (APR-{request.pk})"
    # and both are in the sum of their month only
    assert sums("corrections", sold) == [("USD", "", ["USD 100.00"])]
    assert lines("corrections", sold, first=FIRST - timedelta(days=31), last=FIRST - timedelta(days=1)) == []


def test_a_refund_that_came_home_says_so_and_is_on_account_again(sold: Company) -> None:
    # given 140.00 paid for an invoice over 100.00
    sold.hears(payment(amount="140.00"), allocation(), source=sold.billing)
    sold.settles()
    (line,) = lines("open-cash", sold, last=DAY + timedelta(days=45))
    assert (line.words["Document"], line.words["Age"], line.money["On account"]) == (
        "Receipt pi_1", "31–60 days", Decimal("40.00"),
    )  # fmt: skip
    assert sums("open-cash", sold, last=DAY + timedelta(days=91)) == [("USD", "Over 90 days", ["USD 40.00"])]
    # when the rest is paid back, nothing is left on account
    sold.hears(refund(), source=sold.billing)
    sold.settles()
    assert lines("open-cash", sold) == []
    (given,) = lines("corrections", sold)
    assert (given.words["State"], given.words["Why"]) == ("Posted", "What was paid too much")
    # when it comes home, it is there again, and the refund says so
    sold.hears(refund_failure(), source=sold.billing)
    sold.settles()
    (line,) = lines("open-cash", sold)
    assert line.words["Document"].startswith("Refund that came home") and line.money["On account"] == Decimal("40.00")
    assert lines("corrections", sold)[0].words["State"] == "Came home"


def test_a_credit_on_account_counts_until_it_is_taken_back(sold: Company) -> None:
    sold.hears(replace(credit_memo(1, amount="40.00"), applied=Decimal("30.00")), source=sold.billing)
    sold.settles()
    assert [line.money["On account"] for line in lines("open-cash", sold)] == [Decimal("10.00")]
    sold.hears(void(1, of=credit_memo(1, amount="40.00")), source=sold.billing)
    sold.settles()
    assert lines("open-cash", sold) == []


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "0–30 days"), (30, "0–30 days"), (31, "31–60 days"), (90, "61–90 days"), (91, "Over 90 days")],
)
def test_age_has_four_classes(days: int, words: str) -> None:
    assert age_class(days) == words


@pytest.mark.parametrize(
    ("outcome", "state", "away"),
    [("", "Open, evidence due", "100.00"), ("won", "Won", "0.00"), ("lost", "Lost, finance decides", "100.00")],
)
def test_a_dispute_says_how_far_it_is_and_what_is_away(sold: Company, outcome: str, state: str, away: str) -> None:
    sold.hears(payment(), allocation(), source=sold.billing)
    sold.settles()
    parts = dispute_parts(outcome)
    if outcome == "won":
        parts.append(replace(parts[1], reference="dispute_movement:paper:txn_2", amount=Decimal("100.00")))
    sold.hears(*parts, source=sold.billing)
    sold.settles()
    (line,) = lines("disputes", sold)
    assert line.words["State"].startswith(state)
    assert line.money == {"Disputed": Decimal("100.00"), "Withdrawn now": Decimal(away)}


def test_tax_by_code_and_place_is_what_was_charged_less_what_was_given_back(taxed: Company) -> None:
    # given two invoices with German tax
    sells(taxed, country="Germany")
    for number in (1, 2):
        bills(taxed, "19.00", number=number, of_deal=1)
    taxed.settles()
    place = ("DE-standard", "DE", "Taxed where it is used, 19 %")
    assert _tax(taxed) == (*place, "2", Decimal("200.00"), Decimal("38.00"))
    # when half of one is given back with its tax, and the other is voided
    memo = credit_memo(1, amount="50.00")
    line = replace(memo.lines[0], tax=Decimal("9.50"))
    given = {"tax": line.tax, "total": Decimal("59.50"), "applied": Decimal("59.50"), "lines": (line,)}
    whole = replace(invoice(2), tax=Decimal("19.00"), total=Decimal("119.00"))
    taxed.hears(replace(memo, **given), void(2, of=whole), source=taxed.billing)
    taxed.settles()
    # then what is left is half an invoice, of four documents
    assert _tax(taxed) == (*place, "4", Decimal("50.00"), Decimal("9.50"))


def _tax(company: Company) -> tuple[str, str, str, str, Decimal, Decimal]:
    (line,) = lines("tax", company)
    words = line.words
    return words["Code"], words["Place"], words["Treatment"], words["Documents"], line.money["Net"], line.money["Tax"]


def test_late_postings_stand_in_the_month_they_were_posted_in(sold: Company) -> None:
    sold.bills(2)
    with transaction.atomic():
        rounds.move_posting(Delivery.objects.get(reference="invoice:paper:in_2"), posting_date=date(2026, 6, 1))
    assert lines("late-postings", sold) == []
    (line,) = lines("late-postings", sold, first=date(2026, 6, 1), last=date(2026, 6, 30))
    assert (line.words["Own date"], line.words["Posted on"], line.words["Crosses"]) == (
        DAY.isoformat(), "2026-06-01", "A month",
    )  # fmt: skip
    assert line.words["Cut-off"] == "Not decided"


@pytest.mark.parametrize("name", REGISTERS)
def test_every_register_opens_full_and_empty(sold: Company, auditor: Client, name: str) -> None:
    sold.hears(credit_memo(1, amount="40.00"), source=sold.billing)
    sold.settles()
    for month in ("2026-05", "2020-01", "soon"):
        assert REGISTERS[name].title in text_of(auditor, f"/registers/{name}?month={month}")
    text = text_of(auditor, f"/registers/{name}?month=2020-01")
    if not REGISTERS[name].as_it_stands:
        assert "Nothing to list.</strong> Test company has none of these in January 2020." in text


def test_sums_are_per_currency_and_never_across(sold: Company, auditor: Client) -> None:
    sold.hears(credit_memo(1, amount="40.00"), source=sold.billing)
    sold.settles()
    text = text_of(auditor, "/registers/?month=2026-05")
    assert "Credit memo CN-0001" in text and "USD 40.00" in text
    assert auditor.get("/registers/of-nothing").status_code == 404


def test_a_register_is_taken_as_a_file_with_its_amounts_and_days(sold: Company, auditor: Client) -> None:
    sold.hears(credit_memo(1, amount="40.00"), source=sold.billing)
    sold.settles()
    # given the link on the page
    assert "/registers/corrections/export.csv?entity=US01&amp;month=2026-05" in text_of(
        auditor, "/registers/?month=2026-05"
    )
    answer = auditor.get("/registers/corrections/export.csv?entity=US01&month=2026-05")
    # then the file has the line, its amount apart from its currency, and it is in the journal
    head, row = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    line = dict(zip(head, row, strict=True))
    assert (line["Company"], line["Document"], line["Date"]) == ("US01", "Credit memo CN-0001", DAY.isoformat())
    assert (line["Currency"], line["Amount"]) == ("USD", "40.00")
    assert JournalEntry.objects.get(action="exported").details["rows"] == 1
    # and nothing is asked of a register nobody keeps
    assert auditor.get("/registers/of-nothing/export.csv").status_code == 404


def test_who_has_nothing_to_do_with_the_books_does_not_read_registers(sold: Company, client: Client) -> None:
    client.force_login(person("user.admin", "User admin"))
    assert client.get("/registers/").status_code == 403
