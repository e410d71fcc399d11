"""Products and prices."""

from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import INTERVALS, plain
from connectors.sandbox.stripe_billing.shapes import render

PRODUCT_FIELDS = {
    "active", "description", "images", "metadata", "name", "shippable", "statement_descriptor", "tax_code",
    "unit_label", "url",
}  # fmt: skip
PRICE_FIELDS = {
    "active", "billing_scheme", "currency", "lookup_key", "metadata", "nickname", "product", "product_data",
    "recurring", "tax_behavior", "transfer_lookup_key", "unit_amount", "unit_amount_decimal",
}  # fmt: skip
RECURRING = ("interval", "interval_count", "meter", "trial_period_days", "usage_type")
#: price_data of a subscription item or an invoice item
PRICE_DATA = ("currency", "product", "recurring", "tax_behavior", "unit_amount", "unit_amount_decimal")
TAX_BEHAVIOURS = ("exclusive", "inclusive", "unspecified")


def create_product(account: Account, call: Call) -> dict[str, Any]:
    """A product under an id of the client's choosing or a new one."""
    params = Params(call.values, PRODUCT_FIELDS | {"id", "type"})
    key = params.text("id")
    if key and account.get("product", key):
        raise StripeError(f"Product already exists: {key}.", code="resource_already_exists", param="id")
    params.required("name")
    now = account.machine_now()
    product = {"id": key or account.new_id("product"), "created": now, "updated": now, **_product(params, {})}
    account.put("product", product)
    emit(account, "product.created", "product", product)
    return render(account, "product", product)


def update_product(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, PRODUCT_FIELDS | {"default_price"})
    product = account.need("product", call.path["id"])
    values = _product(params, product)
    if "default_price" in params:
        values["default_price"] = account.need("price", params.required("default_price"), param="default_price")["id"]
    previous = {name: product.get(name) for name in values}
    account.change("product", product, **values, updated=account.machine_now())
    emit(account, "product.updated", "product", product, previous=previous)
    return render(account, "product", product)


def delete_product(account: Account, call: Call) -> dict[str, Any]:
    product = account.need("product", call.path["id"])
    if account.index.entries("price", "product", product["id"]):
        raise StripeError("This product cannot be deleted because it has one or more user-created prices.")
    emit(account, "product.deleted", "product", product)
    account.drop("product", product["id"])
    return {"id": product["id"], "object": "product", "deleted": True}


def _product(params: Params, old: Document) -> dict[str, Any]:
    values: dict[str, Any] = {"metadata": params.metadata(old.get("metadata"))}
    for name in ("description", "name", "statement_descriptor", "tax_code", "unit_label", "url"):
        if name in params:
            values[name] = params.text(name)
    for name in ("active", "shippable"):
        if name in params:
            values[name] = params.boolean(name)
    if "images" in params:
        values["images"] = params.texts("images")
    return values


def create_price(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, PRICE_FIELDS)
    inline = params.child("product_data", ("id", "active", "metadata", "name", "tax_code", "unit_label"))
    if inline is None:
        account.need("product", params.required("product"), param="product")
    else:
        inline.required("name")
    lookup = params.text("lookup_key")
    holders = account.by("price", "lookup_key", lookup) if lookup else []
    if holders and not params.boolean("transfer_lookup_key"):
        raise StripeError(
            f"A price (`{holders[0]['id']}`) already uses that lookup key.",
            code="resource_already_exists",
            param="lookup_key",
        )
    price = read_price(account, params, product="" if inline else None)
    price["lookup_key"] = lookup
    if inline:
        made = create_product(account, Call(dict(inline.values), {}, call.request_id, call.idempotency_key))
        price["product"] = made["id"]
    for holder in holders:
        account.change("price", holder, lookup_key=None)
    account.put("price", price)
    emit(account, "price.created", "price", price)
    return render(account, "price", price)


def update_price(account: Account, call: Call) -> dict[str, Any]:
    """Amounts never change; a new price is made instead."""
    params = Params(call.values, {"active", "lookup_key", "metadata", "nickname"})
    price = account.need("price", call.path["id"])
    values: dict[str, Any] = {"metadata": params.metadata(price.get("metadata"))}
    if "active" in params:
        values["active"] = params.boolean("active")
    for name in ("lookup_key", "nickname"):
        if name in params:
            values[name] = params.text(name)
    previous = {name: price.get(name) for name in values}
    account.change("price", price, **values)
    emit(account, "price.updated", "price", price, previous=previous)
    return render(account, "price", price)


def read_price(account: Account, params: Params, *, product: str | None = None) -> Document:
    """A price from its parameters, not yet stored; used for prices of their own and for price_data."""
    currency = account.check_currency(params.required("currency"), param=params.name("currency"))
    if product is None:
        product = account.need("product", params.required("product"), param=params.name("product"))["id"]
    whole, exact = params.integer("unit_amount"), params.decimal("unit_amount_decimal")
    if whole is not None and exact is not None:
        raise StripeError(
            "You may only specify one of these parameters: unit_amount, unit_amount_decimal.",
            param=params.name("unit_amount_decimal"),
        )
    if whole is None and exact is None:
        raise missing(params.name("unit_amount"))
    amount = Decimal(whole) if whole is not None else exact
    assert amount is not None
    if amount < 0:
        raise StripeError(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param=params.name("unit_amount"),
        )
    return {
        "id": account.new_id("price"),
        "created": account.machine_now(),
        "currency": currency,
        "product": product,
        "unit_amount": int(amount) if amount == int(amount) else None,
        "unit_amount_decimal": plain(amount),
        "nickname": params.text("nickname") if "nickname" in params else None,
        "active": params.boolean("active", True),
        "metadata": params.metadata(),
        "tax_behavior": params.choice("tax_behavior", TAX_BEHAVIOURS, "unspecified"),
        **_recurring(account, params),
    }


def _recurring(account: Account, params: Params) -> dict[str, Any]:
    recurring = params.child("recurring", RECURRING)
    if recurring is None:
        return {"type": "one_time", "recurring": None}
    recurring.required("interval")
    usage = recurring.choice("usage_type", ("licensed", "metered"), "licensed")
    meter = recurring.text("meter")
    if meter:
        account.need("billing.meter", meter, param=recurring.name("meter"))
    if (usage == "metered") != bool(meter):
        # usage records are gone: since API version 2025-03-31 a metered price needs a meter, others have none
        raise StripeError(
            "Metered prices must be backed by a meter, and only they can be.", param=recurring.name("meter")
        )
    return {
        "type": "recurring",
        "recurring": {
            "interval": recurring.choice("interval", INTERVALS),
            "interval_count": recurring.integer("interval_count", 1, least=1),
            "meter": meter,
            "trial_period_days": None,
            "usage_type": usage,
        },
    }


def inline_price(account: Account, params: Params, *, recurring: bool) -> Document:
    """A price from price_data, not yet stored: inactive, for this one use."""
    if recurring and "recurring" not in params:
        raise missing(params.name("recurring"))
    return {**read_price(account, params), "active": False}
