"""Naming colleagues in comments: who is meant, who is told, who is not, and until when."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reconciliation import cases
from reconciliation.habits import mentions, since
from reconciliation.models import CaseComment, ExceptionCase, Mention
from reconciliation.templatetags.portal import marked
from sync import clock
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    kim = desk_people.person("Finance preparer", "kim.lee")
    kim.first_name, kim.last_name = "Kim", "Lee"
    kim.save()
    return desk_people.product_case()


def say(case: ExceptionCase, text: str, role: str = "Billing operations") -> mentions.Said:
    return mentions.comment(case.pk, user=desk_people.person(role), text=text)


def told(said: mentions.Said) -> list[str]:
    return [person.username for person in said.told]


@pytest.mark.parametrize(
    "text",
    [
        "@kim.lee please look",
        "please look, @kim.lee",
        "please look (@kim.lee)",
        "please ask @kim.lee.",
        "please ask @kim.lee...",
        "@KIM.Lee please look",
        "first line\n@kim.lee",
        "@kim.lee and @kim.lee again",
    ],
)
def test_a_colleague_is_named_as_people_write(case: ExceptionCase, text: str) -> None:
    said = say(case, text)
    assert told(said) == ["kim.lee"] and said.untold == []
    assert Mention.objects.get().comment == CaseComment.objects.get()


@pytest.mark.parametrize("text", ["kim.lee", "mail kim@kim.lee", "@ kim.lee", "a@kim.lee", "@@kim.lee", "@"])
def test_what_is_no_name_tells_nobody_and_says_nothing(case: ExceptionCase, text: str) -> None:
    said = say(case, text)
    assert told(said) == [] and said.untold == [] and said.comment.text == text


def test_a_name_nobody_has_stays_as_text_and_is_said(case: ExceptionCase) -> None:
    said = say(case, "@nobody and @kim.lee and @nobody.")
    assert told(said) == ["kim.lee"]
    assert said.untold == ["Nobody here is called “@nobody”, so nobody was told; it stays as text."]


def test_two_people_of_one_name_are_told_apart_by_its_letters(case: ExceptionCase) -> None:
    desk_people.person("Finance preparer", "Kim.Lee")
    assert told(say(case, "@Kim.Lee")) == ["Kim.Lee"]
    assert say(case, "@KIM.LEE").told == []


def test_a_sign_in_name_that_is_an_address_of_mail_can_be_named(case: ExceptionCase) -> None:
    desk_people.person("Finance preparer", "kim@example.com")
    assert told(say(case, "@kim@example.com.")) == ["kim@example.com"]


def test_who_may_not_see_cases_or_has_gone_is_not_told_and_that_is_said(case: ExceptionCase) -> None:
    desk_people.person("User admin", "una")
    gone = desk_people.person("Finance preparer", "gone")
    gone.is_active = False
    gone.save()
    said = say(case, "@una @gone")
    assert said.told == [] and not Mention.objects.exists()
    assert said.untold == [
        "User admin was not told: this person may not see cases.",
        "Finance preparer was not told: this person no longer signs in here.",
    ]


def test_nobody_tells_themselves_and_one_comment_tells_so_many(case: ExceptionCase, monkeypatch: Any) -> None:
    assert say(case, "@billing_operations does it").told == []
    monkeypatch.setattr(mentions, "MOST", 1)
    said = say(case, "@kim.lee @auditor @finance_approver" if desk_people.person("Auditor") else "")
    assert told(said) == ["kim.lee"] and "at most; Auditor was not told" in said.untold[0]


def test_a_comment_and_its_mentions_are_saved_both_or_neither(case: ExceptionCase, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Mention.objects, "bulk_create", broken)
    with pytest.raises(RuntimeError):
        say(case, "@kim.lee")
    assert not CaseComment.objects.exists()


def test_the_database_keeps_one_mention_of_a_person_that_is_read_after_it_was_made(case: ExceptionCase) -> None:
    say(case, "@kim.lee")
    row = Mention.objects.get()
    with pytest.raises(IntegrityError, match="mentioned_once_in_a_comment"), transaction.atomic():
        Mention.objects.create(comment=row.comment, person=row.person, written="x", at=row.at)
    with pytest.raises(IntegrityError, match="read_after_it_was_made"), transaction.atomic():
        Mention.objects.filter(pk=row.pk).update(read_at=row.at - (clock.now() - row.at))
    with pytest.raises(IntegrityError, match="a_mention_is_written"), transaction.atomic():
        Mention.objects.filter(pk=row.pk).update(written="")


# -- on the pages -------------------------------------------------------------------------------------
def body_of(client: Client, path: str, form: dict[str, Any] | None = None) -> str:
    answer = client.get(path) if form is None else client.post(path, form, follow=True)
    html = answer.content.decode()
    assert problems(html) == [], path
    return re.sub(r"\s+", " ", html)


def test_the_comment_shows_the_name_marked_and_all_else_as_text(case: ExceptionCase) -> None:
    form = {"text": "<b>@kim.lee</b> & @nobody", "version": since.mark(case)}
    body = body_of(desk_people.signed_in("Billing operations"), f"/x/{case.number}/comment", form)
    assert '&lt;b&gt;<span class="q-mention">@Kim Lee</span>&lt;/b&gt; &amp; @nobody' in body
    assert "Kim Lee will read of it." in body and "Nobody here is called “@nobody”" in body


def test_a_name_with_marks_in_it_is_escaped(case: ExceptionCase) -> None:
    assert marked("@kim", {"kim": "<i>"}) == '<span class="q-mention">@&lt;i&gt;</span>'
    assert marked("<a>@x", {}) == "&lt;a&gt;@x"


def test_my_work_lists_it_until_it_is_marked_as_read(case: ExceptionCase) -> None:
    say(case, "@kim.lee <look> first")
    say(case, "@kim.lee second")
    kim, other = Client(), desk_people.signed_in("Auditor")
    kim.force_login(Mention.objects.all()[0].person)
    body = body_of(kim, "/admin/")
    first = CaseComment.objects.order_by("pk")[0]
    assert "You were mentioned" in body and f"/x/{case.number}#comment-{first.pk}" in body
    assert "&lt;look&gt; first" in body and f'id="comment-{first.pk}"' in body_of(kim, f"/x/{case.number}")
    assert "You were mentioned" not in body_of(other, "/admin/")
    # somebody else's mention is nobody else's to mark
    row = Mention.objects.get(comment=first)
    assert "Nothing here was unread" in body_of(other, f"/mentions/{row.pk}/read", {})
    assert kim.get(f"/mentions/{row.pk}/read").status_code == 405
    body = body_of(kim, f"/mentions/{row.pk}/read", {})
    assert "Marked as read." in body and "&lt;look&gt; first" not in body and "second" in body
    body = body_of(kim, "/mentions/read", {})
    assert "You were mentioned" not in body and not Mention.objects.filter(read_at=None).exists()


def test_opening_the_case_is_reading_it_and_asking_for_its_page_alone_is_not(case: ExceptionCase) -> None:
    say(case, "@kim.lee")
    kim = Client()
    kim.force_login(Mention.objects.get().person)
    kim.get(f"/x/{case.number}")
    assert Mention.objects.filter(read_at=None).exists()
    # somebody else who opens it reads nothing for Kim
    desk_people.signed_in("Auditor").post(f"/x/{case.number}/here", {"first": "1", "version": since.mark(case)})
    assert Mention.objects.filter(read_at=None).exists()
    kim.post(f"/x/{case.number}/here", {"first": "1", "version": since.mark(case)})
    assert not Mention.objects.filter(read_at=None).exists()


def test_who_lost_the_right_to_see_cases_reads_nothing_of_them(case: ExceptionCase) -> None:
    say(case, "@kim.lee secret")
    person = Mention.objects.get().person
    person.groups.clear()
    kim = Client()
    kim.force_login(person)
    assert "secret" not in body_of(kim, "/admin/")


def names(client: Client, text: str) -> list[str]:
    return [one["written"] for one in client.get("/people", {"q": text}).json()["people"]]


def test_names_are_offered_to_those_who_write_and_only_of_those_who_may_see(case: ExceptionCase) -> None:
    desk_people.person("User admin", "kim.admin")
    gone = desk_people.person("Finance preparer", "kim.gone")
    gone.is_active = False
    gone.save()
    client = desk_people.signed_in("Billing operations")
    assert names(client, "ki") == ["kim.lee"] == names(client, "LEE")
    assert "billing_operations" not in names(client, "") and len(names(client, "")) <= mentions.OFFERED
    assert names(client, "x\x00%") == []
    found = client.get("/people", {"q": "kim"}).json()["people"]
    assert found == [{"written": "kim.lee", "name": "Kim Lee", "role": "Finance preparer"}]
    assert desk_people.signed_in("Auditor").get("/people").status_code == 403
    assert desk_people.signed_in("User admin").get("/people").status_code == 403
    assert Client().get("/people").status_code == 302


def test_many_comments_ask_no_more_questions(case: ExceptionCase, django_assert_num_queries: Any) -> None:
    client = desk_people.signed_in("Auditor")
    client.get(f"/x/{case.number}")
    say(case, "@kim.lee")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/x/{case.number}")
    for number in range(5):
        say(case, f"@kim.lee {number}")
    cases.comment(case.pk, user=desk_people.person("Sales operations"), text="Plain")
    with django_assert_num_queries(len(few.captured_queries)):
        client.get(f"/x/{case.number}")
