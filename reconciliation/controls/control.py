"""What a control is: the question it asks both sides, on which dates, and who cares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connectors.interface import ControlLine
from reconciliation.teams import Team
from sync.models import LegalEntity


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a listing control found, under a reference that is the same each time it is found."""

    reference: str
    #: reason of its case
    kind: str
    label: str
    #: what is the same for all findings of one cause; they are shown as one problem
    cause: str = ""
    customer: str = ""
    #: by default the company's own, and the day it was asked
    currency: str = ""
    dated: date | None = None
    #: where two figures are compared: both (net, tax, gross as text, and whatever names them)
    left: dict[str, str] = field(default_factory=dict)
    right: dict[str, str] = field(default_factory=dict)
    #: what lies between the two, else the money it is about, in major units of the currency
    difference: Decimal | None = None
    #: the open case that tells people of it already; no other is opened
    told_in: int | None = None


class Type(StrEnum):
    """What is asked: document by document, what an account comes to, or a list of what needs somebody's eyes."""

    POPULATION = "Population"
    BALANCE = "Balance"
    LISTING = "Listing"


def always(entity: LegalEntity) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Control:
    """One daily question to two systems."""

    name: str
    title: str
    #: sold_to_billed, billed_to_posted, or empty for a control outside the tie-out
    leg: str
    #: what the tie-out calls its documents
    kind: str
    left_role: str
    left_kind: str
    right_role: str
    right_kind: str
    type: Type = Type.POPULATION
    #: reads everything as it stands, not one day's documents
    as_of: bool = False
    #: which columns must agree beside presence: net, tax, gross
    compares: tuple[str, ...] = ("net", "tax", "gross")
    #: what must agree beside amounts, where both sides say it: customer, account, period
    also_compares: tuple[str, ...] = ()
    #: reason of a break in presence or amount, where that is no missing and no wrong document
    break_kind: str = ""
    #: controls whose open cases about the same document explain it here
    explained_by: tuple[str, ...] = ()
    date_basis: str = ""
    assertion: str = ""
    owner: Team = Team.FINANCE
    is_key: bool = True
    rule_version: int = 1
    #: a listing control finds by itself, without comparing two systems
    lists: Callable[[LegalEntity], Sequence[Finding]] | None = None
    #: whether an entity is asked this at all
    applies: Callable[[LegalEntity], bool] = always
    #: setting of the right side's connection without which that side has no answer
    needs_setting: str = ""
    #: where `left_role` is `portal`: our own records of everything as it stands on a date, instead of a system's list
    left_reader: Callable[[LegalEntity, date], Sequence[ControlLine]] | None = None
    #: both sides are read as ever, and this says what the readings lead to, where that is more than equal amounts
    judges: Callable[[LegalEntity], Sequence[Finding]] | None = None

    @property
    def is_list(self) -> bool:
        """Whether it finds by itself what needs somebody's eyes, and has no two sides."""
        return self.lists is not None

    @property
    def is_compared(self) -> bool:
        """Whether documents of given days are compared one by one; else it lists, or reads all as of a day."""
        return not self.as_of and self.lists is None and self.judges is None

    @property
    def cut_off(self) -> str:
        """Until when something belongs to what is asked."""
        return "the moment it is asked" if self.as_of else "the end of the business day, in the company's zone"

    @property
    def settles(self) -> str:
        """How long late entries are waited for."""
        return (
            "asked anew every day" if self.as_of else "every date is read again, each hour, until its period is closed"
        )
