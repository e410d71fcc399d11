"""Only the newest version counts, whatever the order; modifications go in order, none is skipped."""

import os
import random
from datetime import timedelta

import pytest
from django.db import transaction

from connectors.canonical import SubscriptionContract
from reconciliation import sentences
from reconciliation.models import ExceptionCase
from sync import connections, gaps, inbox, outbox, reading, sweeper, versions, work
from sync.models import Block, ContractLineRecord, ContractRecord, CustomerRecord, Delivery, SourceEvent, WorkItem
from sync.states import Condition
from tests.small_company import Company, account_id, customer, deal, deal_id
from tests.sync.test_inbox import arrived

#: how often fifty versions are sent at once; the full proof is `Q2C_ROUNDS=200 ... -k rounds`
ROUNDS = int(os.environ.get("Q2C_ROUNDS", "6"))


def hear_together(company: Company, *shapes) -> dict[str, list[str]]:
    """Said in one batch, each by an event of its own; per shape what is noted on its event."""
    heard = [(company.event(condition="settled"), shape) for shape in shapes]
    with transaction.atomic():
        items, notes = work.register(heard)
    work.work(items)
    return [notes[event.pk] for event, _ in heard]


def change(number: int, modification: int, **values) -> SubscriptionContract:
    """One numbered modification of a deal."""
    return deal(
        number,
        version=modification,
        modification_number=modification,
        modification_kind="new" if modification == 1 else "amendment",
        record_revision=modification,
        **values,
    )


# -- objects that are as they are now ---------------------------------------------------------------------
def test_an_older_version_that_comes_late_owes_nothing_and_says_so(company: Company) -> None:
    # given the second version of a customer, carried everywhere
    company.hears(customer(1, version=2, name="New name"))
    company.settles()
    owed = Delivery.objects.count()
    # when the first one arrives late
    (notes,) = hear_together(company, customer(1, version=1, name="Old name"))
    # then nothing is made of it, nothing is owed, and its event says why
    assert notes == [f"customer:{account_id(1)} is older than what we know: no effect"]
    assert not WorkItem.objects.filter(version=1).exists()
    assert Delivery.objects.count() == owed and CustomerRecord.objects.get().name == "New name"


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (3, 1, 2)])
def test_of_several_versions_in_one_batch_only_the_newest_is_carried(company: Company, order: tuple[int, ...]) -> None:
    notes = hear_together(company, *(customer(1, version=number, name=f"Name {number}") for number in order))
    assert CustomerRecord.objects.get().name == "Name 3"
    assert set(Delivery.objects.values_list("version", flat=True)) == {3}
    said = dict(zip(order, notes, strict=True))
    assert said[3] == [f"customer:{account_id(1)} is carried"]
    assert all("no effect" in said[number][0] for number in (1, 2))


def test_a_version_that_goes_back_and_forth_in_one_batch_ends_at_the_newest(company: Company) -> None:
    # given a customer that is renamed, and a batch in which an older version says what we know already
    company.hears(customer(1, version=1, name="A"))
    hear_together(company, customer(1, version=3, name="B"), customer(1, version=2, name="A"))
    # then the rename is not taken for our own echo
    assert (CustomerRecord.objects.get().name, CustomerRecord.objects.get().version) == ("B", 3)


def test_an_item_that_was_overtaken_before_it_was_worked_owes_nothing(company: Company) -> None:
    # given an item of an older version, claimed by a slow worker
    with transaction.atomic():
        slow, _ = work.register([(company.event(), customer(1, version=1, name="Old"))])
        work.claim(slow)
    # when a newer version is heard, worked and delivered meanwhile
    company.hears(customer(1, version=2, name="New"))
    company.settles()
    # then the slow worker's version is over, and owes nothing
    work.work(slow)
    assert CustomerRecord.objects.get().name == "New"
    assert set(Delivery.objects.values_list("version", flat=True)) == {2}
    assert WorkItem.objects.get(version=1).condition == Condition.SUPERSEDED


def test_an_overtaken_item_that_is_made_due_again_owes_nothing_either(company: Company, machine) -> None:
    # given an older version that stopped, and a newer one that is everywhere
    company.hears(customer(1, version=1, country="Philipines"))
    company.hears(customer(1, version=2, name="New"))
    company.settles()
    # when something makes the older one due again
    WorkItem.objects.filter(version=1).update(condition=Condition.DUE, due_at=machine())
    work.work_due()
    # then it is over again, and nothing of it is owed
    assert WorkItem.objects.get(version=1).condition == Condition.SUPERSEDED
    assert set(Delivery.objects.values_list("version", flat=True)) == {2}
    # and the same where nothing is wrong with it
    item = WorkItem.objects.get(version=1)
    item.subject["address"]["country"], item.condition = "United States", Condition.DUE
    item.save()
    work.work_due()
    assert set(Delivery.objects.values_list("version", flat=True)) == {2}


def test_a_worker_that_slept_through_its_lease_acts_on_nothing(company: Company, machine) -> None:
    # given a worker that claimed an item and went to sleep
    with transaction.atomic():
        work.register([(company.event(), customer(1))])
    zombie = work._claim(10)
    machine.passes(61)
    sweeper.sweep()
    # when another one has taken it over
    work.work_due()
    before = WorkItem.objects.values().get()
    # then the sleeper writes nothing
    work.work(zombie)
    assert WorkItem.objects.values().get() == before


def test_a_reader_that_slept_through_its_lease_writes_nothing(company: Company, paper, machine) -> None:
    paper("crm").says["1"] = [customer(1)]
    company.event(object_id="1")
    (zombie,) = reading._claim(10)
    machine.passes(121)
    sweeper.sweep()
    reading.read_due()
    before = SourceEvent.objects.values().get()
    paper("crm").says["1"] = [customer(1, version=7, name="What a sleeper says")]
    reading._read(company.crm, [zombie])
    assert SourceEvent.objects.values().get() == before and CustomerRecord.objects.get().version == 1


def test_fifty_versions_at_once_end_at_the_fiftieth_rounds(committed_company: Company, paper, in_threads) -> None:
    """v1...v50 of one customer from eight threads, shuffled: the record and both targets end at v50."""
    company, chance, stale = committed_company, random.Random(50), 0
    for round_number in range(1, ROUNDS + 1):
        numbers = list(range(1, 51))
        chance.shuffle(numbers)
        for number in numbers:
            key = f"{round_number}-{number}"
            paper("crm").says[key] = [customer(round_number, version=number, name=f"v{number}")]

        def send(some: list[int], round_number: int = round_number) -> None:
            for number in some:
                event = arrived(number)
                key = f"{round_number}-{number}"
                inbox.take_in(
                    company.crm,
                    [type(event)(event_id=key, kind="account", object_id=key, raw=key.encode())],
                    via="callback",
                )
                reading.read_due(limit=3)

        errors = [one for one in in_threads(send, [numbers[start::8] for start in range(8)]) if one is not None]
        assert not errors, errors
        for _ in range(20):
            # what two threads wanted at the same moment is tried again a little later
            if not (reading.read_due() + work.work_due() + company.carries()):
                if not SourceEvent.objects.exclude(condition="settled").exists():
                    break
                SourceEvent.objects.filter(condition="due").update(due_at="2026-01-01T00:00Z")
                WorkItem.objects.filter(condition="due").update(due_at="2026-01-01T00:00Z")
        record = CustomerRecord.objects.get(reference=f"customer:{account_id(round_number)}")
        assert (record.version, record.name) == (50, "v50")
        for target in ("billing", "erp"):
            held = [entry for entry in paper(target).entries if entry.subject.reference == record.reference]
            sent = [one.subject.version for one in paper(target).parcels if one.reference == record.reference]
            assert [(entry.version, entry.subject.name) for entry in held] == [(50, "v50")]
            stale += sum(earlier > later for earlier, later in zip(sent, sent[1:], strict=False))
    assert stale == 0
    assert not ExceptionCase.objects.exists()


# -- modifications ----------------------------------------------------------------------------------------
def test_two_modifications_in_one_batch_are_both_kept_with_their_own_lines(company: Company) -> None:
    # given a customer, when a deal and its amendment are heard in one batch, the later one first
    company.hears(customer(1))
    hear_together(company, change(1, 2, amount="150.00"), change(1, 1, amount="100.00"))
    # then each has its record and its own line, and they are owed in order
    rows = ContractRecord.objects.order_by("version")
    assert [(row.version, row.amount, row.lines.get().amount) for row in rows] == [(1, 100, 100), (2, 150, 150)]
    owed = Delivery.objects.filter(kind="contract").order_by("pk")
    assert [row.version for row in owed] == [1, 2]


def test_an_amendment_keeps_its_own_lines(company: Company) -> None:
    company.hears(customer(1))
    company.hears(change(1, 1, amount="100.00"))
    company.hears(change(1, 2, amount="150.00"))
    line = ContractLineRecord.objects.get(contract__version=2)
    assert (line.amount, ContractLineRecord.objects.count()) == (150, 2)


def test_a_modification_that_comes_too_early_waits_and_names_the_missing_one(company: Company) -> None:
    company.hears(customer(1), change(1, 1))
    (_, third) = company.hears(change(1, 3, amount="300.00"))
    assert (third.condition, third.waits_for) == (Condition.WAITING, f"contract:{deal_id(1)}@2")
    assert third.gap_since is not None and not ContractRecord.objects.filter(version=3).exists()
    assert not ExceptionCase.objects.exists()


def test_when_the_missing_one_comes_all_go_through_in_order(company: Company) -> None:
    # given the fourth and third modification, the second missing
    company.hears(customer(1), change(1, 1))
    company.hears(change(1, 4), change(1, 3))
    # when it comes
    company.hears(change(1, 2))
    company.settles()
    # then all are there, in order
    assert list(ContractRecord.objects.order_by("pk").values_list("version", flat=True)) == [1, 2, 3, 4]
    assert list(Delivery.objects.filter(kind="contract").order_by("pk").values_list("version", flat=True)) == [
        1,
        2,
        3,
        4,
    ]
    assert not WorkItem.objects.exclude(condition=Condition.SETTLED).exists()


def test_a_blocked_modification_is_not_skipped_and_what_comes_after_waits_for_it(company: Company) -> None:
    # given a first modification with a product nobody mapped
    company.hears(customer(1))
    company.hears(change(1, 1, product="GTXPro"))
    # when the second comes
    (first, second) = company.hears(change(1, 2, removes=("GTXPro",)))
    # then the first keeps its case, and the second is no gap: it waits for something people know of
    assert first.condition == Condition.BLOCKED
    assert (second.condition, second.waits_for) == (Condition.WAITING, f"contract:{deal_id(1)}@1")
    assert second.gap_since is None
    assert ExceptionCase.objects.get(status="open").reason == "PRODUCT_UNMAPPED"
    # and both go when the product is mapped
    company.map_product("GTXPro")
    WorkItem.objects.filter(pk=first.pk).update(condition=Condition.DUE)
    company.settles()
    assert list(ContractRecord.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]


def test_the_source_is_asked_for_a_missing_modification_after_a_quarter_of_an_hour(
    company: Company, paper, machine
) -> None:
    # given a third modification without the second
    company.hears(customer(1), change(1, 1))
    event = company.event(object_id="deal 1", kind="opportunity")
    paper("crm").says["deal 1"] = [change(1, 1), change(1, 3)]
    reading.read_due()
    assert WorkItem.objects.get(version=3).condition == Condition.WAITING
    # when less than a quarter of an hour has passed, nothing is asked
    machine.passes(minutes=14)
    sweeper.sweep()
    assert not SourceEvent.objects.filter(via=gaps.ASKED).exists()
    # when it has, the source is asked, and now it knows
    paper("crm").says["deal 1"] = [change(1, 1), change(1, 2), change(1, 3)]
    machine.passes(minutes=2)
    sweeper.sweep()
    asked = SourceEvent.objects.get(via=gaps.ASKED)
    assert (asked.object_id, asked.kind, asked.connection) == ("deal 1", "opportunity", event.connection)
    reading.read_due()
    company.settles()
    # then all went through in order, and nobody was bothered
    assert list(ContractRecord.objects.order_by("pk").values_list("version", flat=True)) == [1, 2, 3]
    assert not ExceptionCase.objects.exists()


def test_a_modification_that_does_not_come_is_a_case_that_closes_itself_when_it_does(
    company: Company, paper, machine
) -> None:
    # given a third modification without the second, and a source that does not have it
    company.hears(customer(1), change(1, 1))
    company.event(object_id="deal 1")
    paper("crm").says["deal 1"] = [change(1, 3)]
    reading.read_due()
    # when an hour of asking has passed
    for _ in range(5):
        machine.passes(minutes=15, seconds=1)
        sweeper.sweep()
        reading.read_due()
    # then there is one case, in words, and the item shows what it misses
    case = ExceptionCase.objects.get()
    assert (case.reason, case.status, case.team) == ("EVENT_GAP", "open", "integration")
    assert case.value == f"change 2 of Deal {deal_id(1)}; change 3 is here and waits for it"
    six = sentences.six(case)
    assert "an earlier change of Deal" in six.happened and "the missing change is here" in six.check
    assert "We keep asking" in six.why
    third = WorkItem.objects.get(version=3)
    assert (third.condition, third.waits_for) == (Condition.BLOCKED, f"contract:{deal_id(1)}@2")
    assert SourceEvent.objects.filter(via=gaps.ASKED).count() >= 4
    # when people press "try again", it stays what it is
    WorkItem.objects.filter(pk=third.pk).update(condition=Condition.DUE, due_at=machine())
    work.work_due()
    third.refresh_from_db()
    assert third.condition == Condition.BLOCKED
    assert ExceptionCase.objects.get().status == "open"
    # when it comes after all
    company.hears(change(1, 2))
    company.settles()
    # then everything goes through in order, and the case closes by itself
    assert list(ContractRecord.objects.order_by("pk").values_list("version", flat=True)) == [1, 2, 3]
    case.refresh_from_db()
    assert (case.status, case.resolution) == ("closed", "went_through")
    assert not Block.objects.filter(cleared_at=None).exists()


def test_a_paused_source_is_not_asked_for_what_is_missing(company: Company, machine) -> None:
    # given a third modification without the second, from a source that was paused since
    company.hears(customer(1), change(1, 1))
    company.hears(change(1, 3))
    source = SourceEvent.objects.latest("pk").connection
    connections.pause(source, reason="AUTH_EXPIRED")
    # when hours pass, then nothing is asked for, and the pause is the only case there may be
    for _ in range(5):
        machine.passes(minutes=30)
        sweeper.sweep()
    assert not SourceEvent.objects.filter(via=gaps.ASKED).exists()
    assert not ExceptionCase.objects.filter(reason="EVENT_GAP").exists()
    # when it goes on, then it is asked
    connections.resume(source, note="Signed in again")
    machine.passes(minutes=30)
    sweeper.sweep()
    assert SourceEvent.objects.filter(via=gaps.ASKED).exists()


def test_a_missing_one_that_comes_and_is_blocked_itself_takes_over_the_case(company: Company, machine) -> None:
    # given a case about a missing second modification
    company.hears(customer(1), change(1, 1))
    company.hears(change(1, 3))
    for _ in range(5):
        machine.passes(minutes=15, seconds=1)
        sweeper.sweep()
    assert ExceptionCase.objects.get(status="open").reason == "EVENT_GAP"
    # when it comes with a problem of its own
    company.hears(change(1, 2, product="GTXPro", removes=("Basic",)))
    machine.passes(minutes=16)
    sweeper.sweep()
    # then the gap is over, and its own problem is the case
    assert ExceptionCase.objects.get(status="open").reason == "PRODUCT_UNMAPPED"
    third = WorkItem.objects.get(version=3)
    assert (third.condition, third.gap_since) == (Condition.WAITING, None)


def test_the_first_modification_can_be_missing_too(company: Company) -> None:
    company.hears(customer(1))
    (second,) = company.hears(change(1, 2))
    assert second.waits_for == f"contract:{deal_id(1)}@1"


def test_a_release_that_was_missed_is_healed_by_the_sweeper(company: Company) -> None:
    company.hears(customer(1), change(1, 1), change(1, 2))
    WorkItem.objects.filter(version=2).update(condition="waiting", waits_for=f"contract:{deal_id(1)}@1")
    sweeper.sweep()
    assert WorkItem.objects.get(version=2).condition == Condition.DUE


def test_modifications_from_many_threads_in_any_order_are_all_there_in_order(
    committed_company: Company, in_threads
) -> None:
    # given twelve modifications of one deal, each heard by a thread of its own
    company = committed_company
    company.hears(customer(1))
    events = [company.event() for _ in range(12)]
    numbers = list(range(1, 13))
    random.Random(3).shuffle(numbers)

    def hear(place: int) -> None:
        with transaction.atomic():
            items, _ = work.register([(events[place], change(1, numbers[place]))])
            work.claim(items)
        work.work(items)

    errors = [one for one in in_threads(hear, list(range(12))) if one is not None]
    assert not errors
    while work.work_due():
        pass
    # then none is missing, and they are owed in order
    assert list(ContractRecord.objects.order_by("pk").values_list("version", flat=True)) == list(range(1, 13))
    owed = Delivery.objects.filter(kind="contract", target=company.billing).order_by("pk")
    assert list(owed.values_list("version", flat=True)) == list(range(1, 13))
    while outbox.carry_due("deliver"):
        pass
    assert not WorkItem.objects.exclude(condition=Condition.SETTLED).exists()


def test_versions_of_one_object_rise_in_a_batch_and_others_keep_their_places() -> None:
    class Row:
        def __init__(self, reference: str, version: int) -> None:
            self.reference, self.version = reference, version

    rows = [Row("a", 3), Row("b", 1), Row("a", 1), Row("c", 9), Row("a", 2)]
    assert [(row.reference, row.version) for row in versions.in_order(rows)] == [
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("c", 9),
        ("a", 3),
    ]


def test_asking_and_the_case_have_their_bounds() -> None:
    assert timedelta(minutes=15) == gaps.ASK_AFTER and timedelta(hours=1) == gaps.CASE_AFTER
