"""CRM account -> customer in billing and ERP, parents before children."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Customer
from sync import clock
from sync.errors import StepError
from sync.mappings import country_code
from sync.models import CustomerRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def know_the_country(customer: Customer, lookups: Lookups) -> Customer:
    """Turn the country as people wrote it into its ISO 3166-1 code."""
    written = customer.address.country
    if not written:
        raise StepError("CONTRACT_INCOMPLETE", field="Billing country", value="")
    code = country_code(written, rows=lookups.tables.countries, on=clock.now().date())
    if code is None:
        raise StepError("COUNTRY_UNKNOWN", field="Billing country", value=written, evidence={"customer": customer.name})
    return replace(customer, address=replace(customer.address, country=code))


def find_selling_company(customer: Customer, lookups: Lookups) -> Customer:
    """Which of our companies sells to this customer."""
    row = lookups.tables.selling_entity(customer.address.country, on=clock.now().date())
    if row is None:
        raise StepError("ENTITY_ROUTE_MISSING", field="Billing country", value=customer.address.country)
    return replace(customer, legal_entity=row.entity.code, currency=customer.currency or row.entity.functional_currency)


def store(customers: Sequence[Customer], lookups: Lookups) -> None:
    lookups.customers.update(records.put_newest(customers, CustomerRecord, lookups, stamp="updated_at"))


def owes(customer: Customer, lookups: Lookups) -> list[Owed]:
    """One to billing, one to the ERP; a child waits until its parent is there."""
    today = clock.business_date(lookups.entities[customer.legal_entity])
    needs = (customer.parent_reference,) if customer.parent_reference else ()
    return [
        Owed(
            role=role,
            subject=customer,
            needs=needs,
            document_date=today,
            title=customer.name,
            customer_name=customer.name,
        )
        for role in ("billing", "erp")
    ]


def describe(customer: Customer) -> dict[str, Any]:
    return {"title": customer.name, "customer_reference": customer.reference, "customer_name": customer.name}


CUSTOMER_SYNC = Flow(
    name="customer_sync",
    kind=Customer.kind,
    steps=(know_the_country, find_selling_company),
    store=store,
    owes=owes,
    describe=describe,
)
