"""Indexes over the books and the lists, filters and searches Stripe answers from them, newest first."""

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.params import Params

Entry = tuple[int, str]

#: fields each kind can be listed by without reading every document; a leading underscore is internal
INDEXED = {
    "customer": ("email", "test_clock", "invoice_prefix"),
    "price": ("product", "lookup_key"),
    "subscription": ("customer", "test_clock"),
    "subscription_schedule": ("customer",),
    "invoice": ("customer", "_subscription"),
    "invoiceitem": ("customer", "invoice", "_subscription"),
    "invoice_payment": ("invoice", "_payment_intent"),
    "payment_intent": ("customer",),
    "charge": ("customer", "payment_intent"),
    "balance_transaction": ("source", "_payout", "_unpaid"),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "credit_note": ("invoice", "customer"),
    "billing.meter_event": ("_slot", "identifier"),
    "event": ("type",),
    "_idempotency": ("_none",),
}
PAGING = ("limit", "starting_after", "ending_before")


class Index:
    """Sorted (created, id) pairs per kind and per indexed value."""

    def __init__(self) -> None:
        self._all: dict[str, list[Entry]] = {}
        self._by: dict[tuple[str, str, Any], list[Entry]] = {}
        self._known: dict[tuple[str, str], tuple[Entry, tuple[Any, ...]]] = {}

    def put(self, kind: str, document: Document) -> None:
        fields = INDEXED.get(kind, ())
        # Events sort as they were written: test clocks date them out of order, and pollers go by cursor.
        entry = (0 if kind == "event" else document["created"], document["id"])
        values = tuple(document.get(field) for field in fields)
        known = self._known.get((kind, document["id"]))
        if known == (entry, values):
            return
        if known:
            self.drop(kind, document["id"])
        self._known[kind, document["id"]] = (entry, values)
        insort(self._all.setdefault(kind, []), entry)
        for field, value in zip(fields, values, strict=True):
            if value is not None:
                insort(self._by.setdefault((kind, field, value), []), entry)

    def drop(self, kind: str, key: str) -> None:
        known = self._known.pop((kind, key), None)
        if known is None:
            return
        entry, values = known
        _remove(self._all[kind], entry)
        for field, value in zip(INDEXED.get(kind, ()), values, strict=True):
            if value is not None:
                _remove(self._by[kind, field, value], entry)

    def entries(self, kind: str, field: str | None = None, value: Any = None) -> list[Entry]:
        """Oldest first; the live list, not to be changed."""
        return self._all.get(kind, []) if field is None else self._by.get((kind, field, value), [])


def _remove(entries: list[Entry], entry: Entry) -> None:
    place = bisect_left(entries, entry)
    if place < len(entries) and entries[place] == entry:
        del entries[place]


def page(
    entries: list[Entry],
    read: Callable[[str], Document],
    params: Params,
    *,
    keep: Callable[[Document], bool] | None = None,
    cursor: Callable[[str, str], Entry],
    span: tuple[int | None, int | None] | None = None,
) -> tuple[list[Document], bool]:
    """One page of documents, newest first, and whether there are more in the direction of travel."""
    limit = params.integer("limit", 10, least=1) or 10
    if limit > 100:
        raise StripeError(
            "This value must be less than or equal to 100.", code="parameter_invalid_integer", param="limit"
        )
    after, before = params.text("starting_after"), params.text("ending_before")
    if after and before:
        raise StripeError("You can only specify one of these parameters: starting_after, ending_before.")
    start, end = span if span is not None else params.span("created")
    low = bisect_left(entries, (start, "")) if start is not None else 0
    high = bisect_left(entries, (end, "")) if end is not None else len(entries)
    if after:
        high = min(high, bisect_left(entries, cursor("starting_after", after)))
    if before:
        low = max(low, bisect_right(entries, cursor("ending_before", before)))
    places = range(low, high) if before else range(high - 1, low - 1, -1)
    found: list[Document] = []
    for place in places:
        document = read(entries[place][1])
        if keep is not None and not keep(document):
            continue
        if len(found) == limit:
            return (found[::-1] if before else found), True
        found.append(document)
    return (found[::-1] if before else found), False


_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_.]+)(?:\[["'](?P<key>[^"']*)["']\])?\s*(?P<op>:|~|>=|<=|>|<)\s*"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[\w.-]+))\s*""",
    re.VERBOSE,
)


def matcher(query: str) -> Callable[[Document], bool]:
    """A predicate for Stripe's search language: clauses joined by AND or by OR (never both), `-` negates."""
    clauses: list[Callable[[Document], bool]] = []
    joins: set[str] = set()
    rest = query
    while True:
        match = _CLAUSE.match(rest)
        if match is None:
            raise StripeError(f"We were unable to parse your search query: {query}", param="query")
        clauses.append(_clause(match))
        rest = rest[match.end() :]
        if not rest:
            break
        join = re.match(r"(AND|OR)\s+", rest, re.IGNORECASE)
        if join:
            joins.add(join.group(1).upper())
            rest = rest[join.end() :]
        else:
            joins.add("AND")
    if len(joins) > 1:
        raise StripeError("You can't combine AND and OR in one search query.", param="query")
    together = any if joins == {"OR"} else all
    return lambda document: together(clause(document) for clause in clauses)


def _clause(match: re.Match[str]) -> Callable[[Document], bool]:
    wanted = next((match[name] for name in ("double", "single", "bare") if match[name] is not None), "")
    wanted = re.sub(r"\\(.)", r"\1", wanted)
    field, key, operator, negated = match["field"], match["key"], match["op"], bool(match["not"])

    def holds(document: Document) -> bool:
        value: Any = document.get(field)
        if key is not None:
            value = (value or {}).get(key)
        if value is None or wanted == "null":
            hit = value is None and wanted == "null"
        elif operator == ":":
            hit = str(value).lower() == wanted.lower()
        elif operator == "~":
            hit = wanted.lower() in str(value).lower()
        else:
            left, right = int(value), int(wanted)
            hit = {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator]
        return hit != negated

    return holds


def newest(entries: list[Entry]) -> Iterator[str]:
    """Ids, newest first."""
    return (key for _, key in reversed(entries))
