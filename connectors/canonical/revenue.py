"""When an invoiced amount is earned, and the summarised journals where the portal posts it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


def compared_from(day: date) -> date:
    """Schedules whose service ends on or after this day are compared on a business day: those of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def period_reference(*, number: str, item: str, starts_on: date, ends_on: date, period: date) -> str:
    """One month of the schedule of one line, as both sides can name it: the document's number, the ERP's item, the
    dates of service and the month. Lines of a document that agree in all of these are compared as one.
    """
    return f"schedule:{number}:{item}:{starts_on:%Y%m%d}:{ends_on:%Y%m%d}:{period:%Y-%m}"


@dataclass(frozen=True, kw_only=True)
class RevenuePart:
    """What one obligation earns in one calendar month. Amounts in major units."""

    starts_on: date
    #: last day
    ends_on: date
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class RevenueSchedule(Canonical):
    """How one obligation of an arrangement is earned; the business key is arrangement and document line."""

    kind: ClassVar[str] = "revenue_schedule"
    state_like: ClassVar[bool] = True

    #: all lines sold together, `arrangement:<contract key>`
    arrangement_reference: str
    contract_reference: str
    customer_reference: str
    invoice_reference: str
    line_id: str
    #: the promise it fulfils: the product as the CRM knows it
    obligation: str
    treatment: str
    starts_on: date
    ends_on: date
    #: net, as billed
    billed: Decimal
    #: price of the same alone, for the same term
    standalone_price: Decimal
    #: share of the arrangement by standalone price, as invoiced
    invoiced_amount: Decimal
    #: the same less what was given back since; the parts sum to it
    amount: Decimal
    #: erp, external or portal: whose schedule counts on the document date
    engine: str
    parts: tuple[RevenuePart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RevenueEvent(Canonical):
    """One movement of a schedule: a member of a journal where the portal is the engine."""

    kind: ClassVar[str] = "revenue_event"

    schedule_reference: str
    arrangement_reference: str
    #: deferral, recognition, modification, termination, credit, accrual, accrual_reversal
    movement: str
    dated: date
    #: positive moves revenue the way the movement's name says, negative the other way
    amount: Decimal
    #: of its document: functional units for one of the document's currency; zero in the company's own money
    exchange_rate: Decimal = Decimal("0")


@dataclass(frozen=True, kw_only=True)
class JournalLine:
    """One side of a journal; exactly one of debit and credit is above zero."""

    #: the account's id in the ERP
    account: str
    debit: Decimal
    credit: Decimal
    memo: str = ""


@dataclass(frozen=True, kw_only=True)
class JournalBatch(Canonical):
    """Summarised movements of one entity, currency, day and kind; sealed with its members, late ones go to the next."""

    kind: ClassVar[str] = "journal"

    movement: str
    posting_date: date
    sequence: int
    #: sum of the debits
    total: Decimal
    #: the rate its members were deferred at; zero in the company's own money
    exchange_rate: Decimal = Decimal("0")
    members: int
    lines: tuple[JournalLine, ...] = ()
