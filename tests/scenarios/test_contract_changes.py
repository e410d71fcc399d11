"""Contracts change while they run: more, less, other, longer, over; billing, ledger and CRM agree after each change."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sync.models import ContractRecord, LegalEntity
from tests.scenarios.business import FIRST_DAY, Business, Sold

ONE_DAY = timedelta(days=1)
#: of the year from 2 March 2026, from noon to noon in New York, left from noon of the third day (daylight time begins
#: on 8 March and again before the year ends, so that no hour is lost in between)
LEFT = Fraction(363, 365)


def share(amount: str, part: Fraction = LEFT) -> Decimal:
    """A part of an amount in whole cents, half a cent away from zero."""
    cents = Fraction(amount) * 100 * part
    whole = (2 * cents.numerator + cents.denominator) // (2 * cents.denominator)
    return Decimal(whole).scaleb(-2)


@pytest.mark.slow  # make stories
def test_more_less_and_an_end_are_billed_and_credited_to_the_day(open_business: Callable[[], Business]) -> None:
    # given a deal over one product, billed on its first day
    business = open_business()
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.live(until=FIRST_DAY + 2 * ONE_DAY)
    business.ties()
    # when more is sold from the third day on
    business.changes(deal, "Upsell", 2, Sold(product="GTX Basic", price="550", quantity="3"))
    business.live(until=FIRST_DAY + 3 * ONE_DAY)
    # then the rest of the year is billed, and posted
    billed = {Decimal(str(row["total"])) for row in business.books("invoice").values()}
    assert billed == {Decimal("550"), share("1650") - share("550")}
    business.ties()
    assert not business.cases()
    row = ContractRecord.objects.get(reference=f"contract:{deal}", version=2)
    assert (row.modification_kind, row.amount, str(row.ends_on)) == ("upsell", Decimal("1650"), "2027-03-01")


@pytest.mark.slow  # make stories
def test_a_deal_stops_while_it_is_not_committed_and_goes_on_when_it_is(open_business: Callable[[], Business]) -> None:
    # given a company that asks for approval
    business = open_business()
    LegalEntity.objects.update(commitment=["won", "approval", "lines"])
    business.account("Brightwater")
    business.rest()
    # when a deal is won before its approval, without the order number the customer asks for
    line = Sold(product="GTX Basic", price="550")
    deal = business.wins("Brightwater", line, Approval_Status__c="Pending", PO_Required__c=True)
    # then each of it is a case of its own
    assert {case.reason for case in business.cases()} == {"APPROVAL_MISSING", "PO_MISSING"}
    # when it is taken back to the stage before, that is what stops it
    stage = {"Id": deal, "StageName": "Negotiation/Review", "PO_Number__c": "4711"}
    business.salesforce.update("Opportunity", [stage])
    business.rest()
    assert {case.reason for case in business.cases()} == {"APPROVAL_MISSING", "DEAL_REOPENED"}
    # when it is approved and won again, it is carried
    business.salesforce.update(
        "Opportunity", [{"Id": deal, "StageName": "Closed Won", "Approval_Status__c": "Approved"}]
    )
    business.rest()
    assert not business.cases()
    row = ContractRecord.objects.get()
    assert (row.po_number, dict(row.commitment)["conditions"]) == ("4711", "won,approval,lines")
    # when its price is edited after that, billing keeps what was signed, until the edit is taken back
    (sold,) = business.salesforce.query(f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{deal}'")
    business.salesforce.update("OpportunityLineItem", [{"Id": sold["Id"], "UnitPrice": "500"}])
    business.rest()
    (case,) = business.cases()
    assert case.reason == "DEAL_CHANGED_AFTER_BILLING" and "amount 550.00 is now 500.00" in case.value
    business.salesforce.update("OpportunityLineItem", [{"Id": sold["Id"], "UnitPrice": "550"}])
    business.rest()
    assert not business.cases()
    # and an account that was merged into another moves no contract by itself
    other = business.account("Brightwater Holding")
    business.salesforce.update("Opportunity", [{"Id": deal, "AccountId": other}])
    business.rest()
    assert [case.reason for case in business.cases()] == ["CUSTOMER_MERGED"]
    business.salesforce.update("Opportunity", [{"Id": deal, "AccountId": business.accounts["Brightwater"]}])
    business.live(until=FIRST_DAY + ONE_DAY)
    assert not business.cases()
    business.ties()
