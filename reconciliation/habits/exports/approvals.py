"""The list of approvals as a file: what waits for the reader, what waits for others, and what was decided of late."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from reconciliation import approvals, figures_approvals, figures_controls, figures_matcher, reconciling_items
from reconciliation.habits.exports.sheet import MOST, Money, Row, Sheet, TooMany, link, money, person, times
from reconciliation.models import ApprovalRequest
from sync.models import LegalEntity

_COLUMNS = (
    *("List", "Number", "What would be done", "Kind", "Cases", "Currency", "Amount", "Company"),
    *("Asked by", "Asked (UTC)", "Asked (company time)", "Reason given", "Rule that asks for a second person"),
    *("Expires (UTC)", "Why not you", "Decision", "Decided by", "Decided (UTC)", "Decided (company time)"),
    *("Reason of the decision", "Company time zone", "Hash of the change", "Link"),
)
YOURS, OTHERS, DECIDED = "Waiting for you", "Waiting for others", "Decided"


def draw_up(user: AbstractUser) -> Sheet:
    """What the page lists for this person, whole. Raises TooMany."""
    rows = tuple(_rows(user))
    if len(rows) > MOST:
        raise TooMany("lines", "The journal has every decision: narrow it to the days you need, and export that.")
    return Sheet(
        name="approvals",
        title=f"Approvals that wait, and those decided in the last {figures_approvals.DECIDED_SHOWN.days} days",
        narrowed="",
        address=link(reverse("desk:approvals")).address,
        columns=_COLUMNS,
        rows=rows,
    )


def _rows(user: AbstractUser) -> Iterator[Row]:
    waiting = [(row, approvals.why_not(row, user)) for row in figures_approvals.waiting()[: MOST + 1]]
    for row, why_not in waiting:
        if not why_not:
            yield from _request(YOURS, row, why_not)
    yield from _items(user)
    yield from _matches(user)
    for row, why_not in waiting:
        if why_not:
            yield from _request(OTHERS, row, why_not)
    for row in figures_approvals.decided()[: MOST + 1]:
        yield from _request(DECIDED, row, "")


def _request(where: str, row: ApprovalRequest, why_not: str) -> Iterator[Row]:
    """A request in several currencies is a line for each; how many cases it is about stands on the first."""
    sums: list[Money | None] = [
        Money(amount=Decimal(text), currency=currency) for currency, text in sorted(row.totals.items())
    ]
    for place, amount in enumerate(sums or [None]):
        yield _line(
            where=where,
            number=row.number,
            what=row.title,
            kind=row.get_kind_display(),
            cases=row.count if place == 0 else None,
            amount=amount,
            company=row.case.entity if row.case else None,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            because=row.asked_because,
            rule=row.rule,
            expires_at=row.expires_at,
            why_not=why_not,
            decision=row.get_status_display() if where == DECIDED else "",
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decided_because=row.decided_because,
            sha256=row.change_sha256,
            path=reverse("desk:approval", args=[row.pk]),
        )


def _items(user: AbstractUser) -> Iterator[Row]:
    for row in reconciling_items.to_decide(user):
        found = row.break_row
        yield _line(
            where=YOURS,
            number=row.number,
            what=f"Accept {found.label} as: {row.get_kind_display()}",
            kind="Reconciling item",
            amount=money(row.amount, row.currency),
            company=found.entity,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            because=row.asked_because,
            path=figures_controls.link_of(found.control, found.entity, found.found_in.business_date),
        )


def _matches(user: AbstractUser) -> Iterator[Row]:
    for row, title in figures_matcher.waiting_anywhere(user):
        undo = row.undo_asked_by
        yield _line(
            where=YOURS,
            number=row.number,
            what=f"{'Take apart' if undo else 'Put together'} documents: {title}",
            kind="Match",
            amount=money(row.difference, row.currency),
            company=row.entity,
            asked_by=undo or row.asked_by,
            # when somebody asked to take it apart is in the journal only
            asked_at=None if undo else row.asked_at,
            because=row.undo_because or row.asked_because,
            path=reverse("desk:matcher", args=[row.control, row.entity.code]),
        )


def _line(
    *,
    where: str,
    number: str,
    what: str,
    kind: str,
    amount: Money | None,
    company: LegalEntity | None,
    asked_by: AbstractUser | None,
    asked_at: datetime | None,
    because: str,
    path: str,
    cases: int | None = 1,
    rule: str = "",
    expires_at: datetime | None = None,
    why_not: str = "",
    decision: str = "",
    decided_by: AbstractUser | None = None,
    decided_at: datetime | None = None,
    decided_because: str = "",
    sha256: str = "",
) -> Row:
    return (
        *(where, number, what, kind, cases, amount.currency if amount else "", amount),
        *(company.code if company else "", person(asked_by), *times(asked_at, company), because, rule),
        *(times(expires_at, company)[0], why_not, decision, person(decided_by), *times(decided_at, company)),
        *(decided_because, company.time_zone if company else "", sha256, link(path)),
    )
