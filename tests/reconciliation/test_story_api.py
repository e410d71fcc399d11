"""Finding, trails, comments and the dashboards' figures for machines: the same as the pages show."""

from typing import Any

import pytest
from django.test import Client

from reconciliation import figures_trail
from reconciliation.figures_spans import SPANS
from reconciliation.models import CaseComment, ExceptionCase, Mention
from tests.reconciliation import desk
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told
from tests.reconciliation.views.story import BLOCKED, PAID

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> told.Story:
    return told.whole()


def call(role: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    return desk.call(desk_people.person(role), path, body)


def test_any_id_leads_to_its_story(story: told.Story) -> None:
    status, found = call("Auditor", "find?q=in_1&system=stripe_billing")
    assert status == 200 and found[0]["link"] == f"/t/deal:{PAID}" and "in_1" in found[0]["because"]
    assert call("Auditor", "find?q=nothing-of-ours") == (200, [])
    for path in ("find", "find?q=", "find?q=%00"):
        status, answer = call("Auditor", path)
        assert status == 400 and "q" in str(answer), path


def test_a_trail_has_every_station_with_ids_and_steps_and_names_its_gaps(story: told.Story) -> None:
    status, trail = call("Billing operations", f"trails/deal:{PAID}")
    assert status == 200 and trail["where"] == "Through: every system has it."
    kinds = ["opportunity", "contract", "subscription", "invoice", "payment", "allocation", "feedback"]
    assert [one["kind"] for one in trail["stations"]] == kinds
    invoice = trail["stations"][3]
    assert {(one["system"], one["id"]) for one in invoice["ids"]} >= {("Stripe", "in_1"), ("NetSuite", "9001")}
    assert {step["mark"] for step in invoice["passages"][-1]["steps"]} <= {"done", "unused"}
    assert trail["moments"] and trail["open_cases"] == []
    # one that is stopped says where, and what is still to come
    status, trail = call("Billing operations", f"trails/deal:{BLOCKED}")
    stopped = figures_trail.read(f"deal:{BLOCKED}")
    assert stopped is not None and (status, trail["where"]) == (200, stopped.where.text)
    assert trail["open_cases"] and any(one["expected"] for one in trail["stations"])
    for path in ("trails/deal:006NOTHING", "trails/other:1", "trails/deal:%00"):
        assert call("Auditor", path)[0] == 404, path


def test_comments_are_read_and_written_and_tell_whom_they_name(story: told.Story) -> None:
    case = ExceptionCase.objects.filter(status="open").first()
    assert case is not None
    desk_people.person("Finance preparer", "finn")
    status, said = call("Billing operations", f"cases/{case.pk}/comments", {"text": "@finn and @nobody, look at this"})
    assert status == 201 and said["told"] == ["finn"] and "“@nobody”" in said["untold"][0]
    assert Mention.objects.get().person.username == "finn"
    status, rows = call("Auditor", f"cases/{case.pk}/comments")
    assert status == 200 and [(one["by"], one["case"]) for one in rows] == [("billing_operations", case.number)]
    assert call("Auditor", f"cases/{case.pk}/comments", {"text": "x"})[0] == 403
    assert call("Billing operations", f"cases/{case.pk}/comments", {"text": " "})[0] == 400
    assert call("Billing operations", "cases/999999/comments", {"text": "x"})[0] == 404
    assert call("Auditor", "cases/999999/comments")[0] == 404
    assert CaseComment.objects.count() == 1


@pytest.mark.parametrize("span", list(SPANS))
def test_figures_are_numbers_and_money_is_text_with_its_currency(story: told.Story, span: str) -> None:
    status, found = call("Auditor", f"figures/operations?span={span}")
    assert status == 200 and found["since"] < found["until"]
    assert found["open_cases"][0]["count"] == ExceptionCase.objects.filter(status="open").count() > 0
    read = next(one for one in found["steps"] if one["what"] == "Read")
    assert isinstance(read["count"], int) and (read["p50_seconds"] is None or read["p50_seconds"] >= 0)
    status, found = call("Executive", f"figures/executive?span={span}")
    assert status == 200
    for one in found["money_held"]:
        assert len(one["currency"]) == 3 and "," not in one["amount"] and isinstance(one["amount"], str)
    assert found["money_held"] and found["open_cases"][0]["sums"][0]["amount"].replace(".", "").isdigit()
    assert found["close_readiness"][0]["entity"] == story.entity.code


def test_a_span_that_is_none_and_people_who_may_not_look(story: told.Story) -> None:
    status, answer = call("Auditor", "figures/operations?span=1y")
    assert status == 400 and "span" in str(answer)
    for path in ("figures/operations", "figures/executive", "find?q=x", f"trails/deal:{PAID}"):
        assert Client().get(f"/api/v1/{path}").status_code in (401, 403)
