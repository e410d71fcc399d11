"""The records of the organisation: looked up by id and by indexed value, written with undo and with stamps."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.books import Books, Document
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.fields import Field, instant, parse_instant
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.objects import OBJECTS, ObjectType

BIN = ".deleted"
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Change:
    """What one write did to one record; `before` is None for a new one, `after` for a deleted one."""

    kind: str
    key: str
    before: Document | None
    after: Document | None


def folded(value: Any) -> Any:
    """Salesforce compares text without regard to case, in queries and in external ids."""
    return value.casefold() if isinstance(value, str) else value


class Records:
    """Live and deleted records over the books, with their indexes.

    A request is one transaction: `begin`, writes, `finish`. `mark` and `rollback` undo a part of it.
    Documents hold only fields with a value and are replaced, never edited, so undo is putting back the old one.
    """

    def __init__(self, books: Books) -> None:
        self.books = books
        self.user = ""
        #: ids nobody can write to now: someone else holds the row
        self.locked: frozenset[str] = frozenset()
        self.changes: list[Change] = []
        self._undo: list[tuple[str, str, Document | None, int]] = []
        self._stamp = datetime.fromtimestamp(0, UTC)
        self.load()

    # -- looking up -------------------------------------------------------------------------------
    def load(self) -> None:
        """Build all indexes from the books."""
        self._index: dict[tuple[str, str], dict[Any, dict[str, None]]] = {
            (kind.name, field.name): {} for kind in OBJECTS.values() for field in kind.indexed
        }
        self._indexed: dict[str, dict[str, tuple[Any, ...]]] = {name: {} for name in OBJECTS}
        self._stamps: dict[str, list[tuple[str, str]]] = {name: [] for name in OBJECTS}
        for kind in OBJECTS.values():
            for document in self.books.rows(kind.name):
                self._reindex(kind, document["Id"], sort=False)
            self._stamps[kind.name].sort()
            if self._stamps[kind.name]:
                self._stamp = max(self._stamp, parse_instant(self._stamps[kind.name][-1][0]))

    def get(self, kind: str, key: str) -> Document | None:
        return self.books.get(kind, key)

    def get_deleted(self, kind: str, key: str) -> Document | None:
        return self.books.get(kind + BIN, key)

    def rows(self, kind: str, *, deleted: bool = False) -> Iterator[Document]:
        """Live records, and with `deleted` those in the recycle bin after them."""
        yield from self.books.rows(kind)
        if deleted:
            yield from self.books.rows(kind + BIN)

    def is_indexed(self, kind: str, field: str) -> bool:
        return (kind, field) in self._index

    def ids_by(self, kind: str, field: str, value: Any) -> list[str]:
        """Ids of live records with this value in an indexed field."""
        return list(self._index[kind, field].get(folded(value), ()))

    def ids_between(self, kind: str, field: str, first: str, last: str) -> list[str]:
        """Ids of live records whose indexed date lies in [first, last]."""
        days = self._index[kind, field]
        return [key for day in sorted(day for day in days if first <= day <= last) for key in days[day]]

    def ids_stamped(self, kind: str, since: str, until: str = "9") -> Iterable[str]:
        """Ids of live records whose SystemModstamp lies in [since, until], oldest first."""
        stamps = self._stamps[kind]
        found: dict[str, None] = {}
        for place in range(bisect_left(stamps, (since, "")), len(stamps)):
            stamp, key = stamps[place]
            if stamp > until:
                break
            document = self.books.get(kind, key)
            if document is not None and document["SystemModstamp"] == stamp:
                found[key] = None
        return found

    # -- transactions -----------------------------------------------------------------------------
    def begin(self, *, user: str, locked: Iterable[str] = ()) -> None:
        """Open the transaction of one request; its writes share one stamp, later than any before."""
        self.user = user
        self.locked = frozenset(locked)
        self.changes = []
        self._undo = []
        self._advance()

    def finish(self) -> list[Change]:
        """Close the transaction; gives what it changed, in order."""
        changes, self.changes, self._undo = self.changes, [], []
        return changes

    def mark(self) -> int:
        return len(self._undo)

    def rollback(self, mark: int = 0) -> None:
        """Undo every write since the mark, and forget the changes it caused."""
        while len(self._undo) > mark:
            kind_name, key, before, changes = self._undo.pop()
            del self.changes[changes:]
            if before is None:
                self.books.delete(kind_name, key)
            else:
                self.books.put(kind_name, key, before)
            if not kind_name.endswith(BIN):
                self._reindex(OBJECTS[kind_name], key)

    def _advance(self) -> str:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._stamp = max(now, self._stamp + MILLISECOND)
        return instant(self._stamp)

    def stamp_after(self, before: Document | None) -> str:
        """The stamp of a write; two writes to one record never carry the same."""
        stamp = instant(self._stamp)
        return self._advance() if before and before["SystemModstamp"] >= stamp else stamp

    # -- writing ----------------------------------------------------------------------------------
    def new_id(self, kind: ObjectType) -> str:
        return make_id(kind.prefix, self.books.next_number(f"id:{kind.prefix}", 1_000_001))

    def refuse_locked(self, *keys: str | None) -> None:
        """Raises UNABLE_TO_LOCK_ROW when one of these records is held by somebody else."""
        for key in keys:
            if key in self.locked:
                raise SalesforceError(
                    "UNABLE_TO_LOCK_ROW",
                    f"unable to obtain exclusive access to this record or 1 records: {key}",
                )

    def save(self, kind: ObjectType, document: Document) -> Document:
        """Put a complete record; stamps it. The caller has checked everything."""
        key = document["Id"]
        before = self.books.get(kind.name, key)
        stamp = self.stamp_after(before)
        after = {name: value for name, value in document.items() if value is not None}
        after.update(SystemModstamp=stamp, LastModifiedDate=stamp, LastModifiedById=self.user)
        if before is None:
            after.update(CreatedDate=stamp, CreatedById=self.user)
        self._put(kind, key, after)
        self.changes.append(Change(kind.name, key, before, after))
        return after

    def remove(self, kind: ObjectType, document: Document) -> None:
        """Move a record to the recycle bin."""
        key = document["Id"]
        stamp = self.stamp_after(document)
        gone = {**document, "IsDeleted": True, "SystemModstamp": stamp, "LastModifiedDate": stamp}
        self._undo.append((kind.name + BIN, key, None, len(self.changes)))
        self.books.put(kind.name + BIN, key, gone)
        self._put(kind, key, None)
        self.changes.append(Change(kind.name, key, document, None))

    def _put(self, kind: ObjectType, key: str, document: Document | None) -> None:
        self._undo.append((kind.name, key, self.books.get(kind.name, key), len(self.changes)))
        if document is None:
            self.books.delete(kind.name, key)
        else:
            self.books.put(kind.name, key, document)
        self._reindex(kind, key)

    # -- indexes ----------------------------------------------------------------------------------
    def edited(self, kind_name: str, key: str) -> None:
        """A record was changed in the books directly: make the indexes say so."""
        if kind_name in OBJECTS:
            self._reindex(OBJECTS[kind_name], key)

    def _reindex(self, kind: ObjectType, key: str, *, sort: bool = True) -> None:
        document = self.books.get(kind.name, key)
        indexed = self._indexed[kind.name]
        old = indexed.get(key)
        new = tuple(folded(document.get(field.name)) for field in kind.indexed) if document is not None else None
        if old != new:
            for place, field in enumerate(kind.indexed):
                self._move(kind, field, key, old[place] if old else None, new[place] if new else None)
            if new is None:
                del indexed[key]
            else:
                indexed[key] = new
        if document is not None:
            self._note_stamp(kind.name, document["SystemModstamp"], key, sort=sort)

    def _move(self, kind: ObjectType, field: Field, key: str, old: Any, new: Any) -> None:
        if old == new:
            return
        index = self._index[kind.name, field.name]
        if old is not None:
            index[old].pop(key, None)
            if not index[old]:
                del index[old]
        if new is not None:
            index.setdefault(new, {})[key] = None

    def _note_stamp(self, kind: str, stamp: str, key: str, *, sort: bool) -> None:
        stamps = self._stamps[kind]
        if sort and stamps and (stamp, key) < stamps[-1]:
            insort(stamps, (stamp, key))
        else:
            stamps.append((stamp, key))
        # Entries of replaced versions stay until they are most of the list.
        if sort and len(stamps) > 1000 + 4 * len(self._indexed[kind]):
            stamps[:] = sorted((row["SystemModstamp"], row["Id"]) for row in self.books.rows(kind))
