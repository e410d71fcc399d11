"""The controls board and the page of a run."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from connectors.errors import Unavailable
from reconciliation import figures_control_run, figures_controls
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import ControlRun, ExceptionCase
from sync.models import JournalEntry
from tests.reconciliation.views import story as told
from tests.reconciliation.views.story import DAY, Sides

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def looked_at(control: str, story: told.Story, run: ControlRun) -> figures_control_run.Shown:
    """The page of a run as an auditor sees it."""
    user = told.person("auditor", "Auditor")
    return figures_control_run.look(CONTROLS[control], entity=story.entity, day=DAY, run=run, user=user)


@pytest.fixture
def story() -> told.Story:
    return told.whole()


@pytest.fixture
def sides(story: told.Story, monkeypatch: pytest.MonkeyPatch) -> Sides:
    found = told.sides_of(story)
    monkeypatch.setattr(runner.staging, "read_side", found.read_side)
    return found


def _as(client: Client, role: str) -> Client:
    client.force_login(told.person(role.lower().replace(" ", ""), role))
    return client


def _path(control: str = "invoices", day: date = DAY) -> str:
    return f"/controls/{control}/US01/{day.isoformat()}"


def test_both_legs_stand_in_plain_figures(story: told.Story, sides: Sides, client: Client) -> None:
    # given four deals sold, two billed, the others explained by a case or waiting for one
    runner.run("committed_vs_contracted", entity=story.entity, business_date=DAY)
    runner.run("invoices", entity=story.entity, business_date=DAY)
    # when the board is opened
    legs = figures_controls.both_legs().legs
    text = _as(client, "Executive").get("/controls/").content.decode()
    # then sold = billed + explained, and billed = posted + in flight
    assert [leg.title for leg in legs] == ["Sold to billed", "Billed to posted"]
    sold, billed = legs[0].figures[0].total, legs[1].figures[0].total
    assert (sold.left, sold.right, sold.explained, sold.unexplained) == (
        "USD 10,247.00",
        "USD 5,371.00",
        "USD 4,876.00",
        "USD 0.00",
    )
    assert (billed.left, billed.right, billed.in_flight, billed.unexplained) == (
        "USD 5,371.00",
        "USD 4,821.00",
        "USD 550.00",
        "USD 0.00",
    )
    assert "USD 10,247.00" in text and "Nothing unexplained" in text
    assert [month.period for month in legs[0].figures[0].months] == ["Nov 2026"]


def test_before_any_run_the_board_says_not_run_and_shows_no_zero(story: told.Story, client: Client) -> None:
    text = _as(client, "Auditor").get("/controls/").content.decode()
    assert "No control of the two legs has read both sides yet" in text
    assert "USD 0.00" not in text
    assert "The control was never asked for this date" in text


def test_the_board_opens_without_any_company(client: Client) -> None:
    assert "No company is set up yet" in _as(client, "Auditor").get("/controls/").content.decode()


def test_each_cell_says_its_state_and_leads_to_its_run(story: told.Story, sides: Sides) -> None:
    # given a date that ties with items and one on which a side could not be read
    runner.run("committed_vs_contracted", entity=story.entity, business_date=DAY)
    ControlRun.objects.create(
        control="receipts",
        entity=story.entity,
        business_date=DAY,
        trouble="stripe_billing cannot be reached: refused",
        started_at=told.START,
        finished_at=told.START,
    )
    # when the board is made
    board = figures_controls.matrix(story.entity)
    cells = dict(zip([control.name for control in board.controls], board.lines[0][1], strict=True))
    # then both say so in words
    assert board.lines[0][0] == DAY and len(board.lines) == figures_controls.DATES
    assert cells["committed_vs_contracted"].word == "Tied, with explained items"
    assert cells["committed_vs_contracted"].link == _path("committed_vs_contracted")
    assert (cells["receipts"].word, cells["receipts"].brief) == ("Not run", "Stripe could not be read.")


def test_older_dates_are_a_page_away(story: told.Story, client: Client) -> None:
    until = (DAY - timedelta(days=14)).isoformat()
    text = _as(client, "Auditor").get("/controls/", {"to": until, "entity": "US01"}).content.decode()
    assert "Newer dates" in text and "04 Nov 2026" in text
    assert _as(client, "Auditor").get("/controls/", {"to": "no date"}).status_code == 200


def test_a_run_shows_both_sides_and_what_explains_the_difference(
    story: told.Story, sides: Sides, client: Client
) -> None:
    run = runner.run("committed_vs_contracted", entity=story.entity, business_date=DAY)
    shown = looked_at("committed_vs_contracted", story, run)
    # one item has its own case, the other waits for the customer's
    items = {item.reference: item for item in shown.items}
    own, waits = items[f"contract:{told.BLOCKED}"], items[f"contract:{told.WAITING}"]
    assert own.case == ExceptionCase.objects.get(reason="PRODUCT_UNMAPPED")
    assert waits.case == ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    assert {item.standing for item in shown.items} == {"explained"}
    text = _as(client, "Auditor").get(_path("committed_vs_contracted")).content.decode()
    assert own.case.number in text and f"documents of {DAY}" in text
    # and what is asked is said in words
    assert "Population. Dates compared: Signature date in the CRM" in text
    assert "Cut-off: the end of the business day, in the company&#x27;s zone" in text
    left = shown.readings["left"]
    assert left is not None and left.complete and left.stage.sha256 in text


def test_a_break_stands_side_by_side_with_what_differs_marked(story: told.Story, sides: Sides, client: Client) -> None:
    # given the ledger holds another amount
    sides.invoices(posted="4281.00")
    run = runner.run("invoices", entity=story.entity, business_date=DAY)
    # when the run is looked at
    shown = figures_control_run.look(
        CONTROLS["invoices"], entity=story.entity, day=DAY, run=run, user=told.person("auditor", "Auditor")
    )
    # then exactly the amounts are marked, and the case is named
    assert {value.label for value in shown.breaks[0].values if value.differs} == {"Net", "Gross"}
    assert shown.breaks[0].gap == "USD 540.00"
    assert shown.breaks[0].case == ExceptionCase.objects.get(reason="AMOUNT_MISMATCH")
    text = _as(client, "Auditor").get(_path()).content.decode()
    assert "Breaks with open cases" in text and "differs" in text and "AMOUNT_MISMATCH" not in text


def test_running_again_makes_a_new_version_and_is_written_down(story: told.Story, sides: Sides, client: Client) -> None:
    runner.run("invoices", entity=story.entity, business_date=DAY)
    answer = _as(client, "Finance preparer").post(_path() + "/again")
    assert (answer.status_code, answer.get("Location")) == (302, _path())
    assert list(
        ControlRun.objects.filter(control="invoices").order_by("version").values_list("version", flat=True)
    ) == [1, 2]
    assert JournalEntry.objects.filter(action="control run by hand", user__username="financepreparer").exists()
    # and the older one can still be read
    assert "This is an older version" in client.get(_path(), {"v": "1"}).content.decode()
    assert client.get(_path(), {"v": "7"}).status_code == 404


def test_a_side_that_cannot_be_read_leaves_a_run_that_says_so(
    story: told.Story, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise Unavailable("stripe_billing cannot be reached: refused", system="stripe_billing")

    monkeypatch.setattr(runner.staging, "read_side", silent)
    _as(client, "Finance preparer").post(_path() + "/again")
    text = client.get(_path()).content.decode()
    assert "Not run" in text and "Stripe could not be read." in text
    assert "USD 0.00" not in text


def test_who_only_looks_cannot_run_a_control(
    story: told.Story, sides: Sides, client: Client, admin_client: Client
) -> None:
    assert _as(client, "Auditor").post(_path() + "/again").status_code == 403
    assert admin_client.post(_path() + "/again").status_code == 403
    assert client.get(_path() + "/again").status_code == 405
    assert not ControlRun.objects.exists()


def test_a_date_the_company_has_not_reached_is_not_run(story: told.Story, sides: Sides, client: Client) -> None:
    _as(client, "Finance preparer").post(_path(day=DAY + timedelta(days=3)) + "/again")
    assert not ControlRun.objects.exists()


@pytest.mark.parametrize(
    "path",
    ["/controls/nothing/US01/2026-11-18", "/controls/invoices/XX/2026-11-18", "/controls/invoices/US01/2026-13-01"],
)
def test_what_does_not_exist_is_not_found(story: told.Story, client: Client, path: str) -> None:
    assert _as(client, "Auditor").get(path).status_code == 404


def test_an_older_reading_is_no_answer_to_a_run_that_failed(
    story: told.Story, sides: Sides, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that ended well, and a later one to which nobody answered
    runner.run("invoices", entity=story.entity, business_date=DAY)
    monkeypatch.setattr(
        runner.staging, "read_side", lambda *_, **__: (_ for _ in ()).throw(Unavailable("down", system="netsuite"))
    )
    runner.run("invoices", entity=story.entity, business_date=DAY)
    # when the later one is opened
    text = _as(client, "Auditor").get(_path()).content.decode()
    # then it shows no figures of the earlier one, which stay on their own page
    assert "This run did not get an answer from this side" in text and "USD 5,371.00" not in text
    assert "USD 5,371.00" in client.get(_path(), {"v": "1"}).content.decode()
