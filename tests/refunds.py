"""Money given back, in the small company's books: a refund, and one that came home."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.canonical import Refund, RefundFailure
from tests.small_company import DAY


def refund(number: int = 1, *, amount: str = "40.00", of_payment: int = 1, **values: Any) -> Refund:
    """Money given back of a payment."""
    plain = Refund(
        reference=f"refund:paper:re_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        gateway_id=f"re_{number}",
        payment_reference=f"payment:paper:pi_{of_payment}",
        customer_reference="",
        refunded_on=DAY,
        amount=Decimal(amount),
        source_system="paper_billing",
    )
    return replace(plain, **values)


def refund_failure(number: int = 1, *, amount: str = "40.00") -> RefundFailure:
    """A refund that came home."""
    return RefundFailure(
        reference=f"refund_failure:paper:re_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        gateway_id=f"re_{number}",
        refund_reference=f"refund:paper:re_{number}",
        customer_reference="",
        failed_on=DAY,
        amount=Decimal(amount),
        source_system="paper_billing",
    )
