"""An ownership rule is tried on the open cases before it is saved; rules are asked of them again only on request."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reconciliation import cases
from reconciliation.habits import handing, owning, since, undo
from reconciliation.models import CaseAct, ExceptionCase, OwnershipRule, Problem
from reconciliation.teams import Team
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
TRIED = {"place": "10", "reason": "PRODUCT_UNMAPPED", "team": "finance"}


@pytest.fixture
def admin() -> Client:
    desk_people.company()
    return desk_people.signed_in("Configuration admin")


def case() -> ExceptionCase:
    return desk_people.product_case()


def again(client: Client, **given: str) -> Any:
    """What the page says is pressed."""
    shown = client.get("/ownership/").context["sha256"]
    return client.post("/ownership/again", {"sha256": shown, **given}, follow=True)


def moves(client: Client, **values: str) -> list[tuple[str, str, int]]:
    found = client.get("/ownership/", values).context["tried"]
    return [(one.source.value, one.target.value, one.count) for one in found]


# -- tried --------------------------------------------------------------------------------------------
def test_a_rule_says_what_it_would_move_and_moves_nothing(admin: Client) -> None:
    page = admin.get("/ownership/", TRIED)
    assert moves(admin, **TRIED) == [("billing_ops", "finance", 1)]
    text = page.content.decode()
    assert "1 open case would be another team’s." in text and f"/x/{case().number}" in text
    assert "/admin/reconciliation/ownershiprule/add/?place=10&amp;reason=PRODUCT_UNMAPPED" in text
    assert not OwnershipRule.objects.exists() and case().team == "billing_ops"


@pytest.mark.parametrize(
    "values",
    [
        {"reason": "TAX_MISMATCH"},
        {"customer_name": "Nobody"},
        {"system": "netsuite"},
        {"amount_from": "99999999"},
        {"team": "billing_ops"},
    ],
)
def test_a_rule_that_fits_none_or_changes_nothing_says_so(admin: Client, values: dict[str, str]) -> None:
    assert moves(admin, **{**TRIED, **values}) == []
    assert "No open case would move." in admin.get("/ownership/", {**TRIED, **values}).content.decode()


def test_rules_before_it_and_the_rule_it_replaces_count(admin: Client) -> None:
    first = OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="sales_ops")
    # the one at place 1 has it already
    assert moves(admin, **TRIED) == []
    assert moves(admin, **TRIED, instead_of=str(first.pk)) == [("sales_ops", "finance", 1)]
    assert moves(admin, **{**TRIED, "place": "0"}) == [("sales_ops", "finance", 1)]


def test_money_is_added_up_per_currency_without_its_sign(admin: Client) -> None:
    one = case()
    ExceptionCase.objects.filter(pk=one.pk).update(amount=-100, currency="USD")
    country = ExceptionCase.objects.exclude(pk=one.pk).get(reason="COUNTRY_UNKNOWN")
    ExceptionCase.objects.filter(pk=country.pk).update(amount=30, currency="JPY", team="billing_ops")
    found = owning.tried(OwnershipRule(place=1, team="finance"))
    assert {move.source: move.money for move in found} == {
        Team.BILLING_OPS: ["USD 100.00"], Team.SALES_OPS: ["JPY 30"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "field"),
    [({"place": "soon"}, "place"), ({"reason": "NONE_SUCH"}, "reason"), ({"team": "everybody"}, "team"),
     ({"amount_from": "much"}, "amount_from"), ({"entity": "0"}, "entity")],
)  # fmt: skip
def test_what_cannot_be_tried_is_named_at_its_field(admin: Client, values: dict[str, str], field: str) -> None:
    answer = admin.get("/ownership/", {**TRIED, **values})
    text = answer.content.decode()
    assert answer.status_code == 422 and f'id="{field}-why"' in text and f'aria-describedby="{field}-why"' in text
    assert answer.context["tried"] is None


# -- asked again --------------------------------------------------------------------------------------
def test_cases_from_before_a_rule_move_on_request_and_each_can_be_reversed(admin: Client) -> None:
    cases.take(case().pk, user=desk_people.person("Billing operations"))
    ExceptionCase.objects.filter(pk=case().pk).update(claimed_until=None)
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    assert "1 open case would be another team’s if it came in now." in admin.get("/ownership/").content.decode()
    assert case().team == "billing_ops"
    stood = since.mark(case())
    assert "1 case moved." in again(admin).content.decode()
    row = case()
    assert (row.team, row.assignee, row.problem.team) == ("finance", None, "finance")
    # whoever has its page open reads what happened
    change = since.newest(row, stood, user=desk_people.person("Sales operations"))
    assert change is not None and "asked the rules again, which gave it to another team" in change.words
    entry = JournalEntry.objects.get(action="case moved by the rules")
    assert entry.object_key == row.number and "Billing operations to Finance" in entry.text and entry.user is not None
    # nothing is left to move, and pressing again moves nothing
    assert "None: every open case is with the team" in admin.get("/ownership/").content.decode()
    assert "0 cases moved." in again(admin).content.decode()
    act = CaseAct.objects.get(action="case moved by the rules")
    undo.reverse(act.pk, case_id=row.pk, user=desk_people.person("Billing operations"))
    assert case().team == "billing_ops"


def test_a_person_s_word_stands_over_a_rule(admin: Client) -> None:
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    handing.hand(case().pk, to=Team.SALES_OPS, because="They know", user=desk_people.person("Billing operations"))
    assert owning.elsewhere() == []
    again(admin)
    assert case().team == "sales_ops"


def test_what_somebody_works_on_stays_for_now(admin: Client) -> None:
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    cases.take(case().pk, user=desk_people.person("Billing operations"))
    assert "1 stays for now" in again(admin).content.decode()
    assert case().team == "billing_ops"


def test_a_list_that_changed_since_it_was_shown_moves_nothing(admin: Client) -> None:
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    shown = admin.get("/ownership/").context["sha256"]
    OwnershipRule.objects.update(team="sales_ops")
    answer = admin.post("/ownership/again", {"sha256": shown})
    assert answer.status_code == 409 and "changed since you opened this page" in answer.content.decode()
    assert case().team == "billing_ops"


def test_who_only_looks_moves_nothing(admin: Client) -> None:
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    auditor = desk_people.signed_in("Auditor")
    assert "Move 1 case" not in auditor.get("/ownership/").content.decode()
    assert again(auditor).status_code == 403 and case().team == "billing_ops"


def test_a_problem_whose_cases_are_of_two_teams_keeps_its_own(admin: Client) -> None:
    one = case()
    other = ExceptionCase.objects.exclude(pk=one.pk).get(reason="COUNTRY_UNKNOWN")
    ExceptionCase.objects.filter(pk=other.pk).update(problem=one.problem)
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance")
    again(admin)
    assert case().team == "finance" and Problem.objects.get(pk=one.problem_id).team == "billing_ops"


def test_a_page_of_many_asks_no_more_often_than_a_page_of_one(admin: Client) -> None:
    OwnershipRule.objects.create(place=1, team="finance")
    admin.get("/ownership/")
    with CaptureQueriesContext(database) as queries:
        admin.get("/ownership/", TRIED)
    assert len(queries) <= 30, len(queries)


# -- for machines -------------------------------------------------------------------------------------
API = "/api/v1/ownership-rules"


def test_machines_try_a_rule_and_ask_the_rules_again(admin: Client) -> None:
    tried = admin.get(f"{API}/try", {**TRIED, "entity": "XX"})
    assert tried.status_code == 400 and "no company of this code" in str(tried.json())
    (found,) = admin.get(f"{API}/try", TRIED).json()
    assert (found["from_team"], found["to_team"], found["count"]) == ("billing_ops", "finance", 1)
    assert set(found["totals"]) == {"USD"} and isinstance(found["totals"]["USD"], str)
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", team="finance", amount_from=5)
    listed = admin.get(API).json()
    assert listed["rules"][0]["amount_from"] == "5.0000" and listed["elsewhere"][0]["count"] == 1
    assert admin.post(f"{API}/again", {"sha256": "0"}, "application/json").status_code == 409
    moved = admin.post(f"{API}/again", {"sha256": listed["sha256"]}, "application/json")
    assert moved.json() == {"count": 1, "left": 0} and case().team == "finance"
