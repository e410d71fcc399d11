"""Records of everything carried, and the rows the engine works from."""

from sync.models.connection import Connection, ConnectionHealth
from sync.models.contract import ContractLineRecord, ContractRecord
from sync.models.customer import CustomerRecord
from sync.models.dispute import DisputeLossRecord, DisputeMovementRecord, DisputeOutcomeRecord, DisputeRecord
from sync.models.dunning import DunningRecord
from sync.models.entity import EntityRoute, LegalEntity
from sync.models.feedback import CrmStatusRecord
from sync.models.inbox import (
    ConflictingDuplicate,
    PollCursor,
    RefusedCall,
    SourceEvent,
    SourceEventBody,
    StrayCalls,
)
from sync.models.invoice import InvoiceLineRecord, InvoiceRecord
from sync.models.journal import JournalEntry
from sync.models.late import LatePosting
from sync.models.mapping import CountryMapping, EntityMapping, MappingRow, ProductMapping
from sync.models.outbox import Attempt, Delivery, DeliveryNeed, ExternalIdentity
from sync.models.payment import AllocationRecord, PaymentRecord
from sync.models.payout import PayoutFailureRecord, PayoutLineRecord, PayoutRecord
from sync.models.period import AccountingPeriod, PostingWindow
from sync.models.refund import RefundFailureRecord, RefundRecord
from sync.models.schedule import Heartbeat, ScheduleClaim
from sync.models.work import Block, WorkItem

__all__ = [
    "AccountingPeriod",
    "AllocationRecord",
    "Attempt",
    "Block",
    "ConflictingDuplicate",
    "Connection",
    "ConnectionHealth",
    "ContractLineRecord",
    "ContractRecord",
    "CountryMapping",
    "CrmStatusRecord",
    "CustomerRecord",
    "Delivery",
    "DeliveryNeed",
    "DunningRecord",
    "DisputeLossRecord",
    "DisputeMovementRecord",
    "DisputeOutcomeRecord",
    "DisputeRecord",
    "EntityMapping",
    "EntityRoute",
    "ExternalIdentity",
    "Heartbeat",
    "InvoiceLineRecord",
    "InvoiceRecord",
    "JournalEntry",
    "LatePosting",
    "LegalEntity",
    "MappingRow",
    "PaymentRecord",
    "PayoutFailureRecord",
    "PayoutLineRecord",
    "PayoutRecord",
    "PollCursor",
    "PostingWindow",
    "ProductMapping",
    "RefundFailureRecord",
    "RefundRecord",
    "RefusedCall",
    "ScheduleClaim",
    "SourceEvent",
    "SourceEventBody",
    "StrayCalls",
    "WorkItem",
]
