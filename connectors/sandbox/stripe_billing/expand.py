"""expand[]: ids in an answer replaced by the objects they name."""

from typing import Any

from connectors.sandbox.stripe_billing.account import CLOCK, PREFIXES, Account
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.shapes import listed, render

DEEPEST = 4
#: fields that hold ids which do not tell their kind by a prefix
BY_NAME = {"product": "product", "schedule": "subscription_schedule", "test_clock": CLOCK}


def expand(account: Account, body: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The body with each path followed; refuses paths that are too deep or cannot be expanded."""
    for path in paths:
        parts = path.split(".")
        if len(parts) - (parts[0] == "data") > DEEPEST:
            message = f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}"
            raise StripeError(message, param="expand")
        body = _follow(account, body, parts, path)
    return body


def _follow(account: Account, node: Any, parts: list[str], path: str) -> Any:
    if isinstance(node, list):
        return [_follow(account, item, parts, path) for item in node]
    if not parts or not isinstance(node, dict):
        return node
    name, rest = parts[0], parts[1:]
    node = dict(node)
    if name == "payments" and node.get("object") == "invoice" and "payments" not in node:
        node["payments"] = _payments(account, node["id"])
    if name == "subscriptions" and node.get("object") == "customer" and "subscriptions" not in node:
        node["subscriptions"] = _subscriptions(account, node["id"])
    if name not in node:
        raise StripeError(
            f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' instead."
            if node.get("object") == "list"
            else f"This property cannot be expanded ({path}).",
            param="expand",
        )
    value = node[name]
    if isinstance(value, str):
        value = _load(account, name, value, path)
    node[name] = _follow(account, value, rest, path)
    return node


def _load(account: Account, name: str, key: str, path: str) -> dict[str, Any]:
    kind = BY_NAME.get(name) or PREFIXES.get(key.split("_")[0])
    document = account.get(kind, key) if kind else None
    if kind is None or document is None:
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    return render(account, kind, document)


def _payments(account: Account, invoice: str) -> dict[str, Any]:
    rows = [render(account, "invoice_payment", row) for row in account.by("invoice_payment", "invoice", invoice)]
    return listed("/v1/invoice_payments", rows[:10], more=len(rows) > 10)


def _subscriptions(account: Account, customer: str) -> dict[str, Any]:
    live = [row for row in account.by("subscription", "customer", customer) if row["status"] != "canceled"]
    rows = [render(account, "subscription", row) for row in live]
    return listed(f"/v1/customers/{customer}/subscriptions", rows[:10], more=len(rows) > 10)
