"""The main job, end to end over HTTP: deals become subscriptions, invoices, postings and cash; people heal the rest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from q2c_portal.local import days, pipeline
from reconciliation import tie_out
from reconciliation.models import ExceptionCase
from sync.models import (
    Attempt,
    ConflictingDuplicate,
    ContractRecord,
    Delivery,
    ExternalIdentity,
    InvoiceRecord,
    PaymentRecord,
    SourceEvent,
    WorkItem,
)  # fmt: skip
from tests.scenarios import recording
from tests.scenarios.conftest import AtWork

FEEDBACK = (
    "Q2C_Billing_Status__c, Q2C_Subscription__c, Q2C_Invoice_Number__c, Q2C_Invoice_Status__c, Q2C_Payment_Status__c, "
    "Q2C_Collections__c, Q2C_Case__c, Q2C_Link__c"
)


def last_deals(*, today: date) -> pipeline.Pipeline:
    """The last 60 won deals, eight of them GTXPro, and the last two of the customer in `Philipines`."""
    whole = pipeline.read(today=today)
    bad = {row.name for row in whole.accounts if row.country == "Philipines"}
    won = sorted(whole.won, key=lambda deal: (deal.closes_on, deal.key))
    waiting = [deal for deal in won if deal.account in bad][-2:]
    return replace(whole, deals=tuple(waiting + [deal for deal in won[-60:] if deal not in waiting]))


def test_won_deals_become_cash_and_people_heal_what_stops_them(
    start_sandboxes: Callable[..., dict[str, str]], open_company: Callable[..., AtWork], portal: str
) -> None:
    # given the company, and a CRM whose sellers win their deals day by day
    rows = last_deals(today=date.today() - timedelta(weeks=3))
    at_work = open_company(rows, urls=start_sandboxes("salesforce", "stripe", "netsuite"))
    # when business goes on until the first of them have been paid
    at_work.live(until=rows.last_day + timedelta(days=13))
    # then both legs tie, and what is held up is explained by the two problems
    at_work.play(at_work.story.before)
    sellers_read_why_their_deals_wait(at_work)
    paid_invoices_are_paid_in_the_books(at_work)

    # when two people map the product
    at_work.play(at_work.story.product)
    # then each released deal was billed that day, as one line of exactly its value
    released_late_are_billed_that_day(
        at_work, [deal for deal in at_work.story.unmapped if deal not in at_work.story.waiting]
    )

    # when two people say which country it is, then both legs agree to the cent
    at_work.play(at_work.story.country)
    assert {name: at_work.total(name) for name in ("unexplained", "explained", "held", "in_flight")} == {
        "unexplained": Decimal(0), "explained": Decimal(0), "held": Decimal(0), "in_flight": Decimal(0)
    }  # fmt: skip

    # when somebody edits NetSuite's books, then exactly that is found, and healed by two people
    at_work.play(at_work.story.books_edited)
    sellers_read_what_became_of_their_deals(at_work)

    # when every call comes once more, then nothing changes
    every_call_again_changes_nothing(at_work, portal)


def opportunities(at_work: AtWork, deals: list[pipeline.Deal]) -> dict[str, dict[str, Any]]:
    return at_work.records_in_salesforce(FEEDBACK, "Opportunity", "Source_Key__c", [deal.key for deal in deals])


def sellers_read_why_their_deals_wait(at_work: AtWork) -> None:
    at_work.let_sellers_see()
    shown = opportunities(at_work, at_work.story.unmapped)
    why = "Billing is waiting: “GTXPro” is not set up in billing. Billing operations, due "
    assert len(shown) == len(at_work.story.unmapped) and all(
        row["Q2C_Case__c"].startswith(why) for row in shown.values()
    )
    account = at_work.records_in_salesforce("Q2C_Status__c", "Account", "BillingCountry", ["Philipines"])
    why = "Billing is waiting: the account's country “Philipines” is not recognised. Sales operations, due "
    assert account["Philipines"]["Q2C_Status__c"].startswith(why)


def paid_invoices_are_paid_in_the_books(at_work: AtWork) -> None:
    assert at_work.world.netsuite is not None
    books = {row["externalId"]: row for row in at_work.world.netsuite.books("invoice")}
    paid = InvoiceRecord.objects.filter(
        document_date__lte=at_work.story.world.entity.business_date - timedelta(days=14)
    )
    assert paid.count() == PaymentRecord.objects.count() > 0
    for invoice in InvoiceRecord.objects.all():
        remaining = Decimal(str(books[invoice.reference]["amountRemaining"]))
        assert remaining == (Decimal(0) if invoice in paid else invoice.total)


def released_late_are_billed_that_day(at_work: AtWork, deals: list[pipeline.Deal]) -> None:
    assert deals and at_work.world.netsuite is not None
    today = at_work.world.entity.business_date
    books = {row["externalId"]: row for row in at_work.world.netsuite.books("invoice")}
    ids = opportunities(at_work, deals)
    for deal in deals:
        assert deal.closes_on is not None and deal.closes_on < today
        (invoice,) = InvoiceRecord.objects.filter(contract_reference=f"contract:{ids[deal.key]['Id']}")
        (line,) = invoice.lines.all()
        assert (invoice.document_date, invoice.total, line.net) == (today, deal.value, deal.value)
        assert line.service_starts_on == deal.closes_on
        booked = books[invoice.reference]
        assert (booked["tranDate"], Decimal(str(booked["total"]))) == (str(today), deal.value)


def sellers_read_what_became_of_their_deals(at_work: AtWork) -> None:
    at_work.let_sellers_see()
    shown = opportunities(at_work, at_work.rows.won)
    assert len(shown) == len(at_work.rows.won)
    for row in shown.values():
        assert row["Q2C_Billing_Status__c"] == "Active" and not row["Q2C_Case__c"]
        assert all(row[name] for name in ("Q2C_Subscription__c", "Q2C_Invoice_Number__c", "Q2C_Link__c"))
        assert row["Q2C_Invoice_Status__c"].startswith("Posted ")
        paid = row["Q2C_Payment_Status__c"].startswith("Paid ")
        assert row["Q2C_Collections__c"] == ("None" if paid else "Not due")
    assert sum(row["Q2C_Collections__c"] == "None" for row in shown.values()) == PaymentRecord.objects.count()


def every_call_again_changes_nothing(at_work: AtWork, portal: str) -> None:
    assert at_work.world.netsuite is not None
    netsuite = at_work.world.netsuite

    def everything() -> dict[str, Any]:
        tables = (
            SourceEvent, WorkItem, ContractRecord, InvoiceRecord, PaymentRecord, Delivery, Attempt, ExternalIdentity,
            ExceptionCase, ConflictingDuplicate,
        )  # fmt: skip
        books = {kind: netsuite.books(kind) for kind in ("customer", "invoice", "customerPayment")}
        return {
            **{table.__name__: table.objects.count() for table in tables},
            **books, "subscriptions": len(at_work.world.stripe.books("subscription")),
            "tie-out": [row.as_data() for row in tie_out.rows()],
        }  # fmt: skip

    before, calls = everything(), list(recording.CALLS)
    assert len(calls) > len(at_work.rows.won) and {call.status for call in calls} == {200}
    answers = recording.call_again(portal, calls)
    days.come_to_rest(at_work.world)
    at_work.let_sellers_see()
    assert set(answers) == {200}
    assert everything() == before
