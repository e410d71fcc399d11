"""Further companies of the group: each with a Stripe account, a subsidiary in the one NetSuite, zone and currency."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from q2c_portal.local import company, pipeline
from q2c_portal.local.sandboxes import NetSuiteAdmin, StripeWorld
from sync import calendar, clock
from sync.models import Connection, EntityMapping, EntityRoute, ExchangeRate, LegalEntity, ProductMapping

#: ids of the currencies in a fresh NetSuite sandbox
CURRENCIES = {"USD": "1", "GBP": "2", "JPY": "3", "EUR": "4", "KWD": "5", "BRL": "6"}


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A company of the group, as a scenario asks for it."""

    code: str
    country: str
    currency: str
    zone: str

    @property
    def stripe(self) -> str:
        """The name of its Stripe account among sandboxes and connections."""
        return f"stripe@{self.code}"


GERMANY = Branch(code="DE01", country="DE", currency="EUR", zone="Europe/Berlin")
BRITAIN = Branch(code="GB01", country="GB", currency="GBP", zone="Europe/London")
JAPAN = Branch(code="JP01", country="JP", currency="JPY", zone="Asia/Tokyo")


@dataclass
class Opened:
    """A branch at work."""

    spec: Branch
    entity: LegalEntity
    stripe: StripeWorld
    clock: str

    def reach(self, day: date, hour: int) -> None:
        """Let its Stripe account come to an hour of a business day, in its own zone."""
        self.stripe.advance(self.clock, company.at(day, hour, zone=self.spec.zone))


def common(first_day: date) -> dict[str, Any]:
    """What an approved row of a scenario has."""
    return {
        "status": "approved",
        "valid_from": first_day - timedelta(days=365),
        "drafted_by": User.objects.get(username="billing.ops"),
        "drafted_at": clock.now(),
        "approved_by": User.objects.get(username="finance.approver"),
        "approved_at": clock.now(),
        "note": "Opening set-up",
    }


def open_branch(spec: Branch, catalogue: pipeline.Pipeline, *, url: str) -> Opened:
    """Found a branch: its books, its billing account, its routes, and who it sells to."""
    code = f"stripe-{spec.code.lower()}"
    entity = LegalEntity.objects.create(
        code=spec.code,
        name=f"Demo company {spec.country}",
        functional_currency=spec.currency,
        country=spec.country,
        time_zone=spec.zone,
        business_date=catalogue.first_day,
        dimension_defaults={"department": "4"},
    )
    StripeWorld(url).settings(account_mark=f"{spec.code}s")
    billing = company.stripe_account(code, f"Stripe Billing {spec.code}", url, zone=spec.zone)
    clock_id = company.set_up_stripe(billing, catalogue)
    erp = Connection.objects.get(code="netsuite")
    netsuite = NetSuiteAdmin(erp.base_url)
    own_id = netsuite.subsidiary(spec.code, entity.name, currency=CURRENCIES[spec.currency], country=spec.country)
    erp.settings["subsidiaries"][spec.code] = own_id
    erp.settings["currencies"] = CURRENCIES
    erp.save()
    for product in catalogue.products:
        name = pipeline.address(product.name)
        netsuite.item(name, product.name, subsidiaries=list(erp.settings["subsidiaries"].values()))
    crm = Connection.objects.get(code="salesforce")
    for role, connection, company_code in (
        ("crm", crm, spec.code),
        ("billing", billing, spec.code),
        ("erp", erp, own_id),
    ):
        EntityRoute.objects.create(
            entity=entity,
            role=role,
            connection=connection,
            company_code=company_code,
            valid_from=catalogue.first_day,
        )
    EntityMapping(country=spec.country, entity=entity, **common(catalogue.first_day)).save()
    calendar.mirror(erp)
    return Opened(spec=spec, entity=entity, stripe=StripeWorld(url), clock=clock_id)


def map_services(*names: str) -> None:
    """From the beginning these products are services, which the ERP bills by sales order."""
    for row in ProductMapping.objects.filter(crm_product__in=names):
        row.destination, row.revenue_treatment = "erp_sales_order", "as_delivered"
        row.save()


def keep_rates(to: str, *rates: str, first_day: date, erp: NetSuiteAdmin, of: str = "USD") -> None:
    """Approved rates of the day, one for each day from the first on; the ERP's own table is the same."""
    for number, rate in enumerate(rates):
        day = first_day + timedelta(days=number)
        values = {**common(day), "valid_from": day, "valid_to": day + timedelta(days=1)}
        ExchangeRate(from_currency=of, to_currency=to, rate=Decimal(rate), source="Test", as_of=day, **values).save()
        erp.rate(CURRENCIES[of], CURRENCIES[to], Decimal(rate), since=day)
