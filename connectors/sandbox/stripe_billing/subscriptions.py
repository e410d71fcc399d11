"""The life of a subscription: created with its first invoice, renewed period by period, ended."""

from calendar import monthrange
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import invoices, meters, taxes
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.catalogue import PRICE_DATA, inline_price
from connectors.sandbox.stripe_billing.customers import owner
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.invoice_calls import METHODS, check_terms
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import add_intervals, boundary, charge_for, iso, share
from connectors.sandbox.stripe_billing.schedule_links import end_with
from connectors.sandbox.stripe_billing.shapes import render

PRORATIONS = ("always_invoice", "create_prorations", "none")
#: docs.stripe.com/api/subscriptions/create
MOST_ITEMS = 20
ITEM_FIELDS = ("id", "price", "price_data", "quantity", "metadata", "deleted", "clear_usage", "tax_rates")
FIELDS = {
    "backdate_start_date", "billing_cycle_anchor", "billing_cycle_anchor_config", "cancel_at", "cancel_at_period_end",
    "collection_method", "currency", "customer", "days_until_due", "default_payment_method", "description", "items",
    "metadata", "off_session", "payment_behavior", "proration_behavior",
}  # fmt: skip
BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
LIVE = ("active", "past_due", "unpaid", "incomplete", "trialing")


def create_subscription(account: Account, call: Call, *, by_schedule: bool = False) -> dict[str, Any]:
    """Validate everything, then write the subscription and its first invoice.

    With a backdated start and a later billing_cycle_anchor the first invoice has one line per item for the whole
    span [start, anchor): whole calendar intervals count exactly, the rest by seconds. `by_schedule`: a schedule does
    it as its clock advances, also with prices that were made inline for it.
    """
    params = Params(call.values, FIELDS)
    customer = account.need("customer", params.required("customer")) if by_schedule else owner(account, params)
    clock = customer.get("test_clock")
    now = account.now(clock)
    method = params.choice("collection_method", METHODS, "charge_automatically") or "charge_automatically"
    days = params.integer("days_until_due", least=0)
    check_terms(method, days)
    proration = params.choice("proration_behavior", PRORATIONS, "create_prorations") or "create_prorations"
    params.choice("payment_behavior", BEHAVIOURS)
    start = params.timestamp("backdate_start_date")
    if start is not None and start > now:
        raise StripeError("`backdate_start_date` must be in the past.", param="backdate_start_date")
    anchor = _future(params, "billing_cycle_anchor", now) or _configured_anchor(params, now)
    cancel_at = _future(params, "cancel_at", now)
    at_period_end = params.boolean("cancel_at_period_end")
    if cancel_at is not None and at_period_end:
        raise StripeError("You can only specify one of these parameters: cancel_at, cancel_at_period_end.")
    prices, items = read_items(account, params, now, by_schedule=by_schedule)
    if not items:
        raise missing("items")
    check_alike(items, prices)
    recurring = prices[items[0]["price"]]["recurring"]
    interval, size = recurring["interval"], recurring["interval_count"]
    if anchor is not None and anchor > add_intervals(now, interval, size):
        raise StripeError(
            f"billing_cycle_anchor cannot be later than next natural billing date "
            f"({add_intervals(now, interval, size)}) for plan",
            param="billing_cycle_anchor",
        )
    begins = now if start is None else start
    currency = prices[items[0]["price"]]["currency"]
    for price in prices.values():
        if account.get("price", price["id"]) is None:
            account.put("price", price)
            emit(account, "price.created", "price", price)
    period_end = anchor if anchor is not None and anchor > now else add_intervals(now, interval, size)
    period_start = begins if anchor is not None and anchor > now else now
    subscription: Document = {
        "id": account.new_id("subscription"), "created": now, "customer": customer["id"], "test_clock": clock,
        "status": "active", "start_date": begins, "billing_cycle_anchor": anchor if anchor is not None else now,
        "cancel_at": cancel_at, "cancel_at_period_end": at_period_end, "collection_method": method,
        "canceled_at": now if cancel_at or at_period_end else None, "currency": currency, "days_until_due": days,
        "default_payment_method": params.text("default_payment_method"), "description": params.text("description"),
        "metadata": params.metadata(), "latest_invoice": None, "items": items, "_interval": [interval, size],
    }  # fmt: skip
    set_period(subscription, period_start, _last(cancel_at, period_end))
    for item in subscription["items"]:
        item["subscription"] = subscription["id"]
    if at_period_end:
        subscription["cancel_at"] = period_end
    if customer.get("currency") is None:
        account.change("customer", customer, currency=currency)
    emit_after = _first_lines(account, subscription, prices, now, proration)
    account.put("subscription", subscription)
    invoice = bill(account, customer, subscription, emit_after, reason="subscription_create", period=(now, now))
    if method == "charge_automatically" and invoice["status"] == "open":
        account.change("subscription", subscription, status="incomplete")
    emit(account, "customer.subscription.created", "subscription", subscription)
    watch(account, subscription)
    return render(account, "subscription", subscription)


def _first_lines(
    account: Account, subscription: Document, prices: dict[str, Document], now: int, proration: str
) -> list[Document]:
    begins, start, end = subscription["start_date"], *period_of(subscription)
    spans = [(start, end)] if begins >= start or proration == "none" else [(begins, start), (start, end)]
    lines = []
    for item in subscription["items"]:
        if is_metered(prices[item["price"]]):
            # billed when the period is over; the first invoice says so with a line of nothing
            lines.append(usage_line(account, subscription, item, prices[item["price"]], (now, now)))
            continue
        for span in spans:
            skipped = proration == "none" and portion(subscription, *span) != 1
            factor = Fraction(0) if skipped else portion(subscription, *span)
            lines.append(line_for(account, subscription, item, prices[item["price"]], span, factor))
    return lines


def portion(subscription: Document, start: int, end: int) -> Fraction:
    """The length of a span in billing intervals; one that starts at a boundary is measured from there."""
    interval, size = subscription["_interval"]
    full = add_intervals(start, interval, size)
    if end < full and start == subscription["billing_cycle_anchor"]:
        return Fraction(end - start, full - start)
    return share(start, end, interval, size)


def line_for(
    account: Account, subscription: Document, item: Document, price: Document, span: tuple[int, int], factor: Fraction
) -> Document:
    """One line for one item over one span."""
    product = account.get("product", price["product"]) or {}
    unit, quantity = Decimal(price["unit_amount_decimal"]), item["quantity"]
    details = {
        "invoice_item": None, "proration": factor.denominator != 1, "proration_details": {"credited_items": None},
        "subscription": subscription["id"], "subscription_item": item["id"],
    }  # fmt: skip
    parent = {"type": "subscription_item_details", "invoice_item_details": None, "subscription_item_details": details}
    return invoices.new_line(
        account, amount=charge_for(unit, quantity, factor), currency=price["currency"], period=span, quantity=quantity,
        description=f"{quantity} × {product.get('name', price['product'])} ({iso(span[0])} to {iso(span[1])})",
        price=price, metadata=dict(subscription["metadata"]), parent=parent, tax_rates=item.get("tax_rates"),
    )  # fmt: skip


def is_metered(price: Document) -> bool:
    return bool(price["recurring"]) and price["recurring"]["usage_type"] == "metered"


def usage_line(
    account: Account, subscription: Document, item: Document, price: Document, span: tuple[int, int]
) -> Document:
    """What the meter counted in a period, priced; counted once more when its invoice is finalised."""
    quantity = meters.used(account, price["recurring"]["meter"], subscription["customer"], *span)
    counted = {**item, "quantity": quantity}
    return line_for(account, subscription, counted, price, span, Fraction(1))


def count_again(account: Account, invoice: Document) -> None:
    """Usage reported while an invoice was a draft is on it (the vendor's grace period)."""
    for line in invoice["lines"]:
        details = line["parent"].get("subscription_item_details")
        price = account.get("price", ((line["pricing"] or {}).get("price_details") or {}).get("price"))
        subscription = account.get("subscription", line["subscription"])
        if not details or not price or not subscription or not is_metered(price):
            continue
        item = {"id": details["subscription_item"], "price": price["id"]}
        span = (line["period"]["start"], line["period"]["end"])
        fresh = usage_line(account, subscription, item, price, span)
        for name in ("amount", "subtotal", "quantity", "quantity_decimal", "description"):
            line[name] = fresh[name]


def finalize_due(account: Account, key: str) -> None:
    """The moment came at which a draft finalises by itself, its usage counted to the last."""
    invoice = account.get("invoice", key)
    if invoice and invoice["status"] == "draft":
        count_again(account, invoice)
        invoices.recompute(account, invoice)
        account.put("invoice", invoice)
    invoices.finalize_due(account, key)


def bill(
    account: Account,
    customer: Document,
    subscription: Document,
    lines: list[Document],
    *,
    reason: str,
    period: tuple[int, int],
) -> Document:
    """Write an invoice of a subscription, with its pending items; collected at once where that is the method."""
    pending = invoices.take_pending(
        account, customer, subscription=subscription["id"], currency=subscription["currency"]
    )
    invoice = invoices.build(
        account, customer, lines=[*pending, *lines], currency=subscription["currency"], billing_reason=reason,
        collection_method=subscription["collection_method"], days_until_due=subscription["days_until_due"],
        subscription=subscription, period=period, description=subscription.get("description"),
    )  # fmt: skip
    pause = subscription.get("pause_collection") if reason == "subscription_cycle" else None
    if pause:
        invoice["auto_advance"] = False
    invoices.open_draft(account, invoice)
    invoices.claim_items(account, invoice)
    account.change("subscription", subscription, latest_invoice=invoice["id"])
    if pause and pause["behavior"] != "keep_as_draft":
        # documented: what is generated while collection is paused is voided, or given up, at once
        invoice["_paused"] = True
        invoices.finalize(account, invoice)
        if invoice["status"] == "open":
            (invoices.void if pause["behavior"] == "void" else invoices.mark_uncollectible)(account, invoice)
    at_once = subscription["collection_method"] == "charge_automatically" and reason != "subscription_cycle"
    if at_once:
        invoices.finalize(account, invoice)
    return invoice


# -- time -------------------------------------------------------------------------------------------
def watch(account: Account, subscription: Document) -> None:
    """Remember the end of the current period: it renews or ends then."""
    account.owe(subscription["test_clock"], period_of(subscription)[1], "period", subscription["id"])


def period_due(account: Account, key: str) -> None:
    """The period ended: cancel if that was agreed, else renew."""
    subscription = account.get("subscription", key)
    if subscription is None or subscription["status"] not in LIVE:
        return
    now, end = account.now(subscription["test_clock"]), period_of(subscription)[1]
    if end > now:
        return
    customer = account.get("customer", subscription["customer"])
    assert customer is not None
    prices = {item["price"]: account.need("price", item["price"]) for item in subscription["items"]}
    before = period_of(subscription)
    arrears = [
        usage_line(account, subscription, item, prices[item["price"]], before)
        for item in subscription["items"]
        if is_metered(prices[item["price"]])
    ]
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= end:
        if arrears:
            bill(account, customer, subscription, arrears, reason="subscription_cycle", period=before)
        close(account, subscription, at=subscription["cancel_at"])
        return
    interval, size = subscription["_interval"]
    following = boundary(subscription["billing_cycle_anchor"], interval, size, after=end)
    old = render(account, "subscription", subscription)
    previous = {"items": old["items"], "latest_invoice": old["latest_invoice"]}
    set_period(subscription, end, _last(subscription["cancel_at"], following))
    span = period_of(subscription)
    # a whole period costs the whole price even where its seconds differ from the interval before it
    factor = Fraction(1) if span[1] == following else Fraction(span[1] - span[0], following - span[0])
    lines = arrears + [
        line_for(account, subscription, i, prices[i["price"]], span, factor)
        for i in subscription["items"]
        if not is_metered(prices[i["price"]])
    ]
    bill(account, customer, subscription, lines, reason="subscription_cycle", period=before)
    account.put("subscription", subscription)
    emit(account, "customer.subscription.updated", "subscription", subscription, previous=previous)
    watch(account, subscription)


def close(account: Account, subscription: Document, *, at: int, reason: str = "cancellation_requested") -> None:
    """End a subscription for good."""
    end_with(account, subscription, at=at)
    details = {**(subscription.get("cancellation_details") or {"comment": None, "feedback": None}), "reason": reason}
    account.change(
        "subscription", subscription, status="canceled", ended_at=at, canceled_at=subscription["canceled_at"] or at,
        cancellation_details=details,
    )  # fmt: skip
    emit(account, "customer.subscription.deleted", "subscription", subscription)


def period_of(subscription: Document) -> tuple[int, int]:
    item = subscription["items"][0]
    return item["current_period_start"], item["current_period_end"]


def set_period(subscription: Document, start: int, end: int) -> None:
    """The current period lives on the items; new dicts, as rendered bodies may still hold the old ones."""
    subscription["items"] = [
        {**item, "current_period_start": start, "current_period_end": end} for item in subscription["items"]
    ]


# -- reading ----------------------------------------------------------------------------------------
def read_items(
    account: Account, params: Params, now: int, *, by_schedule: bool = False
) -> tuple[dict[str, Document], list[Document]]:
    """New subscription items and their prices (inline prices are not stored yet)."""
    prices: dict[str, Document] = {}
    items = []
    wanted = params.children("items", ITEM_FIELDS)
    if len(wanted) > MOST_ITEMS:
        # the limit is the API reference's ("a list of up to 20 subscription items"); the words are ours
        raise StripeError(f"You may only specify up to {MOST_ITEMS} subscription items.", param="items")
    for child in wanted:
        held = account.get("price", child.text("price")) if by_schedule else None
        price = held or read_item_price(account, child)
        prices[price["id"]] = price
        items.append(new_item(account, child, price, now))
    return prices, items


def read_item_price(account: Account, child: Params) -> Document:
    """The price an item names, or makes inline."""
    inline = child.child("price_data", PRICE_DATA)
    if inline is not None:
        return inline_price(account, inline, recurring=True)
    price = account.need("price", child.required("price"), param=child.name("price"))
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise StripeError(message, param=child.name("price"))
    if price["recurring"] is None:
        raise StripeError(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=child.name("price"),
        )
    return price


def new_item(account: Account, child: Params, price: Document, now: int) -> Document:
    item = {
        "id": account.numbered("si"), "created": now, "price": price["id"], "metadata": child.metadata(),
        "tax_rates": taxes.read_rates(account, child),
    }  # fmt: skip
    if not is_metered(price):
        item["quantity"] = child.integer("quantity", 1, least=0)
    elif "quantity" in child:
        raise StripeError("You cannot set the quantity of a metered price.", param=child.name("quantity"))
    return item


def check_alike(items: list[Document], prices: dict[str, Document]) -> None:
    """All items of a subscription share currency and interval."""
    seen = {(prices[i["price"]]["currency"], prices[i["price"]]["recurring"]["interval"],
             prices[i["price"]]["recurring"]["interval_count"]) for i in items}  # fmt: skip
    if len({currency for currency, _, _ in seen}) > 1:
        raise StripeError("All prices on a subscription must have the same currency.", param="items")
    if len(seen) > 1:
        raise StripeError(
            "Currently, all items on a subscription of this sandbox must have the same billing interval.", param="items"
        )


def _future(params: Params, name: str, now: int) -> int | None:
    at = params.timestamp(name)
    if at is not None and at <= now:
        raise StripeError(
            f"Invalid {name}: must be an integer Unix timestamp in the future.", code="timestamp_invalid", param=name
        )
    return at


def _configured_anchor(params: Params, now: int) -> int | None:
    """The next moment on that day of a month (its last day where it is shorter); hours are UTC."""
    config = params.child("billing_cycle_anchor_config", ("day_of_month", "month", "hour", "minute", "second"))
    if config is None:
        return None
    if "billing_cycle_anchor" in params:
        raise StripeError("You can only specify one of these parameters: billing_cycle_anchor and its config.")
    config.required("day_of_month")
    day = config.integer("day_of_month", least=1) or 1
    hour, minute, second = (config.integer(name, 0, least=0) or 0 for name in ("hour", "minute", "second"))
    moment = datetime.fromtimestamp(now, UTC).replace(day=1, hour=hour, minute=minute, second=second)
    for months in (0, 1):
        first = datetime.fromtimestamp(add_intervals(int(moment.timestamp()), "month", months), UTC)
        at = int(first.replace(day=min(day, monthrange(first.year, first.month)[1])).timestamp())
        if at > now:
            return at
    raise StripeError("Invalid billing_cycle_anchor_config.", param="billing_cycle_anchor_config")


def _last(cancel_at: int | None, period_end: int) -> int:
    return period_end if cancel_at is None else min(cancel_at, period_end)
