"""Exchange rates by policy, and what currencies lead to: figures in the company's own money, differences at settlement.

IAS 21.21 and ASC 830-20-30-1: an item enters the books at the rate of its day; IAS 21.28: what it is worth otherwise
when it is settled is gain or loss of that day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connectors.money import minor_units
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import ExchangeRate, LegalEntity

#: how far back a rate may be taken from, whatever the policy says
LONGEST_FALL_BACK = 3
SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate as it was used: functional units for one unit of the document's currency, and where it comes from."""

    rate: Decimal
    rate_type: str
    source: str
    as_of: date


class RateTable:
    """Approved rates of the day."""

    def __init__(self, rows: Iterable[ExchangeRate]) -> None:
        self._rows: dict[tuple[str, str, str], list[ExchangeRate]] = {}
        for row in rows:
            self._rows.setdefault((row.rate_type, row.from_currency, row.to_currency), []).append(row)

    @classmethod
    def read(cls, currencies: set[str], *, since: date, until: date) -> "RateTable":
        """Rates out of these currencies that may be asked for on these days, both included."""
        rows = ExchangeRate.objects.filter(
            status="approved",
            from_currency__in=currencies,
            valid_from__range=(since - timedelta(days=LONGEST_FALL_BACK), until),
        )
        return cls(rows)

    def find(self, currency: str, *, entity: LegalEntity, on: date, rate_type: str = "spot") -> Rate | None:
        """The rate into the company's own money on a day; nothing where the document is in that money already.

        Raises StepError FX_RATE_MISSING: a rate is never taken from elsewhere, and an earlier business day's only where
        the company's policy says so, at most three days back.
        """
        own = entity.functional_currency
        if currency == own:
            return None
        rows = self._rows.get((rate_type, currency, own), [])
        for day in days_allowed(on, back=entity.rate_fall_back_days):
            row = in_force(rows, on=day)
            if row is not None:
                return Rate(rate=row.rate, rate_type=row.rate_type, source=row.source, as_of=row.as_of)
        raise StepError(
            "FX_RATE_MISSING",
            field="Exchange rate",
            value=f"{currency} in {own} on {on}",
            evidence={"rate type": rate_type, "company": entity.code, "days back": entity.rate_fall_back_days},
        )


def days_allowed(on: date, *, back: int) -> list[date]:
    """The day itself, and the business days before it within so many calendar days, nearest first."""
    earlier = (on - timedelta(days=n) for n in range(1, min(back, LONGEST_FALL_BACK) + 1))
    return [on, *(day for day in earlier if day.weekday() < SATURDAY)]


def converted(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """An amount in another currency, to its minor unit, halves away from zero."""
    unit = Decimal(1).scaleb(-minor_units(currency))
    return (amount * rate).quantize(unit, rounding=ROUND_HALF_UP)


def realised(
    total: Decimal, parts: Sequence[tuple[Decimal, Decimal]], *, entered_at: Decimal, currency: str
) -> list[Decimal]:
    """Gain (above zero) or loss of each settlement of a receivable, in the company's own money.

    `parts` are (amount settled, rate of its day). The receivable leaves the books with what it entered them with, pro
    rata of what was settled so far, so that after the last part exactly nothing of it is left, however often it was
    rounded.
    """
    entered = converted(total, entered_at, currency)
    found, settled, left_so_far = [], Decimal(0), Decimal(0)
    for amount, rate in parts:
        settled += amount
        leaves = converted(entered, settled / total, currency) - left_so_far if total else Decimal(0)
        left_so_far += leaves
        found.append(converted(amount, rate, currency) - leaves)
    return found
