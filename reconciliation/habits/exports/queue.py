"""The queue as a file: its cases one by one, or its problems, with the filters and the order of the page."""

from collections.abc import Iterable, Iterator

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Abs
from django.urls import reverse

from reconciliation import figures, sentences
from reconciliation.habits.exports.sheet import MOST, Money, Row, Sheet, TooMany, link, money, person, times
from reconciliation.models import ExceptionCase
from reconciliation.queue_filters import SORTS, Filters, page_of

_ADVICE = "Narrow the queue by team, entity, reason or age first, and take one file for each part."
_CASES = (
    *("Case", "Title", "Customer", "Document", "Currency", "Amount", "Team", "Taken by", "Company", "Dated"),
    *("Opened (UTC)", "Opened (company time)", "Due (UTC)", "Due (company time)", "Company time zone"),
    *("Came back", "Times seen", "Tags", "System", "Field", "Value", "Problem", "Reference", "Trail"),
    *("Link to the case", "Link to the problem", "Link to the trail"),
)
_PROBLEMS = (
    *("Problem", "Title", "Team", "Status", "System", "Field", "Value", "Currency", "Cases", "Amount"),
    *("Oldest (UTC)", "Next due (UTC)", "What waits for it", "Link to the problem"),
)


def draw_up(filters: Filters, *, user: AbstractUser) -> Sheet:
    """What the queue shows, as the address narrows and orders it. Raises TooMany."""
    rows = filters.apply(figures.open_cases(), user=user)
    narrowed = ", ".join(chip.text for chip in filters.chips())
    return Sheet(
        name="open-cases" if filters.flat else "open-problems",
        title=f"Open cases, {SORTS[filters.sort].lower()}"
        if filters.flat
        else f"Problems with open cases, {SORTS[filters.sort].lower()}",
        narrowed=narrowed,
        address=link(reverse("desk:queue") + filters.address()).address,
        columns=_CASES if filters.flat else _PROBLEMS,
        rows=tuple(_cases(rows, filters.sort) if filters.flat else _problems(rows, filters.sort)),
    )


def _cases(rows: QuerySet[ExceptionCase], sort: str) -> Iterator[Row]:
    found, more = page_of(rows, sort=sort, size=MOST)
    if more:
        raise TooMany("cases", _ADVICE)
    for case in found:
        yield (
            case.number,
            sentences.title(case),
            case.customer_name,
            case.document,
            case.currency,
            money(case.amount, case.currency),
            case.get_team_display(),
            person(case.assignee),
            case.entity.code if case.entity else "",
            case.effective_on,
            *times(case.opened_at, case.entity),
            *times(case.due_at, case.entity),
            case.entity.time_zone if case.entity else "",
            "yes" if case.regressed else "",
            case.occurrences,
            ", ".join(tag.word for tag in case.tags.all()),
            sentences.system_name(case.problem.system) if case.problem.system else "",
            case.field,
            case.value,
            case.problem.number,
            case.reference,
            case.correlation_id,
            link(reverse("desk:case", args=[case.pk])),
            link(reverse("desk:problem", args=[case.problem_id])),
            link(reverse("desk:trail", args=[case.correlation_id])) if case.correlation_id else None,
        )


def _problems(rows: QuerySet[ExceptionCase], sort: str) -> Iterator[Row]:
    """A problem in several currencies is a row for each, with the cases in it: nothing is counted twice."""
    found, more = figures.problem_rows(rows, sort=sort, limit=MOST)
    parts = _parts(rows, [one.problem.pk for one in found])
    if more or sum(len(parts[one.problem.pk]) for one in found) > MOST:
        raise TooMany("problems", _ADVICE)
    for one in found:
        for currency, count, amount in parts[one.problem.pk]:
            problem = one.problem
            yield (
                problem.number,
                one.title,
                problem.get_team_display(),
                one.standing.word,
                sentences.system_name(problem.system) if problem.system else "",
                problem.field,
                problem.value,
                currency,
                count,
                amount,
                *times(one.oldest, None)[:1],
                *times(one.next_due, None)[:1],
                one.waiting,
                link(reverse("desk:problem", args=[problem.pk])),
            )


def _parts(rows: QuerySet[ExceptionCase], ids: Iterable[int]) -> dict[int, list[tuple[str, int, Money | None]]]:
    """problem -> its currencies, each with how many cases and what they come to; last those without an amount."""
    mine = rows.filter(problem_id__in=list(ids)).order_by()
    found: dict[int, list[tuple[str, int, Money | None]]] = {}
    with_amount = mine.exclude(amount=None).values("problem_id", "currency")
    for row in with_amount.annotate(n=Count("pk"), total=Sum(Abs("amount"))).order_by("problem_id", "currency"):
        part = (row["currency"], row["n"], money(row["total"], row["currency"]))
        found.setdefault(row["problem_id"], []).append(part)
    without = mine.filter(amount=None).values("problem_id").annotate(n=Count("pk"))
    for problem_id, count in without.order_by("problem_id").values_list("problem_id", "n"):
        found.setdefault(problem_id, []).append(("", count, None))
    return found
