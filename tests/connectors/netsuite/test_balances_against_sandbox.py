"""What NetSuite's ledger and sub-ledger say, against the sandbox: balances, what is open, journals typed by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.errors import Misconfigured
from connectors.sandbox.netsuite.ledger import CHART
from tests.connectors.netsuite.test_against_sandbox import connect as connect
from tests.connectors.netsuite.test_against_sandbox import fresh_books as fresh_books
from tests.connectors.netsuite.test_against_sandbox import ready as ready

DAY = date(2026, 11, 16)
ACCOUNTS = {name: CHART[name] for name in ("bank", "clearing", "receivable", "fees", "disputed", "dispute_fees", "tax")}


@pytest.fixture
def ledger(ready, parcel, invoice, payment):
    """An invoice over 220.00 with 20.00 tax and a receipt of 300.00, not applied; and what is known there."""
    connector, known = ready
    connector.setup = replace(connector.setup, settings={**connector.setup.settings, "accounts": ACCOUNTS})
    subject = invoice(tax="20.00", tax_code="10")
    for one in (subject, payment):
        known[one.reference] = connector.deliver(parcel(one, known=known)).external_id
    return connector, known


def listed(connector, kind, *, day=DAY):
    pages = connector.list_day(kind=kind, entity="US01", day=day)
    return {line.reference: line for page in pages for line in page.lines}


def amounts(connector, kind, *, day=DAY):
    return {reference: line.net for reference, line in listed(connector, kind, day=day).items()}


def test_balances_follow_our_documents_up_to_a_day(ledger):
    connector, _ = ledger
    assert amounts(connector, "receivable") == {"receivable:USD": Decimal("-80.00")}
    # the receipt came on the sixteenth
    assert amounts(connector, "receivable", day=date(2026, 11, 15)) == {"receivable:USD": Decimal("220.00")}
    assert amounts(connector, "tax") == {"tax:USD": Decimal("20.00")}


def test_what_is_open_and_what_is_applied_to_nothing(ledger, parcel, allocation):
    connector, known = ledger
    assert amounts(connector, "open_item") == {"invoice:stripe:in_1": Decimal("220.00")}
    assert amounts(connector, "unapplied") == {"payment:stripe:pi_1": Decimal("300.00")}
    # when it is applied
    connector.deliver(parcel(allocation, known=known))
    assert amounts(connector, "open_item") == {}
    assert amounts(connector, "unapplied") == {"payment:stripe:pi_1": Decimal("80.00")}
    assert listed(connector, "unapplied")["payment:stripe:pi_1"].customer == known[allocation.customer_reference]


def test_a_journal_typed_there_is_listed_with_its_account_and_moves_no_balance_of_ours(ledger, sandbox):
    connector, known = ledger
    assert listed(connector, "outside_journal") == {}
    typed = {
        "tranDate": f"{DAY}",
        "subsidiary": {"id": "1"},
        "currency": {"id": "1"},
        "memo": "Correction by hand",
        "approved": True,
        "line": {
            "items": [
                {"account": {"id": CHART["bad_debt"]}, "debit": "50.00"},
                {
                    "account": {"id": CHART["receivable"]},
                    "credit": "50.00",
                    "entity": {"id": known["customer:001000000000001AAA"]},
                },
            ]
        },
    }
    connector._call("POST", "/services/rest/record/v1/journalEntry", writes=True, body=typed)
    (line,) = listed(connector, "outside_journal").values()
    assert (line.net, line.status) == (Decimal("-50.00"), f"account {CHART['receivable']}")
    assert line.counterparty == "Correction by hand" and line.reference.endswith(f":{CHART['receivable']}")
    # bad debt is no account of ours alone, and a balance counts what we posted
    assert amounts(connector, "receivable") == {"receivable:USD": Decimal("-80.00")}
    assert listed(connector, "outside_journal", day=date(2026, 11, 17)) == {}


def test_an_account_nobody_named_cannot_be_asked(netsuite):
    with pytest.raises(Misconfigured, match="accounts.tax"):
        list(netsuite().list_day(kind="tax", entity="US01", day=DAY))
