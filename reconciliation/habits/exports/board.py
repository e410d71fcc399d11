"""The controls board as a file: every control on every date shown, with both sides' sums per currency."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.urls import reverse

from reconciliation import figures_controls
from reconciliation.controls.control import Control
from reconciliation.figures_controls import Cell, Matrix
from reconciliation.habits.exports.sheet import MOST, Money, Row, Sheet, TooMany, link, times
from reconciliation.models import ControlRun
from sync.models import LegalEntity

_SUMS = ("left", "right", "explained", "held", "in_flight", "unexplained")
_COLUMNS = (
    *("Company", "Company name", "Date", "Control", "Key control", "How it stands", "Why", "Signed", "Version"),
    *("Currency", "Left documents", "Right documents", "Left", "Right", "Difference", "Explained", "Held"),
    *("In flight", "Unexplained", "Run ended (UTC)", "Run ended (company time)", "Company time zone", "Link"),
)


def draw_up(boards: Sequence[Matrix], *, chosen: LegalEntity | None, query: str) -> Sheet:
    """What the board shows, one company after the other, the newest date first. Raises TooMany."""
    rows: list[Row] = []
    for board in boards:
        rows += _rows(board)
        if len(rows) > MOST:
            raise TooMany("lines", "Choose one company, and export one after the other.")
    days = [day for board in boards for day, _ in board.lines]
    span = f"{min(days)} to {max(days)}" if days else ""
    return Sheet(
        name="controls",
        title="Controls board; sums are of all dates each run has read",
        narrowed=", ".join(filter(None, [f"Company: {chosen.code}" if chosen else "", span])),
        address=link(reverse("desk:controls") + (query if len(query) > 1 else "")).address,
        columns=_COLUMNS,
        rows=tuple(rows),
    )


def _rows(board: Matrix) -> Iterator[Row]:
    days = [day for day, _ in board.lines]
    runs = {
        (run.control, run.business_date): run
        for run in figures_controls.newest_runs(board.entity, first=min(days), last=max(days))
    }
    for day, cells in board.lines:
        for control, cell in zip(board.controls, cells, strict=True):
            yield from _lines(board.entity, day, control, cell, runs.get((control.name, day)))


def _lines(entity: LegalEntity, day: date, control: Control, cell: Cell, run: ControlRun | None) -> Iterator[Row]:
    """A line per currency of a run; one without sums where nothing was compared."""
    sums = sorted(run.totals.items()) if run else []
    for currency, values in sums or [("", {})]:
        amounts = {name: Decimal(values.get(name, "0")) for name in _SUMS} if currency else {}
        shown = [Money(amount=amounts[name], currency=currency) if amounts else None for name in _SUMS]
        lies = Money(amount=amounts["left"] - amounts["right"], currency=currency) if amounts else None
        counts = [int(values[name]) if values.get(name) else None for name in ("left_count", "right_count")]
        yield (
            *(entity.code, entity.name, day, control.title, "yes" if control.is_key else ""),
            *(cell.word, cell.why, cell.signed, cell.version or None, currency, *counts),
            *(*shown[:2], lies, *shown[2:], *times(run.finished_at if run else None, entity), entity.time_zone),
            link(cell.link) if cell.link else None,
        )
