"""Who is told of what: each event from a real cause, to the right people, and to nobody else."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from reconciliation import approvals
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.habits import snoozes
from reconciliation.habits.notices import cases, decisions, digest, systems
from reconciliation.habits.notices.event import News
from reconciliation.models import Absence, ApprovalRequest, ControlRun, ExceptionCase, Notice, Profile
from sync import clock, connections
from sync.models import AccountingPeriod, Connection, LegalEntity
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with clock.use(lambda: NOW):
        yield


@pytest.fixture
def company() -> told.Story:
    made = desk_people.company()
    ExceptionCase.objects.update(due_at=NOW + timedelta(days=3))
    return made


def colleague(role: str, name: str) -> User:
    person = desk_people.person(role, name)
    person.email = f"{name}@example.com"
    person.save()
    return person


def names(news: Iterator[News]) -> list[str]:
    return sorted(one.to.username for one in news)


def is_late(case: ExceptionCase, *, assignee: User | None = None) -> None:
    ExceptionCase.objects.filter(pk=case.pk).update(due_at=NOW - timedelta(hours=1), assignee=assignee)


# -- cases --------------------------------------------------------------------------------------------
def test_a_late_case_nobody_holds_is_told_its_team_once_per_problem(company: told.Story) -> None:
    team = desk_people.product_case().get_team_display()
    mine, other = colleague(team, "mine"), colleague("Sales operations", "other")
    desk_people.person(team, "without_address")
    for case in ExceptionCase.objects.filter(reason="PRODUCT_UNMAPPED"):
        is_late(case)
    (one,) = cases.late(NOW)
    assert one.to == mine != other and one.title.startswith("Late: ")


def test_a_late_case_is_told_who_holds_it_or_stands_in_and_a_sleeping_one_nobody(company: told.Story) -> None:
    case = desk_people.product_case()
    holder, instead = colleague("Billing operations", "holder"), colleague("Billing operations", "instead")
    is_late(case, assignee=holder)
    assert names(cases.late(NOW)) == ["holder"]
    Absence.objects.create(
        person=holder, stands_in=instead, first=date(2026, 5, 11), last=date(2026, 5, 15), said_at=NOW
    )
    assert names(cases.late(NOW)) == ["instead"]
    snoozes.snooze(case.pk, until=NOW + timedelta(days=1), because="waits for them", user=holder)
    assert names(cases.late(NOW)) == []


def test_what_became_late_the_day_before_yesterday_is_not_told(company: told.Story) -> None:
    colleague("Billing operations", "mine")
    ExceptionCase.objects.update(due_at=NOW - timedelta(hours=25))
    assert list(cases.late(NOW)) == []


def test_a_case_that_is_back_is_told_who_put_it_off(company: told.Story) -> None:
    person = colleague("Billing operations", "mine")
    case = desk_people.product_case()
    with clock.use(lambda: NOW - timedelta(hours=3)):
        snoozes.snooze(case.pk, until=NOW - timedelta(hours=1), because="waits for them", user=person)
        assert list(cases.back(NOW - timedelta(hours=2))) == []
    (one,) = cases.back(NOW)
    assert one.to == person and "waits for them" in one.text


# -- decisions ----------------------------------------------------------------------------------------
@pytest.fixture
def request_row(company: told.Story) -> ApprovalRequest:
    asker = colleague("Billing operations", "asker")
    fix, target = FIXES["map_product"], Target(problem=desk_people.product_problem())
    inputs = {name: value for name, value in desk_people.INPUTS.items() if name != "fix"}
    sha256 = fix.preview(target, inputs, user=asker).sha256
    return approvals.ask(fix, target, inputs, user=asker, sha256=sha256, because="It is the same product")


def test_a_request_is_told_to_whoever_may_decide_it_and_not_to_its_asker(request_row: ApprovalRequest) -> None:
    colleague("Finance approver", "decides")
    colleague("Auditor", "reads")
    root = colleague("Finance approver", "root")
    root.is_superuser = True
    root.save()
    (one,) = decisions.asked(NOW)
    assert one.to.username == "decides" and "Because: It is the same product" in one.text
    assert one.path == f"/approvals/{request_row.number}"


def test_the_asker_is_told_what_became_of_it(request_row: ApprovalRequest) -> None:
    assert list(decisions.decided(NOW)) == []
    approvals.refuse(request_row.pk, user=colleague("Finance approver", "decides"), because="It is another one")
    (one,) = decisions.decided(NOW)
    assert one.to.username == "asker" and one.text == "It is another one"
    assert one.title.startswith("Refused by Finance approver: ")


def test_a_request_that_ran_out_is_told_its_asker_and_no_decider(request_row: ApprovalRequest) -> None:
    colleague("Finance approver", "decides")
    over = request_row.expires_at + timedelta(minutes=1)
    assert list(decisions.asked(over)) == []
    (one,) = decisions.decided(over)
    assert one.title.startswith("Nobody decided in time: ")


# -- systems ------------------------------------------------------------------------------------------
def test_a_paused_connection_is_told_integration_support(company: told.Story) -> None:
    colleague("Integration support", "plumber")
    colleague("Auditor", "reads")
    row = Connection.objects.filter(role="erp").get()
    health = connections.health_of(row)
    health.paused_at, health.paused_because, health.paused_text = NOW, "PAUSED_BY_HAND", "maintenance"
    health.save()
    (one,) = systems.paused(NOW)
    assert one.to.username == "plumber" and row.label in one.title


def run_of(entity: LegalEntity, status: str) -> ControlRun:
    return ControlRun.objects.create(
        control="invoices", entity=entity, business_date=NOW.date(), status=status, started_at=NOW, finished_at=NOW
    )


@pytest.mark.parametrize(
    ("status", "told_of"), [("not_run", 1), ("unexplained", 1), ("open_exceptions", 0), ("tied", 0)]
)
def test_a_control_that_says_nothing_is_told_its_team(company: told.Story, status: str, told_of: int) -> None:
    colleague("Finance preparer", "keeper")
    run_of(company.entity, status)
    assert names(systems.not_tied(NOW)) == ["keeper"] * told_of


@pytest.mark.parametrize(("days", "told_of"), [(0, 1), (1, 1), (2, 0), (-1, 0)])
def test_a_period_that_ends_over_open_cases_is_told_finance(company: told.Story, days: int, told_of: int) -> None:
    colleague("Finance approver", "closer")
    AccountingPeriod.objects.all().delete()
    today = clock.business_date(company.entity)
    AccountingPeriod.objects.create(
        entity=company.entity,
        connection=company.netsuite,
        module="ar",
        starts_on=today.replace(day=1),
        ends_on=today + timedelta(days=days),
        state="open",
        mirrored_at=NOW,
    )
    ExceptionCase.objects.update(entity=company.entity, effective_on=today - timedelta(days=1))
    assert names(systems.period_ends(NOW)) == ["closer"] * told_of
    ExceptionCase.objects.update(status="closed", closed_at=NOW, resolution="fixed")
    assert names(systems.period_ends(NOW)) == []


# -- the morning --------------------------------------------------------------------------------------
def test_the_digest_says_how_the_desk_stands_at_eight_on_the_readers_clock(company: told.Story) -> None:
    person = colleague("Billing operations", "mine")
    ExceptionCase.objects.filter(team="billing_ops").update(opened_at=NOW - timedelta(hours=2))
    run_of(company.entity, "not_run")
    (one,) = digest.mornings(NOW)
    assert one.to == person and one.title == "Billing operations on 12 May 2026"
    assert "new and 0 closed since yesterday." in one.text
    assert "New cause: Product has no billing plan: GTXPro (PRB-" in one.text
    assert "Not run: Issued invoices are posted, United States" in one.text
    Profile.objects.create(user=person, zone="America/New_York")
    assert list(digest.mornings(NOW)) == []
    assert len(list(digest.mornings(NOW + timedelta(hours=3)))) == 1


def test_no_digest_twice_on_a_weekend_or_with_nothing_to_say(company: told.Story) -> None:
    person = colleague("Billing operations", "mine")
    saturday = datetime(2026, 5, 16, 9, 0, tzinfo=UTC)
    assert list(digest.mornings(saturday)) == []
    Notice.objects.create(
        person=person, event="digest", key="2026-05-12", title="t", path="/", noted_at=NOW, due_at=NOW
    )
    assert list(digest.mornings(NOW)) == []
    Notice.objects.all().delete()
    ExceptionCase.objects.update(status="closed", closed_at=NOW - timedelta(days=9), resolution="fixed")
    ControlRun.objects.all().delete()
    assert list(digest.mornings(NOW)) == []
