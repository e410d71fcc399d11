"""Committed deal -> subscription contract -> subscription in billing."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from connectors.canonical import NO_END, ContractLine, SalesOrder, SubscriptionContract
from connectors.money import minor_units
from connectors.segments import months_between
from sync import treatments
from sync.errors import StepError, Waits
from sync.models import ContractLineRecord, ContractRecord, EntityMapping
from sync.pipelines import records, services_to_erp
from sync.pipelines.bundles import explode_bundles
from sync.pipelines.commitment import (
    be_approved,
    be_signed,
    be_won,
    have_its_purchase_order,
    have_lines_that_sum,
    note_the_conditions,
)
from sync.pipelines.customer_sync import accounts_of, customer_of
from sync.pipelines.flow import Flow, Lookups, Owed, of_each
from sync.pipelines.modifications import build_on_the_version_before
from sync.pipelines.shapes import have_dates_that_fit, note_what_is_done_with_changes_dated_back
from sync.selling import parents_of
from sync.taxes import UNTAXED
from sync.usage import plans as usage_plans

Basis = EntityMapping.Basis


def map_products(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Product -> billing plan, ERP item, revenue treatment, tax class; list price kept beside the agreed one."""
    return replace(contract, lines=of_each(contract.lines, lambda line: _mapped(line, contract, lookups)))


def _mapped(line: ContractLine, contract: SubscriptionContract, lookups: Lookups) -> ContractLine:
    row = lookups.tables.product(line.crm_product, on=contract.signed_on, currency=contract.currency)
    if row is None:
        raise StepError("PRODUCT_UNMAPPED", field="Product", value=line.crm_product)
    if row.currency != contract.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{contract.currency}; the price is in {row.currency}"
        )
    # the agreed price wins; what it differs from the list price by is kept, and is no break. What is billed by use
    # has no amount of its own to differ from.
    metered = row.destination == usage_plans.DESTINATION
    list_amount = line.amount if metered else _listed(row.list_price * line.quantity, contract, line)
    return replace(
        line,
        description=row.product_name,
        billing_product=row.billing_product,
        erp_item=row.erp_item,
        revenue_treatment=row.revenue_treatment,
        tax_class=row.tax_class,
        destination=row.destination,
        ship_to_reference=line.ship_to_reference or contract.ship_to_reference or contract.customer_reference,
        arrangement=arrangement(contract),
        list_amount=list_amount,
        discount=list_amount - line.amount,
    )


def _listed(per_year: Decimal, contract: SubscriptionContract, line: ContractLine) -> Decimal:
    """The list price, which is per year, for what the line's amount is for: its own time, the term, or one period
    without an end.
    """
    months: int | Fraction | None = contract.term_months
    if line.own_dates and line.ends_on != NO_END:
        months = months_between(line.starts_on, line.ends_on)
        if months is None:
            months = Fraction(12 * ((line.ends_on - line.starts_on).days + 1), 365)
    elif line.own_dates:
        months = 0
    months = months or {"monthly": 1, "quarterly": 3}.get(contract.billing_frequency, 12)
    if months == 12:
        return per_year
    exact = Fraction(per_year) * months / 12
    digits = Decimal(1).scaleb(-minor_units(contract.currency))
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(digits, ROUND_HALF_UP)


def arrangement(contract: SubscriptionContract) -> str:
    """The name of the promise over whose lines revenue is allocated: the whole deal, however it is split."""
    return f"arrangement:{(contract.master_reference or contract.reference).partition(':')[2]}"


def keep_the_split(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """A deal that was carried stays split as it was signed: split otherwise it would be set up twice."""
    signed = lookups.split.get(contract.master_reference, set())
    if signed and contract.reference not in signed:
        raise StepError("DEAL_CHANGED_AFTER_BILLING", field="Bill to", value=contract.reference)
    return contract


def find_customer(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Everybody the contract names; who is not there yet is waited for."""
    ships_to = sorted({line.ship_to_reference for line in contract.lines if line.ship_to_reference})
    for reference in (contract.customer_reference, contract.payer_reference, *ships_to):
        if reference and reference not in lookups.customers:
            raise Waits(reference)
    return contract


def find_selling_company(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The company that signed; where the contract names none, the one the approved rules name on the day it was signed.

    Only a rule for this one contract, approved by finance, goes before what was signed.
    """
    customer = lookups.customers.get(contract.customer_reference)
    if customer is None:
        return contract
    on = contract.signed_on
    row = lookups.selling.by(Basis.CONTRACT, contract.reference, on=on)
    if row is None and contract.signatory:
        if contract.signatory in lookups.entities:
            return replace(contract, legal_entity=contract.signatory)
        row = lookups.selling.by(Basis.SIGNATORY, contract.signatory, on=on)
        if row is None:
            raise StepError("ENTITY_ROUTE_MISSING", field="Selling company", value=contract.signatory)
    if row is None:
        row = lookups.selling.of_customer(
            customer.reference,
            parents=parents_of(customer.reference, lookups.customers),
            country=customer.address.get("country", ""),
            on=on,
        )
    return replace(contract, legal_entity=row.entity.code if row else customer.legal_entity.code)


def decide_tax(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """How each line is taxed on the day of supply; billing charges that, and nobody charges it otherwise."""
    entity = lookups.entities.get(contract.legal_entity)
    if entity is None:
        return contract

    def decided(line: ContractLine) -> ContractLine:
        ship_to = lookups.customers.get(line.ship_to_reference or contract.customer_reference)
        if ship_to is None or line.tax_class in ("", UNTAXED):
            return line
        found = lookups.taxes.decide(line.tax_class, entity=entity, ship_to=ship_to, on=line.starts_on)
        return replace(
            line,
            tax_jurisdiction=found.jurisdiction,
            tax_treatment=found.treatment,
            tax_code=found.code.billing_code if found.code else "",
            tax_percent=found.code.percent if found.code else Decimal(0),
        )

    return replace(contract, lines=of_each(contract.lines, decided))


def store(contracts: Sequence[SubscriptionContract], lookups: Lookups) -> None:
    saved = records.put_versions(contracts, ContractRecord, lookups, stamp="created_at")
    ContractLineRecord.objects.bulk_create(
        (
            ContractLineRecord(
                contract=saved[contract.reference, contract.version], **records.values_of(line, ContractLineRecord)
            )
            for contract in contracts
            for line in contract.lines
        ),
        ignore_conflicts=True,
    )
    treatments.propose(
        [
            (one, before)
            for one in contracts
            if one.version > 1 and (before := lookups.ladders.get(one.reference, {}).get(one.version - 1))
        ]
    )
    for (reference, version), row in sorted(saved.items()):
        if reference not in lookups.contracts or lookups.contracts[reference].version < version:
            lookups.contracts[reference] = row
    usage_plans.store(contracts, lookups)
    services_to_erp.store([order for contract in contracts if (order := order_of(contract, lookups))], lookups)


def order_of(contract: SubscriptionContract, lookups: Lookups) -> SalesOrder | None:
    """The contract's services, for the company that sells them."""
    return services_to_erp.order_of(contract, lookups.entities[contract.legal_entity])


#: changes billing is told of at once, whenever they take effect: it knows ends and terms by itself
TOLD_AT_ONCE = frozenset({"renewal", "co_term", "cancellation"})
TITLES = {
    "new": "Subscription",
    "amendment": "Amendment",
    "upsell": "Upsell",
    "downsell": "Downsell",
    "co_term": "Co-term",
    "renewal": "Renewal",
    "cancellation": "Cancellation",
    "suspension": "Suspension",
    "reactivation": "Reactivation",
    "assignment": "Assignment",
}


def owes(contract: SubscriptionContract, lookups: Lookups) -> list[Owed]:
    """The subscription and the sales order, each once the customer is there; changes are events and never skipped."""
    customer = lookups.customers[contract.customer_reference]
    owed: list[Owed] = []
    if customer.legal_entity.code != contract.legal_entity:
        # another company of ours than the customer's own sells: there it needs an account as well
        owed += accounts_of(customer_of(customer), lookups.entities[contract.legal_entity], lookups)
    services = [line.amount for line in contract.lines if line.destination == services_to_erp.DESTINATION]
    if len(services) < len(contract.lines):
        effective = contract.effective_on or contract.starts_on
        owed.append(
            Owed(
                role="billing",
                subject=contract,
                is_event=True,
                not_before=None if contract.modification_kind in TOLD_AT_ONCE else effective,
                begins=contract.modification_number == 1 or contract.modification_kind == "new",
                needs=(contract.customer_reference,),
                document_date=contract.signed_on,
                amount=contract.amount - sum(services, Decimal(0)),
                title=f"{TITLES.get(contract.modification_kind, 'Change')} for {customer.name}",
                customer_name=customer.name,
            )
        )
    order = order_of(contract, lookups)
    ordered = services_to_erp.owes(order, lookups) if order else []
    return [*owed, *usage_plans.owes(contract, lookups), *ordered]


def describe(contract: SubscriptionContract) -> dict[str, Any]:
    return {
        "title": f"Deal {contract.name or contract.crm_opportunity_id}"[:200],
        "customer_reference": contract.customer_reference,
        "amount": contract.amount,
        "currency": contract.currency,
        "effective_on": contract.signed_on,
    }


def notices(contract: SubscriptionContract, lookups: Lookups) -> list[StepError]:
    """A change is billed at once; how it is accounted for is finance's decision, and schedules wait for that."""
    undecided = (
        treatments.undecided(contract, lookups.entities[contract.legal_entity]) if contract.version > 1 else None
    )
    return [undecided] if undecided else []


CLOSED_WON_TO_BILLING = Flow(
    name="closed_won_to_billing",
    kind=SubscriptionContract.kind,
    steps=(
        note_the_conditions,
        be_won,
        be_approved,
        be_signed,
        have_its_purchase_order,
        have_lines_that_sum,
        keep_the_split,
        explode_bundles,
        build_on_the_version_before,
        map_products,
        have_dates_that_fit,
        find_customer,
        find_selling_company,
        decide_tax,
        note_what_is_done_with_changes_dated_back,
        usage_plans.have_meters,
    ),
    store=store,
    owes=owes,
    describe=describe,
    notices=notices,
)
