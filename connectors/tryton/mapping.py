"""Shapes to Tryton's records and its records to ours: pure functions; ids are looked up beforehand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import Address, Allocation, Invoice, InvoiceLine, Payment
from connectors.errors import Rejected
from connectors.interface import ControlLine, Period, Receipt
from connectors.money import amount

#: digits of a unit price in Tryton
PRICE_DIGITS = Decimal("0.0001")
INVOICE_FIELDS = (
    *("reference", "number", "state", "invoice_date", "accounting_date", "untaxed_amount", "tax_amount"),
    *("total_amount", "amount_to_pay", "party", "party.rec_name", "account", "currency.code", "move"),
    *("lines_to_pay", "payment_lines", "move.date"),
)
MOVE_FIELDS = ("description", "number", "state", "date", "period.rec_name", "origin", "company.currency.code")
LINE_FIELDS = (
    *("account", "party", "debit", "credit", "reconciliation", "maturity_date", "invoice_payment"),
    *("move", "move.description", "move.number", "move.date", "move.state", "party.rec_name"),
)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A product of Tryton's, with what an invoice line needs of it."""

    product_id: int
    unit_id: int
    revenue_account_id: int


@dataclass(frozen=True, kw_only=True)
class Ids:
    """Tryton's ids of what a document of one company refers to."""

    company: int
    currency: int
    journal: int
    receivable: int


def target_id(reference: str, *, known: Mapping[str, str], reason: str, field: str) -> int:
    """Tryton's id of something this one refers to. Raises Rejected where it is not there yet."""
    if not known.get(reference):
        raise Rejected(
            f"{reference} is not in Tryton yet", reason=reason, field=field, value=reference, system="tryton"
        )
    return int(known[reference])


def address_values(address: Address, *, country_id: int | None) -> dict[str, Any]:
    """The fields of a party's invoice address; Tryton keeps a state only as a subdivision, so it joins the city."""
    return {
        "street_unstructured": address.street or None,
        "postal_code": address.postal_code or None,
        "city": ", ".join(part for part in (address.city, address.state) if part) or None,
        "country": country_id,
        "invoice": True,
    }


def invoice_values(
    subject: Invoice, *, ids: Ids, party_id: int, address_id: int, items: Mapping[str, Item], tax_account_id: int | None
) -> dict[str, Any]:
    """A draft customer invoice."""
    return {
        "company": ids.company,
        "type": "out",
        "reference": subject.reference,
        # Tryton numbers invoices itself and lets nobody else do it, so billing's number goes beside
        "description": f"{subject.number} {subject.contract_reference}".strip(),
        "party": party_id,
        "invoice_address": address_id,
        "currency": ids.currency,
        "journal": ids.journal,
        "account": ids.receivable,
        "invoice_date": subject.document_date,
        "accounting_date": subject.posting_date,
        # without a term of its own, this is the day the whole amount is due
        "payment_term": None,
        "payment_term_date": subject.due_on,
        "lines": [["create", [_line(line, currency=ids.currency, items=items) for line in subject.lines]]],
        "taxes": [["create", _taxes(subject, account_id=tax_account_id)]],
    }


def _line(line: InvoiceLine, *, currency: int, items: Mapping[str, Item]) -> dict[str, Any]:
    item = items[line.erp_item]
    description = f"{line.description} ({line.service_starts_on} to {line.service_ends_on})"
    quantity, price = line.quantity, Decimal(0)
    if quantity:
        price = (line.net / quantity).quantize(PRICE_DIGITS)
    if quantity != int(quantity) or price * quantity != line.net:
        # Quantity times price must give exactly what was billed, or Tryton would book something else.
        description = f"{description}, quantity {quantity.normalize():f}"
        quantity, price = Decimal(1), line.net
    return {
        "type": "line",
        "product": item.product_id,
        "unit": item.unit_id,
        "account": item.revenue_account_id,
        "quantity": int(quantity),
        "unit_price": price,
        "currency": currency,
        "description": description,
    }


def _taxes(subject: Invoice, *, account_id: int | None) -> list[dict[str, Any]]:
    """Tax as charged, one row per code, typed in by hand: Tryton works none out."""
    bases: dict[str, Decimal] = defaultdict(Decimal)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in subject.lines:
        bases[line.tax_code] += line.net
        amounts[line.tax_code] += line.tax
    charged = {code: tax for code, tax in amounts.items() if tax}
    if charged and account_id is None:
        raise Rejected(
            "no ledger account for tax is set on the Tryton connection", reason="TAX_CODE_MISSING", field="tax_account",
            value=", ".join(sorted(charged)), system="tryton",
        )  # fmt: skip
    return [
        {
            "manual": True,
            "description": f"Tax {code}".strip(),
            "account": account_id,
            "base": bases[code],
            "amount": tax,
        }
        for code, tax in charged.items()
    ]


def payment_values(subject: Payment, *, ids: Ids, period_id: int, party_id: int, clearing_id: int) -> dict[str, Any]:
    """A posted-to-be move: money arrives in clearing and stays on the customer's account, unapplied."""
    zero = Decimal(0)
    return {
        "company": ids.company,
        "journal": ids.journal,
        "period": period_id,
        "date": subject.posts_on,
        "description": subject.reference,
        "lines": [
            [
                "create",
                [
                    {"account": clearing_id, "debit": subject.amount, "credit": zero},
                    {"account": ids.receivable, "party": party_id, "debit": zero, "credit": subject.amount},
                ],
            ]
        ],
    }


def allocation_values(
    subject: Allocation,
    *,
    ids: Ids,
    period_id: int,
    payment_move_id: int,
    payment_line: Mapping[str, Any],
    invoice: Mapping[str, Any],
) -> dict[str, Any]:
    """A move that takes a part off the money on account and lays it on the invoice.

    Tryton reconciles whole lines only. This move is the part, so one payment may pay several invoices and
    one invoice may be paid by several payments; and it keeps our reference.
    """
    zero = Decimal(0)
    taken = {
        "account": payment_line["account"],
        "party": payment_line["party"],
        "debit": subject.amount,
        "credit": zero,
    }
    laid = {"account": invoice["account"], "party": invoice["party"], "debit": zero, "credit": subject.amount}
    return {
        "company": ids.company,
        "journal": ids.journal,
        "period": period_id,
        "date": subject.posts_on,
        "description": subject.reference,
        "origin": f"account.move,{payment_move_id}",
        "lines": [["create", [taken, {**laid, "invoice_payment": invoice["id"]}]]],
    }


# -- from Tryton ----------------------------------------------------------------------------------


def party_receipt(row: Mapping[str, Any]) -> Receipt:
    """What Tryton holds of a customer."""
    return Receipt(external_id=str(row["id"]), held={"name": row["name"] or "", "number": row["code"] or ""})


def invoice_receipt(row: Mapping[str, Any]) -> Receipt:
    """What Tryton holds of an invoice; a draft is in no ledger."""
    posted = row["state"] in ("posted", "paid")
    currency = _nested(row, "currency", "code")
    return Receipt(
        external_id=str(row["id"]),
        acknowledged=posted,
        posted=posted,
        held={
            "total": _text(row["total_amount"]), "tax": _text(row["tax_amount"]), "net": _text(row["untaxed_amount"]),
            "open": _money(row["amount_to_pay"], currency), "currency": currency,
            "document_date": _text(row["invoice_date"]), "tran_date": _text(row["accounting_date"]),
            "status": row["state"], "number": row["number"] or "", "customer": str(row["party"]),
        },
    )  # fmt: skip


def move_receipt(row: Mapping[str, Any], *, total: Decimal, open_amount: Decimal) -> Receipt:
    """What Tryton holds of a payment or an allocation."""
    posted = row["state"] == "posted"
    currency = _nested(row, "company", "currency", "code")
    return Receipt(
        external_id=str(row["id"]),
        acknowledged=posted,
        posted=posted,
        held={
            "total": _money(total, currency), "open": _money(open_amount, currency),
            "tran_date": _text(row["date"]), "currency": currency, "status": row["state"],
            "period": _nested(row, "period", "rec_name"), "number": row["number"] or "",
        },
    )  # fmt: skip


def invoice_line(row: Mapping[str, Any], *, receivable: int) -> ControlLine:
    """One invoice of a day's list, under the day it is in the ledger; `receivable` is the account it is to stand on."""
    return ControlLine(
        reference=row["reference"] or f"tryton:{row['id']}",
        external_id=str(row["id"]),
        document_date=row["move."]["date"],
        currency=_nested(row, "currency", "code"),
        net=row["untaxed_amount"],
        tax=row["tax_amount"],
        gross=row["total_amount"],
        label=row["number"] or "",
        status=row["state"],
        counterparty=_nested(row, "party", "rec_name"),
        customer=str(row["party"]),
        other_account="" if row["account"] == receivable else str(row["account"]),
    )


def receipt_line(row: Mapping[str, Any], *, currency: str) -> ControlLine:
    """One receipt of a day's list: a line of the clearing account."""
    received = row["debit"] - row["credit"]
    move = row.get("move.") or {}
    description = move.get("description") or ""
    return ControlLine(
        reference=description if description.startswith("payment:") else f"tryton:{row['move']}",
        external_id=str(row["move"]),
        document_date=move["date"],
        currency=currency,
        net=received,
        tax=Decimal(0),
        gross=received,
        label=move.get("number") or "",
        status=move.get("state") or "",
    )


def clearing_line(balance: Decimal, *, currency: str, day: date, entity: str) -> ControlLine:
    """The balance of the clearing account; debits, which is what the gateway owes, above zero."""
    return ControlLine(
        reference=f"clearing:{currency}", external_id="clearing", document_date=day, currency=currency,
        net=balance, tax=Decimal(0), gross=balance, label=f"Clearing account of {entity}",
    )  # fmt: skip


def customer_line(row: Mapping[str, Any], *, day: date, currency: str) -> ControlLine:
    """One customer: it has no amounts, and no currency but the company's."""
    zero = Decimal(0)
    return ControlLine(
        reference=row["code"] or f"tryton:{row['id']}", external_id=str(row["id"]), document_date=day,
        currency=currency,
        net=zero, tax=zero, gross=zero, label=row["name"] or "", status="active" if row["active"] else "inactive",
    )  # fmt: skip


def period(row: Mapping[str, Any]) -> Period:
    """One period; Tryton's `locked` can never be opened again, for us both mean closed."""
    return Period(
        external_id=str(row["id"]),
        module="ar",
        starts_on=row["start_date"],
        ends_on=row["end_date"],
        state="open" if row["state"] == "open" else "closed",
    )


def balance(lines: Sequence[Mapping[str, Any]]) -> Decimal:
    """Debits less credits."""
    return sum((line["debit"] - line["credit"] for line in lines), Decimal(0))


def _nested(row: Mapping[str, Any], *names: str) -> str:
    """A field of a related record; Tryton puts those beside the id, under the name with a point."""
    value: Any = row
    for name in names[:-1]:
        value = (value or {}).get(f"{name}.")
    return str((value or {}).get(names[-1]) or "")


def _money(value: Decimal | None, currency: str) -> str:
    """With the currency's digits; Tryton says nothing, or a plain 0, where nothing is left."""
    return _text(amount(value or Decimal(0), currency))


def _text(value: object) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
