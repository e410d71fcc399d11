"""The record API: what POST, GET, PATCH, PUT and DELETE do to a record, its collection and its sublists."""

from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive, Author
from connectors.sandbox.netsuite.fields import ALIASES, RECORDS, TRANSACTIONS, is_custom
from connectors.sandbox.netsuite.plain import Plain
from connectors.sandbox.netsuite.query import compile_filter
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.sublists import take_lines
from connectors.sandbox.netsuite.transactions import Transactions
from connectors.sandbox.netsuite.values import kept_open, read_body, show_lines, show_record, take

PATH = "/services/rest/record/v1"
#: target -> {source -> the field of the source that pays or bills}
TRANSFORMS = {("salesOrder", "invoice"), ("invoice", "creditMemo"), ("invoice", "customerPayment")}
_COPIED = (
    "entity",
    "subsidiary",
    "currency",
    "exchangeRate",
    "department",
    "class",
    "location",
    "memo",
    "terms",
    "otherRefNum",
)


@dataclass
class Ask:
    """One request to the record API; header names in lower case, path parts decoded."""

    method: str
    parts: list[str]
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = ""
    author: Author = field(default_factory=lambda: Author("unknown"))


Answer = tuple[int, dict[str, str], Any]


class Records:
    """Answers asks. A Refusal leaves the books as they were."""

    def __init__(self, archive: Archive, transactions: Transactions, plain: Plain) -> None:
        self.archive = archive
        self.transactions = transactions
        self.plain = plain

    def perform(self, ask: Ask) -> Answer:
        """The answer to one ask. Raises Refusal."""
        kind, *rest = ask.parts
        if kind not in RECORDS and not (kind in ALIASES and ask.method == "GET"):
            raise Refusal("no_such_type", record=kind)
        if ask.method != "GET":
            self._refuse_write(kind, ask)
        match ask.method, rest:
            case "GET", []:
                return self._list(kind, ask)
            case "POST", []:
                return self._create(kind, read_body(ask.body), ask)
            case "POST", [key, transform, target] if transform == "!transform":
                return self._transform(kind, key, target, ask)
            case "GET", [key]:
                document = self._existing(kind, key)
                return self._show(self.archive.kind_of(kind, document["id"]), document, ask)
            case "GET", [key, name, *line]:
                return self._sublist(kind, self._existing(kind, key), name, line, ask)
            case "PUT", [key] if key.startswith("eid:"):
                return self._upsert(kind, key, ask)
            case (("PATCH" | "PUT"), [key]):
                self._change(kind, self._existing(kind, key), read_body(ask.body), ask)
                return 204, {}, None
            case "DELETE", [key]:
                self._delete(kind, self._existing(kind, key), ask)
                return 204, {}, None
        raise Refusal("kept_by_the_system", method=ask.method, record=kind)

    def _refuse_write(self, kind: str, ask: Ask) -> None:
        if ask.author.role != "full":
            raise Refusal("not_permitted", record=RECORDS[kind].label)
        if not RECORDS[kind].writable:
            raise Refusal("kept_by_the_system", method=ask.method, record=kind)

    def _existing(self, kind: str, key: str) -> Document:
        document = self.archive.find(kind, key)
        if document is None:
            raise Refusal("no_such_record")
        return document

    # -- reading ----------------------------------------------------------------------------------
    def _show(self, kind: str, document: Document, ask: Ask) -> Answer:
        expand = ask.query.get("expandSubResources", "").lower() == "true"
        only = [name for name in ask.query.get("fields", "").split(",") if name]
        if kind == "customer":
            document = {**document, "balance": self._balance(document["id"])}
        plain_codes = ask.query.get("simpleEnumFormat", "").lower() == "true"
        return (
            200,
            {},
            show_record(
                kind, document, base=ask.base, archive=self.archive, expand=expand, only=only, plain_codes=plain_codes
            ),
        )

    def _balance(self, customer: str) -> str:
        found = self.archive.tables.connection.execute(
            "SELECT SUM(COALESCE(foreignamountunpaid, 0) - COALESCE(foreignpaymentamountunused, 0)) FROM [transaction]"
            " WHERE entity = ? AND posting = 'T'",
            (customer,),
        )
        return str(found.fetchone()[0] or 0)

    def _sublist(self, kind: str, document: Document, name: str, line: list[str], ask: Ask) -> Answer:
        kind = self.archive.kind_of(kind, document["id"])
        if name not in RECORDS[kind].lines:
            raise Refusal("no_such_path", value=name)
        link = f"{ask.base}{PATH}/{kind}/{document['id']}"
        shown = show_lines(
            kind, name, document.get(name, {"items": []})["items"], base=ask.base, archive=self.archive, self_link=link
        )
        if not line:
            return 200, {}, shown
        for item in shown["items"]:
            if item["links"][0]["href"].rpartition("/")[2] == line[0]:
                return 200, {}, item
        raise Refusal("no_such_record")

    def _list(self, kind: str, ask: Ask) -> Answer:
        limit, offset = page(ask.query)
        documents = sorted(self.archive.rows(kind), key=lambda document: int(document["id"]))
        if text := ask.query.get("q", ""):
            test = compile_filter(ALIASES.get(kind, (kind,))[0], text)
            documents = [document for document in documents if test(document)]
        link = f"{ask.base}{PATH}/{kind}"
        items = [
            {"links": [{"rel": "self", "href": f"{link}/{document['id']}"}], "id": document["id"]}
            for document in documents[offset : offset + limit]
        ]
        more = len(documents) > offset + limit
        return (
            200,
            {},
            {
                "links": page_links(link, limit=limit, offset=offset, more=more),
                "count": len(items),
                "hasMore": more,
                "items": items,
                "offset": offset,
                "totalResults": len(documents),
            },
        )

    # -- writing ----------------------------------------------------------------------------------
    def _create(self, kind: str, body: Document, ask: Ask) -> Answer:
        document = self._keep(kind, {}, body, ask, old=None, replace=frozenset())
        return 204, {"Location": f"{ask.base}{PATH}/{kind}/{document['id']}"}, None

    def _upsert(self, kind: str, key: str, ask: Ask) -> Answer:
        body = {**read_body(ask.body), "externalId": key[4:]}
        old = self.archive.by_external(kind, key[4:])
        if old is None:
            return self._create(kind, body, ask)
        self._change(kind, old, body, ask)
        return 204, {"Location": f"{ask.base}{PATH}/{kind}/{old['id']}"}, None

    def _change(self, kind: str, old: Document, body: Document, ask: Ask) -> None:
        replace = frozenset(name for name in ask.query.get("replace", "").split(",") if name)
        unknown = replace - RECORDS[kind].lines.keys()
        if unknown:
            raise Refusal(
                "bad_parameter", field="replace", reason=f"'{min(unknown)}' is no sublist.", parameter="replace"
            )
        self._keep(kind, old, body, ask, old=old, replace=replace)

    def _keep(
        self, kind: str, start: Document, body: Document, ask: Ask, *, old: Document | None, replace: frozenset[str]
    ) -> Document:
        draft = self._merge(kind, start, body, ask, replace=replace)
        if kind in TRANSACTIONS:
            return self.transactions.book(kind, draft, old=old, sent=frozenset(body), author=ask.author)
        document = self.plain.keep(kind, draft, author=ask.author)
        return document

    def _merge(self, kind: str, start: Document, body: Document, ask: Ask, *, replace: frozenset[str]) -> Document:
        """The record with the sent fields in place. Unknown ones are dropped, or refused under `Error`."""
        record = RECORDS[kind]
        strictness = ask.headers.get("x-netsuite-propertynamevalidation", "Warning").lower()
        if strictness not in ("error", "warning", "ignore"):
            raise Refusal(
                "bad_header",
                field="X-NetSuite-PropertyNameValidation",
                reason="Error, Warning or Ignore.",
                header="X-NetSuite-PropertyNameValidation",
            )
        draft = dict(start)
        for name, value in body.items():
            if name in record.read_only or name in ("id", "links", "refName"):
                continue
            if is_custom(name):
                draft[name] = kept_open(value)
            elif name in record.lines:
                before = start.get(name, {"items": []})["items"]
                if value is not None:
                    lines = take_lines(
                        name,
                        record.lines[name],
                        value,
                        before=before,
                        replace=name in replace,
                        archive=self.archive,
                        strictness=strictness,
                        record=kind,
                    )
                    draft[name] = {"items": lines}
            elif name not in record.fields:
                if strictness == "error":
                    raise Refusal("unknown_property", record=kind, field=name, path=name)
            elif value is None:
                draft.pop(name, None)
            else:
                draft[name] = take(record.fields[name], value, field=name, path=name, archive=self.archive)
        return draft

    def _delete(self, kind: str, document: Document, ask: Ask) -> None:
        if kind in TRANSACTIONS:
            self.transactions.delete(kind, document, author=ask.author)
        else:
            self.plain.delete(kind, document, author=ask.author)

    def _transform(self, kind: str, key: str, target: str, ask: Ask) -> Answer:
        """A new record out of another one: POST /salesOrder/{id}/!transform/invoice."""
        if (kind, target) not in TRANSFORMS:
            raise Refusal("no_such_path", value=f"{kind}/!transform/{target}")
        origin = self._existing(kind, key)
        start: Document = {name: origin[name] for name in _COPIED if name in origin}
        if target == "customerPayment":
            start = {
                name: start[name]
                for name in ("subsidiary", "currency", "department", "class", "location")
                if name in start
            }
            start |= {"customer": origin["entity"], "apply": {"items": [{"apply": True, "doc": {"id": origin["id"]}}]}}
        else:
            start |= {
                "createdFrom": {"id": origin["id"]},
                "item": {"items": [dict(line) for line in origin["item"]["items"]]},
            }
        if target == "creditMemo":
            start["apply"] = {"items": [{"apply": True, "doc": {"id": origin["id"]}}]}
            for name in ("terms", "otherRefNum"):
                start.pop(name, None)
        document = self._keep(target, start, read_body(ask.body or b"{}"), ask, old=None, replace=frozenset())
        return 204, {"Location": f"{ask.base}{PATH}/{target}/{document['id']}"}, None


def page(query: dict[str, str]) -> tuple[int, int]:
    """limit (1 to 1000) and offset (a multiple of limit). Raises Refusal."""
    found = []
    for name, default, low, high in (("limit", "1000", 1, 1000), ("offset", "0", 0, 10**9)):
        text = query.get(name, default)
        if not text.isdigit() or not low <= int(text) <= high:
            raise Refusal(
                "bad_parameter", field=name, reason=f"An integer from {low} to {high} is expected.", parameter=name
            )
        found.append(int(text))
    limit, offset = found
    if offset % limit:
        raise Refusal("bad_parameter", field="offset", reason="It must be divisible by limit.", parameter="offset")
    return limit, offset


def page_links(link: str, *, limit: int, offset: int, more: bool) -> list[Document]:
    """The links of a collection page."""
    links = [{"rel": "self", "href": f"{link}?limit={limit}&offset={offset}"}]
    if more:
        links.append({"rel": "next", "href": f"{link}?limit={limit}&offset={offset + limit}"})
    return links
