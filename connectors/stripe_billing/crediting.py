"""Credit notes people approved here, made in Stripe: each line with the tax it was charged.

Sources: docs.stripe.com/api/credit_notes/create and /preview. What a paid invoice is credited for must go somewhere;
what the customer has back already, by a dispute, is credited outside of Stripe (`out_of_band_amount`).
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.canonical import CreditMemo, CreditMemoLine
from connectors.errors import Rejected
from connectors.interface import Receipt
from connectors.money import shares
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO, from_sent, to_sent
from connectors.stripe_billing.mapping import metadata
from connectors.stripe_billing.transport import SYSTEM, Api

PATH = "/v1/credit_notes"
Fetch = Callable[[str], dict[str, Any] | None]


def give(api: Api, memo: CreditMemo, *, fetch: Fetch, key: str) -> Receipt:
    """Make it, once Stripe's own preview shows exactly what was approved. `fetch` gives an invoice with all its lines.

    Raises Rejected CREDIT_WITHOUT_INVOICE where Stripe does not have the invoice, AMOUNT_MISMATCH where its preview
    differs: nothing is written then.
    """
    if made := find(memo.reference, api=api):
        return made[0]
    own_id = memo.refers_to.removeprefix("invoice:stripe:")
    invoice = fetch(own_id)
    if invoice is None:
        raise _refused(memo, "Stripe does not have the invoice", reason="CREDIT_WITHOUT_INVOICE")
    wanted = parameters(memo, invoice)
    shown = api.get(f"{PATH}/preview", **wanted)
    found = from_sent(shown["total"], memo.currency)
    if found != memo.total:
        raise _refused(memo, f"Stripe would credit {found} {memo.currency}, not {memo.total}", reason="AMOUNT_MISMATCH")
    return receipt(api.post(PATH, {**wanted, "metadata": {"q2c_reference": memo.reference}}, key=key))


def parameters(memo: CreditMemo, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """What Stripe is asked for. Raises Rejected for a line the invoice does not have."""
    billed = {line["id"]: line for line in invoice["lines"]["data"]}
    lines = []
    for line in memo.lines:
        if line.invoice_line_id not in billed:
            raise _refused(memo, f"the invoice has no line {line.invoice_line_id}", reason="CREDIT_WITHOUT_INVOICE")
        lines.append(_line(line, billed[line.invoice_line_id], currency=memo.currency))
    # what is still open is lowered first; only the rest must go somewhere
    open_now = from_sent(invoice["amount_remaining"], memo.currency) if invoice["status"] == "open" else Decimal(0)
    elsewhere = memo.total - min(memo.total, open_now)
    return {
        "invoice": invoice["id"],
        "reason": memo.reason_code,
        "lines": lines,
        **({"out_of_band_amount": to_sent(elsewhere, memo.currency)} if elsewhere else {}),
    }


def _line(line: CreditMemoLine, billed: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """Tax is split over the line's own rates as it was charged; what a price included stays included."""
    taxes = [tax for tax in billed.get("taxes") or [] if tax["amount"]]
    parts = _split(to_sent(line.tax, currency), [tax["amount"] for tax in taxes], currency)
    within = sum(part for tax, part in zip(taxes, parts, strict=True) if tax.get("tax_behavior") == "inclusive")
    amounts = [
        {
            "amount": part,
            "tax_rate": tax["tax_rate_details"]["tax_rate"],
            "taxable_amount": to_sent(line.net, currency),
        }
        for tax, part in zip(taxes, parts, strict=True)
    ]
    return {
        "type": "invoice_line_item",
        "invoice_line_item": line.invoice_line_id,
        "amount": to_sent(line.net, currency) + within,
        **({"tax_amounts": amounts} if amounts else {}),
    }


def _split(sent: int, weights: Sequence[int], currency: str) -> list[int]:
    """An amount as Stripe is sent it, by weights and in the steps Stripe takes; the parts sum to it."""
    if not weights:
        return []
    step = 10 if currency in LAST_DIGIT_ZERO else 1
    # whole steps are split like an amount without digits
    return [int(part) * step for part in shares(Decimal(sent // step), [Decimal(one) for one in weights], "JPY")]


def find(reference: str, *, api: Api) -> list[Receipt]:
    """What Stripe holds of a credit memo asked for by `credit_memo:asked:<invoice id>:<what for>`."""
    rows = [row for page in api.pages(PATH, invoice=reference.split(":")[2]) for row in page]
    return [receipt(row) for row in rows if metadata(row).get("q2c_reference") == reference]


def receipt(record: Mapping[str, Any]) -> Receipt:
    """What Stripe holds of a credit note."""
    currency = record["currency"].upper()
    held = {"total": format(from_sent(record["total"], currency), "f"), "currency": currency}
    return Receipt(external_id=record["id"], held={**held, "status": str(record.get("status") or "")})


def _refused(memo: CreditMemo, text: str, *, reason: str) -> Rejected:
    return Rejected(f"{memo.reference}: {text}", reason=reason, field="invoice", value=text[:300], system=SYSTEM)
