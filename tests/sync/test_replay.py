"""Reading again changes nothing that is there, at no remote; what never got through gets through."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from connectors.errors import Rejected
from connectors.interface import SourceEvent as Arrived
from reconciliation.models import ExceptionCase
from sync import inbox, reading, replay, sweeper, work
from sync.models import ContractRecord, CustomerRecord, Delivery, JournalEntry, SourceEvent, WorkItem
from sync.states import Condition
from tests.small_company import Company, allocation, customer, deal, deal_id, invoice, payment, person

#: tables that may differ: who was last seen alive, who asked for the replay
UNLIKE = ("JournalEntry", "JournalWaiting", "JournalSeal", "Heartbeat", "ScheduleClaim", "Historical")


def call(company: Company, object_id: str, *, source: str = "crm") -> str:
    """An event about an object is called in; its tracking id."""
    row = company.crm if source == "crm" else company.billing
    arrived = Arrived(event_id=f"evt-{object_id}", kind="object", object_id=object_id, raw=object_id.encode())
    return inbox.take_in(row, [arrived], via="callback")[0].tracking_id


def until_it_rests(company: Company) -> None:
    while reading.read_due() or work.work_due() or company.carries() or sweeper.send_feedback():
        pass


@pytest.fixture
def story(company: Company, paper: Any, machine) -> Callable[[], dict[str, Any]]:
    """Five deals from customer to applied payment, one that is blocked, one too early; a picture of all there is."""
    for number in range(1, 6):
        paper("crm").says |= {f"account {number}": [customer(number)], f"deal {number}": [deal(number, of=number)]}
        paper("billing").says[f"invoice {number}"] = [invoice(number, of_deal=number)]
        paper("billing").says[f"payment {number}"] = [payment(number, of_invoice=number)]
        paper("billing").says[f"allocation {number}"] = [allocation(number, of_invoice=number)]
    paper("crm").says["deal 6"] = [deal(6, of=1, product="GTXPro")]
    paper("crm").says["deal 7"] = [deal(7, of=1, version=3, modification_number=3)]
    for object_id in paper("crm").says:
        call(company, object_id)
    until_it_rests(company)
    for object_id in paper("billing").says:
        call(company, object_id, source="billing")
    until_it_rests(company)
    machine.passes(30)
    until_it_rests(company)

    def picture() -> dict[str, Any]:
        tables: dict[str, Any] = {}
        for label in ("sync", "reconciliation"):
            for model in apps.get_app_config(label).get_models():
                if model.__name__.startswith(UNLIKE):
                    continue
                rows = [
                    {name: value for name, value in row.items() if name not in ("fence", "due_at")}
                    if model is SourceEvent
                    else row
                    for row in model._default_manager.order_by("pk").values()
                ]
                tables[model.__name__] = [
                    {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
                    for row in rows
                ]
        return tables

    return picture


def test_replaying_everything_changes_nothing_at_any_remote_and_leaves_the_same_state(
    company: Company, paper: Any, machine, story: Callable[[], dict[str, Any]]
) -> None:
    # given a story that came to rest
    before = story()
    writes = {code: len(paper(code).parcels) for code in ("crm", "billing", "erp")}
    assert ContractRecord.objects.count() == 5 and writes["erp"] >= 20
    # when everything is read again, twice
    for _ in range(2):
        touched = replay.run(
            replay.Choice(since=SourceEvent.objects.earliest("received_at").received_at, words="everything"),
            user=person("operator"),
        )
        assert touched.events == SourceEvent.objects.count()
        machine.passes(30)
        until_it_rests(company)
    # then no remote was written to, and nothing here differs
    assert {code: len(paper(code).parcels) for code in writes} == writes
    after = story()
    for name, rows in before.items():
        assert after[name] == rows, name
    assert not SourceEvent.objects.exclude(condition=Condition.SETTLED).exists()


def test_a_dry_run_says_what_would_be_touched_and_changes_nothing(
    company: Company, story: Callable[[], dict[str, Any]]
) -> None:
    before, out = story(), StringIO()
    call_command("replay", "--since", "2026-05-14T00:00", stdout=out)
    assert "27 events read again (Paper BILLING 15, Paper CRM 12)" in out.getvalue()
    assert "30 deliveries of these: 30 already posted, will be skipped" in out.getvalue()
    assert "Nothing was changed" in out.getvalue()
    assert story() == before


def test_the_counts_are_those_of_the_tables(company: Company, story: Callable[[], dict[str, Any]]) -> None:
    touched = replay.plan(replay.Choice(since=SourceEvent.objects.earliest("received_at").received_at))
    owed = Delivery.objects.filter(work_item__isnull=False)
    assert (touched.events, touched.under_way) == (SourceEvent.objects.count(), 0)
    assert touched.work_items == WorkItem.objects.count() == 27
    assert touched.deliveries == owed.count()
    assert touched.posted == owed.filter(posted_at__isnull=False).count() > 0
    assert touched.held + touched.unfinished == touched.deliveries


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--object", f"contract:{deal_id(2)}"), {"deal 2"}),
        (("--correlation", f"deal:{deal_id(3)}"), {"deal 3", "invoice 3", "payment 3", "allocation 3"}),
        (("--since", "2027-01-01"), set()),
        (("--until", "2020-01-01T00:00"), set()),
    ],
    ids=["object", "story", "later", "earlier"],
)
def test_what_is_chosen_is_read_again_and_nothing_else(
    company: Company, story: Callable[[], dict[str, Any]], words: tuple[str, ...], wanted: set[str]
) -> None:
    person("operator")
    call_command("replay", *words, "--run", "--by", "operator", stdout=StringIO())
    due = SourceEvent.objects.filter(condition=Condition.DUE)
    assert set(due.values_list("object_id", flat=True)) == wanted


def test_one_event_is_chosen_by_its_tracking_id(company: Company, story: Callable[[], dict[str, Any]]) -> None:
    row = SourceEvent.objects.get(object_id="invoice 4")
    touched = replay.plan(replay.Choice(tracking_ids=[str(row.tracking_id)]))
    assert (touched.events, touched.work_items, touched.deliveries, touched.posted) == (1, 1, 1, 1)


def test_a_problem_chooses_the_events_its_open_cases_stand_on(company: Company, paper: Any) -> None:
    # given three messages nobody could read, and one that could
    for number in range(1, 4):
        paper("crm").says[str(number)] = Rejected("no", reason="SCHEMA_CHANGE", field="Close date", value="x")
        call(company, str(number))
    paper("crm").says["4"] = [customer(4)]
    call(company, "4")
    reading.read_due()
    problem = ExceptionCase.objects.first().problem
    # when our side is mended and the problem's events are read again
    for number in range(1, 4):
        paper("crm").says[str(number)] = [customer(number)]
    person("operator")
    out = StringIO()
    call_command("replay", "--problem", problem.number, "--run", "--by", "operator", "--here", stdout=out)
    # then they are through and their cases are closed
    assert "3 events read again (Paper CRM 3); 3 of them had stopped." in out.getvalue()
    assert CustomerRecord.objects.count() == 4
    assert set(ExceptionCase.objects.values_list("status", flat=True)) == {"closed"}


def test_a_replay_is_in_the_journal_with_who_what_and_how_many(company: Company, paper: Any) -> None:
    paper("crm").says["1"] = [customer(1)]
    call(company, "1")
    reading.read_due()
    operator = person("operator")
    call_command("replay", "--since", "2026-05-14", "--run", "--by", "operator", stdout=StringIO())
    entry = JournalEntry.objects.get(action="replayed")
    assert entry.user == operator and "1 event read again" in entry.text and "since 2026-05-14" in entry.text
    assert entry.details["events"] == 1


def test_what_the_source_did_not_have_then_gets_through_by_a_replay(company: Company, paper: Any) -> None:
    tracking = call(company, "1")
    reading.read_due()
    assert SourceEvent.objects.get().outcome == "The source no longer has it"
    paper("crm").says["1"] = [customer(1)]
    person("operator")
    call_command("replay", "--event", tracking, "--run", "--by", "operator", "--here", stdout=StringIO())
    assert CustomerRecord.objects.count() == 1
    assert SourceEvent.objects.get().outcome.endswith("is carried")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Say which events"),
        (("--since", "2026-01-01", "--run"), "--by"),
        (("--since", "2026-01-01", "--run", "--by", "nobody"), "--by"),
        (("--since", "yesterday"), "moment"),
        (("--event", "17"), "tracking id"),
        (("--problem", "PRB-99999"), "no problem"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_changed(company: Company, words: tuple[str, ...], why: str) -> None:
    event = company.event(condition="settled")
    with pytest.raises(CommandError, match=why):
        call_command("replay", *words, stdout=StringIO())
    event.refresh_from_db()
    assert event.condition == Condition.SETTLED


def test_an_event_that_stopped_is_read_alone(company: Company) -> None:
    bad, good = company.event(condition="blocked"), company.event(condition="settled")
    replay.run(replay.Choice(events=[bad.pk, good.pk]), user=person("operator"))
    assert dict(SourceEvent.objects.values_list("pk", "crashes")) == {bad.pk: 1, good.pk: 0}
