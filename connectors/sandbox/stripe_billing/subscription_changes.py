"""Changing and cancelling subscriptions, with the prorations that follow."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import invoices, taxes
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.customers import need_owner
from connectors.sandbox.stripe_billing.errors import StripeError, no_such
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.invoice_calls import METHODS, check_terms, store_item
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import boundary, charge_for, iso
from connectors.sandbox.stripe_billing.schedule_links import follow_items, refuse_ends
from connectors.sandbox.stripe_billing.shapes import render
from connectors.sandbox.stripe_billing.subscriptions import (
    BEHAVIOURS,
    ITEM_FIELDS,
    PRORATIONS,
    bill,
    check_alike,
    close,
    line_for,
    new_item,
    period_of,
    read_item_price,
    set_period,
    watch,
)

FIELDS = {
    "cancel_at", "cancel_at_period_end", "cancellation_details", "collection_method", "days_until_due",
    "default_payment_method", "description", "items", "metadata", "off_session", "pause_collection",
    "payment_behavior", "proration_behavior", "proration_date",
}  # fmt: skip

#: documented behaviours of a paused collection
PAUSES = ("keep_as_draft", "mark_uncollectible", "void")
#: what moved: an item whose paid time was cut off
CUT_OFF = 0


def update_subscription(account: Account, call: Call) -> dict[str, Any]:
    """Items left out stay; proration_behavior decides whether and when the difference is billed."""
    params = Params(call.values, FIELDS)
    subscription = account.need("subscription", call.path["id"])
    if subscription["status"] == "canceled":
        return _note_on_canceled(account, params, subscription)
    subscription = _live(account, call)
    customer = need_owner(account, subscription)
    if "cancel_at" in params or "cancel_at_period_end" in params:
        refuse_ends(account, subscription)
    now = account.now(subscription["test_clock"])
    proration = params.choice("proration_behavior", PRORATIONS, "create_prorations")
    params.choice("payment_behavior", BEHAVIOURS)
    at = params.timestamp("proration_date") or now
    start, end = period_of(subscription)
    if not start <= at <= end:
        raise StripeError("proration_date must be within the current period.", param="proration_date")
    values = _plain_changes(params, subscription, now)
    items, moved, fresh = _changed_items(account, params, subscription, now)
    before = render(account, "subscription", subscription)
    for price in fresh:
        account.put("price", price)
        emit(account, "price.created", "price", price)
    subscription["items"] = items
    if "cancel_at" in values:
        move_end(account, subscription, values["cancel_at"])
        moved += cut_short(account, subscription, start, end)
    account.change("subscription", subscription, **values)
    if proration != "none":
        for sign, item, price in moved:
            # what is cut off is given back from the new end on, at the length the period had
            cut = sign == CUT_OFF
            begins = period_of(subscription)[1] if cut else at
            prorate(
                account, customer, subscription, item, price, at=begins, sign=-1 if cut else sign, period=(start, end)
            )
        if proration == "always_invoice" and moved:
            bill(account, customer, subscription, [], reason="subscription_update", period=(now, now))
    if "items" in params:
        follow_items(account, subscription)
    after = render(account, "subscription", subscription)
    previous = {name: value for name, value in before.items() if after.get(name) != value}
    emit(account, "customer.subscription.updated", "subscription", subscription, previous=previous)
    if period_of(subscription)[1] != end:
        watch(account, subscription)
    return render(account, "subscription", subscription)


def _note_on_canceled(account: Account, params: Params, subscription: Document) -> dict[str, Any]:
    """Documented behaviour: of a canceled subscription only metadata and cancellation_details can be changed."""
    if set(params.values) - {"metadata", "cancellation_details"}:
        raise StripeError("A canceled subscription can only update its cancellation_details and metadata.")
    before = render(account, "subscription", subscription)
    account.change("subscription", subscription, metadata=params.metadata(subscription["metadata"]))
    previous = {"metadata": before["metadata"]}
    emit(account, "customer.subscription.updated", "subscription", subscription, previous=previous)
    return render(account, "subscription", subscription)


def cut_short(account: Account, subscription: Document, start: int, end: int) -> list[tuple[int, Document, Document]]:
    """The items whose paid period a new `cancel_at` cuts short: documented to cause a proration."""
    if period_of(subscription)[1] >= end:
        return []
    return [(CUT_OFF, item, account.need("price", item["price"])) for item in subscription["items"]]


def _pause(params: Params) -> Document | None:
    """`pause_collection`, which an empty text takes away."""
    if params.values.get("pause_collection") == "":
        return None
    pause = params.child("pause_collection", ("behavior", "resumes_at"))
    if pause is None:
        return None
    pause.required("behavior")
    return {"behavior": pause.choice("behavior", PAUSES), "resumes_at": pause.timestamp("resumes_at")}


def _plain_changes(params: Params, subscription: Document, now: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "metadata" in params:
        values["metadata"] = params.metadata(subscription["metadata"])
    for name in ("description", "default_payment_method"):
        if name in params:
            values[name] = params.text(name)
    if "collection_method" in params or "days_until_due" in params:
        method = params.choice("collection_method", METHODS, subscription["collection_method"])
        old = subscription["days_until_due"] if method == "send_invoice" else None
        days = params.integer("days_until_due", old, least=0)
        check_terms(str(method), days)
        values.update(collection_method=method, days_until_due=days)
    if "pause_collection" in params:
        values["pause_collection"] = _pause(params)
    if "cancel_at" in params and "cancel_at_period_end" in params:
        raise StripeError("You can only specify one of these parameters: cancel_at, cancel_at_period_end.")
    if "cancel_at" in params:
        cancel_at = params.timestamp("cancel_at")
        if cancel_at is not None and cancel_at <= now:
            raise StripeError(
                "Invalid cancel_at: must be an integer Unix timestamp in the future.",
                code="timestamp_invalid",
                param="cancel_at",
            )
        values.update(cancel_at=cancel_at, cancel_at_period_end=False, canceled_at=now if cancel_at else None)
    if "cancel_at_period_end" in params:
        ends = params.boolean("cancel_at_period_end")
        values.update(
            cancel_at_period_end=ends, cancel_at=period_of(subscription)[1] if ends else None,
            canceled_at=now if ends else None,
        )  # fmt: skip
    return values


def _changed_items(
    account: Account, params: Params, subscription: Document, now: int
) -> tuple[list[Document], list[tuple[int, Document, Document]], list[Document]]:
    """The items afterwards, what moved as (-1 old | +1 new, item, price), and prices made inline."""
    items = {item["id"]: item for item in subscription["items"]}
    moved: list[tuple[int, Document, Document]] = []
    fresh: list[Document] = []
    start, end = period_of(subscription)
    for child in params.children("items", ITEM_FIELDS):
        key = child.text("id")
        old = items.get(key) if key else None
        if key and old is None:
            raise no_such("subscription_item", key, param=child.name("id"))
        if child.boolean("deleted"):
            if old is None:
                raise StripeError("Only items with an id can be deleted.", param=child.name("deleted"))
            moved.append((-1, old, account.need("price", old["price"])))
            del items[old["id"]]
            continue
        if "price" in child or "price_data" in child or old is None:
            price = read_item_price(account, child)
            if account.get("price", price["id"]) is None:
                fresh.append(price)
        else:
            price = account.need("price", old["price"])
        if old is None:
            new = {**new_item(account, child, price, now), "subscription": subscription["id"]}
            new.update(current_period_start=start, current_period_end=end)
        else:
            quantity = child.integer("quantity", old["quantity"], least=0)
            new = {**old, "price": price["id"], "quantity": quantity, "metadata": child.metadata(old["metadata"])}
            if "tax_rates" in child:
                new["tax_rates"] = taxes.read_rates(account, child)
        if old and (old["price"], old["quantity"]) != (new["price"], new["quantity"]):
            moved.append((-1, old, account.need("price", old["price"])))
        if old is None or (old["price"], old["quantity"]) != (new["price"], new["quantity"]):
            moved.append((1, new, price))
        items[new["id"]] = new
    if not items:
        raise StripeError("A subscription must have at least one active item.", param="items")
    inline = {price["id"]: price for price in fresh}
    prices = {i["price"]: inline.get(i["price"]) or account.need("price", i["price"]) for i in items.values()}
    check_alike(list(items.values()), prices)
    interval, size = subscription["_interval"]
    recurring = prices[next(iter(prices))]["recurring"]
    if [recurring["interval"], recurring["interval_count"]] != [interval, size]:
        raise StripeError("This sandbox does not change the billing interval of a subscription.", param="items")
    return list(items.values()), moved, fresh


def prorate(
    account: Account,
    customer: Document,
    subscription: Document,
    item: Document,
    price: Document,
    *,
    at: int,
    sign: int,
    period: tuple[int, int] | None = None,
) -> None:
    """A pending item for the rest of the period: credit for what was, charge for what is."""
    start, end = period or period_of(subscription)
    rest = Fraction(end - at, max(end - start, 1))
    amount = sign * charge_for(Decimal(price["unit_amount_decimal"]), item["quantity"], rest)
    product = account.get("product", price["product"]) or {}
    word = "Unused" if sign < 0 else "Remaining"
    store_item(
        account, customer, amount=amount, currency=price["currency"], period={"start": at, "end": end},
        quantity=item["quantity"], price=price, subscription=subscription["id"], proration=True,
        description=f"{word} time on {item['quantity']} × {product.get('name', price['product'])} after {iso(at)}",
        metadata={}, tax_rates=list(item.get("tax_rates") or []),
    )  # fmt: skip


def move_end(account: Account, subscription: Document, cancel_at: int | None) -> None:
    """A new cancel_at inside the period shortens it; one further away, or none, restores its natural end."""
    interval, size = subscription["_interval"]
    start, end = period_of(subscription)
    natural = boundary(subscription["billing_cycle_anchor"], interval, size, after=start)
    if natural < end:
        natural = end
    set_period(subscription, start, natural if cancel_at is None else min(natural, cancel_at))


def cancel_subscription(account: Account, call: Call) -> dict[str, Any]:
    """End now; `prorate` credits the unused time, `invoice_now` bills what is pending."""
    params = Params(call.values, {"cancellation_details", "invoice_now", "prorate"})
    subscription = _live(account, call)
    customer = need_owner(account, subscription)
    now = account.now(subscription["test_clock"])
    details = params.child("cancellation_details", ("comment", "feedback"))
    if details:
        given = {"comment": details.text("comment"), "feedback": details.text("feedback")}
        account.change("subscription", subscription, cancellation_details={**given, "reason": None})
    if params.boolean("prorate"):
        for item in subscription["items"]:
            price = account.need("price", item["price"])
            prorate(account, customer, subscription, item, price, at=now, sign=-1)
    if params.boolean("invoice_now") and invoices.take_pending(
        account, customer, subscription=subscription["id"], currency=subscription["currency"]
    ):
        bill(account, customer, subscription, [], reason="subscription_update", period=(now, now))
    for invoice in account.by("invoice", "_subscription", subscription["id"]):
        if invoice["status"] == "draft" and invoice["auto_advance"] and not params.boolean("invoice_now"):
            account.change("invoice", invoice, auto_advance=False, automatically_finalizes_at=None)
    close(account, subscription, at=now)
    return render(account, "subscription", subscription)


def end_subscriptions(account: Account, customer: str) -> None:
    """Cancel all subscriptions of a customer that is deleted."""
    for subscription in account.by("subscription", "customer", customer):
        if subscription["status"] != "canceled":
            close(account, subscription, at=account.now(subscription["test_clock"]))


def _live(account: Account, call: Call) -> Document:
    subscription = account.need("subscription", call.path["id"])
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise no_such("subscription", subscription["id"])
    return subscription


def preview_invoice(account: Account, call: Call) -> dict[str, Any]:
    """The renewal invoice a live subscription would get next; nothing is written."""
    params = Params(call.values, {"customer", "subscription"})
    subscription = account.need("subscription", params.required("subscription"), param="subscription")
    customer = need_owner(account, subscription)
    interval, size = subscription["_interval"]
    _, end = period_of(subscription)
    if subscription["status"] == "canceled" or (subscription["cancel_at"] or end + 1) <= end:
        message = f"No upcoming invoices for customer: {customer['id']}"
        raise StripeError(message, status=404, code="invoice_upcoming_none")
    following = boundary(subscription["billing_cycle_anchor"], interval, size, after=end)
    lines = []
    for item in subscription["items"]:
        price = account.need("price", item["price"])
        lines.append(line_for(account, subscription, item, price, (end, following), Fraction(1)))
    currency = subscription["currency"]
    pending = invoices.take_pending(account, customer, subscription=subscription["id"], currency=currency)
    invoice = invoices.build(
        account, customer, lines=[*pending, *lines], currency=currency, billing_reason="upcoming",
        collection_method=subscription["collection_method"], days_until_due=subscription["days_until_due"],
        subscription=subscription, period=period_of(subscription),
    )  # fmt: skip
    return {**render(account, "invoice", invoice), "id": invoice["id"].replace("in_", "upcoming_in_")}
