"""Every number of the meters pages: hours of usage and their sums, what billing has, what is frozen, what is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _

from reconciliation.habits.languages import money
from sync.models import (
    Block,
    CustomerRecord,
    Delivery,
    InvoiceRecord,
    UsagePeriod,
    UsagePlanRecord,
    UsageSummaryRecord,
    UsageTrueUpRecord,
)
from sync.states import UNFINISHED, Condition

#: meters of customers on one page, and hours
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Meter:
    """One metered product of a contract. Quantities are units of the meter, as text without needless digits."""

    reference: str
    meter: str
    customer: str
    entity: str
    starts_on: date
    ends_on: date
    price: str
    correlation_id: str
    #: hours that have usage, and those that are not summed yet
    hours: int
    unsummed: int
    newest_hour: datetime | None
    #: used since the last invoice
    open_quantity: str
    open_amount: str
    #: sums billing does not have yet
    unreported: int
    #: invoiced periods, and the last day of the newest
    frozen: int
    frozen_until: date | None
    #: reported after its invoice
    late: str
    late_waits: int


@dataclass(frozen=True, kw_only=True)
class Hour:
    """One hour of a meter."""

    starts_at: datetime
    events: int
    quantity: str
    version: int
    word: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """An invoiced period: what its invoice has, and what was reported after it."""

    starts_on: date
    ends_on: date
    invoice: str
    invoiced_on: date
    quantity: str
    amount: str
    cut_at: datetime
    late: tuple[tuple[str, str, datetime], ...]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A meter with its hours, newest first, and its periods."""

    meter: Meter
    hours: tuple[Hour, ...]
    pages: int
    periods: tuple[Period, ...]


def meters(*, page: int = 1) -> tuple[tuple[Meter, ...], int]:
    """The meters of a page by customer and meter, and how many pages there are."""
    plans = UsagePlanRecord.objects.order_by("customer_reference", "meter", "pk")
    shown = list(plans.select_related("legal_entity")[(page - 1) * PAGE : page * PAGE])
    return _meters(shown), -(-plans.count() // PAGE)


def _meters(plans: Sequence[UsagePlanRecord]) -> tuple[Meter, ...]:
    keys = [plan.pk for plan in plans]
    names = dict(
        CustomerRecord.objects.filter(reference__in={plan.customer_reference for plan in plans}).values_list(
            "reference", "name"
        )
    )
    hours = {
        row["plan"]: row
        for row in UsageSummaryRecord.objects.filter(plan__in=keys)
        .order_by()
        .values("plan")
        .annotate(n=Count("pk"), open=Count("pk", filter=Q(touched_at__isnull=False)), newest=Max("starts_at"))
    }
    cuts = {
        row["plan"]: row
        for row in UsagePeriod.objects.filter(plan__in=keys)
        .order_by()
        .values("plan")
        .annotate(n=Count("pk"), until=Max("ends_on"), ends_at=Max("ends_at"))
    }
    late = {
        row["period__plan"]: row["sum"]
        for row in UsageTrueUpRecord.objects.filter(period__plan__in=keys)
        .order_by()
        .values("period__plan")
        .annotate(sum=Sum("quantity"))
    }
    return tuple(
        _meter(plan, names, hours.get(plan.pk, {}), cuts.get(plan.pk, {}), late.get(plan.pk) or Decimal(0))
        for plan in plans
    )


def _meter(
    plan: UsagePlanRecord, names: dict[str, str], hours: dict[str, object], cuts: dict[str, object], late: Decimal
) -> Meter:
    since = cuts.get("ends_at")
    rows = plan.hours.filter(starts_at__gte=since) if since else plan.hours.all()
    quantity = rows.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)
    unreported = (
        Delivery.objects.filter(kind="usage_summary", condition__in=UNFINISHED, reference__in=rows.values("reference"))
        .values("reference")
        .distinct()
        .count()
    )
    newest, until = hours.get("newest"), cuts.get("until")
    return Meter(
        reference=plan.reference,
        meter=plan.meter,
        customer=names.get(plan.customer_reference, plan.customer_reference),
        entity=plan.legal_entity.code,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        price=f"{plan.currency} {plan.unit_price.normalize():f}",
        correlation_id=plan.correlation_id,
        hours=int(str(hours.get("n", 0))),
        unsummed=int(str(hours.get("open", 0))),
        newest_hour=newest if isinstance(newest, datetime) else None,
        open_quantity=plain_quantity(quantity),
        open_amount=money(quantity * plan.unit_price, plan.currency),
        unreported=unreported,
        frozen=int(str(cuts.get("n", 0))),
        frozen_until=until if isinstance(until, date) else None,
        late=plain_quantity(late),
        late_waits=_waits(plan),
    )


def _waits(plan: UsagePlanRecord) -> int:
    """Late usage of a plan that people decide about."""
    rows = Delivery.objects.filter(kind="usage_true_up", condition=Condition.BLOCKED)
    late = UsageTrueUpRecord.objects.filter(period__plan=plan).values("reference")
    return Block.objects.filter(delivery__in=rows.filter(reference__in=late)).count()


def plain_quantity(quantity: Decimal) -> str:
    """A quantity with thousands apart and no needless zeros."""
    whole, _point, rest = f"{quantity:,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


# -- one meter ----------------------------------------------------------------------------------------
def meter(reference: str, *, page: int = 1) -> Opened | None:
    """A meter by its reference; None where there is none."""
    plan = UsagePlanRecord.objects.filter(reference=reference).select_related("legal_entity").first()
    if plan is None:
        return None
    rows = plan.hours.order_by("-starts_at")
    (head,) = _meters([plan])
    periods = list(plan.periods.order_by("-ends_on").prefetch_related("true_ups"))
    return Opened(
        meter=head,
        hours=_hours(list(rows[(page - 1) * PAGE : page * PAGE]), periods),
        pages=-(-rows.count() // PAGE),
        periods=_periods(periods, plan),
    )


def _hours(rows: Sequence[UsageSummaryRecord], periods: Sequence[UsagePeriod]) -> tuple[Hour, ...]:
    deliveries = Delivery.objects.filter(kind="usage_summary", reference__in=[row.reference for row in rows])
    newest = {
        reference: (version, condition)
        for reference, version, condition in deliveries.order_by("version").values_list(
            "reference", "version", "condition"
        )
    }
    return tuple(_hour(row, newest.get(row.reference), periods) for row in rows)


def _hour(row: UsageSummaryRecord, sent: tuple[int, str] | None, periods: Sequence[UsagePeriod]) -> Hour:
    frozen = any(period.starts_at <= row.starts_at < period.ends_at for period in periods)
    if frozen:
        word, tone = _("Frozen, invoiced"), "idle"
    elif row.touched_at is not None:
        word, tone = _("Not summed yet"), "warn"
    elif sent is None:
        word, tone = _("Not reported yet"), "warn"
    elif sent[1] == Condition.SETTLED:
        word, tone = _("Billing has it"), "good"
    elif sent[1] == Condition.BLOCKED:
        word, tone = _("Stopped, with a case"), "bad"
    else:
        word, tone = _("On its way to billing"), "warn"
    return Hour(
        starts_at=row.starts_at,
        events=row.events,
        quantity=plain_quantity(row.quantity),
        version=row.version,
        word=word,
        tone=tone,
    )


def _periods(periods: Sequence[UsagePeriod], plan: UsagePlanRecord) -> tuple[Period, ...]:
    numbers = dict(
        InvoiceRecord.objects.filter(reference__in=[period.invoice_reference for period in periods]).values_list(
            "reference", "number"
        )
    )
    return tuple(
        Period(
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            invoice=numbers.get(period.invoice_reference, period.invoice_reference),
            invoiced_on=period.invoiced_on,
            quantity=plain_quantity(period.quantity),
            amount=money(period.amount, plan.currency),
            cut_at=period.cut_at,
            late=tuple(
                (plain_quantity(one.quantity), money(one.amount, plan.currency), one.created_at)
                for one in period.true_ups.all()
            ),
        )
        for period in periods
    )
