"""Before a decision: a question and its answer; a request handed to another approver. Nothing is decided by it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from reconciliation import approval_questions, approvals
from reconciliation.habits.notices.event import LATELY
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import ApprovalQuestion, ApprovalRequest, FixRun
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.desk import approver, ask_to_post, billing_ops, preparer
from tests.reconciliation.views.markup import problems
from tests.small_company import Company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(company: Company) -> ApprovalRequest:
    return ask_to_post(company, "500.00")


def second() -> User:
    return person("second", "Finance approver")


def said(request: ApprovalRequest) -> list[str]:
    found = JournalEntry.objects.filter(object_kind="approval", object_key=request.number)
    return list(found.order_by("pk").values_list("action", flat=True))


# -- asking back ---------------------------------------------------------------------------------------
def test_a_question_is_answered_by_the_asker_and_both_stay(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text=" Which month? ")
    approval_questions.answer(request_of.pk, user=preparer(), text="November, as agreed.")
    kept = request_of.questions.get()
    assert (kept.text, kept.answer) == ("Which month?", "November, as agreed.")
    assert (kept.asked_by, kept.answered_by) == (approver(), preparer())
    # and both are in the trail, in the order they were said
    assert said(request_of) == ["asked for approval", "asked back", "answered"]
    # and it waits as before: whoever may decide it does
    assert approvals.approve(request_of.pk, user=second()) is not None


@pytest.mark.parametrize("who", [preparer, billing_ops])
def test_only_who_may_decide_asks(request_of: ApprovalRequest, who: Any) -> None:
    with pytest.raises(approvals.Refused):
        approval_questions.ask_back(request_of.pk, user=who(), text="Why?")
    assert not ApprovalQuestion.objects.exists()


def test_nobody_else_answers(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    for who in (approver(), second(), billing_ops()):
        with pytest.raises(approvals.Refused, match="Only the person who asked"):
            approval_questions.answer(request_of.pk, user=who, text="Because.")


def test_one_question_at_a_time(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    with pytest.raises(approvals.Refused, match="waits for its answer"):
        approval_questions.ask_back(request_of.pk, user=second(), text="Why, too?")
    approval_questions.answer(request_of.pk, user=preparer(), text="Because.")
    approval_questions.ask_back(request_of.pk, user=second(), text="Why, too?")
    assert request_of.questions.count() == 2


def test_words_are_needed(request_of: ApprovalRequest) -> None:
    with pytest.raises(ValueError, match="Write what you want to know"):
        approval_questions.ask_back(request_of.pk, user=approver(), text="  ")
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    with pytest.raises(ValueError, match="Write your answer"):
        approval_questions.answer(request_of.pk, user=preparer(), text="")


def test_what_is_decided_is_not_talked_about(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    approvals.refuse(request_of.pk, user=second(), because="no")
    with pytest.raises(approvals.Refused, match="No question about this waits"):
        approval_questions.answer(request_of.pk, user=preparer(), text="Because.")
    for act in (
        lambda: approval_questions.ask_back(request_of.pk, user=approver(), text="Why?"),
        lambda: approval_questions.hand_on(request_of.pk, user=approver(), to="second", because="I am away"),
    ):
        with pytest.raises(approvals.Refused, match="Already refused"):
            act()


def test_the_database_keeps_what_was_said(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    rows = ApprovalQuestion.objects.all()
    now = clock.now()
    for change in (
        lambda: rows.update(text="What?"),
        lambda: rows.update(answered_by=second(), answered_at=now, answer="I say so."),
        lambda: rows.delete(),
        lambda: rows.create(request=request_of, asked_by=preparer(), asked_at=now, text="Me?"),
    ):
        with pytest.raises(IntegrityError, match="question_is_kept"), transaction.atomic():
            change()
    with pytest.raises(IntegrityError, match="an_answer_has_a_name"), transaction.atomic():
        rows.update(answer="Nobody's.")
    with pytest.raises(IntegrityError, match="one_open_question_per_request"), transaction.atomic():
        rows.create(request=request_of, asked_by=second(), asked_at=now, text="Me too?")
    approval_questions.answer(request_of.pk, user=preparer(), text="Because.")
    with pytest.raises(IntegrityError, match="question_is_kept"), transaction.atomic():
        rows.update(answer="Something else.")


# -- handing on ----------------------------------------------------------------------------------------
def test_it_is_handed_to_another_approver_and_everybody_else_still_may(request_of: ApprovalRequest) -> None:
    second()
    row = approval_questions.hand_on(request_of.pk, user=approver(), to="second", because="I know the customer")
    assert row.handed_to == second() and said(request_of)[-1] == "handed on"
    assert JournalEntry.objects.latest("pk").text.endswith("to second: I know the customer")
    assert approvals.approve(request_of.pk, user=approver()) is not None


def test_never_to_the_asker(company: Company) -> None:
    request = ask_to_post(company, "500.00")
    preparer().groups.add(*approver().groups.all())
    with pytest.raises(ValueError, match="may not decide this: they asked for it"):
        approval_questions.hand_on(request.pk, user=approver(), to=preparer().username, because="You do it")
    with pytest.raises(IntegrityError, match="never_handed_to_the_asker"), transaction.atomic():
        ApprovalRequest.objects.update(handed_to=preparer(), handed_by=approver(), handed_because="You do it")
    with pytest.raises(IntegrityError, match="handed_by_somebody"), transaction.atomic():
        ApprovalRequest.objects.update(handed_to=approver())
    assert preparer() not in approval_questions.approvers(request, beside=approver())


def test_never_to_somebody_who_may_not(request_of: ApprovalRequest) -> None:
    person("root", superuser=True)
    for name, words in ((billing_ops().username, "role may not approve"), ("root", "superuser may not approve"),
                        ("nobody", "Choose an approver"), (approver().username, "Choose an approver")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            approval_questions.hand_on(request_of.pk, user=approver(), to=name, because="Please")
    with pytest.raises(ValueError, match="Say why"):
        approval_questions.hand_on(request_of.pk, user=approver(), to=second().username, because=" ")
    with pytest.raises(approvals.Refused):
        approval_questions.hand_on(request_of.pk, user=preparer(), to=second().username, because="Please")
    assert [one.username for one in approval_questions.approvers(request_of, beside=approver())] == ["second"]


# -- who is told ---------------------------------------------------------------------------------------


def test_asker_approver_and_whom_it_is_handed_to_are_told(request_of: ApprovalRequest) -> None:
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    (news,) = EVENTS["talked"].news(clock.now())
    assert news.to == preparer() and news.title.startswith("A question about") and news.text.endswith(": Why?")
    approval_questions.answer(request_of.pk, user=preparer(), text="Because.")
    (news,) = EVENTS["talked"].news(clock.now())
    assert news.to == approver() and news.title.startswith("An answer about") and news.text.endswith(": Because.")
    second()
    approval_questions.hand_on(request_of.pk, user=approver(), to="second", because="I am away")
    news = list(EVENTS["talked"].news(clock.now()))[-1]
    assert (
        news.to == second() and news.title.startswith("Handed to you to decide") and news.text.endswith(": I am away")
    )


def test_an_answer_is_told_however_long_after_its_question(
    request_of: ApprovalRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_at = clock.now()
    approval_questions.ask_back(request_of.pk, user=approver(), text="Why?")
    later = asked_at + LATELY + timedelta(hours=6)
    monkeypatch.setattr(approval_questions.clock, "now", lambda: later)
    # a question nobody was told of in time is no news any more
    assert list(EVENTS["talked"].news(later)) == []
    approval_questions.answer(request_of.pk, user=preparer(), text="Because.")
    (news,) = EVENTS["talked"].news(later)
    assert news.to == approver() and news.text.endswith(": Because.")


# -- the page ------------------------------------------------------------------------------------------
def talk(client: Client, request: ApprovalRequest, do: str, **values: str) -> Any:
    return client.post(reverse("desk:approval_talk", args=[request.pk, do]), values)


def test_a_question_is_asked_and_answered_on_the_page(request_of: ApprovalRequest, client: Client) -> None:
    page = reverse("desk:approval", args=[request_of.pk])
    client.force_login(approver())
    refused = talk(client, request_of, "ask-back", text="")
    assert refused.status_code == 422 and "Write what you want to know" in refused.content.decode()
    assert problems(refused.content.decode()) == []
    assert talk(client, request_of, "ask-back", text="Which <month>?").status_code == 302
    shown = client.get(page).content.decode()
    assert "Which &lt;month&gt;?" in shown and "Waits for an answer" in shown and "Ask a question first" not in shown
    assert 'id="answer"' not in shown and problems(shown) == []
    client.force_login(preparer())
    assert "a question waits for your answer" in client.get(reverse("desk:approvals")).content.decode()
    shown = client.get(page).content.decode()
    assert 'id="answer"' in shown and problems(shown) == []
    refused = talk(client, request_of, "answer", text=" ")
    assert refused.status_code == 422 and "Write your answer" in refused.content.decode()
    assert talk(client, request_of, "answer", text="November").status_code == 302
    assert "November" in client.get(page).content.decode()
    assert talk(client, request_of, "answer", text="Again").status_code == 403
    assert not FixRun.objects.exists()


def test_it_is_handed_on_on_the_page(request_of: ApprovalRequest, client: Client) -> None:
    second()
    client.force_login(approver())
    page = reverse("desk:approval", args=[request_of.pk])
    assert '<option value="second"' in client.get(page).content.decode()
    refused = talk(client, request_of, "hand-on", to="second", text="")
    assert refused.status_code == 422 and "Say why you hand it on" in refused.content.decode()
    assert '<option value="second" selected' in refused.content.decode()
    assert talk(client, request_of, "hand-on", to="second", text="I am away").status_code == 302
    assert "I am away" in client.get(page).content.decode()
    client.force_login(second())
    assert "handed to you" in client.get(reverse("desk:approvals")).content.decode()


# -- for machines --------------------------------------------------------------------------------------
def test_the_api_says_the_same(request_of: ApprovalRequest, client: Client) -> None:
    def post(do: str, **body: str) -> Any:
        return client.post(f"/api/v1/approvals/{request_of.pk}/{do}", body, content_type="application/json")

    second()
    client.force_login(approver())
    assert post("ask-back", text="").json()["errors"][0]["field"] == "text"
    assert post("ask-back", text="Why?").json()["questions"][0]["text"] == "Why?"
    assert post("answer", text="Because.").status_code == 403
    refused = post("hand-on", text="Please", to=preparer().username)
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "to"
    assert post("hand-on", text="Please", to="second").json()["handed_to"] == "second"
    client.force_login(preparer())
    assert post("answer", text="Because.").json()["questions"][0]["answered_by"] == preparer().username
    assert client.get(f"/api/v1/approvals/{request_of.pk}").json()["questions"][0]["answer"] == "Because."
    assert (
        client.post("/api/v1/approvals/999999/answer", {"text": "x"}, content_type="application/json").status_code
        == 404
    )
