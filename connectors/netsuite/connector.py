"""NetSuite's verbs, over SuiteTalk REST records and SuiteQL."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx

from connectors import news
from connectors.canonical import (
    Allocation,
    Canonical,
    Conversion,
    Customer,
    DisputeLoss,
    DisputeMovement,
    Invoice,
    JournalBatch,
    Payment,
    Payout,
    PayoutFailure,
    Refund,
    RefundFailure,
    SalesOrder,
    Withholding,
)
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.http import Http, excerpt, raise_for_transport, read_json
from connectors.interface import (
    ControlPage,
    Parcel,
    Period,
    Receipt,
    Setup,
    SourceEvent,
    Unsupported,
)
from connectors.netsuite import bank, cash, documents, journals, listing, mapping, orders
from connectors.netsuite.reasons import BUSY, LOOK_UP, Refusal, read_refusal
from connectors.netsuite.signing import MachineSignIn, TokenSigning

PAGE_SIZE = 1000  # SuiteQL's largest page
#: without it NetSuite drops a misspelt field and says nothing
STRICT = {"x-netsuite-propertynamevalidation": "Error"}
#: posted as journals: accounts moved between, no document of the customer's
JOURNALS = (RefundFailure, Payout, PayoutFailure, DisputeMovement, DisputeLoss, Conversion)
RECORD_TYPES = {
    "customer": "customer",
    "sales_order": "salesOrder",
    "invoice": "invoice",
    "payment": "customerPayment",
    "refund": "customerRefund",
    "journal": "journalEntry",
    **{shape.kind: "journalEntry" for shape in JOURNALS},
}


class NetSuite(documents.Documents):
    """One NetSuite account. Secrets: client_id, certificate_id, private_key, or the four of token sign-in."""

    name = "netsuite"
    label = "NetSuite"
    role = "erp"
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"poll", "fetch", "find", "list_day", "periods", "corrects_in_place"}
    )
    #: bank receipts, which finance books here first
    streams: ClassVar[tuple[str, ...]] = (bank.STREAM,)
    lists_states = True
    delivers: ClassVar[frozenset[str]] = frozenset({*RECORD_TYPES, "allocation", *documents.KINDS})
    settle_time = timedelta(seconds=10)
    #: synchronous calls know no request key; the external id is what makes a repeat harmless
    key_horizon = None

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.http = Http(
            system="netsuite", base_url=setup.base_url, sandbox=setup.sandbox, hosts=("netsuite.com",), headers=STRICT
        )
        self.rest = "" if self.http.base_url.endswith("/services/rest") else "/services/rest"
        self.token_signing: TokenSigning | None = None
        self.machine: MachineSignIn | None = None
        if setup.settings.get("sign_in", "oauth2") == "tba":
            names: tuple[str, ...] = ("consumer_key", "consumer_secret", "token_id", "token_secret")
            self.token_signing = TokenSigning(account=self.account, **{name: self._secret(name) for name in names})
        else:
            names = ("client_id", "certificate_id", "private_key")
            try:
                self.machine = MachineSignIn(
                    token_url=f"{self.http.base_url}{self.rest}/auth/oauth2/v1/token",
                    **{name: self._secret(name) for name in names},
                )
            except (ValueError, TypeError) as error:
                raise Misconfigured(f"netsuite: private_key cannot be read: {error}", system=self.name) from error

    @property
    def account(self) -> str:
        """The account id, e.g. `1234567_SB1`; by the setting, else by the host name."""
        return str(self.setup.settings.get("account") or (urlsplit(self.setup.base_url).hostname or "").split(".")[0])

    def _secret(self, name: str) -> str:
        # The reading credential never falls back on the writing one: controls must not be able to write.
        full = f"read_{name}" if self.setup.read_only else name
        if not self.setup.secrets.get(full):
            raise Misconfigured(f"netsuite: the connection's secret {full} is not set", system=self.name)
        return self.setup.secrets[full]

    # -- in -----------------------------------------------------------------------------------------

    def poll(self, *, stream: str, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
        """Bank receipts that were made or changed since the cursor (NetSuite's own moment), oldest first."""
        if stream not in self.streams:
            raise LookupError(f"stream: NetSuite has {bank.STREAM!r}, not {stream!r}")
        rows = [row for page, _ in self._pages(bank.news_query(cursor)) for row in page]
        events = news.events_of(
            rows,
            lambda row: bank.as_event(row, raw=mapping.written(dict(row)).encode()),
            about=lambda row: (bank.KIND, str(row["id"])),
        )
        return events, max((str(row["changed"]) for row in news.readable(rows, events)), default=cursor)

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Payments as they are now, with our references of the customer and the invoices they name."""
        if kind != bank.KIND:
            raise LookupError(f"kind: nothing of NetSuite is read as {kind!r}")
        found: dict[str, dict[str, Any]] = {}
        for object_id in dict.fromkeys(object_ids):
            record = self._get("customerPayment", key=object_id, expand=True) if object_id.isdigit() else None
            if record is not None:
                found[object_id] = record | {"our_references": bank.our_references(record, pages=self._pages)}
        return found

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        """A bank receipt, and what it was applied to."""
        return bank.to_shapes(record, version=version, settings=self.setup.settings) if kind == bank.KIND else []

    # -- deliver ----------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Receipt:
        """Upsert by our reference as external id: NetSuite itself makes a second delivery harmless."""
        subject, settings = parcel.subject, self.setup.settings
        if parcel.operation not in ("put", "correct"):
            raise Unsupported(self, f"{parcel.operation} {subject.kind}")
        if isinstance(subject, Allocation):
            return self._apply(subject, known=parcel.known)
        if subject.kind in documents.KINDS:
            return self.put_document(parcel)
        params: dict[str, str] = {}
        if isinstance(subject, Customer):
            body = mapping.customer_record(subject, settings=settings)
            # without it every version of a customer would add one more address
            params = {"replace": "addressBook"} if "addressBook" in body else {}
        elif isinstance(subject, Invoice):
            body = mapping.invoice_record(subject, known=parcel.known, settings=settings)
            # without it NetSuite adds the lines to those it has: a repeat would double the invoice
            params = {"replace": "item"}
        elif isinstance(subject, JournalBatch):
            body = journals.record(subject, settings=settings)
            # as with items: lines sent again would be added to those there
            params = {"replace": "line"}
        elif isinstance(subject, SalesOrder):
            body = orders.order_record(subject, known=parcel.known, settings=settings)
            params = {"replace": "item"}
        elif isinstance(subject, Payment):
            body = mapping.payment_record(subject, known=parcel.known, settings=settings)
        elif isinstance(subject, Refund):
            body = cash.refund_record(subject, known=parcel.known, settings=settings)
        elif isinstance(subject, JOURNALS):
            body = cash.journal_record(subject, known=parcel.known, settings=settings)
            params = {"replace": "line"}
        else:
            raise Unsupported(self, f"deliver {subject.kind}")
        path = self._record(RECORD_TYPES[subject.kind], reference=parcel.reference)
        response = self._write("PUT", path, body=body, params=params)
        external_id = mapping.id_from_location(response.headers.get("location", ""))
        external_id = external_id or parcel.known.get(parcel.reference, "")
        if not external_id:
            raise OutcomeUnknown("NetSuite took it and did not say under which id", system=self.name)
        return Receipt(external_id=external_id, posted=not isinstance(subject, Customer | SalesOrder))

    def _apply(self, subject: Allocation, *, known: Mapping[str, str]) -> Receipt:
        invoice = mapping.target_id(
            subject.invoice_reference, known=known, reason="UNAPPLIED_CASH", field="apply.items[0].doc"
        )
        payment = mapping.target_id(subject.payment_reference, known=known, reason="UNAPPLIED_CASH", field="eid")
        path = self._record("customerPayment", reference=subject.payment_reference)
        self._write("PATCH", path, body=mapping.application(subject, invoice_id=invoice))
        return Receipt(external_id=f"{payment}:{invoice}", posted=True)

    # -- look up ----------------------------------------------------------------------------------

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        """What NetSuite holds under a reference; external ids are unique, so never more than one.

        An allocation has no record of its own: `known` must hold its payment's and its invoice's reference.
        """
        settings = self.setup.settings
        if kind == "allocation":
            payment, invoice = (
                next((name for name in known if name.startswith(start)), "") for start in ("payment:", "invoice:")
            )
            record = self._get("customerPayment", reference=payment, expand=True) if payment and invoice else None
            return mapping.application_receipts(record, invoice_id=known[invoice], settings=settings) if record else []
        readers: dict[str, Callable[..., Receipt]] = {
            "customer": mapping.customer_receipt,
            "sales_order": orders.order_receipt,
            "invoice": mapping.invoice_receipt,
            "payment": mapping.payment_receipt,
            "refund": cash.refund_receipt,
            **{shape.kind: cash.journal_receipt for shape in JOURNALS},
        }
        if kind in documents.KINDS:
            return self.find_document(kind=kind, reference=reference)
        if kind == JournalBatch.kind:
            journal = self._get(RECORD_TYPES[kind], reference=reference, expand=True)
            return [journals.receipt(journal, settings=settings)] if journal else []
        if kind not in readers:
            raise Unsupported(self, f"find {kind}")
        record = self._get(RECORD_TYPES[kind], reference=reference)
        return [readers[kind](record, settings=settings)] if record else []

    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """All documents dated `day` (for customers: all of them), by SuiteQL."""
        settings, of_entity = self.setup.settings, self._of_entity(entity)
        asked = listing.queries(kind, entity=entity, day=day, of_entity=of_entity, settings=settings)
        if not asked:
            raise Unsupported(self, f"list {kind}")
        for query, read in asked:
            for rows, total in self._pages(query):
                # one count for the kind: where several queries make it up, none of them has it
                count = total if len(asked) == 1 else None
                yield ControlPage(lines=tuple(read(row) for row in rows), source_count=count, query=query)

    def _of_entity(self, entity: str) -> str:
        wanted = listing.subsidiary(entity, settings=self.setup.settings)
        return f" AND m.subsidiary = {wanted}" if wanted else ""

    def periods(self, *, entity: str) -> Iterable[Period]:
        """The posting months; quarters, years and adjustment periods are left out."""
        query = (
            "SELECT p.id, p.periodname, p.startdate, p.enddate, p.closed, p.arlocked, p.alllocked "
            "FROM accountingperiod p WHERE p.isposting = 'T' AND p.isquarter = 'F' AND p.isyear = 'F' "
            "AND p.isadjust = 'F' ORDER BY p.startdate"
        )
        return [mapping.period(row) for rows, _ in self._pages(query) for row in rows]

    def recognises(self) -> list[str]:
        """Items with a deferred revenue account: NetSuite defers and recognises their lines itself."""
        query = (
            "SELECT i.id, i.externalid, i.itemid FROM item i WHERE i.deferredrevenueaccount IS NOT NULL ORDER BY i.id"
        )
        rows = [row for page, _ in self._pages(query) for row in page]
        return [str(row.get("externalid") or row.get("itemid") or row["id"]) for row in rows]

    def link(self, *, kind: str, external_id: str) -> str:
        """Address of the record in NetSuite's own screens."""
        host = f"https://{self.account.lower().replace('_', '-')}.app.netsuite.com/app"
        pages = {
            "customer": "common/entity/custjob.nl",
            "invoice": "accounting/transactions/custinvc.nl",
            "sales_order": "accounting/transactions/salesord.nl",
            "payment": "accounting/transactions/custpymt.nl",
            "journal": "accounting/transactions/journal.nl",
            "allocation": "accounting/transactions/custpymt.nl",
            **dict.fromkeys(documents.KINDS, "accounting/transactions/custcred.nl"),
            "refund": "accounting/transactions/custrfnd.nl",
            Withholding.kind: "accounting/transactions/journal.nl",
            **{shape.kind: "accounting/transactions/journal.nl" for shape in JOURNALS},
        }
        own_id = quote(external_id.split(":", 1)[0])
        return f"{host}/{pages[kind]}?id={own_id}" if kind in pages and own_id else ""

    def check(self) -> str:
        """Sign in, read the period table, and say which account answered and how."""
        months = list(self.periods(entity=""))
        how = "token-based sign-in" if self.token_signing else "OAuth 2.0"
        opened = sum(month.state == "open" for month in months)
        return f"NetSuite account {self.account}, by {how}; {opened} of {len(months)} posting months are open"

    # -- the wire ---------------------------------------------------------------------------------

    def _record(self, record_type: str, *, reference: str) -> str:
        return f"{self.rest}/record/v1/{record_type}/eid:{quote(reference, safe=':')}"

    def _get(
        self, record_type: str, *, reference: str = "", key: str = "", expand: bool = False
    ) -> dict[str, Any] | None:
        """A record by our reference, or by NetSuite's own id."""
        params = {"expandSubResources": "true"} if expand else None
        path = f"{self.rest}/record/v1/{record_type}/{key}" if key else self._record(record_type, reference=reference)
        response = self._call("GET", path, params=params, writes=False)
        if response.status_code == 404:
            # Only NetSuite's own words mean "not there"; a proxy's 404 must not look like an absent invoice.
            if read_refusal(read_json(response, system=self.name, writes=False)) is None:
                raise Unavailable(excerpt(response), system=self.name, http_status=404)
            return None
        self._raise_for(response, writes=False)
        record = read_json(response, system=self.name, writes=False)
        if not isinstance(record, dict) or "id" not in record:
            raise Unavailable("NetSuite answered a look-up without a record", system=self.name)
        return record

    def _pages(self, query: str) -> Iterator[tuple[list[dict[str, Any]], int | None]]:
        offset, more = 0, True
        while more:
            response = self._call(
                "POST", f"{self.rest}/query/v1/suiteql", params={"limit": str(PAGE_SIZE), "offset": str(offset)},
                body={"q": query}, headers={"prefer": "transient"}, writes=False,
            )  # fmt: skip
            self._raise_for(response, writes=False)
            page = read_json(response, system=self.name, writes=False)
            rows = page.get("items") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                raise Unavailable("NetSuite answered a query without rows", system=self.name)
            total = page.get("totalResults")
            yield rows, int(total) if total is not None else None
            offset += len(rows)
            more = bool(page.get("hasMore")) and bool(rows)

    def _write(self, method: str, path: str, *, body: Any, params: Mapping[str, str] | None = None) -> httpx.Response:
        response = self._call(method, path, body=body, params=params, writes=True)
        self._raise_for(response, writes=True)
        return response

    def _call(
        self,
        method: str,
        path: str,
        *,
        writes: bool,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = mapping.written(body).encode() if body is not None else None
        kind = {"content-type": "application/json"} if body is not None else {}

        def send(authorization: dict[str, str]) -> httpx.Response:
            return self.http.send(
                method, path, writes=writes, content=content, params=params or None,
                headers={**kind, **(headers or {}), **authorization}, auth=self.token_signing,
            )  # fmt: skip

        if self.machine is None:
            return send({})
        token = self.machine.token(self._fetch_token)
        response = send({"authorization": f"Bearer {token}"})
        if response.status_code == 401:  # it ended early, or was revoked: one new one, then people
            self.machine.forget(token)
            response = send({"authorization": f"Bearer {self.machine.token(self._fetch_token)}"})
        return response

    def _fetch_token(self, form: dict[str, str]) -> tuple[str, float]:
        response = self.http.send("POST", f"{self.rest}/auth/oauth2/v1/token", form=form, writes=False)
        if 400 <= response.status_code < 500 and response.status_code not in (408, 425, 429):
            raise Misconfigured(excerpt(response), system=self.name, http_status=response.status_code)
        raise_for_transport(response, system=self.name, writes=False)
        grant = read_json(response, system=self.name, writes=False)
        try:
            return str(grant["access_token"]), float(str(grant.get("expires_in", "3600")))
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("NetSuite answered a sign-in without a token", system=self.name) from error

    def _raise_for(self, response: httpx.Response, *, writes: bool) -> None:
        """Turn NetSuite's refusals into our errors; nothing happens for a success."""
        status = response.status_code
        if 200 <= status < 300:
            return
        refusal = self._refusal(response)
        codes = {str(row.get("o:errorCode", "")) for row in refusal.details} if refusal else set()
        words = refusal.text if refusal and refusal.text else excerpt(response)
        evidence: dict[str, Any] = {"details": refusal.details} if refusal else {}
        if status == 403 or "INSUFFICIENT_PERMISSION" in codes:
            raise Misconfigured(
                words, reason="PERMISSION_MISSING", system=self.name, http_status=status, evidence=evidence
            )
        if codes & BUSY:
            raise Unavailable(words, reason="RATE_LIMIT", system=self.name, http_status=status, evidence=evidence)
        raise_for_transport(response, system=self.name, writes=writes)
        if codes & LOOK_UP:
            raise OutcomeUnknown(words, system=self.name, http_status=status, evidence=evidence)
        if refusal is None:
            if status >= 400 and not writes:
                raise Unavailable(words, system=self.name, http_status=status)
            # a redirect or a foreign page: somebody between us and NetSuite answered
            raise OutcomeUnknown(words, system=self.name, http_status=status)
        raise Rejected(
            words, reason=refusal.reason, code=refusal.code, field=refusal.field, value=refusal.value,
            system=self.name, http_status=status, evidence=evidence,
        )  # fmt: skip

    def _refusal(self, response: httpx.Response) -> Refusal | None:
        try:
            return read_refusal(read_json(response, system=self.name, writes=False))
        except Unavailable:
            return None
