"""Decisions: what waits for a second person, and what became of what one asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse

from reconciliation.governance.tables import TABLES
from reconciliation.habits.notices import people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.models import ApprovalQuestion, ApprovalRequest, Match, NoticeRoom, ReconcilingItem, RowChange
from reconciliation.who import full_name
from sync.money_text import money


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One thing that waits for somebody else's decision."""

    key: str
    words: str
    #: the same without anybody's name
    plain: str
    asked_by: User
    because: str
    path: str
    #: which approvers may decide it
    permission: str


def asked(now: datetime) -> Iterator[News]:
    """To everybody who may decide it and did not ask for it themselves, and to the rooms of their teams."""
    deciders: dict[str, list[User | NoticeRoom]] = {}
    for one in _waiting(now):
        if one.permission not in deciders:
            may = one.permission
            deciders[may] = [*people.who_may(may), *people.rooms_where_may(may)]
        for listener in deciders[one.permission]:
            if listener != one.asked_by:
                because = f"\nBecause: {one.because}" if one.because else ""
                yield News(
                    to=listener,
                    key=one.key,
                    title=f"Waits for your decision: {one.words}",
                    plain=f"Waits for a decision: {one.plain}",
                    text=f"{full_name(one.asked_by)} asked for it.{because}",
                    path=one.path,
                )


def _waiting(now: datetime) -> Iterator[_Asked]:
    since = now - LATELY
    requests = ApprovalRequest.objects.filter(
        status=ApprovalRequest.Status.PENDING, asked_at__gt=since, expires_at__gt=now
    )
    for request in requests.select_related("asked_by").order_by("pk"):
        sums = ", ".join(money(Decimal(total), currency) for currency, total in sorted(request.totals.items()))
        over = f" ({sums})" if sums else ""
        yield _Asked(
            key=request.number,
            words=f"{request.title}{over}",
            plain=f"{request.number}{over}",
            asked_by=request.asked_by,
            because=request.asked_because,
            path=reverse("desk:approval", args=[request.pk]),
            permission=f"approve_{request.kind}",
        )
    drafted = RowChange.objects.filter(status=RowChange.Status.PENDING, asked_at__gt=since)
    for change in drafted.select_related("asked_by").order_by("pk"):
        yield _Asked(
            key=change.number,
            words=f"changes of {TABLES[change.table].title.lower()}",
            plain=f"{change.number}, changes of {TABLES[change.table].title.lower()}",
            asked_by=change.asked_by,
            because=change.asked_because,
            path=reverse("desk:change", args=[change.pk]),
            permission="approve_configuration",
        )
    items = ReconcilingItem.objects.filter(status=ReconcilingItem.Status.PROPOSED, asked_at__gt=since)
    for item in items.select_related("asked_by", "break_row").order_by("pk"):
        yield _Asked(
            key=item.number,
            words=f"a reconciling item, {item.break_row.label}",
            plain=f"{item.number}, a reconciling item",
            asked_by=item.asked_by,
            because=item.asked_because,
            path=reverse("desk:approvals"),
            permission="approve_money",
        )
    matches = Match.objects.filter(status=Match.Status.PROPOSED, asked_at__gt=since, asked_by__isnull=False)
    for match in matches.select_related("asked_by", "entity").order_by("pk"):
        yield _Asked(
            key=match.number,
            words=f"documents matched by hand, {match.entity.name}",
            plain=f"{match.number}, documents matched by hand, {match.entity.name}",
            asked_by=match.asked_by,
            because=match.asked_because,
            path=reverse("desk:matcher", args=[match.control, match.entity.code]),
            permission="approve_money",
        )


def decided(now: datetime) -> Iterator[News]:
    """To whoever asked: somebody decided it, or the time for it ran out."""
    decided_on = (ApprovalRequest.Status.APPROVED, ApprovalRequest.Status.REFUSED)
    mine = ApprovalRequest.objects.filter(asked_by__is_active=True).exclude(asked_by__email="")
    rows = mine.filter(status__in=decided_on, decided_at__gt=now - LATELY)
    for row in rows.select_related("asked_by", "decided_by").prefetch_related("yeses").order_by("pk"):
        decided_by = full_name(row.decided_by) if row.decided_by else ""
        left_out = len(row.left_out)
        but = f", but for {left_out} of {row.count} cases" if left_out else ""
        words = f"{row.get_status_display()} by {decided_by}{but}"
        yield _answer(row, words, row.decided_because)
    over = mine.filter(status=ApprovalRequest.Status.PENDING, expires_at__gt=now - LATELY, expires_at__lte=now)
    for row in over.select_related("asked_by").order_by("pk"):
        yield _answer(row, "Nobody decided in time", "Ask again if it is still wanted.")


def talked(now: datetime) -> Iterator[News]:
    """To the asker: a question; to whoever asked it: the answer; to an approver: that it was handed to them."""
    waiting = ApprovalRequest.objects.filter(status=ApprovalRequest.Status.PENDING, expires_at__gt=now)
    since = now - LATELY
    questions = ApprovalQuestion.objects.filter(
        Q(asked_at__gt=since, answered_at=None) | Q(answered_at__gt=since), request__in=waiting
    )
    for one in questions.select_related("request__asked_by", "asked_by", "answered_by").order_by("pk"):
        if one.answered_by is None:
            yield _talk(
                one.request, one.request.asked_by, f"asked {one.pk}", "A question about", one.asked_by, one.text
            )
        else:
            yield _talk(one.request, one.asked_by, f"answered {one.pk}", "An answer about", one.answered_by, one.answer)
    for row in waiting.select_related("handed_to", "handed_by").order_by("pk"):
        if row.handed_to and row.handed_by:
            key = f"handed {row.handed_to_id}"
            yield _talk(row, row.handed_to, key, "Handed to you to decide:", row.handed_by, row.handed_because)


def _talk(row: ApprovalRequest, to: User, key: str, words: str, by: User, text: str) -> News:
    return News(
        to=to,
        key=f"{row.number} {key}",
        title=f"{words} {row.title}",
        text=f"{full_name(by)}: {text}" if text else full_name(by),
        path=reverse("desk:approval", args=[row.pk]),
    )


def _answer(row: ApprovalRequest, words: str, because: str) -> News:
    return News(
        to=row.asked_by,
        key=f"{row.number} {words}"[:120],
        title=f"{words}: {row.title}",
        text=because,
        path=reverse("desk:approval", args=[row.pk]),
    )
