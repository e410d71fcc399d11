"""Allocation -> applied in the ERP, when payment and document are both there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Allocation
from sync.errors import Waits
from sync.models import AllocationRecord
from sync.pipelines import cash_on_account, records, short_payments
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.pipelines.origin import told_by_ledger


def find_document(allocation: Allocation, lookups: Lookups) -> Allocation:
    invoice = lookups.invoices.get(allocation.invoice_reference)
    if invoice is None:
        raise Waits(allocation.invoice_reference)
    return replace(
        allocation,
        customer_reference=invoice.customer_reference,
        legal_entity=invoice.legal_entity.code,
        correlation_id=invoice.correlation_id,
    )


def store(allocations: Sequence[Allocation], lookups: Lookups) -> None:
    records.put(allocations, AllocationRecord, lookups, stamp="created_at")


def look_over(allocations: Sequence[Allocation], lookups: Lookups) -> None:
    """What is left of the receipts, and of the documents they pay."""
    cash_on_account.review(allocation.payment_reference for allocation in allocations)
    short_payments.review(allocation.invoice_reference for allocation in allocations)


def owes(allocation: Allocation, lookups: Lookups) -> list[Owed]:
    """Serialised by the document whose open balance it changes. What the ledger told us of is owed to billing, so that
    nobody is reminded of an invoice that is paid.
    """
    invoice = lookups.invoices[allocation.invoice_reference]
    customer = lookups.customers[allocation.customer_reference]
    if told_by_ledger(allocation):
        if allocation.payment_reference in lookups.cash.returned:
            return []  # the bank took the money back before billing heard of it
        return [
            Owed(
                role="billing",
                subject=allocation,
                serial_key=f"open:{allocation.invoice_reference}",
                document_date=allocation.applied_on,
                amount=allocation.amount,
                title=f"Bank payment of invoice {invoice.number}",
                customer_name=customer.name,
            )
        ]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=allocation,
            needs=(allocation.payment_reference, allocation.invoice_reference),
            serial_key=f"open:{allocation.invoice_reference}",
            document_date=allocation.applied_on,
            posting_date=allocation.applied_on,
            amount=allocation.amount,
            title=f"Payment of invoice {invoice.number}",
            customer_name=customer.name,
        )
    ]


def describe(allocation: Allocation) -> dict[str, Any]:
    return {
        "title": "Cash application",
        "customer_reference": allocation.customer_reference,
        "amount": allocation.amount,
        "currency": allocation.currency,
        "effective_on": allocation.applied_on,
    }


CASH_APPLICATION = Flow(
    name="cash_application",
    kind=Allocation.kind,
    steps=(find_document,),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
