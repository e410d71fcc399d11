"""Every number of the executive page: money held and its age, how ready the close is, how accurate invoices are, what
leakage was caught, what causes most; each beside the equally long span before.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from reconciliation import figures, figures_spans
from reconciliation.controls.registry import controls_of
from reconciliation.figures_spans import Number, Span, Trend, closed_list, listed, own_list, percent, queue_list, trend
from reconciliation.habits import titles
from reconciliation.habits.languages import money
from reconciliation.models import Break, ControlRun, ExceptionCase
from reconciliation.queue_filters import AGES
from sync import clock
from sync.models import AccountingPeriod, CreditMemoRecord, Delivery, InvoiceRecord, LegalEntity, VoidRecord
from sync.states import Condition

#: reasons that mean: something was sold or used and not billed so, or billed and not sold
LEAKAGE = (
    "NOT_BILLED", "BILLED_AFTER_END", "DEAL_CHANGED_AFTER_BILLING", "DEAL_REOPENED", "DUPLICATE_SUBSCRIPTION",
    "RENEWAL_UNDECIDED", "METER_MISSING", "USAGE_LATE", "ACCRUAL_NOT_INVOICED",
)  # fmt: skip
#: a case that ends so was put right; duplicates, superseded and accepted ones were not
_RIGHT = tuple(ExceptionCase.Resolution[name] for name in ("FIXED", "FIXED_OUTSIDE", "WENT_THROUGH"))
ZERO, CAUSES = Decimal(0), 5
#: what a ledger is owed, for the address of a list
_OWED = {"role__exact": "erp", "is_live__exact": 1, "is_required__exact": 1}


# -- money held and its age ---------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Held:
    """Money of one currency that cannot go on."""

    currency: str
    #: of the cases and of what waits for them; then of the cases themselves: the part whose past is known
    all: str
    total: Decimal
    own: str
    rows: str
    trend: Trend


def money_held(span: Span) -> list[Held]:
    """Per currency; the trend compares the cases open now with those that were open when the span began."""
    size = Abs("amount")
    rows = (
        ExceptionCase.objects.filter(_open_in(span), break_row__isnull=True)
        .exclude(amount=None)
        .order_by()
        .values("currency")
        .annotate(now=Sum(size, filter=Q(status="open")), then=Sum(size, filter=Q(opened_at__lt=span.since)))
    )
    own = {row["currency"]: (row["now"] or ZERO, row["then"] or ZERO) for row in rows if row["currency"]}
    held = {text.split(" ")[0]: text for text in figures.held(figures.open_cases())}
    return [
        Held(
            currency=currency,
            all=held.get(currency) or money(ZERO, currency),
            total=now,
            own=money(now, currency),
            rows=listed("reconciliation_exceptioncase", status__exact="open", currency__exact=currency,
                        break_row__isnull=True, amount__isnull=False) if now else "",
            trend=trend(now, then, currency=currency),
        )
        for currency in sorted({*held, *own})
        for now, then in [own.get(currency, (ZERO, ZERO))]
    ]  # fmt: skip


def _open_in(span: Span) -> Q:
    """Open now, or closed in the span: all that can have been open at its beginning."""
    return Q(status="open") | span.within("closed_at")


@dataclass(frozen=True, kw_only=True)
class Aged:
    """Open cases of at least one age, and what they hold: currency -> sum in major units."""

    words: str
    number: Number
    sums: dict[str, Decimal]
    bar: float

    @property
    def money(self) -> tuple[str, ...]:
        return tuple(money(total, currency) for currency, total in self.sums.items())


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """The ages of all open cases, and how many there were at the beginning of the span."""

    ages: tuple[Aged, ...]
    trend: Trend


def ageing(span: Span) -> Ageing:
    """As the queue's own filter tells ages apart."""
    still = Q(status="open")
    limits = {"": still} | {age: still & Q(opened_at__lt=span.until - timedelta(days=int(age))) for age in AGES}
    rows = list(
        ExceptionCase.objects.filter(_open_in(span))
        .order_by()
        .values("currency")
        .annotate(
            then=Count("pk", filter=Q(opened_at__lt=span.since)),
            **{f"n{age}": Count("pk", filter=q) for age, q in limits.items()},
            **{f"sum{age}": Sum(Abs("amount"), filter=q) for age, q in limits.items()},
        )
        .order_by("currency")
    )
    counts = {age: sum(row[f"n{age}"] for row in rows) for age in limits}
    return Ageing(
        ages=tuple(
            Aged(
                words=figures_spans.age_in_words(age),
                number=Number(count=counts[age], rows=queue_list(**({"age": age} if age else {}))),
                sums={row["currency"]: row[f"sum{age}"] for row in rows if row[f"sum{age}"]},
                bar=counts[age] * 100 / counts[""] if counts[""] else 0,
            )
            for age in limits
        ),
        trend=trend(counts[""], sum(row["then"] for row in rows)),
    )


# -- how ready the close is ---------------------------------------------------------------------------
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


# -- how accurate invoices are ------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Of the invoices taken in in the span, those that needed nothing after them."""

    total: Number
    right: int
    wrong: Number
    share: str
    bar: float
    before: str
    trend: Trend
    #: why they were not right; one invoice may be several
    ways: tuple[tuple[str, Number], ...]


def invoices_with_trouble() -> QuerySet[InvoiceRecord]:
    """Each invoice, and whether it was voided, credited, or stopped with a case on its way to the ledger."""
    taken_back = Exists(VoidRecord.objects.filter(voids=OuterRef("reference")))
    credits = CreditMemoRecord.objects.filter(refers_to=OuterRef("reference")).exclude(taken_back)
    stops = ExceptionCase.objects.filter(reference=OuterRef("reference"), break_row__isnull=True)
    return InvoiceRecord.objects.annotate(voided=taken_back, credited=Exists(credits), stopped=Exists(stops))


#: why an invoice is not counted as right; each in words
WRONG = {"voided": _("that were voided"), "credited": _("that were credited"),
         "stopped": _("that stopped with a case"), "wrong": _("that were voided, credited or stopped")}  # fmt: skip
_ANY = Q(voided=True) | Q(credited=True) | Q(stopped=True)


def wrong_invoices(span: Span, why: str) -> QuerySet[InvoiceRecord]:
    """The invoices of a span that are not counted as right for this reason, newest first."""
    wanted = _ANY if why == "wrong" else Q(**{why: True})
    return invoices_with_trouble().filter(wanted, span.within("created_at")).order_by("-created_at", "-pk")


def invoice_accuracy(span: Span) -> Accuracy:
    """Counts, not money: a share of invoices is the same question in every currency."""
    mine, earlier = span.within("created_at"), span.before.within("created_at")
    asked = {"total": mine, "wrong": mine & _ANY, "before": earlier, "wrong_before": earlier & _ANY}
    asked |= {f"n_{why}": mine & Q(**{why: True}) for why in ("voided", "credited", "stopped")}
    rows = invoices_with_trouble().filter(mine | earlier)
    found = rows.aggregate(**{name: Count("pk", filter=which) for name, which in asked.items()})
    total, right = found["total"], found["total"] - found["wrong"]

    def number(count: int, why: str) -> Number:
        return Number(count=count, rows=own_list("desk:executive", span, rows=why), needs="sync.view_invoicerecord")

    all_of_them = listed("sync_invoicerecord", **span.address("created_at"))
    return Accuracy(
        total=Number(count=total, rows=all_of_them, needs="sync.view_invoicerecord"),
        right=right,
        wrong=number(found["wrong"], "wrong"),
        share=percent(right, total),
        bar=right * 100 / total if total else 0,
        before=percent(found["before"] - found["wrong_before"], found["before"]),
        trend=trend(found["wrong"], found["wrong_before"]),
        ways=tuple((word, number(found[f"n_{word}"], word)) for word in ("voided", "credited", "stopped")),
    )


# -- leakage that was caught --------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Caught:
    """Cases of one reason that were put right, in one currency (none where no amount is known); in major units."""

    title: str
    number: Number
    currency: str
    total: Decimal
    amount: str
    trend: Trend


def leakage(span: Span) -> list[Caught]:
    """Closed in the span and put right; a currency of its own for each row, and rows without an amount say so."""
    mine, earlier = span.within("closed_at"), span.before.within("closed_at")
    rows = (
        ExceptionCase.objects.filter(mine | earlier, status="closed", reason__in=LEAKAGE, resolution__in=_RIGHT)
        .order_by()
        .values("reason", "currency")
        .annotate(
            n=Count("pk", filter=mine),
            total=Sum(Abs("amount"), filter=mine),
            before=Count("pk", filter=earlier),
            total_before=Sum(Abs("amount"), filter=earlier),
        )
        .order_by("reason", "currency")
    )
    return [
        Caught(
            title=titles.reason_title(row["reason"]),
            number=Number(
                count=row["n"],
                rows=closed_list(span, reason__exact=row["reason"], currency__exact=row["currency"],
                                 resolution__in=",".join(_RIGHT)),
            ),
            currency=row["currency"],
            total=row["total"] or ZERO,
            amount=money(row["total"] or ZERO, row["currency"]) if row["currency"] else str(_("no amount known")),
            trend=trend(row["total"] or ZERO, row["total_before"] or ZERO, currency=row["currency"])
            if row["currency"] else trend(row["n"], row["before"]),
        )
        for row in rows
    ]  # fmt: skip


# -- what causes most ---------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Cause:
    """One problem, and how many of its cases were opened in the span."""

    row: figures.ProblemRow
    opened: Number
    trend: Trend
    bar: float


def top_causes(span: Span) -> list[Cause]:
    """The problems with most open cases: counts can be compared, amounts in several currencies cannot."""
    rows, _more = figures.problem_rows(figures.open_cases(), sort="count", limit=CAUSES)
    ids = [row.problem.pk for row in rows]
    mine, earlier = span.within("opened_at"), span.before.within("opened_at")
    counted = ExceptionCase.objects.filter(mine | earlier, problem__in=ids).order_by().values("problem")
    counted = counted.annotate(now=Count("pk", filter=mine), then=Count("pk", filter=earlier))
    opened = {row["problem"]: row for row in counted}
    return [
        Cause(
            row=row,
            opened=Number(
                count=counts.get("now", 0),
                rows=listed("reconciliation_exceptioncase", problem__id__exact=row.problem.pk,
                            **span.address("opened_at")),
            ),
            trend=trend(counts.get("now", 0), counts.get("then", 0)),
            bar=row.count * 100 / rows[0].count,
        )
        for row in rows
        for counts in [opened.get(row.problem.pk, {})]
    ]  # fmt: skip
