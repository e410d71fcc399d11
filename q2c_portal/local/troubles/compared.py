"""What only comparing finds: edits behind everybody's back, things set up by hand, and a control that cannot run."""

from datetime import timedelta

from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync import bill_dates, clock
from sync.models import CrmStatusRecord


def billing_cannot_be_read(stage: Stage) -> None:
    with stage.fault(stage.stripe, kind="status", status=503, path="/v1/invoices", method="GET", times=None):
        stage.control("invoices")


def stopped_by_hand(stage: Stage) -> None:
    """Somebody deletes the draft of an invoice at Stripe; the contract has been running for ten days."""
    begins = stage.today - timedelta(days=10)
    deal = stage.sell("Ivory Pianos", stage.line(), Effective_Date__c=begins.isoformat())
    for draft in stage.stripe.get("invoices", subscription=stage.subscription_of(deal)["id"])["data"]:
        stage.stripe.remove("invoice", draft["id"])
    bill_dates.look(stage.world.entity, on=stage.today)


def renewal_nobody_decides(stage: Stage) -> None:
    """A contract of a year that began eleven months ago."""
    begins = stage.today - timedelta(days=350)
    stage.sell("Jasper Stone", stage.line(), Effective_Date__c=begins.isoformat(), Contract_Term_Months__c=12)
    bill_dates.look(stage.world.entity, on=stage.today)


def customer_made_twice(stage: Stage) -> None:
    place = {"BillingStreet": "1 Harbour Road", "BillingPostalCode": "02110", "BillingCity": "Boston"}
    for _ in range(2):
        stage.account("Kodiak Ice", **place)
    stage.rest()
    stage.control("customers_once")


def moved_abroad(stage: Stage) -> None:
    stage.billed("Larch Timber", stage.line())
    account = {"Id": stage.accounts["Larch Timber"], "BillingCountry": "Canada"}
    stage.salesforce.update("Account", [account])
    stage.rest()
    stage.control("master_data")


def journal_typed_by_hand(stage: Stage) -> None:
    answer = stage.netsuite.http.post(
        "/services/rest/record/v1/journalEntry",
        json={
            "subsidiary": {"id": "1"}, "tranDate": stage.today.isoformat(), "memo": "Reclass",
            "line": {"items": [{"account": {"id": "122"}, "debit": 40.0}, {"account": {"id": "400"}, "credit": 40.0}]},
        },
    )  # fmt: skip
    answer.raise_for_status()
    stage.control("outside_journals")


def another_end(stage: Stage) -> None:
    deal = stage.sell("Merlin Maps", stage.line(), Contract_Term_Months__c=12)
    stage.salesforce.edit("Opportunity", deal, Contract_Term_Months__c=24)
    stage.control("contract_terms")


def shown_otherwise(stage: Stage) -> None:
    deal, _ = stage.billed("Nectar Bees", stage.line())
    stage.sellers_are_told()
    # what was shown a moment ago is not looked at yet
    CrmStatusRecord.objects.filter(crm_record_id__startswith=deal[:15]).update(
        changed_at=clock.now() - timedelta(hours=1)
    )
    stage.salesforce.edit("Opportunity", deal, Q2C_Billing_Status__c="Nobody knows")
    stage.control("shown")


def open_amount_edited(stage: Stage) -> None:
    _, invoice = stage.billed("Osprey Drones", stage.line())
    stage.netsuite.edit("invoice", stage.posted(invoice)["id"], amountRemaining=100.0)
    stage.control("open_items")


def changed_and_not_told(stage: Stage) -> None:
    first = stage.sell("Tern Optics", stage.line())
    change = stage.change(first, "Upsell", 2, stage.line(price="600.00"), customer="Tern Optics", on=stage.today)
    stage.salesforce.edit("Opportunity", change, Modification_Number__c=3)
    stage.control("contract_terms")


TROUBLES = (
    Trouble(reason="CONTROL_NOT_RUN", story="billing cannot be read", cause=billing_cannot_be_read),
    Trouble(reason="NOT_BILLED", story="the draft of its invoice was deleted", cause=stopped_by_hand),
    Trouble(reason="RENEWAL_UNDECIDED", story="a contract ends in two weeks", cause=renewal_nobody_decides),
    Trouble(reason="CUSTOMER_TWICE", story="a customer is made twice in the CRM", cause=customer_made_twice),
    Trouble(reason="MASTER_DATA_CHANGED", story="a billed customer moves to another country", cause=moved_abroad),
    Trouble(reason="OUTSIDE_JOURNAL", story="a journal is typed into the ERP", cause=journal_typed_by_hand),
    Trouble(reason="CONTRACT_TERM_DIFFERS", story="the CRM has another end than was signed", cause=another_end),
    Trouble(reason="SHOWN_DIFFERS", story="somebody edits what sellers see", cause=shown_otherwise),
    Trouble(reason="OPEN_ITEM_DIFFERS", story="the ERP has another open amount", cause=open_amount_edited),
    Trouble(
        reason="CONTRACT_VERSION_DIFFERS", story="a change has another number in the CRM", cause=changed_and_not_told
    ),
)
