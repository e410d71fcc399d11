"""The breaks on the page of a control as a file: both sides, what lies between, its case and what people say it is."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from reconciliation import figures_control_run, figures_controls, reconciling_items
from reconciliation.controls import breaks
from reconciliation.controls.control import Control
from reconciliation.habits.exports.sheet import MOST, Cell, Row, Sheet, TooMany, link, money, times
from reconciliation.models import Break, ExceptionCase, ReconcilingItem
from sync.catalogue import reason
from sync.models import LegalEntity

_COLUMNS = (
    *("Break", "What", "Document", "Reference", "Counterparty", "Dated", "Of this or another date", "Currency"),
    *("{left} net", "{left} tax", "{left} gross", "{right} net", "{right} tax", "{right} gross", "Difference"),
    *("Id in {left}", "Status in {left}", "Id in {right}", "Status in {right}", "By month"),
    *("Looks like", "Found (UTC)", "Found (company time)", "Healed (UTC)", "Healed (company time)"),
    *("Company time zone", "Case", "Case is", "Reconciling item", "Kind of item", "Item is", "Item may be open until"),
    *("Company", "Control", "Link to the run", "Link to the case"),
)
_SUMS = ("net", "tax", "gross")
#: schedules are compared month by month, and each side has its months beside its sums
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


def draw_up(control: Control, *, entity: LegalEntity, day: date, left: str, right: str) -> Sheet:
    """Breaks of this date's documents or found on it, then the open ones of other dates. Raises TooMany."""
    return Sheet(
        name=f"breaks-{control.name}-{entity.code}-{day}",
        title=f"Breaks: {control.title}, {entity.code}, {day}",
        narrowed="",
        address=link(figures_controls.link_of(control.name, entity, day)).address,
        columns=tuple(title.format(left=left, right=right) for title in _COLUMNS),
        rows=tuple(_rows(control, entity, day)),
    )


def _rows(control: Control, entity: LegalEntity, day: date) -> Iterator[Row]:
    here, elsewhere = figures_control_run.breaks_of(control, entity=entity, day=day)
    of_day, other = list(here[: MOST + 1]), list(elsewhere[: MOST + 1])
    found = [*of_day, *other]
    if len(found) > MOST:
        raise TooMany("breaks", "Close or accept what is settled first, or take the evidence of this day instead.")
    cases, items = breaks.cases_of(found), _items(found)
    for place, row in enumerate(found):
        yield _row(row, entity, place < len(of_day), cases.get(row.pk), items.get(row.pk), control)


def _row(
    row: Break, entity: LegalEntity, of_day: bool, case: ExceptionCase | None, item: ReconcilingItem | None,
    control: Control,
) -> Row:  # fmt: skip
    left, right = row.left, row.right
    return (
        row.pk,
        reason(row.kind).title,
        row.label,
        row.reference,
        row.counterparty,
        row.document_date,
        "this date" if of_day else "another date",
        row.currency,
        *(_sum(side, name, row.currency) for side in (left, right) for name in _SUMS),
        money(row.difference, row.currency),
        *(side.get(name, "") for side in (left, right) for name in ("external_id", "status")),
        "; ".join(
            f"{month}: {left.get(month, 'nothing')} against {right.get(month, 'nothing')}"
            for month in sorted({*left, *right})
            if _MONTH.fullmatch(month)
        ),
        breaks.looks_like(row),
        *times(row.found_at, entity),
        *times(row.healed_at, entity),
        entity.time_zone,
        case.number if case else "",
        case.get_status_display() if case else "",
        item.number if item else "",
        item.get_kind_display() if item else "",
        item.get_status_display() if item else "",
        item.expected_on if item else None,
        entity.code,
        control.title,
        link(figures_controls.link_of(control.name, entity, row.found_in.business_date)),
        link(f"/x/{case.number}") if case else None,
    )


def _sum(side: dict[str, str], name: str, currency: str) -> Cell:
    return money(Decimal(side[name]), currency) if side.get(name) else None


def _items(found: Sequence[Break]) -> dict[int, ReconcilingItem]:
    live = ReconcilingItem.objects.filter(break_row__in=[row.pk for row in found], status__in=reconciling_items.LIVE)
    return {item.break_row_id: item for item in live}
