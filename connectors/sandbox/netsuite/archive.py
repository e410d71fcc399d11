"""Records at rest: in the books, findable by external id and number, mirrored into SuiteQL's tables and the trail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.sandbox.books import Books, Document
from connectors.sandbox.netsuite.fields import ALIASES, RECORDS, TRANSACTIONS
from connectors.sandbox.netsuite.tables import Tables

#: fields a save works out by itself: no line in the trail
DERIVED = frozenset(
    "lastModifiedDate createdDate dateCreated status amountPaid amountRemaining applied unapplied balance pending"
    " subtotal statusCode posts recognizedRevenue deferredRevenue revenueStatus transactionNumber".split()
)


@dataclass(frozen=True)
class Author:
    """Who changes something and by which door: "REST Web Services" or "UI"."""

    name: str
    role: str = "full"
    context: str = "REST Web Services"


#: a person at the vendor's own screens, whose name nobody tells the sandbox
AT_THE_SCREEN = Author("UI user", context="UI")
THE_SYSTEM = Author("-System-", context="System")


def stamp() -> str:
    """Machine time as NetSuite writes it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Archive:
    """The only writer of records. A document is never changed in place: a save puts a new one."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.tables = Tables()
        self._external: dict[tuple[str, str], str] = {}
        self._numbers: dict[tuple[str, str], str] = {}
        #: every record as last saved through the sandbox, to notice edits behind its back
        self.images: dict[tuple[str, str], Document] = {}

    def load(self) -> None:
        """Build indexes and SQL tables again from the books, as after a start or a reset."""
        self.tables.clear()
        self._external.clear()
        self._numbers.clear()
        self.images.clear()
        with self.tables.at_once():
            for kind in RECORDS:
                for document in self.books.rows(kind):
                    self._index(kind, document)
                    self._mirror(kind, document)
            for note in self.books.rows("systemnote"):
                self.tables.note(note)
            for gone in self.books.rows("deletedrecord"):
                self.tables.gone(gone)

    # -- finding ----------------------------------------------------------------------------------
    def get(self, kind: str, key: str) -> Document | None:
        """The document with this internal id; `item` and `transaction` look through all their types."""
        for member in ALIASES.get(kind, (kind,)):
            if (document := self.books.get(member, key)) is not None:
                return document
        return None

    def kind_of(self, kind: str, key: str) -> str:
        """The true record type behind an alias."""
        return next((member for member in ALIASES.get(kind, (kind,)) if self.books.get(member, key)), kind)

    def by_external(self, kind: str, external_id: str) -> Document | None:
        for member in ALIASES.get(kind, (kind,)):
            if (key := self._external.get((member, external_id))) is not None:
                return self.books.get(member, key)
        return None

    def by_number(self, kind: str, number: str) -> Document | None:
        key = self._numbers.get((kind, number))
        return self.books.get(kind, key) if key is not None else None

    def find(self, kind: str, key: str) -> Document | None:
        """By internal id, or by external id when the key reads eid:KEY."""
        return self.by_external(kind, key[4:]) if key.startswith("eid:") else self.get(kind, key)

    def rows(self, kind: str) -> Iterator[Document]:
        for member in ALIASES.get(kind, (kind,)):
            yield from self.books.rows(member)

    def named(self, kind: str, key: str) -> str:
        """What a person reads instead of the id."""
        document = self.get(kind, key)
        if document is None:
            return ""
        kind = self.kind_of(kind, key)
        for name in ("acctName", "companyName", "displayName", "symbol", "periodName", "name", "itemId"):
            if document.get(name):
                return str(document[name])
        number = str(document.get(RECORDS[kind].number, key))
        return f"{RECORDS[kind].label} #{number}" if RECORDS[kind].sql_type else number

    # -- writing ----------------------------------------------------------------------------------
    def new_id(self, kind: str) -> str:
        return str(self.books.next_number(RECORDS[kind].series, RECORDS[kind].first_id))

    def save(self, kind: str, document: Document, *, author: Author, quietly: bool = False) -> Document:
        """Put a record, index it, mirror it and note what changed (not when `quietly`)."""
        old = self.images.get((kind, document["id"]))
        now = stamp()
        born = {"customer": "dateCreated"}.get(kind, "createdDate")
        if born in RECORDS[kind].fields:
            document[born] = (old or document).get(born) or now
        if "lastModifiedDate" in RECORDS[kind].fields:
            document["lastModifiedDate"] = now
        if old is not None:
            self._unindex(kind, old)
        self.books.put(kind, document["id"], document)
        self._index(kind, document)
        self._mirror(kind, document)
        if not quietly:
            self._note_changes(kind, old, document, author)
        return document

    def post(self, key: str, lines: list[Document]) -> None:
        """Write the ledger lines of one transaction; no lines takes it out of the ledger."""
        if lines:
            self.books.put("ledger", key, {"id": key, "lines": lines})
        elif self.books.get("ledger", key):
            self.books.delete("ledger", key)

    def settle(self, kind: str, document: Document) -> None:
        """Put new amounts paid and a new status only: the ledger lines and the trail do not move."""
        document["lastModifiedDate"] = stamp()
        self.books.put(kind, document["id"], document)
        self.images[kind, document["id"]] = document
        self.tables.settle(kind, document)

    def remove(self, kind: str, key: str, *, author: Author) -> None:
        """Take a record out of the books and list it among the deleted ones."""
        old = self.images[kind, key]
        name = self.named(kind, key) or str(old.get(RECORDS[kind].number, key))
        self.books.delete(kind, key)
        self.books.delete("ledger", key)
        self._unindex(kind, old)
        del self.images[kind, key]
        self.tables.drop(kind, key)
        gone: Document = {
            "id": str(self.books.next_number("deletedrecord")),
            "recordid": key,
            "type": kind,
            "name": name,
            "deleteddate": stamp(),
            "deletedby": author.name,
            "context": author.context,
            "istransaction": kind in TRANSACTIONS,
        }
        self.books.put("deletedrecord", gone["id"], gone)
        self.tables.gone(gone)
        self._note(kind, key, author, kind_of_note="Delete", field="", old=name, new="")

    def _index(self, kind: str, document: Document) -> None:
        self.images[kind, document["id"]] = document
        if document.get("externalId"):
            self._external[kind, document["externalId"]] = document["id"]
        if document.get(RECORDS[kind].number):
            self._numbers.setdefault((kind, document[RECORDS[kind].number]), document["id"])

    def _unindex(self, kind: str, document: Document) -> None:
        key = document["id"]
        if self._external.get((kind, document.get("externalId", ""))) == key:
            del self._external[kind, document["externalId"]]
        if self._numbers.get((kind, document.get(RECORDS[kind].number, ""))) == key:
            del self._numbers[kind, document[RECORDS[kind].number]]

    def _mirror(self, kind: str, document: Document) -> None:
        ledger = self.books.get("ledger", document["id"]) if kind in TRANSACTIONS else None
        self.tables.write(kind, document, lines=ledger["lines"] if ledger else [])

    # -- the trail --------------------------------------------------------------------------------
    def _note_changes(self, kind: str, old: Document | None, new: Document, author: Author) -> None:
        if old is None:
            if author != THE_SYSTEM:
                self._note(kind, new["id"], author, kind_of_note="Create", field="", old="", new="")
            return
        before, after = flat(kind, old), flat(kind, new)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name, "") != after.get(name, ""):
                self._note(
                    kind,
                    new["id"],
                    author,
                    kind_of_note="Change" if name in before else "Set",
                    field=name,
                    old=before.get(name, ""),
                    new=after.get(name, ""),
                )

    def _note(self, kind: str, key: str, author: Author, *, kind_of_note: str, field: str, old: str, new: str) -> None:
        note: Document = {
            "id": str(self.books.next_number("systemnote")),
            "recordtype": kind,
            "recordid": key,
            "field": field,
            "oldvalue": old,
            "newvalue": new,
            "name": author.name,
            "role": author.role,
            "date": stamp(),
            "context": author.context,
            "type": kind_of_note,
        }
        self.books.put("systemnote", note["id"], note)
        self.tables.note(note)


def flat(kind: str, document: Document) -> dict[str, str]:
    """A record as field -> text, lines as sublist[key].field: what the trail compares."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if name in DERIVED or name == "id" or value is None:
            continue
        if name in RECORDS[kind].lines:
            key = RECORDS[kind].lines[name].key
            for line in value["items"]:
                mark = _text(line.get(key))
                found.update(
                    {f"{name}[{mark}].{field}": _text(content) for field, content in line.items() if field != key}
                )
        else:
            found[name] = _text(value)
    return found


def _text(value: object) -> str:
    if isinstance(value, dict) and "id" in value:
        return str(value["id"])
    if isinstance(value, bool):
        return "T" if value else "F"
    return "" if value is None else str(value)
