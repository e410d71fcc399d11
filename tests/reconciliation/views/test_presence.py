"""Several people at one case: who is there, what changed meanwhile, and that nobody writes over it unseen."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from reconciliation import cases
from reconciliation.habits import presence, since, snoozes
from reconciliation.models import CaseComment, ExceptionCase, Presence, Snooze
from sync import clock
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    return desk_people.product_case()


def here(client: Client, case: ExceptionCase, **form: str) -> dict[str, str]:
    return client.post(f"/x/{case.number}/here", {"version": since.mark(case), **form}).json()


def test_who_looks_and_who_writes_is_said_to_the_others_only(case: ExceptionCase) -> None:
    finance, auditor = desk_people.signed_in("Finance preparer"), desk_people.signed_in("Auditor")
    assert here(finance, case)["people"] == ""
    assert here(auditor, case)["people"] == "Finance preparer is looking at this case."
    assert here(finance, case, writing="1")["people"] == "Auditor is looking at this case."
    assert here(auditor, case)["people"] == "Finance preparer is working on this case."
    # a page opened now says so at once, and one row is kept of each
    assert "Finance preparer is working on this case." in auditor.get(f"/x/{case.number}").content.decode()
    assert Presence.objects.count() == 2


def test_who_leaves_is_gone_and_who_goes_without_a_word_after_a_minute(case: ExceptionCase) -> None:
    finance, auditor = desk_people.signed_in("Finance preparer"), desk_people.signed_in("Auditor")
    first, second = here(finance, case)["heard"], here(finance, case)["heard"]
    # the first page led to the second, and says so only now
    assert finance.post(f"/x/{case.number}/here", {"left": "1", "heard": first}).status_code == 204
    assert here(auditor, case)["people"] == "Finance preparer is looking at this case."
    for nonsense in ("", "x", "2026-99-99T00:00:00Z", "2026-01-01T00:00:00"):
        assert finance.post(f"/x/{case.number}/here", {"left": "1", "heard": nonsense}).status_code == 204
    assert Presence.objects.count() == 2
    finance.post(f"/x/{case.number}/here", {"left": "1", "heard": second})
    assert here(auditor, case)["people"] == ""
    here(finance, case)
    later = clock.now() + presence.GONE_AFTER + timedelta(seconds=1)
    with clock.use(lambda: later):
        assert here(auditor, case)["people"] == ""
        auditor.post(f"/x/{case.number}/here", {"left": "1", "heard": clock.now().isoformat()})
    assert not Presence.objects.exists()


def test_many_names_are_counted_after_the_first(case: ExceptionCase) -> None:
    for number in range(5):
        person = desk_people.person("Auditor", f"a{number}")
        person.first_name = f"A{number}"
        person.save()
        presence.beat(case, user=person, is_writing=number < 2)
    rows = presence.others(case.pk, user=person)
    assert presence.words(rows) == "A0 and A1 are working on this case. A2 and A3 are also looking at this case."
    assert presence.words(rows[2:3] * 5) == "A2, A2 and 3 others are looking at this case."
    assert presence.words(rows[2:3] * 3) == "A2, A2 and A2 are looking at this case."


def test_only_who_may_see_cases_is_there_and_nothing_is_told_by_looking(case: ExceptionCase) -> None:
    assert desk_people.signed_in("User admin").post(f"/x/{case.number}/here").status_code == 403
    assert desk_people.signed_in("Auditor").get(f"/x/{case.number}/here").status_code == 405
    assert desk_people.signed_in("Auditor").post("/x/EXC-987654/here").status_code == 404
    assert Client().post(f"/x/{case.number}/here").status_code == 302
    assert not Presence.objects.exists()


def test_a_beat_asks_little(case: ExceptionCase, django_assert_max_num_queries: Any) -> None:
    client, mark = desk_people.signed_in("Finance preparer"), since.mark(case)
    cases.take(case.pk, user=desk_people.person("Billing operations"))
    with django_assert_max_num_queries(9):
        client.post(f"/x/{case.number}/here", {"version": mark, "first": "1"})


# -- what changed meanwhile ---------------------------------------------------------------------------
def test_what_others_did_is_said_with_its_age_and_what_one_did_oneself_is_not(case: ExceptionCase) -> None:
    client, mark = desk_people.signed_in("Finance preparer"), since.mark(case)
    billing = desk_people.person("Billing operations")
    assert here(client, case)["changed"] == ""
    cases.take(case.pk, user=billing)
    found = here(client, case, version=mark)
    assert found["changed"] == "Billing operations took it" and found["ago"] == "just now"
    now = clock.now()
    with clock.use(lambda: now + timedelta(minutes=3)):
        assert here(client, case, version=mark)["ago"] == "3 min ago"
    cases.comment(case.pk, user=billing, text="Looking")
    assert here(client, case, version=mark)["changed"] == "Billing operations commented"
    until = clock.now() + timedelta(days=2)
    snoozes.snooze(case.pk, until=until, because="Waits", user=billing)
    assert here(client, case, version=mark)["changed"] == "Billing operations put it off"
    case.refresh_from_db()
    cases.close([case], note="Went through")
    assert here(client, case, version=mark)["changed"] == "The portal closed it"
    # a mark of now, and one's own doing
    case.refresh_from_db()
    assert here(client, case)["changed"] == ""
    mark = since.mark(case)
    cases.comment(case.pk, user=User.objects.get(username="finance_preparer"), text="Mine")
    assert here(client, case, version=mark)["changed"] == ""


@pytest.mark.parametrize("mark", ["", "x", "0", "1-", "-1", "9" * 40, "1-" + "9" * 30])
def test_a_mark_nobody_made_counts_as_changed_and_is_no_error(case: ExceptionCase, mark: str) -> None:
    answer = desk_people.signed_in("Auditor").post(f"/x/{case.number}/here", {"version": mark})
    assert answer.status_code == 200 and answer.json()["changed"] == "It was changed"


def posted(client: Client, path: str, form: dict[str, str]) -> tuple[int, str]:
    answer = client.post(path, form, follow=True)
    html = answer.content.decode()
    assert problems(html) == [], path
    return answer.status_code, html


def test_a_comment_on_an_old_page_says_what_changed_and_keeps_the_text(case: ExceptionCase) -> None:
    client, mark = desk_people.signed_in("Finance preparer"), since.mark(case)
    cases.comment(case.pk, user=desk_people.person("Billing operations"), text="It is GTX Pro")
    status, html = posted(client, f"/x/{case.number}/comment", {"text": "Which <one>?", "version": mark})
    assert status == 409 and "Billing operations commented after you opened this page" in html
    assert "Which &lt;one&gt;?</textarea>" in html and "It is GTX Pro" in html
    assert CaseComment.objects.count() == 1
    # what the page says now is what it can be saved with
    status, html = posted(client, f"/x/{case.number}/comment", {"text": "Which?", "version": since.mark(case)})
    assert status == 200 and CaseComment.objects.count() == 2


def test_putting_off_on_an_old_page_says_what_changed_and_keeps_the_reason(case: ExceptionCase) -> None:
    client, mark = desk_people.signed_in("Finance preparer"), since.mark(case)
    form = {"until": f"{clock.now() + timedelta(days=3):%Y-%m-%d}", "because": "Waits for Monday", "version": mark}
    cases.take(case.pk, user=desk_people.person("Billing operations"))
    status, html = posted(client, f"/x/{case.number}/snooze", form)
    assert status == 409 and "Billing operations took it after you opened this page" in html
    assert "Waits for Monday</textarea>" in html and f'value="{form["until"]}"' in html
    assert not Snooze.objects.exists()
    # a day that is none keeps the reason as well
    case.refresh_from_db()
    form = {"until": "soon", "because": "Waits for Monday", "version": since.mark(case)}
    status, html = posted(client, f"/x/{case.number}/snooze", form)
    assert status == 422 and "Waits for Monday</textarea>" in html
    # where it was put off by somebody else, or closed, there is no form any more: the reason is still shown
    mark = since.mark(case)
    snoozes.snooze(
        case.pk, until=clock.now() + timedelta(days=1), because="x", user=desk_people.person("Billing operations")
    )
    form = {**form, "until": f"{clock.now() + timedelta(days=3):%Y-%m-%d}", "version": mark}
    status, html = posted(client, f"/x/{case.number}/snooze", form)
    assert status == 409 and "Billing operations put it off after" in html and "“Waits for Monday”" in html
    assert Snooze.objects.count() == 1


def test_taking_is_stopped_by_another_taking_and_not_by_a_comment(case: ExceptionCase) -> None:
    client, mark = desk_people.signed_in("Finance preparer"), since.mark(case)
    cases.comment(case.pk, user=desk_people.person("Billing operations"), text="Looking")
    assert "is yours" in posted(client, f"/x/{case.number}/take", {"version": mark})[1]
    other = desk_people.signed_in("Integration support")
    assert "Finance preparer took it after" in posted(other, f"/x/{case.number}/take", {"version": mark})[1]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_put_a_case_off_at_once_one_is_told(case: ExceptionCase) -> None:
    mark = since.mark(case)
    clients = [desk_people.signed_in("Finance preparer"), desk_people.signed_in("Billing operations")]
    begin, found = threading.Barrier(2), []
    form = {"until": f"{clock.now() + timedelta(days=3):%Y-%m-%d}", "because": "Both", "version": mark}

    def post(client: Client) -> None:
        begin.wait()
        found.append(client.post(f"/x/{case.number}/snooze", form).status_code)
        connections.close_all()

    threads = [threading.Thread(target=post, args=(client,)) for client in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [302, 409] and Snooze.objects.count() == 1
