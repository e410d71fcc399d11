"""What tests of changed schedules share: an engine, changes decided by two people, and sums of movements."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import ContractLine, SubscriptionContract
from sync import clock, treatments
from sync.models import (
    AccountingPeriod,
    ModificationTreatment,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from tests.small_company import Company, deal, person

#: what one unit of a movement does to deferred revenue
SIGNS = {"deferral": 1, "recognition": -1, "termination": -1, "credit": -1}


def portal_engine(company: Company, *, since: date = date(2026, 1, 1)) -> RevenueEngine:
    return RevenueEngine.objects.create(
        entity=company.entity,
        engine="portal",
        status="approved",
        valid_from=since,
        deferred_account="220",
        revenue_account="400",
        unbilled_account="130",
        drafted_by=company.drafter,
        drafted_at=clock.now(),
        approved_by=company.approver,
        approved_at=clock.now(),
    )


def sells_and_bills(company: Company, *, amount: str = "365.00") -> RevenueScheduleRecord:
    company.sells(amount=amount)
    company.bills(amount=amount)
    return RevenueScheduleRecord.objects.get()


def line(amount: str, product: str = "Basic", **values: Any) -> ContractLine:
    return replace(
        deal().lines[0],
        line_id=product,
        crm_product=product,
        amount=Decimal(amount),
        unit_price=Decimal(amount),
        **values,
    )


def change(
    number: int, kind: str, *lines: ContractLine, agreed: date, effective: date | None = None, **values: Any
) -> SubscriptionContract:
    """A numbered change of the first deal, agreed on a day, which holds from another."""
    return deal(
        1,
        amount=str(sum((one.amount for one in lines), Decimal(0))),
        version=number,
        modification_number=number,
        modification_kind=kind,
        record_revision=number,
        lines=lines,
        signed_on=agreed,
        effective_on=effective or agreed,
        **values,
    )


def decides(treatment: str = "prospective", *, number: int = 2) -> ModificationTreatment:
    """Two people of finance agree how a change is accounted for."""
    row = ModificationTreatment.objects.get(version=number)
    treatments.decide(row.pk, treatment, user=person("preparer", "Finance preparer"))
    return treatments.approve(row.pk, user=person("approver", "Finance approver"))


def moved(*kinds: str, until: date = date.max) -> Decimal:
    """The sum of movements of these kinds that count, sealed or not, dated up to a day."""
    rows = RevenueEventRecord.objects.filter(withdrawn_at=None, movement__in=kinds, dated__lte=until)
    return sum((row.amount for row in rows), Decimal(0))


def deferred(until: date = date.max) -> Decimal:
    """What the movements leave deferred."""
    return sum((moved(kind, until=until) * sign for kind, sign in SIGNS.items()), Decimal(0))


def earned(until: date = date.max) -> Decimal:
    return moved("recognition", "termination", until=until)


def close(company: Company, *months: int) -> None:
    """Periods of 2026, of which these months are closed."""
    for month in range(1, 13):
        first = date(2026, month, 1)
        last = date(2026 + month // 12, month % 12 + 1, 1)
        AccountingPeriod.objects.update_or_create(
            entity=company.entity,
            connection=company.erp,
            module="ar",
            starts_on=first,
            defaults={
                "ends_on": date.fromordinal(last.toordinal() - 1),
                "state": "closed" if month in months else "open",
                "external_id": str(month),
                "mirrored_at": clock.now(),
            },
        )
