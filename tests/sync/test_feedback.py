"""What the CRM shows: merged per record, sent when it has rested, newest wins, and never a reason to stop."""

import json

from connectors.errors import Rejected
from reconciliation.models import ExceptionCase
from sync import feedback, sweeper
from sync.models import CrmStatusRecord, Delivery
from sync.states import Condition
from tests.small_company import Company, customer, deal, deal_id

DEAL = f"feedback:Opportunity:{deal_id(1)}"


def note(company: Company, **fields: str) -> None:
    feedback.put(
        [
            feedback.Note(
                connection_id=company.crm.pk,
                crm_object="Opportunity",
                record_id=deal_id(1),
                correlation_id="deal:1",
                fields=fields,
            )
        ]
    )


def test_facts_about_one_record_are_merged_and_sent_as_one(company: Company, paper, machine) -> None:
    # given several facts about one deal within a moment
    note(company, billing_status="Accepted")
    note(company, billing_status="Active", subscription="sub_1")
    assert feedback.owe_due() == 0
    # when the record has rested
    machine.passes(feedback.COALESCE.total_seconds() + 1)
    assert sweeper.send_feedback() == 2  # one owed, one carried
    # then one update shows all of it
    (parcel,) = paper("crm").parcels
    assert dict(parcel.subject.fields) == {"billing_status": "Active", "subscription": "sub_1"}


def test_saying_the_same_again_sends_nothing(company: Company, machine) -> None:
    note(company, billing_status="Active")
    machine.passes(60)
    sweeper.send_feedback()
    note(company, billing_status="Active")
    machine.passes(60)
    assert sweeper.send_feedback() == 0
    assert CrmStatusRecord.objects.get().version == 1


def test_a_newer_status_replaces_one_that_was_not_sent_yet(company: Company, paper, machine) -> None:
    for status in ("Accepted", "Active"):
        note(company, billing_status=status)
        machine.passes(60)
        feedback.owe_due()
    assert [row.condition for row in Delivery.objects.order_by("version")] == [Condition.SUPERSEDED, Condition.DUE]
    company.carries("notify")
    assert [dict(parcel.subject.fields)["billing_status"] for parcel in paper("crm").parcels] == ["Active"]


def test_a_deal_tells_its_seller_how_far_it_is(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    company.settles()
    fields = CrmStatusRecord.objects.get(reference=DEAL).fields
    assert fields["billing_status"] == "Active" and fields["invoice_number"] == "INV-0001"
    assert fields["invoice_status"] == "Posted 2026-05-13" and fields["link"].endswith(f"/t/deal:{deal_id(1)}")


def test_a_status_the_crm_refuses_holds_up_nothing_else(company: Company, paper, machine) -> None:
    # given a CRM that refuses our status
    company.sells(1)
    paper("crm").next.extend([Rejected("no such field", reason="FEEDBACK_REFUSED")] * 5)
    machine.passes(60)
    sweeper.send_feedback()
    # then support sees it, and billing goes on
    assert set(ExceptionCase.objects.values_list("reason", "team")) == {("FEEDBACK_REFUSED", "integration")}
    company.bills(1)
    company.settles()
    assert Delivery.objects.get(kind="invoice").condition == Condition.SETTLED
    assert not Delivery.objects.filter(kind="feedback", is_required=True).exists()


def test_a_status_is_no_identity_of_the_record(company: Company, machine) -> None:
    company.hears(customer(1), deal(1))
    machine.passes(60)
    sweeper.send_feedback()
    row = Delivery.objects.filter(kind="feedback").first()
    assert row is not None and json.loads(row.subject)["kind"] == "feedback"
    assert not company.crm.identities.exists()
