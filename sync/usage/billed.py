"""What usage should have come to in billing, from the events alone: the portal's side of the control on usage."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from connectors.interface import ControlLine
from sync.models import Delivery, LegalEntity, UsageEvent, UsagePlanRecord
from sync.states import UNFINISHED, Condition
from sync.usage import cut_off, plans


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """Per plan: each invoiced period as the events say by now, less its true-ups; each true-up; what was used since the
    last invoice, and each report of an hour that billing does not have yet, at the plan's price.
    """
    found: list[ControlLine] = []
    for plan in UsagePlanRecord.objects.filter(legal_entity=entity).order_by("pk"):
        found += _invoiced(plan)
        found += _open(plan, day)
    return found


def _invoiced(plan: UsagePlanRecord) -> Iterator[ControlLine]:
    for period in plan.periods.prefetch_related("true_ups"):
        late = list(period.true_ups.all())
        own = cut_off.metered(period) - sum((row.quantity for row in late), Decimal(0))
        reference = f"{plan.reference}:{period.ends_on:%Y%m%d}"
        yield _line(plan, reference, own, period.invoiced_on, label=f"{plan.meter} to {period.ends_on}")
        for row in late:
            yield _line(plan, row.reference, row.quantity, period.invoiced_on, label=f"{plan.meter}, late")


def _open(plan: UsagePlanRecord, day: date) -> Iterator[ControlLine]:
    since = plan.periods.order_by("-ends_at").values_list("ends_at", flat=True).first()
    events = UsageEvent.objects.filter(plan=plan, **({"hour__gte": since} if since else {}))
    used = events.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)
    for reference, missing in _not_there(plan, since):
        used -= missing
        yield _line(plan, reference, missing, day, label=f"{plan.meter}, not reported yet")
    if used:
        yield _line(plan, f"{plan.reference}:open", used, day, label="used since the last invoice")


def _not_there(plan: UsagePlanRecord, since: datetime | None) -> Iterator[tuple[str, Decimal]]:
    """Hours whose newest sum billing does not have: reference, and by how much what it has is short."""
    hours = plan.hours.filter(**({"starts_at__gte": since} if since else {}))
    rows = Delivery.objects.filter(Q(condition__in=UNFINISHED) | Q(condition=Condition.SETTLED), kind="usage_summary")
    unfinished = rows.filter(reference__in=hours.values("reference")).exclude(condition=Condition.SETTLED)
    for reference in unfinished.values_list("reference", flat=True).distinct().order_by("reference"):
        there = rows.filter(reference=reference, condition=Condition.SETTLED).order_by("-version").first()
        held = Decimal(json.loads(there.subject)["quantity"]) if there else Decimal(0)
        missing = hours.get(reference=reference).quantity - held
        if missing:
            yield reference, missing


def _line(plan: UsagePlanRecord, reference: str, quantity: Decimal, day: date, *, label: str) -> ControlLine:
    amount = plans.rated(quantity, plan.unit_price, plan.currency)
    return ControlLine(
        reference=reference,
        external_id=plan.contract_reference,
        document_date=day,
        currency=plan.currency,
        net=amount,
        tax=amount - amount,
        gross=amount,
        label=label,
        counterparty=plan.customer_reference,
    )
