"""What is owed: once, in order, when its needs are there, within limits, and never twice at the same time."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from connectors.errors import Misconfigured, Rejected, Unavailable
from reconciliation.models import ExceptionCase
from sync import connections, doubt, keys, outbox
from sync.models import Attempt, ConnectionHealth, Delivery, DeliveryNeed, ExternalIdentity
from sync.states import Condition, Lifecycle
from tests.small_company import Company, account_id, allocation, customer, deal, payment


# -- owing --------------------------------------------------------------------------------------------
def test_a_delivery_goes_out_frozen_under_its_three_names(company: Company, paper) -> None:
    company.hears(customer(1))
    company.carries("deliver")
    (parcel,) = paper("erp").parcels
    row = Delivery.objects.get(target=company.erp)
    assert parcel.reference == f"customer:{account_id(1)}"
    assert parcel.delivery_key == f"customer:{account_id(1)}@1:put"
    assert parcel.request_key == keys.request_key(row.delivery_key, target="erp", round_number=1, generation=1)
    assert len(parcel.request_key) <= 64
    assert (row.state, row.condition, row.external_id) == (Lifecycle.POSTED, Condition.SETTLED, "customer-1")
    assert Attempt.objects.get(delivery=row).outcome == "receipt"


def test_the_same_thing_is_owed_once(company: Company) -> None:
    company.hears(customer(1))
    row = Delivery.objects.get(target=company.erp)
    again = Delivery.objects.get(pk=row.pk)
    again.pk = None
    outbox.owe_direct([(again, ())])
    assert Delivery.objects.filter(target=company.erp).count() == 1


def test_two_live_targets_of_one_role_are_refused_by_the_database(company: Company) -> None:
    company.hears(customer(1))
    row = Delivery.objects.get(target=company.erp)
    row.pk, row.target = None, company.crm
    with pytest.raises(IntegrityError, match="one_live_target_per_role"), transaction.atomic():
        row.save(force_insert=True)


def test_a_child_waits_until_its_parent_is_there(company: Company, paper) -> None:
    # given a subsidiary, heard of before its parent was carried
    company.hears(customer(1), customer(2, parent_reference=f"customer:{account_id(1)}"))
    child = Delivery.objects.get(target=company.erp, reference=f"customer:{account_id(2)}")
    assert (child.condition, child.waits_for) == (Condition.WAITING, f"customer:{account_id(1)}")
    # when everything is carried
    company.carries("deliver")
    # then parents came first
    assert [parcel.reference[-1] for parcel in paper("erp").parcels] == ["1", "2"]
    # and the child was told the parent's name there
    assert paper("erp").parcels[1].known == {f"customer:{account_id(1)}": "customer-1"}


def test_a_need_counts_only_where_it_is_needed(company: Company) -> None:
    # given a customer the ERP holds and billing does not
    company.hears(customer(1))
    ExternalIdentity.objects.create(
        connection=company.erp,
        kind="customer",
        reference=f"customer:{account_id(1)}",
        external_id="7",
        since="2026-05-01T00:00Z",
    )
    # when a deal is owed to billing
    company.hears(deal(1))
    # then it waits all the same
    assert Delivery.objects.get(kind="contract").condition == Condition.WAITING


def test_a_delivery_with_two_needs_waits_for_both(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    company.hears(payment(1), allocation(1), source=company.billing)
    applied = Delivery.objects.get(kind="allocation")
    assert DeliveryNeed.objects.filter(delivery=applied).count() == 2
    for reference, left in (("payment:paper:pi_1", Condition.WAITING), ("invoice:paper:in_1", Condition.DUE)):
        ExternalIdentity.objects.create(
            connection=company.erp, kind="x", reference=reference, external_id=reference, since="2026-05-01T00:00Z"
        )
        outbox.release_needs([(company.erp.pk, reference)])
        applied.refresh_from_db()
        assert applied.condition == left


# -- order and superseding ----------------------------------------------------------------------------
def test_one_serial_key_is_carried_one_at_a_time_and_in_order(company: Company, paper) -> None:
    # given two applications to one invoice
    company.sells(1)
    company.bills(1)
    company.hears(payment(1), payment(2), source=company.billing)
    company.settles()
    company.hears(allocation(1, amount="60.00"), allocation(2, amount="40.00"), source=company.billing)
    first, second = Delivery.objects.filter(kind="allocation").order_by("pk")
    assert first.serial_key == second.serial_key
    # when they are claimed, then the second is not touched while the first is under way
    claims = outbox._claim(company.erp, queue="posting")
    assert [claim.delivery.pk for claim in claims] == [first.pk]
    assert outbox._claim(company.erp, queue="posting") == []
    outbox.carry(company.erp, claims)
    assert [claim.delivery.pk for claim in outbox._claim(company.erp, queue="posting")] == [second.pk]


@pytest.mark.parametrize("condition", ["blocked", "in_doubt", "waiting", "held"])
def test_nothing_overtakes_an_unfinished_delivery_of_its_serial_key(company: Company, condition: str) -> None:
    company.sells(1)
    company.bills(1)
    company.hears(payment(1), payment(2), source=company.billing)
    company.settles()
    company.hears(allocation(1, amount="60.00"), allocation(2, amount="40.00"), source=company.billing)
    first = Delivery.objects.filter(kind="allocation").earliest("pk")
    values = {
        "blocked_reason": "UNAPPLIED_CASH",
        "waits_for": "x",
        "held_until": "2027-01-01T00:00Z",
        "due_at": "2027-01-01T00:00Z",
    }
    Delivery.objects.filter(pk=first.pk).update(condition=condition, **values)
    assert company.carries("posting") == 0


def test_two_under_way_on_one_serial_key_are_refused_by_the_database(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    company.hears(payment(1), allocation(1, amount="60.00"), allocation(2, amount="40.00"), source=company.billing)
    with pytest.raises(IntegrityError, match="one_under_way_per_serial_key"), transaction.atomic():
        Delivery.objects.filter(kind="allocation").update(condition="claimed")


@pytest.mark.parametrize("condition", ["due", "waiting", "held", "blocked"])
def test_a_newer_version_of_a_customer_replaces_an_older_one_not_yet_sent(company: Company, condition: str) -> None:
    company.hears(customer(1))
    Delivery.objects.update(condition=condition, waits_for="x", held_until="2027-01-01T00:00Z", blocked_reason="X")
    company.hears(customer(1, version=2, name="New name"))
    old = Delivery.objects.get(target=company.erp, version=1)
    assert (old.condition, old.blocked_reason) == (Condition.SUPERSEDED, "")


@pytest.mark.parametrize("condition", ["claimed", "in_doubt"])
def test_a_newer_version_does_not_replace_one_that_may_have_arrived(company: Company, condition: str) -> None:
    company.hears(customer(1))
    Delivery.objects.update(condition=condition)
    company.hears(customer(1, version=2, name="New name"))
    assert Delivery.objects.get(target=company.erp, version=1).condition == condition
    assert company.carries("deliver") == 0


def test_a_document_is_never_skipped_for_a_newer_one(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    company.bills(2)
    assert set(Delivery.objects.filter(kind="invoice").values_list("condition", flat=True)) == {Condition.DUE}
    row = Delivery.objects.filter(kind="invoice").first()
    assert row is not None and not row.is_state_like


# -- refusals, pauses, limits -------------------------------------------------------------------------
def test_a_refusal_blocks_that_one_with_one_case_and_the_others_go_on(company: Company, paper) -> None:
    # given an ERP that refuses the first customer
    paper("erp").next.append(
        Rejected("Please enter a value.", reason="DIMENSION_MISSING", field="Department", code="USER_ERROR")
    )
    company.hears(customer(1), customer(2))
    # when they are carried
    company.carries("deliver")
    # then one is blocked where it stood, with the ERP's words as evidence, and the other is there
    row = Delivery.objects.get(target=company.erp, reference=f"customer:{account_id(1)}")
    assert (row.condition, row.blocked_reason, row.state) == (
        Condition.BLOCKED,
        "DIMENSION_MISSING",
        Lifecycle.TRANSFORMED,
    )
    case = ExceptionCase.objects.get()
    assert (case.delivery, case.team, case.field) == (row, "finance", "Department")
    assert case.evidence == {"text": "Please enter a value.", "code": "USER_ERROR"}
    assert len(paper("erp").entries) == 1
    # and it is not tried again by itself
    assert company.carries("deliver") == 0


def test_a_wrong_set_up_pauses_the_connection_with_one_case_for_all(company: Company, paper) -> None:
    # given an ERP that does not let us in any more
    paper("erp").next.extend([Misconfigured("invalid login", reason="AUTH_EXPIRED")] * 50)
    company.hears(*(customer(number) for number in range(1, 6)))
    # when
    company.carries("deliver")
    # then one case, on the connection; nothing else is blocked and billing went on
    case = ExceptionCase.objects.get()
    assert (case.connection, case.reason) == (company.erp, "AUTH_EXPIRED")
    assert set(Delivery.objects.filter(target=company.erp).values_list("condition", flat=True)) == {Condition.DUE}
    assert set(Delivery.objects.filter(target=company.billing).values_list("condition", flat=True)) == {
        Condition.SETTLED
    }
    assert company.carries("deliver") == 0
    # when it is mended and resumed
    paper("erp").next.clear()
    connections.resume(company.erp, note="Reconnected")
    company.carries("deliver")
    # then everything went through and the case closed by itself
    assert not Delivery.objects.exclude(condition=Condition.SETTLED).exists()
    case.refresh_from_db()
    assert case.status == "closed"


def test_a_wrong_set_up_does_not_count_as_a_try(company: Company, paper) -> None:
    paper("erp").next.append(Misconfigured("invalid login"))
    company.hears(customer(1))
    company.carries("deliver")
    assert Delivery.objects.get(target=company.erp).attempts == 0


@pytest.mark.parametrize("asked", [120.0, 7200.0])
def test_the_wait_an_erp_asks_for_is_kept(company: Company, paper, machine, asked: float) -> None:
    # given an ERP that is busy and says for how long
    paper("erp").next.append(Unavailable("busy", retry_after=asked, reason="RATE_LIMIT"))
    company.hears(customer(1))
    company.carries("deliver")
    row = Delivery.objects.get(target=company.erp)
    assert row.condition == Condition.DUE and Attempt.objects.get(delivery=row).outcome == "unavailable"
    # then it is not asked again before
    machine.passes(asked - 5)
    assert company.carries("deliver") == 0 and not ExceptionCase.objects.exists()
    machine.passes(10)
    assert company.carries("deliver") == 1


def test_without_being_asked_the_wait_grows_and_stays_below_its_limit() -> None:
    from sync import results

    for tries in range(40):
        wait = results.back_off(tries)
        assert timedelta(seconds=0.5) <= wait <= timedelta(seconds=results.BACK_OFF_LONGEST)
    assert max(results.back_off(1) for _ in range(200)) <= timedelta(seconds=4)


def test_failures_in_a_row_open_the_breaker_and_a_success_closes_it(company: Company, paper, machine) -> None:
    # given an ERP that is down
    paper("erp").next.extend([Unavailable("down")] * 8)
    company.hears(*(customer(number) for number in range(1, 9)))
    Delivery.objects.filter(target=company.billing).delete()
    company.carries("deliver")
    # then nothing is sent for a while
    health = ConnectionHealth.objects.get(connection=company.erp)
    assert health.breaker_open_until and health.breaker_open_until > machine()
    machine.passes(30)
    sent = len(paper("erp").parcels)
    assert company.carries("deliver") == 0 and len(paper("erp").parcels) == sent
    # when the rest is over and it works again
    machine.passes(90)
    company.carries("deliver")
    health.refresh_from_db()
    assert health.breaker_open_until is None and health.recent_failures == 0


def test_failures_far_apart_do_not_open_the_breaker(company: Company, machine) -> None:
    for _ in range(connections.BREAKER_FAILURES * 2):
        connections.note_outcome(company.erp, worked=0, failed=1)
        machine.passes(31)
    assert ConnectionHealth.objects.get(connection=company.erp).breaker_open_until is None


def test_the_bucket_of_a_connection_bounds_its_calls(company: Company, machine) -> None:
    # given five calls a second
    company.erp.rate_per_second, company.erp.concurrency = 5, 100
    company.erp.save()
    with transaction.atomic():
        taken = connections.take_calls(company.erp, wanted=100, batch_size=1)
        more = connections.take_calls(company.erp, wanted=100, batch_size=1)
    assert (taken, more) == (5, 0)
    machine.passes(1)
    with transaction.atomic():
        assert connections.take_calls(company.erp, wanted=100, batch_size=1) == 5


def test_the_slots_of_a_connection_bound_what_is_under_way(company: Company) -> None:
    company.erp.concurrency = 2
    company.erp.save()
    company.hears(*(customer(number) for number in range(1, 6)))
    assert len(outbox._claim(company.erp, queue="deliver")) == 2
    assert outbox._claim(company.erp, queue="deliver") == []


def test_look_ups_take_slots_too_as_long_as_their_lease_lasts(company: Company, paper, machine) -> None:
    # given three slots, and ten customers of twenty in doubt
    company.erp.concurrency = 3
    company.erp.save()
    company.hears(*(customer(number) for number in range(1, 21)))
    Delivery.objects.filter(target=company.billing).delete()
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))[:10]
    Delivery.objects.filter(pk__in=ids).update(condition=Condition.IN_DOUBT, in_doubt_since=machine(), due_at=machine())
    # then whoever claims, three calls are under way, whatever they are for
    assert len(doubt._claim(company.erp, 2)) == 2
    assert len(outbox._claim(company.erp, queue="deliver")) == 1
    assert outbox._claim(company.erp, queue="deliver") == doubt._claim(company.erp, 50) == []
    # and what a dead worker was looking up takes none any more
    machine.passes(outbox.LEASE.total_seconds() + 1)
    assert len(doubt._claim(company.erp, 50)) == 2


def test_two_workers_never_claim_the_same_delivery(committed_company: Company, in_threads) -> None:
    # given forty deliveries and four workers at the same moment
    company = committed_company
    company.erp.concurrency = 1000
    company.erp.save()
    company.hears(*(customer(number) for number in range(1, 41)))
    # when
    claimed = in_threads(
        lambda _: [claim.delivery.pk for _ in range(4) for claim in outbox._claim(company.erp, queue="deliver")],
        [1, 2, 3, 4],
    )
    # then each is claimed once, with one attempt
    assert not [one for one in claimed if isinstance(one, Exception)]
    every = [pk for one in claimed for pk in one]
    assert len(every) == len(set(every)) == 40
    assert Attempt.objects.count() == 40


def test_a_delivery_somebody_holds_is_passed_over_and_not_waited_for(committed_company: Company, in_threads) -> None:
    # given two deliveries, one of them locked by somebody else
    company = committed_company
    company.hears(customer(1), customer(2))
    held, free = Delivery.objects.filter(target=company.erp).order_by("pk")

    def claim(_: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        return [claim.delivery.pk for claim in outbox._claim(company.erp, queue="deliver")]

    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=held.pk)
        # when a worker claims, then it takes the other one at once
        assert in_threads(claim, [1]) == [[free.pk]]


def test_no_transaction_is_open_while_a_call_is_made(committed_company: Company, paper, in_threads) -> None:
    # given a look through another connection from inside the call
    company, seen = committed_company, []

    def look(parcel) -> None:
        row = Delivery.objects.select_for_update(nowait=True)
        with transaction.atomic():
            found = row.get(target=company.erp)
            seen.append((found.condition, Attempt.objects.get(delivery=found).outcome))

    paper("erp").during_deliver = lambda parcel: in_threads(lambda _: look(parcel), [1])
    company.hears(customer(1))
    company.carries("deliver")
    # then the row was claimed, its attempt written, and nobody held its lock
    assert seen == [("claimed", "sent")]


# -- fence --------------------------------------------------------------------------------------------
def test_an_outcome_that_comes_after_its_lease_acts_on_nothing(company: Company, paper) -> None:
    # given a worker whose call takes so long that the delivery was taken from it
    company.hears(customer(1))
    claims = outbox._claim(company.erp, queue="deliver")
    Delivery.objects.filter(pk=claims[0].delivery.pk).update(fence=claims[0].delivery.fence + 1, condition="in_doubt")
    # when its answer comes after all
    outbox.carry(company.erp, claims)
    # then it is noted as late and changes nothing
    row = Delivery.objects.get(pk=claims[0].delivery.pk)
    assert (row.condition, row.external_id) == ("in_doubt", "")
    assert Attempt.objects.get().outcome == "late" and not ExternalIdentity.objects.exists()


def test_leases_are_renewed_while_calls_run(company: Company, paper, machine, monkeypatch) -> None:
    monkeypatch.setattr(outbox, "RENEW_EVERY", 0.01)
    leases: list[object] = []
    real = outbox._renew
    renewed = threading.Event()

    def renew(rows) -> None:
        machine.passes(20)
        real(rows)
        leases.append(Delivery.objects.get(pk=rows[0].pk).lease_until)
        renewed.set()

    monkeypatch.setattr(outbox, "_renew", renew)
    paper("erp").during_deliver = lambda parcel: renewed.wait(10)
    company.hears(customer(1))
    claims = outbox._claim(company.erp, queue="deliver")
    before = Delivery.objects.get(pk=claims[0].delivery.pk).lease_until
    outbox.carry(company.erp, claims)
    assert leases and leases[0] > before
