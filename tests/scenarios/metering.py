"""Verbs of a business that sells by use: a metered product is set up everywhere, and customers use it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
from django.contrib.auth.models import User
from oauth2_provider.models import Application

from q2c_portal.local import days
from q2c_portal.local.pipeline import address
from sync import clock
from sync.models import MappingRow, ProductMapping, UsageMeter
from tests.scenarios.business import FIRST_DAY, Business
from tests.scenarios.engine import LEAP

_SECRET = "a meter's own secret"
_numbers = count(1)


def sell_by_use(
    business: Business, product: str, *, meter: str, price: str, scale: int = 0, limit: str = "1000", **row: Any
) -> UsageMeter:
    """A product billed monthly by its meter at a price per unit, set up in CRM, billing, ERP and mappings."""
    stripe, key = business.stripe, address(product)
    made = stripe.post(
        "billing/meters",
        display_name=product,
        event_name=meter,
        event_time_window="hour",
        **{"default_aggregation[formula]": "sum"},
    )
    stripe.post("products", id=key, name=product)
    cents = Decimal(price).scaleb(2 - scale)
    metered = stripe.post(
        "prices",
        product=key,
        currency="usd",
        unit_amount_decimal=format(cents, "f"),
        **{"recurring[interval]": "month", "recurring[usage_type]": "metered", "recurring[meter]": made["id"]},
    )
    business.netsuite.item(key, product)
    (own,) = business.salesforce.create("Product2", [{"Name": product, "ProductCode": product, "IsActive": True}])
    book = business.salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
    business.salesforce.create(
        "PricebookEntry", [{"Pricebook2Id": book, "Product2Id": own, "UnitPrice": "0", "IsActive": True}]
    )
    common = {
        "status": MappingRow.Status.APPROVED,
        "valid_from": FIRST_DAY - timedelta(days=365),
        "drafted_by": User.objects.get(username="billing.ops"),
        "drafted_at": clock.now(),
        "approved_by": User.objects.get(username="finance.approver"),
        "approved_at": clock.now(),
    }
    ProductMapping.objects.create(
        crm_product=product,
        product_name=product,
        list_price=0,
        currency="USD",
        billing_product=key,
        erp_item=key,
        revenue_treatment="usage",
        tax_class="zero",
        destination="usage",
        **common,
    )
    return UsageMeter.objects.create(
        crm_product=product,
        meter=meter,
        event_name=meter,
        billing_meter=made["id"],
        billing_price=metered["id"],
        unit_price=Decimal(price),
        currency="USD",
        scale=scale,
        late_limit=Decimal(limit),
        **row,
        **common,
    )


def report(portal: str, *events: dict[str, str]) -> dict[str, Any]:
    """Report usage as a source does: signed in, many events in one call."""
    if not Application.objects.filter(client_id="meter").exists():
        Application.objects.create(
            name="Meter",
            client_id="meter",
            client_secret=_SECRET,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )
    form = {"grant_type": "client_credentials", "client_id": "meter", "client_secret": _SECRET, "scope": "usage"}
    token = httpx.post(f"{portal}/o/token/", data=form, trust_env=False).raise_for_status().json()["access_token"]
    answer = httpx.post(
        f"{portal}/api/v1/usage/events",
        json={"events": list(events)},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code in (200, 207, 422), answer.text
    return answer.json()


def used(contract: str, meter: str, quantity: str, at: datetime, *, own_id: str = "") -> dict[str, str]:
    """One usage event."""
    return {
        "id": own_id or f"use-{next(_numbers)}",
        "contract": contract,
        "meter": meter,
        "quantity": quantity,
        "occurred_at": at.isoformat(),
    }


def skip_to(business: Business, day: date) -> None:
    """Straight to the evening of a later day; nothing was sold in between."""
    with LEAP:
        business.move_to(day)
        business.reach(days.WINNING_HOUR)
        business.rest()
        business.evening()
