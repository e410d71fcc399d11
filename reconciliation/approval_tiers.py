"""How many people must say yes: by the sum of a request, and by what its asker asks for together.

Sums are of absolute amounts, in one currency: a company's own, where it has limits of its own, else the policy's. They
are converted at the company's approved rates; where one is missing, nobody can say that the sum is small.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from reconciliation.fixes.fix import Target
from reconciliation.models import ApprovalLimits, ApprovalPolicy, ApprovalRequest
from sync import clock
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import LegalEntity
from sync.rates import RateTable, converted

#: requests of one asker are added up: all of a day, and those for one customer of a week
A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
#: requests that may still be done, or were
COUNTED = (ApprovalRequest.Status.PENDING, ApprovalRequest.Status.APPROVED)
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sums in one currency from which a request is looked at, needs two, and needs three approvers."""

    currency: str
    limit: Decimal
    second_tier: Decimal
    third_tier: Decimal

    def needed(self, amount: Decimal) -> int:
        return 1 + (amount >= self.second_tier) + (amount >= self.third_tier)


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What a request counts as, and how many yeses that takes."""

    amount: Decimal
    currency: str
    needed: int
    #: kept with the request, and so in English whoever asks
    because: str
    #: each approver gives a second factor
    needs_proof: bool = False


def limits_of(entity: LegalEntity | None, policy: ApprovalPolicy) -> Limits:
    """The company's own limits in force today, else the policy's."""
    own = None
    if entity is not None:
        rows = ApprovalLimits.objects.filter(entity=entity, status="approved").select_related("entity")
        own = in_force(rows, on=clock.business_date(entity))
    row = own or policy
    return Limits(currency=row.currency, limit=row.limit, second_tier=row.second_tier, third_tier=row.third_tier)


def entity_of(target: Target) -> LegalEntity | None:
    """Whose limits hold: the case's company, or the one all cases of a problem belong to."""
    if target.case is not None:
        return target.case.entity
    entities = {case.entity for case in target.problem.cases.select_related("entity").order_by("pk")[:500]}
    return entities.pop() if len(entities) == 1 else None


def customer_of(target: Target) -> str:
    """Our reference of the customer a case is about: its own, or that of what is to be delivered; empty for none."""
    case = target.case
    if case is None:
        return ""
    item = case.delivery.work_item if case.delivery else None
    return case.customer_reference or (item.customer_reference if item else "")


def weigh(
    totals: Mapping[str, str],
    *,
    kind: str,
    asker: int,
    customer: str,
    entity: LegalEntity | None,
    policy: ApprovalPolicy,
) -> Weight:
    """What a request of these sums counts as, with what its asker asked for before. Configuration moves no money."""
    limits = limits_of(entity, policy)
    if kind != ApprovalRequest.Kind.MONEY:
        return Weight(amount=ZERO, currency=limits.currency, needed=1, because="")
    table = _Table(limits.currency, entity)
    alone = table.sum(totals)
    before = ApprovalRequest.objects.filter(kind=kind, asked_by=asker, status__in=COUNTED)
    now = clock.now()
    day = alone + _together(before.filter(asked_at__gt=now - A_DAY), table)
    week = alone
    if customer:
        its = Q(case__customer_reference=customer) | Q(case__delivery__work_item__customer_reference=customer)
        week += _together(before.filter(its, asked_at__gt=now - A_WEEK), table)
    amount = max(alone, day, week)
    if amount == alone:
        because = "the sum of the request"
    elif amount == day:
        because = "the asker's requests of one day together"
    else:
        because = "the asker's requests for this customer within seven days together"
    needed = limits.needed(amount)
    if table.missing:
        # nobody can say that it is small
        needed = max(needed, 2)
        because = f"there is no approved rate for {', '.join(sorted(table.missing))}"
    needs_proof = amount >= limits.limit or bool(table.missing)
    return Weight(amount=amount, currency=limits.currency, needed=needed, because=because, needs_proof=needs_proof)


def _together(rows: QuerySet[ApprovalRequest], table: "_Table") -> Decimal:
    sums = rows.values_list("totals", "approved_totals")
    return sum((table.sum(asked if approved is None else approved) for asked, approved in sums), ZERO)


class _Table:
    """Sums in many currencies as one; remembers what it had no rate for."""

    def __init__(self, currency: str, entity: LegalEntity | None) -> None:
        self.currency, self.entity = currency, entity
        self.missing: set[str] = set()
        self._rates: dict[str, Decimal | None] = {}

    def sum(self, totals: Mapping[str, str]) -> Decimal:
        return sum((self._one(abs(Decimal(str(amount))), currency) for currency, amount in totals.items()), ZERO)

    def _one(self, amount: Decimal, currency: str) -> Decimal:
        if currency == self.currency or not amount:
            return amount
        rate = self._rate(currency)
        if rate is None:
            self.missing.add(currency)
            return amount
        return converted(amount, rate, self.currency)

    def _rate(self, currency: str) -> Decimal | None:
        """Units of the limits' currency for one unit, by way of the company's own money."""
        if currency not in self._rates:
            mine, theirs = self._own(currency), self._own(self.currency)
            self._rates[currency] = mine / theirs if mine and theirs else None
        return self._rates[currency]

    def _own(self, currency: str) -> Decimal | None:
        if self.entity is None:
            return None
        if currency == self.entity.functional_currency:
            return Decimal(1)
        day: date = clock.business_date(self.entity)
        try:
            found = RateTable.read({currency}, since=day, until=day).find(currency, entity=self.entity, on=day)
        except StepError:
            return None
        return found.rate if found else None
