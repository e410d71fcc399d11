"""The life of an invoice: draft with lines, finalised with a number, paid, void or uncollectible."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import payments, taxes
from connectors.sandbox.stripe_billing.account import Account
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.events import emit

DAY = 86_400


def new_line(
    account: Account,
    *,
    amount: int,
    currency: str,
    description: str | None,
    period: tuple[int, int],
    quantity: int = 1,
    price: Document | None = None,
    parent: dict[str, Any],
    metadata: dict[str, str] | None = None,
    tax_rates: list[str] | None = None,
) -> Document:
    """An invoice line; its invoice is set when it is put on one."""
    subscription = (parent.get("subscription_item_details") or {}).get("subscription")
    return {
        "id": account.numbered("il"), "amount": amount, "currency": currency, "description": description,
        "invoice": None, "metadata": metadata or {}, "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pricing": pricing(price) if price else None,
        "quantity": quantity, "quantity_decimal": str(quantity), "subtotal": amount, "subscription": subscription,
        "taxes": taxes.taxes_of(account, amount, tax_rates or []),
    }  # fmt: skip


def pricing(price: Document) -> dict[str, Any]:
    """What a line says about its price."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def item_parent(item: Document) -> dict[str, Any]:
    """The parent of a line that comes from an invoice item."""
    return {
        "type": "invoice_item_details",
        "invoice_item_details": {
            "invoice_item": item["id"], "proration": item.get("proration", False),
            "proration_details": {"credited_items": None}, "subscription": item.get("_subscription"),
        },
        "subscription_item_details": None,
    }  # fmt: skip


def build(
    account: Account,
    customer: Document,
    *,
    lines: list[Document],
    currency: str,
    billing_reason: str,
    collection_method: str,
    days_until_due: int | None = None,
    subscription: Document | None = None,
    period: tuple[int, int] | None = None,
    auto_advance: bool = True,
    **more: Any,
) -> Document:
    """A draft that is not in the books yet."""
    now = account.now(customer.get("test_clock"))
    start, end = period or (now, now)
    key = account.new_id("invoice")
    for line in lines:
        line["invoice"] = key
    parent = None
    if subscription:
        parent = {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]},
        }
    invoice: Document = {
        "id": key, "created": now, "customer": customer["id"], "test_clock": customer.get("test_clock"),
        "status": "draft", "billing_reason": billing_reason, "collection_method": collection_method,
        "currency": currency, "lines": lines, "parent": parent, "period_start": start, "period_end": end,
        "auto_advance": auto_advance, "_subscription": subscription["id"] if subscription else None,
        "_days_until_due": days_until_due, "amount_paid": 0,
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        **more,
    }  # fmt: skip
    if days_until_due is not None:
        invoice["due_date"] = now + days_until_due * DAY
    copy_customer(invoice, customer)
    recompute(account, invoice)
    return invoice


def open_draft(account: Account, invoice: Document) -> Document:
    """Put a draft in the books and, when it advances by itself, fix the moment it is finalised."""
    if invoice["auto_advance"]:
        at = invoice["created"] + int(account.settings()["draft_seconds"])
        invoice["automatically_finalizes_at"] = at
        account.owe(invoice["test_clock"], at, "finalize", invoice["id"])
    account.put("invoice", invoice)
    emit(account, "invoice.created", "invoice", invoice)
    return invoice


def copy_customer(invoice: Document, customer: Document) -> None:
    """A draft mirrors its customer; finalising freezes the copy."""
    for name in ("address", "email", "name", "phone", "shipping"):
        if customer.get(name) is not None:
            invoice[f"customer_{name}"] = customer[name]
    invoice["customer_tax_exempt"] = customer.get("tax_exempt", "none")


def recompute(account: Account, invoice: Document) -> None:
    """Set every total from the lines, the balance taken in, the credit notes and what was paid."""
    subtotal = sum(line["amount"] for line in invoice["lines"])
    charged = taxes.totals_of(invoice["lines"])
    tax = sum(one["amount"] for one in charged)
    total = subtotal + sum(one["amount"] for one in charged if one["tax_behavior"] == "exclusive")
    if invoice["status"] == "draft":
        customer = account.get("customer", invoice["customer"])
        # documented: what is voided because collection is paused does not use the customer's balance
        invoice["starting_balance"] = 0 if invoice.get("_paused") else (customer or {}).get("balance", 0)
    due = max(total + invoice["starting_balance"], 0) - invoice.get("pre_payment_credit_notes_amount", 0)
    invoice.update(
        subtotal=subtotal, subtotal_excluding_tax=total - tax, total=total, total_excluding_tax=total - tax,
        total_taxes=charged,
        amount_due=due, amount_remaining=due - invoice["amount_paid"],
    )  # fmt: skip


def finalize(account: Account, invoice: Document) -> None:
    """Number and freeze a draft; collect it or leave it open for the customer."""
    if invoice["status"] != "draft":
        raise StripeError(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.", code="invoice_not_editable"
        )
    now = account.now(invoice["test_clock"])
    customer = account.get("customer", invoice["customer"])
    assert customer is not None
    copy_customer(invoice, customer)
    recompute(account, invoice)
    left_over = (
        customer["balance"] if invoice.get("_paused") else min(invoice["total"] + invoice["starting_balance"], 0)
    )
    sequence = customer["next_invoice_sequence"]
    account.change("customer", customer, next_invoice_sequence=sequence + 1, balance=left_over)
    days = invoice["_days_until_due"]
    invoice["status_transitions"] = {**invoice["status_transitions"], "finalized_at": now}
    if days is not None:
        invoice["due_date"] = now + days * DAY
    number = invoice.get("number") or f"{customer['invoice_prefix']}-{sequence:04d}"
    account.change(
        "invoice", invoice, status="open", number=number,
        effective_at=invoice.get("effective_at") or now, ending_balance=left_over, automatically_finalizes_at=None,
        hosted_invoice_url=f"https://invoice.stripe.com/i/{invoice['id']}",
        invoice_pdf=f"https://pay.stripe.com/invoice/{invoice['id']}/pdf",
    )  # fmt: skip
    if invoice["amount_due"] > 0:
        payments.open_payment(account, invoice)
    emit(account, "invoice.finalized", "invoice", invoice)
    if invoice["amount_due"] == 0:
        settle(account, invoice)
    elif invoice["collection_method"] == "charge_automatically" and invoice["auto_advance"]:
        collect(account, invoice)
    else:
        expect_payment(account, invoice)


def expect_payment(account: Account, invoice: Document) -> None:
    """The sandbox's customers pay an open invoice so many days after it was finalised, if the settings say so."""
    days = account.settings()["pays_after_days"]
    if days is not None and invoice["status"] == "open":
        at = invoice["status_transitions"]["finalized_at"] + int(days * DAY)
        account.owe(invoice["test_clock"], at, "pay", invoice["id"])


def finalize_due(account: Account, key: str) -> None:
    """The moment came at which a draft finalises by itself."""
    invoice = account.get("invoice", key)
    if invoice and invoice["status"] == "draft" and invoice["auto_advance"]:
        at = invoice.get("automatically_finalizes_at")
        if at is not None and at <= account.now(invoice["test_clock"]):
            finalize(account, invoice)


def pay_due(account: Account, key: str) -> None:
    """The moment came at which the customer pays, or Stripe tries again to charge."""
    invoice = account.get("invoice", key)
    if invoice is None or invoice["status"] != "open":
        return
    at = invoice.get("next_payment_attempt")
    is_retry = at is not None and at <= account.now(invoice["test_clock"])
    if is_retry or account.settings()["pays_after_days"] is not None:
        collect(account, invoice)


def collect(account: Account, invoice: Document) -> StripeError | None:
    """Charge what remains and settle; returns the card's refusal, after which the invoice stays open."""
    amount = invoice["amount_remaining"]
    refusal = payments.take(account, invoice)
    if refusal is None:
        settle(account, invoice, paid=amount)
    return refusal


def settle(account: Account, invoice: Document, *, paid: int = 0, off_stripe: bool = False) -> None:
    """Mark an invoice paid by `paid` minor units (0 when nothing was due or credit notes took the rest)."""
    now = account.now(invoice["test_clock"])
    invoice["amount_paid"] += paid
    if off_stripe:
        invoice["amount_paid_off_stripe"] = paid
    recompute(account, invoice)
    transitions = {**invoice["status_transitions"], "paid_at": now}
    account.change(
        "invoice", invoice, status="paid", status_transitions=transitions, attempted=True, auto_advance=False,
        next_payment_attempt=None,
    )  # fmt: skip
    emit(account, "invoice.paid", "invoice", invoice)
    if paid and not off_stripe:
        emit(account, "invoice.payment_succeeded", "invoice", invoice)
    subscription = account.get("subscription", invoice["_subscription"])
    if subscription and subscription["status"] in ("incomplete", "past_due", "unpaid"):
        previous = {"status": subscription["status"]}
        account.change("subscription", subscription, status="active")
        emit(account, "customer.subscription.updated", "subscription", subscription, previous=previous)


def void(account: Account, invoice: Document) -> None:
    """Cancel an open or uncollectible invoice; it keeps its number."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise StripeError(
            "You can only pass in open or uncollectible invoices. This invoice isn't open or uncollectible.",
        )
    _close(account, invoice, "void", "voided_at")
    payments.cancel_open(account, invoice, reason="void_invoice")
    emit(account, "invoice.voided", "invoice", invoice)


def mark_uncollectible(account: Account, invoice: Document) -> None:
    """Give up on an open invoice; it can still be paid."""
    if invoice["status"] != "open":
        raise StripeError("You can only pass in open invoices. This invoice isn't open.")
    _close(account, invoice, "uncollectible", "marked_uncollectible_at")
    emit(account, "invoice.marked_uncollectible", "invoice", invoice)


def _close(account: Account, invoice: Document, status: str, stamp: str) -> None:
    transitions = {**invoice["status_transitions"], stamp: account.now(invoice["test_clock"])}
    account.change("invoice", invoice, status=status, status_transitions=transitions, auto_advance=False)


def take_pending(account: Account, customer: Document, *, subscription: str | None, currency: str) -> list[Document]:
    """Lines for the customer's waiting invoice items, of one subscription or (None) of none."""
    lines = []
    for item in account.by("invoiceitem", "customer", customer["id"]):
        if item.get("invoice") or item.get("_subscription") != subscription or item["currency"] != currency:
            continue
        lines.append(line_for_item(account, item))
    return lines


def line_for_item(account: Account, item: Document) -> Document:
    line = new_line(
        account,
        amount=item["amount"],
        currency=item["currency"],
        description=item.get("description"),
        period=(item["period"]["start"], item["period"]["end"]),
        quantity=item["quantity"],
        parent=item_parent(item),
        metadata=dict(item.get("metadata", {})),
        tax_rates=item.get("tax_rates"),
    )
    line["pricing"] = item.get("pricing")
    return line


def claim_items(account: Account, invoice: Document) -> None:
    """Tie the invoice items behind the lines to their invoice, so that they are billed once."""
    for line in invoice["lines"]:
        details = line["parent"].get("invoice_item_details")
        item = account.get("invoiceitem", details["invoice_item"]) if details else None
        if item and not item.get("invoice"):
            account.change("invoiceitem", item, invoice=invoice["id"])
