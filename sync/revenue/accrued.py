"""What was accrued for usage at each month's end, how it was taken back, and the invoice that came for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Q, Sum

from sync.models import (
    CustomerRecord,
    InvoiceRecord,
    LegalEntity,
    RevenueEventRecord,
    UsageEvent,
    UsagePeriod,
    UsagePlanRecord,
    UsageTrueUpRecord,
)
from sync.models.revenue import Movement
from sync.usage import plans

#: a plan is invoiced by the month; an invoice may come this long after the period it is for
INVOICE_BY = timedelta(days=31 + 5)


@dataclass(frozen=True, kw_only=True)
class Accrued:
    """One plan at one month's end. Amounts in major units."""

    #: of the movement
    reference: str
    plan_reference: str
    meter: str
    customer_reference: str
    customer: str
    month_end: date
    currency: str
    accrued: Decimal
    #: taken back on the next day; None where nothing was
    reversed: Decimal | None
    #: both movements are in journals, or neither is
    is_booked_alike: bool
    #: what later invoices have for usage up to the month's end; None while they are not all here
    came: Decimal | None
    invoices: tuple[str, ...]
    #: the invoice should have been here by then
    due_on: date
    #: how much usage that was reported after the month's end may change
    allowed: Decimal


def accruals(entity: LegalEntity, *, since: date, also: Collection[str] = ()) -> list[Accrued]:
    """Accruals dated on or after a day, or named by reference; the oldest first."""
    rows = list(
        RevenueEventRecord.objects.filter(legal_entity=entity, movement=Movement.ACCRUAL, withdrawn_at=None)
        .filter(Q(dated__gte=since) | Q(reference__in=list(also)))
        .select_related("batch")
        .order_by("dated", "reference")
    )
    backs = {
        row.reference: row
        for row in RevenueEventRecord.objects.filter(
            reference__in=[f"{row.reference}:back" for row in rows], withdrawn_at=None
        ).select_related("batch")
    }
    found_plans = UsagePlanRecord.objects.filter(reference__in={row.schedule_reference for row in rows})
    by_reference = {plan.reference: plan for plan in found_plans}
    people = CustomerRecord.objects.filter(reference__in={plan.customer_reference for plan in found_plans})
    names = dict(people.values_list("reference", "name"))
    return [
        _accrued(row, backs.get(f"{row.reference}:back"), by_reference[row.schedule_reference], entity, names)
        for row in rows
        if row.schedule_reference in by_reference
    ]


def _accrued(
    row: RevenueEventRecord,
    back: RevenueEventRecord | None,
    plan: UsagePlanRecord,
    entity: LegalEntity,
    names: dict[str, str],
) -> Accrued:
    came, invoices = _came(plan, entity, month_end=row.dated)
    is_next_day = back is not None and back.dated == row.dated + timedelta(days=1)
    return Accrued(
        reference=row.reference,
        plan_reference=plan.reference,
        meter=plan.meter,
        customer_reference=plan.customer_reference,
        customer=names.get(plan.customer_reference, ""),
        month_end=row.dated,
        currency=row.currency,
        accrued=row.amount,
        reversed=back.amount if back is not None and is_next_day else None,
        is_booked_alike=(row.batch_id is None) == (back is None or back.batch_id is None),
        came=came,
        invoices=invoices,
        due_on=min(row.dated, plan.ends_on) + INVOICE_BY,
        allowed=plan.late_limit,
    )


def _came(plan: UsagePlanRecord, entity: LegalEntity, *, month_end: date) -> tuple[Decimal | None, tuple[str, ...]]:
    """What invoices dated after a month's end have for usage up to it: of the period it lies in, all but what was used
    after it; and what was reported late for periods that were invoiced before.
    """
    ends = datetime.combine(month_end + timedelta(days=1), time(0), entity.zone)
    before = list(UsagePeriod.objects.filter(plan=plan, invoiced_on__lte=month_end))
    after = list(UsagePeriod.objects.filter(plan=plan, invoiced_on__gt=month_end, starts_at__lt=ends))
    covered = max((period.ends_at for period in (*before, *after)), default=None)
    quantity = Decimal(0)
    for period in after:
        events = UsageEvent.objects.filter(
            plan=plan, hour__gte=period.starts_at, hour__lt=period.ends_at, occurred_at__gte=ends,
            received_at__lte=period.cut_at,
        )  # fmt: skip
        quantity += period.quantity - (events.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0))
    newest = max((period.cut_at for period in before), default=None)
    if newest is not None:
        # as for the accrual: a true-up is on the first invoice after it
        late = UsageTrueUpRecord.objects.filter(period__in=before, created_at__gte=newest)
        quantity += sum(late.values_list("quantity", flat=True), Decimal(0))
    references = [period.invoice_reference for period in after]
    numbers = InvoiceRecord.objects.filter(reference__in=references).order_by("number").values_list("number", flat=True)
    is_here = covered is not None and covered >= min(ends, plans.ends_at(plan, entity))
    return (plans.rated(quantity, plan.unit_price, plan.currency) if is_here else None), tuple(numbers)
