"""What a table kept by file is: its columns, what makes a row itself, and the stops a new row may end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reconciliation.governance import cells
from reconciliation.governance.cells import Column
from sync.models import MappingRow

Values = dict[str, Any]
#: field -> what is wrong with the row as a whole
Whole = Callable[[Values], dict[str, str]]


def _nothing(values: Values) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of approved rows."""

    name: str
    title: str
    model: type[MappingRow]
    columns: tuple[Column, ...]
    #: what makes a row itself: two approved rows of one key are never valid on the same day
    key: tuple[str, ...]
    #: reasons of stops a new row may end, and the field of the row that is their value
    ends: tuple[tuple[str, str], ...] = field(default=())
    #: what can only be seen in the row as a whole
    whole: Whole = _nothing

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]


VALID = (
    Column(name="valid_from", read=cells.day, help="First day it holds."),
    Column(name="valid_to", read=cells.day, is_required=False, help="First day it no longer holds."),
    Column(name="note", read=cells.text(300), is_required=False, default=""),
)
