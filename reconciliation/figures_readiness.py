"""How ready each company's close is: controls that tie out, documents in the ledger, and what stands in the way."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from reconciliation import figures
from reconciliation.controls.registry import controls_of
from reconciliation.figures_spans import Number, listed
from reconciliation.models import Break, ControlRun
from sync import clock
from sync.models import AccountingPeriod, Delivery, LegalEntity
from sync.states import Condition

#: what a ledger is owed, for the address of a list
_OWED = {"role__exact": "erp", "is_live__exact": 1, "is_required__exact": 1}


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """How much of a company's receivables period is done: the lower of two shares, and what stands in the way."""

    entity: LegalEntity
    #: None where the ERP has told us of no period
    period: AccountingPeriod | None
    #: whole percent, rounded down
    ready: int
    asked: int
    green: int
    red: int
    not_run: int
    documents: int
    in_ledger: Number
    held: Number
    blocked: Number
    breaks: Number


def close_readiness() -> list[Readiness]:
    """Per company, for the receivables period its business date is in."""
    entities = list(LegalEntity.objects.all())
    days = {one.pk: clock.business_date(one) for one in entities}
    periods = {
        row.entity_id: row
        for row in AccountingPeriod.objects.filter(
            module="ar",
            starts_on__lte=max(days.values(), default=date.max),
            ends_on__gte=min(days.values(), default=date.min),
        )
        if row.starts_on <= days[row.entity_id] <= row.ends_on
    }
    runs: dict[tuple[int, str], ControlRun] = {(run.entity_id, run.control): run for run in figures.newest_runs()}
    deliveries = _per_entity(
        Delivery.objects.filter(role="erp", is_live=True, is_required=True).exclude(
            condition__in=[Condition.WITHDRAWN, Condition.SUPERSEDED]
        ),
        "document_date",
        periods,
        done=Count("pk", filter=Q(condition=Condition.SETTLED)),
        held=Count("pk", filter=Q(condition=Condition.HELD)),
    )
    stopped = figures.open_cases().filter(break_row__isnull=True)
    early = Count("work_item", distinct=True)
    blocked = _per_entity(stopped, "effective_on", periods, early=early)
    breaks = _per_entity(Break.objects.filter(healed_at=None), "document_date", periods)
    return [
        _readiness(one, periods.get(one.pk), runs, deliveries.get(one.pk), blocked.get(one.pk), breaks.get(one.pk))
        for one in entities
    ]


def _per_entity(
    rows: QuerySet[Any], field: str, periods: dict[int, AccountingPeriod], **counts: Any
) -> dict[int, dict[str, int]]:
    """Rows dated in their own company's period, counted per company."""
    dated = Q(pk__in=[])
    for entity, period in periods.items():
        dated |= Q(entity=entity, **{f"{field}__range": (period.starts_on, period.ends_on)})
    return {
        row["entity"]: row
        for row in rows.filter(dated).order_by().values("entity").annotate(n=Count("pk", distinct=True), **counts)
    }


def _readiness(
    entity: LegalEntity,
    period: AccountingPeriod | None,
    runs: dict[tuple[int, str], ControlRun],
    deliveries: dict[str, int] | None,
    blocked: dict[str, int] | None,
    breaks: dict[str, int] | None,
) -> Readiness:
    documents, stopped, open_breaks = deliveries or {}, blocked or {}, breaks or {}
    asked = [control.name for control in controls_of(entity)]
    found = [runs.get((entity.pk, name)) for name in asked]
    # a run for a day before the period says nothing about it
    ran = [
        run
        for run in found
        if run and run.status != ControlRun.Status.NOT_RUN and (not period or run.business_date >= period.starts_on)
    ]
    green = sum(run.status in figures.GREEN for run in ran)
    owed, done = documents.get("n", 0) + stopped.get("early", 0), documents.get("done", 0)
    shares = [part * 100 // whole for part, whole in ((green, len(asked)), (done, owed)) if whole]
    return Readiness(
        entity=entity,
        period=period,
        ready=min(shares, default=0),
        asked=len(asked),
        green=green,
        red=len(ran) - green,
        not_run=len(asked) - len(ran),
        documents=owed,
        in_ledger=Number(
            count=done,
            rows=_period_list("sync_delivery", entity, "document_date", period, condition__exact="settled", **_OWED),
            needs="sync.view_delivery",
        ),
        held=Number(
            count=documents.get("held", 0),
            rows=_period_list("sync_delivery", entity, "document_date", period, condition__exact="held", **_OWED),
            needs="sync.view_delivery",
        ),
        blocked=Number(
            count=stopped.get("n", 0),
            rows=_period_list("reconciliation_exceptioncase", entity, "effective_on", period,
                              status__exact="open", break_row__isnull=True),
        ),
        breaks=Number(
            count=open_breaks.get("n", 0),
            rows=_period_list("reconciliation_break", entity, "document_date", period, healed_at__isnull=True),
            needs="reconciliation.view_break",
        ),
    )  # fmt: skip


def _period_list(model: str, entity: LegalEntity, field: str, period: AccountingPeriod | None, **lookups: Any) -> str:
    if period is None:
        return ""
    around = {f"{field}__gte": period.starts_on.isoformat(), f"{field}__lte": period.ends_on.isoformat()}
    return listed(model, entity__id__exact=entity.pk, **around, **lookups)
