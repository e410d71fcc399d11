"""Committed deal -> subscription contract -> subscription in billing."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.canonical import ContractLine, SubscriptionContract
from connectors.money import AmountError, amount
from sync.errors import StepError, Waits
from sync.models import ContractLineRecord, ContractRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed, of_each
from sync.usage import plans as usage_plans


def be_approved(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Where the company asks for it, a deal counts once its approval is complete."""
    approval = dict(contract.commitment).get("approval", "")
    if "approval" in lookups.commitment and approval not in ("Approved", "Not required"):
        raise StepError("APPROVAL_MISSING", field="Approval status", value=approval)
    return contract


def be_signed(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Where the company asks for it, a deal counts once its order form is signed."""
    if "signature" in lookups.commitment and not dict(contract.commitment).get("order_form_on"):
        raise StepError("CONTRACT_INCOMPLETE", field="Order form date", value="")
    return contract


def have_lines_that_sum(contract: SubscriptionContract, _: Lookups) -> SubscriptionContract:
    """The lines of the primary quote sum to the deal's amount, in the currency's own digits."""
    if not contract.lines:
        raise StepError("CONTRACT_INCOMPLETE", field="Products", value="")
    try:
        total = sum((amount(line.amount, contract.currency) for line in contract.lines), Decimal(0))
        wanted = amount(contract.amount, contract.currency)
    except AmountError as error:
        raise StepError("CURRENCY_MISMATCH", field="Amount", value=str(error)) from error
    if total != wanted:
        raise StepError("LINES_DO_NOT_SUM", field="Amount", value=f"{total} of {wanted} {contract.currency}")
    return contract


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
    list_amount = line.amount if metered else row.list_price * line.quantity
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
    for (reference, version), row in sorted(saved.items()):
        if reference not in lookups.contracts or lookups.contracts[reference].version < version:
            lookups.contracts[reference] = row
    usage_plans.store(contracts, lookups)


def owes(contract: SubscriptionContract, lookups: Lookups) -> list[Owed]:
    """The subscription, once the customer is in billing."""
    customer = lookups.customers[contract.customer_reference]
    return [
        Owed(
            role="billing",
            subject=contract,
            needs=(contract.customer_reference,),
            document_date=contract.signed_on,
            amount=contract.amount,
            title=f"Subscription for {customer.name}",
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
    steps=(be_approved, be_signed, have_lines_that_sum, map_products, find_customer, usage_plans.have_meters),
    store=store,
    owes=owes,
    describe=describe,
)
