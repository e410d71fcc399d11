"""How customers and deals stand, in words for sellers: open balance by age, collections, risk of not renewing.

Nothing is stored here: what is open is asked of sync/open_items.py, how dunning goes of its records. Sellers are told
through sync/feedback.py, which sends only what changed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max

from sync import clock, disputed
from sync.disputed import Disputed
from sync.models import AllocationRecord, ContractRecord, DunningRecord, LegalEntity
from sync.money_text import money, plain
from sync.open_items import OpenItem

#: upper ends of the age classes, in days past due
AGES = (30, 60, 90)
#: a contract that ends within so many days is up for renewal
RENEWAL_AHEAD = timedelta(days=120)
#: debts older than this make a renewal doubtful
DOUBTFUL_AFTER = 30


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What standing is read from: invoices with something left or just touched, and tries to collect them."""

    items: Sequence[OpenItem]
    #: invoice reference -> latest word on collecting it
    dunning: dict[str, DunningRecord]
    #: invoice reference -> its dispute, while that is open or once it is lost
    disputed: dict[str, Disputed]
    #: invoice reference -> the last day money was applied to it
    paid_on: dict[str, date]
    #: entity id -> its business date
    today: dict[int, date]
    #: customer reference -> next end of one of its contracts, where that is near
    ends: dict[str, date]

    def days_overdue(self, item: OpenItem) -> int:
        return item.days_overdue(self.today[item.entity_id])


def read(items: Sequence[OpenItem]) -> Reading:
    """Everything else that standing needs, in a handful of queries."""
    references = [item.reference for item in items]
    rows = DunningRecord.objects.filter(invoice_reference__in=references)
    applied = AllocationRecord.objects.filter(invoice_reference__in=references).order_by().values("invoice_reference")
    entities = LegalEntity.objects.filter(pk__in={item.entity_id for item in items})
    today = {row.pk: clock.business_date(row) for row in entities}
    return Reading(
        items=items,
        dunning={row.invoice_reference: row for row in rows},
        disputed=disputed.of_invoices(references),
        paid_on=dict(applied.annotate(last=Max("applied_on")).values_list("invoice_reference", "last")),
        today=today,
        ends=_next_ends({item.customer_reference for item in items}, today=max(today.values(), default=date.min)),
    )


def of_contracts(reading: Reading, references: Collection[str]) -> Reading:
    """The same for the invoices of these contracts."""
    return replace(reading, items=[item for item in reading.items if item.contract_reference in references])


def of_customer(reading: Reading, reference: str) -> Reading:
    """The same for the invoices of one customer."""
    return replace(reading, items=[item for item in reading.items if item.customer_reference == reference])


# -- one deal ---------------------------------------------------------------------------------------------
def payment_status(reading: Reading) -> str:
    """Of all invoices of a deal: what is left to pay, or when the last money for it came."""
    left = [item for item in reading.items if item.left > 0]
    if not left and (in_dispute := _in_dispute(reading)):
        return in_dispute.payment_status
    if not left:
        days = [reading.paid_on[item.reference] for item in reading.items if item.reference in reading.paid_on]
        return f"Paid {max(days)}" if days else "Nothing to pay"
    if all(item.left == item.total for item in left):
        return f"Due {min(item.due_on for item in left)}"
    return f"Part paid, {_sums(left, lambda item: item.left)} open"


def collections(reading: Reading) -> str:
    """The collections indicator: the worst of what is open."""
    if in_dispute := _in_dispute(reading):
        return in_dispute.collections
    left = [item for item in reading.items if item.left > 0]
    if not left:
        return "None"
    failed = [row for item in left if (row := reading.dunning.get(item.reference))]
    if failed:
        worst = max(failed, key=lambda row: (row.next_try_on is None, row.failed_tries))
        tries = "once" if worst.failed_tries == 1 else f"{worst.failed_tries} times"
        then = f"next try {worst.next_try_on}" if worst.next_try_on else "no further try"
        return f"Payment failed {tries}, {then}"
    days = max(reading.days_overdue(item) for item in left)
    return f"Overdue {days} {'day' if days == 1 else 'days'}" if days else "Not due"


def _in_dispute(reading: Reading) -> Disputed | None:
    """The dispute that counts: one still open before one that was lost."""
    found = [reading.disputed[item.reference] for item in reading.items if item.reference in reading.disputed]
    return min(found, key=lambda one: one.is_lost, default=None)


# -- one customer -----------------------------------------------------------------------------------------
def balance(reading: Reading) -> str:
    """What is open, as a plain number, where it is all in one currency; empty where it is not."""
    currencies = {item.currency for item in reading.items if item.left}
    if len(currencies) > 1:
        return ""
    currency = next(iter(currencies), "USD")
    return plain(sum((item.left for item in reading.items), Decimal(0)), currency)


def ageing(reading: Reading) -> str:
    """What is open by age and currency: `Not due USD 1,200.00; 31-60 days USD 300.00`."""
    left = [item for item in reading.items if item.left]
    if not left:
        return "Nothing open"
    classes: dict[int, list[OpenItem]] = {}
    for item in left:
        days = reading.days_overdue(item)
        place = 0 if not days else 1 + sum(days > age for age in AGES)
        classes.setdefault(place, []).append(item)
    parts = [f"{_CLASS_NAMES[place]} {_sums(classes[place], lambda item: item.left)}" for place in sorted(classes)]
    return "; ".join(parts)


_CLASS_NAMES = (
    "Not due",
    f"1–{AGES[0]} days",
    *(f"{low + 1}–{high} days" for low, high in zip(AGES, AGES[1:], strict=False)),
    f"Over {AGES[-1]} days",
)


def renewal_risk(reading: Reading, *, customer_reference: str) -> str:
    """Whether a contract that ends soon is in doubt, and why; empty where none ends soon."""
    ends = reading.ends.get(customer_reference)
    if ends is None:
        return ""
    reasons = []
    late = [item for item in reading.items if reading.days_overdue(item) > DOUBTFUL_AFTER]
    if late:
        oldest = max(late, key=reading.days_overdue)
        reasons.append(f"{oldest.number} is {reading.days_overdue(oldest)} days overdue")
    if any(item.left > 0 and item.reference in reading.dunning for item in reading.items):
        reasons.append("a payment failed")
    level = ("Low", "Medium", "High")[min(len(reasons), 2)]
    return "; ".join([f"{level}, ends {ends}", *reasons])


def _next_ends(references: Collection[str], *, today: date) -> dict[str, date]:
    """The next end of a contract per customer, by each contract's newest version, where it is near."""
    newest: dict[str, tuple[str, date]] = {}
    rows = ContractRecord.objects.filter(customer_reference__in=references).order_by("version")
    for reference, customer, ends in rows.values_list("reference", "customer_reference", "ends_on"):
        newest[reference] = (customer, ends)
    near: dict[str, date] = {}
    for customer, ends in newest.values():
        if today <= ends <= today + RENEWAL_AHEAD:
            near[customer] = min(ends, near.get(customer, ends))
    return near


def _sums(items: Collection[OpenItem], of: Callable[[OpenItem], Decimal]) -> str:
    """Sums by currency, never across: `EUR 10.00, USD 5.00`."""
    sums: dict[str, Decimal] = {}
    for item in items:
        sums[item.currency] = sums.get(item.currency, Decimal(0)) + of(item)
    return ", ".join(money(total, currency) for currency, total in sorted(sums.items()))
