"""The synchronous question: would this deal be accepted? Every problem in one answer, nothing stored."""

from typing import Any

import pytest
from django.test import Client

from sync.models import WorkItem
from tests.small_company import Company, account_id, customer, deal_id
from tests.sync.api.conftest import is_a_problem

GOOD = {
    "opportunity_id": deal_id(1),
    "account_id": account_id(1),
    "close_date": "2026-05-13",
    "currency": "USD",
    "amount": "100.00",
    "lines": [{"product": "Basic", "amount": "100.00"}],
}


@pytest.fixture
def check(doors: Company, client: Client, token: Any) -> Any:
    held = token()

    def ask(deal: Any) -> Any:
        return client.post(
            "/api/v1/deals/check", deal, content_type="application/json", headers={"authorization": f"Bearer {held}"}
        )

    return ask


def test_a_good_deal_of_a_known_customer_is_acceptable(check: Any, doors: Company) -> None:
    doors.hears(customer(1))
    assert check(GOOD).json() == {"acceptable": True, "waits_for": "", "problems": []}


def test_a_deal_of_an_unknown_customer_would_wait(check: Any) -> None:
    verdict = check(GOOD).json()
    assert verdict["acceptable"] and verdict["waits_for"] == f"customer:{account_id(1)}"


def test_every_problem_is_named_in_one_answer(check: Any, settings: Any) -> None:
    # given a company that wants approval and signature
    settings.Q2C_COMMITMENT = ("approval", "signature")
    # when a deal lacks both, sells two things nobody knows, and does not add up
    lines = [{"product": name, "amount": "50.00"} for name in ("GTXPro", "Basic", "MG Speciel", "GTXPro")]
    verdict = check({**GOOD, "amount": "99.00", "lines": lines}).json()
    # then all is told at once, in words, and nothing twice
    assert not verdict["acceptable"]
    assert [one["code"] for one in verdict["problems"]] == [
        "APPROVAL_MISSING",
        "CONTRACT_INCOMPLETE",
        "LINES_DO_NOT_SUM",
        "PRODUCT_UNMAPPED",
        "PRODUCT_UNMAPPED",
    ]
    assert "MG Speciel" in verdict["problems"][-1]["text"]
    assert not any("{" in one["text"] for one in verdict["problems"])


def test_nothing_is_stored_by_asking(check: Any) -> None:
    check(GOOD)
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"opportunity_id": "006"}, "opportunity_id"),
        ({"account_id": "001\n" + "0" * 14}, "account_id"),
        ({"close_date": "2026-02-30"}, "close_date"),
        ({"close_date": "9999-12-31"}, "close_date"),
        ({"close_date": "0001-01-01"}, "close_date"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": []}, "amount"),
        ({"lines": [{"product": "Basic"}]}, "lines.0.amount"),
        ({"lines": {}}, "lines"),
        ({"lines": [{"product": "Basic", "amount": "1.00"}] * 501}, "lines"),
        ({"currency": "DOLLAR"}, "currency"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(check: Any, change: dict[str, Any], field: str) -> None:
    answer = check({**GOOD, **change})
    assert is_a_problem(answer, 400)
    assert field in {one["field"] for one in answer.json()["errors"]}


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "1e400", "1e9999999", "1E+9999999", "１００", "100.001", "--1", "", "9" * 40]
)
def test_an_amount_that_is_no_plain_number_is_a_named_problem(check: Any, amount: str) -> None:
    for deal in ({**GOOD, "amount": amount}, {**GOOD, "lines": [{"product": "Basic", "amount": amount}]}):
        answer = check(deal)
        assert answer.status_code == 200
        (problem,) = answer.json()["problems"]
        assert (problem["field"], problem["code"]) == ("amount", "CURRENCY_MISMATCH")


def test_a_currency_that_is_none_is_a_named_problem(check: Any) -> None:
    (problem,) = check({**GOOD, "currency": "XXX"}).json()["problems"]
    assert (problem["field"], problem["code"]) == ("currency", "CURRENCY_MISMATCH")


def test_nobody_asks_without_signing_in(doors: Company, client: Client) -> None:
    assert is_a_problem(client.post("/api/v1/deals/check", GOOD, content_type="application/json"), 401)
