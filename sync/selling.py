"""Which of our companies sells: the signed contract says it; else account, hierarchy and country, by approved rules."""

from collections.abc import Iterable, Mapping
from datetime import date

from sync.mappings import in_force
from sync.models import CustomerRecord, EntityMapping

Basis = EntityMapping.Basis
#: parents above a customer that are looked at; deeper hierarchies do not exist in practice
TALLEST = 10


class SellingRules:
    """The approved rules, by what they go by."""

    def __init__(self, rows: Iterable[EntityMapping]) -> None:
        self._rows: dict[tuple[str, str], list[EntityMapping]] = {}
        for row in rows:
            self._rows.setdefault((row.basis, row.key or row.country), []).append(row)

    def by(self, basis: str, key: str, *, on: date) -> EntityMapping | None:
        """The rule of one kind that is in force on a day."""
        return in_force(self._rows.get((basis, key), ()), on=on) if key else None

    def of_customer(self, reference: str, *, parents: Iterable[str], country: str, on: date) -> EntityMapping | None:
        """Who serves a customer: its own rule, else the nearest one of its hierarchy, else its country's, else `*`."""
        own = self.by(Basis.ACCOUNT, reference, on=on)
        if own:
            return own
        for above in (reference, *parents):
            found = self.by(Basis.HIERARCHY, above, on=on)
            if found:
                return found
        return self.by(Basis.COUNTRY, country, on=on) or self.by(Basis.COUNTRY, "*", on=on)


def parents_of(reference: str, customers: Mapping[str, CustomerRecord]) -> list[str]:
    """References above a customer, nearest first; a circle ends where it began."""
    found: list[str] = []
    row = customers.get(reference)
    while row is not None and row.parent_reference and row.parent_reference not in found and len(found) < TALLEST:
        found.append(row.parent_reference)
        row = customers.get(row.parent_reference)
    return found
