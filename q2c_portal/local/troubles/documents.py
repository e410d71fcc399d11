"""What goes wrong with invoices, credit memos, voids and write-offs on their way into the ledger."""

from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync import calendar
from sync.models import Connection


def customer_gone_from_the_ledger(stage: Stage) -> None:
    deal = stage.sell("Cobalt Tools", stage.line())
    held = next(row for row in stage.netsuite.books("customer") if stage.accounts["Cobalt Tools"] in str(row))
    stage.netsuite.remove("customer", held["id"])
    stage.invoice_of(deal)
    stage.rest()


def month_closed_by_the_controller(stage: Stage) -> None:
    """The month is closed at the ERP while an invoice of it is on its way, and opened again afterwards."""
    deal = stage.sell("Delta Pumps", stage.line())
    stage.netsuite.close_month(stage.today)
    calendar.mirror(Connection.objects.get(code="netsuite"))
    try:
        stage.invoice_of(deal)
        stage.rest()
    finally:
        for period in stage.netsuite.books("accountingPeriod"):
            if period["startDate"] <= stage.today.isoformat() <= period["endDate"] and period.get("closed"):
                stage.netsuite.edit("accountingPeriod", period["id"], closed=False)
        calendar.mirror(Connection.objects.get(code="netsuite"))


def number_taken_in_the_ledger(stage: Stage) -> None:
    deal = stage.sell("Eider Textiles", stage.line())
    customer = stage.stripe.get(f"customers/{stage.subscription_of(deal)['customer']}")
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    other = stage.netsuite.books("invoice")[0]
    stage.netsuite.edit("invoice", other["id"], tranId=number)
    stage.invoice_of(deal)
    stage.rest()


def edited_in_the_ledger(stage: Stage) -> None:
    _, invoice = stage.billed("Fathom Divers", stage.line())
    posted = stage.posted(invoice)
    item = {**posted["item"]["items"][0], "amount": 500.0, "rate": 500.0}
    stage.netsuite.edit("invoice", posted["id"], total=500.0, subtotal=500.0, item={"items": [item]})
    stage.control("invoices")


def deleted_in_the_ledger(stage: Stage) -> None:
    _, invoice = stage.billed("Gable Homes", stage.line())
    stage.netsuite.remove("invoice", stage.posted(invoice)["id"])
    stage.control("invoices")


def typed_into_the_ledger(stage: Stage) -> None:
    _, invoice = stage.billed("Hazel Print", stage.line())
    posted = stage.posted(invoice)
    answer = stage.netsuite.http.post(
        "/services/rest/record/v1/invoice",
        json={
            "entity": posted["entity"], "tranDate": stage.today.isoformat(), "subsidiary": {"id": "1"},
            "item": {"items": [{"item": posted["item"]["items"][0]["item"], "quantity": 1, "rate": 75.0}]},
        },
    )  # fmt: skip
    answer.raise_for_status()
    stage.control("invoices")


def billed_by_hand(stage: Stage) -> None:
    deal = stage.sell("Indigo Dental", stage.line())
    customer = stage.subscription_of(deal)["customer"]
    stage.stripe.post("invoiceitems", customer=customer, amount=9900, currency="usd", description="Workshop")
    made = stage.stripe.post(
        "invoices", customer=customer, collection_method="send_invoice", days_until_due=30,
        pending_invoice_items_behavior="include",
    )  # fmt: skip
    stage.stripe.post(f"invoices/{made['id']}/finalize")
    stage.rest()


def department_required(stage: Stage) -> None:
    """The ERP's administrator makes a field mandatory that the company has no value for."""
    deal = stage.sell("Krypton Labs", stage.line())
    before = stage.netsuite.see_settings()["mandatory_dimensions"]
    stage.netsuite.settings(mandatory_dimensions=["location"])
    try:
        stage.invoice_of(deal)
        stage.rest()
    finally:
        stage.netsuite.settings(mandatory_dimensions=before)


def item_removed(stage: Stage) -> None:
    deal = stage.sell("Lotus Travel", stage.line(product="MG Special", price="55.00"))
    held = next(row for row in stage.netsuite.books("serviceSaleItem") if row.get("itemId") == "MG Special")
    stage.netsuite.edit("serviceSaleItem", held["id"], isInactive=True)
    try:
        stage.invoice_of(deal)
        stage.rest()
    finally:
        stage.netsuite.edit("serviceSaleItem", held["id"], isInactive=False)


def credit_of_a_deleted_invoice(stage: Stage) -> None:
    _, invoice = stage.billed("Mistral Wines", stage.line())
    stage.netsuite.remove("invoice", stage.posted(invoice)["id"])
    stage.stripe.post("credit_notes", invoice=invoice["id"], amount=5000, reason="order_change")
    stage.rest()


def voided_after_a_payment(stage: Stage) -> None:
    _, invoice = stage.billed("Nordwind Sails", stage.line())
    stage.stripe.post("credit_notes", invoice=invoice["id"], amount=5000, reason="order_change")
    stage.rest()
    stage.wire(stage.posted(invoice), "100.00")
    stage.stripe.post(f"invoices/{invoice['id']}/void")
    stage.rest()


def given_up(stage: Stage) -> None:
    _, invoice = stage.billed("Opal Events", stage.line())
    stage.stripe.post(f"invoices/{invoice['id']}/mark_uncollectible")
    stage.rest()


def billed_in_another_currency(stage: Stage) -> None:
    deal = stage.sell("Quince Jam", stage.line())
    draft = stage.stripe.get("invoices", subscription=stage.subscription_of(deal)["id"], limit=1)["data"][0]
    stage.stripe.edit("invoice", draft["id"], currency="eur")
    stage.invoice_of(deal)
    stage.rest()


TROUBLES = (
    Trouble(
        reason="ERP_CUSTOMER_MISSING",
        story="a customer is deleted in the ERP before its invoice",
        cause=customer_gone_from_the_ledger,
    ),
    Trouble(
        reason="PERIOD_CLOSED",
        story="the month is closed before its last invoice",
        cause=month_closed_by_the_controller,
    ),
    Trouble(
        reason="DUPLICATE_DOC_NO", story="somebody gave its number to another invoice", cause=number_taken_in_the_ledger
    ),
    Trouble(reason="AMOUNT_MISMATCH", story="a posted invoice is edited in the ERP", cause=edited_in_the_ledger),
    Trouble(reason="MISSING_IN_TARGET", story="a posted invoice is deleted in the ERP", cause=deleted_in_the_ledger),
    Trouble(reason="MISSING_IN_SOURCE", story="an invoice is typed into the ERP by hand", cause=typed_into_the_ledger),
    Trouble(reason="CURRENCY_MISMATCH", story="an invoice is in another currency", cause=billed_in_another_currency),
    Trouble(reason="ORPHAN_INVOICE", story="an invoice is made in billing without a contract", cause=billed_by_hand),
    Trouble(reason="DIMENSION_MISSING", story="the ERP asks for a location nobody set", cause=department_required),
    Trouble(reason="ITEM_UNKNOWN", story="an item is switched off in the ERP", cause=item_removed),
    Trouble(
        reason="CREDIT_WITHOUT_INVOICE",
        story="a credit memo for an invoice that is gone",
        cause=credit_of_a_deleted_invoice,
    ),
    Trouble(
        reason="VOID_NOT_ALLOWED", story="an invoice is voided after a part was paid", cause=voided_after_a_payment
    ),
    Trouble(reason="WRITE_OFF_PROPOSED", story="billing gives an invoice up", cause=given_up),
)
