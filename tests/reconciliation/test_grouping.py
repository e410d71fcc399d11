"""One to many, many to one, many to many: held against a matcher that tries every set there is."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.matches.grouping import Document, Group, groups, smallest

DAY = date(2026, 5, 4)


def left(name: str, amount: str, day: int = 0) -> Document:
    return Document(day=DAY + timedelta(days=day), reference=name, is_left=True, gross=Decimal(amount))


def right(name: str, amount: str, day: int = 0) -> Document:
    return Document(day=DAY + timedelta(days=day), reference=name, is_left=False, gross=Decimal(amount))


def names(found: Sequence[Group], *, certain: bool = True) -> list[str]:
    rows = (group for group in found if group.is_certain == certain)
    return sorted("".join(sorted(one.reference for one in group.documents)) for group in rows)


def test_one_to_many_many_to_one_and_many_to_many() -> None:
    assert names(groups([left("a", "100"), right("b", "60"), right("c", "40")], size=6, days=0)) == ["abc"]
    assert names(groups([left("a", "60"), left("b", "40"), right("c", "100")], size=6, days=0)) == ["abc"]
    found = groups([left("a", "70"), left("b", "30"), right("c", "55"), right("d", "45")], size=6, days=0)
    assert names(found) == ["abcd"]


def test_two_pairs_are_two_groups_and_not_one_of_four() -> None:
    rows = [left("a", "70"), left("b", "30"), right("c", "70"), right("d", "30")]
    assert names(groups(rows, size=6, days=0)) == ["ac", "bd"]


def test_what_fits_two_ways_is_not_certain() -> None:
    rows = [left("a", "100"), right("b", "60"), right("c", "40"), right("d", "40")]
    found = groups(rows, size=6, days=0)
    assert names(found) == [] and names(found, certain=False) == ["abc"]


def test_credits_count_with_their_sign() -> None:
    rows = [left("a", "100"), left("b", "-20"), right("c", "80")]
    assert names(groups(rows, size=6, days=0)) == ["abc"]
    # a document and its reversal on one side come to nothing, and are no match of anything
    assert groups([left("a", "100"), left("b", "-100"), right("c", "5")], size=6, days=0) == []


def test_days_bound_a_group_and_the_size_does() -> None:
    rows = [left("a", "100"), right("b", "60", 2), right("c", "40", 3)]
    assert groups(rows, size=6, days=2) == [] and names(groups(rows, size=6, days=3)) == ["abc"]
    many = [left("a", "9"), *(right(name, "3") for name in "bcd")]
    assert names(groups(many, size=4, days=0)) == ["abcd"]


def test_all_that_is_left_of_a_customer_is_suggested_whole() -> None:
    rows = [left("a", "45"), *(right(str(n), str(n)) for n in range(1, 10))]
    found = groups(rows, size=3, days=0)
    # no three of them come to 45; all nine do
    assert names(found) == [] and names(found, certain=False) == ["123456789a"]


def test_many_documents_are_tried_within_bounds() -> None:
    rows = [left(f"l{n}", f"{n}.01") for n in range(300)] + [right(f"r{n}", f"{n}.02") for n in range(300)]
    # the same number of documents on both sides never differs by a multiple of nothing: no group, and an answer soon
    assert all(len(group) <= 3 for group in smallest(rows, size=6, days=0))


# -- against trying everything ------------------------------------------------------------------------
def every_set(rows: Sequence[Document], size: int) -> list[frozenset[Document]]:
    return [frozenset(some) for some in chain.from_iterable(combinations(rows, n) for n in range(2, size + 1))]


def by_brute_force(rows: Sequence[Document], *, size: int, days: int) -> set[frozenset[Document]]:
    """The definition, word by word, with nothing left out to be faster."""

    def comes_to_the_same(some: frozenset[Document]) -> bool:
        sums = [sum((one.gross for one in some if one.is_left == side), Decimal(0)) for side in (True, False)]
        dates = [one.day for one in some]
        return sums[0] == sums[1] and sums[0] != 0 and (max(dates) - min(dates)).days <= days

    balanced = [some for some in every_set(rows, size) if comes_to_the_same(some)]
    return {some for some in balanced if not any(other < some for other in balanced)}


documents = st.lists(
    st.tuples(st.booleans(), st.integers(-3, 6).filter(bool), st.integers(0, 3)), min_size=2, max_size=9
).map(
    lambda rows: [
        Document(day=DAY + timedelta(days=day), reference=f"d{place}", is_left=side, gross=Decimal(amount))
        for place, (side, amount, day) in enumerate(rows)
    ]
)


@settings(max_examples=400, deadline=None)
@given(rows=documents, size=st.integers(2, 6), days=st.integers(0, 3))
def test_the_smallest_groups_are_those_that_trying_everything_finds(rows: list[Document], size: int, days: int) -> None:
    truth = by_brute_force(rows, size=size, days=days)
    assert {frozenset(group) for group in smallest(rows, size=size, days=days)} == truth
    found = groups(rows, size=size, days=days)
    # certain: no other group wants any of its documents; and all of those are found
    certain = {one for one in truth if not any(one & other for other in truth - {one})}
    assert {frozenset(group.documents) for group in found if group.is_certain} == certain
    # nothing is promised twice
    used = [document for group in found for document in group.documents]
    assert len(used) == len(set(used))
