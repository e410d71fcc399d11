"""Calls that only read, the same for every kind: one object by id, lists with filters, searches."""

import time
from collections.abc import Callable
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import CLOCK, Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.lists import INDEXED, PAGING, matcher, newest, page
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import listed, render

Operation = Callable[[Account, Call], dict[str, Any]]
Keep = Callable[[Document], bool]

#: per kind: list parameter -> field of the document
FILTERS: dict[str, dict[str, str]] = {
    "customer": {"email": "email", "test_clock": "test_clock"},
    "product": {"active": "active"},
    "price": {
        "active": "active", "currency": "currency", "product": "product", "type": "type", "lookup_keys": "lookup_key",
    },
    "subscription": {
        "customer": "customer", "status": "status", "collection_method": "collection_method", "price": "_price",
        "test_clock": "test_clock",
    },
    "subscription_schedule": {"customer": "customer", "scheduled": "_scheduled"},
    "invoice": {
        "customer": "customer", "status": "status", "subscription": "_subscription",
        "collection_method": "collection_method",
    },
    "invoiceitem": {"customer": "customer", "invoice": "invoice", "pending": "_pending"},
    "invoice_payment": {"invoice": "invoice", "payment": "_payment_intent", "status": "status"},
    "payment_intent": {"customer": "customer"},
    "charge": {"customer": "customer", "payment_intent": "payment_intent"},
    "balance_transaction": {"currency": "currency", "payout": "_payout", "source": "source", "type": "type"},
    "payout": {"status": "status", "destination": "destination"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "credit_note": {"customer": "customer", "invoice": "invoice"},
    "billing.meter": {"status": "status"},
    "tax_rate": {"active": "active", "inclusive": "inclusive"},
    "webhook_endpoint": {},
    CLOCK: {},
}  # fmt: skip
#: further time filters besides `created`
SPANS = {
    "invoice": ("due_date",), "payout": ("arrival_date",),
    "subscription_schedule": ("canceled_at", "completed_at", "released_at"),
}  # fmt: skip
#: filters whose value must be an object that exists
CHECKED = {"customer": "customer", "invoice": "invoice", "subscription": "subscription"}


def retriever(kind: str) -> Operation:
    """GET of one object."""

    def retrieve(account: Account, call: Call) -> dict[str, Any]:
        Params(call.values, ())
        return render(account, kind, account.need(kind, call.path["id"]))

    return retrieve


def lister(kind: str, url: str) -> Operation:
    """GET of a list: newest first, with the filters of FILTERS."""
    filters, spans = FILTERS[kind], SPANS.get(kind, ())

    def list_all(account: Account, call: Call) -> dict[str, Any]:
        dated = () if kind in ("webhook_endpoint", CLOCK) else ("created",)
        params = Params(call.values, {*PAGING, *filters, *spans, *dated})
        keeps: list[Keep] = [lambda document: not document.get("_deleted")]
        entries = account.index.entries(kind)
        if kind == "subscription":
            keeps.append(_status(params))
        for name, field in filters.items():
            if name not in params or (kind, name) == ("subscription", "status"):
                continue
            wanted = _wanted(account, params, name)
            if field in INDEXED.get(kind, ()) and isinstance(wanted, str):
                narrowed = account.index.entries(kind, field, wanted)
                entries = min(entries, narrowed, key=len)
            keeps.append(_equals(field, wanted))
        for name in spans:
            if name in params:
                keeps.append(_within(name, *params.span(name)))

        def cursor(param: str, key: str) -> tuple[int, str]:
            document = account.need(kind, key, param=param)
            return document["created"], document["id"]

        found, more = page(
            entries, lambda key: account.books.get(kind, key) or {}, params,
            keep=lambda document: all(keep(document) for keep in keeps), cursor=cursor,
            span=None if dated else (None, None),
        )  # fmt: skip
        return listed(url, [render(account, kind, document) for document in found], more=more)

    return list_all


def _wanted(account: Account, params: Params, name: str) -> Any:
    """What a filter asks for; objects it names must exist."""
    if name in ("active", "pending", "scheduled"):
        return params.boolean(name)
    if name == "lookup_keys":
        return params.texts(name)
    if name == "payment":
        payment = params.child("payment", ("payment_intent", "payment_record", "type"))
        return payment.required("payment_intent") if payment else None
    wanted = params.required(name)
    if name in CHECKED:
        account.need(CHECKED[name], wanted, param=name)
    return wanted


def _equals(field: str, wanted: Any) -> Keep:
    if field == "_pending":
        return lambda document: (document.get("invoice") is None) == wanted
    if field == "_scheduled":
        return lambda document: (document["status"] == "not_started") == wanted
    if field == "_price":
        return lambda document: any(item["price"] == wanted for item in document["items"])
    if isinstance(wanted, list):
        return lambda document: document.get(field) in wanted
    missing_means = True if field == "active" else None
    return lambda document: document.get(field, missing_means) == wanted


def _within(field: str, start: int | None, end: int | None) -> Keep:
    def keep(document: Document) -> bool:
        at = document.get(field)
        return at is not None and (start is None or at >= start) and (end is None or at < end)

    return keep


def _status(params: Params) -> Keep:
    wanted = params.text("status")
    if wanted is None:
        return lambda document: document["status"] not in ("canceled", "incomplete_expired")
    if wanted == "all":
        return lambda document: True
    if wanted == "ended":
        return lambda document: document["status"] in ("canceled", "incomplete_expired")
    return lambda document: document["status"] == wanted


def searcher(kind: str, url: str) -> Operation:
    """GET of a search: eventually consistent, by the setting search_delay_seconds of machine time."""

    def search(account: Account, call: Call) -> dict[str, Any]:
        params = Params(call.values, {"limit", "page", "query"})
        if params.text("query") is None:
            raise missing("query")
        matches = matcher(params.required("query"))
        limit = params.integer("limit", 10, least=1) or 10
        if limit > 100:
            raise StripeError("This value must be less than or equal to 100.", param="limit")
        visible = time.time() - float(account.settings()["search_delay_seconds"])
        token = params.text("page")
        found: list[Document] = []
        following = None
        for key in newest(account.index.entries(kind)):
            if token and key != token:
                continue
            token = None
            document = account.books.get(kind, key)
            if document is None or document.get("_deleted") or account.written.get(key, 0.0) > visible:
                continue
            if matches(document):
                if len(found) == limit:
                    following = key
                    break
                found.append(document)
        return {
            "object": "search_result", "data": [render(account, kind, document) for document in found],
            "has_more": following is not None, "next_page": following, "url": url,
        }  # fmt: skip

    return search
