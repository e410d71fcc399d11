"""Parts of a schedule as they are kept."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sync.models import RevenueScheduleRecord
from sync.revenue.arithmetic import Part


def as_data(parts: Iterable[Part]) -> list[dict[str, str]]:
    """Dates as ISO 8601, amounts as text; what is earned at an end says so."""
    return [
        {
            "starts_on": part.starts_on.isoformat(),
            "ends_on": part.ends_on.isoformat(),
            "amount": format(part.amount, "f"),
            **({"earned": "at the end"} if part.is_remainder else {}),
        }
        for part in parts
    ]


def parts_of(row: RevenueScheduleRecord) -> list[Part]:
    return [
        Part(
            starts_on=date.fromisoformat(part["starts_on"]),
            ends_on=date.fromisoformat(part["ends_on"]),
            amount=Decimal(part["amount"]),
            is_remainder="earned" in part,
        )
        for part in row.parts
    ]
