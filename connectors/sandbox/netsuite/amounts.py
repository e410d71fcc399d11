"""What a transaction is worth: line amounts, tax and totals, exact to the currency's smallest unit."""

from decimal import ROUND_HALF_UP, Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.refusals import Refusal

ZERO = Decimal(0)


def precision(archive: Archive, currency: str) -> int:
    """Digits after the point of a currency: USD 2, JPY 0, KWD 3."""
    return int((archive.get("currency", currency) or {}).get("currencyPrecision", 2))


def rounded(value: Decimal, *, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def text(value: Decimal, *, digits: int) -> str:
    """Money as the books keep it."""
    amount = rounded(value, digits=digits)
    return format(abs(amount) if amount == 0 else amount, "f")


def amount(document: Document, name: str) -> Decimal:
    return Decimal(document.get(name) or "0")


def price(document: Document, *, archive: Archive) -> None:
    """Fill in line amounts, tax, subtotal and total of an invoice, credit memo or sales order.

    A line's amount wins over its rate; what is missing is worked out from the other and the quantity.
    Raises Refusal for a negative total.
    """
    digits = precision(archive, document["currency"]["id"])
    net = tax = ZERO
    for line in document["item"]["items"]:
        quantity = Decimal(line.setdefault("quantity", "1"))
        if "amount" not in line:
            line["amount"] = format(quantity * amount(line, "rate"), "f")
        line["amount"] = text(amount(line, "amount"), digits=digits)
        worth = amount(line, "amount")
        if quantity and ("rate" not in line or rounded(quantity * amount(line, "rate"), digits=digits) != worth):
            line["rate"] = format((worth / quantity).quantize(Decimal("1e-8")).normalize(), "f")
        if "tax1Amt" in line:
            line["tax1Amt"] = text(amount(line, "tax1Amt"), digits=digits)
        else:
            if "taxRate1" not in line and "taxCode" in line:
                line["taxRate1"] = (archive.get("salesTaxItem", line["taxCode"]["id"]) or {}).get("rate", "0")
            line["tax1Amt"] = text(worth * amount(line, "taxRate1") / 100, digits=digits)
        line["grossAmt"] = text(worth + amount(line, "tax1Amt"), digits=digits)
        net += worth
        tax += amount(line, "tax1Amt")
    if document.get("taxDetailsOverride") and "taxDetails" in document:
        tax = sum((rounded(amount(line, "taxAmount"), digits=digits) for line in document["taxDetails"]["items"]), ZERO)
    document["subtotal"] = text(net, digits=digits)
    document["discountTotal"] = text(ZERO, digits=digits)
    document["taxTotal"] = text(tax, digits=digits)
    document["total"] = text(net + tax, digits=digits)
    if net + tax < 0:
        raise Refusal("negative_total", path="total")


def set_total(document: Document, wanted: Decimal) -> None:
    """Move the first line so that the total becomes what someone typed over it at the screen."""
    lines = document.get("item", {}).get("items", [])
    if lines:
        first = dict(lines[0])
        digits = -int(Decimal(first["amount"]).as_tuple().exponent)
        first["amount"] = text(amount(first, "amount") + wanted - amount(document, "total"), digits=digits)
        for name in ("rate", "grossAmt"):
            first.pop(name, None)
        document["item"] = {"items": [first, *lines[1:]]}
