"""Tax rates of the account's own, and what lines are charged by them (docs.stripe.com/billing/taxes/tax-rates)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import render

FIELDS = {
    "active", "country", "description", "display_name", "inclusive", "jurisdiction", "metadata", "percentage", "state",
    "tax_type",
}  # fmt: skip
#: rates a line may have (docs.stripe.com/billing/taxes/tax-rates)
MOST_RATES = 5


def create_tax_rate(account: Account, call: Call) -> dict[str, Any]:
    """A rate of a fixed percentage; it never changes, and another one is made instead."""
    params = Params(call.values, FIELDS)
    percentage = params.decimal("percentage")
    params.required("display_name")
    params.required("percentage")
    assert percentage is not None
    if not 0 <= percentage <= 100 or percentage != round(percentage, 4):
        raise StripeError("Invalid percentage: from 0 to 100, with at most 4 places.", param="percentage")
    params.required("inclusive")
    texts = ("country", "description", "display_name", "jurisdiction", "state", "tax_type")
    rate = {
        "id": account.new_id("tax_rate"), "created": account.machine_now(),
        "percentage": float(percentage), "_percentage": str(percentage), "inclusive": params.boolean("inclusive"),
        "active": params.boolean("active", True), "metadata": params.metadata(),
        **{name: params.text(name) for name in texts},
    }  # fmt: skip
    account.put("tax_rate", rate)
    emit(account, "tax_rate.created", "tax_rate", rate)
    return render(account, "tax_rate", rate)


def read_rates(account: Account, params: Params) -> list[str]:
    """The active rates an item names, by id."""
    ids = params.texts("tax_rates")
    if len(ids) > MOST_RATES:
        raise StripeError(f"You may only specify up to {MOST_RATES} tax rates.", param=params.name("tax_rates"))
    for key in ids:
        if not account.need("tax_rate", key, param=params.name("tax_rates"))["active"]:
            raise StripeError(f"The tax rate {key} is inactive.", param=params.name("tax_rates"))
    return ids


def taxes_of(account: Account, amount: int, rate_ids: list[str]) -> list[dict[str, Any]]:
    """What a line of this amount (minor units) is charged by each rate; an inclusive rate is within the amount."""
    found = []
    for key in rate_ids:
        rate = account.need("tax_rate", key)
        percent = Decimal(rate["_percentage"])
        base = Decimal(amount) / (1 + percent / 100) if rate["inclusive"] else Decimal(amount)
        tax = int((base * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        found.append(
            {
                "amount": tax,
                "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": key},
                "taxability_reason": "not_available",
                "taxable_amount": amount - tax if rate["inclusive"] else amount,
                "type": "tax_rate_details",
            }
        )
    return found


def totals_of(lines: list[Document]) -> list[dict[str, Any]]:
    """The lines' taxes by rate, as an invoice shows them."""
    sums: dict[str, dict[str, Any]] = {}
    for line in lines:
        for tax in line.get("taxes", []):
            key = tax["tax_rate_details"]["tax_rate"]
            if key in sums:
                for name in ("amount", "taxable_amount"):
                    sums[key][name] += tax[name]
            else:
                sums[key] = dict(tax)
    return list(sums.values())
