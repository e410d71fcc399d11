"""Money in and back: payment intents, charges, balance transactions, refunds and payouts."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, missing, no_such
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import portion_of
from connectors.sandbox.stripe_billing.shapes import render

DAY = 86_400
REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def open_payment(account: Account, invoice: Document) -> None:
    """What finalising prepares: a payment intent and the invoice's default payment."""
    now = account.now(invoice["test_clock"])
    key = account.new_id("payment_intent")
    intent = account.put("payment_intent", {
        "id": key, "created": now, "amount": invoice["amount_due"], "currency": invoice["currency"],
        "customer": invoice["customer"], "client_secret": f"{key}_secret_sandbox", "status": "requires_payment_method",
        "description": f"Payment for Invoice {invoice['number']}", "_clock": invoice["test_clock"],
    })  # fmt: skip
    account.put("invoice_payment", {
        "id": account.new_id("invoice_payment"), "created": now, "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"], "invoice": invoice["id"],
        "payment": {"payment_intent": key, "type": "payment_intent"}, "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
        "_payment_intent": key, "_clock": invoice["test_clock"],
    })  # fmt: skip
    emit(account, "payment_intent.created", "payment_intent", intent)


def open_parts(account: Account, invoice: Document) -> tuple[Document, Document] | None:
    """The invoice's open payment and its intent."""
    for payment in account.by("invoice_payment", "invoice", invoice["id"]):
        intent = account.get("payment_intent", payment["_payment_intent"])
        if payment["status"] == "open" and intent:
            return payment, intent
    return None


def take(account: Account, invoice: Document) -> StripeError | None:
    """Take what remains from the customer; the invoice itself is settled by the caller.

    A declined customer leaves the invoice open; the refusal is returned, not raised, as it is written down too.
    """
    parts = open_parts(account, invoice)
    assert parts is not None
    payment, intent = parts
    invoice["attempt_count"] = invoice.get("attempt_count", 0) + 1
    if invoice["customer"] in account.settings()["declined_customers"]:
        return _declined(account, invoice, intent)
    now, amount = account.now(invoice["test_clock"]), invoice["amount_remaining"]
    transitions = {**payment["status_transitions"], "paid_at": now}
    account.change("invoice_payment", payment, status="paid", amount_paid=amount, status_transitions=transitions)
    charge_intent(account, intent, amount=amount)
    emit(account, "invoice_payment.paid", "invoice_payment", payment)
    return None


def charge_intent(account: Account, intent: Document, *, amount: int) -> Document:
    """The customer pays an intent: its charge, booked with the fee."""
    now = account.now(intent.get("_clock"))
    charge = {
        "id": account.new_id("charge"), "created": now, "amount": amount, "amount_captured": amount,
        "currency": intent["currency"], "customer": intent.get("customer"), "description": intent.get("description"),
        "payment_intent": intent["id"], "payment_method": "pm_1SandboxVisa", "_clock": intent.get("_clock"),
    }  # fmt: skip
    charge["balance_transaction"] = book(account, charge, amount=amount, type_="charge", fee=fee_on(account, amount))
    account.put("charge", charge)
    account.change(
        "payment_intent", intent, status="succeeded", amount_received=amount, latest_charge=charge["id"],
        payment_method="pm_1SandboxVisa",
    )  # fmt: skip
    emit(account, "payment_intent.succeeded", "payment_intent", intent)
    emit(account, "charge.succeeded", "charge", charge)
    if intent.get("customer") in account.settings()["disputing_customers"]:
        later = int(account.settings()["disputed_after_seconds"])
        account.owe(intent.get("_clock"), now + later, "chargeback", charge["id"])
    return charge


INTENT_FIELDS = {
    "amount", "automatic_payment_methods", "confirm", "currency", "customer", "description", "metadata", "off_session",
    "payment_method", "payment_method_types",
}  # fmt: skip


def create_intent(account: Account, call: Call) -> dict[str, Any]:
    """POST /v1/payment_intents: money asked for apart from any invoice; with confirm=true it is paid at once."""
    params = Params(call.values, INTENT_FIELDS)
    params.required("amount")
    amount = params.integer("amount", least=1) or 0
    currency = account.check_currency(params.required("currency"))
    key = params.text("customer")
    customer = account.live_customer(key, param="customer") if key else {}
    clock = customer.get("test_clock")
    own = account.new_id("payment_intent")
    intent = account.put("payment_intent", {
        "id": own, "created": account.now(clock), "amount": amount, "currency": currency, "customer": key,
        "client_secret": f"{own}_secret_sandbox", "status": "requires_payment_method", "metadata": params.metadata(),
        "description": params.text("description"), "_clock": clock,
    })  # fmt: skip
    emit(account, "payment_intent.created", "payment_intent", intent)
    if params.boolean("confirm"):
        charge_intent(account, intent, amount=amount)
    return render(account, "payment_intent", intent)


def unattached(account: Account, intent: Document) -> int:
    """What of a paid intent no invoice has taken yet."""
    rows = account.by("invoice_payment", "_payment_intent", intent["id"])
    taken = sum(row.get("amount_paid") or 0 for row in rows if row["status"] == "paid")
    return int(intent.get("amount_received", 0) - taken)


def attach(account: Account, invoice: Document, intent: Document, *, amount: int) -> Document:
    """Credit an invoice with money of a paid intent."""
    now = account.now(invoice["test_clock"])
    payment = account.put("invoice_payment", {
        "id": account.new_id("invoice_payment"), "created": now, "amount_requested": amount, "amount_paid": amount,
        "currency": invoice["currency"], "invoice": invoice["id"], "is_default": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"}, "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
        "_payment_intent": intent["id"], "_clock": invoice["test_clock"],
    })  # fmt: skip
    emit(account, "invoice_payment.paid", "invoice_payment", payment)
    return payment


def _declined(account: Account, invoice: Document, intent: Document) -> StripeError:
    message = "Your card was declined."
    problem = {"code": "card_declined", "decline_code": "generic_decline", "message": message, "type": "card_error"}
    account.change("payment_intent", intent, status="requires_payment_method", last_payment_error=problem)
    again = _next_try(account, invoice)
    account.change("invoice", invoice, attempted=True, next_payment_attempt=again)
    if again is not None:
        account.owe(invoice["test_clock"], again, "pay", invoice["id"])
    emit(account, "payment_intent.payment_failed", "payment_intent", intent)
    emit(account, "invoice.payment_failed", "invoice", invoice)
    subscription = account.get("subscription", invoice.get("_subscription"))
    if subscription and subscription["status"] == "active" and invoice["collection_method"] == "charge_automatically":
        account.change("subscription", subscription, status="past_due")
        emit(account, "customer.subscription.updated", "subscription", subscription, previous={"status": "active"})
    return StripeError(
        message, status=402, type="card_error", code="card_declined", decline_code="generic_decline", saved=True,
        payment_intent=render(account, "payment_intent", intent),
    )  # fmt: skip


def retry_at(account: Account, invoice: Document) -> int | None:
    """When an open invoice that was tried is tried again, once its automatic collection is turned on."""
    return _next_try(account, invoice) if invoice.get("attempt_count") else None


def _next_try(account: Account, invoice: Document) -> int | None:
    """When Stripe itself tries again: only where it charges by itself, and as often as the account's settings say."""
    days = account.settings()["retry_days"]
    failed = invoice["attempt_count"]
    if invoice["collection_method"] != "charge_automatically" or failed > len(days):
        return None
    return account.now(invoice["test_clock"]) + int(days[failed - 1]) * DAY


def cancel_open(account: Account, invoice: Document, *, reason: str) -> None:
    """Withdraw the invoice's open payment: it was voided, or paid elsewhere."""
    parts = open_parts(account, invoice)
    if parts is None:
        return
    payment, intent = parts
    now = account.now(invoice["test_clock"])
    account.change("payment_intent", intent, status="canceled", canceled_at=now, cancellation_reason=reason)
    transitions = {**payment["status_transitions"], "canceled_at": now}
    account.change("invoice_payment", payment, status="canceled", status_transitions=transitions)
    emit(account, "payment_intent.canceled", "payment_intent", intent)


def follow_amount(account: Account, invoice: Document) -> None:
    """A credit note changed what remains: the open payment asks for that much."""
    parts = open_parts(account, invoice)
    if parts:
        account.change("invoice_payment", parts[0], amount_requested=invoice["amount_remaining"])
        account.change("payment_intent", parts[1], amount=invoice["amount_remaining"])


# -- balance ----------------------------------------------------------------------------------------
def fee_on(account: Account, amount: int) -> int:
    """The processing fee in minor units: settings fee_percent (text) and fee_fixed."""
    settings = account.settings()
    return portion_of(amount, Decimal(str(settings["fee_percent"]))) + int(settings["fee_fixed"])


#: digits of minor units where they are not two (docs.stripe.com/currencies)
DIGITS = {
    **dict.fromkeys("clp djf jpy krw pyg vnd xaf xof xpf".split(), 0),
    **dict.fromkeys("bhd jod kwd omr tnd".split(), 3),
}


def settled(account: Account, currency: str, amount: int) -> tuple[str, int, Decimal | None]:
    """What an amount is in the currency the account settles in, and at which rate; the same where nothing is converted
    (docs.stripe.com/payments/currencies/conversions).
    """
    into = account.settings()["settles_in"]
    if not into or into == currency:
        return currency, amount, None
    rate = Decimal(str(account.settings()["exchange_rates"][currency]))
    shift = DIGITS.get(into, 2) - DIGITS.get(currency, 2)
    # three-digit currencies move in tens
    places = Decimal(10) if DIGITS.get(into, 2) == 3 else Decimal(1)
    exact = Decimal(amount) * rate.scaleb(shift) / places
    return into, int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP) * places), rate


def book(
    account: Account, source: Document, *, amount: int, type_: str, fee: int = 0, category: str | None = None
) -> str:
    """Write a balance transaction and return its id; with automatic payouts it leaves at the next UTC midnight. What is
    in another currency than the account settles in is converted, and its fee is taken in the latter.
    """
    clock = source.get("_clock")
    currency, amount, rate = settled(account, source["currency"], amount)
    if rate is not None and type_ == "charge":
        fee = fee_on(account, amount)
    now = account.now(clock)
    midnight = (now // DAY + 1) * DAY
    details = [{"amount": fee, "application": None, "currency": currency,
                "description": "Stripe processing fees", "type": "stripe_fee"}]  # fmt: skip
    unpaid = None if type_ == "payout" else f"{clock or ''}|{currency}"
    transaction = account.put("balance_transaction", {
        "id": account.new_id("balance_transaction"), "created": now, "amount": amount, "fee": fee,
        "fee_details": details if fee else [], "net": amount - fee, "currency": currency, "type": type_,
        "exchange_rate": None if rate is None else float(rate),
        "reporting_category": category or type_, "source": source["id"], "available_on": midnight, "_clock": clock,
        "description": source.get("description"), "_payout": None, "_unpaid": unpaid,
    })  # fmt: skip
    if unpaid and account.settings()["automatic_payouts"]:
        account.owe(clock, midnight, "payout", unpaid)
    return str(transaction["id"])


def payout_due(account: Account, unpaid: str) -> None:
    """Pay out everything that became available on one clock in one currency; once per midnight."""
    clock, currency = unpaid.split("|")
    now = account.now(clock or None)
    ready = [t for t in account.by("balance_transaction", "_unpaid", unpaid) if t["available_on"] <= now]
    amount = sum(t["net"] for t in ready)
    if amount <= 0 or not account.settings()["automatic_payouts"]:
        return
    payout: Document = {
        "id": account.new_id("payout"), "created": now, "arrival_date": now, "amount": amount, "currency": currency,
        "status": "paid", "reconciliation_status": "completed", "_clock": clock or None,
        "trace_id": {"status": "supported", "value": f"SBX{now}"},
    }  # fmt: skip
    own = book(account, {**payout, "description": "STRIPE PAYOUT"}, amount=-amount, type_="payout")
    payout["balance_transaction"] = own
    for transaction in [*ready, account.need("balance_transaction", own)]:
        account.change("balance_transaction", transaction, _payout=payout["id"], _unpaid=None)
    account.put("payout", payout)
    for news in ("created", "paid", "reconciliation_completed"):
        emit(account, f"payout.{news}", "payout", payout)


# -- refunds ----------------------------------------------------------------------------------------
def refund(
    account: Account,
    charge: Document,
    *,
    amount: int,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Document:
    """Give money of a charge back; it succeeds at once. For customers of the setting `failing_refunds` the bank sends
    it back later, as with Stripe's test card for asynchronous failures (docs.stripe.com/testing#refunds).
    """
    left = charge["amount"] - charge.get("amount_refunded", 0)
    if left == 0:
        raise StripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise StripeError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).", param="amount"
        )
    document: Document = {
        "id": account.new_id("refund"), "created": account.now(charge.get("_clock")), "amount": amount,
        "currency": charge["currency"], "charge": charge["id"], "payment_intent": charge["payment_intent"],
        "customer": charge.get("customer"), "reason": reason, "status": "succeeded", "metadata": metadata or {},
        "_clock": charge.get("_clock"),
    }  # fmt: skip
    source = {**document, "description": f"REFUND FOR CHARGE ({charge.get('description')})"}
    document["balance_transaction"] = book(account, source, amount=-amount, type_="refund")
    account.put("refund", document)
    previous = {name: charge.get(name, default) for name, default in (("amount_refunded", 0), ("refunded", False))}
    account.change("charge", charge, amount_refunded=charge["amount"] - left + amount, refunded=amount == left)
    emit(account, "refund.created", "refund", document)
    emit(account, "charge.refunded", "charge", charge, previous=previous)
    if charge.get("customer") in account.settings()["failing_refunds"]:
        expect_failure(account, document)
    return document


def expect_failure(account: Account, refund_document: Document) -> None:
    """The bank will send this refund back."""
    at = refund_document["created"] + int(account.settings()["refund_fails_after_seconds"])
    account.owe(refund_document.get("_clock"), at, "refund_failure", refund_document["id"])


def fail_refund(account: Account, key: str) -> None:
    """The bank sent a refund back: its money stands in the balance again."""
    made = account.get("refund", key)
    if made is None or made["status"] != "succeeded":
        return
    source = {**made, "description": "REFUND FAILURE"}
    returned = book(account, source, amount=made["amount"], type_="refund_failure")
    account.change(
        "refund", made, status="failed", failure_reason="lost_or_stolen_card", failure_balance_transaction=returned
    )  # fmt: skip
    charge = account.get("charge", made["charge"])
    if charge:
        account.change("charge", charge, amount_refunded=charge["amount_refunded"] - made["amount"], refunded=False)
    for news in ("updated", "failed"):
        emit(account, f"refund.{news}", "refund", made)


def create_refund(account: Account, call: Call) -> dict[str, Any]:
    """POST /v1/refunds with a charge or a payment intent."""
    params = Params(call.values, {"amount", "charge", "metadata", "payment_intent", "reason"})
    key = params.text("charge")
    if key is None and "payment_intent" not in params:
        raise missing("charge")
    if key is None:
        intent = account.need("payment_intent", params.required("payment_intent"), param="payment_intent")
        key = intent.get("latest_charge")
        if key is None:
            raise StripeError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                code="payment_intent_unexpected_state",
                param="payment_intent",
            )
    charge = account.get("charge", key)
    if charge is None:
        raise no_such("charge", key, param="charge")
    account.at_rest(charge.get("_clock"))
    left = charge["amount"] - charge.get("amount_refunded", 0)
    amount = params.integer("amount", left)
    made = refund(
        account,
        charge,
        amount=left if amount is None else amount,
        reason=params.choice("reason", REFUND_REASONS),
        metadata=params.metadata(),
    )
    return render(account, "refund", made)


def charge_of(account: Account, invoice: Document) -> Document | None:
    """The charge that paid an invoice, if one did."""
    for payment in account.by("invoice_payment", "invoice", invoice["id"]):
        intent = account.get("payment_intent", payment["_payment_intent"])
        if payment["status"] == "paid" and intent:
            return account.get("charge", intent.get("latest_charge"))
    return None
