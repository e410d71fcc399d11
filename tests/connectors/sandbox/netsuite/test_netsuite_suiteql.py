"""SuiteQL: what it answers, in whose form, and what it refuses; field names against the vendor's list."""

import json
import os
from pathlib import Path

import pytest

from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.suiteql import translate

ROOT = Path(__file__).parents[4]
SPECS = Path(os.environ.get("Q2C_SPECS", ROOT.parent / "shared" / "specs"))
FIELDS = SPECS / "netsuite" / "record_fields_2026_1_partial.json"


def test_values_are_strings_dates_are_american_and_nulls_are_absent(caller):
    key = caller.invoice(tranId="N-1")
    found = caller.suiteql(
        "SELECT t.id, t.tranid, t.trandate, t.foreigntotal, t.memo, t.posting,"
        " t.status AS state, BUILTIN.DF(t.status) status,"
        " BUILTIN.DF(t.entity) AS who FROM transaction t WHERE t.type='CustInvc'"
        " AND t.trandate = TO_DATE('2026-11-10','YYYY-MM-DD')"
        " ORDER BY t.id"
    )
    assert found["items"] == [{
        "links": [], "id": key, "tranid": "N-1", "trandate": "11/10/2026", "foreigntotal": "200", "posting": "T",
        "state": "A", "status": "Invoice : Open", "who": "Customer SF-1",
    }]  # fmt: skip
    assert (found["count"], found["hasMore"], found["offset"], found["totalResults"]) == (1, False, 0, 1)


def test_control_totals_by_day_currency_and_subsidiary_come_from_the_lines(caller):
    # given two invoices with tax on one day
    for key in ("A", "B"):
        body = caller.invoice_body()
        body["item"]["items"][0]["taxCode"] = {"id": "10"}
        caller.made("PUT", f"invoice/eid:{key}", body)
    # when the day is summed as a control would
    found = caller.rows(
        "SELECT BUILTIN.DF(t.currency) currency, l.subsidiary, COUNT(DISTINCT t.id) n,"
        " SUM(CASE WHEN l.mainline = 'T' THEN l.foreignamount END) gross,"
        " SUM(CASE WHEN l.taxline = 'T' THEN -l.foreignamount END) tax"
        " FROM transaction t JOIN transactionline l ON l.transaction = t.id"
        " WHERE t.type = 'CustInvc' AND t.trandate BETWEEN TO_DATE('2026-11-01', 'YYYY-MM-DD') AND '11/30/2026'"
        " AND t.posting = 'T'"
        " GROUP BY t.currency, l.subsidiary"
    )
    assert found == [{"currency": "USD", "subsidiary": "1", "n": "2", "gross": "440", "tax": "40"}]


def test_pages_say_whether_more_follow(caller):
    for number in range(5):
        caller.invoice(f"P-{number}", tranId=f"P-{number}")
    text = "SELECT tranid FROM transaction ORDER BY id"
    first, last = caller.suiteql(text, limit=2), caller.suiteql(text, limit=2, offset=4)
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 5)
    assert first["links"][1]["rel"] == "next"
    assert (last["count"], last["hasMore"], last["totalResults"]) == (1, False, 5)
    assert caller.rows("SELECT tranid FROM transaction ORDER BY id FETCH FIRST 1 ROWS ONLY") == [{"tranid": "P-0"}]
    assert caller.rows("SELECT TOP 1 tranid FROM transaction ORDER BY id DESC") == [{"tranid": "P-4"}]


def test_a_text_that_looks_like_a_date_stays_a_text(caller):
    caller.invoice(memo="2026-01-01", otherRefNum="a . b")
    found = caller.rows("SELECT memo, otherrefnum FROM transaction WHERE memo = '2026-01-01' AND otherrefnum = 'a . b'")
    assert found == [{"memo": "2026-01-01", "otherrefnum": "a . b"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT id FROM nowhere", "Record 'nowhere' was not found"),
        ("SELECT colour FROM transaction", "Field 'colour' was not found"),
        ("SELECT t.subsidiary FROM transaction t", "Field 'subsidiary' was not found"),
        ("DELETE FROM customer", "Invalid or unsupported search"),
        ("SELECT id FROM customer LIMIT 5", "Invalid or unsupported search"),
        ("SELECT id FROM customer; SELECT 1", "Invalid or unsupported search"),
        ("SELECT name FROM sqlite_master", "Invalid or unsupported search"),
        ("WITH x AS (SELECT 1) DELETE FROM customer", "Invalid or unsupported search"),
        ("SELECT (", "Invalid or unsupported search"),
    ],
)
def test_what_suiteql_does_not_know_is_refused(caller, text, words):
    response = caller.http.post("/services/rest/query/v1/suiteql", json={"q": text}, headers={"Prefer": "transient"})
    assert response.status_code == 400
    assert words in caller.detail(response)["detail"]
    assert caller.suiteql("SELECT id FROM customer")["count"] == 1


def test_the_transient_preference_is_demanded(caller):
    response = caller.http.post("/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM customer"})
    assert (response.status_code, caller.detail(response)["o:errorHeader"]) == (400, "Prefer")


def test_reserved_words_and_names_are_translated():
    assert translate("select transaction.id from transaction") == "select [transaction] . id from [transaction]"
    assert (
        translate("SELECT BUILTIN.DF(t.entity) FROM transaction t")
        == "SELECT ns_df('entity', t.entity) FROM [transaction] t"
    )


@pytest.mark.skipif(not FIELDS.exists(), reason="the vendor's field list is not at hand (Q2C_SPECS)")
def test_every_field_the_vendor_lists_is_known_here():
    listed = json.loads(FIELDS.read_text())
    missing: dict[str, set[str]] = {}
    for kind in ("invoice", "customerPayment", "journalEntry", "accountingPeriod"):
        record = RECORDS[kind]
        names = {name.partition("{")[0] for name in listed[kind]} - {"id", "links"}
        missing[kind] = names - record.fields.keys() - record.lines.keys()
    for name, (kind, sublist) in {
        "invoice_item_line": ("invoice", "item"),
        "customerPayment_apply_line": ("customerPayment", "apply"),
        "customerPayment_credit_line": ("customerPayment", "credit"),
        "journalEntry_line": ("journalEntry", "line"),
    }.items():
        missing[name] = {field.partition("{")[0] for field in listed[name]} - RECORDS[kind].lines[sublist].fields.keys()
    assert {kind: names for kind, names in missing.items() if names} == {}


@pytest.mark.skipif(not FIELDS.exists(), reason="the vendor's field list is not at hand (Q2C_SPECS)")
def test_answers_carry_only_fields_the_vendor_lists(caller):
    listed = json.loads(FIELDS.read_text())
    invoice = caller.read(f"invoice/{caller.invoice()}")
    # `subtotal` is a body field of the vendor's invoice that the partial list leaves out.
    assert set(invoice) - {name.partition("{")[0] for name in listed["invoice"]} <= {"subtotal", "transactionNumber"}
    assert set(invoice["item"]["items"][0]) - {"links"} <= set(listed["invoice_item_line"])
    assert set(caller.call("GET", "invoice").json()) == set(listed["collection"])
