"""Advanced Revenue Management: arrangements, elements and plans made of documents, read over SuiteQL only."""

from decimal import Decimal

import pytest

PLANNED = (
    "SELECT pr.amount, p.startdate, e.source, e.revenuearrangement, rp.revenueplancurrency"
    " FROM revenueplanplannedrevenue pr INNER JOIN revenueplan rp ON rp.id = pr.revenueplan"
    " INNER JOIN revenueelement e ON e.id = rp.createdfrom INNER JOIN accountingperiod p ON p.id = pr.plannedperiod"
    " ORDER BY pr.id"
)


@pytest.fixture
def deferred(caller):
    """The item of the test company waits in deferred revenue."""
    caller.settings(revenue_management=True)
    found = caller.rows("SELECT i.id FROM item i")[0]["id"]
    caller.call("PATCH", f"serviceSaleItem/{found}", {"deferredRevenueAccount": {"id": "220"}}).raise_for_status()
    return caller


def body(caller, amount="1000.03", **values):
    made = caller.invoice_body(**values)
    made["item"]["items"] = [made["item"]["items"][0] | {
        "quantity": 1, "rate": amount, "amount": amount, "revRecStartDate": "2026-11-10", "revRecEndDate": "2027-02-09",
    }]  # fmt: skip
    return made


def test_a_line_is_planned_by_the_day_and_the_last_period_takes_the_rest(deferred):
    deferred.made("PUT", "invoice/eid:A", body(deferred, tranId="N-1"))
    rows = deferred.rows(PLANNED)
    # 92 days: 21, 31, 31 and 9
    assert [(row["startdate"], row["amount"]) for row in rows] == [
        ("11/1/2026", "228.27"), ("12/1/2026", "336.97"), ("1/1/2027", "336.97"), ("2/1/2027", "97.82"),
    ]  # fmt: skip
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("1000.03")
    assert {(row["source"], row["revenueplancurrency"]) for row in rows} == {("Invoice #N-1", "USD")}
    (arrangement,) = deferred.rows("SELECT t.id, t.type, t.posting FROM transaction t WHERE t.type = 'RevArrng'")
    assert (arrangement["id"], arrangement["posting"]) == (rows[0]["revenuearrangement"], "F")


def test_a_changed_source_changes_its_plans_and_a_deleted_one_has_none(deferred):
    key = deferred.made("PUT", "invoice/eid:A", body(deferred))
    before = {row["revenuearrangement"] for row in deferred.rows(PLANNED)}
    deferred.call("PUT", "invoice/eid:A?replace=item", body(deferred, "92.00")).raise_for_status()
    rows = deferred.rows(PLANNED)
    assert [row["amount"] for row in rows] == ["21", "31", "31", "9"]
    assert {row["revenuearrangement"] for row in rows} == before
    deferred.call("DELETE", f"invoice/{key}").raise_for_status()
    assert deferred.rows(PLANNED) == []


def test_amounts_are_in_the_companys_own_currency(deferred):
    made = body(deferred, "92") | {"currency": {"id": "4"}, "exchangeRate": 1.1}
    customer = deferred.rows("SELECT c.id FROM customer c")[0]["id"]
    deferred.call("PATCH", f"customer/{customer}", {"currencyList": {"items": [{"currency": {"id": "4"}}]}})
    deferred.made("PUT", "invoice/eid:E", made)
    assert sum(Decimal(row["amount"]) for row in deferred.rows(PLANNED)) == Decimal("101.20")


def test_a_credit_memo_has_an_arrangement_of_its_own_below_zero(deferred):
    made = body(deferred, "92.00", tranId="C-1")
    made.pop("dueDate", None)
    deferred.made("PUT", "creditMemo/eid:C", made)
    rows = deferred.rows(PLANNED)
    assert [row["amount"] for row in rows] == ["-21", "-31", "-31", "-9"]
    assert {row["source"] for row in rows} == {"Credit Memo #C-1"}


def test_an_account_without_the_feature_has_no_such_records(caller):
    answer = caller.http.post("/services/rest/query/v1/suiteql", json={"q": PLANNED}, headers={"Prefer": "transient"})
    assert answer.status_code == 400 and "was not found" in answer.text
    assert not caller.rows("SELECT t.id FROM transaction t WHERE t.type = 'RevArrng'")
