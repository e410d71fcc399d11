"""Which accounts a movement of cash debits and credits: one table for every ledger, each entry balanced in itself.

Accounts are named by what they are for; a connector's settings say which account of its chart that is.
"""

from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.base import Canonical
from connectors.canonical.dispute import DisputeLoss, DisputeMovement
from connectors.canonical.payout import Payout, PayoutFailure
from connectors.canonical.refund import RefundFailure

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: above zero a debit, below zero a credit; major units of the subject's currency."""

    #: bank, clearing, fees, reserve, receivable, disputed, dispute_fees, bad_debt
    purpose: str
    amount: Decimal
    #: whose, on accounts kept by customer
    customer_reference: str = ""

    @property
    def debit(self) -> Decimal:
        return max(self.amount, ZERO)

    @property
    def credit(self) -> Decimal:
        return max(-self.amount, ZERO)


def entries(subject: Canonical) -> tuple[Entry, ...]:
    """The journal of a movement; lines of zero left out. Raises LookupError for a shape that is no journal."""
    match subject:
        case RefundFailure():
            found = [
                Entry(purpose="clearing", amount=subject.amount),
                Entry(purpose="receivable", amount=-subject.amount, customer_reference=subject.customer_reference),
            ]
        case Payout():
            # refunds, disputes and their fees left the clearing account by documents of their own
            found = [
                Entry(purpose="bank", amount=subject.amount),
                Entry(purpose="fees", amount=subject.fees),
                Entry(purpose="reserve", amount=-subject.reserves),
                Entry(purpose="clearing", amount=subject.reserves - subject.amount - subject.fees),
            ]
        case PayoutFailure():
            found = [
                Entry(purpose="clearing", amount=subject.amount),
                Entry(purpose="bank", amount=-subject.amount),
            ]
        case DisputeMovement():
            found = [
                Entry(purpose="disputed", amount=-subject.amount, customer_reference=subject.customer_reference),
                Entry(purpose="dispute_fees", amount=subject.fee),
                Entry(purpose="clearing", amount=subject.amount - subject.fee),
            ]
        case DisputeLoss():
            found = [
                Entry(purpose="bad_debt", amount=subject.amount),
                Entry(purpose="disputed", amount=-subject.amount, customer_reference=subject.customer_reference),
            ]
        case _:
            raise LookupError(f"{subject.kind} is no journal")
    return tuple(entry for entry in found if entry.amount)
