"""What a flow is: steps, what it looks up, what it stores, what it then owes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from connectors.canonical import Canonical
from sync.errors import StepError, StepErrors, Waits
from sync.mappings import Tables
from sync.models import (
    AccountingPeriod,
    ClearanceRecord,
    ContractRecord,
    CreditMemoRecord,
    CustomerRecord,
    InvoiceRecord,
    LegalEntity,
    UsageMeter,
    UsagePlanRecord,
)
from sync.open_items import OpenItem
from sync.pipelines.cash import Cash
from sync.rates import RateTable
from sync.selling import SellingRules
from sync.small_differences import SmallDifferences
from sync.taxes import TaxRules


@dataclass(kw_only=True)
class Lookups:
    """What the steps of a batch may look at; read before the first step, so that steps stay pure."""

    tables: Tables
    selling: SellingRules
    taxes: TaxRules
    rates: RateTable
    entities: dict[str, LegalEntity]
    #: with the parents above them
    customers: dict[str, CustomerRecord]
    contracts: dict[str, ContractRecord]
    #: contracts a deal was signed as, where something of it was carried before: master reference -> their references
    split: dict[str, set[str]]
    #: other companies of ours that sell to a customer too: customer reference -> entity codes
    sold_by: dict[str, set[str]]
    invoices: dict[str, InvoiceRecord]
    #: switches of the house: which facts make a deal committed; a company may have its own
    commitment: frozenset[str]
    #: every version of the contracts named, by number
    ladders: dict[str, dict[int, ContractRecord]] = field(default_factory=dict)
    credit_memos: dict[str, CreditMemoRecord] = field(default_factory=dict)
    #: what is left of the invoices that are corrected
    open_items: dict[str, OpenItem] = field(default_factory=dict)
    #: the ERPs' receivables periods
    periods: list[AccountingPeriod] = field(default_factory=list)
    #: what the tax authority said of electronic invoices
    clearances: dict[str, ClearanceRecord] = field(default_factory=dict)
    small_differences: SmallDifferences = field(default_factory=SmallDifferences)
    #: approved meters, and the plans of the customers at hand; only where contracts are at hand
    meters: list[UsageMeter] = field(default_factory=list)
    usage_plans: list[UsagePlanRecord] = field(default_factory=list)
    #: receipts and what became of them
    cash: Cash


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One delivery to be owed for a subject."""

    role: str
    subject: Canonical
    operation: str = "put"
    #: references the target must hold first
    needs: tuple[str, ...] = ()
    #: deliver or posting
    queue: str = "deliver"
    document_date: date
    posting_date: date | None = None
    amount: Any = None
    title: str = ""
    customer_name: str = ""
    #: the document whose open balance this changes; by default the subject itself
    serial_key: str = ""
    #: an event of its own: a later version never takes its place
    is_event: bool = False
    #: not handed over before this day of the entity's
    not_before: date | None = None
    #: it begins service on that day, and is handed over from the hour on at which the target takes that
    begins: bool = False
    #: reason for which people are asked before anything is sent; empty: it goes by itself
    asks: str = ""
    asks_because: str = ""
    #: whose route it takes, where that is not the company of the work item
    entity: LegalEntity | None = None
    #: code of the company for which an account is kept beside the customer's own: owed once for each of them
    kept_for: str = ""


def nothing_to_notice(subject: Any, lookups: Lookups) -> list[StepError]:
    """Most flows: what goes through is no case."""
    return []


def nothing_afterwards(subjects: Sequence[Any], lookups: Lookups) -> None:
    """Most flows: what they change elsewhere is owed."""


Line = TypeVar("Line")
Step = Callable[[Any, Lookups], Any]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A named way from a shape as read to records and deliveries."""

    name: str
    #: kind of the shapes it takes
    kind: str
    steps: tuple[Step, ...]
    #: writes the records of a batch
    store: Callable[[Sequence[Any], Lookups], None]
    owes: Callable[[Any, Lookups], list[Owed]]
    #: what people call it: title, customer reference, amount, effective date
    describe: Callable[[Any], dict[str, Any]]
    #: what people must look at although it went through: cases that stop nothing
    notices: Callable[[Any, Lookups], list[StepError]] = nothing_to_notice
    #: what a batch changed elsewhere is looked over, once its own cases are settled
    afterwards: Callable[[Sequence[Any], Lookups], None] = nothing_afterwards


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a pipeline made of a subject: all problems found in one pass, or what it waits for."""

    subject: Any
    problems: tuple[StepError, ...] = ()
    waits_for: str = ""

    @property
    def went_through(self) -> bool:
        return not self.problems and not self.waits_for


def of_each(lines: Sequence[Line], change: Callable[[Line], Line]) -> tuple[Line, ...]:
    """Change every line. Raises StepErrors with what is wrong on any of them, each problem once."""
    changed: list[Line] = []
    problems: dict[tuple[str, str], StepError] = {}
    for line in lines:
        try:
            changed.append(change(line))
        except StepError as problem:
            problems[problem.reason, problem.value] = problem
    if problems:
        raise StepErrors(list(problems.values()))
    return tuple(changed)


def run(flow: Flow, subject: Any, lookups: Lookups) -> Passed:
    """Take a subject through all steps. A step that fails leaves the subject as it was, so later steps still look."""
    problems: list[StepError] = []
    waits_for = ""
    for step in flow.steps:
        try:
            subject = step(subject, lookups)
        except StepError as problem:
            problems.append(problem)
        except StepErrors as several:
            problems += several.problems
        except Waits as wait:
            waits_for = waits_for or wait.reference
    return Passed(subject=subject, problems=tuple(problems), waits_for=waits_for)
