"""Listing: customers that seem to be there twice, so that one company's debts stand under two names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.teams import Team
from sync.models import CustomerRecord, LegalEntity


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each customer beside an older one with its tax number, or with its name at its address. A parent and its
    subsidiaries, and subsidiaries of one parent, may share a tax number.
    """
    rows = CustomerRecord.objects.filter(legal_entity=entity).order_by("pk")
    found: dict[str, Finding] = {}
    for words, alike in (("tax number", _by_tax_number(rows)), ("name and address", _by_name(rows))):
        for first, *others in alike:
            for one in others:
                if words == "name and address" or not _are_family(first, one):
                    found.setdefault(one.reference, _finding(one, first, words))
    return list(found.values())


def _by_tax_number(rows: Iterable[CustomerRecord]) -> Iterator[list[CustomerRecord]]:
    return _alike(rows, lambda row: (_plain(row.tax_id),))


def _by_name(rows: Iterable[CustomerRecord]) -> Iterator[list[CustomerRecord]]:
    parts = ("country", "postal_code", "street")
    return _alike(rows, lambda row: (_plain(row.name), *(_plain(row.address.get(part)) for part in parts)))


def _alike(
    rows: Iterable[CustomerRecord], key: Callable[[CustomerRecord], tuple[str, ...]]
) -> Iterator[list[CustomerRecord]]:
    groups: dict[tuple[str, ...], list[CustomerRecord]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return (several for name, several in groups.items() if len(several) > 1 and all(name))


def _plain(text: object) -> str:
    """Letters and digits alone: how a number or a name is typed makes no other company of it."""
    return re.sub(r"[\W_]", "", str(text or "")).casefold()


def _are_family(one: CustomerRecord, other: CustomerRecord) -> bool:
    parents = {one.parent_reference, other.parent_reference} - {""}
    return bool(parents & {one.reference, other.reference}) or (
        len(parents) == 1 and bool(one.parent_reference and other.parent_reference)
    )


def _finding(row: CustomerRecord, first: CustomerRecord, words: str) -> Finding:
    return Finding(
        reference=f"twice:{row.reference}"[:120],
        kind="CUSTOMER_TWICE",
        label=row.name,
        cause=f"{first.name} has the same {words}",
        customer=row.name,
    )


CUSTOMERS_ONCE = Control(
    name="customers_once",
    title="Every customer is there once",
    leg="",
    kind="customer",
    left_role="portal",
    left_kind="customer",
    right_role="portal",
    right_kind="customer",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="As they stand",
    assertion="Existence",
    owner=Team.SALES_OPS,
    is_key=False,
    lists=findings,
)
