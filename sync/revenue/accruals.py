"""Usage belongs to the month of use: what is not invoiced at a month's end is accrued and taken back the next day."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection as database
from django.db import transaction

from sync import clock
from sync.models import LegalEntity, RevenueEventRecord, UsagePeriod, UsagePlanRecord, UsageTrueUpRecord
from sync.models.revenue import Engine, Movement
from sync.revenue.schedules import arrangement_reference, engine_name
from sync.usage import plans

_USED = """
SELECT coalesce(sum(quantity), 0) FROM sync_usageevent WHERE plan_id = %s AND occurred_at < %s AND received_at <= %s
"""


def accrue_due() -> int:
    """Accrue the month that ended last before each entity's business date, once; how many movements."""
    return sum(
        accrue(entity, month_end=clock.business_date(entity).replace(day=1) - timedelta(days=1))
        for entity in LegalEntity.objects.filter(pk__in=UsagePlanRecord.objects.values("legal_entity").distinct())
    )


@transaction.atomic
def accrue(entity: LegalEntity, *, month_end: date) -> int:
    """Accrue what plans used up to a month's end and no invoice dated by then has; each plan and month once."""
    if engine_name(entity, on=month_end) != Engine.PORTAL:
        return 0
    LegalEntity.objects.select_for_update(no_key=True, of=("self",)).get(pk=entity.pk)
    made: list[RevenueEventRecord] = []
    for plan in UsagePlanRecord.objects.filter(legal_entity=entity, starts_on__lte=month_end):
        name = f"accrual:{plan.reference.partition(':')[2]}:{month_end:%Y%m}"
        if RevenueEventRecord.objects.filter(reference=name).exists():
            continue
        amount = unbilled(plan, entity, month_end=month_end)
        if amount:
            made += [
                _movement(plan, entity, Movement.ACCRUAL, dated=month_end, amount=amount, name=name),
                _movement(
                    plan,
                    entity,
                    Movement.ACCRUAL_REVERSAL,
                    dated=month_end + timedelta(days=1),
                    amount=amount,
                    name=f"{name}:back",
                ),
            ]
    RevenueEventRecord.objects.bulk_create(made)
    return len(made)


def unbilled(plan: UsagePlanRecord, entity: LegalEntity, *, month_end: date) -> Decimal:
    """Used up to the end of that day in the entity's zone, less what invoices dated by then have, priced."""
    ends = datetime.combine(month_end + timedelta(days=1), time(0), entity.zone)
    with database.cursor() as cursor:
        cursor.execute(_USED, [plan.pk, ends, clock.now()])
        used: Decimal = cursor.fetchone()[0]
    periods = list(UsagePeriod.objects.filter(plan=plan, invoiced_on__lte=month_end))
    invoiced = sum((period.quantity for period in periods), Decimal(0))
    newest = max((period.cut_at for period in periods), default=None)
    if newest is not None:
        # a true-up is on the first invoice after it
        late = UsageTrueUpRecord.objects.filter(period__plan=plan, created_at__lt=newest)
        invoiced += sum(late.values_list("quantity", flat=True), Decimal(0))
    return plans.rated(used - invoiced, plan.unit_price, plan.currency)


def _movement(
    plan: UsagePlanRecord, entity: LegalEntity, kind: str, *, dated: date, amount: Decimal, name: str
) -> RevenueEventRecord:
    return RevenueEventRecord(
        reference=name,
        version=1,
        correlation_id=plan.correlation_id,
        legal_entity=entity,
        currency=plan.currency,
        source_system="usage",
        source_event="",
        schedule_reference=plan.reference,
        arrangement_reference=arrangement_reference(plan.contract_reference),
        movement=kind,
        dated=dated,
        amount=amount,
        created_at=clock.now(),
    )
