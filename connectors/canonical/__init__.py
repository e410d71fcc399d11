"""The shapes all systems are translated into: frozen, without a framework; records in sync/models have the
same fields. One file per subject, all reached from here.
"""

from connectors.canonical.base import Canonical
from connectors.canonical.contract import ContractLine, SubscriptionContract
from connectors.canonical.customer import Address, Customer
from connectors.canonical.dispute import Dispute, DisputeLoss, DisputeMovement, DisputeOutcome
from connectors.canonical.dunning import Dunning
from connectors.canonical.entries import Entry, entries
from connectors.canonical.feedback import CrmStatus
from connectors.canonical.invoice import Invoice, InvoiceLine
from connectors.canonical.payment import Allocation, Payment
from connectors.canonical.payout import Payout, PayoutFailure, PayoutLine
from connectors.canonical.refund import Refund, RefundFailure
from connectors.canonical.written import KINDS, dump, load, text

__all__ = [
    "KINDS",
    "Address",
    "Allocation",
    "Canonical",
    "ContractLine",
    "CrmStatus",
    "Customer",
    "Dunning",
    "Dispute",
    "DisputeLoss",
    "DisputeMovement",
    "DisputeOutcome",
    "Entry",
    "Invoice",
    "InvoiceLine",
    "Payment",
    "Payout",
    "PayoutFailure",
    "PayoutLine",
    "Refund",
    "RefundFailure",
    "SubscriptionContract",
    "dump",
    "entries",
    "load",
    "text",
]
