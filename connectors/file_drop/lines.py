"""What every format of bank statement is read into, and how one that cannot be read is refused."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


class StatementError(ValueError):
    """A statement that cannot be taken as it stands; the message names file, line and field."""


@dataclass(frozen=True, kw_only=True)
class BankLine:
    """One booked movement of a bank account; above zero money came in. Major units."""

    line_id: str
    value_date: date
    currency: str
    amount: Decimal
    #: every reference and text of the line, to find by
    text: str
