"""Credit notes: what they take off an open invoice, and how the excess goes back to the customer."""

from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import invoices, payments, taxes
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.customers import need_owner
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import charge_for
from connectors.sandbox.stripe_billing.shapes import render

REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")
FIELDS = {
    "amount", "credit_amount", "effective_at", "email_type", "invoice", "lines", "memo", "metadata",
    "out_of_band_amount", "reason", "refund_amount", "refunds",
}  # fmt: skip
LINE_FIELDS = (
    "amount", "description", "invoice_line_item", "metadata", "quantity", "tax_amounts", "type", "unit_amount",
    "unit_amount_decimal",
)  # fmt: skip


def create_credit_note(account: Account, call: Call) -> dict[str, Any]:
    """Reduce what remains of a finalised invoice; the excess must be refunded, credited or settled elsewhere."""
    note, invoice, refund_amount, credit_amount = _read(account, call)
    customer = need_owner(account, invoice)
    if refund_amount:
        charge = payments.charge_of(account, invoice)
        if charge is None:
            raise StripeError("This invoice has no charge to refund.", param="refund_amount")
        made = payments.refund(account, charge, amount=refund_amount)
        note["refunds"] = [
            *note["refunds"],
            {"amount_refunded": refund_amount, "payment_record_refund": None, "refund": made["id"], "type": "refund"},
        ]
    if credit_amount:
        account.change("customer", customer, balance=customer["balance"] - credit_amount)
        note["customer_balance_transaction"] = account.numbered("cbtxn")
    account.put("credit_note", note)
    _apply(account, invoice, pre=note["pre_payment_amount"], post=note["post_payment_amount"])
    emit(account, "credit_note.created", "credit_note", note)
    if invoice["status"] == "open" and invoice["amount_remaining"] == 0:
        payments.cancel_open(account, invoice, reason="void_invoice")
        invoices.settle(account, invoice)
    return render(account, "credit_note", note)


def preview_credit_note(account: Account, call: Call) -> dict[str, Any]:
    """What a credit note would look like; nothing is written."""
    note, *_ = _read(account, call)
    return render(account, "credit_note", note)


def update_credit_note(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, {"memo", "metadata"})
    note = account.need("credit_note", call.path["id"])
    values: dict[str, Any] = {"metadata": params.metadata(note.get("metadata"))}
    if "memo" in params:
        values["memo"] = params.text("memo")
    previous = {name: note.get(name) for name in values}
    account.change("credit_note", note, **values)
    emit(account, "credit_note.updated", "credit_note", note, previous=previous)
    return render(account, "credit_note", note)


def void_credit_note(account: Account, call: Call) -> dict[str, Any]:
    """Only a pre-payment note of an invoice that is still open can be taken back."""
    note = account.need("credit_note", call.path["id"])
    invoice = account.need("invoice", note["invoice"])
    need_owner(account, invoice)
    if note["status"] == "void":
        raise StripeError("This credit note is already void.")
    if note["post_payment_amount"] or invoice["status"] != "open":
        raise StripeError("You can only void credit notes of open invoices.")
    account.change("credit_note", note, status="void", voided_at=account.now(invoice["test_clock"]))
    _apply(account, invoice, pre=-note["pre_payment_amount"], post=0)
    emit(account, "credit_note.voided", "credit_note", note)
    return render(account, "credit_note", note)


def _apply(account: Account, invoice: Document, *, pre: int, post: int) -> None:
    invoice["pre_payment_credit_notes_amount"] = invoice.get("pre_payment_credit_notes_amount", 0) + pre
    invoice["post_payment_credit_notes_amount"] = invoice.get("post_payment_credit_notes_amount", 0) + post
    invoices.recompute(account, invoice)
    account.put("invoice", invoice)
    payments.follow_amount(account, invoice)
    emit(account, "invoice.updated", "invoice", invoice, previous={})


def _read(account: Account, call: Call) -> tuple[Document, Document, int, int]:
    """The note, not yet stored, its invoice, and the amounts to refund and to credit."""
    params = Params(call.values, FIELDS)
    invoice = account.need("invoice", params.required("invoice"), param="invoice")
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        raise StripeError(
            f"Credit notes can only be created for finalized invoices that are not void; this is {invoice['status']}.",
            param="invoice",
        )
    lines = [_line(account, child, invoice) for child in params.children("lines", LINE_FIELDS)]
    amount = params.integer("amount", least=1)
    if lines:
        total = sum(line["amount"] for line in lines) + _exclusive(lines)
        if amount is not None and amount != total:
            raise StripeError(f"The sum of the lines ({total}) must equal amount ({amount}).", param="amount")
    elif amount is None:
        raise missing("amount")
    else:
        total = amount
        lines = [_new_line(account, amount=total, description="Credit", type_="custom_line_item", unit=Decimal(total))]
    earlier = [n for n in account.by("credit_note", "invoice", invoice["id"]) if n["status"] != "void"]
    room = invoice["total"] - sum(n["total"] for n in earlier)
    if total > room:
        raise StripeError(
            f"The credit note amount ({total}) must be less than or equal to the invoice's creditable amount ({room}).",
            param="amount",
        )
    pre = min(total, invoice["amount_remaining"]) if invoice["status"] != "paid" else 0
    post = total - pre
    refund_amount = params.integer("refund_amount", 0, least=0) or 0
    credit_amount = params.integer("credit_amount", 0, least=0) or 0
    elsewhere = params.integer("out_of_band_amount", 0, least=0) or 0
    linked = []
    for child in params.children("refunds", ("amount_refunded", "refund", "type")):
        made = account.need("refund", child.required("refund"), param=child.name("refund"))
        given = child.integer("amount_refunded", made["amount"], least=1)
        linked.append({"amount_refunded": given, "payment_record_refund": None, "refund": made["id"], "type": "refund"})
    split = refund_amount + credit_amount + elsewhere + sum(item["amount_refunded"] or 0 for item in linked)
    if split != post:
        raise StripeError(
            f"The sum of credit amount, refund amount and out of band amount ({split}) must equal the post payment "
            f"credit note amount ({post}).",
            param="refund_amount" if post else "amount",
        )
    now = account.now(invoice["test_clock"])
    note: Document = {
        "id": account.new_id("credit_note"), "created": now, "amount": total, "currency": invoice["currency"],
        "customer": invoice["customer"], "invoice": invoice["id"], "lines": lines,
        "memo": params.text("memo"), "metadata": params.metadata(), "reason": params.choice("reason", REASONS),
        "effective_at": params.timestamp("effective_at") or now, "status": "issued", "total": total,
        "subtotal": total - _exclusive(lines), "subtotal_excluding_tax": total - _taxed(lines),
        "total_excluding_tax": total - _taxed(lines), "total_taxes": taxes.totals_of(lines), "pre_payment_amount": pre,
        "post_payment_amount": post, "type": "mixed" if pre and post else "post_payment" if post else "pre_payment",
        "out_of_band_amount": elsewhere or None, "refunds": linked, "_clock": invoice["test_clock"],
        "number": f"{invoice['number']}-CN-{len(account.by('credit_note', 'invoice', invoice['id'])) + 1:02d}",
    }  # fmt: skip
    note["pdf"] = f"https://pay.stripe.com/credit_notes/{note['id']}/pdf"
    return note, invoice, refund_amount, credit_amount


def _line(account: Account, child: Params, invoice: Document) -> Document:
    child.required("type")
    type_ = child.choice("type", ("custom_line_item", "invoice_line_item"))
    quantity = child.integer("quantity", least=1)
    unit = child.decimal("unit_amount_decimal")
    whole = child.integer("unit_amount")
    unit = Decimal(whole) if whole is not None else unit
    if type_ == "custom_line_item":
        if unit is None:
            raise missing(child.name("unit_amount"))
        return _new_line(
            account, amount=charge_for(unit, quantity or 1), description=child.required("description"), type_=type_,
            unit=unit, quantity=quantity or 1,
        )  # fmt: skip
    key = child.required("invoice_line_item")
    billed = next((line for line in invoice["lines"] if line["id"] == key), None)
    if billed is None:
        param = child.name("invoice_line_item")
        raise StripeError(f"No such invoice line item: '{key}'", code="resource_missing", param=param)
    amount = child.integer("amount", least=1)
    if amount is None:
        count = quantity or billed["quantity"]
        amount = charge_for(Decimal(billed["amount"]) / max(billed["quantity"], 1), count)
    if amount > billed["amount"]:
        raise StripeError(f"The amount is larger than the line's ({billed['amount']}).", param=child.name("amount"))
    description = child.text("description") or billed["description"]
    return _new_line(
        account, amount=amount, description=description, type_="invoice_line_item", quantity=quantity, billed=key,
        taxed=_tax_amounts(account, child),
    )  # fmt: skip


def _tax_amounts(account: Account, child: Params) -> list[Document]:
    """The tax a line gives back, by rates of the account (docs.stripe.com/api/credit_notes/create, `tax_amounts`)."""
    found = []
    for part in child.children("tax_amounts", ("amount", "tax_rate", "taxable_amount")):
        rate = account.need("tax_rate", part.required("tax_rate"), param=part.name("tax_rate"))
        part.required("amount")
        part.required("taxable_amount")
        found.append(
            {
                "amount": part.integer("amount", least=0), "taxability_reason": "not_available",
                "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": rate["id"]}, "type": "tax_rate_details",
                "taxable_amount": part.integer("taxable_amount", least=0),
            }
        )  # fmt: skip
    return found


def _exclusive(lines: list[Document]) -> int:
    """Tax on top of the lines' amounts."""
    return sum(tax["amount"] for line in lines for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")


def _taxed(lines: list[Document]) -> int:
    return sum(tax["amount"] for line in lines for tax in line["taxes"])


def _new_line(
    account: Account,
    *,
    amount: int,
    description: str | None,
    type_: str,
    unit: Decimal | None = None,
    quantity: int | None = None,
    billed: str | None = None,
    taxed: list[Document] | None = None,
) -> Document:
    return {
        "id": account.numbered("cnli"), "object": "credit_note_line_item", "amount": amount, "description": description,
        "discount_amount": 0, "discount_amounts": [], "invoice_line_item": billed, "livemode": False, "metadata": {},
        "pretax_credit_amounts": [], "quantity": quantity, "tax_rates": [], "taxes": taxed or [], "type": type_,
        "unit_amount": int(unit) if unit is not None and unit == int(unit) else None,
        "unit_amount_decimal": str(unit) if unit is not None else None,
    }  # fmt: skip
