"""Words of the team's own on cases; and the queue narrowed by them, by currency, customer and month."""

from datetime import date
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from reconciliation import cases, figures
from reconciliation.cases import Conflict
from reconciliation.habits import tags
from reconciliation.habits.exports import queue as export
from reconciliation.models import CaseTag, ExceptionCase
from reconciliation.queue_filters import Filters
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    desk_people.person("Billing operations")
    return desk_people.product_case()


@pytest.fixture
def client(case: ExceptionCase) -> Client:
    return desk_people.signed_in("Billing operations")


def who() -> User:
    return User.objects.get(username="billing_operations")


def found(**chosen: str) -> set[int]:
    return set(Filters(chosen).apply(figures.open_cases(), user=who()).values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("audit", ["audit"]),
        (" Audit, audit  Q4-launch ", ["audit", "q4-launch"]),
        ("#größe,waits_for_legal", ["größe", "waits_for_legal"]),
    ],
)
def test_what_is_typed_becomes_words(text: str, words: list[str]) -> None:
    assert tags.words_of(text) == words


@pytest.mark.parametrize("text", ["", " , ", "#", "a" * 31, "<b>", "a/b", "two;words"])
def test_what_is_no_tag_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is no tag|Write a tag"):
        tags.words_of(text)


def test_a_case_is_tagged_found_by_it_and_untagged(client: Client, case: ExceptionCase) -> None:
    page = f"/x/{case.number}"
    text = client.post(f"{page}/tags", {"tags": "Audit größe"}, follow=True).content.decode()
    assert "take this tag off" in text and tags.in_use() == ["audit", "größe"]
    assert found(tag="audit") == {case.pk} and found(tag="other") == set()
    # it stands on the queue, leads to the queue narrowed by it, and what is on is told
    text = client.get("/queue/?view=cases").content.decode()
    assert 'href="/queue/?tag=gr%C3%B6%C3%9Fe&amp;view=cases"' in text
    assert "Tag: größe" in unescape(client.get("/queue/?tag=größe&view=cases").content.decode())
    # the same again is nothing new
    assert tags.put(case.pk, text="audit", user=who()) == []
    assert JournalEntry.objects.filter(action="case tagged").count() == 1
    client.post(f"{page}/tags", {"off": "audit"})
    assert tags.in_use() == ["größe"] and JournalEntry.objects.filter(action="case untagged").count() == 1
    client.post(f"{page}/tags", {"off": "audit"})
    assert JournalEntry.objects.filter(action="case untagged").count() == 1


def test_what_cannot_be_is_said_and_what_was_typed_is_kept(client: Client, case: ExceptionCase) -> None:
    answer = client.post(f"/x/{case.number}/tags", {"tags": "two;words"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "is no tag" in text and 'value="two;words"' in text
    tags.put(case.pk, text=" ".join(f"t{number}" for number in range(tags.MOST)), user=who())
    assert "take one off first" in client.post(f"/x/{case.number}/tags", {"tags": "more"}).content.decode()
    assert case.tags.count() == tags.MOST
    auditor = desk_people.signed_in("Auditor")
    assert auditor.post(f"/x/{case.number}/tags", {"tags": "x"}).status_code == 403
    assert "take this tag off" not in auditor.get(f"/x/{case.number}").content.decode()
    cases.close([case], note="Went through")
    with pytest.raises(Conflict, match="is closed"):
        tags.put(case.pk, text="late", user=who())
    # what is over keeps its words, and no longer offers them
    assert tags.in_use() == [] and "t1" in auditor.get(f"/x/{case.number}").content.decode()


def test_the_database_keeps_a_tag_one_word_and_once(case: ExceptionCase) -> None:
    tags.put(case.pk, text="audit", user=who())
    row = CaseTag.objects.get()
    for word in ("two words", "a,b", "", "audit"):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseTag.objects.create(case=case, word=word, by=who(), at=row.at)


def test_several_are_tagged_at_once(client: Client, case: ExceptionCase) -> None:
    other = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    chosen = [f"{case.pk}:{case.version}", f"{other.pk}:0"]
    given = {"do": "tag", "case": chosen, "here": "?view=cases"}
    answer = client.post("/queue/several", {**given, "tags": "a;b"})
    text = answer.content.decode()
    assert (
        answer.status_code == 422 and "is no tag" in text and 'value="a;b"' in text and 'id="several-tag" open' in text
    )
    text = client.post("/queue/several", {**given, "tags": "audit"}, follow=True).content.decode()
    # a change of the case meanwhile does not stand in the way of a word
    assert "2 of 2 cases tagged" in text and "Undo" not in text and found(tag="audit") == {case.pk, other.pk}


def test_the_queue_is_narrowed_by_currency_customer_and_month(client: Client, case: ExceptionCase) -> None:
    other = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    ExceptionCase.objects.filter(pk=case.pk).update(currency="EUR", effective_on=date(2026, 2, 28))
    ExceptionCase.objects.filter(pk=other.pk).update(currency="", effective_on=date(2026, 3, 1))
    assert found(currency="EUR") == {case.pk} and found(currency="USD") == set()
    assert found(period="2026-02") == {case.pk} and found(period="2026-03") == {other.pk}
    assert found(customer=case.customer_reference) >= {case.pk}
    # what makes no sense is left out, never an error
    for period in ("2026-13", "0000-01", "soon", "2026-1"):
        assert found(period=period) == {case.pk, other.pk}, period
    text = unescape(
        client.get(f"/queue/?customer={case.customer_reference}&period=2026-02&currency=EUR").content.decode()
    )
    assert f"Customer: {case.customer_name}" in text and "Period: February 2026" in text and "Currency: EUR" in text


def test_the_file_has_the_tags(case: ExceptionCase) -> None:
    tags.put(case.pk, text="audit legal", user=who())
    sheet = export.draw_up(Filters({"view": "cases", "tag": "audit"}), user=who())
    (row,) = sheet.rows
    assert dict(zip(sheet.columns, row, strict=True))["Tags"] == "audit, legal" and "Tag: audit" in sheet.narrowed


def test_machines_do_the_same(client: Client, case: ExceptionCase) -> None:
    path, kind = f"/api/v1/cases/{case.pk}", "application/json"
    answer = client.post(f"{path}/tags", {"add": ["audit", "legal"]}, content_type=kind)
    assert answer.status_code == 200 and answer.json() == {"tags": ["audit", "legal"]}
    assert client.get(path).json()["tags"] == ["audit", "legal"]
    assert [one["number"] for one in client.get("/api/v1/cases?tags__word=legal").json()["results"]] == [case.number]
    assert client.post(f"{path}/tags", {"remove": ["audit"]}, content_type=kind).json() == {"tags": ["legal"]}
    # both or neither
    answer = client.post(f"{path}/tags", {"remove": ["legal"], "add": ["a;b"]}, content_type=kind)
    assert answer.status_code == 400 and client.get(path).json()["tags"] == ["legal"]
    assert client.post(f"{path}/tags", {}, content_type=kind).status_code == 400
    auditor = desk_people.signed_in("Auditor")
    assert auditor.post(f"{path}/tags", {"add": ["x"]}, content_type=kind).status_code == 403
    assert client.post("/api/v1/cases/999999/tags", {"add": ["x"]}, content_type=kind).status_code == 404
