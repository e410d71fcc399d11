"""Numbers of the executive page: money held and its age, how accurate invoices are, what leakage was caught, and what
causes most; each beside the equally long span before. How ready the close is: figures_readiness.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from reconciliation import figures, figures_spans
from reconciliation.figures_spans import Number, Span, Trend, closed_list, listed, own_list, percent, queue_list, trend
from reconciliation.habits import titles
from reconciliation.habits.languages import money, money_of_each
from reconciliation.models import ExceptionCase
from reconciliation.queue_filters import AGES
from sync.models import CreditMemoRecord, InvoiceRecord, VoidRecord

#: reasons that mean: something was sold or used and not billed so, or billed and not sold
LEAKAGE = (
    "NOT_BILLED", "BILLED_AFTER_END", "DEAL_CHANGED_AFTER_BILLING", "DEAL_REOPENED", "DUPLICATE_SUBSCRIPTION",
    "RENEWAL_UNDECIDED", "METER_MISSING", "USAGE_LATE", "ACCRUAL_NOT_INVOICED",
)  # fmt: skip
#: a case that ends so was put right; duplicates, superseded and accepted ones were not
_RIGHT = tuple(ExceptionCase.Resolution[name] for name in ("FIXED", "FIXED_OUTSIDE", "WENT_THROUGH"))
ZERO, CAUSES = Decimal(0), 5


# -- money held and its age ---------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Held:
    """Money of one currency that cannot go on."""

    currency: str
    #: of the cases and of what waits for them; then of the cases themselves: the part whose past is known
    all: str
    all_total: Decimal
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
    held = figures.held_sums(figures.open_cases())
    return [
        Held(
            currency=currency,
            all=money(held.get(currency, ZERO), currency),
            all_total=held.get(currency, ZERO),
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
        return tuple(money_of_each(self.sums))


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
