"""Calls on invoices and invoice items: what /v1/invoices and /v1/invoiceitems take and answer."""

from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import invoices, payments, taxes
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.catalogue import PRICE_DATA, inline_price
from connectors.sandbox.stripe_billing.customers import need_owner, owner
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.lists import PAGING
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import charge_for
from connectors.sandbox.stripe_billing.shapes import line, listed, render

METHODS = ("charge_automatically", "send_invoice")
ITEM_FIELDS = {
    "amount", "currency", "customer", "description", "discountable", "invoice", "metadata", "period", "price_data",
    "pricing", "quantity", "subscription", "tax_rates", "unit_amount_decimal",
}  # fmt: skip


def create_invoice(account: Account, call: Call) -> dict[str, Any]:
    """A draft made by hand; it takes the customer's pending items when asked to include them."""
    params = Params(call.values, {
        "auto_advance", "collection_method", "currency", "customer", "days_until_due", "description", "due_date",
        "effective_at", "footer", "metadata", "number", "pending_invoice_items_behavior", "subscription",
    })  # fmt: skip
    customer = owner(account, params)
    method = params.choice("collection_method", METHODS, "charge_automatically") or "charge_automatically"
    days, due = params.integer("days_until_due", least=0), params.timestamp("due_date")
    check_terms(method, days if days is not None else due)
    include = params.choice("pending_invoice_items_behavior", ("exclude", "include"), "exclude") == "include"
    subscription = None
    if params.text("subscription"):
        subscription = account.need("subscription", params.required("subscription"), param="subscription")
    pending = [item for item in account.by("invoiceitem", "customer", customer["id"]) if not item.get("invoice")]
    given = params.text("currency")
    currency = account.check_currency(given) if given else next((i["currency"] for i in pending), "usd")
    number = params.text("number")
    lines = []
    if include:
        group = subscription["id"] if subscription else None
        lines = invoices.take_pending(account, customer, subscription=group, currency=currency)
    invoice = invoices.build(
        account, customer, lines=lines, currency=currency, billing_reason="manual", collection_method=method,
        days_until_due=days, subscription=subscription, auto_advance=params.boolean("auto_advance"),
        metadata=params.metadata(), effective_at=params.timestamp("effective_at"), number=number,
        description=params.text("description"), footer=params.text("footer"),
    )  # fmt: skip
    if due is not None:
        invoice["due_date"] = due
    invoices.open_draft(account, invoice)
    invoices.claim_items(account, invoice)
    return render(account, "invoice", invoice)


def check_terms(method: str, terms: int | None) -> None:
    """send_invoice needs payment terms; charge_automatically must not have them."""
    if method == "send_invoice" and terms is None:
        raise StripeError(
            "If collection_method=send_invoice, you must also provide days_until_due or due_date.",
            param="days_until_due",
        )
    if method == "charge_automatically" and terms is not None:
        raise StripeError(
            "You can only pass `days_until_due` if `collection_method` is `send_invoice`.", param="days_until_due"
        )


def update_invoice(account: Account, call: Call) -> dict[str, Any]:
    """Drafts are editable; of a finalised invoice only description, metadata and due date."""
    params = Params(call.values, {
        "auto_advance", "collection_method", "days_until_due", "description", "due_date", "effective_at", "footer",
        "metadata", "number",
    })  # fmt: skip
    invoice = _invoice(account, call)
    draft_only = [name for name in ("collection_method", "effective_at", "number", "days_until_due") if name in params]
    if invoice["status"] != "draft" and draft_only:
        raise StripeError(
            "Finalized invoices can't be updated in this way", code="invoice_not_editable", param=draft_only[0]
        )
    values: dict[str, Any] = {}
    if "metadata" in params:
        values["metadata"] = params.metadata(invoice.get("metadata"))
    for name in ("description", "footer", "number"):
        if name in params:
            values[name] = params.text(name)
    for name in ("due_date", "effective_at"):
        if name in params:
            values[name] = params.timestamp(name)
    if "collection_method" in params:
        values["collection_method"] = params.choice("collection_method", METHODS)
    if "days_until_due" in params:
        values["_days_until_due"] = params.integer("days_until_due", least=0)
    if "auto_advance" in params:
        values["auto_advance"] = params.boolean("auto_advance")
        if invoice["status"] == "draft":
            now = account.now(invoice["test_clock"])
            at = now + int(account.settings()["draft_seconds"]) if values["auto_advance"] else None
            values["automatically_finalizes_at"] = at
            if at is not None:
                account.owe(invoice["test_clock"], at, "finalize", invoice["id"])
        elif invoice["status"] == "open":
            values["next_payment_attempt"] = payments.retry_at(account, invoice) if values["auto_advance"] else None
    previous = {name: invoice.get(name) for name in values if name[0] != "_"}
    account.change("invoice", invoice, **values)
    if values.get("next_payment_attempt") is not None:
        account.owe(invoice["test_clock"], values["next_payment_attempt"], "pay", invoice["id"])
    emit(account, "invoice.updated", "invoice", invoice, previous=previous)
    return render(account, "invoice", invoice)


def delete_invoice(account: Account, call: Call) -> dict[str, Any]:
    """Only drafts made by hand can be deleted."""
    invoice = _invoice(account, call)
    if invoice["status"] != "draft" or invoice["_subscription"]:
        raise StripeError("You can only delete draft invoices that do not belong to a subscription.")
    emit(account, "invoice.deleted", "invoice", invoice)
    account.drop("invoice", invoice["id"])
    for item in account.by("invoiceitem", "invoice", invoice["id"]):
        account.change("invoiceitem", item, invoice=None)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def finalize_invoice(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, {"auto_advance"})
    invoice = _invoice(account, call)
    if "auto_advance" in params and invoice["status"] == "draft":
        invoice["auto_advance"] = params.boolean("auto_advance")
    invoices.finalize(account, invoice)
    return render(account, "invoice", invoice)


def send_invoice(account: Account, call: Call) -> dict[str, Any]:
    """Finalise if need be, and say that the mail went out."""
    invoice = _invoice(account, call)
    if invoice["status"] == "draft":
        invoices.finalize(account, invoice)
    emit(account, "invoice.sent", "invoice", invoice)
    return render(account, "invoice", invoice)


def pay_invoice(account: Account, call: Call) -> dict[str, Any]:
    """Collect now, or note with paid_out_of_band that the money came another way. 402 when the card is declined."""
    params = Params(call.values, {"forgive", "off_session", "paid_out_of_band", "payment_method", "source"})
    outside = params.boolean("paid_out_of_band")
    invoice = _invoice(account, call)
    if invoice["status"] == "draft":
        invoices.finalize(account, invoice)
    elif invoice["status"] == "paid":
        raise StripeError("Invoice is already paid")
    if invoice["status"] == "void":
        raise StripeError("You can't pay a voided invoice.")
    if invoice["status"] == "paid":
        return render(account, "invoice", invoice)
    if outside:
        payments.cancel_open(account, invoice, reason="void_invoice")
        invoices.settle(account, invoice, paid=invoice["amount_remaining"], off_stripe=True)
    else:
        refusal = invoices.collect(account, invoice)
        if refusal:
            raise refusal
    return render(account, "invoice", invoice)


def attach_payment(account: Account, call: Call) -> dict[str, Any]:
    """POST /v1/invoices/{id}/attach_payment: a paid intent is credited at once, up to what is left of either."""
    params = Params(call.values, {"payment_intent", "payment_record"})
    invoice = _invoice(account, call)
    intent = account.need("payment_intent", params.required("payment_intent"), param="payment_intent")
    if invoice["status"] != "open":
        raise StripeError(f"You can only attach payments to open invoices; this is {invoice['status']}.")
    if intent["currency"] != invoice["currency"] or intent["status"] != "succeeded":
        raise StripeError("This PaymentIntent can't be attached to this invoice.", param="payment_intent")
    amount = min(payments.unattached(account, intent), invoice["amount_remaining"])
    if amount <= 0:
        raise StripeError("This PaymentIntent has no amount left to attach.", param="payment_intent")
    payments.attach(account, invoice, intent, amount=amount)
    if amount == invoice["amount_remaining"]:
        payments.cancel_open(account, invoice, reason="void_invoice")
        invoices.settle(account, invoice, paid=amount)
    else:
        invoice["amount_paid"] += amount
        invoices.recompute(account, invoice)
        account.put("invoice", invoice)
        payments.follow_amount(account, invoice)
        emit(account, "invoice.updated", "invoice", invoice, previous={})
    return render(account, "invoice", invoice)


def void_invoice(account: Account, call: Call) -> dict[str, Any]:
    invoice = _invoice(account, call)
    invoices.void(account, invoice)
    return render(account, "invoice", invoice)


def mark_uncollectible(account: Account, call: Call) -> dict[str, Any]:
    invoice = _invoice(account, call)
    invoices.mark_uncollectible(account, invoice)
    return render(account, "invoice", invoice)


def list_lines(account: Account, call: Call) -> dict[str, Any]:
    """All lines of an invoice (or a credit note), by cursor; the object itself shows the first ten only."""
    kind = call.path.get("kind", "invoice")
    owner_document = account.need(kind, call.path["id"])
    params = Params(call.values, PAGING)
    limit = min(params.integer("limit", 10, least=1) or 10, 100)
    rows = owner_document["lines"]
    start = 0
    after = params.text("starting_after")
    if after:
        places = [place for place, row in enumerate(rows) if row["id"] == after]
        if not places:
            raise StripeError(f"No such line_item: '{after}'", code="resource_missing", param="starting_after")
        start = places[0] + 1
    body = [line(row) if kind == "invoice" else row for row in rows[start : start + limit]]
    url = f"/v1/{kind}s/{owner_document['id']}/lines"
    return {**listed(url, body, more=len(rows) > start + limit), "total_count": len(rows)}


# -- invoice items ----------------------------------------------------------------------------------
def create_item(account: Account, call: Call) -> dict[str, Any]:
    """An amount, or a price with a quantity, for a draft or for the next invoice."""
    params = Params(call.values, ITEM_FIELDS)
    customer = owner(account, params)
    price = None
    chosen = params.child("pricing", ("price",))
    inline = params.child("price_data", PRICE_DATA)
    if chosen:
        price = account.need("price", chosen.required("price"), param="pricing[price]")
    elif inline:
        price = account.put("price", inline_price(account, inline, recurring=False))
    quantity = params.integer("quantity", 1, least=0) or 0
    amount, unit = params.integer("amount"), params.decimal("unit_amount_decimal")
    if price:
        unit = params.decimal("unit_amount_decimal") or Decimal(price["unit_amount_decimal"])
        currency = price["currency"]
    else:
        currency = account.check_currency(params.required("currency"))
    if amount is None:
        if unit is None:
            raise missing("amount")
        amount = charge_for(unit, quantity)
    draft = None
    if params.text("invoice"):
        draft = account.need("invoice", params.required("invoice"), param="invoice")
        if draft["status"] != "draft":
            raise StripeError("This invoice is no longer editable", code="invoice_not_editable", param="invoice")
    now = account.now(customer.get("test_clock"))
    span = params.child("period", ("start", "end"))
    period = {"start": now, "end": now}
    if span:
        period = {"start": int(span.required("start")), "end": int(span.required("end"))}
    item = store_item(
        account, customer, amount=amount, currency=currency, period=period, quantity=quantity, price=price,
        description=params.text("description"), subscription=params.text("subscription"), metadata=params.metadata(),
        invoice=draft["id"] if draft else None, tax_rates=taxes.read_rates(account, params),
    )  # fmt: skip
    if draft:
        new = invoices.line_for_item(account, item)
        new["invoice"] = draft["id"]
        draft["lines"] = [*draft["lines"], new]
        invoices.recompute(account, draft)
        account.put("invoice", draft)
        emit(account, "invoice.updated", "invoice", draft, previous={})
    return render(account, "invoiceitem", item)


def store_item(
    account: Account,
    customer: Document,
    *,
    amount: int,
    currency: str,
    period: dict[str, int],
    quantity: int = 1,
    price: Document | None = None,
    subscription: str | None = None,
    **more: Any,
) -> Document:
    """Write an invoice item and its event."""
    now = account.now(customer.get("test_clock"))
    parent = None
    if subscription:
        parent = {
            "subscription_details": {"subscription": subscription, "subscription_item": None},
            "type": "subscription_details",
        }
    item = account.put("invoiceitem", {
        "id": account.new_id("invoiceitem"), "created": now, "date": now, "amount": amount, "net_amount": amount,
        "currency": currency, "customer": customer["id"], "test_clock": customer.get("test_clock"), "period": period,
        "quantity": quantity, "quantity_decimal": str(quantity), "parent": parent, "_subscription": subscription,
        "pricing": invoices.pricing(price) if price else None, **more,
    })  # fmt: skip
    emit(account, "invoiceitem.created", "invoiceitem", item)
    return item


def delete_item(account: Account, call: Call) -> dict[str, Any]:
    item = account.need("invoiceitem", call.path["id"])
    if item.get("invoice"):
        raise StripeError("You can only delete invoice items that are not on an invoice.")
    emit(account, "invoiceitem.deleted", "invoiceitem", item)
    account.drop("invoiceitem", item["id"])
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}


def _invoice(account: Account, call: Call) -> Document:
    invoice = account.need("invoice", call.path["id"])
    need_owner(account, invoice)
    return invoice
