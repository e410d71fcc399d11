"""What is owed: an older version never goes after a newer one, in whatever order they come; documents are never
skipped.
"""

from dataclasses import replace

import pytest
from django.db import transaction

from connectors.errors import Rejected, Unavailable
from reconciliation.models import ExceptionCase
from sync import doubt, outbox, owing, parcels, rounds
from sync.models import Attempt, Delivery, ExternalIdentity
from sync.states import Condition
from tests.paper_erp import LOST_ANSWER, LOST_CALL
from tests.small_company import Company, account_id, customer


def owed(company: Company, version: int, **values: object) -> Delivery:
    """A version of customer 1, owed to the ERP only, in the order the test says."""
    newest = Delivery.objects.filter(target=company.erp).latest("pk")
    row = Delivery.objects.get(pk=newest.pk)
    shape = replace(parcels.subject_of(row), version=version, name=f"Name {version}")
    row.pk, row.version, row.subject = None, version, owing.text(shape)
    row.delivery_key = f"{row.reference}@{version}:put"
    row.condition, row.fence, row.attempts, row.external_id = Condition.DUE, 0, 0, ""
    row.state, row.blocked_reason, row.key_sent_at, row.find_first = "transformed", "", None, False
    for name, value in values.items():
        setattr(row, name, value)
    with transaction.atomic():
        (saved,) = outbox.owe_direct([(row, ())])
    return Delivery.objects.get(pk=saved.pk)


@pytest.fixture
def erp_only(company: Company, paper) -> Company:
    """Customer 1 in version 5, owed to the ERP alone."""
    company.hears(customer(1, version=5, name="Name 5"))
    Delivery.objects.filter(target=company.billing).delete()
    return company


@pytest.mark.parametrize("newer", ["due", "claimed", "in_doubt", "blocked", "settled"])
def test_an_older_version_owed_late_is_superseded_at_once(erp_only: Company, paper, newer: str) -> None:
    # given a newer version, wherever it stands
    Delivery.objects.update(condition=newer, blocked_reason="X", due_at="2027-01-01T00:00Z")
    # when an older one is owed after it
    late = owed(erp_only, 4)
    # then it is never sent
    assert late.condition == Condition.SUPERSEDED
    erp_only.carries("deliver")
    assert not paper("erp").parcels


def test_an_older_version_is_superseded_where_the_target_is_known_to_hold_a_newer_one(erp_only: Company) -> None:
    # given an ERP that held version 9 before the portal came
    ExternalIdentity.objects.create(
        connection=erp_only.erp,
        kind="customer",
        reference=f"customer:{account_id(1)}",
        external_id="7",
        version=9,
        since="2026-05-01T00:00Z",
    )
    assert owed(erp_only, 8).condition == Condition.SUPERSEDED
    assert owed(erp_only, 10).condition == Condition.DUE


def test_a_newer_version_that_was_withdrawn_does_not_stand_in_the_way(erp_only: Company) -> None:
    Delivery.objects.update(condition="withdrawn")
    assert owed(erp_only, 4).condition == Condition.DUE


def test_two_versions_owed_at_the_same_moment_are_sorted_out_when_they_are_claimed(erp_only: Company, paper) -> None:
    # given two transactions that did not see each other: the older version has the later row
    late = owed(erp_only, 6)
    Delivery.objects.filter(pk=late.pk).update(version=4)
    Delivery.objects.update(condition="due")
    # when both are carried
    erp_only.carries("deliver")
    # then the newer one went and the older one did not
    assert [parcel.subject.version for parcel in paper("erp").parcels] == [5]
    late.refresh_from_db()
    assert late.condition == Condition.SUPERSEDED and not Attempt.objects.filter(delivery=late).exists()


@pytest.mark.parametrize("fate", [Unavailable("down"), LOST_CALL])
def test_an_older_version_that_failed_is_not_sent_again_after_a_newer_one_was_owed(
    erp_only: Company, paper, machine, fate
) -> None:
    # given version 5 under way while version 6 is owed, and no luck with it
    (claim,) = outbox._claim(erp_only.erp, queue="deliver")
    newer = owed(erp_only, 6)
    paper("erp").next.append(fate)
    outbox.carry(erp_only.erp, [claim])
    # when everything that may go, goes
    for _ in range(4):
        machine.passes(120)
        doubt.clear_due()
        erp_only.carries("deliver")
    # then version 6 was the last and only other one, and 5 is superseded
    assert [parcel.subject.version for parcel in paper("erp").parcels] == [5, 6]
    newer.refresh_from_db()
    assert newer.condition == Condition.SETTLED
    assert Delivery.objects.get(pk=claim.delivery.pk).condition == Condition.SUPERSEDED
    assert paper("erp").entries[-1].subject.version == 6


def test_a_newer_version_waits_beside_an_older_one_that_may_be_arriving(erp_only: Company, paper, machine) -> None:
    # given the older version in doubt, although its row is the later one
    late = owed(erp_only, 6)
    Delivery.objects.update(condition="due")
    Delivery.objects.filter(pk=late.pk).update(version=4, condition="in_doubt", due_at="2027-01-01T00:00Z")
    # then the newer one is not sent beside it
    assert erp_only.carries("deliver") == 0 and not paper("erp").parcels


def test_a_case_of_an_older_version_owed_late_closes_by_itself(erp_only: Company, paper) -> None:
    # given version 5 refused
    paper("erp").next.append(Rejected("no", reason="DIMENSION_MISSING"))
    erp_only.carries("deliver")
    assert ExceptionCase.objects.get().status == "open"
    # when version 6 is owed
    owed(erp_only, 6)
    # then nobody need look at 5
    case = ExceptionCase.objects.get()
    assert (case.status, case.resolution) == ("closed", "superseded")


def test_a_blocked_invoice_holds_back_a_later_correction_of_it(company: Company, paper, machine) -> None:
    # given an invoice the ERP refused, and a correction of the same invoice owed after it
    company.sells(1)
    row = company.bills(1)
    paper("erp").next.append(Rejected("no", reason="DIMENSION_MISSING"))
    company.carries("posting")
    correction = Delivery.objects.get(pk=row.pk)
    correction.pk, correction.version, correction.operation = None, 2, "correct"
    correction.delivery_key = f"{row.reference}@2:correct"
    correction.condition, correction.blocked_reason = Condition.DUE, ""
    with transaction.atomic():
        outbox.owe_direct([(correction, ())])
    sent = len(paper("erp").parcels)
    # then it is not skipped, and the correction waits for it
    machine.passes(7200)
    assert company.carries("posting") == 0 and len(paper("erp").parcels) == sent
    row.refresh_from_db()
    assert row.condition == Condition.BLOCKED
    # when the first is let go, then both go in their order
    with transaction.atomic():
        rounds.release_blocked([row.pk])
    company.carries("posting")
    assert [parcel.operation for parcel in paper("erp").parcels[sent:]] == ["put", "correct"]


def test_a_later_round_of_a_customer_is_sent_although_an_older_version_is_there(
    erp_only: Company, paper, machine
) -> None:
    # given version 5 in the ERP, and version 6 refused
    erp_only.carries("deliver")
    newer = owed(erp_only, 6)
    paper("erp").next.append(Rejected("no", reason="DIMENSION_MISSING"))
    erp_only.carries("deliver")
    # when it is tried again after approval: looked up first
    newer.refresh_from_db()
    with transaction.atomic():
        rounds.repost(newer, operation_note="approved")
    erp_only.carries("deliver")
    # then the older version found there is not taken for it
    assert paper("erp").entries[-1].subject.version == 6 and len(paper("erp").entries) == 1
    newer.refresh_from_db()
    assert newer.condition == Condition.SETTLED


def test_an_adopted_answer_is_never_older_than_what_was_lost(erp_only: Company, paper, machine) -> None:
    paper("erp").next.append(LOST_ANSWER)
    erp_only.carries("deliver")
    machine.passes(60)
    assert doubt.clear_due() == 1
    assert Delivery.objects.get().condition == Condition.SETTLED
