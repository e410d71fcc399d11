"""Journals as NetSuite records: balanced, dated, found again; the deferred balance; what goes with invoice lines."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.canonical import JournalBatch, JournalLine
from connectors.errors import Misconfigured, Rejected
from connectors.netsuite import journals, mapping

SETTINGS = {"subsidiaries": {"US01": "1"}, "currencies": {"USD": "1"}, "deferred_account": "220"}


def journal(debit: str = "30.00", credit: str = "30.00") -> JournalBatch:
    nothing = Decimal("0.00")
    return JournalBatch(
        reference="journal:US01:USD:20260331:recognition:1",
        version=1,
        correlation_id="revenue:US01:2026-03",
        legal_entity="US01",
        currency="USD",
        movement="recognition",
        posting_date=date(2026, 3, 31),
        sequence=1,
        total=Decimal(debit),
        members=2,
        lines=(
            JournalLine(account="220", debit=Decimal(debit), credit=nothing, memo="Earned"),
            JournalLine(account="400", debit=nothing, credit=Decimal(credit), memo="Earned"),
        ),
    )


def test_a_journal_has_a_line_per_side_and_its_posting_date() -> None:
    record = journals.record(journal(), settings=SETTINGS)
    assert record["tranDate"] == date(2026, 3, 31) and record["subsidiary"] == {"id": "1"}
    sides = [{name: line[name] for name in ("debit", "credit") if name in line} for line in record["line"]["items"]]
    assert sides == [{"debit": Decimal("30.00")}, {"credit": Decimal("30.00")}]


def test_a_journal_in_another_currency_carries_the_rate_it_was_deferred_at() -> None:
    """Without one NetSuite takes its own rate of the day (`exchangeRate` of `journalEntry`)."""
    assert "exchangeRate" not in journals.record(journal(), settings=SETTINGS)
    record = journals.record(replace(journal(), exchange_rate=Decimal("0.9200000000")), settings=SETTINGS)
    assert record["exchangeRate"] == Decimal("0.92")


def test_one_that_does_not_balance_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Rejected) as refused:
        journals.record(journal(credit="29.99"), settings=SETTINGS)
    assert refused.value.reason == "UNBALANCED"


@pytest.mark.parametrize(("status", "posted"), [("2", True), ("1", False), ("3", False)])
def test_one_that_waits_for_approval_is_in_no_ledger(status: str, posted: bool) -> None:
    found = {
        "id": "9",
        "currency": {"id": "1"},
        "approvalStatus": {"id": status},
        "line": {"items": [{"debit": 30}, {"credit": 30}]},
    }
    receipt = journals.receipt(found, settings=SETTINGS)
    assert (receipt.posted, receipt.held["total"], receipt.held["currency"]) == (posted, "30.00", "USD")


def test_a_balance_on_the_credit_side_is_deferred_revenue_above_zero() -> None:
    line = journals.balance_line(
        {"currency": "1", "balance": "-335"},
        purpose="deferred",
        entity="US01",
        day=date(2026, 3, 31),
        settings=SETTINGS,
    )
    assert (line.reference, line.net, line.currency) == ("deferred:USD", Decimal("335.00"), "USD")
    with pytest.raises(Misconfigured):
        journals.balance_query(
            {"deferred_account": "220 OR 1=1"}, purpose="deferred", day=date(2026, 3, 31), of_entity=""
        )


def test_a_balance_on_the_debit_side_is_unbilled_revenue_above_zero() -> None:
    line = journals.balance_line(
        {"currency": "1", "balance": "5"},
        purpose="unbilled",
        entity="US01",
        day=date(2026, 3, 31),
        settings={**SETTINGS, "unbilled_account": "130"},
    )
    assert (line.reference, line.net, line.external_id) == ("unbilled:USD", Decimal("5.00"), "130")


def test_an_erp_that_recognises_by_itself_is_told_what_it_needs(invoice) -> None:
    # given an account that keeps arrangement, promise, standalone price and treatment in line fields
    fields = {
        "arrangement_reference": "custcol_arrangement",
        "standalone_price": "custcol_ssp",
        "obligation": "custcol_o",
        "revenue_treatment": "custcol_t",
    }
    subject = invoice()
    line = replace(
        subject.lines[0],
        arrangement_reference="arrangement:006",
        obligation="GTX Pro",
        standalone_price=Decimal("120.00"),
        revenue_treatment="ratable_over_term",
    )
    subject = replace(subject, lines=(line, *subject.lines[1:]))
    known = {subject.customer_reference: "512"}
    settings = {**SETTINGS, "tax_code_zero": "9", "custom_fields": {"invoice_line": fields}}
    # when / then
    sent = mapping.invoice_record(subject, known=known, settings=settings)["item"]["items"][0]
    assert (sent["custcol_arrangement"], sent["custcol_o"], sent["custcol_ssp"]) == (
        "arrangement:006",
        "GTX Pro",
        Decimal("120.00"),
    )
    assert sent["custcol_t"] == "ratable_over_term"
    assert sent["revRecStartDate"] == line.service_starts_on and sent["revRecEndDate"] == line.service_ends_on
    # and an account that has no such fields is sent none
    plain = mapping.invoice_record(subject, known=known, settings={**SETTINGS, "tax_code_zero": "9"})
    assert not [name for name in plain["item"]["items"][0] if name.startswith("custcol")]
