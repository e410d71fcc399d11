"""A case is handed to a colleague or another team with a note, and given back; never over somebody at work on it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reconciliation import cases
from reconciliation.habits import handing
from reconciliation.models import CaseComment, ExceptionCase
from reconciliation.teams import Team
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
WHY = "The customer is in France, see the deal"


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    desk_people.person("Billing operations", "bea")
    desk_people.person("Finance preparer", "finn")
    desk_people.person("Auditor")
    return desk_people.product_case()


@pytest.fixture
def client(case: ExceptionCase) -> Client:
    return desk_people.signed_in("Billing operations")


def _hand(client: Client, case: ExceptionCase, **given: str) -> Any:
    version = client.get(f"/x/{case.number}").context["version"]
    return client.post(f"/x/{case.number}/hand-over", {"version": version, "because": WHY, **given}, follow=True)


def test_to_a_colleague_who_reads_of_it_and_keeps_what_is_left_of_the_time(client: Client, case: ExceptionCase) -> None:
    due = case.due_at
    text = _hand(client, case, to="person:bea").content.decode()
    assert f"{case.number} is" in text and "’s now. Its due time goes on." in text
    case.refresh_from_db()
    assert case.assignee is not None
    assert (case.assignee.username, case.claimed_until, case.due_at) == ("bea", None, due)
    # it is in the journal with its reason, and a mention in my work
    entry = JournalEntry.objects.get(action="case handed over")
    assert WHY in entry.text and entry.object_key == case.number
    assert CaseComment.objects.get().text == f"@bea {WHY}"
    assert WHY in desk_people.signed_in("Billing operations", "bea").get("/admin/").content.decode()
    # somebody else may still take it
    assert cases.take(case.pk, user=User.objects.get(username="finn")).assignee_id


def test_to_another_team_whose_queue_has_it_then(client: Client, case: ExceptionCase) -> None:
    due = case.due_at
    cases.take(case.pk, user=User.objects.get(username="billing_operations"))
    assert "Finance’s now" in _hand(client, case, to="team:finance").content.decode()
    case.refresh_from_db()
    assert (case.team, case.assignee, case.claimed_until, case.due_at) == ("finance", None, None, due)
    assert "from Billing operations to Finance" in JournalEntry.objects.get(action="case handed over").text


def test_what_was_taken_is_given_back(client: Client, case: ExceptionCase) -> None:
    client.post(f"/x/{case.number}/take", {"version": client.get(f"/x/{case.number}").context["version"]})
    assert "Give back" in client.get(f"/x/{case.number}").content.decode()
    text = client.post(f"/x/{case.number}/give-back", follow=True).content.decode()
    assert "taken by nobody" in text
    case.refresh_from_db()
    assert case.assignee is None
    assert "is not yours" in client.post(f"/x/{case.number}/give-back", follow=True).content.decode()


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"to": ""}, 422, "Choose a colleague of the list"),
        ({"to": "person:nobody"}, 422, "Choose a colleague of the list"),
        ({"to": "person:auditor"}, 422, "Choose a colleague of the list"),
        ({"to": "person:billing_operations"}, 422, "Choose a colleague of the list"),
        ({"to": "team:legal"}, 422, "Choose a team: Sales operations"),
        ({"to": "team:billing_ops"}, 409, "Billing operations owns"),
        ({"to": "person:bea", "because": " "}, 422, "Say why you hand it over"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    client: Client, case: ExceptionCase, given: dict[str, str], status: int, words: str
) -> None:
    answer = _hand(client, case, **given)
    text = answer.content.decode()
    assert answer.status_code == status and words in text
    assert given.get("because", WHY).strip() in text
    case.refresh_from_db()
    assert (case.assignee, case.team) == (None, "billing_ops")
    assert not CaseComment.objects.exists()


def test_not_over_somebody_at_work_nor_over_a_change_not_seen(client: Client, case: ExceptionCase) -> None:
    # given a page that is open
    version = client.get(f"/x/{case.number}").context["version"]
    # when somebody takes the case meanwhile
    finn = User.objects.get(username="finn")
    cases.take(case.pk, user=finn)
    given = {"version": version, "because": WHY, "to": "person:bea"}
    answer = client.post(f"/x/{case.number}/hand-over", given)
    # then it is not handed over, and says who was there first
    assert answer.status_code == 409 and "took it after you opened this page" in answer.content.decode()
    # nor with the page as it stands, while they work on it
    assert "works on" in _hand(client, case, to="person:bea").content.decode()
    # when their lease is over it can be
    ExceptionCase.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    assert _hand(client, case, to="person:bea").status_code == 200
    case.refresh_from_db()
    assert case.assignee is not None and case.assignee.username == "bea"


def test_a_closed_case_and_people_who_only_look(client: Client, case: ExceptionCase) -> None:
    auditor = desk_people.signed_in("Auditor")
    assert auditor.post(f"/x/{case.number}/hand-over", {"to": "person:bea", "because": WHY}).status_code == 403
    assert "Hand over" not in auditor.get(f"/x/{case.number}").content.decode()
    cases.close([case], note="Went through")
    with pytest.raises(cases.Conflict, match="is closed"):
        handing.hand(case.pk, to=Team.FINANCE, because=WHY, user=User.objects.get(username="finn"))


def test_several_are_handed_over_each_by_itself(client: Client, case: ExceptionCase) -> None:
    # given two cases, one of which somebody works on
    other = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    cases.take(other.pk, user=User.objects.get(username="finn"))
    page = client.get("/queue/?view=cases")
    assert "Hand over" in page.content.decode() and "person:bea" in page.content.decode()
    other.refresh_from_db()
    chosen = [f"{case.pk}:{case.version}", f"{other.pk}:{other.version}"]
    # when the reason is left out, what was chosen and typed is kept
    answer = client.post("/queue/several", {"do": "hand", "case": chosen, "to": "team:finance", "here": "?view=cases"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "Say why you hand it over" in text
    assert 'value="team:finance" selected' in text and 'id="several-hand" open' in text
    # when both are handed to a team
    given = {"do": "hand", "case": chosen, "to": "team:finance", "hand_because": WHY, "here": "?view=cases"}
    text = client.post("/queue/several", given, follow=True).content.decode()
    # then one is, and the other says who is at work
    assert "1 of 2 cases handed over" in text and "Finance has it now." in text and "works on" in text
    assert set(ExceptionCase.objects.filter(team="finance").values_list("pk", flat=True)) == {case.pk}
    # nor to nobody
    answer = client.post("/queue/several", {**given, "to": "person:nobody"})
    assert answer.status_code == 422 and "Choose a colleague" in answer.content.decode()


def _call(name: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    client = Client()
    client.force_login(User.objects.get(username=name))
    answer = client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def test_machines_do_the_same(case: ExceptionCase) -> None:
    path = f"cases/{case.pk}/hand-over"
    status, answer = _call("finn", path, {"person": "bea", "because": WHY})
    assert (status, answer["assignee"]) == (200, "bea")
    status, answer = _call("finn", path, {"team": "finance", "because": WHY})
    assert (status, answer["team"], answer["assignee"]) == (200, "finance", None)
    for body in (
        {"because": WHY},
        {"team": "finance", "person": "bea", "because": WHY},
        {"team": "legal", "because": WHY},
    ):
        assert _call("finn", path, body)[0] == 400, body
    assert _call("finn", path, {"team": "finance", "because": WHY})[0] == 409
    assert _call("auditor", path, {"team": "sales_ops", "because": WHY})[0] == 403
    assert _call("finn", "cases/999999/hand-over", {"team": "finance", "because": WHY})[0] == 404
    assert _call("finn", f"cases/{case.pk}/give-back", {})[0] == 409
