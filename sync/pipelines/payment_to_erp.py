"""Payment -> cash on account in the ERP, at once and gross."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Payment
from sync.errors import StepError, Waits
from sync.models import PaymentRecord
from sync.pipelines import cash_on_account, records
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.pipelines.origin import told_by_ledger
from sync.pipelines.rates import rate_payment


def find_payer(payment: Payment, lookups: Lookups) -> Payment:
    """Customer, company and story come from the document the payer named, else from the payer."""
    if not payment.pays_reference:
        return _by_payer(payment, lookups)
    invoice = lookups.invoices.get(payment.pays_reference)
    if invoice is None:
        raise Waits(payment.pays_reference)
    return replace(
        payment,
        customer_reference=invoice.customer_reference,
        legal_entity=invoice.legal_entity.code,
        correlation_id=invoice.correlation_id,
    )


def _by_payer(payment: Payment, lookups: Lookups) -> Payment:
    if not payment.customer_reference:
        raise StepError("UNAPPLIED_CASH", field="Payer", value=payment.gateway_id)
    customer = lookups.customers.get(payment.customer_reference)
    if customer is None:
        raise Waits(payment.customer_reference)
    return replace(payment, legal_entity=customer.legal_entity.code, correlation_id=customer.correlation_id)


def store(payments: Sequence[Payment], lookups: Lookups) -> None:
    lookups.cash.payments.update(records.put(payments, PaymentRecord, lookups, stamp="created_at"))


def look_over(payments: Sequence[Payment], lookups: Lookups) -> None:
    """Money nobody said what for; what names a document is looked over once it is applied."""
    cash_on_account.review(payment.reference for payment in payments if not payment.pays_reference)


def owes(payment: Payment, lookups: Lookups) -> list[Owed]:
    """What the ledger told us of is in the ledger."""
    if told_by_ledger(payment):
        return []
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
    name="payment_to_erp",
    kind=Payment.kind,
    steps=(find_payer, rate_payment),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
