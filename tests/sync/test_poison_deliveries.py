"""What we fail at ourselves while carrying is a case after three times; nothing unknown is hidden, all else goes on."""

from datetime import timedelta

import pytest
from django.db import transaction

from connectors.errors import Unavailable
from connectors.interface import Parcel
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync import doubt, outbox, rounds, sweeper
from sync.models import Attempt, Delivery
from sync.states import Condition
from tests.paper_erp import LOST_CALL, Books, PaperErp
from tests.small_company import Company, customer
from tests.sync.test_poison import DIED, a_worker, at_work  # noqa: F401 - a fixture

BUG = ZeroDivisionError("a bug of ours")


@pytest.fixture
def erp(company: Company, paper) -> Books:
    """The ERP's books, with one deal set up everywhere."""
    company.sells(1)
    return paper("erp")


def goes_round(company: Company, machine, *, times: int = 1) -> None:
    for _ in range(times):
        company.carries()
        machine.passes(70)
        doubt.clear_due()
        sweeper.sweep()


# -- failures of our own ------------------------------------------------------------------------------
def test_a_bug_of_ours_in_sending_is_one_owned_case_after_three_times(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    erp.next.extend([BUG] * 40)
    goes_round(company, machine, times=40)
    row.refresh_from_db()
    # then it was sent three times, looked up after each, and stopped where nothing about it is unknown
    assert (row.condition, row.blocked_reason, row.in_doubt_since) == (Condition.BLOCKED, "POISON", None)
    assert len([one for one in erp.parcels if one.reference == row.reference]) == 3 == erp.finds.count(row.reference)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.delivery_id) == ("POISON", "integration", row.pk)
    assert [fix.name for fix in for_case(case)] == ["try_again"]
    # and a person's release begins a new round of three
    erp.next.clear()
    erp.next.extend([BUG] * 2)
    with transaction.atomic():
        rounds.release_blocked([row.pk])
    goes_round(company, machine, times=5)
    row.refresh_from_db()
    assert (row.condition, row.crashes) == (Condition.SETTLED, 0) and len(erp.of(row.reference)) == 1
    assert ExceptionCase.objects.get().status == "closed"


def test_what_arrived_before_we_failed_the_third_time_is_found_and_is_no_case(
    company: Company, erp: Books, machine
) -> None:
    row = company.bills(1)

    def fails_afterwards(parcel: Parcel) -> None:
        if len(erp.parcels) - before == 3:
            erp.put(parcel.subject)
        raise BUG

    before, erp.during_deliver = len(erp.parcels), fails_afterwards
    goes_round(company, machine, times=4)
    row.refresh_from_db()
    assert (row.condition, row.crashes) == (Condition.SETTLED, 0)
    assert len(erp.of(row.reference)) == 1 and not ExceptionCase.objects.exists()


def test_a_bug_of_ours_in_looking_up_is_a_case_and_what_was_sent_is_looked_up_before_it_is_sent_again(
    company: Company, erp: Books, machine
) -> None:
    # given a document that arrived without an answer, and a look-up we cannot do
    row = company.bills(1)
    erp.next.append("lost answer")
    erp.next_find.extend([BUG] * 3)
    goes_round(company, machine, times=6)
    row.refresh_from_db()
    assert (row.condition, row.blocked_reason) == (Condition.BLOCKED, "POISON")
    assert ExceptionCase.objects.get().reason == "POISON" and row.in_doubt_since is not None
    # when it is released, then it is found, not sent twice
    with transaction.atomic():
        rounds.release_blocked([row.pk])
    goes_round(company, machine)
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED and len(erp.of(row.reference)) == 1


def test_a_failure_of_ours_holds_up_no_other_reference(company: Company, erp: Books, machine) -> None:
    bad, good = company.bills(1), company.bills(2)
    erp.next.append(BUG)
    company.carries("posting")
    states = dict(Delivery.objects.filter(pk__in=[bad.pk, good.pk]).values_list("pk", "condition"))
    assert states == {bad.pk: Condition.IN_DOUBT, good.pk: Condition.SETTLED}


def test_a_target_that_is_away_for_long_is_no_poison(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    for _ in range(6):
        erp.next.append(Unavailable("down"))
        goes_round(company, machine)
        Delivery.objects.filter(pk=row.pk, condition=Condition.DUE).update(due_at=machine.time)
    row.refresh_from_db()
    assert row.crashes == 0 and not ExceptionCase.objects.filter(reason="POISON").exists()


# -- what cannot be loaded ----------------------------------------------------------------------------
def test_a_delivery_that_cannot_be_loaded_is_a_case_and_stops_only_itself(company: Company, paper, machine) -> None:
    company.hears(customer(1), customer(2))
    broken, other = Delivery.objects.filter(target=company.erp).order_by("pk")
    Delivery.objects.filter(pk=broken.pk).update(subject='{"kind": "no_such_kind"}')
    goes_round(company, machine)
    other.refresh_from_db()
    assert other.condition == Condition.SETTLED
    goes_round(company, machine, times=5)
    broken.refresh_from_db()
    assert (broken.condition, broken.crashes) == (Condition.BLOCKED, 3)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.delivery_id) == ("POISON", broken.pk)
    assert not [one for one in paper("erp").parcels if one.reference == broken.reference]
    assert set(Attempt.objects.filter(delivery=broken).values_list("outcome", flat=True)) == {"crashed"}


def test_what_is_in_doubt_and_cannot_be_loaded_stops_no_other_look_up(company: Company, paper, machine) -> None:
    company.hears(customer(1), customer(2))
    Delivery.objects.filter(target=company.billing).delete()
    paper("erp").next.extend([LOST_CALL] * 2)
    company.carries()
    broken, other = Delivery.objects.filter(target=company.erp).order_by("pk")
    assert {broken.condition, other.condition} == {Condition.IN_DOUBT}
    Delivery.objects.filter(pk=broken.pk).update(subject="not even JSON")
    goes_round(company, machine, times=5)
    broken.refresh_from_db(), other.refresh_from_db()
    assert other.condition == Condition.SETTLED
    # and what is not known of it is still not known
    assert (broken.condition, broken.blocked_reason) == (Condition.BLOCKED, "POISON")
    assert broken.in_doubt_since is not None


# -- what kills a whole worker ------------------------------------------------------------------------
def leases_end() -> None:
    """The time of a lease passes, the sweeper comes by, and the time a look-up waits for passes too."""
    Delivery.objects.exclude(lease_until=None).update(lease_until="2026-01-01T00:00Z")
    sweeper.sweep()
    Delivery.objects.filter(condition=Condition.IN_DOUBT).update(due_at="2026-01-01T00:00Z")


def owes_thirty_with_a_deadly_one(company: Company) -> Delivery:
    shapes = [customer(number) for number in range(1, 8)] + [customer(999, name="deadly")]
    company.hears(*shapes, *(customer(number) for number in range(8, 30)))
    Delivery.objects.filter(target=company.billing).delete()
    return Delivery.objects.get(reference=customer(999).reference)


def test_a_sending_that_kills_its_worker_is_set_aside_and_its_batch_goes_through(at_work: Company) -> None:  # noqa: F811
    deadly = owes_thirty_with_a_deadly_one(at_work)
    deaths = 0
    for _ in range(5):
        died = a_worker("CARRY") == DIED
        deaths += died
        leases_end()
        if deaths == 3 and died:
            # what went along the first time went through meanwhile
            others = Delivery.objects.exclude(pk=deadly.pk)
            assert set(others.values_list("condition", "crashes")) == {(Condition.SETTLED, 0)}
        assert a_worker("LOOK") == 0
    deadly.refresh_from_db()
    assert deaths == 3 and (deadly.condition, deadly.in_doubt_since) == (Condition.BLOCKED, None)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.delivery_id) == ("POISON", deadly.pk)


def test_a_look_up_that_kills_its_worker_is_set_aside_with_its_outcome_still_unknown(at_work: Company) -> None:  # noqa: F811
    deadly = owes_thirty_with_a_deadly_one(at_work)
    assert a_worker("CARRY") == DIED
    deaths = 0
    for _ in range(5):
        leases_end()
        deaths += a_worker("LOOK DEADLY") == DIED
    deadly.refresh_from_db()
    # the sending before had killed one, too
    assert deaths == 2 and (deadly.condition, deadly.blocked_reason) == (Condition.BLOCKED, "POISON")
    assert deadly.in_doubt_since is not None and ExceptionCase.objects.get().delivery_id == deadly.pk
    others = Delivery.objects.exclude(pk=deadly.pk)
    assert not others.filter(condition=Condition.IN_DOUBT).exists()


# -- the same without processes -----------------------------------------------------------------------
def test_what_did_not_come_to_an_end_is_claimed_alone_and_last(company: Company, paper) -> None:
    company.hears(*(customer(number) for number in range(1, 6)))
    rows = list(Delivery.objects.filter(target=company.erp).order_by("pk"))
    Delivery.objects.filter(pk__in=[row.pk for row in rows[:3]]).update(crashes=1)
    first = outbox._claim(company.erp, queue="deliver")
    assert {claim.delivery.pk for claim in first} == {row.pk for row in rows[3:]}
    assert [len(outbox._claim(company.erp, queue="deliver", suspects=True)) for _ in range(4)] == [1, 1, 1, 0]


def test_a_call_that_was_called_off_counts_as_no_crash(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    claims = outbox._claim(company.erp, queue="posting")
    row.refresh_from_db()
    assert row.crashes == 1
    outbox.carry(company.erp, claims, goes_on=lambda: False)
    row.refresh_from_db()
    assert (row.condition, row.crashes, row.attempts) == (Condition.DUE, 0, 0)


def test_what_is_put_back_at_the_door_counts_as_no_crash(company: Company, erp: Books, machine, monkeypatch) -> None:
    monkeypatch.setattr(PaperErp, "key_horizon", timedelta(minutes=30))
    company.period("closed")
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    assert (row.blocked_reason, row.crashes) == ("PERIOD_CLOSED", 0)


def test_every_crash_of_a_later_round_has_a_key_of_its_own(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    company.carries("posting")
    erp.delete(row.reference)
    row.refresh_from_db()
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    erp.parcels.clear()
    erp.next.extend([BUG] * 2)
    goes_round(company, machine, times=5)
    sent = [one.request_key for one in erp.parcels if one.reference == row.reference]
    assert len(sent) == 3 == len(set(sent))
