"""The shapes all systems are translated into: frozen, without a framework; records in sync/models have the
same fields. One file per subject, all reached from here.
"""

from connectors.canonical.base import Canonical, CashMovement
from connectors.canonical.clearance import Clearance
from connectors.canonical.contract import (
    AS_BEFORE,
    BACKDATING,
    EVERGREEN,
    KINDS_OF_MODIFICATION,
    NO_END,
    ContractLine,
    SubscriptionContract,
)
from connectors.canonical.conversion import Conversion
from connectors.canonical.credit_memo import CreditMemo, CreditMemoLine
from connectors.canonical.customer import Address, Customer
from connectors.canonical.dispute import Dispute, DisputeLoss, DisputeMovement, DisputeOutcome
from connectors.canonical.dunning import Dunning
from connectors.canonical.entries import Entry, entries
from connectors.canonical.feedback import CrmStatus, shown_digest
from connectors.canonical.invoice import Invoice, InvoiceLine
from connectors.canonical.order import SalesOrder, SalesOrderLine
from connectors.canonical.payment import Allocation, Payment
from connectors.canonical.payment_return import PaymentReturn
from connectors.canonical.payout import Payout, PayoutFailure, PayoutLine
from connectors.canonical.refund import Refund, RefundFailure
from connectors.canonical.revenue import JournalBatch, JournalLine, RevenueEvent, RevenuePart, RevenueSchedule
from connectors.canonical.usage import UsagePlan, UsageSummary, UsageTrueUp
from connectors.canonical.void import DocumentVoid
from connectors.canonical.withholding import Withholding
from connectors.canonical.write_off import WriteOff
from connectors.canonical.written import KINDS, dump, load, text

__all__ = [
    "AS_BEFORE",
    "BACKDATING",
    "EVERGREEN",
    "KINDS",
    "KINDS_OF_MODIFICATION",
    "NO_END",
    "Address",
    "Allocation",
    "Canonical",
    "CashMovement",
    "Clearance",
    "ContractLine",
    "Conversion",
    "CreditMemo",
    "CreditMemoLine",
    "CrmStatus",
    "Customer",
    "Dunning",
    "DocumentVoid",
    "Dispute",
    "DisputeLoss",
    "DisputeMovement",
    "DisputeOutcome",
    "Entry",
    "Invoice",
    "InvoiceLine",
    "JournalBatch",
    "JournalLine",
    "Payment",
    "PaymentReturn",
    "RevenueEvent",
    "RevenuePart",
    "RevenueSchedule",
    "Payout",
    "PayoutFailure",
    "PayoutLine",
    "Refund",
    "RefundFailure",
    "SalesOrder",
    "SalesOrderLine",
    "SubscriptionContract",
    "Withholding",
    "WriteOff",
    "UsagePlan",
    "UsageSummary",
    "UsageTrueUp",
    "dump",
    "entries",
    "load",
    "shown_digest",
    "text",
]
