"""The cut-off of usage at its invoice, and what comes after: named prior-period lines, or a decision of people.

An issued invoice freezes its period at what it has. Whatever the events of that period say beyond it, early or late,
is owed as a true-up to the next invoice; above the plan's limit, or where its policy is to credit and rebill, people
decide first (USAGE_LATE).
"""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection as database
from django.db import transaction

from connectors.canonical import Invoice, InvoiceLine, UsageTrueUp
from sync import blocks, clock, nudges
from sync.mappings import Tables
from sync.models import Delivery, UsagePeriod, UsagePlanRecord, UsageTrueUpRecord
from sync.models.usage import LatePolicy
from sync.owing import owe_direct
from sync.states import Condition
from sync.usage import plans
from sync.usage.summaries import customer_names, delivery_of

#: periods counted in one transaction
BATCH = 100
_METERED = """
SELECT coalesce(sum(quantity), 0) FROM sync_usageevent WHERE plan_id = %s AND hour >= %s AND hour < %s
"""


def freeze(invoices: Sequence[Invoice]) -> list[UsagePeriod]:
    """Note the invoiced periods of the metered lines on these invoices, each once. Needs a transaction."""
    named = {invoice.contract_reference for invoice in invoices}
    found = {
        (plan.contract_reference, plan.billing_product): plan
        for plan in UsagePlanRecord.objects.select_for_update(no_key=True, of=("self",))
        .filter(contract_reference__in=named)
        .select_related("legal_entity")
        .order_by("pk")
    }
    if not found:
        return []
    made: list[UsagePeriod] = []
    for invoice in sorted(invoices, key=lambda one: (one.document_date, one.reference)):
        for line in invoice.lines:
            plan = found.get((invoice.contract_reference, line.billing_product))
            period = _period(plan, invoice, line) if plan else None
            made += [period] if period else []
    if made:
        nudges.nudge("usage")
    return made


def _period(plan: UsagePlanRecord, invoice: Invoice, line: InvoiceLine) -> UsagePeriod | None:
    """The period a line invoices; None for the line of nothing on a first invoice, and for true-ups of a period that
    was invoiced before.
    """
    if line.service_starts_on == line.service_ends_on and not line.quantity:
        return None
    entity = plan.legal_entity
    if UsagePeriod.objects.filter(plan=plan, ends_on=line.service_ends_on).exists():
        return None
    before = UsagePeriod.objects.filter(plan=plan, ends_on__lt=line.service_ends_on).order_by("-ends_on").first()
    period = UsagePeriod.objects.create(
        plan=plan,
        starts_at=before.ends_at if before else plans.starts_at(plan, entity),
        ends_at=plans.period_end(plan, entity, ends_on=line.service_ends_on),
        starts_on=line.service_starts_on,
        ends_on=line.service_ends_on,
        invoice_reference=invoice.reference,
        invoiced_on=invoice.document_date,
        quantity=line.quantity.scaleb(-plan.scale),
        amount=line.net,
        cut_at=clock.now(),
        touched_at=clock.now(),
    )
    _withdraw_summaries(period)
    return period


def _withdraw_summaries(period: UsagePeriod) -> None:
    """What was not reported before the invoice changes nothing there any more; the period itself counts it."""
    names = period.plan.hours.filter(starts_at__gte=period.starts_at, starts_at__lt=period.ends_at)
    pending = [Condition.DUE, Condition.WAITING, Condition.HELD, Condition.BLOCKED]
    rows = Delivery.objects.select_for_update().filter(
        reference__in=names.values("reference"), kind="usage_summary", condition__in=pending
    )
    late = list(rows.order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=late).update(condition=Condition.WITHDRAWN, blocked_reason="", lease_until=None)
    blocks.clear(
        deliveries=late, note="Its period was invoiced meanwhile; what is missing there is billed as a true-up"
    )


def settle_due() -> int:
    """Count every touched period again and owe what its invoice has not; how many were counted."""
    done = 0
    while batch := _settle_batch():
        done += batch
    return done


@transaction.atomic
def _settle_batch() -> int:
    rows = list(
        UsagePeriod.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(touched_at__isnull=False)
        .select_related("plan__legal_entity")
        .order_by("plan_id", "ends_on")[:BATCH]
    )
    if not rows:
        return 0
    UsagePeriod.objects.filter(pk__in=[row.pk for row in rows]).update(touched_at=None)
    made = [true_up for row in rows if (true_up := _true_up(row))]
    _owe(made)
    return len(rows)


def metered(period: UsagePeriod) -> Decimal:
    """What the events of a period say by now."""
    with database.cursor() as cursor:
        cursor.execute(_METERED, [period.plan_id, period.starts_at, period.ends_at])
        found: Decimal = cursor.fetchone()[0]
        return found


def _true_up(period: UsagePeriod) -> UsageTrueUpRecord | None:
    before = list(period.true_ups.all())
    missing = metered(period) - period.quantity - sum((row.quantity for row in before), Decimal(0))
    if not missing:
        return None
    plan, number = period.plan, len(before) + 1
    reference = f"usage_true_up:{plan.reference.partition(':')[2]}:{period.ends_on:%Y%m%d}:{number}"
    return UsageTrueUpRecord.objects.create(
        reference=reference,
        version=1,
        correlation_id=plan.correlation_id,
        legal_entity=plan.legal_entity,
        currency=plan.currency,
        source_system="usage",
        source_event="",
        plan_reference=plan.reference,
        contract_reference=plan.contract_reference,
        customer_reference=plan.customer_reference,
        meter=plan.meter,
        billing_product=plan.billing_product,
        invoice_reference=period.invoice_reference,
        number=number,
        period_starts_on=period.starts_on,
        period_ends_on=period.ends_on,
        quantity=missing,
        scale=plan.scale,
        unit_price=plan.unit_price,
        amount=plans.rated(missing, plan.unit_price, plan.currency),
        period=period,
        created_at=clock.now(),
    )


def shape_of(row: UsageTrueUpRecord) -> UsageTrueUp:
    names = [item.name for item in dataclasses.fields(UsageTrueUp) if item.name != "legal_entity"]
    values = {name: getattr(row, name) for name in names}
    values |= {name: getattr(row, name).normalize() + 0 for name in ("quantity", "unit_price")}
    return UsageTrueUp(**values, legal_entity=row.legal_entity.code)


def _owe(rows: Sequence[UsageTrueUpRecord]) -> None:
    names, tables = customer_names(row.customer_reference for row in rows), Tables()
    stops: list[blocks.Stop] = []
    for row in rows:
        plan = row.period.plan
        delivery = delivery_of(
            shape_of(row),
            entity=row.legal_entity,
            tables=tables,
            on=clock.business_date(row.legal_entity),
            title=f"{row.meter} of {row.period_starts_on} to {row.period_ends_on}, reported after its invoice",
            customer_name=names.get(row.customer_reference, ""),
            amount=row.amount,
        )
        why = _asks_people(plan, row)
        if why:
            delivery.condition, delivery.blocked_reason = Condition.BLOCKED, "USAGE_LATE"
        (saved,) = owe_direct([(delivery, (row.customer_reference, row.plan_reference))])
        if why and saved.condition == Condition.BLOCKED:
            evidence = {"text": why, "metered": str(metered(row.period)), "invoiced": str(row.period.quantity)}
            value = f"{row.quantity.normalize():f} {row.meter}"
            stops.append(
                blocks.Stop(delivery=saved, reason="USAGE_LATE", field="quantity", value=value, evidence=evidence)
            )
    blocks.put(stops)


def _asks_people(plan: UsagePlanRecord, row: UsageTrueUpRecord) -> str:
    """Why people decide whether this is billed, or an empty text."""
    if plan.late_policy == LatePolicy.CREDIT_AND_REBILL:
        return "The policy of this meter is to credit the invoice and bill it anew."
    if abs(row.amount) > plan.late_limit:
        return f"It is more than the limit of {plan.late_limit:f} {plan.currency} for late usage."
    return ""
