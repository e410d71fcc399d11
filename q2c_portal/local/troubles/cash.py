"""What goes wrong with money: too much, too little, twice, for nobody, given back, disputed, bounced."""

from typing import Any

from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync.models import LegalEntity


def _wired(stage: Stage, customer: str, amount: str, *, applied: str = "") -> str:
    """An invoice over 550.00 and a wire for it; the wire's id in the ERP."""
    _, invoice = stage.billed(customer, stage.line())
    wire = stage.wire(stage.posted(invoice), amount, applied=applied)
    stage.netsuite_tells()
    return wire


def nobody_knows_what_for(stage: Stage) -> None:
    _wired(stage, "Quill Books", "320.00", applied="0")


def too_much(stage: Stage) -> None:
    _wired(stage, "Rowan Care", "600.00", applied="550.00")


def too_little(stage: Stage) -> None:
    _wired(stage, "Sierra Bikes", "525.00")


def twice(stage: Stage) -> None:
    _, invoice = stage.billed("Tundra Wear", stage.line())
    posted = stage.posted(invoice)
    stage.wire(posted, "550.00")
    stage.netsuite_tells()
    stage.wire(posted, "550.00", applied="0")
    stage.netsuite_tells()


def tax_withheld(stage: Stage) -> None:
    """Customers in Brazil keep 15 % for the tax office."""
    entity = LegalEntity.objects.get(pk=stage.world.entity.pk)
    entity.withholding_rates = {**entity.withholding_rates, "BR": ["0.15"]}
    entity.save(update_fields=["withholding_rates"])
    stage.account("Umbra Filmes", country="Brazil")
    deal = stage.win(stage.open_deal("Umbra Filmes", stage.line()))
    stage.wire(stage.posted(stage.invoice_of(deal)), "467.50")
    stage.netsuite_tells()


def bounced(stage: Stage) -> None:
    wire = _wired(stage, "Vesper Hotels", "550.00")
    stage.netsuite.void_payment(wire)
    stage.netsuite_tells()


def paid_after_it_was_given_up(stage: Stage) -> None:
    """Billing voids an invoice in the minute in which its payment is booked in the ERP."""
    _, invoice = stage.billed("Willow Farms", stage.line())
    stage.wire(stage.posted(invoice), "550.00")
    stage.stripe.edit("invoice", invoice["id"], status="uncollectible")
    stage.netsuite_tells()


def _charged(stage: Stage, customer: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Money a customer sent by card without an invoice: its customer at Stripe, and the payment."""
    deal = stage.sell(customer, stage.line())
    payer = stage.subscription_of(deal)["customer"]
    before = stage.stripe.see_settings()
    for name, value in settings.items():
        stage.stripe.settings(**{name: [*before[name], payer] if value is True else value})
    intent = stage.stripe.post("payment_intents", amount=9000, currency="usd", customer=payer, confirm="true")
    stage.rest()
    return payer, intent


def given_back_for_nothing(stage: Stage) -> None:
    """A paid invoice is refunded in part, and nothing says why."""
    deal = stage.sell("Xenia Design", stage.line())
    invoice = stage.invoice_of(deal)
    payer = stage.subscription_of(deal)["customer"]
    intent = stage.stripe.post("payment_intents", amount=55000, currency="usd", customer=payer, confirm="true")
    stage.stripe.post(f"invoices/{invoice['id']}/attach_payment", payment_intent=intent["id"])
    stage.rest()
    stage.stripe.post("refunds", payment_intent=intent["id"], amount=5000)
    stage.rest()


def refund_that_comes_back(stage: Stage) -> None:
    _, intent = _charged(stage, "Yarrow Tea", failing_refunds=True)
    stage.stripe.settings(refund_fails_after_seconds=2)
    stage.stripe.post("refunds", payment_intent=intent["id"])
    stage.rest()
    stage.moments_pass()


def disputed(stage: Stage) -> None:
    _charged(stage, "Zephyr Kites", disputing_customers=True, disputed_after_seconds=2)
    stage.moments_pass()


def dispute_nobody_defends(stage: Stage) -> None:
    payer, intent = _charged(stage, "Acorn Nursery", disputing_customers=True, disputed_after_seconds=2)
    stage.moments_pass()
    mine = next(row for row in stage.stripe.books("dispute") if row.get("payment_intent") == intent["id"])
    stage.stripe.post(f"disputes/{mine['id']}/close")
    stage.rest()


TROUBLES = (
    Trouble(reason="UNAPPLIED_CASH", story="a wire names no invoice", cause=nobody_knows_what_for),
    Trouble(reason="OVERPAYMENT", story="a customer wires 50.00 too much", cause=too_much),
    Trouble(reason="UNDERPAYMENT", story="a customer's bank keeps 25.00", cause=too_little),
    Trouble(reason="DUPLICATE_PAYMENT", story="a customer wires the same twice", cause=twice),
    Trouble(reason="WHT_SHORT_PAY", story="a customer withholds tax", cause=tax_withheld),
    Trouble(reason="PAYMENT_RETURNED", story="a bank takes a payment back", cause=bounced),
    Trouble(
        reason="PAID_IN_ERP_OPEN_IN_BILLING", story="billing gave up what was paid", cause=paid_after_it_was_given_up
    ),
    Trouble(
        reason="REFUND_WITHOUT_CAUSE", story="money is given back and nothing says why", cause=given_back_for_nothing
    ),
    Trouble(reason="REFUND_FAILED", story="the bank sends a refund back", cause=refund_that_comes_back),
    Trouble(reason="DISPUTE_OPEN", story="a customer disputes a payment", cause=disputed),
    Trouble(reason="DISPUTE_LOST", story="a dispute nobody defended is lost", cause=dispute_nobody_defends),
)
