"""Versions and terms: billing shows the last change of every contract, and ends it when the CRM says it ends."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Max

from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models import ControlLine
from reconciliation.models.controls import Side
from reconciliation.teams import Team
from sync import clock
from sync.models import Delivery, LegalEntity, WorkItem
from sync.states import UNFINISHED, Condition

NAME = "contract_terms"
#: a month that has no such day ends a day earlier or later
ONE_DAY = timedelta(days=1)
OVER, NO_END, TAKEN_OVER = "ended", "no end", "taken over"


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each contract that stands at another version in billing than it was brought to, that the CRM has changed
    without our hearing of it, or that ends on another day. What is on its way, and what is missing there, other cases
    and controls tell.
    """
    sold = {line.reference: line for line in readings.newest(NAME, entity, Side.LEFT)}
    billed = {line.reference: line for line in readings.newest(NAME, entity, Side.RIGHT)}
    moving, brought_to = _under_way(billed), _brought_to(billed)
    today = clock.business_date(entity)
    found = []
    for reference, line in billed.items():
        number = brought_to.get(reference)
        if number is None or reference in moving:
            continue
        if (one := _judge(sold.get(reference), line, number, today=today)) is not None:
            found.append(one)
    return found


def _under_way(lines: dict[str, ControlLine]) -> set[str]:
    """Contracts of which a version is still owed, or not worked yet."""
    owed = Delivery.objects.filter(kind="contract", reference__in=lines, condition__in=UNFINISHED)
    heard = WorkItem.objects.filter(reference__in=lines, condition__in=UNFINISHED)
    return {*owed.values_list("reference", flat=True), *heard.values_list("reference", flat=True)}


def _brought_to(lines: dict[str, ControlLine]) -> dict[str, int]:
    done = Delivery.objects.filter(
        kind="contract", role="billing", reference__in=lines, condition=Condition.SETTLED, operation="put"
    )
    return dict(done.values_list("reference").annotate(Max("version")))


def _judge(sold: ControlLine | None, billed: ControlLine, number: int, *, today: date) -> Finding | None:
    ends, version = said(billed)
    if version != number:
        words = f"change {number} was taken there, and it shows {version}"
        return _finding("CONTRACT_VERSION_DIFFERS", sold, billed, words=words)
    if sold is None:
        return None
    agreed, newest = said(sold)
    # a part of a deal that is split is changed with its deal only as far as it is touched
    if newest > number and sold.reference == f"contract:{sold.external_id}":
        words = f"the CRM has change {newest}, and change {number} is the last one we heard of"
        return _finding("CONTRACT_VERSION_DIFFERS", sold, billed, words=words)
    if agreed == TAKEN_OVER or _is_same(agreed, ends, today=today):
        return None
    words = f"agreed until {agreed}, billed until {ends}" if ends != OVER else f"agreed until {agreed}, and over there"
    return _finding("CONTRACT_TERM_DIFFERS", sold, billed, words=words)


def said(line: ControlLine) -> tuple[str, int]:
    """Until when a contract runs, and its version, as a reading's status says them: `2027-03-01 v3`."""
    until, _, version = line.status.rpartition(" v")
    return until, int(version) if version.isascii() and version.isdigit() else 0


def _is_same(agreed: str, ends: str, *, today: date) -> bool:
    if agreed == NO_END or ends in (NO_END, OVER):
        return agreed == ends or (ends == OVER and agreed != NO_END and date.fromisoformat(agreed) <= today)
    return abs(date.fromisoformat(agreed) - date.fromisoformat(ends)) <= ONE_DAY


def _finding(kind: str, sold: ControlLine | None, billed: ControlLine, *, words: str) -> Finding:
    return Finding(
        reference=f"term:{billed.reference}"[:120],
        kind=kind,
        label=(sold.label if sold else "") or billed.label or billed.reference,
        cause=words,
        currency=billed.currency,
        dated=billed.document_date,
        left={"external_id": sold.external_id, "status": sold.status} if sold else {},
        right={"external_id": billed.external_id, "status": billed.status},
    )


CONTRACT_TERMS = Control(
    name=NAME,
    title="Contracts run as long, and in the version, that was agreed",
    leg="",
    kind="contract",
    left_role="crm",
    left_kind="contract_term",
    right_role="billing",
    right_kind="contract_term",
    as_of=True,
    compares=(),
    date_basis="As of now: last day of service and number of the last change, on both sides",
    assertion="Accuracy, cut-off",
    owner=Team.BILLING_OPS,
    judges=findings,
)
