"""What a target's word is worth: aged keys, receipts not posted yet or of something else, late workers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from connectors.errors import OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Parcel, Receipt
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync import doubt, outbox, outcomes, parcels, results, rounds, sweeper
from sync.models import Attempt, ConnectionHealth, Delivery, ExternalIdentity, JournalEntry
from sync.states import Condition, Lifecycle
from tests.paper_erp import LOST_ANSWER, LOST_CALL, Books, PaperErp
from tests.small_company import Company, customer


@pytest.fixture
def erp(company: Company, paper) -> Books:
    """The ERP's books, with one deal set up everywhere."""
    company.sells(1)
    return paper("erp")


def look(machine, seconds: float = 10) -> int:
    machine.passes(seconds)
    return doubt.clear_due()


def sent(erp: Books, row: Delivery) -> list[Parcel]:
    return [parcel for parcel in erp.parcels if parcel.reference == row.reference]


# -- keys a vendor may have forgotten -----------------------------------------------------------------
@pytest.mark.parametrize("horizon", [timedelta(hours=23), timedelta(minutes=30)])
def test_a_key_the_vendor_may_have_forgotten_is_never_sent_again_blindly(
    company: Company, erp: Books, machine, monkeypatch, horizon: timedelta
) -> None:
    # given a vendor that remembers keys for a while, and a document that is there although it said "unavailable"
    monkeypatch.setattr(PaperErp, "key_horizon", horizon)
    row = company.bills(1)
    erp.put(parcels.subject_of(row))
    erp.next.append(Unavailable("unavailable, or so it says", retry_after=1))
    company.carries("posting")
    assert len(sent(erp, row)) == 1
    # when its time comes only after the key may be forgotten
    Delivery.objects.filter(pk=row.pk).update(due_at=machine.time + horizon)
    machine.passes(horizon.total_seconds())
    assert company.carries("posting") == 0
    # then it is looked up, found, and not sent a second time
    assert look(machine) == 1
    row.refresh_from_db()
    assert (row.condition, row.generation) == (Condition.SETTLED, 1)
    assert len(sent(erp, row)) == 1 and len(erp.of(row.reference)) == 1


def test_what_is_not_there_after_its_key_aged_is_sent_under_another_key(
    company: Company, erp: Books, machine, monkeypatch
) -> None:
    monkeypatch.setattr(PaperErp, "key_horizon", timedelta(minutes=30))
    row = company.bills(1)
    erp.next.append(Unavailable("down"))
    company.carries("posting")
    machine.passes(3700)
    company.carries("posting")
    look(machine)
    company.carries("posting")
    row.refresh_from_db()
    first, second = sent(erp, row)
    assert (row.condition, row.generation) == (Condition.SETTLED, 2) and first.request_key != second.request_key
    assert len(erp.of(row.reference)) == 1


def test_within_the_time_the_vendor_remembers_the_same_key_is_used(
    company: Company, erp: Books, machine, monkeypatch
) -> None:
    monkeypatch.setattr(PaperErp, "key_horizon", timedelta(hours=23))
    row = company.bills(1)
    erp.next.append(Unavailable("down"))
    company.carries("posting")
    machine.passes(timedelta(hours=22, minutes=58).total_seconds())
    company.carries("posting")
    first, second = sent(erp, row)
    assert first.request_key == second.request_key and not erp.finds


def test_the_age_of_a_key_counts_from_its_first_sending(company: Company, erp: Books, machine, monkeypatch) -> None:
    # given a key used again and again, never an hour apart
    monkeypatch.setattr(PaperErp, "key_horizon", timedelta(hours=2))
    row = company.bills(1)
    erp.next.extend([Unavailable("down")] * 100)
    for _ in range(5):
        company.carries("posting")
        ConnectionHealth.objects.update(breaker_open_until=None, recent_failures=0)
        Delivery.objects.filter(pk=row.pk).update(due_at=machine.time)
        machine.passes(1790)
    row.refresh_from_db()
    assert row.condition == Condition.IN_DOUBT and len(sent(erp, row)) == 4


def test_an_answer_a_vendor_keeps_under_a_key_does_not_pin_a_delivery(
    company: Company, erp: Books, machine, monkeypatch
) -> None:
    # given a vendor that gives its first answer to a key, a failure, for as long as the key lives
    answers: dict[str, Any] = {}
    real = PaperErp.deliver

    def deliver(self: PaperErp, parcel: Parcel) -> Receipt:
        if parcel.request_key not in answers:
            answers[parcel.request_key] = not answers
        if answers[parcel.request_key]:
            self.books.parcels.append(parcel)
            raise OutcomeUnknown("500 internal error", http_status=500)
        return real(self, parcel)

    monkeypatch.setattr(PaperErp, "deliver", deliver)
    row = company.bills(1)
    company.carries("posting")
    # when it is looked up and not there
    look(machine)
    company.carries("posting")
    # then it goes under another key
    row.refresh_from_db()
    assert (row.condition, row.generation) == (Condition.SETTLED, 2)
    assert len({parcel.request_key for parcel in sent(erp, row)}) == 2 and len(erp.of(row.reference)) == 1


def test_a_refusal_a_vendor_keeps_under_a_key_does_not_pin_what_was_mended(
    company: Company, erp: Books, machine
) -> None:
    # given an invoice that was refused, and then mended elsewhere
    row = company.bills(1)
    erp.next.append(Rejected("no", reason="DIMENSION_MISSING"))
    company.carries("posting")
    with transaction.atomic():
        rounds.release_blocked([row.pk])
    company.carries("posting")
    # then it was looked up and sent under a key of its own, as the trail shows
    row.refresh_from_db()
    first, second = sent(erp, row)
    assert (row.condition, row.generation) == (Condition.SETTLED, 2) and first.request_key != second.request_key
    attempt = Attempt.objects.filter(delivery=row, verb="deliver").latest("pk")
    assert (attempt.generation, attempt.request_key) == (2, second.request_key)


# -- accepted, not posted -----------------------------------------------------------------------------
@pytest.fixture
def posts_later(erp: Books, monkeypatch) -> Books:
    """An ERP that posts by a job of its own: deliver accepts, find shows how far it is."""
    erp.posts = False
    real = PaperErp._receipt

    def receipt(self: PaperErp, entry: Any) -> Receipt:
        made = real(self, entry)
        wait = None if made.posted else timedelta(minutes=2)
        return Receipt(external_id=made.external_id, posted=made.posted, held=made.held, look_again_in=wait)

    monkeypatch.setattr(PaperErp, "_receipt", receipt)
    return erp


def test_what_is_accepted_is_asked_for_at_the_vendors_time_until_it_is_posted(
    company: Company, posts_later: Books, machine
) -> None:
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    # given an accepted invoice: not in doubt, not posted
    assert (row.state, row.posted_at, row.in_doubt_since) == (Lifecycle.ACKNOWLEDGED, None, None)
    assert row.awaits_posting_since is not None and row.external_id
    said = JournalEntry.objects.filter(object_key=row.reference).count()
    # when it is asked for many times
    assert look(machine, 110) == 0
    for _ in range(30):
        assert look(machine, 125) == 1
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.IN_DOUBT, Lifecycle.ACKNOWLEDGED)
    # then nothing was sent again, nobody was bothered, and the journal says it once
    assert len(sent(posts_later, row)) == 1 and not ExceptionCase.objects.exists()
    assert JournalEntry.objects.filter(object_key=row.reference).count() == said
    # when it is posted
    posts_later.posts = True
    look(machine, 125)
    row.refresh_from_db()
    assert (row.condition, row.state, row.awaits_posting_since) == (Condition.SETTLED, Lifecycle.POSTED, None)
    assert JournalEntry.objects.filter(object_key=row.reference, action="posted").count() == 1


def test_a_late_no_is_a_refusal(company: Company, posts_later: Books, machine) -> None:
    row = company.bills(1)
    company.carries("posting")
    posts_later.next_find.append(Rejected("The approver said no.", reason="DIMENSION_MISSING", code="REJECTED"))
    look(machine, 125)
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, row.state) == (Condition.BLOCKED, Lifecycle.ACKNOWLEDGED)
    assert (case.reason, case.evidence["text"]) == ("DIMENSION_MISSING", "The approver said no.")
    assert row.external_id and look(machine, 3600) == 0


def test_what_is_not_posted_within_a_day_becomes_a_case(company: Company, posts_later: Books, machine) -> None:
    row = company.bills(1)
    company.carries("posting")
    for _ in range(25):
        look(machine, 3600)
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, case.reason, case.team) == (Condition.BLOCKED, "NOT_POSTED_YET", "finance")
    assert case.opened_at - row.delivered_at >= results.LONGEST_POSTING
    assert [fix.name for fix in for_case(case)] == ["try_again"]
    assert len(sent(posts_later, row)) == 1
    # when it is posted there after all and looked up again, then the case closes and nothing was sent twice
    posts_later.posts = True
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)
    assert ExceptionCase.objects.get().status == "closed" and len(posts_later.of(row.reference)) == 1


def test_what_was_accepted_and_is_not_to_be_seen_is_not_sent_again(
    company: Company, posts_later: Books, machine
) -> None:
    # given an ERP that accepted and does not show it for a while
    row = company.bills(1)
    company.carries("posting")
    hidden, posts_later.entries = posts_later.entries, []
    look(machine, 310)
    look(machine, 310)
    assert len(sent(posts_later, row)) == 1
    # when it shows it, posted
    posts_later.entries, posts_later.posts = hidden, True
    look(machine, 310)
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)


def test_a_posting_without_a_time_of_its_own_is_asked_for_too(company: Company, erp: Books, machine) -> None:
    # given an ERP that answers "pending approval" and no more
    erp.posts = False
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    assert row.awaits_posting_since is not None
    erp.posts = True
    assert look(machine, results.LOOK_AGAIN.total_seconds() + 1) == 1
    row.refresh_from_db()
    assert row.state == Lifecycle.POSTED


def test_what_is_no_posting_is_done_when_it_is_accepted(company: Company, erp: Books) -> None:
    erp.posts = False
    company.hears(customer(2))
    company.carries("deliver")
    row = Delivery.objects.get(target=company.erp, reference=customer(2).reference)
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.ACKNOWLEDGED)


def test_people_see_accepted_apart_from_in_doubt(company: Company, posts_later: Books, machine) -> None:
    from reconciliation import figures_connections, trail_steps

    row = company.bills(1)
    company.carries("posting")
    company.bills(2)
    posts_later.next.append(LOST_ANSWER)
    company.carries("posting")
    row.refresh_from_db()
    words = trail_steps.standing(row, cases={}, waits={}).text
    assert "accepted it and not posted it yet" in words and "doubt" not in words
    (card,) = [card for card in figures_connections.all_connections() if card.row == company.erp]
    assert dict(card.waiting) == {"In doubt, being looked up": 1, "Accepted there, not posted yet": 1}


# -- a receipt that holds something else --------------------------------------------------------------
@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"total": "99.99", "currency": "USD"}, "AMOUNT_MISMATCH"),
        ({"total": "-100.00"}, "AMOUNT_MISMATCH"),
        ({"total": "a hundred", "currency": "USD"}, "AMOUNT_MISMATCH"),
        ({"total": "NaN"}, "AMOUNT_MISMATCH"),
        ({"total": "sNaN"}, "AMOUNT_MISMATCH"),
        ({"total": "1e999999999"}, "AMOUNT_MISMATCH"),
        ({"total": "100.00", "currency": "EUR"}, "CURRENCY_MISMATCH"),
        ({"currency": "EUR"}, "CURRENCY_MISMATCH"),
    ],
)
@pytest.mark.parametrize("way", ["receipt", "adopted"])
def test_what_the_target_holds_otherwise_is_never_posted(
    company: Company, erp: Books, machine, monkeypatch, held: dict[str, str], reason: str, way: str
) -> None:
    # given an ERP whose own answer shows another amount or currency than was sent
    monkeypatch.setattr(
        PaperErp, "_receipt", lambda self, entry: Receipt(external_id=entry.external_id, posted=True, held=held)
    )
    row = company.bills(1)
    if way == "adopted":
        erp.next.append(LOST_ANSWER)
    company.carries("posting")
    look(machine)
    # then it is a case, not posted, and its id there is kept
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, row.blocked_reason, row.posted_at) == (Condition.BLOCKED, reason, None)
    assert row.state == Lifecycle.ACKNOWLEDGED and case.reason == reason
    assert row.external_id == erp.of(row.reference)[0].external_id
    assert ExternalIdentity.objects.get(reference=row.reference).external_id == row.external_id
    assert not JournalEntry.objects.filter(object_key=row.reference, action="posted").exists()
    # and nothing more is sent by itself
    assert company.carries("posting") == 0 and look(machine, 7200) == 0 and len(erp.of(row.reference)) == 1


def test_the_case_of_a_wrong_amount_names_the_difference_and_can_be_corrected(
    company: Company, erp: Books, machine
) -> None:
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    erp.change(row.reference, total=Decimal("90.00"))
    look(machine)
    case = ExceptionCase.objects.get()
    assert case.amount == Decimal("10.00") and "90.00 instead of 100.00 USD" in case.value
    assert "correct_in_erp" in [fix.name for fix in for_case(case)]
    # when it is corrected after approval
    row.refresh_from_db()
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)
    assert (
        erp.of(row.reference)[0].subject.total == Decimal("100.00") and ExceptionCase.objects.get().status == "closed"
    )


@pytest.mark.parametrize("held", [{}, {"total": ""}, {"total": "100"}, {"total": "100.0000", "currency": "USD"}])
def test_what_agrees_or_says_nothing_is_posted(company: Company, erp: Books, monkeypatch, held: dict[str, str]) -> None:
    monkeypatch.setattr(
        PaperErp, "_receipt", lambda self, entry: Receipt(external_id=entry.external_id, posted=True, held=held)
    )
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    assert row.state == Lifecycle.POSTED


def test_a_customers_currency_there_is_its_own(company: Company, erp: Books, monkeypatch) -> None:
    monkeypatch.setattr(
        PaperErp, "_receipt", lambda self, entry: Receipt(external_id=entry.external_id, held={"currency": "EUR"})
    )
    company.hears(customer(2))
    company.carries("deliver")
    assert Delivery.objects.get(target=company.erp, reference=customer(2).reference).condition == Condition.SETTLED


# -- late workers -------------------------------------------------------------------------------------
def test_a_worker_that_stood_still_before_its_call_sends_nothing(company: Company, erp: Books, machine) -> None:
    # given a worker that claimed and then stood still for five minutes, and nobody who noticed
    row = company.bills(1)
    claims = outbox._claim(company.erp, queue="posting")
    machine.passes(300)
    # when it goes on
    outbox.carry(company.erp, claims)
    # then nothing was sent, and the delivery is due as if it had never been claimed
    row.refresh_from_db()
    assert not sent(erp, row) and Attempt.objects.get(delivery=row).outcome == "not_sent"
    assert (row.condition, row.attempts, row.key_sent_at) == (Condition.DUE, 0, None)
    assert company.carries("posting") == 1 and len(erp.of(row.reference)) == 1


def test_a_worker_that_stood_still_while_another_took_over_sends_nothing(company: Company, erp: Books, machine) -> None:
    # given the same, and a sweeper and another worker that went on without it
    row = company.bills(1)
    claims = outbox._claim(company.erp, queue="posting")
    machine.passes(300)
    sweeper.sweep()
    look(machine)
    company.carries("posting")
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED
    # when it goes on
    outbox.carry(company.erp, claims)
    # then there is one document, and the trail says what became of its claim
    assert len(erp.of(row.reference)) == 1 and len(sent(erp, row)) == 1
    late = Attempt.objects.get(pk=claims[0].attempt.pk)
    assert late.outcome == "late" and "nothing was sent" in late.text
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)


def test_an_answer_that_comes_after_the_lease_was_taken_over_acts_on_nothing(
    company: Company, erp: Books, machine
) -> None:
    # given a call during which the lease ends, and is taken over and looked up by others
    row = company.bills(1)
    claims = outbox._claim(company.erp, queue="posting")
    outcome = outbox.connections.connector_for(company.erp).deliver(claims[0].parcel)
    machine.passes(300)
    sweeper.sweep()
    look(machine)
    before = Delivery.objects.values().get(pk=row.pk)
    # when its answer comes
    outbox.settle(company.erp, [(claims[0], outcome)])
    # then it changes nothing
    assert Delivery.objects.values().get(pk=row.pk) == before and before["state"] == Lifecycle.POSTED
    assert Attempt.objects.get(pk=claims[0].attempt.pk).outcome == "late" and len(erp.of(row.reference)) == 1


def test_a_renewed_lease_lets_what_still_waits_in_the_batch_go(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    (claim,) = outbox._claim(company.erp, queue="posting")
    machine.passes(60)
    outbox._renew([claim.delivery])
    machine.passes(60)
    outbox.carry(company.erp, [claim])
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED


def test_a_lease_that_was_taken_away_is_not_renewed(company: Company, erp: Books, machine) -> None:
    row = company.bills(1)
    (claim,) = outbox._claim(company.erp, queue="posting")
    Delivery.objects.filter(pk=row.pk).update(fence=claim.delivery.fence + 1)
    outbox._renew([claim.delivery])
    outbox.carry(company.erp, [claim])
    assert not sent(erp, row)


def test_a_look_up_that_comes_too_late_is_not_made(company: Company, erp: Books, machine) -> None:
    # given a look-up whose worker stood still, and another that made it meanwhile
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    machine.passes(10)
    claims = doubt._claim(company.erp, 10)
    assert look(machine, 60) == 0
    machine.passes(300)
    looked = len(erp.finds)
    outbox.carry(company.erp, claims, call=doubt._look_up)
    assert len(erp.finds) == looked
    # then it is made by the next one
    assert look(machine) == 1
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED


def test_between_look_up_and_sending_the_lease_is_asked_again(company: Company, erp: Books, machine) -> None:
    # given a later round whose look-up takes longer than the lease
    row = company.bills(1)
    company.carries("posting")
    erp.delete(row.reference)
    row.refresh_from_db()
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    real = erp.of

    def slow(reference: str) -> Any:
        machine.passes(300)
        return real(reference)

    erp.of = slow  # type: ignore[method-assign]
    before = len(sent(erp, row))
    claims = outbox._claim(company.erp, queue="posting")
    outbox.carry(company.erp, claims)
    assert len(sent(erp, row)) == before


# -- two there ----------------------------------------------------------------------------------------
def test_two_there_freeze_it_until_people_settled_it(company: Company, erp: Books, machine) -> None:
    # given an invoice that is in the ERP twice
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    erp.put(erp.of(row.reference)[0].subject)
    look(machine)
    case = ExceptionCase.objects.get()
    # then nothing is sent or looked up any more, not even what comes after it, and there is something to press
    asked, calls = len(erp.finds), len(erp.parcels)
    for _ in range(5):
        company.carries("posting")
        look(machine, 7200)
        sweeper.sweep()
    assert (len(erp.finds), len(erp.parcels)) == (asked, calls)
    assert case.reason == "DUPLICATE_AT_TARGET" and [fix.name for fix in for_case(case)] == ["try_again"]
    # when it is tried while both are there, then it is frozen again
    row.refresh_from_db()
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    company.carries("posting")
    row.refresh_from_db()
    assert row.condition == Condition.BLOCKED and len(erp.parcels) == calls
    # when one was taken away there, then the other is adopted and nothing was sent
    erp.entries.pop()
    with transaction.atomic():
        rounds.repost(row, operation_note="approved")
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.state) == (Condition.SETTLED, Lifecycle.POSTED)
    assert len(erp.parcels) == calls and ExceptionCase.objects.get().status == "closed"


# -- outcomes, apart ----------------------------------------------------------------------------------
def test_a_wait_is_never_shorter_than_asked_and_never_longer_than_a_day() -> None:
    for tries in range(20):
        assert outcomes.back_off(tries, asked=120.0) >= timedelta(seconds=120)
        assert outcomes.back_off(tries, asked=1e12) <= timedelta(days=1)


def takes_others(company: Company, number: int) -> None:
    """The ERP takes another document."""
    other = company.bills(number)
    company.carries("posting")
    other.refresh_from_db()
    assert other.condition == Condition.SETTLED


def never_arrives(erp: Books, *rows: Delivery) -> None:
    """Every sending of these ends in an error after which nobody knows, and nothing is there."""

    def breaks(parcel: Parcel) -> None:
        if parcel.reference in {row.reference for row in rows}:
            raise OutcomeUnknown("500", http_status=500)

    erp.during_deliver = breaks


def goes_round(company: Company, machine) -> None:
    company.carries("posting")
    look(machine, 70)
    machine.passes(600)


def test_one_object_the_target_never_takes_while_it_takes_others_is_one_case(
    company: Company, erp: Books, machine
) -> None:
    row = company.bills(1)
    never_arrives(erp, row)
    for number in range(40):
        goes_round(company, machine)
        takes_others(company, 100 + number)
        sweeper.sweep()
    row.refresh_from_db()
    # then it was sent so many times, each under a key of its own and looked up afterwards; nothing is unknown
    assert (row.condition, row.blocked_reason, row.in_doubt_since) == (Condition.BLOCKED, "TARGET_UNAVAILABLE", None)
    assert len(sent(erp, row)) == results.MOST_TRIES == len({parcel.request_key for parcel in sent(erp, row)})
    case = ExceptionCase.objects.get()
    assert (case.delivery_id, case.evidence["text"]) == (row.pk, "500")
    # when it is released, it is looked up first, and the ERP takes it
    erp.during_deliver = None
    with transaction.atomic():
        rounds.release_blocked([row.pk])
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.tries, row.missed_at) == (Condition.SETTLED, 0, None)
    assert len(erp.of(row.reference)) == 1 and ExceptionCase.objects.get().status == "closed"


def test_one_object_that_is_never_taken_is_a_case_also_where_there_is_no_other(
    company: Company, erp: Books, machine
) -> None:
    row = company.bills(1)
    never_arrives(erp, row)
    for _ in range(20):
        goes_round(company, machine)
    assert ExceptionCase.objects.get().delivery_id == row.pk


def test_a_target_that_takes_nothing_at_all_is_one_case_and_not_one_for_each_object(
    company: Company, erp: Books, machine
) -> None:
    # given an ERP that can be asked and takes nothing
    rows = [company.bills(number) for number in range(1, 6)]
    never_arrives(erp, *rows)
    for _ in range(40):
        goes_round(company, machine)
    # then the first one speaks for all
    assert ExceptionCase.objects.get().delivery_id == rows[0].pk
    # and when the ERP takes documents again, the others go by themselves
    erp.during_deliver = None
    for _ in range(3):
        machine.passes(3600)
        goes_round(company, machine)
    others = Delivery.objects.filter(pk__in=[row.pk for row in rows[1:]])
    assert set(others.values_list("condition", flat=True)) == {Condition.SETTLED}
    assert ExceptionCase.objects.count() == 1


def test_an_object_sent_again_more_often_than_a_small_number_holds_takes_no_batch_down(
    company: Company, erp: Books, machine
) -> None:
    row, other = company.bills(1), company.bills(2)
    Delivery.objects.filter(pk=row.pk).update(generation=32_767)
    erp.next.extend([LOST_CALL] * 2)
    goes_round(company, machine)
    company.carries("posting")
    row.refresh_from_db(), other.refresh_from_db()
    assert (row.generation, row.condition, other.condition) == (32_768, Condition.SETTLED, Condition.SETTLED)
