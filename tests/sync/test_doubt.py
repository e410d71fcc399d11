"""Unknown outcomes: looked up, adopted, or sent once more under a new generation; never blindly twice."""

from datetime import timedelta

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Receipt
from reconciliation.models import ExceptionCase
from sync import doubt, outbox, results, rounds, sweeper
from sync.models import Attempt, ConnectionHealth, Delivery, ExternalIdentity, WorkItem
from sync.states import Condition, Lifecycle
from tests.paper_erp import LOST_ANSWER, LOST_CALL, Books, PaperErp
from tests.small_company import Company, account_id, customer, deal


@pytest.fixture
def erp(company: Company, paper) -> Books:
    """The ERP's books, with one deal set up everywhere."""
    company.sells(1)
    return paper("erp")


def look(machine, seconds: float = 10) -> int:
    machine.passes(seconds)
    return doubt.clear_due()


def test_silence_after_it_was_written_is_looked_up_and_adopted(company: Company, erp: Books, machine) -> None:
    # given an ERP that books an invoice and then says nothing
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.IN_DOUBT, Lifecycle.TRANSFORMED)
    # when nothing is asked before it can be seen there, and then it is looked up
    assert doubt.clear_due() == 0 and look(machine) == 1
    # then it is adopted: one record there, one receipt here, and nobody was bothered
    row.refresh_from_db()
    assert (row.condition, row.state, row.generation) == (Condition.SETTLED, Lifecycle.POSTED, 1)
    assert len(erp.of(row.reference)) == 1
    assert ExternalIdentity.objects.get(reference=row.reference).external_id == row.external_id
    assert list(Attempt.objects.filter(delivery=row).order_by("pk").values_list("verb", "outcome")) == [
        ("deliver", "unknown"),
        ("find", "adopted"),
    ]
    assert not ExceptionCase.objects.exists()


def test_silence_before_it_was_written_is_sent_once_more_under_a_new_key(company: Company, erp: Books, machine) -> None:
    # given a call that never arrived
    row = company.bills(1)
    erp.next.append(LOST_CALL)
    company.carries("posting")
    # when it is looked up and not there
    look(machine)
    row.refresh_from_db()
    assert (row.condition, row.generation) == (Condition.DUE, 2)
    company.carries("posting")
    # then there is one record, and the vendor saw another request key and the same reference
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED and len(erp.of(row.reference)) == 1
    first, second = [parcel for parcel in erp.parcels if parcel.reference == row.reference]
    assert first.request_key != second.request_key
    assert first.delivery_key == second.delivery_key and first.subject == second.subject


def test_nothing_is_sent_while_it_is_in_doubt(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    machine.passes(3600)
    assert company.carries("posting") == 0
    assert len([parcel for parcel in erp.parcels if parcel.reference == row.reference]) == 1


def test_a_document_found_twice_is_frozen_as_a_case(company: Company, erp: Books, machine) -> None:
    # given an ERP that holds an invoice twice under our reference
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    erp.put(erp.of(row.reference)[0].subject)
    # when it is looked up
    look(machine)
    # then nothing more is sent, and finance sees both ids
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, case.reason, case.team) == (Condition.BLOCKED, "DUPLICATE_AT_TARGET", "finance")
    assert case.value.count("invoice-") == 2
    assert company.carries("posting") == 0


def test_an_older_version_found_there_means_ours_never_arrived(company: Company, erp: Books, machine) -> None:
    # given a customer in the ERP, and a newer version whose call was lost
    company.hears(customer(1, version=2, name="New name"))
    Delivery.objects.filter(target=company.billing, version=2).delete()
    erp.next.append(LOST_CALL)
    company.carries("deliver")
    # when the look-up finds the old version, then it is sent again
    look(machine)
    row = Delivery.objects.get(target=company.erp, version=2)
    assert (row.condition, row.generation) == (Condition.DUE, 2)
    company.carries("deliver")
    assert erp.of(row.reference)[0].subject.name == "New name"


def test_where_no_version_is_stored_what_is_found_is_adopted(company: Company, erp: Books, machine) -> None:
    erp.keeps_versions = False
    erp.entries[0].version = None
    company.hears(customer(1, version=2, name="New name"))
    Delivery.objects.filter(target=company.billing, version=2).delete()
    erp.next.append(LOST_ANSWER)
    company.carries("deliver")
    look(machine)
    assert Delivery.objects.get(target=company.erp, version=2).condition == Condition.SETTLED


def test_a_correction_that_never_arrived_is_not_taken_for_done(company: Company, erp: Books, machine) -> None:
    # given a posted invoice somebody changed, and an approved correction whose call was lost
    row = company.bills(1)
    company.carries("posting")
    erp.change(row.reference, total=row.amount - 1)
    row.refresh_from_db()
    rounds.repost(row, operation_note="approved")
    erp.next.append(LOST_CALL)
    company.carries("posting")
    # when the look-up finds the wrong amount still there, then it is sent again
    look(machine)
    row.refresh_from_db()
    assert (row.condition, row.generation) == (Condition.DUE, 2)
    company.carries("posting")
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED and erp.of(row.reference)[0].subject.total == row.amount


def test_a_failure_of_our_own_during_a_call_is_a_doubt_and_not_a_resend(company: Company, erp: Books, machine) -> None:
    # given a bug of ours after the call went out
    row = company.bills(1)
    erp.next.append(ZeroDivisionError("a bug of ours"))
    company.carries("posting")
    row.refresh_from_db()
    # then only a look-up decides
    assert row.condition == Condition.IN_DOUBT
    assert Attempt.objects.filter(delivery=row).get().outcome == "crashed"
    look(machine)
    row.refresh_from_db()
    assert (row.condition, row.generation) == (Condition.DUE, 2)


def test_a_look_up_that_cannot_be_made_is_made_again_later(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    erp.next_find.append(Unavailable("down", retry_after=60))
    company.carries("posting")
    look(machine)
    row.refresh_from_db()
    assert row.condition == Condition.IN_DOUBT
    assert doubt.clear_due() == 0
    assert look(machine, 70) == 1
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED


def test_look_ups_that_never_settle_it_become_a_case(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    erp.next_find.extend([OutcomeUnknown("the answer was cut off")] * results.MOST_LOOK_UPS)
    company.carries("posting")
    for _ in range(results.MOST_LOOK_UPS):
        look(machine, 60)
    row.refresh_from_db()
    assert row.condition == Condition.BLOCKED and ExceptionCase.objects.get().reason == "UNKNOWN_OUTCOME"
    assert len(erp.of(row.reference)) == 1


@pytest.mark.parametrize("error", [Rejected("may not read", reason="UNCLASSIFIED"), Misconfigured("signed out")])
def test_a_refused_look_up_never_leads_to_a_second_sending(company: Company, erp: Books, machine, error) -> None:
    # given a document that arrived without an answer, and an ERP that refuses the look-up
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    erp.next_find.append(error)
    company.carries("posting")
    look(machine)
    # when whatever paused is resumed and everything that may go, goes
    ConnectionHealth.objects.update(paused_at=None, paused_because="")
    for _ in range(3):
        company.carries("posting")
        look(machine, 120)
    # then there is still one record only
    assert len(erp.of(row.reference)) == 1


def test_nothing_is_looked_up_while_the_connection_is_paused(company: Company, erp: Books, machine) -> None:
    company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    ConnectionHealth.objects.filter(connection=company.erp).update(paused_at=machine(), paused_because="AUTH_EXPIRED")
    assert look(machine, 60) == 0


def test_two_look_ups_never_run_for_one_delivery(company: Company, erp: Books, machine) -> None:
    company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    machine.passes(10)
    first, second = doubt._claim(company.erp, 10), doubt._claim(company.erp, 10)
    assert (len(first), second) == (1, [])


def test_an_accepted_document_that_posts_later_is_asked_for_again(
    company: Company, erp: Books, machine, monkeypatch
) -> None:
    # given an ERP that posts by a job of its own
    row = company.bills(1)

    def deliver(self, parcel) -> Receipt:
        self.books.put(parcel.subject)
        return Receipt(external_id="job-7", posted=False, look_again_in=timedelta(minutes=5))

    monkeypatch.setattr(PaperErp, "deliver", deliver)
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.IN_DOUBT, Lifecycle.ACKNOWLEDGED)
    # when it is asked again after the time it named
    assert look(machine, 60) == 0 and look(machine, 300) == 1
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)


def test_two_objects_given_one_id_there_are_seen_by_people(company: Company, paper, monkeypatch) -> None:
    # given an ERP that answers for two customers with the same id
    def deliver(self, parcel) -> Receipt:
        return Receipt(external_id="77", posted=True)

    monkeypatch.setattr(PaperErp, "deliver", deliver)
    company.hears(customer(1), customer(2))
    company.carries("deliver")
    # then one of them is a case
    assert ExternalIdentity.objects.filter(connection=company.erp).count() == 1
    assert ExceptionCase.objects.get().reason == "DUPLICATE_DOC_NO"
    # and it stays open, since the other one is blocked
    assert ExceptionCase.objects.get().status == "open"
    assert Delivery.objects.filter(target=company.erp, condition=Condition.BLOCKED).count() == 1


# -- what dead workers leave --------------------------------------------------------------------------
def test_a_worker_that_died_over_a_call_leaves_a_doubt_not_a_second_sending(
    company: Company, erp: Books, machine
) -> None:
    # given a worker that booked an invoice and died before it wrote the answer down
    row = company.bills(1)
    (claim,) = outbox._claim(company.erp, queue="posting")
    erp.put(claim.parcel.subject)
    # when its lease has ended
    machine.passes(outbox.LEASE.total_seconds() + 1)
    assert sweeper.sweep()["in doubt"] == 1
    row.refresh_from_db()
    assert row.condition == Condition.IN_DOUBT and row.fence == claim.delivery.fence + 1
    assert Attempt.objects.get(pk=claim.attempt.pk).outcome == "unknown"
    # then the look-up adopts it
    look(machine)
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED and len(erp.of(row.reference)) == 1


def test_a_claim_within_its_lease_is_left_alone(company: Company, erp: Books, machine) -> None:
    company.bills(1)
    outbox._claim(company.erp, queue="posting")
    machine.passes(outbox.LEASE.total_seconds() - 5)
    assert sweeper.sweep()["in doubt"] == 0


def test_the_sweeper_heals_releases_that_were_missed(company: Company, paper) -> None:
    # given a deal that waits although its customer is in billing, and an item that waits although it is a record
    company.sells(1)
    company.hears(customer(2))
    company.carries("deliver")
    company.hears(deal(2, of=2), deal(3, of=2))
    Delivery.objects.filter(reference=deal(2).reference).update(
        condition="waiting", waits_for=f"customer:{account_id(2)}"
    )
    WorkItem.objects.filter(reference=deal(3).reference).update(
        condition="waiting", waits_for=f"customer:{account_id(2)}"
    )
    # when
    found = sweeper.sweep()
    # then both are due again
    assert (found["released deliveries"], found["released items"]) == (1, 1)


def test_without_a_broker_the_sweeper_carries_everything(company: Company, paper, machine) -> None:
    # given work nobody was nudged for
    company.hears(customer(1), deal(1))
    assert sweeper.carry_what_lies() == 0
    machine.passes(6)
    # when the sweeper takes what lies
    while sweeper.carry_what_lies():
        machine.passes(6)
    # then everything is done
    assert not Delivery.objects.exclude(condition=Condition.SETTLED).exists()
    assert Delivery.objects.count() == 3
