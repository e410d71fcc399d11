"""The metered part of a contract: one plan per metered product, made when the contract is; its billed months."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from connectors.canonical import ContractLine, SubscriptionContract, UsagePlan
from connectors.money import minor_units
from sync import keys
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import ContractRecord, MappingRow, UsageMeter, UsagePlanRecord
from sync.pipelines import records
from sync.pipelines.flow import Lookups, Owed

if TYPE_CHECKING:
    from sync.models import LegalEntity

#: where a contract line goes whose product is billed by what was used
DESTINATION = "usage"
ONE_DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def is_metered(line: ContractLine) -> bool:
    return line.destination == DESTINATION


def meter_of(line: ContractLine, contract: SubscriptionContract, meters: Iterable[UsageMeter]) -> UsageMeter:
    """The approved meter of a product on the day the contract was signed. Raises StepError."""
    rows = (row for row in meters if row.crm_product == line.crm_product)
    row = in_force(rows, on=contract.signed_on)
    if row is None:
        raise StepError("METER_MISSING", field="Product", value=line.crm_product)
    if row.currency != contract.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{contract.currency}; the meter is priced in {row.currency}"
        )
    return row


def plans_of(contract: SubscriptionContract, meters: Iterable[UsageMeter]) -> list[UsagePlan]:
    """One plan per metered line. Raises StepError for a product without a meter."""
    meters = list(meters)
    found: dict[str, UsagePlan] = {}
    for line in filter(is_metered, contract.lines):
        row = meter_of(line, contract, meters)
        if row.meter in found:
            raise StepError("METER_SHARED", field="Product", value=line.crm_product)
        found[row.meter] = UsagePlan(
            reference=plan_reference(contract.reference, row.meter),
            version=contract.version,
            correlation_id=contract.correlation_id,
            legal_entity=contract.legal_entity,
            currency=contract.currency,
            source_system=contract.source_system,
            source_event=contract.source_event,
            contract_reference=contract.reference,
            customer_reference=contract.customer_reference,
            meter=row.meter,
            event_name=row.event_name,
            billing_meter=row.billing_meter,
            billing_price=row.billing_price,
            billing_product=line.billing_product,
            unit_price=row.unit_price,
            scale=row.scale,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            payment_terms_days=contract.payment_terms_days,
            late_policy=row.late_policy,
            late_limit=row.late_limit,
        )
    return list(found.values())


def plan_reference(contract_reference: str, meter: str) -> str:
    return keys.reference("usage_plan", contract_reference.partition(":")[2], meter)


def have_meters(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Every metered product has an approved meter, and no other running contract of the customer uses it too: billing
    counts per customer, so two contracts on one meter would both be billed for everything.
    """
    if not any(map(is_metered, contract.lines)):
        return contract
    for plan in plans_of(contract, lookups.meters):
        for other in lookups.usage_plans:
            if (
                other.customer_reference == plan.customer_reference
                and other.meter == plan.meter
                and other.contract_reference != plan.contract_reference
                and other.starts_on <= plan.ends_on
                and plan.starts_on <= other.ends_on
            ):
                raise StepError("METER_SHARED", field="Product", value=plan.meter)
    return contract


def approved_meters() -> list[UsageMeter]:
    return list(UsageMeter.objects.filter(status=MappingRow.Status.APPROVED))


def store(contracts: Sequence[SubscriptionContract], lookups: Lookups) -> None:
    """Write the plans of these contracts beside them; the newest version counts."""
    wanted = [plan for contract in contracts for plan in plans_of(contract, lookups.meters)]
    if wanted:
        lookups.usage_plans += records.put_newest(wanted, UsagePlanRecord, lookups, stamp="created_at").values()


def owes(contract: SubscriptionContract, lookups: Lookups) -> list[Owed]:
    """A metered subscription per plan, once the customer is in billing."""
    customer = lookups.customers[contract.customer_reference]
    return [
        Owed(
            role="billing",
            subject=plan,
            needs=(plan.customer_reference,),
            not_before=plan.starts_on,
            begins=True,
            document_date=contract.signed_on,
            title=f"Metering of {plan.meter} for {customer.name}"[:200],
            customer_name=customer.name,
        )
        for plan in plans_of(contract, lookups.meters)
    ]


def contract_plans(contract: ContractRecord) -> list[UsagePlanRecord]:
    return list(UsagePlanRecord.objects.filter(contract_reference=contract.reference))


# -- time ---------------------------------------------------------------------------------------------
def starts_at(plan: UsagePlanRecord, entity: "LegalEntity") -> datetime:
    """The noon billing begins at: no zone or daylight rule moves its date."""
    return datetime.combine(plan.starts_on, time(12), entity.zone).astimezone(UTC)


def ends_at(plan: UsagePlanRecord, entity: "LegalEntity") -> datetime:
    return datetime.combine(plan.ends_on + ONE_DAY, time(12), entity.zone).astimezone(UTC)


def billed_hour(occurred_at: datetime, first: datetime) -> datetime:
    """The hour an event is billed in: its own, but not before the plan's first whole hour."""
    start = first.replace(minute=0, second=0, microsecond=0)
    start += HOUR if start < first else timedelta(0)
    return max(occurred_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0), start)


def period_end(plan: UsagePlanRecord, entity: "LegalEntity", *, ends_on: date) -> datetime:
    """The moment the billed month ends whose last day of service is `ends_on`: whole months from the start, in UTC, as
    billing counts them; the last one ends with the plan.
    """
    first, last = starts_at(plan, entity), ends_at(plan, entity)
    months = 1
    while (moment := add_months(first, months)) < last:
        if moment.astimezone(entity.zone).date() - ONE_DAY >= ends_on:
            return moment
        months += 1
    return last


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and hour so many months later; cut to the month's last day."""
    number = moment.month - 1 + months
    year, month = moment.year + number // 12, number % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


# -- money --------------------------------------------------------------------------------------------
def rated(quantity: Decimal, unit_price: Decimal, currency: str) -> Decimal:
    """What a quantity costs, in major units, rounded once, half up, as billing does."""
    digits = Decimal(1).scaleb(-minor_units(currency))
    return (quantity * unit_price).quantize(digits, rounding=ROUND_HALF_UP)
