"""Every event is taken in once, by constraint, in one statement per call."""

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from connectors.interface import SourceEvent as Arrived
from reconciliation.models import ExceptionCase
from sync import inbox, reading
from sync.models import ConflictingDuplicate, CustomerRecord, SourceEvent, SourceEventBody, WorkItem
from tests.small_company import Company, customer


def arrived(number: int = 1, *, raw: bytes = b"", identity: bytes = b"", revision: int = 0) -> Arrived:
    return Arrived(
        event_id=f"evt-{number}",
        kind="opportunity",
        object_id=f"object-{number}",
        revision=revision,
        raw=raw or f'{{"event": {number}}}'.encode(),
        identity=identity,
    )


def test_the_same_event_twice_is_one_row_and_gets_the_first_tracking_id(company: Company) -> None:
    # given an event that was taken in
    (first,) = inbox.take_in(company.crm, [arrived()], via="callback")
    # when it comes again
    (second,) = inbox.take_in(company.crm, [arrived()], via="callback")
    # then it is known under its first id
    assert first.is_new and not second.is_new
    assert first.tracking_id == second.tracking_id
    assert SourceEvent.objects.count() == 1 and not second.conflicts


def test_the_database_itself_refuses_a_second_row(company: Company) -> None:
    # given an event, when something goes around the inbox, then the constraint holds
    inbox.take_in(company.crm, [arrived()], via="callback")
    row = SourceEvent.objects.get()
    row.pk, row.tracking_id = None, "00000000-0000-0000-0000-000000000001"
    with pytest.raises(IntegrityError, match="event_taken_in_once"), transaction.atomic():
        row.save(force_insert=True)


def test_the_same_id_at_another_connection_is_another_event(company: Company) -> None:
    inbox.take_in(company.crm, [arrived()], via="callback")
    (other,) = inbox.take_in(company.billing, [arrived()], via="callback")
    assert other.is_new and SourceEvent.objects.count() == 2


def test_the_raw_bytes_and_redacted_headers_are_kept(company: Company) -> None:
    raw = b'{"a":\t1.10, "b": "\xc3\xa9"}'
    headers = {"content-type": "application/json", "authorization": "Bearer secret", "stripe-signature": "t=1,v1=2"}
    inbox.take_in(company.crm, [arrived(raw=raw)], headers=headers, via="callback")
    body = SourceEventBody.objects.get()
    assert bytes(body.raw) == raw
    assert body.headers == {
        "content-type": "application/json",
        "authorization": "[removed]",
        "stripe-signature": "[removed]",
    }


def test_other_content_under_a_known_id_is_kept_as_evidence_and_becomes_one_case(company: Company) -> None:
    # given an event that was taken in
    (first,) = inbox.take_in(company.crm, [arrived(raw=b'{"amount": "1"}')], via="callback")
    # when its id comes with other content, twice
    answers = [inbox.take_in(company.crm, [arrived(raw=b'{"amount": "2"}')], via="callback")[0] for _ in range(2)]
    # then the caller is told, the first content counts, and people see it once
    assert all(answer.conflicts and answer.tracking_id == first.tracking_id for answer in answers)
    assert bytes(SourceEventBody.objects.get().raw) == b'{"amount": "1"}'
    assert bytes(ConflictingDuplicate.objects.get().raw) == b'{"amount": "2"}'
    case = ExceptionCase.objects.get()
    assert (case.reason, case.status, case.event.source_event_id) == ("CONFLICTING_DUPLICATE", "open", "evt-1")
    # and how often it came is counted, on the evidence and on the case
    assert (ConflictingDuplicate.objects.get().seen, case.occurrences) == (2, 2)
    assert case.evidence["first_sha256"] != case.evidence["second_sha256"]


def test_what_makes_it_the_same_call_may_be_less_than_its_bytes(company: Company) -> None:
    # given a message that is sent again with newer data under the same id, as Outbound Messages are
    inbox.take_in(company.crm, [arrived(raw=b"first sending", identity=b"notification 1")], via="callback")
    (again,) = inbox.take_in(company.crm, [arrived(raw=b"second sending", identity=b"notification 1")], via="callback")
    # then it is no conflict
    assert not again.conflicts and not ExceptionCase.objects.exists()


@pytest.mark.parametrize(("before", "after"), [("callback", "poll"), ("poll", "callback")])
def test_a_poll_and_a_call_of_the_same_event_do_not_conflict(company: Company, before: str, after: str) -> None:
    # given an event that came one way, when it comes the other way and looks different on the wire
    inbox.take_in(company.billing, [arrived(raw=b'{"a":1}')], via=before)
    (again,) = inbox.take_in(company.billing, [arrived(raw=b'{"a": 1, "fetched": true}')], via=after)
    # then nothing is at odds
    assert (again.is_new, again.conflicts) == (False, False)
    assert not ConflictingDuplicate.objects.exists()


def test_a_batch_of_two_hundred_is_one_insert_per_table(company: Company) -> None:
    # given
    batch = [arrived(number) for number in range(200)]
    # when
    with CaptureQueriesContext(connection) as asked:
        taken = inbox.take_in(company.crm, batch, via="callback")
    # then
    inserts = [
        query["sql"].split()[2] for query in asked.captured_queries if query["sql"].lstrip().startswith("INSERT")
    ]
    assert [name.strip('"') for name in inserts] == ["sync_sourceevent", "sync_sourceeventbody"]
    assert len(taken) == SourceEvent.objects.count() == 200
    assert len(asked.captured_queries) <= 6


def test_a_batch_with_known_and_new_events_answers_each_for_itself(company: Company) -> None:
    inbox.take_in(company.crm, [arrived(2)], via="callback")
    taken = inbox.take_in(company.crm, [arrived(1), arrived(2), arrived(3)], via="callback")
    assert [(one.event_id, one.is_new) for one in taken] == [("evt-1", True), ("evt-2", False), ("evt-3", True)]


def test_no_events_make_no_question_to_the_database(company: Company, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert inbox.take_in(company.crm, [], via="poll") == []


def test_twenty_callers_at_once_make_one_row_and_get_one_answer(committed_company: Company, in_threads) -> None:
    # given twenty callers with the same event at the same moment
    crm = committed_company.crm
    # when
    answers = in_threads(lambda _: inbox.take_in(crm, [arrived(7)], via="callback"), list(range(20)))
    # then one row, one of them new, and the same answer for all
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert SourceEvent.objects.count() == SourceEventBody.objects.count() == 1
    assert sum(answer[0].is_new for answer in answers) == 1
    assert len({answer[0].tracking_id for answer in answers}) == 1
    assert not any(answer[0].conflicts for answer in answers)


def test_two_contents_under_one_id_in_one_call_are_a_conflict_too(company: Company) -> None:
    # given a call that contradicts itself
    (taken,) = inbox.take_in(company.crm, [arrived(1, raw=b"one"), arrived(1, raw=b"two")], via="callback")
    # then the first content counts, and the other is evidence
    assert taken.is_new and taken.conflicts
    assert bytes(SourceEventBody.objects.get().raw) == b"one"
    assert bytes(ConflictingDuplicate.objects.get().raw) == b"two"
    assert ExceptionCase.objects.get().reason == "CONFLICTING_DUPLICATE"


def test_a_third_content_is_evidence_of_its_own_under_the_same_case(company: Company) -> None:
    for raw in (b"one", b"two", b"three"):
        inbox.take_in(company.crm, [arrived(raw=raw)], via="callback")
    assert ConflictingDuplicate.objects.count() == 2 and ExceptionCase.objects.get().occurrences == 2


def test_when_the_source_called_is_kept_also_when_our_asking_was_quicker(company: Company) -> None:
    inbox.take_in(company.crm, [arrived(1)], via="poll")
    assert SourceEvent.objects.get().called_at is None
    inbox.take_in(company.crm, [arrived(1)], via="callback")
    first = SourceEvent.objects.get().called_at
    assert first is not None
    inbox.take_in(company.crm, [arrived(1)], via="callback")
    assert SourceEvent.objects.get().called_at == first


def test_a_thousand_threads_with_one_event_make_one_row_one_effect_and_one_answer(
    committed_company: Company, paper
) -> None:
    # given a thousand callers with the same event, over forty connections to the database
    crm = committed_company.crm
    paper("crm").says["object-7"] = [customer(7)]
    everybody, database, answers = threading.Barrier(1000), threading.Semaphore(40), []

    def call() -> None:
        everybody.wait(timeout=120)
        with database:
            try:
                answers.append(inbox.take_in(crm, [arrived(7)], via="callback")[0])
            finally:
                connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(answers) == 1000
    # then one of them is the first, all got the same tracking id, and nothing conflicts
    assert sum(answer.is_new for answer in answers) == 1
    assert len({answer.tracking_id for answer in answers}) == 1 and not any(answer.conflicts for answer in answers)
    assert SourceEvent.objects.count() == SourceEventBody.objects.count() == 1
    # and one effect
    while reading.read_due():
        pass
    committed_company.settles()
    assert CustomerRecord.objects.count() == WorkItem.objects.count() == 1
    assert len(paper("billing").entries) == len(paper("erp").entries) == 1
