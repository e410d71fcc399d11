"""Bodies against what the vendor published: fields and types of its SDK, key sets of its example objects."""

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.sandbox.stripe_billing.running import Running, at

ROOT = Path(__file__).parents[4]
SPECS = Path(os.environ.get("Q2C_SPECS", ROOT.parent / "shared" / "specs")) / "stripe"
FIELDS, EXAMPLES, TYPES = (
    SPECS / name for name in ("stripe-sdk-16.1.0-fields.json", "fixtures3.json", "event-types.json")
)
pytestmark = pytest.mark.skipif(not FIELDS.exists(), reason="the vendor's published fields are not there (Q2C_SPECS)")

CLASSES = {
    "customer": "Customer", "product": "Product", "price": "Price", "plan": "Plan", "subscription": "Subscription",
    "subscription_item": "SubscriptionItem", "subscription_schedule": "SubscriptionSchedule",
    "invoice": "Invoice", "line_item": "InvoiceLineItem",
    "invoiceitem": "InvoiceItem", "invoice_payment": "InvoicePayment", "payment_intent": "PaymentIntent",
    "charge": "Charge", "balance_transaction": "BalanceTransaction", "payout": "Payout", "refund": "Refund",
    "credit_note": "CreditNote", "credit_note_line_item": "CreditNoteLineItem", "event": "Event",
    "webhook_endpoint": "WebhookEndpoint", "test_helpers.test_clock": "test_helpers.TestClock",
}  # fmt: skip
#: in the examples, but gone from the SDK of this API version
GONE = {"invoice": {"subscription"}}


class Published:
    """The SDK's classes, and what is wrong with a body by them."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = json.loads(FIELDS.read_text())["resources"]

    def faults(self, body: dict[str, Any]) -> list[str]:
        name = CLASSES[body["object"]]
        return list(self._object(body, self.resources[name], (self.resources[name],), body["object"]))

    def _object(
        self, body: Any, fields: dict[str, Any], scopes: tuple[dict[str, Any], ...], path: str
    ) -> Iterator[str]:
        if not isinstance(body, dict):
            yield f"{path}: {body!r} is no object"
            return
        known = {name: field["type"] for name, field in fields.items() if name not in ("$classes", "OBJECT_NAME")}
        for name in body.keys() - known.keys():
            yield f"{path}.{name}: the SDK has no such field"
        for name, type_ in known.items():
            if name in body:
                yield from self._value(body[name], ast.parse(type_, mode="eval").body, scopes, f"{path}.{name}")
            elif not type_.startswith("Optional"):
                yield f"{path}.{name}: missing"

    def _value(self, value: Any, type_: ast.expr, scopes: tuple[dict[str, Any], ...], path: str) -> Iterator[str]:
        if isinstance(type_, ast.Subscript):
            yield from self._generic(value, ast.unparse(type_.value), type_.slice, scopes, path)
            return
        name = type_.value if isinstance(type_, ast.Constant) else ast.unparse(type_)
        plain = {"int": int, "str": str, "bool": bool, "Decimal": str, "float": (int, float)}
        if name in plain:
            if not isinstance(value, plain[name]) or (name == "int" and isinstance(value, bool)):
                yield f"{path}: {value!r} is no {name}"
            return
        for scope in reversed(scopes):
            inner = scope.get("$classes", {}).get(name)
            if inner is not None:
                yield from self._object(value, inner, (*scopes, inner), path)
                return
        if name in self.resources and isinstance(value, dict):
            yield from self._object(value, self.resources[name], (self.resources[name],), path)

    def _generic(
        self, value: Any, outer: str, inner: ast.expr, scopes: tuple[dict[str, Any], ...], path: str
    ) -> Iterator[str]:
        if outer == "Optional":
            if value is not None:
                yield from self._value(value, inner, scopes, path)
        elif outer == "Literal":
            options = ast.literal_eval(inner)
            if value not in (options if isinstance(options, tuple) else (options,)):
                yield f"{path}: {value!r} is not one of {options}"
        elif outer == "Union":
            # Unions here are enumerations left open by `|str`: hold us to the named values.
            choices = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            yield from self._value(value, choices[0], scopes, path)
        elif outer in ("List", "ListObject"):
            if outer == "ListObject":
                if not isinstance(value, dict) or value.get("object") != "list":
                    yield f"{path}: no list object"
                    return
                value = value["data"]
            if not isinstance(value, list):
                yield f"{path}: no list"
                return
            for index, item in enumerate(value):
                yield from self._value(item, inner, scopes, f"{path}[{index}]")
        elif outer == "ExpandableField":
            if isinstance(value, dict):
                yield from self._value(value, inner, scopes, path)
            elif not isinstance(value, str):
                yield f"{path}: {value!r} is no id"
        elif outer in ("UntypedStripeObject", "Dict") and not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"


@pytest.fixture
def bodies(running: Running) -> list[dict[str, Any]]:
    """One story in which every kind of object comes up, read back over the wire."""
    running.settings(pays_after_days=3, automatic_payouts=True, fee_percent="2.9", fee_fixed=30)
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock, address={"country": "US", "city": "Austin"})
    running.product()
    deal = running.year_deal(customer, start=at(2026, 3, 1), end=at(2027, 3, 1), amount=55_000, metadata={"a": "b"})
    running.advance(clock, at(2026, 3, 20))
    invoice = deal.latest_invoice
    running.client.credit_notes.create({"invoice": invoice, "amount": 5000, "refund_amount": 5000})
    running.client.invoice_items.create({"customer": customer, "amount": 700, "currency": "usd"})
    made = running.client.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    running.client.invoices.finalize_invoice(made.id)
    running.client.invoices.void_invoice(made.id)
    item = deal["items"].data[0].id
    running.client.subscriptions.update(deal.id, {"items": [{"id": item, "quantity": 2}]})
    running.client.subscription_schedules.create({"from_subscription": deal.id})
    running.client.subscriptions.cancel(deal.id, {"prorate": True})
    running.client.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    paths = [
        "customers", "products", "prices", "subscriptions?status=all&expand[]=data.latest_invoice",
        f"subscription_schedules?customer={customer}",
        "invoices?expand[]=data.payments", "invoiceitems", "invoice_payments", "payment_intents", "charges",
        "balance_transactions", "payouts", "refunds", "credit_notes", "webhook_endpoints", "test_helpers/test_clocks",
        "events?limit=100",
    ]  # fmt: skip
    found: list[dict[str, Any]] = []
    for path in paths:
        rows = running.http.get(f"/v1/{path}").raise_for_status().json()["data"]
        assert rows, path
        found += rows
    found += [line for body in found if body["object"] == "invoice" for line in body["lines"]["data"]]
    found += [item for body in found if body["object"] == "subscription" for item in body["items"]["data"]]
    found += [item["plan"] for item in found if item["object"] == "subscription_item"]
    return found


def test_every_body_has_the_fields_and_types_of_the_sdk(bodies: list[dict[str, Any]]) -> None:
    # given
    published = Published()
    assert {body["object"] for body in bodies} >= CLASSES.keys() - {"credit_note_line_item"}
    # when / then, snapshots inside events included
    snapshots = [body["data"]["object"] for body in bodies if body["object"] == "event"]
    faults = {fault for body in [*bodies, *snapshots] for fault in published.faults(body)}
    assert faults == set()


def test_every_body_has_the_keys_of_the_vendors_example(bodies: list[dict[str, Any]]) -> None:
    # given
    examples = json.loads(EXAMPLES.read_text())["resources"]
    examples["line_item"] = examples["invoice"]["lines"]["data"][0]
    # when
    absent = set()
    for body in bodies:
        example = examples.get(body["object"], {})
        missing = example.keys() - body.keys() - GONE.get(body["object"], set())
        absent |= {f"{body['object']}.{key}" for key in missing}
    # then
    assert absent == set()


def test_every_event_type_exists(bodies: list[dict[str, Any]]) -> None:
    # given / when / then
    known = set(json.loads(TYPES.read_text()))
    assert {body["type"] for body in bodies if body["object"] == "event"} - known == set()
