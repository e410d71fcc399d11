"""CRM account -> customer in billing and ERP, parents before children."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from connectors.canonical import Address, Customer
from sync import clock
from sync.errors import StepError, Waits
from sync.mappings import country_code
from sync.models import CustomerRecord, LegalEntity
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.selling import parents_of


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
    """Which of our companies sells to this customer, where no contract says otherwise.

    Several companies may serve one hierarchy, each in books of its own: then the parent has to be known first.
    """
    if customer.parent_reference and customer.parent_reference not in lookups.customers and len(lookups.entities) > 1:
        raise Waits(customer.parent_reference)
    parents = [customer.parent_reference, *parents_of(customer.parent_reference, lookups.customers)]
    row = lookups.selling.of_customer(
        customer.reference, parents=parents, country=customer.address.country, on=clock.now().date()
    )
    if row is None:
        raise StepError("ENTITY_ROUTE_MISSING", field="Billing country", value=customer.address.country)
    return replace(customer, legal_entity=row.entity.code, currency=customer.currency or row.entity.functional_currency)


def store(customers: Sequence[Customer], lookups: Lookups) -> None:
    lookups.customers.update(records.put_newest(customers, CustomerRecord, lookups, stamp="updated_at"))


def owes(customer: Customer, lookups: Lookups) -> list[Owed]:
    """One to billing, one to the ERP, for every company of ours that sells to it; in its parent's books a child waits
    until its parent is there.
    """
    sellers = [customer.legal_entity, *sorted(lookups.sold_by.get(customer.reference, set()) - {customer.legal_entity})]
    return [owed for code in sellers for owed in accounts_of(customer, lookups.entities[code], lookups)]


def accounts_of(customer: Customer, entity: LegalEntity, lookups: Lookups) -> list[Owed]:
    """The customer in the billing account and the ledger of one of our companies.

    A parent served by another company of ours is in other books: there is nothing to wait for, and nothing to hang the
    child under. Where two companies share a system, the customer is in it by its own company.
    """
    parent = lookups.customers.get(customer.parent_reference)
    above = customer.parent_reference if parent is None or parent.legal_entity_id == entity.pk else ""
    own = lookups.entities[customer.legal_entity]
    today = clock.business_date(entity)
    roles = [role for role in ("billing", "erp") if entity == own or not _shared(role, own, entity, lookups, on=today)]
    return [
        Owed(
            role=role,
            subject=replace(customer, legal_entity=entity.code, parent_reference=above),
            needs=(above,) if above else (),
            document_date=today,
            title=customer.name,
            customer_name=customer.name,
            entity=entity,
            kept_for="" if entity == own else entity.code,
        )
        for role in roles
    ]


def _shared(role: str, one: LegalEntity, other: LegalEntity, lookups: Lookups, *, on: date) -> bool:
    """Whether two companies of ours have one system for a role."""
    routes = [lookups.tables.route(entity.pk, role, on=on) for entity in (one, other)]
    return len({route.connection_id for route in routes if route}) == 1


def customer_of(row: CustomerRecord) -> Customer:
    """The customer as we last knew it."""
    values = {item.name: getattr(row, item.name) for item in fields(Customer)}
    values |= {"legal_entity": row.legal_entity.code, "address": Address(**row.address)}
    return Customer(**values)


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
