"""What NetSuite's ledger and sub-ledger say, against the sandbox: balances, what is open, journals typed by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import httpx
import pytest

from connectors.errors import Misconfigured, Rejected
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


def post(connector, kind, **body):
    return connector._call("POST", f"/services/rest/record/v1/{kind}", writes=True, body=body)


def typed(connector, *, debit, credit, amount):
    post(
        connector,
        "journalEntry",
        tranDate=f"{DAY}",
        subsidiary={"id": "1"},
        currency={"id": "1"},
        approved=True,
        line={"items": [{"account": {"id": debit}, "debit": amount}, {"account": {"id": credit}, "credit": amount}]},
    )


def test_a_journal_typed_on_revenue_or_deferred_revenue_is_listed(ledger):
    connector, _ = ledger
    typed(connector, debit=CHART["deferred"], credit=CHART["income"], amount="12.00")
    typed(connector, debit=CHART["bank"], credit=CHART["fees"], amount="3.00")
    found = {line.status: line.net for line in listed(connector, "outside_journal").values()}
    assert found == {
        f"account {CHART['deferred']}": Decimal("12.00"),
        f"account {CHART['income']}": Decimal("-12.00"),
    }


def test_what_the_ledger_revalued_is_in_no_balance_and_in_no_list(ledger, sandbox):
    connector, _ = ledger
    connector.setup = replace(
        connector.setup, settings={**connector.setup.settings, "deferred_account": CHART["deferred"]}
    )
    kinds = ("receivable", "clearing", "tax", "deferred", "outside_journal")
    before = {kind: amounts(connector, kind) for kind in kinds}
    # when a month's end revalues what stands on four accounts
    for place, account in enumerate(("receivable", "clearing", "tax", "deferred")):
        typed(connector, debit=CHART[account], credit=CHART["exchange"], amount=f"{place + 1}.00")
        rows = httpx.get(f"{sandbox}/_sandbox/books/journalEntry", trust_env=False).json()
        (row,) = [one for one in rows if not one.get("revalues")]
        httpx.patch(
            f"{sandbox}/_sandbox/books/journalEntry/{row['id']}", json={"revalues": True}, trust_env=False
        ).raise_for_status()
    # then no comparison sees it
    assert {kind: amounts(connector, kind) for kind in kinds} == before


def test_what_the_ledger_recognised_by_itself_is_nobody_s_journal(ledger):
    connector, _ = ledger
    connector.setup = replace(connector.setup, settings={**connector.setup.settings, "revenue_recognition": True})
    typed(connector, debit=CHART["deferred"], credit=CHART["income"], amount="12.00")
    # without the feature there is no such table, which the account says
    with pytest.raises(Rejected, match="revenueplanplannedrevenue"):
        listed(connector, "outside_journal")


def test_what_a_customer_is_granted_is_listed_as_it_is_now(ready, customer):
    connector, known = ready
    (line,) = listed(connector, "granted").values()
    assert (line.reference, line.status) == (customer.reference, "terms none; limit none; hold auto")
    path = f"/services/rest/record/v1/customer/{known[customer.reference]}"
    body = {"terms": {"id": "2"}, "creditLimit": "5000.00", "creditHoldOverride": {"id": "ON"}}
    connector._call("PATCH", path, writes=True, body=body)
    (line,) = listed(connector, "granted").values()
    assert (line.status, line.net) == ("terms Net 30; limit 5000.00; hold on", Decimal("5000.00"))


def test_the_newest_rate_of_each_currency_by_a_day_is_listed(ready):
    connector, _ = ready
    for currency, rate, since in (("4", "1.07", "2026-11-01"), ("4", "1.08", "2026-11-15"), ("4", "1.2", "2026-11-17")):
        pair = {"baseCurrency": {"id": "1"}, "transactionCurrency": {"id": currency}}
        post(connector, "currencyRate", **pair, exchangeRate=Decimal(rate), effectiveDate=since)
    currencies = {**connector.setup.settings["currencies"], "EUR": "4"}
    connector.setup = replace(connector.setup, settings={**connector.setup.settings, "currencies": currencies})
    (line,) = listed(connector, "rate_table").values()
    assert (line.reference, line.status, line.document_date) == ("rate:EUR:USD", "EUR 1.08", date(2026, 11, 15))
    assert [one.status for one in listed(connector, "rate_table", day=date(2026, 11, 14)).values()] == ["EUR 1.07"]


def test_what_other_companies_owe_stands_on_the_accounts_the_settings_name(ready):
    connector, _ = ready
    owed = post(connector, "account", acctNumber="1250", acctName="Due from DE01", acctType={"id": "OthCurrAsset"})
    key = owed.headers["location"].rpartition("/")[2]
    settings = {**connector.setup.settings, "intercompany": {"DE01": [key], "US01": [key]}}
    connector.setup = replace(connector.setup, settings=settings)
    typed(connector, debit=key, credit=CHART["bank"], amount="120.50")
    (line,) = listed(connector, "between_companies").values()
    assert (line.reference, line.gross) == ("between:DE01:USD", Decimal("120.50"))
    assert listed(connector, "between_companies", day=date(2026, 11, 15)) == {}


@pytest.mark.parametrize("named", [None, {}, {"DE01": []}, {"DE01": ["1 OR 1=1"]}])
def test_accounts_between_companies_must_be_named_by_their_ids(netsuite, named):
    with pytest.raises(Misconfigured, match="intercompany"):
        list(netsuite(intercompany=named).list_day(kind="between_companies", entity="US01", day=DAY))


def test_an_account_nobody_named_cannot_be_asked(netsuite):
    with pytest.raises(Misconfigured, match="accounts.tax"):
        list(netsuite().list_day(kind="tax", entity="US01", day=DAY))
