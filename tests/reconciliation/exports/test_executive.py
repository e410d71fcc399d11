"""The executive page as a file and as a paper: the page's own figures, noted when somebody takes them."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reconciliation.figures_spans import span_of
from reconciliation.habits.printing import executive_page
from reconciliation.models import ExceptionCase, Profile
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.exports import papers
from tests.reconciliation.exports.spreadsheets import records
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 12, 15, 0, tzinfo=UTC)


@pytest.fixture
def reader() -> Client:
    """Two problems with open cases: one of USD 4,821.00, one of JPY 500."""
    with clock.use(lambda: NOW):
        desk_people.company()
    country = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    ExceptionCase.objects.filter(pk=country.pk).update(amount=-500, currency="JPY")
    ExceptionCase.objects.update(opened_at=NOW)
    return desk_people.signed_in("Executive")


def rows_of(reader: Client) -> list[dict[str, str]]:
    with clock.use(lambda: NOW.replace(hour=16)):
        answer = reader.get("/dashboards/executive/export.csv?span=24h")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    return records(answer.content)


def test_each_figure_is_a_row_with_its_currency_and_its_list(reader: Client) -> None:
    rows = rows_of(reader)
    parts = {row["Part"] for row in rows}
    assert {"Money held", "Ageing", "Close readiness", "Invoice accuracy", "Top causes"} <= parts
    held = {(row["What"], row["Currency"]): row["Amount"] for row in rows if row["Part"] == "Money held"}
    assert held[("Of it in the cases", "USD")] == "4821.00" and held[("Of it in the cases", "JPY")] == "500"
    (all_open,) = [row for row in rows if row["What"] == "All open" and row["Number"]]
    assert all_open["Number"] == "2" and all_open["Link"].endswith("/queue/?view=cases")
    causes = [row for row in rows if row["Part"] == "Top causes" and row["Number"]]
    assert len(causes) == 2 and all("/p/PRB-" in row["Link"] for row in causes)
    # never a currency of two figures in one cell
    assert all(row["Amount"] == "" or (row["Currency"] and Decimal(row["Amount"]) >= 0) for row in rows)


def test_a_paper_says_what_the_page_says_and_the_same_each_time(reader: Client) -> None:
    with clock.use(lambda: NOW.replace(hour=16)):
        span = span_of("24h")
        once, again = executive_page.draw(span, by="Ada"), executive_page.draw(span, by="Ada")
    assert once == again
    text = papers.words(once)
    for words in (
        "Where the money stands", "As of 12 May 2026 16:00 UTC", "USD 4,821.00", "JPY 500", "Ageing", "Top causes",
        "Taken by Ada", "Close readiness",
    ):  # fmt: skip
        assert words in text, words


def test_who_took_a_paper_stands_in_the_journal_with_its_hash(reader: Client) -> None:
    answer = reader.get("/dashboards/executive.pdf?span=30d")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"].startswith('attachment; filename="executive-30d-')
    entry = JournalEntry.objects.get(action="executive page printed")
    assert entry.details["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert "last 30 days" in entry.text and entry.user is not None


def test_what_is_printed_is_in_english_whoever_prints_it(reader: Client) -> None:
    user = User.objects.get(username="executive")
    Profile.objects.update_or_create(user=user, defaults={"language": "de"})
    # a session keeps the language it began in
    reader.force_login(user)
    page = reader.get("/dashboards/executive").content.decode()
    assert "Als PDF drucken" in page
    text = papers.words(reader.get("/dashboards/executive.pdf").content)
    assert "Money held" in text and "Gehaltenes" not in text and "USD 4,821.00" in text


def test_with_nothing_to_say_it_says_so() -> None:
    text = papers.words(desk_people.signed_in("Executive").get("/dashboards/executive.pdf").content)
    assert "Nothing is held" in text and "No open cases, so nothing causes any." in text


def test_who_may_not_see_cases_takes_none() -> None:
    for path in ("/dashboards/executive.pdf", "/dashboards/executive/export.csv"):
        assert desk_people.signed_in("User admin").get(path).status_code == 403
    assert not JournalEntry.objects.filter(action__in=("exported", "executive page printed")).exists()
