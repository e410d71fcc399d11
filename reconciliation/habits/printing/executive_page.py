"""The executive page as one paper: what is held, how old it is, how ready the close is, what was wrong and what caught.

In the order and the words of the page; its figures are those of the moment it was printed.
"""

from datetime import UTC

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation import figures_executive, figures_readiness
from reconciliation.figures_readiness import Readiness
from reconciliation.figures_spans import Span
from reconciliation.habits import outgoing
from reconciliation.habits.outgoing import File
from reconciliation.habits.printing.letters import EXPLANATION
from reconciliation.habits.printing.paper import Column, Paper
from reconciliation.who import full_name

_TITLE = "Where the money stands"


def take(span: Span, *, user: AbstractUser) -> File:
    """Print the page of a span and note down who took it."""
    by = full_name(user)
    with transaction.atomic():
        return outgoing.noted(
            draw(span, by=by),
            name=f"executive-{span.name}-{span.until.astimezone(UTC):%Y-%m-%dT%H%M%SZ}.pdf",
            content_type=outgoing.PDF,
            action="executive page printed",
            about=("export", f"executive {span.name}"),
            user=user,
            text=f"{by} took the executive page, {span.words}, as of {_moment(span)}, as PDF.",
            details={"span": span.name, "until": span.until.isoformat()},
        )


def _moment(span: Span) -> str:
    return f"{span.until.astimezone(UTC):%d %b %Y %H:%M} UTC"


def draw(span: Span, *, by: str) -> bytes:
    """The paper; the same figures at the same moment give the same bytes."""
    moment = _moment(span)
    head = f"{_TITLE}: {span.words}, as of {moment}"
    paper = Paper(title=head, head=head, foot=f"Taken by {by}", at=span.until.astimezone(UTC))
    paper.title_line(_TITLE)
    paper.words(
        f"As of {moment}. Trends compare the {span.words} with the equally long span before. Amounts of different"
        " currencies are never added up."
    )
    _held(paper, span)
    _ages(paper, span)
    paper.heading("Close readiness")
    for one in figures_readiness.close_readiness():
        _ready(paper, one)
    _accuracy(paper, span)
    _caught(paper, span)
    _causes(paper, span)
    if paper.lacks_letters:
        paper.words(EXPLANATION)
    return bytes(paper.output())


def _held(paper: Paper, span: Span) -> None:
    paper.heading("Money held")
    rows = [[one.all, one.own, one.trend.word] for one in figures_executive.money_held(span)]
    if not rows:
        paper.words("Nothing is held: no open case holds money up, and none did when the span began.")
        return
    columns = [
        Column(title="Held", width=45, is_number=True),
        Column(title="Of it in the cases", width=45, is_number=True),
        Column(title="Trend of the cases", width=90),
    ]
    paper.listing(columns, rows, size=9)


def _ages(paper: Paper, span: Span) -> None:
    found = figures_executive.ageing(span)
    paper.heading("Ageing")
    paper.words(f"Open cases: {found.trend.word}. Each line holds the ones below it.")
    columns = [
        Column(title="Open for", width=60),
        Column(title="Cases", width=30, is_number=True),
        Column(title="Amounts", width=90, is_number=True),
    ]
    rows = [[one.words, f"{one.number.count:,}", ", ".join(one.money) or "-"] for one in found.ages]
    paper.listing(columns, rows, size=9)


def _ready(paper: Paper, one: Readiness) -> None:
    name = f"{one.entity.code} {one.entity.name}"
    if one.period is None:
        paper.words(f"{name}: the ERP has told of no receivables period yet.")
        return
    days = f"{one.period.starts_on:%d %b} to {one.period.ends_on:%d %b %Y}"
    paper.facts(
        [
            (name, f"{one.ready} % ready; receivables {days}, {one.period.get_state_display().lower()}"),
            ("Controls", f"{one.green} of {one.asked} tie out, {one.red} do not, {one.not_run} not run in the period"),
            ("Documents", f"{one.in_ledger.count:,} of {one.documents:,} in the ledger, {one.held.count:,} held"),
            ("In the way", f"{one.blocked.count:,} cases that stop documents, {one.breaks.count:,} open breaks"),
        ]
    )


def _accuracy(paper: Paper, span: Span) -> None:
    found = figures_executive.invoice_accuracy(span)
    paper.heading("Invoice accuracy")
    paper.words(
        f"Of {found.total.count:,} taken in, {found.share} needed nothing after them ({found.before} the span before)."
        f" Needed something: {found.wrong.count:,}, {found.trend.word}."
    )
    ways = [(f"Invoices {figures_executive.WRONG[why]}", f"{number.count:,}") for why, number in found.ways]
    paper.facts(ways)


def _caught(paper: Paper, span: Span) -> None:
    paper.heading("Leakage caught")
    rows = [[one.title, f"{one.number.count:,}", one.amount, one.trend.word] for one in figures_executive.leakage(span)]
    if not rows:
        paper.words("None was put right in the span, and none in the span before.")
        return
    columns = [
        Column(title="What it was", width=70),
        Column(title="Cases", width=20, is_number=True),
        Column(title="Amount", width=35, is_number=True),
        Column(title="Trend", width=55),
    ]
    paper.listing(columns, rows, size=9)


def _causes(paper: Paper, span: Span) -> None:
    paper.heading("Top causes")
    rows = [
        [one.row.problem.number, one.row.title, f"{one.row.count:,}", ", ".join(one.row.money) or "-", one.trend.word]
        for one in figures_executive.top_causes(span)
    ]
    if not rows:
        paper.words("No open cases, so nothing causes any.")
        return
    columns = [
        Column(title="Number", width=20),
        Column(title="Cause", width=70),
        Column(title="Cases", width=18, is_number=True),
        Column(title="Amounts", width=36, is_number=True),
        Column(title="Trend", width=36),
    ]
    paper.listing(columns, rows)
