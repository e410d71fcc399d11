"""Where the ERP is the revenue engine: its own schedules beside ours, by arrangement, line, month and amount."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.money import minor_units
from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models.controls import Side
from sync.models import LegalEntity
from sync.money_text import plain
from sync.revenue import compared

NAME = "revenue_schedules"


@dataclass
class _Schedule:
    """One line of a document on one side: its months, and what names it."""

    label: str = ""
    #: the arrangement, as this side calls it
    arrangement: str = ""
    external_id: str = ""
    currency: str = ""
    months: dict[date, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum(self.months.values(), Decimal(0))


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """From the newest readings: one finding a line, which names the months that differ."""
    ours, theirs = _read(entity, Side.LEFT), _read(entity, Side.RIGHT)
    found = []
    for key, schedule in ours.items():
        other = theirs.get(key)
        if other is None:
            months = sorted(schedule.months)
            found.append(_finding("SCHEDULE_MISSING", key, months=months, ours=schedule))
        elif months := _months_that_differ(schedule, other):
            found.append(_finding("SCHEDULE_DIFFERS", key, months=months, ours=schedule, theirs=other))
    known = compared.numbers_there(entity, {_number(key) for key in theirs if key not in ours})
    found += [
        _finding("SCHEDULE_ONLY_THERE", key, months=sorted(schedule.months), theirs=schedule)
        for key, schedule in theirs.items()
        if key not in ours and _number(key) in known
    ]
    return found


def _read(entity: LegalEntity, side: Side) -> dict[str, _Schedule]:
    found: dict[str, _Schedule] = {}
    for line in sorted(readings.newest(NAME, entity, side), key=lambda line: line.reference):
        one = found.setdefault(line.reference.rpartition(":")[0], _Schedule())
        one.label, one.arrangement, one.currency = line.label, line.status, line.currency
        one.external_id = line.external_id
        one.months[line.document_date] = one.months.get(line.document_date, Decimal(0)) + line.net
    return found


def _number(key: str) -> str:
    """The document's number in the name of a schedule, which may hold the mark itself."""
    return key.partition(":")[2].rsplit(":", 3)[0]


def _months_that_differ(ours: _Schedule, theirs: _Schedule) -> list[date]:
    """Each month may be a minor unit off; the last one takes what the others were rounded by, where the sums agree."""
    unit = Decimal(1).scaleb(-minor_units(ours.currency)) if ours.currency else Decimal(0)
    months = sorted({*ours.months, *theirs.months})
    allowed = dict.fromkeys(months, unit)
    if ours.total == theirs.total and months:
        allowed[months[-1]] = unit * len(months)
    zero = Decimal(0)
    off = [one for one in months if abs(ours.months.get(one, zero) - theirs.months.get(one, zero)) > allowed[one]]
    if ours.currency != theirs.currency or (not off and ours.total != theirs.total):
        # a sum that is off is off in some month, however little it is in each
        return off or [one for one in months if ours.months.get(one, zero) != theirs.months.get(one, zero)] or months
    return off


def _finding(
    kind: str, key: str, *, months: list[date], ours: _Schedule | None = None, theirs: _Schedule | None = None
) -> Finding:
    shown = ours or theirs
    assert shown is not None
    mine, others = (_sum(one, months) for one in (ours, theirs))
    return Finding(
        reference=key[:120],
        kind=kind,
        label=f"of {shown.label}, {_in_words(months)}",
        cause=ours.arrangement if ours else shown.label,
        currency=shown.currency,
        dated=months[0] if months else None,
        left=_side(ours, months),
        right=_side(theirs, months),
        difference=mine - others,
    )


def _sum(schedule: _Schedule | None, months: list[date]) -> Decimal:
    return sum((schedule.months.get(one, Decimal(0)) for one in months), Decimal(0)) if schedule else Decimal(0)


def _side(schedule: _Schedule | None, months: list[date]) -> dict[str, str]:
    if schedule is None:
        return {}
    found = {
        "external_id": schedule.external_id,
        "status": schedule.arrangement,
        "net": plain(_sum(schedule, months), schedule.currency),
    }
    each = {f"{one:%Y-%m}": plain(schedule.months.get(one, Decimal(0)), schedule.currency) for one in months}
    return found | each


def _in_words(months: list[date]) -> str:
    if not months:
        return "no month"
    first, last = months[0], months[-1]
    if first == last:
        return f"{first:%b %Y}"
    return f"{first:%b %Y} to {last:%b %Y} ({len(months)} months)"


REVENUE_SCHEDULES = Control(
    name=NAME,
    title="The ERP's revenue schedules are ours",
    leg="",
    kind="revenue schedule",
    left_role="portal",
    left_kind="revenue_schedule",
    right_role="erp",
    right_kind="revenue_schedule",
    as_of=True,
    compares=(),
    date_basis="Months of service on both sides; schedules that run, and those that ended since the month before",
    assertion="Accuracy and completeness",
    applies=compared.is_compared,
    left_reader=compared.lines,
    judges=findings,
)
