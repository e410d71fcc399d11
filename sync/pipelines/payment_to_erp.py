"""Payment -> cash on account in the ERP, at once and gross."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Payment
from sync.errors import StepError, Waits
from sync.models import PaymentRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed


def find_payer(payment: Payment, lookups: Lookups) -> Payment:
    """Customer, company and story come from the document the payer named."""
    if not payment.pays_reference:
        raise StepError("UNAPPLIED_CASH", field="Payment", value=payment.gateway_id)
    invoice = lookups.invoices.get(payment.pays_reference)
    if invoice is None:
        raise Waits(payment.pays_reference)
    return replace(
        payment,
        customer_reference=invoice.customer_reference,
        legal_entity=invoice.legal_entity.code,
        correlation_id=invoice.correlation_id,
    )


def store(payments: Sequence[Payment], lookups: Lookups) -> None:
    records.put(payments, PaymentRecord, lookups, stamp="created_at")


def owes(payment: Payment, lookups: Lookups) -> list[Owed]:
    customer = lookups.customers[payment.customer_reference]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=payment,
            needs=(payment.customer_reference,),
            document_date=payment.received_on,
            posting_date=payment.received_on,
            amount=payment.amount,
            title=f"Payment {payment.gateway_id}",
            customer_name=customer.name,
        )
    ]


def describe(payment: Payment) -> dict[str, Any]:
    return {
        "title": f"Payment {payment.gateway_id}",
        "customer_reference": payment.customer_reference,
        "amount": payment.amount,
        "currency": payment.currency,
        "effective_on": payment.received_on,
    }


PAYMENT_TO_ERP = Flow(
    name="payment_to_erp", kind=Payment.kind, steps=(find_payer,), store=store, owes=owes, describe=describe
)
