"""Which accounts a movement of cash debits and credits: one table for every ledger, each entry balanced in itself.

Accounts are named by what they are for; a connector's settings say which account of its chart that is.
"""

from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.base import Canonical
from connectors.canonical.conversion import Conversion
from connectors.canonical.dispute import DisputeLoss, DisputeMovement
from connectors.canonical.payout import Payout, PayoutFailure
from connectors.canonical.refund import RefundFailure
from connectors.canonical.withholding import Withholding

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: above zero a debit, below zero a credit; major units of the subject's currency."""

    #: bank, clearing, fees, reserve, receivable, disputed, dispute_fees, bad_debt, withholding, conversion
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
            # a credit memo lowers what the customer owes, so what was disputed is owed by the customer again
            ends = "bad_debt" if subject.treatment == "bad_debt" else "receivable"
            whose = "" if ends == "bad_debt" else subject.customer_reference
            found = [
                Entry(purpose=ends, amount=subject.amount, customer_reference=whose),
                Entry(purpose="disputed", amount=-subject.amount, customer_reference=subject.customer_reference),
            ]
        case Withholding():
            found = [
                Entry(purpose="withholding", amount=subject.amount),
                Entry(purpose="receivable", amount=-subject.amount, customer_reference=subject.customer_reference),
            ]
        case Conversion():
            # each side balances in its own currency; what the two leave on the conversion account is the rate's doing
            found = [
                Entry(purpose="clearing", amount=subject.amount - subject.fee),
                Entry(purpose="dispute_fees", amount=subject.fee),
                Entry(purpose="conversion", amount=-subject.amount),
            ]
        case _:
            raise LookupError(f"{subject.kind} is no journal")
    return tuple(entry for entry in found if entry.amount)
