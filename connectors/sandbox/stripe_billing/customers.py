"""Customers: create, read, change, delete, list."""

import hashlib
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import CLOCK, Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, no_such
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import render

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
FIELDS = {
    "address", "balance", "description", "email", "invoice_prefix", "invoice_settings", "metadata", "name",
    "next_invoice_sequence", "phone", "preferred_locales", "shipping", "tax_exempt",
}  # fmt: skip


def create_customer(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, FIELDS | {"test_clock"})
    clock = params.text("test_clock")
    if clock:
        account.need(CLOCK, clock, param="test_clock")
        account.at_rest(clock)
        room = int(account.settings()["customers_per_clock"])
        if len([c for c in account.by("customer", "test_clock", clock) if not c.get("_deleted")]) >= room:
            raise StripeError(f"A test clock can have at most {room} customers.", param="test_clock")
    values = _values(account, params, {})
    key = account.new_id("customer")
    prefix = values.pop("invoice_prefix", None) or _free_prefix(account, key)
    customer = account.put("customer", {
        "id": key, "created": account.now(clock), "test_clock": clock, "invoice_prefix": prefix,
        "next_invoice_sequence": 1, "balance": 0, **values,
    })  # fmt: skip
    emit(account, "customer.created", "customer", customer)
    return render(account, "customer", customer)


def retrieve_customer(account: Account, call: Call) -> dict[str, Any]:
    Params(call.values, ())
    return render(account, "customer", account.need("customer", call.path["id"]))


def update_customer(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, FIELDS)
    customer = account.live_customer(call.path["id"])
    values = _values(account, params, customer)
    previous = {name: customer.get(name) for name, value in values.items() if customer.get(name) != value}
    account.change("customer", customer, **values)
    emit(account, "customer.updated", "customer", customer, previous=previous)
    return render(account, "customer", customer)


def delete_customer(account: Account, call: Call) -> dict[str, Any]:
    """Deleting is for ever; the customer's subscriptions must be ended by the caller."""
    customer = account.live_customer(call.path["id"])
    emit(account, "customer.deleted", "customer", customer)
    account.change("customer", customer, _deleted=True)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def owner(account: Account, params: Params) -> Document:
    """The live customer named by the required parameter `customer`."""
    return account.live_customer(params.required("customer"), param="customer")


def _values(account: Account, params: Params, old: Document) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("description", "email", "name", "phone"):
        if name in params:
            values[name] = params.text(name)
    if "email" in values and values["email"] and "@" not in values["email"]:
        raise StripeError(f"Invalid email address: {values['email']}", code="email_invalid", param="email")
    if "address" in params:
        values["address"] = _address(params.child("address", ADDRESS))
    shipping = params.child("shipping", ("address", "name", "phone"))
    if shipping:
        values["shipping"] = {
            "address": _address(shipping.child("address", ADDRESS)),
            "name": shipping.required("name"),
            "phone": shipping.text("phone"),
        }
    if "tax_exempt" in params:
        values["tax_exempt"] = params.choice("tax_exempt", ("exempt", "none", "reverse"), "none")
    if "balance" in params:
        values["balance"] = params.integer("balance", 0)
    if "next_invoice_sequence" in params:
        values["next_invoice_sequence"] = params.integer("next_invoice_sequence", 1, least=1)
    if "preferred_locales" in params:
        values["preferred_locales"] = params.texts("preferred_locales")
    settings = params.child("invoice_settings", ("default_payment_method", "footer"))
    if settings:
        values["invoice_settings"] = {
            "custom_fields": None, "default_payment_method": settings.text("default_payment_method"),
            "footer": settings.text("footer"), "rendering_options": None,
        }  # fmt: skip
    if "invoice_prefix" in params:
        prefix = params.required("invoice_prefix")
        taken = account.index.entries("customer", "invoice_prefix", prefix)
        if not (3 <= len(prefix) <= 12 and prefix.isalnum() and prefix.upper() == prefix):
            raise StripeError("Invoice prefixes are 3 to 12 uppercase letters or digits.", param="invoice_prefix")
        if taken and taken[0][1] != old.get("id"):
            raise StripeError(f"The invoice prefix {prefix} is already in use.", param="invoice_prefix")
        values["invoice_prefix"] = prefix
    if "metadata" in params or not old:
        values["metadata"] = params.metadata(old.get("metadata"))
    return values


def _address(params: Params | None) -> dict[str, Any] | None:
    return {name: params.text(name) for name in ADDRESS} if params else None


def _free_prefix(account: Account, key: str) -> str:
    """Eight letters or digits no other customer has: invoice numbers must be unique across the account."""
    salt = 0
    while True:
        prefix = hashlib.sha256(f"{key}{salt}".encode()).hexdigest()[:8].upper()
        if not account.index.entries("customer", "invoice_prefix", prefix):
            return prefix
        salt += 1


def need_owner(account: Account, document: Document) -> Document:
    """The customer of an object; refuses while its clock advances."""
    customer = account.get("customer", document["customer"])
    if customer is None:
        raise no_such("customer", document["customer"])
    account.at_rest(customer.get("test_clock"))
    return customer
