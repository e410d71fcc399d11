"""The executive page as a file: a row for each figure, with its trend and the list of its rows."""

from collections.abc import Iterator

from django.urls import reverse

from reconciliation import figures_executive, figures_readiness
from reconciliation.figures_spans import Number, Span
from reconciliation.habits.exports.sheet import Link, Money, Row, Sheet, link

_COLUMNS = ("Part", "What", "Company", "Number", "Currency", "Amount", "Share", "Trend", "Link")


def draw_up(span: Span) -> Sheet:
    """What the page shows for a span, in its order."""
    return Sheet(
        name="executive",
        title="Executive dashboard; trends compare with the equally long span before",
        narrowed=f"{span.words}, up to {span.until:%Y-%m-%d %H:%M} UTC",
        address=link(f"{reverse('desk:executive')}?span={span.name}").address,
        columns=_COLUMNS,
        rows=(*_held(span), *_ages(span), *_ready(), *_accuracy(span), *_caught(span), *_causes(span)),
    )


def _held(span: Span) -> Iterator[Row]:
    for one in figures_executive.money_held(span):
        held = Money(amount=one.all_total, currency=one.currency)
        yield "Money held", "Cases and what waits for them", "", None, one.currency, held, "", "", None
        own = Money(amount=one.total, currency=one.currency)
        yield "Money held", "Of it in the cases", "", None, one.currency, own, "", one.trend.word, _rows(one.rows)


def _ages(span: Span) -> Iterator[Row]:
    found = figures_executive.ageing(span)
    for place, one in enumerate(found.ages):
        word = "" if place else found.trend.word
        yield "Ageing", one.words, "", one.number.count, "", None, "", word, _list(one.number)
        for currency, total in one.sums.items():
            amount = Money(amount=total, currency=currency)
            yield "Ageing", one.words, "", None, currency, amount, "", "", None


def _ready() -> Iterator[Row]:
    for one in figures_readiness.close_readiness():
        if one.period is None:
            yield "Close readiness", "Receivables period not known yet", one.entity.code, None, "", None, "", "", None
            continue
        days = f"{one.period.starts_on:%Y-%m-%d} to {one.period.ends_on:%Y-%m-%d}"
        yield "Close readiness", f"Ready, {days}", one.entity.code, None, "", None, f"{one.ready} %", "", None
        for what, number in (
            ("Controls asked", Number(count=one.asked)),
            ("Controls that tie out", Number(count=one.green)),
            ("Controls that do not", Number(count=one.red)),
            ("Controls not run in the period", Number(count=one.not_run)),
            ("Documents owed to the ledger", Number(count=one.documents)),
            ("Documents in the ledger", one.in_ledger),
            ("Deliveries held", one.held),
            ("Cases that stop documents", one.blocked),
            ("Open breaks on documents of the period", one.breaks),
        ):
            yield "Close readiness", what, one.entity.code, number.count, "", None, "", "", _list(number)


def _accuracy(span: Span) -> Iterator[Row]:
    found = figures_executive.invoice_accuracy(span)
    part = "Invoice accuracy"
    yield part, "Invoices taken in", "", found.total.count, "", None, "", "", _list(found.total)
    yield part, "Needed nothing after them", "", found.right, "", None, found.share, f"{found.before} before", None
    for why, number in (*found.ways, ("wrong", found.wrong)):
        word = found.trend.word if why == "wrong" else ""
        yield part, f"Invoices {figures_executive.WRONG[why]}", "", number.count, "", None, "", word, _list(number)


def _caught(span: Span) -> Iterator[Row]:
    for one in figures_executive.leakage(span):
        amount = Money(amount=one.total, currency=one.currency) if one.currency else None
        yield (
            *("Leakage caught", one.title, "", one.number.count, one.currency, amount, "", one.trend.word),
            _list(one.number),
        )


def _causes(span: Span) -> Iterator[Row]:
    for one in figures_executive.top_causes(span):
        page = link(reverse("desk:problem", args=[one.row.problem.pk]))
        yield "Top causes", one.row.title, "", one.row.count, "", None, "", one.trend.word, page
        for currency, total in one.row.sums.items():
            amount = Money(amount=total, currency=currency)
            yield "Top causes", one.row.title, "", None, currency, amount, "", "", page


def _list(number: Number) -> Link | None:
    return _rows(number.rows) if number.count else None


def _rows(path: str) -> Link | None:
    return link(path) if path else None
