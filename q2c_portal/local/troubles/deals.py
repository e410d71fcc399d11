"""What is wrong with a deal before it is carried, or becomes wrong after: edited, taken back, merged, contradicting."""

from datetime import timedelta

from connectors.segments import months_later
from q2c_portal.local.troubles import products
from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync.models import LegalEntity


def without_products(stage: Stage) -> None:
    stage.sell("Ferrum Works")


def lines_beside_the_amount(stage: Stage) -> None:
    stage.account("Lumen Foods")
    deal = stage.open_deal("Lumen Foods", stage.line())
    # a package of the CRM that writes amounts of its own
    stage.salesforce.edit("Opportunity", deal, Amount="500.00")
    stage.win(deal)


def without_approval(stage: Stage) -> None:
    """Only this deal is asked for its approval: the company's rule is as before afterwards."""
    entity = LegalEntity.objects.get(pk=stage.world.entity.pk)
    before, entity.commitment = entity.commitment, ["won", "approval", "lines"]
    entity.save(update_fields=["commitment"])
    try:
        stage.sell("Arbor Clinics", stage.line(price="410.00"), Approval_Status__c="Pending")
    finally:
        entity.commitment = before
        entity.save(update_fields=["commitment"])


def without_purchase_order(stage: Stage) -> None:
    stage.sell("Pontis Bank", stage.line(), PO_Required__c=True)


def edited_after_billing(stage: Stage) -> None:
    deal = stage.sell("Halden Group", stage.line())
    line = stage.salesforce.query(f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{deal}'")[0]["Id"]
    stage.salesforce.update("OpportunityLineItem", [{"Id": line, "UnitPrice": "440.00"}])
    stage.salesforce.update("Opportunity", [{"Id": deal, "Amount": "440.00"}])
    stage.rest()


def taken_back(stage: Stage) -> None:
    deal = stage.sell("Orlov Freight", stage.line())
    stage.salesforce.update("Opportunity", [{"Id": deal, "StageName": "Negotiation/Review"}])
    stage.rest()


def on_another_account(stage: Stage) -> None:
    deal = stage.sell("Nimbus Retail", stage.line())
    other = stage.account("Nimbus Retail Group")
    stage.rest()
    stage.salesforce.update("Opportunity", [{"Id": deal, "AccountId": other}])
    stage.rest()


def signed_by_nobody_known(stage: Stage) -> None:
    stage.sell("Sable Media", stage.line(), Selling_Entity__c="Demo company Nordic")


def change_that_contradicts(stage: Stage) -> None:
    first = stage.sell("Tessera Labs", stage.line())
    dearer = stage.line(price="900.00")
    stage.change(first, "Downsell", 2, dearer, customer="Tessera Labs", on=stage.today)


def prices_that_do_not_fit(stage: Stage) -> None:
    begins, middle = stage.today, stage.today + timedelta(days=100)
    stage.sell(
        "Volta Energy",
        stage.line(starts_on=begins, ends_on=middle),
        stage.line(price="600.00", starts_on=middle - timedelta(days=30), ends_on=begins + timedelta(days=364)),
    )


def prices_billing_cannot_keep(stage: Stage) -> None:
    """Two prices in one term that is paid in advance as a whole."""
    middle, end = months_later(stage.today, 6), months_later(stage.today, 12)
    stage.sell(
        "Wren Bakery",
        stage.line(price="300.00", starts_on=stage.today, ends_on=middle - timedelta(days=1)),
        stage.line(price="400.00", starts_on=middle, ends_on=end - timedelta(days=1)),
        Billing_Frequency__c="Prepaid",
    )


def sold_without_a_meter(stage: Stage) -> None:
    products.put_on_sale(stage, "GTX Calls", destination="usage")
    stage.sell("Zander Fish", stage.line(), stage.line(product="GTX Calls", price="0.00"))


def too_many_lines(stage: Stage) -> None:
    stage.sell("Meridian Parts", *(stage.line(price=f"{10 + number}.00") for number in range(21)))


def ended_before(stage: Stage) -> None:
    first = stage.sell("Kestrel Air", stage.line())
    stage.change(first, "Cancellation", 2, customer="Kestrel Air", on=stage.today)
    stage.change(first, "Upsell", 3, stage.line(price="700.00"), customer="Kestrel Air", on=stage.today)


def number_taken(stage: Stage) -> None:
    first = stage.sell("Osprey Rail", stage.line())
    stage.change(first, "Upsell", 2, stage.line(price="700.00"), customer="Osprey Rail", on=stage.today)
    stage.change(first, "Upsell", 2, stage.line(price="800.00"), customer="Osprey Rail", on=stage.today)


def no_whole_cents(stage: Stage) -> None:
    stage.sell("Kelvin Optics", stage.line(price="550.00"), Billing_Frequency__c="Monthly")


TROUBLES = (
    Trouble(reason="CONTRACT_INCOMPLETE", story="a deal is won without products", cause=without_products),
    Trouble(
        reason="LINES_DO_NOT_SUM", story="a deal's amount is not the sum of its lines", cause=lines_beside_the_amount
    ),
    Trouble(reason="APPROVAL_MISSING", story="a discount is not approved yet", cause=without_approval),
    Trouble(reason="PO_MISSING", story="a customer wants its order number on invoices", cause=without_purchase_order),
    Trouble(reason="DEAL_CHANGED_AFTER_BILLING", story="a won deal is edited in the CRM", cause=edited_after_billing),
    Trouble(reason="DEAL_REOPENED", story="a won deal is taken back to an open stage", cause=taken_back),
    Trouble(reason="CUSTOMER_MERGED", story="a won deal is moved to another account", cause=on_another_account),
    Trouble(
        reason="ENTITY_ROUTE_MISSING",
        story="a contract is signed by a company unknown here",
        cause=signed_by_nobody_known,
    ),
    Trouble(reason="MODIFICATION_UNCLEAR", story="a downsell sells more than before", cause=change_that_contradicts),
    Trouble(reason="PRICES_OVER_TIME_UNCLEAR", story="two prices for the same days", cause=prices_that_do_not_fit),
    Trouble(reason="TOO_MANY_LINES", story="more lines than one subscription takes", cause=too_many_lines),
    Trouble(reason="CONTRACT_ENDED", story="an upsell of a contract that was cancelled", cause=ended_before),
    Trouble(reason="STALE_VERSION", story="a second change with a number that is taken", cause=number_taken),
    Trouble(reason="ROUNDING", story="550.00 a year cannot be billed in twelve equal months", cause=no_whole_cents),
    Trouble(
        reason="PRICES_OVER_TIME_NOT_BILLABLE",
        story="two prices in a term paid as a whole",
        cause=prices_billing_cannot_keep,
    ),
    Trouble(reason="METER_MISSING", story="a metered product without a meter", cause=sold_without_a_meter),
)
