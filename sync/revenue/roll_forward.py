"""Deferred revenue by month: opening + billed - recognised ± modified = closing, and what the ERP should show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connectors.interface import ControlLine
from sync.balances.account import untaxed_line
from sync.models import Delivery, JournalBatchRecord, LegalEntity, RevenueEventRecord
from sync.models.revenue import Movement
from sync.states import Condition

#: what one unit of a movement does to deferred revenue
EFFECT = {Movement.DEFERRAL: 1, Movement.RECOGNITION: -1, Movement.TERMINATION: -1, Movement.CREDIT: -1}
#: the same for unbilled revenue: nothing stays of it after the day it is taken back
UNBILLED = {Movement.ACCRUAL: 1, Movement.ACCRUAL_REVERSAL: -1}


@dataclass(frozen=True, kw_only=True)
class RollForward:
    """One entity, currency and month; major units."""

    currency: str
    opening: Decimal
    billed: Decimal
    recognised: Decimal
    #: modifications and cancellations; below zero where less is deferred
    modified: Decimal
    closing: Decimal


def roll_forward(entity: LegalEntity, *, month: date) -> list[RollForward]:
    """Per currency, of all movements that count, sealed or not. `month` is any day of it."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    events = list(
        RevenueEventRecord.objects.filter(
            legal_entity=entity, withdrawn_at=None, movement__in=EFFECT, dated__lte=last
        ).order_by("currency")
    )
    found = []
    for currency in sorted({event.currency for event in events}):
        mine = [event for event in events if event.currency == currency]
        now = [event for event in mine if event.dated >= first]
        changes = [e for e in now if e.movement == Movement.DEFERRAL and not e.reference.endswith(":deferral")]
        billed = [e for e in now if e.movement == Movement.DEFERRAL and e.reference.endswith(":deferral")]
        earned = [e for e in now if e.movement in (Movement.RECOGNITION, Movement.TERMINATION)]
        credits = [event for event in now if event.movement == Movement.CREDIT]
        found.append(
            RollForward(
                currency=currency,
                opening=_effect(event for event in mine if event.dated < first),
                billed=_effect(billed),
                recognised=-_effect(earned),
                modified=_effect([*changes, *credits]),
                closing=_effect(mine),
            )
        )
    return found


def _effect(events: Iterable[RevenueEventRecord], of: Mapping[Movement, int] = EFFECT) -> Decimal:
    return sum((of[Movement(event.movement)] * event.amount for event in events), Decimal(0))


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The portal's side of the control: per currency what its posted journals leave deferred, and each journal the ERP
    does not have yet by itself.
    """
    return _balances(entity, day, EFFECT, purpose="deferred")


def unbilled_lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The same of what is accrued and not taken back."""
    return _balances(entity, day, UNBILLED, purpose="unbilled")


def _balances(entity: LegalEntity, day: date, effects: Mapping[Movement, int], *, purpose: str) -> list[ControlLine]:
    batches = JournalBatchRecord.objects.filter(legal_entity=entity, posting_date__lte=day, movement__in=effects)
    posted = set(
        Delivery.objects.filter(
            reference__in=batches.values("reference"), role="erp", condition=Condition.SETTLED
        ).values_list("reference", flat=True)
    )
    sums: dict[str, Decimal] = {}
    found: list[ControlLine] = []
    for batch in batches.prefetch_related("events").order_by("posting_date", "reference"):
        effect = _effect(batch.events.all(), effects)
        if batch.reference in posted or not effect:
            sums[batch.currency] = sums.get(batch.currency, Decimal(0)) + effect
        else:
            found.append(
                untaxed_line(batch.reference, batch.currency, effect, batch.posting_date, label="Journal not posted")
            )
    label = f"{purpose.capitalize()} revenue of {entity.code}"
    return [*found, *(untaxed_line(f"{purpose}:{one}", one, sums[one], day, label=label) for one in sums)]
