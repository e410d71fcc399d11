"""Sums hours that got events and owes their summaries to billing; what is invoiced is counted per period instead."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection as database
from django.db import transaction

from connectors.canonical import Canonical, UsageSummary, text
from sync import bulk, clock, keys
from sync.mappings import Tables
from sync.models import CustomerRecord, Delivery, LegalEntity, UsagePeriod, UsagePlanRecord, UsageSummaryRecord
from sync.owing import owe_direct

#: hours summed in one transaction
BATCH = 500
HOUR = timedelta(hours=1)
_SUMS = """
SELECT h.plan_id, h.starts_at, coalesce(sum(e.quantity), 0), count(e.id)
FROM unnest(%s::bigint[], %s::timestamptz[]) AS h(plan_id, starts_at)
LEFT JOIN sync_usageevent e ON e.plan_id = h.plan_id AND e.hour = h.starts_at
GROUP BY h.plan_id, h.starts_at
"""


def sum_due() -> int:
    """Sum every touched hour that has ended; how many. Safe to run beside itself."""
    done = 0
    while batch := _sum_batch():
        done += batch
    return done


@transaction.atomic
def _sum_batch() -> int:
    now = clock.now()
    rows = list(
        UsageSummaryRecord.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(touched_at__isnull=False, starts_at__lte=now - HOUR)
        .select_related("plan__legal_entity")
        .order_by("plan_id", "starts_at")[:BATCH]
    )
    if not rows:
        return 0
    frozen = _frozen(rows)
    sums = _sums(rows)
    owed: list[UsageSummaryRecord] = []
    for row in rows:
        row.touched_at = None
        if row.pk in frozen:
            continue  # after the cut-off: its invoice has what it has
        quantity, events = sums[row.plan_id, row.starts_at]
        if row.version == 0 or quantity != row.quantity:
            row.version += 1
            owed.append(row)
        row.quantity, row.events = quantity, events
    bulk.update(rows, ["touched_at", "version", "quantity", "events"])
    if frozen:
        periods = UsagePeriod.objects.filter(pk__in=set(frozen.values()))
        periods.filter(touched_at=None).update(touched_at=now)
    _owe(owed)
    return len(rows)


def _frozen(rows: Sequence[UsageSummaryRecord]) -> dict[int, int]:
    """Hour -> the invoiced period it lies in. The plans are held, so that no cut-off happens meanwhile."""
    plans = sorted({row.plan_id for row in rows})
    list(UsagePlanRecord.objects.select_for_update(no_key=True).filter(pk__in=plans).order_by("pk").values_list("pk"))
    periods: dict[int, list[UsagePeriod]] = {}
    for period in UsagePeriod.objects.filter(plan__in=plans):
        periods.setdefault(period.plan_id, []).append(period)
    return {
        row.pk: period.pk
        for row in rows
        for period in periods.get(row.plan_id, ())
        if period.starts_at <= row.starts_at < period.ends_at
    }


def _sums(rows: Sequence[UsageSummaryRecord]) -> dict[tuple[int, object], tuple[Decimal, int]]:
    """What the events say; read after the hours were locked, so that nothing committed before is missed."""
    with database.cursor() as cursor:
        cursor.execute(_SUMS, [[row.plan_id for row in rows], [row.starts_at for row in rows]])
        return {(plan, hour): (quantity, events) for plan, hour, quantity, events in cursor.fetchall()}


def shape_of(row: UsageSummaryRecord) -> UsageSummary:
    return UsageSummary(
        reference=row.reference,
        version=row.version,
        correlation_id=row.correlation_id,
        legal_entity=row.plan.legal_entity.code,
        currency=row.currency,
        source_system=row.source_system,
        source_event=row.source_event,
        plan_reference=row.plan_reference,
        contract_reference=row.contract_reference,
        customer_reference=row.customer_reference,
        meter=row.meter,
        event_name=row.event_name,
        hour=row.hour,
        quantity=row.quantity.normalize() + 0,
        scale=row.scale,
        events=row.events,
    )


def _owe(rows: Sequence[UsageSummaryRecord]) -> None:
    names = customer_names(row.customer_reference for row in rows)
    tables = Tables()
    deliveries = []
    for row in rows:
        entity = row.plan.legal_entity
        day = row.starts_at.astimezone(entity.zone).date()
        delivery = delivery_of(
            shape_of(row),
            entity=entity,
            tables=tables,
            on=day,
            title=f"{row.meter} used on {row.starts_at.astimezone(entity.zone):%Y-%m-%d, %H:00}",
            customer_name=names.get(row.customer_reference, ""),
        )
        deliveries.append((delivery, (row.customer_reference, row.plan_reference)))
    owe_direct(deliveries)


def customer_names(references: Iterable[str]) -> dict[str, str]:
    rows = CustomerRecord.objects.filter(reference__in=set(references))
    return dict(rows.values_list("reference", "name"))


def delivery_of(
    subject: Canonical,
    *,
    entity: LegalEntity,
    tables: Tables,
    on: date,
    title: str,
    customer_name: str,
    amount: Decimal | None = None,
) -> Delivery:
    """A delivery to billing in the queue `usage`, by the route of a day. Raises LookupError where there is none."""
    route = tables.route(entity.pk, "billing", on=on)
    if route is None:
        raise LookupError(f"no billing is connected for {entity.code} on {on}")
    frozen, now = text(subject), clock.now()
    return Delivery(
        target=route.connection,
        role="billing",
        queue="usage",
        kind=subject.kind,
        reference=subject.reference,
        version=subject.version,
        delivery_key=keys.delivery_key(subject.reference, version=subject.version, operation="put"),
        serial_key=subject.reference,
        correlation_id=subject.correlation_id,
        entity=entity,
        is_state_like=subject.state_like,
        subject=frozen,
        subject_sha256=hashlib.sha256(frozen.encode()).hexdigest(),
        document_date=on,
        amount=amount,
        currency=subject.currency,
        title=title[:200],
        customer_name=customer_name[:200],
        due_at=now,
        created_at=now,
    )
