"""Usage at Stripe: a plan is a monthly subscription on a metered price, a summary a meter event, a true-up an invoice
item.

The meter counts per customer and hour, the last event received for an hour in full (`event_time_window=hour`), so a
newer summary replaces an older one and a repeat changes nothing. Sources: docs.stripe.com/api/billing/meter-event,
docs.stripe.com/api/billing/meter-event-summary, docs.stripe.com/api/invoiceitems.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import UsagePlan, UsageSummary, UsageTrueUp
from connectors.errors import Rejected, Unavailable
from connectors.interface import ControlLine, ControlPage, Parcel, Receipt
from connectors.stripe_billing.amounts import UNIT_DIGITS, from_sent, sent_digits
from connectors.stripe_billing.reading import SYSTEM, local_date
from connectors.stripe_billing.transport import PAGE, Api

ONE_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
#: pages of 100 that a look-up reads before it gives up
MOST_PAGES = 100
#: characters of a meter event's identifier
LONGEST_IDENTIFIER = 100


# -- out ----------------------------------------------------------------------------------------------
def put_plan(api: Api, plan: UsagePlan, parcel: Parcel, *, zone: ZoneInfo) -> Receipt:
    """Create the metered subscription, or bring the one there is up to this version. Raises the outbound errors."""
    if held := parcel.known.get(parcel.reference):
        path = f"/v1/subscriptions/{quote(held, safe='')}"
        changed: dict[str, Any] = {"metadata": plan_metadata(plan)}
        ends = int(_noon(plan.ends_on + ONE_DAY, zone).timestamp())
        if api.get(path).get("cancel_at") != ends:
            changed["cancel_at"] = ends
        return plan_receipt(api.post(path, changed, key=parcel.request_key))
    wanted = plan_parameters(plan, billing_customer=_customer(plan.customer_reference, parcel), zone=zone)
    return plan_receipt(api.post("/v1/subscriptions", wanted, key=parcel.request_key))


def plan_parameters(plan: UsagePlan, *, billing_customer: str, zone: ZoneInfo) -> dict[str, Any]:
    """Monthly from the noon the contract begins, so that no zone or daylight rule moves a date; ends by itself."""
    starts, ends = (_noon(day, zone) for day in (plan.starts_on, plan.ends_on + ONE_DAY))
    return {
        "customer": billing_customer,
        "items": [{"price": plan.billing_price}],
        "collection_method": "send_invoice",
        "days_until_due": plan.payment_terms_days,
        "backdate_start_date": int(starts.timestamp()),
        "billing_cycle_anchor_config": {"day_of_month": starts.day, "hour": starts.hour, "minute": 0, "second": 0},
        "cancel_at": int(ends.timestamp()),
        "proration_behavior": "create_prorations",
        "metadata": plan_metadata(plan),
    }


def plan_metadata(plan: UsagePlan) -> dict[str, str]:
    """What we write on a metered subscription; its invoices belong to the contract."""
    return {
        "q2c_reference": plan.reference,
        "q2c_contract": plan.contract_reference,
        "q2c_customer": plan.customer_reference,
        "q2c_correlation": plan.correlation_id,
        "q2c_version": str(plan.version),
        "q2c_meter": plan.meter,
        "q2c_scale": str(plan.scale),
    }


def put_summary(api: Api, summary: UsageSummary, parcel: Parcel) -> Receipt:
    """Report an hour in full. An event Stripe has already under this identifier was this very one."""
    identifier = event_identifier(summary)
    wanted = {
        "event_name": summary.event_name,
        "identifier": identifier,
        "timestamp": int(_moment(summary.hour).timestamp()),
        "payload": {
            "stripe_customer_id": _customer(summary.customer_reference, parcel),
            "value": str(whole(summary.quantity, summary.scale, field="quantity")),
        },
    }
    try:
        api.post("/v1/billing/meter_events", wanted, key=parcel.request_key)
    except Rejected as error:
        if "already exists with identifier" not in error.text:
            raise
    return Receipt(external_id=identifier, version=summary.version, held={"quantity": format(summary.quantity, "f")})


def event_identifier(summary: UsageSummary) -> str:
    """One per summary and version, never longer than Stripe takes."""
    name = f"{summary.reference}@{summary.version}"
    return name if len(name) <= LONGEST_IDENTIFIER else f"usage:{sha256(name.encode()).hexdigest()}"


def put_true_up(api: Api, true_up: UsageTrueUp, parcel: Parcel, *, zone: ZoneInfo) -> Receipt:
    """A pending item of the metered subscription: the next invoice takes it as a line of its own period."""
    subscription = parcel.known.get(true_up.plan_reference)
    if not subscription:
        raise _missing(true_up.plan_reference, field="plan_reference")
    starts, ends = (_noon(day, zone) for day in (true_up.period_starts_on, true_up.period_ends_on + ONE_DAY))
    quantity = whole(true_up.quantity, true_up.scale, field="quantity")
    wanted = {
        "customer": _customer(true_up.customer_reference, parcel),
        "subscription": subscription,
        "currency": true_up.currency.lower(),
        "quantity": abs(quantity),
        "unit_amount_decimal": unit_decimal(true_up, negative=quantity < 0),
        "description": f"{true_up.meter}: usage of {true_up.period_starts_on} to {true_up.period_ends_on},"
        " reported after its invoice",
        "period": {"start": int(starts.timestamp()), "end": int(ends.timestamp())},
        "metadata": {
            "q2c_reference": true_up.reference,
            "q2c_product": true_up.billing_product,
            "q2c_plan": true_up.plan_reference,
        },
    }
    return true_up_receipt(api.post("/v1/invoiceitems", wanted, key=parcel.request_key))


def unit_decimal(true_up: UsageTrueUp, *, negative: bool) -> str:
    """Price of the smallest part in Stripe's minor units. Raises Rejected where that has too many digits for Stripe."""
    price = true_up.unit_price.scaleb(sent_digits(true_up.currency) - true_up.scale)
    if price != round(price, UNIT_DIGITS):
        raise Rejected(
            f"{true_up.reference}: a price of {price} has more than {UNIT_DIGITS} digits",
            reason="ROUNDING",
            field="unit_price",
            value=str(price),
            system=SYSTEM,
        )
    return format(-price if negative else price, "f")


def whole(quantity: Decimal, scale: int, *, field: str) -> int:
    """A quantity in its smallest parts. Raises Rejected where it has more digits than the meter bills."""
    scaled = quantity.scaleb(scale)
    if scaled != scaled.to_integral_value():
        raise Rejected(
            f"{quantity} has more than {scale} digits after the point",
            reason="ROUNDING",
            field=field,
            value=str(quantity),
            system=SYSTEM,
        )
    return int(scaled)


# -- look up ------------------------------------------------------------------------------------------
def find_plan(api: Api, reference: str, known: Mapping[str, str], *, clock: Mapping[str, str]) -> list[Receipt]:
    """Subscriptions with this reference, by the list: it shows a write at once."""
    customer = next((held for name, held in known.items() if name.startswith("customer:")), "")
    narrowed: dict[str, Any] = {"status": "all", **({"customer": customer} if customer else clock)}
    return [
        plan_receipt(record)
        for record in _all(api, "/v1/subscriptions", **narrowed)
        if (record.get("metadata") or {}).get("q2c_reference") == reference
    ]


def find_summary(api: Api, reference: str, known: Mapping[str, str]) -> list[Receipt]:
    """What Stripe counts for that hour: the meter of the plan's price, the hour at the end of the reference."""
    customer = next((held for name, held in known.items() if name.startswith("customer:")), "")
    plan = next((held for name, held in known.items() if name.startswith("usage_plan:")), "")
    if not customer or not plan:
        return []
    subscription = api.get(f"/v1/subscriptions/{quote(plan, safe='')}")
    price = subscription["items"]["data"][0]["price"]
    hour = datetime.strptime(reference.rsplit(":", 1)[-1], "%Y%m%dT%H").replace(tzinfo=UTC)
    counted = counted_between(api, price["recurring"]["meter"], customer, hour, hour + HOUR)
    if counted is None:
        return []
    scale = int((subscription.get("metadata") or {}).get("q2c_scale") or 0)
    return [Receipt(external_id=reference[:LONGEST_IDENTIFIER], held={"quantity": format(counted.scaleb(-scale), "f")})]


def counted_between(api: Api, meter: str, customer: str, start: datetime, end: datetime) -> Decimal | None:
    """The sum Stripe counts in [start, end), in smallest parts; None where it has heard of nothing."""
    rows = [
        row
        for page in api.pages(
            f"/v1/billing/meters/{quote(meter, safe='')}/event_summaries",
            customer=customer,
            start_time=int(start.timestamp()),
            end_time=int(end.timestamp()),
        )
        for row in page
    ]
    return sum((Decimal(str(row["aggregated_value"])) for row in rows), Decimal(0)) if rows else None


def find_true_up(api: Api, reference: str, known: Mapping[str, str]) -> list[Receipt]:
    """Invoice items of the customer with this reference, billed or still pending."""
    customer = next((held for name, held in known.items() if name.startswith("customer:")), "")
    if not customer:
        return []
    return [
        true_up_receipt(record)
        for record in _all(api, "/v1/invoiceitems", customer=customer)
        if (record.get("metadata") or {}).get("q2c_reference") == reference
    ]


def plan_receipt(record: Mapping[str, Any]) -> Receipt:
    ours = record.get("metadata") or {}
    version = str(ours.get("q2c_version", ""))
    return Receipt(
        external_id=record["id"],
        version=int(version) if version.isdigit() else None,
        held={"status": str(record.get("status", "")), "currency": str(record["currency"]).upper()},
    )


def true_up_receipt(record: Mapping[str, Any]) -> Receipt:
    currency = str(record["currency"]).upper()
    return Receipt(
        external_id=record["id"],
        held={"total": format(from_sent(record["amount"], currency), "f"), "currency": currency},
    )


# -- controls -----------------------------------------------------------------------------------------
def is_plan(record: Mapping[str, Any]) -> bool:
    """Whether a subscription is one of our metered ones."""
    return str((record.get("metadata") or {}).get("q2c_reference", "")).startswith("usage_plan:")


def list_usage(api: Api, *, day: date, zone: ZoneInfo, clock: Mapping[str, str]) -> Iterator[ControlPage]:
    """What billing made of all usage as it stands: per plan and invoiced period its line, per true-up its item, and per
    plan what it counted since its last invoice, at the plan's price.
    """
    for page in api.pages("/v1/subscriptions", status="all", **clock):
        for subscription in filter(is_plan, page):
            through, lines = _billed(api, subscription, zone=zone)
            lines += _items(api, subscription, zone=zone)
            lines += _counted(api, subscription, since=through, day=day)
            yield ControlPage(lines=tuple(lines), query="/v1/subscriptions with usage_plan metadata")


def _billed(api: Api, subscription: Mapping[str, Any], *, zone: ZoneInfo) -> tuple[int, list[ControlLine]]:
    """The invoiced periods, and the moment they reach."""
    through, lines = int(subscription["start_date"]), []
    for invoice in _all(api, "/v1/invoices", subscription=subscription["id"]):
        if invoice["status"] not in ("open", "paid", "uncollectible"):
            continue
        issued = local_date(invoice["status_transitions"]["finalized_at"], zone)
        for line in invoice["lines"]["data"]:
            if not fields.group(line, "parent.subscription_item_details", system=SYSTEM):
                continue
            if line["period"]["start"] == line["period"]["end"]:
                continue  # the line of nothing on the first invoice
            through = max(through, line["period"]["end"])
            ends = local_date(line["period"]["end"], zone) - ONE_DAY
            reference = f"{subscription['metadata']['q2c_reference']}:{ends:%Y%m%d}"
            number = invoice.get("number") or ""
            lines.append(_line(subscription, reference, line["id"], line["amount"], issued, label=number))
    return through, lines


def _items(api: Api, subscription: Mapping[str, Any], *, zone: ZoneInfo) -> Iterator[ControlLine]:
    plan = subscription["metadata"]["q2c_reference"]
    for item in _all(api, "/v1/invoiceitems", customer=subscription["customer"]):
        ours = item.get("metadata") or {}
        if ours.get("q2c_plan") == plan and ours.get("q2c_reference"):
            yield _line(
                subscription, ours["q2c_reference"], item["id"], item["amount"], local_date(item["date"], zone),
                label=item.get("description") or "",
            )  # fmt: skip


def _counted(api: Api, subscription: Mapping[str, Any], *, since: int, day: date) -> Iterator[ControlLine]:
    (item,) = subscription["items"]["data"]
    price, until = item["price"], item["current_period_end"]
    start, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
    if since >= until:
        return
    counted = counted_between(api, price["recurring"]["meter"], subscription["customer"], start, end)
    if counted:
        exact = counted * Decimal(str(price["unit_amount_decimal"]))
        yield _line(
            subscription, f"{subscription['metadata']['q2c_reference']}:open", subscription["id"],
            int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), day, label="counted since the last invoice",
        )  # fmt: skip


def _line(
    subscription: Mapping[str, Any], reference: str, external_id: str, sent: int, day: date, *, label: str
) -> ControlLine:
    currency = str(subscription["currency"]).upper()
    amount = from_sent(sent, currency)
    return ControlLine(
        reference=reference,
        external_id=external_id,
        document_date=day,
        currency=currency,
        net=amount,
        tax=amount - amount,
        gross=amount,
        label=label,
        counterparty=str(subscription["metadata"].get("q2c_customer", "")),
    )


# -- helpers ------------------------------------------------------------------------------------------
def _all(api: Api, path: str, **narrowed: Any) -> Iterator[Mapping[str, Any]]:
    """Every row of a list. Raises Unavailable when it is too long: "nothing" would not be proven."""
    for number, page in enumerate(api.pages(path, **narrowed)):
        if number >= MOST_PAGES:
            raise Unavailable(f"{path}: more than {MOST_PAGES * PAGE} to look through", system=SYSTEM)
        yield from page


def _customer(reference: str, parcel: Parcel) -> str:
    held = parcel.known.get(reference)
    if not held:
        raise _missing(reference, field="customer_reference")
    return held


def _missing(reference: str, *, field: str) -> Rejected:
    return Rejected(f"{reference} is not in Stripe yet", field=field, value=reference, system=SYSTEM)


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
