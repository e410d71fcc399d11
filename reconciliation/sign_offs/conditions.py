"""What must be so before a control may be signed for a span of days, each in words; and who may not sign it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import AbstractUser

from reconciliation.models import ExceptionCase, FixRun, SignOffPolicy
from reconciliation.sign_offs.certificates import ERROR, UNEXPLAINED, Certificate
from sync import clock
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import LegalEntity, MappingRow
from sync.money_text import money
from sync.rates import RateTable


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that must be so."""

    title: str
    is_met: bool
    words: str


def policy_of(entity: LegalEntity, *, on: date) -> SignOffPolicy:
    """The approved rule of a company on a day; without one the strictest holds."""
    rows = SignOffPolicy.objects.filter(entity=entity, status=MappingRow.Status.APPROVED)
    return in_force(rows, on=on) or SignOffPolicy(entity=entity)


def of(certificate: Certificate, *, entity: LegalEntity, policy: SignOffPolicy) -> list[Condition]:
    """Every condition in the order people look at them."""
    return [
        _days_are_over(certificate, entity),
        _days_were_read(certificate),
        _sources_are_complete(certificate),
        _nothing_unexplained(certificate),
        _errors_are_small(certificate, entity, policy),
        _errors_are_young(certificate, entity, policy),
    ]


def resolved_alone(user: AbstractUser, certificate: Certificate, *, entity: LegalEntity) -> list[str]:
    """Numbers of cases of these days this person ended without a second one: who clears a break alone does not also
    certify that it is cleared.
    """
    cases = ExceptionCase.objects.filter(
        break_row__control=certificate["control"],
        break_row__entity=entity,
        break_row__document_date__range=(certificate["from"], certificate["to"]),
        status=ExceptionCase.Status.CLOSED,
    )
    own = set(cases.filter(closed_by=user.pk).values_list("pk", flat=True))
    runs = FixRun.objects.filter(started_by=user.pk, request__decided_by=None, items__case__in=cases)
    own |= set(runs.values_list("items__case", flat=True)) & set(cases.values_list("pk", flat=True))
    return [f"EXC-{key}" for key in sorted(own)]


def _days_are_over(certificate: Certificate, entity: LegalEntity) -> Condition:
    today, last = clock.business_date(entity), date.fromisoformat(certificate["to"])
    over = last < today
    words = "" if over else f"{entity.code} is at {today:%d %b %Y}"
    return Condition(title="Its days are over", is_met=over, words=words)


def _days_were_read(certificate: Certificate) -> Condition:
    days = certificate["days"]
    lacking = [date.fromisoformat(day["date"]) for day in days if not day["was_read"]]
    some = ", ".join(f"{day:%d %b}" for day in lacking[:5]) + (" …" if len(lacking) > 5 else "")
    words = f"not run: {some}" if lacking else f"{len(days)} of {len(days)}" if days else "no day was asked"
    return Condition(title="Every day was run", is_met=bool(days) and not lacking, words=words)


def _sources_are_complete(certificate: Certificate) -> Condition:
    lacking = [row for row in certificate["readings"] if row["source_count"] not in (None, row["records"])]
    words = ", ".join(
        f"{row['from']} on {date.fromisoformat(row['date']):%d %b}: {row['records']} of {row['source_count']}"
        for row in lacking[:3]
    )
    return Condition(title="All a source says it has was read", is_met=not lacking, words=words)


def _nothing_unexplained(certificate: Certificate) -> Condition:
    sums = [
        f"{code} {one['unexplained']}" for code, one in certificate["totals"].items() if Decimal(one["unexplained"])
    ]
    items = [item for item in certificate["items"] if item["kind"] == UNEXPLAINED]
    words = ", ".join([*sums, *([f"{len(items)} documents nothing explains"] if items else [])])
    return Condition(title="0.00 unexplained", is_met=not sums and not items, words=words)


def _errors_are_small(certificate: Certificate, entity: LegalEntity, policy: SignOffPolicy) -> Condition:
    errors = [item for item in certificate["items"] if item["kind"] == ERROR and Decimal(item["amount"])]
    last = date.fromisoformat(certificate["to"])
    rates = RateTable.read({item["currency"] for item in errors}, since=last, until=last) if errors else RateTable([])
    large, unknown = [], []
    for item in errors:
        try:
            rate = rates.find(item["currency"], entity=entity, on=last)
        except StepError:
            unknown.append(item["currency"])
            continue
        if abs(Decimal(item["amount"])) * (rate.rate if rate else 1) > policy.error_limit:
            large.append(item)
    words = [f"{item['label']}: {item['currency']} {item['amount']} ({item['case']})" for item in large[:3]]
    if len(large) > 3:
        words.append(f"{len(large) - 3} more")
    words += [f"no approved rate for {code} on {last:%d %b %Y}" for code in sorted(set(unknown))]
    limit = money(policy.error_limit, entity.functional_currency)
    return Condition(title=f"No error above {limit}", is_met=not words, words=", ".join(words))


def _errors_are_young(certificate: Certificate, entity: LegalEntity, policy: SignOffPolicy) -> Condition:
    today = clock.now().date()
    errors = [item for item in certificate["items"] if item["kind"] == ERROR and item["case_opened"]]
    ages = {item["case"]: (today - date.fromisoformat(item["case_opened"])).days for item in errors}
    old = [f"{case} ({days} days)" for case, days in sorted(ages.items()) if days > policy.error_age_days]
    title = f"No error older than {policy.error_age_days} days" if policy.error_age_days else "No error is carried over"
    return Condition(title=title, is_met=not old, words=", ".join(old[:5]) + (" …" if len(old) > 5 else ""))


def is_plain(certificate: Certificate) -> bool:
    """Whether nothing at all lies between the sides, so that an approved rule may certify the day."""
    return not certificate["items"]
