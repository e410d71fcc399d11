"""What a fix is: what it applies to, what it asks for, what exactly it would do, how it is checked."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser

from reconciliation.models import ApprovalRequest, ExceptionCase, FixItem, FixRun, Problem
from sync.money_text import plain


class InputError(ValueError):
    """An input that cannot be used; the message names the field and what would be right."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(f"{field_name}: {text}")
        self.field_name = field_name
        self.text = text


class NotPossible(ValueError):
    """The fix cannot be applied now; the message says why, for people."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing a person chooses; prefilled where something is known."""

    name: str
    label: str
    kind: str = "text"
    initial: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    #: False where it may be left empty
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write the fix makes."""

    system: str
    record: str
    #: create, update, link, release
    action: str
    field: str = ""
    before: str = ""
    after: str = ""


def sha256_of(change: dict[str, Any]) -> str:
    """What a yes is bound to."""
    return hashlib.sha256(json.dumps(change, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What pressing would do, exactly. Only `change` is hashed and bound; the rest is shown."""

    says: str
    change: dict[str, Any]
    writes: tuple[Write, ...]
    #: what it releases or moves: [{case, document, customer, amount, currency, effective_on}]
    members: tuple[dict[str, str], ...] = ()
    #: currency -> sum of absolute amounts, text
    totals: dict[str, str] = field(default_factory=dict)
    #: posting date and period, where something is posted
    period: str = ""
    ledger_effect: str = ""
    reversible_by: str = ""

    @property
    def sha256(self) -> str:
        return sha256_of(self.change)

    @property
    def count(self) -> int:
        return len(self.members)

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "sha256": self.sha256, "count": self.count}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a fix is applied to: a whole problem, or one case of it."""

    problem: Problem
    case: ExceptionCase | None = None
    #: keys of the cases of a frozen list, where no other may be touched
    only: frozenset[int] | None = None
    #: keys of the cases an approver left out
    left_out: frozenset[int] = frozenset()

    def open_cases(self) -> list[ExceptionCase]:
        """Open cases in release order: effective date, then reference."""
        if self.case is not None:
            return [self.case] if self.case.status == ExceptionCase.Status.OPEN else []
        rows = self.problem.cases.filter(status=ExceptionCase.Status.OPEN)
        if self.only is not None:
            rows = rows.filter(pk__in=self.only)
        return list(
            rows.exclude(pk__in=self.left_out)
            .select_related("work_item", "delivery__target", "delivery__entity", "break_row", "entity", "problem")
            .order_by("effective_on", "reference", "pk")
        )


class Fix:
    """One family member: applies, preview, run, verify."""

    name: ClassVar[str]
    label: ClassVar[str]
    #: none, money or configuration: who must say yes before it runs
    kind: ClassVar[str] = "none"
    #: permission to ask for it, where that is another one than its kind's
    asked_with: ClassVar[str] = ""
    #: the policy rule quoted on the request
    rule: ClassVar[str] = ""
    #: U0 local, U1 outbound but harmless, U2 financial: no undo
    undo: ClassVar[str] = "U1"
    #: whether it takes a whole problem at once
    takes_problem: ClassVar[bool] = False

    def inputs(self, target: Target) -> list[Input]:
        return []

    def says(self, case: ExceptionCase) -> str:
        """What happens when I press this, in a sentence."""
        raise TypeError(f"{type(self).__name__} must say what it does")

    def checks(self, case: ExceptionCase) -> str:
        """How we check that it worked, in a sentence."""
        raise TypeError(f"{type(self).__name__} must say how it is checked")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        """Raises InputError or NotPossible."""
        raise TypeError(f"{type(self).__name__} must preview what it does")

    def part(self, change: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        """Of a change somebody asked for, what concerns the cases `now` is made for: all of it, where it is one change;
        the lines of these cases, where it is a list of documents.
        """
        return change

    def takes(self, target: Target, inputs: dict[str, str]) -> list[ExceptionCase]:
        """The open cases a run works on, in release order."""
        return target.open_cases()

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        """Make the approved change itself (a mapping row, say), once, before items are released. Needs a
        transaction.
        """

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        """Set these items going; those whose turn has to wait are given back. Needs a transaction."""
        raise TypeError(f"{type(self).__name__} must release its items")

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        """(FixItem status, note) once known; None while under way."""
        raise TypeError(f"{type(self).__name__} must tell how its items end")

    def verify(self, run: FixRun) -> None:
        """Re-read targets and re-run controls after the last item."""


def member(case: ExceptionCase) -> dict[str, str]:
    """A row of the frozen list shown with a preview."""
    return {
        "case": case.number,
        "document": case.document,
        "customer": case.customer_name,
        "amount": plain(case.amount, case.currency) if case.amount is not None and case.currency else "",
        "currency": case.currency,
        "effective_on": case.effective_on.isoformat() if case.effective_on else "",
    }


def totals(cases: Sequence[ExceptionCase]) -> dict[str, str]:
    """Sum of absolute amounts per currency; never across currencies."""
    sums: dict[str, Decimal] = {}
    for case in cases:
        if case.amount is not None and case.currency:
            sums[case.currency] = sums.get(case.currency, Decimal(0)) + abs(case.amount)
    return {currency: plain(total, currency) for currency, total in sorted(sums.items())}


def day(value: str, *, field_name: str) -> date:
    """A date as typed. Raises InputError."""
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InputError(field_name, "Give a date such as 2026-01-31.") from error
