"""Exports: the view at hand as a file, complete or not at all, and noted down with its hash."""

import hashlib
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from reconciliation import cases
from reconciliation.habits.exports import queue as queue_rows
from reconciliation.models import ExceptionCase
from sync.models import JournalEntry
from tests.reconciliation.exports.spreadsheets import Book, records
from tests.reconciliation.views import desk_people, story
from tests.reconciliation.views.markup import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def taken(role: str, path: str, *, status: int = 200) -> Any:
    """What somebody of this role gets at an address."""
    answer = desk_people.signed_in(role).get(path)
    assert answer.status_code == status, answer.content[:300]
    return answer


def many_cases(count: int, *, currency: str = "USD") -> None:
    """Open cases of one problem."""
    made = story.begin()
    event = made.event(made.salesforce, "opportunity", "x", story.START)
    rows = [
        made.item(
            "closed_won_to_billing", f"contract:{n}", event=event, condition="blocked", correlation_id=f"deal:{n}"
        )
        for n in range(count)
    ]
    cases.open_cases(
        [
            cases.Opening(
                target="work_item", row=row, reason="PRODUCT_UNMAPPED", value="X", currency=currency,
                amount=Decimal(n % 5) if n % 4 else None,
            )
            for n, row in enumerate(rows)
        ]
    )  # fmt: skip


# -- the queue ----------------------------------------------------------------------------------------
def test_the_queue_one_by_one_is_a_file_with_its_filters_and_its_order():
    # given open cases of which some have no amount, in an order of their own
    many_cases(23)
    late = list(ExceptionCase.objects.order_by("pk").values_list("pk", flat=True)[:7])
    ExceptionCase.objects.filter(pk__in=late).update(opened_at=story.START - timedelta(days=9))
    # the largest is due last, so that each order is another one
    for place, pk in enumerate(late):
        ExceptionCase.objects.filter(pk=pk).update(due_at=story.START + timedelta(days=place))
    query = "?view=cases&age=7&sort=amount"
    # when what the queue shows is taken in both forms
    shown = desk_people.signed_in("Auditor").get(f"/queue/{query}").content.decode()
    rows = records(taken("Auditor", f"/queue/export.csv{query}").content)
    book = Book(taken("Auditor", f"/queue/export.xlsx{query}").content).records()
    # then the file has the cases of the page, no others, in its order
    assert sorted(int(row["Case"].removeprefix("EXC-")) for row in rows) == late
    assert [row["Case"] for row in rows] == sorted((row["Case"] for row in rows), key=shown.index)
    assert [row["Case"] for row in book] == [row["Case"] for row in rows]
    # and amounts as they are, with a currency of their own
    assert [row["Amount"] for row in rows] == ["3.00", "2.00", "1.00", "1.00", "0.00", "", ""]
    assert {row["Currency"] for row in rows} == {"USD"} and [row["Amount"] for row in book][:2] == [3, 2]


def test_a_row_says_when_in_utc_and_on_the_companys_clock_and_links_back(settings):
    # given a case of a company in New York
    settings.PORTAL_URL = "https://portal.example.com"
    made = desk_people.company()
    case = desk_people.product_case()
    ExceptionCase.objects.filter(pk=case.pk).update(entity=made.entity, opened_at="2026-05-14T12:00:00Z")
    made.entity.__class__.objects.update(time_zone="America/New_York")
    # when it is taken
    row = next(
        one for one in records(taken("Auditor", "/queue/export.csv?view=cases").content) if one["Case"] == case.number
    )
    # then both times and whole addresses are there
    assert row["Opened (UTC)"] == "2026-05-14T12:00:00Z"
    assert row["Opened (company time)"] == "2026-05-14T08:00:00-04:00"
    assert row["Company time zone"] == "America/New_York" and row["Company"] == "US01"
    assert row["Link to the case"] == f"https://portal.example.com/x/{case.number}"
    assert row["Link to the trail"].startswith("https://portal.example.com/t/deal:")
    assert (row["Title"], row["Value"], row["Amount"]) == ("Product has no billing plan: GTXPro", "GTXPro", "4821.00")


def test_the_queue_by_problem_counts_nothing_twice_where_a_problem_has_two_currencies():
    # given a problem of 12 cases, one of them in euro
    many_cases(12)
    one = ExceptionCase.objects.exclude(amount=None).order_by("-amount").first()
    ExceptionCase.objects.filter(pk=one.pk).update(currency="EUR")
    # when the problems are taken
    rows = records(taken("Auditor", "/queue/export.csv").content)
    totals = Book(taken("Auditor", "/queue/export.xlsx").content).rows("Totals")
    # then each currency has its cases and its sum, and those without an amount stand apart
    assert [(row["Currency"], row["Cases"], row["Amount"]) for row in rows] == [
        ("EUR", "1", "4.00"),
        ("USD", "8", "10.00"),
        ("", "3", ""),
    ]
    assert totals[1:] == [["Amount", "EUR", Decimal(1), Decimal(4)], ["Amount", "USD", Decimal(1), Decimal(10)]]


def test_what_somebody_typed_into_another_system_is_never_run():
    desk_people.company()
    ExceptionCase.objects.update(customer_name='=HYPERLINK("http://evil.example","Cancity")')
    row = records(taken("Auditor", "/queue/export.csv?view=cases").content)[0]
    cell = Book(taken("Auditor", "/queue/export.xlsx?view=cases").content).records()[0]
    assert row["Customer"] == cell["Customer"] == '\'=HYPERLINK("http://evil.example","Cancity")'


@pytest.mark.parametrize("query", ["", "?view=cases"])
def test_a_view_of_too_many_rows_makes_no_file_and_says_how_to_narrow_it(query, monkeypatch):
    # given more than a file takes
    many_cases(6)
    ExceptionCase.objects.update(currency="USD")
    spread = ExceptionCase.objects.exclude(amount=None).order_by("pk")
    for number, case in enumerate(spread):
        ExceptionCase.objects.filter(pk=case.pk).update(currency=("USD", "EUR", "JPY", "GBP")[number])
    monkeypatch.setattr(queue_rows, "MOST", 4)
    # when it is asked for
    answer = taken("Auditor", f"/queue/export.xlsx{query}", status=422)
    # then no file comes, and nothing says that one was taken
    text = unescape(answer.content.decode())
    assert "Content-Disposition" not in answer and "Nothing was cut off and no file was made" in text
    assert "Narrow the queue by team, entity, reason or age first" in text and f'href="/queue/{query or "?"}"' in text
    assert not JournalEntry.objects.filter(action="exported").exists()


def test_a_view_of_just_as_many_rows_as_a_file_takes_is_whole(monkeypatch):
    many_cases(6)
    monkeypatch.setattr(queue_rows, "MOST", 6)
    assert len(records(taken("Auditor", "/queue/export.csv?view=cases").content)) == 6


def test_each_export_is_in_the_journal_with_who_what_and_the_hash_of_the_file():
    # when somebody takes a narrowed view
    desk_people.company()
    answer = taken("Finance preparer", "/queue/export.csv?view=cases&due=today&q=cancity")
    # then the journal has the file as it went out
    entry = JournalEntry.objects.get(action="exported")
    assert entry.user and entry.user.username == "finance_preparer"
    assert entry.details["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert entry.details["rows"] == len(records(answer.content))
    assert entry.details["filter"] == "Due: due today, Search: cancity"
    assert entry.object_key in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store" and answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_cannot_be_noted_down_does_not_go_out(monkeypatch):
    desk_people.company()

    def broken(facts: object) -> None:
        raise OSError("no journal")

    monkeypatch.setattr("reconciliation.habits.outgoing.journal.note", broken)
    client = desk_people.signed_in("Auditor")
    client.raise_request_exception = False
    assert client.get("/queue/export.csv").status_code == 500


def test_an_empty_view_is_a_file_with_its_columns_and_is_not_offered():
    story.begin()
    assert records(taken("Auditor", "/queue/export.csv?view=cases").content) == []
    assert "queue/export" not in desk_people.signed_in("Auditor").get("/queue/").content.decode()


@pytest.mark.parametrize("path", ["/queue/export.csv", "/queue/export.xlsx?view=cases"])
def test_who_may_not_see_a_view_does_not_get_its_file(path):
    desk_people.company()
    assert Client().get(path).status_code == 302
    bare = desk_people.person("Executive")
    bare.groups.clear()
    client = Client()
    client.force_login(bare)
    assert client.get(path).status_code == 403
    assert not JournalEntry.objects.filter(action="exported").exists()


def test_looking_whether_a_file_is_there_takes_none():
    desk_people.company()
    assert desk_people.signed_in("Auditor").head("/queue/export.csv").status_code == 405


def test_the_links_say_what_is_exported_and_keep_the_filters():
    desk_people.company()
    text = text_of(desk_people.signed_in("Auditor"), "/queue/?view=cases&q=cancity")
    assert 'href="/queue/export.csv?q=cancity&amp;view=cases"' in text
    assert 'aria-label="Export these open cases"' in text
    assert 'Export XLSX<span class="q-hidden"> of these open cases</span>' in text and "up to 5,000 rows" in text
