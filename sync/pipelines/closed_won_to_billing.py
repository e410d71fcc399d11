"""Committed deal -> subscription contract -> subscription in billing."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.canonical import ContractLine, SubscriptionContract
from connectors.money import minor_units
from sync import treatments
from sync.errors import StepError, Waits
from sync.models import ContractLineRecord, ContractRecord
from sync.pipelines import records
from sync.pipelines.commitment import (
    be_approved,
    be_signed,
    be_won,
    have_its_purchase_order,
    have_lines_that_sum,
    note_the_conditions,
)
from sync.pipelines.flow import Flow, Lookups, Owed, of_each
from sync.pipelines.modifications import build_on_the_version_before
from sync.usage import plans as usage_plans


def map_products(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Product -> billing plan, ERP item, revenue treatment, tax class; list price kept beside the agreed one."""
    return replace(contract, lines=of_each(contract.lines, lambda line: _mapped(line, contract, lookups)))


def _mapped(line: ContractLine, contract: SubscriptionContract, lookups: Lookups) -> ContractLine:
    row = lookups.tables.product(line.crm_product, on=contract.signed_on)
    if row is None:
        raise StepError("PRODUCT_UNMAPPED", field="Product", value=line.crm_product)
    if row.currency != contract.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{contract.currency}; the price is in {row.currency}"
        )
    # the agreed price wins; what it differs from the list price by is kept, and is no break. What is billed by use
    # has no amount of its own to differ from.
    metered = row.destination == usage_plans.DESTINATION
    list_amount = line.amount if metered else _listed(row.list_price * line.quantity, contract)
    return replace(
        line,
        description=row.product_name,
        billing_product=row.billing_product,
        erp_item=row.erp_item,
        revenue_treatment=row.revenue_treatment,
        tax_class=row.tax_class,
        destination=row.destination,
        list_amount=list_amount,
        discount=list_amount - line.amount,
    )


def _listed(per_year: Decimal, contract: SubscriptionContract) -> Decimal:
    """The list price, which is per year, for what the line's amount is for: the term, or one period without an end."""
    months = contract.term_months or {"monthly": 1, "quarterly": 3}.get(contract.billing_frequency, 12)
    if months == 12:
        return per_year
    return (per_year * months / 12).quantize(Decimal(1).scaleb(-minor_units(contract.currency)), ROUND_HALF_UP)


def find_customer(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The selling company is the customer's; a customer we do not have yet is waited for."""
    customer = lookups.customers.get(contract.customer_reference)
    if customer is None:
        raise Waits(contract.customer_reference)
    return replace(contract, legal_entity=customer.legal_entity.code)


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
    """The subscription, once the customer is in billing; a change of it is an event of its own and is never skipped."""
    customer = lookups.customers[contract.customer_reference]
    effective = contract.effective_on or contract.starts_on
    return [
        Owed(
            role="billing",
            subject=contract,
            is_event=True,
            not_before=None if contract.modification_kind in TOLD_AT_ONCE else effective,
            needs=(contract.customer_reference,),
            document_date=contract.signed_on,
            amount=contract.amount,
            title=f"{TITLES.get(contract.modification_kind, 'Change')} for {customer.name}",
            customer_name=customer.name,
        ),
        *usage_plans.owes(contract, lookups),
    ]


def describe(contract: SubscriptionContract) -> dict[str, Any]:
    return {
        "title": f"Deal {contract.name or contract.crm_opportunity_id}"[:200],
        "customer_reference": contract.customer_reference,
        "amount": contract.amount,
        "currency": contract.currency,
        "effective_on": contract.signed_on,
    }


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
        build_on_the_version_before,
        map_products,
        find_customer,
        usage_plans.have_meters,
    ),
    store=store,
    owes=owes,
    describe=describe,
)
