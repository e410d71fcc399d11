"""What sellers see in Salesforce: at once while a posting waits, older day by day, and how dunning goes."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from sync.models import CrmStatusRecord, Delivery, PostingWindow
from sync.states import UNFINISHED, Condition
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.conftest import until

OF_DEAL = "Q2C_Invoice_Number__c, Q2C_Invoice_Status__c, Q2C_Payment_Status__c, Q2C_Collections__c"
OF_ACCOUNT = "Q2C_Balance__c, Q2C_Ageing__c, Q2C_Collections__c, Q2C_Renewal_Risk__c"


def told() -> None:
    """Wait until Salesforce has taken all it should show."""
    until(
        lambda: (
            not CrmStatusRecord.objects.filter(version__gt=F("sent_version")).exists()
            and not Delivery.objects.filter(role="crm", condition__in=UNFINISHED).exists()
        )
    )


def seen(business: Business, fields: str, kind: str, key: str) -> dict[str, Any]:
    told()
    (row,) = business.salesforce.query(f"SELECT {fields} FROM {kind} WHERE Id = '{key}'")
    return row


@pytest.mark.slow  # make stories
def test_an_invoice_is_visible_at_once_while_its_posting_waits_for_the_window(
    open_business: Callable[[], Business],
) -> None:
    # given a company that posts invoices in a daily window, shut for now
    business = open_business()
    business.account("Brightwater")
    zone = business.world.entity.zone
    opens = (datetime.now(zone) + timedelta(seconds=50)).time().replace(microsecond=0)
    closes = (datetime.now(zone) + timedelta(hours=3)).time().replace(microsecond=0)
    window = PostingWindow.objects.create(
        entity=business.world.entity, kind="invoice", mode="batch", opens_at=opens, closes_at=closes
    )
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    # when its invoice is issued
    began = time.monotonic()
    business.evening()
    shown = seen(business, OF_DEAL, "Opportunity", deal)
    # then sellers see it, long before it is posted, and the tie-out calls it held
    assert shown["Q2C_Invoice_Status__c"] == f"Issued {FIRST_DAY}" and shown["Q2C_Collections__c"] == "Not due"
    assert time.monotonic() - began < 300
    assert not business.books("invoice")
    assert Delivery.objects.get(kind="invoice").condition == Condition.HELD
    business.controls()
    assert (business.total("held"), business.total("unexplained")) == (Decimal("550.00"), Decimal(0))
    # when the window opens
    window.refresh_from_db()
    until(lambda: bool(business.books("invoice")), seconds=120)
    business.rest()
    # then it is posted, and all agrees
    assert seen(business, OF_DEAL, "Opportunity", deal)["Q2C_Invoice_Status__c"] == f"Posted {FIRST_DAY}"
    business.ties()


@pytest.mark.slow  # make stories
def test_sellers_see_debts_grow_older_and_what_dunning_came_to(open_business: Callable[[], Business]) -> None:
    # given a customer whose card will be declined
    business = open_business()
    account = business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    (customer,) = business.stripe.get("customers", test_clock=business.world.clock)["data"]
    business.stripe.settings(declined_customers=[customer["id"]], pays_after_days=2)
    business.evening()
    assert seen(business, OF_ACCOUNT, "Account", account)["Q2C_Ageing__c"] == "Not due USD 550.00"
    # when the customer tries to pay and cannot
    business.live(until=FIRST_DAY + timedelta(days=3))
    # then
    assert seen(business, OF_DEAL, "Opportunity", deal)["Q2C_Collections__c"] == "Payment failed once, no further try"
    # when five weeks go by
    business.skip_to(FIRST_DAY + timedelta(days=35))
    # then they see that it is late, once the day was told
    until(lambda: seen(business, OF_ACCOUNT, "Account", account)["Q2C_Ageing__c"] == "1–30 days USD 550.00")
    shown = seen(business, OF_ACCOUNT, "Account", account)
    assert Decimal(str(shown["Q2C_Balance__c"])) == Decimal("550")
    # when the money comes after all
    business.stripe.settings(declined_customers=[])
    (invoice,) = business.stripe.get("invoices")["data"]
    business.stripe.post(f"invoices/{invoice['id']}/pay")
    business.rest()
    # then nothing is open any more
    assert seen(business, OF_ACCOUNT, "Account", account)["Q2C_Ageing__c"] == "Nothing open"
    assert seen(business, OF_DEAL, "Opportunity", deal)["Q2C_Payment_Status__c"] == f"Paid {business.today}"
    business.ties()
