"""What a person did to a case is undone at once, or reversed later from its history, while it still stands."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from reconciliation import cases
from reconciliation.approvals import Refused
from reconciliation.cases import Conflict
from reconciliation.habits import handing, snoozes, undo
from reconciliation.models import CaseAct, CaseComment, ExceptionCase, Snooze
from reconciliation.teams import Team
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
WHY = "The customer answers on Monday"


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    for role, name in (
        ("Billing operations", ""),
        ("Billing operations", "bea"),
        ("Finance preparer", "finn"),
        ("Auditor", ""),
    ):
        desk_people.person(role, name)
    return desk_people.product_case()


@pytest.fixture
def client(case: ExceptionCase) -> Client:
    return desk_people.signed_in("Billing operations")


def who(name: str = "billing_operations") -> User:
    return User.objects.get(username=name)


def how(case: ExceptionCase) -> tuple[str, str, bool]:
    """Its team, who has it, and whether it is put off."""
    case.refresh_from_db()
    return case.team, case.assignee.username if case.assignee else "", snoozes.asleep(_only(case)).exists()


def _only(case: ExceptionCase) -> Any:
    return ExceptionCase.objects.filter(pk=case.pk)


def reversible(case: ExceptionCase) -> list[CaseAct]:
    return undo.reversible(ExceptionCase.objects.get(pk=case.pk))


def undo_button(text: str) -> str:
    """Where the button beside what was just said leads; empty without one."""
    found = re.search(r'action="([^"]*/reverse)" class="q-undo"', text)
    return found[1] if found else ""


def act(client: Client, case: ExceptionCase, word: str, **given: str) -> str:
    version = client.get(f"/x/{case.number}").context["version"]
    return client.post(f"/x/{case.number}/{word}", {"version": version, **given}, follow=True).content.decode()


def put_off(case: ExceptionCase, *, days: float = 2, name: str = "bea") -> Snooze:
    return snoozes.snooze(case.pk, until=clock.now() + timedelta(days=days), because=WHY, user=who(name))


@pytest.mark.parametrize(
    ("word", "given", "then"),
    [
        ("take", {}, ("billing_ops", "billing_operations", False)),
        ("hand-over", {"to": "team:finance", "because": WHY}, ("finance", "", False)),
        ("hand-over", {"to": "person:bea", "because": WHY}, ("billing_ops", "bea", False)),
        ("snooze", {"until": "", "because": WHY}, ("billing_ops", "", True)),
    ],
)
def test_the_button_beside_what_was_said_undoes_it(
    client: Client, case: ExceptionCase, word: str, given: dict[str, str], then: tuple[str, str, bool]
) -> None:
    before, due = how(case), case.due_at
    if "until" in given:
        given = {**given, "until": f"{clock.now() + timedelta(days=3):%Y-%m-%d}"}
    address = undo_button(act(client, case, word, **given))
    assert how(case) == then and address
    version = case.version
    text = client.post(address, follow=True).content.decode()
    assert how(case) == before and "Reversed: " in text and not undo_button(text)
    assert case.version > version and case.due_at == due and case.claimed_until is None
    # it is in the journal beside what it reversed, and cannot be done twice
    assert JournalEntry.objects.get(action="act reversed").text.startswith("billing_operations reversed: ")
    assert "has reversed this already" in client.post(address, follow=True).content.decode()


def test_what_was_done_earlier_is_reversed_from_the_history(client: Client, case: ExceptionCase) -> None:
    handing.hand(case.pk, to=Team.FINANCE, because=WHY, user=who())
    text = desk_people.signed_in("Finance preparer", "finn").get(f"/x/{case.number}").content.decode()
    assert "Reverse<span" in text and not undo_button(text)
    (kept,) = reversible(case)
    # a colleague may do it as well, and both names stay in the trail
    assert undo.reverse(kept.pk, case_id=case.pk, user=who("bea")).reversed_by == who("bea")
    assert how(case) == ("billing_ops", "", False)
    # what was said with it stays said
    assert CaseComment.objects.get().text == WHY
    assert "Reverse<span" not in client.get(f"/x/{case.number}").content.decode()


def test_a_case_that_was_brought_back_sleeps_again_until_the_same_moment(case: ExceptionCase) -> None:
    first = put_off(case)
    snoozes.wake(case.pk, user=who())
    newest = undo.newest(case.pk, user=who())
    assert newest is not None and how(case)[2] is False
    undo.reverse(newest.pk, case_id=case.pk, user=who())
    row = snoozes.of(case)
    assert row is not None and (row.until, row.because, row.pk != first.pk) == (first.until, WHY, True)
    # put off longer, and that reversed: as long as before
    put_off(case, days=9, name="billing_operations")
    longer = undo.newest(case.pk, user=who())
    assert longer is not None
    undo.reverse(longer.pk, case_id=case.pk, user=who())
    assert [one.until for one in Snooze.objects.filter(ended_at=None)] == [first.until]


def test_what_would_be_over_by_now_is_not_brought_back(case: ExceptionCase) -> None:
    slept = put_off(case)
    snoozes.wake(case.pk, user=who())
    kept = CaseAct.objects.get(action="case back")
    with clock.use(lambda: slept.until), pytest.raises(Conflict, match="would have come back"):
        undo.reverse(kept.pk, case_id=case.pk, user=who())
    # and what came back by itself is nothing to reverse
    put_off(case)
    later = clock.now() + timedelta(days=5)
    with clock.use(lambda: later):
        assert not reversible(case)


def test_where_something_else_was_done_since_it_stays(client: Client, case: ExceptionCase) -> None:
    handing.hand(case.pk, to=Team.FINANCE, because=WHY, user=who())
    first = CaseAct.objects.get()
    handing.hand(case.pk, to=Team.SALES_OPS, because=WHY, user=who("finn"))
    text = client.post(f"/x/{case.number}/acts/{first.pk}/reverse", follow=True).content.decode()
    assert "Something else was done to" in text and how(case)[0] == Team.SALES_OPS
    # a comment, or that it was put off, stands in no way of what concerns its owner
    put_off(case)
    cases.comment(case.pk, user=who("bea"), text="Waiting")
    assert [one.action for one in reversible(case)] == ["case snoozed", "case handed over"]


def test_back_and_forth_only_the_newest_is_offered(case: ExceptionCase) -> None:
    for to in (Team.FINANCE, Team.BILLING_OPS, Team.FINANCE):
        handing.hand(case.pk, to=to, because=WHY, user=who())
    assert [one.pk for one in reversible(case)] == [CaseAct.objects.latest("pk").pk]


def test_nobody_loses_a_case_they_work_on(case: ExceptionCase) -> None:
    handing.take(case.pk, user=who("bea"))
    kept = CaseAct.objects.get()
    with pytest.raises(Conflict, match="works on"):
        undo.reverse(kept.pk, case_id=case.pk, user=who("finn"))
    # when their time is over, it is reversed like anything else
    ExceptionCase.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    undo.reverse(kept.pk, case_id=case.pk, user=who("finn"))
    assert how(case)[1] == ""


def test_to_take_again_what_one_has_changes_nothing(client: Client, case: ExceptionCase) -> None:
    handing.take(case.pk, user=who())
    assert not undo_button(act(client, case, "take")) or CaseAct.objects.count() == 1
    assert CaseAct.objects.count() == 1


def test_who_only_looks_and_what_is_closed(client: Client, case: ExceptionCase) -> None:
    handing.hand(case.pk, to=Team.FINANCE, because=WHY, user=who())
    kept = CaseAct.objects.get()
    auditor = desk_people.signed_in("Auditor")
    assert "Reverse<span" not in auditor.get(f"/x/{case.number}").content.decode()
    assert auditor.post(f"/x/{case.number}/acts/{kept.pk}/reverse").status_code == 403
    with pytest.raises(Refused):
        undo.reverse(kept.pk, case_id=case.pk, user=who("auditor"))
    # of another case, or of none
    other = ExceptionCase.objects.exclude(pk=case.pk).first()
    assert other is not None
    assert client.post(f"/x/{other.number}/acts/{kept.pk}/reverse").status_code == 404
    cases.close([case], note="Went through")
    assert not reversible(case)
    with pytest.raises(Conflict, match="is closed"):
        undo.reverse(kept.pk, case_id=case.pk, user=who())


def test_several_are_put_back_each_by_itself(client: Client, case: ExceptionCase) -> None:
    other = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    before = how(case), how(other)
    chosen = [f"{case.pk}:{case.version}", f"{other.pk}:{other.version}"]
    text = client.post("/queue/several", {"do": "take", "case": chosen, "here": ""}, follow=True).content.decode()
    assert "2 of 2 cases taken" in text and "Undo all 2" in text
    # when one of them is handed on meanwhile
    handing.hand(other.pk, to=who("bea"), because=WHY, user=who())
    text = client.post("/queue/several/reverse", follow=True).content.decode()
    assert "1 of 2 cases put back as they were" in text and "Something else was done" in text
    assert how(case) == before[0] and how(other)[1] == "bea" and "Undo" not in text
    assert client.post("/queue/several/reverse", follow=True).status_code == 200
    assert desk_people.signed_in("Finance preparer", "finn").post("/queue/several/reverse").status_code == 302


def test_machines_do_the_same(case: ExceptionCase) -> None:
    def call(name: str, path: str, verb: str = "post") -> tuple[int, Any]:
        client = Client()
        client.force_login(who(name))
        answer = getattr(client, verb)(f"/api/v1/cases/{path}", content_type="application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None

    status, answer = call("finn", f"{case.pk}/take")
    assert (status, answer["assignee"]) == (200, "finn")
    status, acts = call("finn", f"{case.pk}/acts", "get")
    assert status == 200 and [(one["action"], one["by"]) for one in acts] == [("case taken", "finn")]
    path = f"{case.pk}/acts/{acts[0]['number']}/reverse"
    assert call("auditor", path)[0] == 403 and call("auditor", f"{case.pk}/take")[0] == 403
    status, answer = call("finn", path)
    assert status == 200 and answer["reversed_at"] and how(case)[1] == ""
    assert call("finn", path)[0] == 409
    assert call("finn", f"{case.pk}/acts/999999/reverse")[0] == 404
    assert call("finn", "999999/acts", "get")[0] == 404 and call("finn", "999999/take")[0] == 404
    # while somebody works on it
    handing.take(case.pk, user=who("bea"))
    assert call("finn", f"{case.pk}/take")[0] == 409


def test_the_database_refuses_an_act_reversed_by_nobody(case: ExceptionCase) -> None:
    handing.take(case.pk, user=who())
    for broken in ({"reversed_at": clock.now()}, {"reversed_by": who()}, {"after": CaseAct.objects.get().before}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseAct.objects.update(**broken)
