"""A bank receipt the ledger took back -> what it had paid is open again, in billing as far as billing can."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import PaymentReturn
from sync import keys, rounds
from sync.errors import Waits
from sync.models import Delivery, PaymentReturnRecord
from sync.pipelines import cash_on_account, records, short_payments
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.states import Condition


def find_payment(returned: PaymentReturn, lookups: Lookups) -> PaymentReturn:
    """Customer, company, story and money come from the receipt: the ledger keeps it over nothing."""
    payment = lookups.cash.payments.get(returned.payment_reference)
    if payment is None:
        raise Waits(returned.payment_reference)
    return replace(
        returned,
        customer_reference=payment.customer_reference,
        legal_entity=payment.legal_entity.code,
        correlation_id=payment.correlation_id,
        currency=payment.currency,
        amount=payment.amount,
    )


def store(returns: Sequence[PaymentReturn], lookups: Lookups) -> None:
    """What billing had refused to hear of the receipt is no longer wanted."""
    records.put(returns, PaymentReturnRecord, lookups, stamp="created_at")
    paid = [row.reference for one in returns for row in lookups.cash.applied.get(one.payment_reference, ())]
    for row in Delivery.objects.filter(reference__in=paid, role="billing", condition=Condition.BLOCKED):
        rounds.withdraw(row, note="The bank took the payment back")


def owes(returned: PaymentReturn, lookups: Lookups) -> list[Owed]:
    """One for each invoice it had paid, serialised by that invoice: told after the payment itself."""
    customer = lookups.customers.get(returned.customer_reference)
    found = []
    for row in lookups.cash.applied.get(returned.payment_reference, ()):
        own_id = row.invoice_reference.rpartition(":")[2]
        part = replace(
            returned,
            reference=keys.reference(*returned.reference.split(":"), own_id),
            invoice_reference=row.invoice_reference,
            amount=row.amount,
        )
        found.append(
            Owed(
                role="billing",
                subject=part,
                serial_key=f"open:{row.invoice_reference}",
                document_date=returned.returned_on,
                amount=row.amount,
                title=f"Returned bank payment {returned.gateway_id}",
                customer_name=customer.name if customer else "",
            )
        )
    return found


def describe(returned: PaymentReturn) -> dict[str, Any]:
    return {
        "title": f"Returned bank payment {returned.gateway_id}",
        "customer_reference": returned.customer_reference,
        "amount": returned.amount,
        "currency": returned.currency,
        "effective_on": returned.returned_on,
    }


def look_over(returns: Sequence[PaymentReturn], lookups: Lookups) -> None:
    """Each invoice it had paid is a case until it is paid again; of the receipt itself nothing is left over."""
    cash_on_account.review(one.payment_reference for one in returns)
    rows = [row for one in returns for row in lookups.cash.applied.get(one.payment_reference, ())]
    short_payments.review(row.invoice_reference for row in rows)


PAYMENT_RETURN = Flow(
    name="payment_return_to_billing",
    kind=PaymentReturn.kind,
    steps=(find_payment,),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
