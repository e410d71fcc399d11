"""A register as a file: its lines as they stand on the page, amounts with their currency beside them."""

from datetime import date

from django.urls import reverse

from reconciliation import figures_registers
from reconciliation.figures_registers import Register
from reconciliation.habits.exports.sheet import MOST, Cell, Row, Sheet, TooMany, link, money
from sync.models import LegalEntity


def draw_up(register: Register, *, entity: LegalEntity, first: date, last: date, query: str) -> Sheet:
    """The register of a company for these days. Raises TooMany."""
    shown = figures_registers.show(register, entity, first, last)
    if len(shown.lines) > MOST:
        raise TooMany("lines", "The evidence of the month holds all of them.")
    span = f"as it stands on {last}" if register.as_it_stands else f"{first} to {last}"
    rows: list[Row] = [
        (
            entity.code,
            *(_word(register, head, line.words.get(head, "")) for head in register.words),
            line.currency,
            *(money(line.money[head], line.currency) for head in register.money),
            link(reverse("desk:trail", args=[line.trail])) if line.trail else None,
        )
        for line in shown.lines
    ]
    return Sheet(
        name=f"{register.name}-{entity.code}-{last}",
        title=f"{register.title}, {entity.code}",
        narrowed=span,
        address=link(reverse("desk:register", args=[register.name]) + query).address,
        columns=("Company", *register.words, "Currency", *register.money, "Link to the trail"),
        rows=tuple(rows),
    )


def _word(register: Register, head: str, text: str) -> Cell:
    """Days are days in the file, too."""
    return date.fromisoformat(text) if head in register.days and text else text
