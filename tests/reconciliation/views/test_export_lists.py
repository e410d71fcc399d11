"""Exports of the lists beside the queue: breaks of a control, approvals, the board, the journal."""

from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client

from reconciliation import reconciling_items
from reconciliation.controls import runner
from reconciliation.figures_audit import Filters
from reconciliation.habits.exports import approvals as approval_rows
from reconciliation.habits.exports import board as board_rows
from reconciliation.habits.exports import breaks as break_rows
from reconciliation.habits.exports import journal as journal_rows
from reconciliation.models import ApprovalRequest, Break, ControlRun
from sync import journal, sealing
from sync.catalogue import reason
from sync.models import JournalEntry
from tests.browser.pages import ask_for_the_mapping
from tests.reconciliation.exports.spreadsheets import Book, records
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told
from tests.reconciliation.views.markup import text_of
from tests.reconciliation.views.story import DAY, Sides

pytestmark = pytest.mark.django_db
RUN = f"/controls/invoices/US01/{DAY}"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    """The ledger holds another amount than billing."""
    story = told.whole()
    sides: Sides = told.sides_of(story, posted="4281.00")
    monkeypatch.setattr(runner.staging, "read_side", sides.read_side)
    runner.run("invoices", entity=story.entity, business_date=DAY)
    return Break.objects.get()


def _as(role: str) -> Client:
    return desk_people.signed_in(role)


# -- breaks -------------------------------------------------------------------------------------------
def test_breaks_are_a_file_with_both_sides_the_case_and_what_people_say_it_is(broken: Break) -> None:
    # given a break that somebody calls timing
    until = DAY + timedelta(days=9)
    item = reconciling_items.propose(
        broken.pk, kind="timing", expected_on=until, user=desk_people.person("Finance preparer"), because="Tomorrow"
    )
    # when it is taken from its page
    assert f'href="{RUN}/breaks.csv"' in text_of(_as("Auditor"), RUN)
    row = records(_as("Auditor").get(f"{RUN}/breaks.csv").content)[0]
    book = Book(_as("Auditor").get(f"{RUN}/breaks.xlsx").content)
    # then both sides stand there as they are, and what lies between
    sums = {name: row[name] for name in row if name.endswith(("gross", "Difference"))}
    assert sums == {"Stripe gross": "4821.00", "NetSuite gross": "4281.00", "Difference": "540.00"}
    assert row["What"] == reason("AMOUNT_MISMATCH").title
    assert (row["Reconciling item"], row["Kind of item"]) == (item.number, "Timing: it clears by itself")
    assert row["Item may be open until"] == until.isoformat() and row["Dated"] == DAY.isoformat()
    assert row["Case"].startswith("EXC-") and row["Link to the case"].endswith(f"/x/{row['Case']}")
    assert row["Of this or another date"] == "this date"
    # and the totals of each column are per currency
    assert ["Difference", "USD", Decimal(1), Decimal(540)] in book.rows("Totals")
    # and where it is open on another date it says so
    other = records(_as("Auditor").get(f"/controls/invoices/US01/{DAY - timedelta(days=1)}/breaks.csv").content)
    assert [(one["Document"], one["Of this or another date"]) for one in other] == [(broken.label, "another date")]


def test_too_many_breaks_make_no_file(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(break_rows, "MOST", 0)
    answer = _as("Auditor").get(f"{RUN}/breaks.csv")
    assert answer.status_code == 422 and "more than" in answer.content.decode()


@pytest.mark.parametrize("path", ["/controls/nothing/US01/2026-11-18", "/controls/invoices/XX/2026-11-18"])
def test_what_does_not_exist_is_not_exported(broken: Break, path: str) -> None:
    assert _as("Auditor").get(f"{path}/breaks.csv").status_code == 404


# -- approvals ----------------------------------------------------------------------------------------
def test_approvals_stand_as_on_the_page_for_the_one_who_looks() -> None:
    # given a request over two currencies, and one that was decided
    desk_people.company()
    asked = ask_for_the_mapping()
    ApprovalRequest.objects.filter(pk=asked.pk).update(totals={"USD": "4821.00", "EUR": "10.00"})
    ended = ApprovalRequest.objects.get(pk=asked.pk)
    ended.pk, ended.status, ended.decided_by = None, "refused", desk_people.person("Finance approver")
    ended.decided_at, ended.change_sha256, ended.decided_because = asked.asked_at, "0" * 64, "@no"
    ended.save()
    # when who may decide takes the list, and the one who asked
    mine = records(_as("Finance approver").get("/approvals/export.csv").content)
    asker = records(_as("Billing operations").get("/approvals/export.csv").content)
    # then each reads whom it waits for, a line for each currency, cases counted once
    lines = [(row["List"], row["Number"], row["Cases"], row["Currency"], row["Amount"]) for row in mine[:2]]
    assert lines == [
        ("Waiting for you", asked.number, "1", "EUR", "10.00"),
        ("Waiting for you", asked.number, "", "USD", "4821.00"),
    ]
    assert (mine[2]["List"], mine[2]["Decision"], mine[2]["Reason of the decision"]) == ("Decided", "Refused", "'@no")
    assert asker[0]["List"] == "Waiting for others" and asker[0]["Why not you"].startswith("You asked for this")
    assert "approvals/export.xlsx" in text_of(_as("Auditor"), "/approvals/")


def test_reconciling_items_that_wait_for_a_person_are_on_the_persons_list(broken: Break) -> None:
    user = desk_people.person("Finance preparer")
    reconciling_items.propose(broken.pk, kind="rounding", expected_on=None, user=user, because="A cent")
    row = records(_as("Finance approver").get("/approvals/export.csv").content)[0]
    assert (row["List"], row["Kind"], row["Amount"], row["Company"]) == (
        "Waiting for you", "Reconciling item", "540.00", "US01",
    )  # fmt: skip
    assert records(_as("Auditor").get("/approvals/export.csv").content) == []


def test_too_many_approvals_make_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    desk_people.company()
    ask_for_the_mapping()
    monkeypatch.setattr(approval_rows, "MOST", 0)
    assert _as("Auditor").get("/approvals/export.csv").status_code == 422


# -- the board ----------------------------------------------------------------------------------------
def test_the_board_is_a_file_with_every_date_and_the_sums_of_each_run(broken: Break) -> None:
    ControlRun.objects.create(
        control="receipts", entity=broken.entity, business_date=DAY, trouble="stripe_billing cannot be reached",
        started_at=told.START, finished_at=told.START,
    )  # fmt: skip
    assert 'href="/controls/export.csv?entity=US01"' in text_of(_as("Auditor"), "/controls/?entity=US01")
    rows = records(_as("Auditor").get("/controls/export.csv?entity=US01").content)
    by_control = {(row["Control"], row["Date"]): row for row in rows}
    assert len({row["Date"] for row in rows}) == 14
    # a run has its sums, in its own currency
    run = by_control["Issued invoices are posted", DAY.isoformat()]
    assert (run["Currency"], run["Left"], run["Right"], run["Difference"]) == ("USD", "5371.00", "4281.00", "1090.00")
    assert run["How it stands"] == "Breaks with open cases" and run["Link"].endswith(RUN)
    # what did not run has no sum, never zero, and says why
    silent = next(row for row in rows if row["Why"].startswith("Stripe could not be read."))
    assert (silent["How it stands"], silent["Left"], silent["Currency"]) == ("Not run", "", "")


def test_an_older_board_is_exported_as_asked(broken: Break) -> None:
    until = DAY - timedelta(days=14)
    rows = records(_as("Executive").get(f"/controls/export.csv?to={until}").content)
    assert {row["Date"] for row in rows} == {str(until - timedelta(days=n)) for n in range(14)}
    entry = JournalEntry.objects.get(action="exported")
    assert entry.details["filter"] == f"{until - timedelta(days=13)} to {until}"


def test_a_board_of_too_many_lines_says_to_choose_a_company(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_rows, "MOST", 5)
    answer = _as("Auditor").get("/controls/export.xlsx")
    assert answer.status_code == 422 and "Choose one company" in unescape(answer.content.decode())


def test_a_board_without_a_company_is_an_empty_file() -> None:
    assert records(_as("Auditor").get("/controls/export.csv").content) == []


# -- the journal --------------------------------------------------------------------------------------
def _note(text: str, action: str = "looked") -> None:
    journal.note([journal.Fact(action=action, object_kind="page", object_key="1", text=text, correlation_id="deal:1")])


def test_the_journal_is_exported_as_it_is_narrowed_with_its_seals() -> None:
    # given two sealed entries, one of the action asked for
    _note("=1+1")
    _note("Something else.", action="moved")
    sealing.seal_due()
    page = text_of(_as("Auditor"), "/audit/?action=looked")
    assert 'href="/audit/export.csv?action=looked"' in page
    # when it is taken
    rows = records(_as("Auditor").get("/audit/export.csv?action=looked").content)
    # then it is that entry with its place in the chain, and it is harmless
    assert [(row["What"], row["Action"], row["Number in the chain"]) for row in rows] == [("'=1+1", "looked", "1")]
    assert len(rows[0]["Seal (SHA-256)"]) == 64 and rows[0]["Link to the trail"].endswith("/t/deal:1")
    assert JournalEntry.objects.get(action="exported").details["filter"] == "Action: looked"


def test_a_journal_of_too_many_entries_says_how_to_narrow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _note("One.")
    _note("Two.")
    monkeypatch.setattr(journal_rows, "MOST", 1)
    answer = _as("Auditor").get("/audit/export.csv")
    assert answer.status_code == 422 and "Narrow the journal by day" in unescape(answer.content.decode())
    assert not Filters({}).words()


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("Executive", "/audit/export.csv"),
        ("User admin", "/controls/export.csv"),
        ("User admin", "/approvals/export.csv"),
    ],
)
def test_who_may_not_see_a_list_does_not_get_its_file(role: str, path: str) -> None:
    page = path.rsplit("/", 1)[0] + "/"
    assert _as(role).get(page).status_code == _as(role).get(path).status_code == 403
