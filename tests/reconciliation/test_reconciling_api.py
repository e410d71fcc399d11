"""Breaks, matches, reconciling items and snoozes for machines: what the pages do, with the same two people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reconciliation.models import Break, ExceptionCase, Match, ReconcilingItem
from sync import clock
from tests.paper_erp import Books
from tests.reconciliation.desk import approver, billing_ops, call, preparer
from tests.reconciliation.test_matching_passes import ask, document, show
from tests.small_company import Company, person


@pytest.fixture
def sides(company: Company, paper: Callable[[str], Books]) -> tuple[Books, Books]:
    show(paper("billing"), document("a", "100.00"))
    show(paper("erp"), document("b", "60.00"), document("c", "40.00"))
    ask(company)
    return paper("billing"), paper("erp")


def order(**values: Any) -> dict[str, Any]:
    references = ["invoice:a", "invoice:b", "invoice:c"]
    return {"control": "invoices", "entity": "US01", "references": references, "because": "Two parts", **values}


def test_breaks_are_listed_with_amounts_as_text(company: Company, sides: tuple[Books, Books]) -> None:
    status, found = call(billing_ops(), "breaks?control=invoices&entity=US01&state=open&kind=MISSING_IN_TARGET")
    (one,) = found["results"]
    assert status == 200 and (one["reference"], one["difference"], one["entity"]) == ("invoice:a", "100.00", "US01")


def test_two_machines_people_match_and_take_apart(company: Company, sides: tuple[Books, Books]) -> None:
    status, made = call(preparer(), "matches", order())
    assert status == 201 and made["status"] == "proposed" and len(made["members"]) == 3
    number = Match.objects.get().pk
    assert call(preparer(), f"matches/{number}/approve", {})[0] == 403
    status, made = call(approver(), f"matches/{number}/approve", {})
    assert (status, made["status"], made["decided_by"]) == (200, "in_force", "finance.approver")
    assert call(approver(), f"matches/{number}/approve", {})[0] == 409
    assert call(preparer(), f"matches/{number}/ask-undo", {"because": "Not the same"})[0] == 200
    assert call(approver(), f"matches/{number}/undo", {})[1]["status"] == "ended"
    status, found = call(person("auditor", "Auditor"), "matches?status=ended")
    assert status == 200 and [one["ended_because"] for one in found["results"]] == ["Not the same"]


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"control": "rates"}, 400, "not a valid choice"),
        ({"entity": "XX01"}, 400, "no such legal entity"),
        ({"references": ["invoice:a"]}, 400, "references"),
        ({"references": ["invoice:a", "invoice:b"]}, 409, "is left over"),
        ({"because": ""}, 400, "because"),
    ],
)
def test_what_cannot_be_matched_is_said_by_field(
    company: Company, sides: tuple[Books, Books], values: dict[str, Any], status: int, words: str
) -> None:
    got, answer = call(preparer(), "matches", order(**values))
    assert got == status and words in str(answer) and not Match.objects.exists()


def test_an_item_is_proposed_and_accepted(company: Company, sides: tuple[Books, Books]) -> None:
    found = Break.objects.get(reference="invoice:a")
    body = {"break_id": found.pk, "item_kind": "timing", "because": "Posts tomorrow"}
    assert call(preparer(), "reconciling-items", body)[0] == 409
    body["expected_on"] = f"{clock.business_date(company.entity):%Y-%m-%d}"
    status, made = call(preparer(), "reconciling-items", body)
    assert status == 201 and (made["amount"], made["status"]) == ("100.00", "proposed")
    number = ReconcilingItem.objects.get().pk
    assert call(approver(), f"reconciling-items/{number}/refuse", {})[0] == 409
    assert call(approver(), f"reconciling-items/{number}/accept", {})[1]["status"] == "accepted"
    assert call(preparer(), f"reconciling-items/{number}/withdraw", {})[1]["status"] == "ended"
    assert call(preparer(), "reconciling-items", {**body, "break_id": 999_999})[0] == 404
    assert call(preparer(), "reconciling-items", {**body, "item_kind": "luck"})[0] == 400


def test_a_case_is_put_off_and_brought_back(company: Company, sides: tuple[Books, Books]) -> None:
    case = ExceptionCase.objects.get(reference="invoice:a")
    until = (clock.now() + timedelta(days=2)).isoformat()
    status, made = call(billing_ops(), f"cases/{case.pk}/snooze", {"until": until, "because": "Waits for the ERP"})
    assert status == 201 and made["case"] == case.number
    assert call(billing_ops(), f"cases/{case.pk}/wake", {})[0] == 204
    assert call(billing_ops(), f"cases/{case.pk}/wake", {})[0] == 409
    late = (clock.now() + timedelta(days=60)).isoformat()
    status, answer = call(billing_ops(), f"cases/{case.pk}/snooze", {"until": late, "because": "x"})
    assert status == 400 and "30 days at most" in str(answer)
    assert call(billing_ops(), "cases/999999/wake", {})[0] == 404
    assert call(person("auditor", "Auditor"), f"cases/{case.pk}/wake", {})[0] == 403
    assert call(person("boss", "Executive"), "matches")[0] == 200 and call(person("nobody"), "matches")[0] == 403


@pytest.mark.parametrize("list_", ["breaks", "matches", "reconciling-items", "cases", "approvals"])
def test_a_filter_given_twice_is_refused_by_its_name(company: Company, list_: str) -> None:
    name = "control" if list_ in ("breaks", "matches") else "kind" if list_ != "cases" else "reason"
    status, answer = call(approver(), f"{list_}?{name}=x&{name}=")
    assert status == 400
    assert {"field": name, "detail": "Give this filter once."} in answer["errors"]
    assert call(approver(), f"{list_}?{name}=")[0] == 200
