"""Documents of one customer that come to the same sum on both sides: one to many, many to one, many to many.

A group is balanced where the left documents in it come to the right ones, and to something; it is smallest where no
part of it is balanced by itself. A smallest group is certain where none of its documents fits into another one; what is
not certain is suggested, never matched.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from math import comb

#: most combinations tried for one customer and currency; larger sets are tried in smaller groups
MOST_TRIED = 200_000


@dataclass(frozen=True, kw_only=True, order=True)
class Document:
    """One document without a counterpart; amounts signed, in one currency."""

    day: date
    reference: str
    is_left: bool
    gross: Decimal


@dataclass(frozen=True, kw_only=True)
class Group:
    """Documents that come to nothing when the right side is taken from the left."""

    documents: tuple[Document, ...]
    is_certain: bool


def groups(documents: Sequence[Document], *, size: int, days: int) -> list[Group]:
    """Every certain group, and of the others a choice without overlap: small ones first, then close in time.

    At most `size` documents each, dated at most `days` days from the first to the last; and where all that is left
    then comes to the same sum, that as well, however many documents it has.
    """
    found = smallest(documents, size=size, days=days)
    uses = Counter(document for group in found for document in group)
    chosen: list[Group] = []
    taken: set[Document] = set()
    for group in sorted(found, key=lambda one: (len(one), one[-1].day - one[0].day, one)):
        certain = all(uses[document] == 1 for document in group)
        if taken.isdisjoint(group):
            taken.update(group)
            chosen.append(Group(documents=group, is_certain=certain))
    rest = tuple(sorted(set(documents) - taken))
    # larger than any group that is looked for: all that is left of a customer, once put before people
    if len(rest) > size and _is_balanced(rest) and rest[-1].day - rest[0].day <= timedelta(days=days):
        chosen.append(Group(documents=rest, is_certain=False))
    return chosen


def smallest(documents: Sequence[Document], *, size: int, days: int) -> list[tuple[Document, ...]]:
    """All smallest balanced groups; every group in the order of its documents."""
    rows = sorted(documents)
    found: list[tuple[Document, ...]] = []
    kept: list[frozenset[Document]] = []
    for count in range(2, _affordable(rows, size=size, days=days) + 1):
        # what was found with fewer documents is no part of a smallest group
        for group in _of(rows, count, days=days):
            if _is_balanced(group) and not any(one < set(group) for one in kept):
                found.append(group)
        kept = [frozenset(group) for group in found]
    return found


def _of(rows: Sequence[Document], count: int, *, days: int) -> Iterator[tuple[Document, ...]]:
    for place, first in enumerate(rows):
        for others in combinations(_near(rows, place, days=days), count - 1):
            yield first, *others


def _near(rows: Sequence[Document], place: int, *, days: int) -> list[Document]:
    last = rows[place].day + timedelta(days=days)
    return [row for row in rows[place + 1 :] if row.day <= last]


def _is_balanced(group: Sequence[Document]) -> bool:
    left = sum((one.gross for one in group if one.is_left), Decimal(0))
    right = sum((one.gross for one in group if not one.is_left), Decimal(0))
    return left == right != 0


def _affordable(rows: Sequence[Document], *, size: int, days: int) -> int:
    """How many documents a group may have so that trying them all stays bounded."""
    tried, widths = 0, [len(_near(rows, place, days=days)) for place in range(len(rows))]
    for count in range(2, size + 1):
        tried += sum(comb(width, count - 1) for width in widths)
        if tried > MOST_TRIED:
            return count - 1
    return size
