"""The simulated company: four legal entities in four time zones, six currencies, two billing systems, four ERPs.

Half of the remotes honour request keys, half do not; half post at once, half later.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group, User

from q2c_portal.roles import make_roles
from sync import clock
from sync.connections import health_of
from sync.models import Connection, EntityMapping, EntityRoute, ExchangeRate, LegalEntity, ProductMapping
from tests.chaos.remotes import Books, Stage
from tests.chaos.sources import BillingDepartment, Source

FIRST_DAY = date(2025, 1, 1)
#: ISO 4217 minor units, written down here a second time on purpose: the checker must not ask the product
DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "BRL": 2}
#: about what one of each is worth in US cents
WORTH = {"USD": 100, "EUR": 108, "GBP": 127, "JPY": 1, "KWD": 325, "BRL": 20}
#: how many days have exchange rates; the longest story is a sweep of what takes an hour each time it is played
DAYS_WITH_RATES = 120
#: entity -> country, functional currency, zone, billing, ERP
ENTITIES = {
    "US01": ("US", "USD", "America/New_York", "bill-a", "erp-a"),
    "DE01": ("DE", "EUR", "Europe/Berlin", "bill-a", "erp-b"),
    "GB01": ("GB", "GBP", "Europe/London", "bill-b", "erp-c"),
    "JP01": ("JP", "JPY", "Asia/Tokyo", "bill-b", "erp-d"),
}
#: code -> (system, role, honours request keys, posts later)
REMOTES = {
    "crm": ("salesforce", "crm", True, False),
    "bill-a": ("stripe_billing", "billing", True, False),
    "bill-b": ("stripe_billing", "billing", False, False),
    "erp-a": ("sim_erp", "erp", True, False),
    "erp-b": ("sim_erp", "erp", False, False),
    "erp-c": ("sim_erp", "erp", True, True),
    "erp-d": ("sim_erp", "erp", False, True),
}
PLACES = {
    "salesforce": "tests.chaos.sources:SimCrm",
    "stripe_billing": "tests.chaos.sources:SimBilling",
    "sim_erp": "tests.chaos.remotes:SimErp",
}


@dataclass(frozen=True, kw_only=True)
class Company:
    """Who is there."""

    crm: Source
    billing: dict[str, BillingDepartment]
    erps: dict[str, Books]
    #: role in the story -> user name
    people: dict[str, str]


def person(name: str, role: str) -> User:
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.groups.set(Group.objects.filter(name=role))
    return user


def _keep_rates(first: date, approved: dict[str, Any]) -> None:
    """A rate for each currency into each company's own money, each day a run may reach and some before it."""
    own = sorted({values[1] for values in ENTITIES.values()})
    days = [first + timedelta(days=number) for number in range(-4, DAYS_WITH_RATES)]
    ExchangeRate.objects.bulk_create(
        ExchangeRate(
            from_currency=currency,
            to_currency=to,
            # what it is does not matter here, but no two are the same
            rate=(Decimal(WORTH[currency]) / WORTH[to] + Decimal(day.day) / 1000).quantize(Decimal("1e-10")),
            source="Simulated bank",
            as_of=day,
            **{**approved, "valid_from": day, "valid_to": day + timedelta(days=1)},
        )
        for currency in DIGITS
        for to in own
        if currency != to
        for day in days
    )


def found(on: Stage) -> Company:
    """Put the company into an empty database and its remotes on the stage's shelf."""
    make_roles()
    people = {
        "drafter": person("sim.config", "Configuration admin"),
        "billing ops": person("sim.billing.ops", "Billing operations"),
        "preparer": person("sim.preparer", "Finance preparer"),
        "approver": person("sim.approver", "Finance approver"),
        "second_approver": person("sim.second.approver", "Finance approver"),
        "third_approver": person("sim.third.approver", "Finance approver"),
        "support": person("sim.support", "Integration support"),
    }
    rows: dict[str, Connection] = {}
    departments: dict[str, BillingDepartment] = {}
    zones = {code: ZoneInfo(values[2]) for code, values in ENTITIES.items()}
    for code, (system, role, idempotent, later) in REMOTES.items():
        rows[code] = Connection.objects.create(
            code=code,
            label=code.upper(),
            system=system,
            role=role,
            base_url="http://127.0.0.1:9",
            is_sandbox=True,
            rate_per_second=500,
            concurrency=16,
        )
        health_of(rows[code])
        kind = Books if role == "erp" else Source
        on.shelf[code] = kind(code=code, idempotent=idempotent, asynchronous=later)
        if role == "billing":
            books = on.shelf[code]
            assert isinstance(books, Source)
            departments[code] = BillingDepartment(books=books, zone=zones)
            books.on_write = departments[code].hear
    now = clock.now()
    approved = {
        "status": "approved",
        "valid_from": FIRST_DAY,
        "drafted_by": people["drafter"],
        "drafted_at": now,
        "approved_by": people["approver"],
        "approved_at": now,
    }
    for code, (country, currency, zone, billing, erp) in ENTITIES.items():
        entity = LegalEntity.objects.create(
            code=code, name=f"Company {code}", functional_currency=currency, country=country, time_zone=zone
        )
        for role, connection in (("crm", "crm"), ("billing", billing), ("erp", erp)):
            EntityRoute.objects.create(
                entity=entity, role=role, connection=rows[connection], company_code=code, valid_from=FIRST_DAY
            )
        EntityMapping.objects.create(country=country, entity=entity, **approved)
    for currency in DIGITS:
        ProductMapping.objects.create(
            crm_product=f"Basic {currency}",
            product_name=f"Basic {currency}",
            list_price=Decimal(100),
            currency=currency,
            billing_product=f"basic-{currency.lower()}",
            erp_item="basic",
            revenue_treatment="ratable_over_term",
            tax_class="zero",
            **approved,
        )
    _keep_rates(on.world.time.date(), approved)
    crm = on.shelf["crm"]
    assert isinstance(crm, Source)
    return Company(
        crm=crm,
        billing=departments,
        erps={code: books for code, books in on.shelf.items() if code.startswith("erp")},
        people={name: user.username for name, user in people.items()},
    )
