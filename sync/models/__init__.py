"""Records of everything carried, and the rows the engine works from."""

from sync.models.answers import LearnedAnswer
from sync.models.bundle import BundleMapping
from sync.models.connection import Connection, ConnectionHealth
from sync.models.contract import ContractLineRecord, ContractRecord
from sync.models.conversion import ConversionRecord
from sync.models.correction import CreditMemoLineRecord, CreditMemoRecord, VoidRecord, WriteOffRecord
from sync.models.customer import CustomerRecord
from sync.models.dispute import DisputeLossRecord, DisputeMovementRecord, DisputeOutcomeRecord, DisputeRecord
from sync.models.document_policy import ClearanceRecord, DocumentPolicy, UnpostedDocument
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
from sync.models.journal import JournalCheck, JournalEntry, JournalSeal, JournalWaiting
from sync.models.late import LatePosting
from sync.models.mapping import CountryMapping, EntityMapping, MappingRow, ProductMapping
from sync.models.order import SalesOrderLineRecord, SalesOrderRecord
from sync.models.outbox import Attempt, Delivery, DeliveryNeed, ExternalIdentity
from sync.models.payment import AllocationRecord, PaymentRecord, PaymentReturnRecord
from sync.models.payout import PayoutFailureRecord, PayoutLineRecord, PayoutRecord
from sync.models.period import AccountingPeriod, PostingWindow
from sync.models.rate import ExchangeRate
from sync.models.refund import RefundFailureRecord, RefundRecord
from sync.models.revenue import (
    JournalBatchRecord,
    RevenueChange,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.models.schedule import Heartbeat, ScheduleClaim
from sync.models.tax import TaxCertificate, TaxCode, TaxIdCheck, TaxRegistration
from sync.models.treatment import ModificationTreatment
from sync.models.usage import (
    UsageEvent,
    UsageMeter,
    UsagePeriod,
    UsagePlanRecord,
    UsageSource,
    UsageSummaryRecord,
    UsageTrueUpRecord,
)
from sync.models.withholding import WithholdingRecord
from sync.models.work import Block, WorkItem

__all__ = [
    "AccountingPeriod",
    "AllocationRecord",
    "BundleMapping",
    "ExchangeRate",
    "TaxCertificate",
    "TaxCode",
    "TaxIdCheck",
    "TaxRegistration",
    "Attempt",
    "Block",
    "ClearanceRecord",
    "ConflictingDuplicate",
    "Connection",
    "ConnectionHealth",
    "ContractLineRecord",
    "ContractRecord",
    "ConversionRecord",
    "CountryMapping",
    "CreditMemoLineRecord",
    "CreditMemoRecord",
    "CrmStatusRecord",
    "CustomerRecord",
    "Delivery",
    "DeliveryNeed",
    "DunningRecord",
    "DocumentPolicy",
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
    "JournalBatchRecord",
    "JournalCheck",
    "JournalEntry",
    "JournalSeal",
    "JournalWaiting",
    "LatePosting",
    "LegalEntity",
    "LearnedAnswer",
    "MappingRow",
    "ModificationTreatment",
    "PaymentRecord",
    "PaymentReturnRecord",
    "PayoutFailureRecord",
    "PayoutLineRecord",
    "PayoutRecord",
    "PollCursor",
    "PostingWindow",
    "ProductMapping",
    "RefundFailureRecord",
    "RefundRecord",
    "RefusedCall",
    "RevenueChange",
    "RevenueEngine",
    "RevenueEventRecord",
    "RevenueScheduleRecord",
    "SalesOrderLineRecord",
    "SalesOrderRecord",
    "ScheduleClaim",
    "SourceEvent",
    "SourceEventBody",
    "StrayCalls",
    "UnpostedDocument",
    "VoidRecord",
    "UsageEvent",
    "UsageMeter",
    "UsagePeriod",
    "UsagePlanRecord",
    "UsageSource",
    "UsageSummaryRecord",
    "UsageTrueUpRecord",
    "WithholdingRecord",
    "WorkItem",
    "WriteOffRecord",
]
