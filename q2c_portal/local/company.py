"""Sets up the demo company: its books, its connections, its approved mappings, and the sandboxes themselves."""

import os
import secrets
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from oauth2_provider.models import Application

from q2c_portal.local import people, tryton
from q2c_portal.local.pipeline import Pipeline, address
from q2c_portal.local.sandboxes import (
    SALESFORCE_CLIENT,
    STRIPE_KEY,
    STRIPE_READ_KEY,
    NetSuiteAdmin,
    Sandbox,
    StripeWorld,
)
from sync import calendar, clock
from sync.connections import health_of
from sync.models import Connection, EntityMapping, EntityRoute, LegalEntity, MappingRow, ProductMapping
from sync.models.fields import unseal

ENTITY, ZONE = "US01", "America/New_York"
#: ERPs the demo company can keep its books in -> what the company is called there
ERPS = {"netsuite": "1", "tryton": ENTITY}
#: treatment -> code, name and expense account of the item NetSuite books it by
WRITE_OFF_ITEMS = {
    "bad_debt": ("bad-debt", "Bad debt", "610"),
    "small_difference": ("small-difference", "Small difference", "615"),
}
CALLOUT_CLIENT = "salesforce-callouts"


def set_up_entity(pipeline: Pipeline) -> LegalEntity:
    entity, created = LegalEntity.objects.get_or_create(
        code=ENTITY,
        defaults={
            "name": "Demo company",
            "functional_currency": "USD",
            "country": "US",
            "time_zone": ZONE,
            "dimension_defaults": {"department": "4"},
        },
    )
    if created:
        entity.business_date = pipeline.first_day
        entity.save()
    return entity


def set_up(pipeline: Pipeline, *, urls: dict[str, str]) -> dict[str, Connection]:
    """The whole company, ready to sell; its connections by code. `urls` names the ERP it keeps its books in.
    Safe to repeat.
    """
    people.make_people()
    entity = set_up_entity(pipeline)
    connections = set_up_connections(entity, pipeline, urls=urls)
    set_up_mappings(entity, pipeline)
    set_up_stripe(connections["stripe"], pipeline)
    set_up_erp(connections, pipeline)
    return connections


def set_up_connections(entity: LegalEntity, pipeline: Pipeline, *, urls: dict[str, str]) -> dict[str, Connection]:
    """Connections with this copy's own secrets; addresses are brought up to date on every start."""
    erp = next(code for code in ERPS if code in urls)
    rows = {
        "salesforce": _connection(
            "salesforce",
            "Salesforce",
            "salesforce",
            "crm",
            urls["salesforce"],
            settings_={"organization_id": Sandbox(urls["salesforce"]).see_settings()["organization_id"]},
            secrets_={
                "client_id": SALESFORCE_CLIENT[0],
                "client_secret": SALESFORCE_CLIENT[1],
                "path_secret": secrets.token_hex(16),
            },
        ),
        "stripe": stripe_account("stripe", "Stripe Billing", urls["stripe"]),
        erp: _netsuite(urls[erp]) if erp == "netsuite" else _tryton(urls[erp]),
    }
    for role, code, company_code in (
        ("crm", "salesforce", ENTITY),
        ("billing", "stripe", ENTITY),
        ("erp", erp, ERPS[erp]),
    ):
        EntityRoute.objects.get_or_create(
            entity=entity,
            role=role,
            is_shadow=False,
            defaults={"connection": rows[code], "company_code": company_code, "valid_from": pipeline.first_day},
        )
    return rows


def stripe_account(code: str, label: str, url: str, *, zone: str = ZONE) -> Connection:
    """A connection to one Stripe account; every company that bills has its own."""
    return _connection(
        code,
        label,
        "stripe_billing",
        "billing",
        url,
        settings_={"days_until_due": 30},
        secrets_={
            "api_key": STRIPE_KEY,
            "read_key": STRIPE_READ_KEY,
            "webhook_secrets": f"whsec_{secrets.token_hex(16)}",
        },
        zone=zone,
    )


def _netsuite(url: str) -> Connection:
    return _connection(
        "netsuite",
        "NetSuite",
        "netsuite",
        "erp",
        url,
        settings_={
            "account": "1234567_SB1",
            "sign_in": "oauth2",
            "subsidiaries": {ENTITY: "1"},
            "currencies": {"USD": "1"},
            "ar_account": "122",
            "accounts": {
                "bank": "101",
                "clearing": "118",
                "fees": "620",
                "reserve": "119",
                "disputed": "124",
                "dispute_fees": "621",
                "bad_debt": "610",
                "withholding": "126",
                "conversion": "128",
                "tax": "210",
            },
            "tax_code_zero": "9",
            "tax_codes": {"zero": "9"},
            "write_off_items": {treatment: code for treatment, (code, _, _) in WRITE_OFF_ITEMS.items()},
        },
        secrets_=netsuite_secrets(Sandbox(url).see_settings()),
    )


def _tryton(url: str) -> Connection:
    return _connection(
        "tryton",
        "Tryton",
        "tryton",
        "erp",
        url,
        settings_=tryton.connection_settings(database=os.environ.get("TRYTON_DATABASE", tryton.DATABASE)),
        secrets_=tryton.connection_secrets(settings.STATE_DIR),
        # it draws invoice numbers under a lock nobody waits for: of two posts at once, one is turned away
        concurrency=1,
    )


def netsuite_secrets(seen: dict) -> dict[str, str]:
    """The demo account's two machine credentials: one that writes, one that only reads."""
    keys = seen["private_keys"]
    return {
        "client_id": "demo-client",
        "certificate_id": "demo-certificate",
        "private_key": keys["demo-certificate"],
        "read_client_id": "demo-read-client",
        "read_certificate_id": "demo-read-certificate",
        "read_private_key": keys["demo-read-certificate"],
    }


def _connection(
    code: str,
    label: str,
    system: str,
    role: str,
    url: str,
    *,
    settings_: dict,
    secrets_: dict[str, str],
    concurrency: int = 16,
    zone: str = ZONE,
) -> Connection:
    row = Connection.objects.filter(code=code).first()
    if row is None:
        row = Connection(
            code=code,
            label=label,
            system=system,
            role=role,
            is_sandbox=True,
            time_zone=zone,
            rate_per_second=500,
            concurrency=concurrency,
        )
        row.put_secrets(**secrets_)
    row.base_url, row.settings = url, {**settings_, **row.settings}
    row.save()
    health_of(row)
    return row


def set_up_stripe(row: Connection, pipeline: Pipeline) -> str:
    """Products and the test clock; the clock's id. Safe to repeat."""
    stripe = StripeWorld(row.base_url)
    stripe.settings(
        # the vendor allows three customers on a clock and drafts for an hour; the demo has one clock and
        # people who watch
        customers_per_clock=1000,
        draft_seconds=1800,
        pays_after_days=14,
        webhook_url=f"{settings.PORTAL_URL}/api/v1/callbacks/stripe/{row.code}",
        webhook_secret=unseal(row.sealed_secrets)["webhook_secrets"],
        enabled_events=[
            "invoice.finalized",
            "invoice.voided",
            "invoice.marked_uncollectible",
            "invoice_payment.paid",
            "invoice.payment_failed",
            "credit_note.created",
            "credit_note.voided",
            "charge.succeeded",
            "refund.*",
            "charge.dispute.*",
            "payout.*",
        ],
    )
    if "test_clock" not in row.settings:
        for product in pipeline.products:
            stripe.post("products", id=address(product.name), name=product.name)
        start = at(pipeline.first_day, 6, zone=row.time_zone) - timedelta(days=1)
        row.settings["test_clock"] = stripe.post(
            "test_helpers/test_clocks", frozen_time=int(start.timestamp()), name="demo"
        )["id"]
        row.save()
    return row.settings["test_clock"]


def at(day: date, hour: int, minute: int = 0, *, zone: str = ZONE) -> datetime:
    """An hour of a business day in a company's zone, as an instant."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def set_up_netsuite(row: Connection, pipeline: Pipeline) -> None:
    """Items and mirrored periods. Safe to repeat."""
    netsuite = NetSuiteAdmin(row.base_url)
    for product in pipeline.products:
        netsuite.item(address(product.name), product.name)
    for code, name, account in WRITE_OFF_ITEMS.values():
        netsuite.expense_item(code, name, account=account)
    netsuite.close_before(pipeline.first_day.replace(day=1) - timedelta(days=31))
    calendar.mirror(row)


def set_up_salesforce_calls(row: Connection) -> None:
    """Salesforce calls us from now on: Outbound Messages for deals, signed-in callouts for accounts."""
    client_secret = unseal(row.sealed_secrets).get("callout_secret")
    application = Application.objects.filter(client_id=CALLOUT_CLIENT).first()
    if application is None or client_secret is None:
        client_secret = secrets.token_hex(24)
        Application.objects.filter(client_id=CALLOUT_CLIENT).delete()
        application = Application.objects.create(
            name="Salesforce callouts",
            client_id=CALLOUT_CLIENT,
            client_secret=client_secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )
        row.put_secrets(**{**unseal(row.sealed_secrets), "callout_secret": client_secret})
        row.save()
    row.callers.add(application)
    path_secret = unseal(row.sealed_secrets)["path_secret"]
    base = f"{settings.PORTAL_URL}/api/v1/callbacks/salesforce/{row.code}"
    Sandbox(row.base_url).settings(
        outbound_message_url=f"{base}/outbound/{path_secret}",
        callout_url=f"{base}/events",
        callout_token_url=f"{settings.PORTAL_URL}/o/token/",
        callout_client_id=CALLOUT_CLIENT,
        callout_client_secret=client_secret,
    )


@transaction.atomic
def set_up_mappings(entity: LegalEntity, pipeline: Pipeline) -> None:
    """The catalogue as the CRM's price book knows it, drafted by billing operations and approved by finance."""
    drafter, approver = User.objects.get(username="billing.ops"), User.objects.get(username="finance.approver")
    common = {
        "status": MappingRow.Status.APPROVED,
        "valid_from": pipeline.first_day - timedelta(days=365),
        "drafted_by": drafter,
        "drafted_at": clock.now(),
        "approved_by": approver,
        "approved_at": clock.now(),
        "note": "Opening set-up",
    }
    if not ProductMapping.objects.exists():
        for product in pipeline.products:
            ProductMapping(
                crm_product=product.name,
                product_name=product.name,
                list_price=product.price,
                currency="USD",
                billing_product=address(product.name),
                erp_item=address(product.name),
                revenue_treatment="ratable_over_term",
                tax_class="zero",
                **common,
            ).save()
    if not EntityMapping.objects.exists():
        EntityMapping(country="*", entity=entity, **common).save()


def set_up_erp(connections: dict[str, Connection], pipeline: Pipeline) -> None:
    """The ERP of this demo: items and periods."""
    if "netsuite" in connections:
        set_up_netsuite(connections["netsuite"], pipeline)
    else:
        # its items were made with its books, before it was started
        calendar.mirror(connections["tryton"])
