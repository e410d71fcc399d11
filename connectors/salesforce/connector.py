"""The verbs of Salesforce."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors import news
from connectors.canonical import Canonical, CrmStatus
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Rejected
from connectors.interface import Connector, ControlPage, Inbound, Parcel, Receipt, Setup, SourceEvent
from connectors.salesforce import callout, listing, mapping, outbound_message
from connectors.salesforce.ids import full_id, is_id, is_true_id, object_of
from connectors.salesforce.rest import SYSTEM, Rest, refusal

#: ids per query: 200 quoted ids are some 5,400 characters, well below the 16,384 a URI may have
IDS_PER_QUERY = 200
#: records per collection call
COLLECTION = 200
#: changes are committed out of order; what is older than the cursor by this much is read again
OVERLAP = timedelta(minutes=5)
#: the whole call is refused for one record's content; then it is sent in halves
_ONE_SPOILS_ALL = frozenset({"JSON_PARSER_ERROR", "MALFORMED_ID", "INVALID_TYPE"})
#: a deal reopened after it was billed is won no more, and must be heard of all the same
_CONCERNS_US = f"(IsWon = true OR {mapping.STATUS_FIELDS['Opportunity']['billing_status']} != null)"
_OBJECTS = {"opportunity": "Opportunity", "account": "Account"}
_SCREENS = {"contract": "Opportunity", "opportunity": "Opportunity", "customer": "Account", "account": "Account"}


class Salesforce(Connector):
    """Accounts and won opportunities come in by Outbound Message, callout or query; status goes out in collections."""

    name = "salesforce"
    label = "Salesforce"
    role = "crm"
    capabilities = frozenset({"receive", "poll", "list_events", "fetch", "find", "list_day", "deliver_many"})
    streams: ClassVar[tuple[str, ...]] = ("account", "opportunity")
    lists_states: ClassVar[bool] = True
    delivers = frozenset({CrmStatus.kind})
    batch_size: ClassVar[int] = COLLECTION

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.rest = Rest(setup)
        self._organization_id = str(setup.settings.get("organization_id") or "")
        # Only an organisation with several currencies has the field; the first query shows whether this one does.
        self._currency: tuple[str, ...] = ("CurrencyIsoCode",)
        self._own_currency = str(setup.settings.get("currency") or "USD")

    # -- in ---------------------------------------------------------------------------------------
    def knows(self, *, headers: Mapping[str, str]) -> bool:
        """By the sign-in, or by the secret in the address."""
        return callout.is_signed_in(headers) or outbound_message.is_secret(
            headers, self.setup.secrets.get("path_secret", "")
        )

    def receive(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        """An Outbound Message (XML) or a callout (JSON). Raises NotAuthentic, or ValueError naming each problem."""
        content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if "xml" in content_type.lower() or body.lstrip()[:1] == b"<":
            outbound_message.check_secret(headers, self.setup.secrets.get("path_secret", ""))
            return outbound_message.read(body, organization_id=self._organization_id)
        callout.check_client(headers)
        return callout.read(body)

    def poll(self, *, stream: str, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
        """Accounts, and opportunities that are won or were billed, changed since five minutes before the cursor (an ISO
        instant; empty = all).
        """
        since = mapping.moment(cursor) - OVERLAP if cursor else None
        records = self._changed(stream, [f"SystemModstamp >= {_literal(since)}"] if since else [])
        events = self._events(stream, records)
        read = news.readable(records, events)
        return events, read[-1]["SystemModstamp"] if read else cursor

    def list_events(self, *, stream: str, since: datetime, until: datetime) -> list[SourceEvent]:
        """Accounts, and opportunities that are won or were billed, last changed in [since, until), as they are now."""
        conditions = [f"SystemModstamp >= {_literal(since)}", f"SystemModstamp < {_literal(until)}"]
        return self._events(stream, self._changed(stream, conditions))

    def _changed(self, stream: str, conditions: Sequence[str]) -> list[dict[str, Any]]:
        wanted = [*([_CONCERNS_US] if stream == "opportunity" else []), *conditions]
        pages = self._rows(lambda: self._select(stream, wanted) + " ORDER BY SystemModstamp, Id")
        return [record for page, _ in pages for record in page]

    def _events(self, stream: str, records: Sequence[dict[str, Any]]) -> list[SourceEvent]:
        def about(record: dict[str, Any]) -> tuple[str, str | None]:
            return stream, record["Id"] if is_true_id(record["Id"]) else None

        return news.events_of(records, partial(self._polled, stream), about=about)

    def _polled(self, stream: str, record: dict[str, Any]) -> SourceEvent:
        changed_at = mapping.moment(record["SystemModstamp"])
        return SourceEvent(
            event_id=f"poll:{full_id(record['Id'])}:{record['SystemModstamp']}",
            kind=stream,
            object_id=full_id(record["Id"]),
            record=record,
            raw=json.dumps(record, sort_keys=True, separators=(",", ":"), default=str).encode(),
            revision=mapping.milliseconds(changed_at),
            occurred_at=changed_at,
        )

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The records as they are now, under the ids asked for; opportunities with their lines and account name."""
        wanted = {asked: full_id(asked) for asked in object_ids if is_true_id(asked)}
        ids = sorted(set(wanted.values()))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), IDS_PER_QUERY):
            quoted = ",".join(f"'{record_id}'" for record_id in ids[start : start + IDS_PER_QUERY])
            conditions = [f"Id IN ({quoted})"]
            for page, _ in self._rows(partial(self._select, kind, conditions)):
                found |= {full_id(record["Id"]): record for record in page}
        if kind == "opportunity":
            self._add_ladders(found)
        return {asked: found[record_id] for asked, record_id in wanted.items() if record_id in found}

    def _add_ladders(self, found: dict[str, dict[str, Any]]) -> None:
        """Put beside each change of a contract the whole ladder it stands on, as the organisation has it: whoever is
        told of the third change learns of the second by it.
        """
        firsts = sorted({full_id(one["Amends__c"]) for one in found.values() if is_id(one.get("Amends__c"))})
        ladders: dict[str, list[dict[str, Any]]] = {first: [] for first in firsts}
        for start in range(0, len(firsts), IDS_PER_QUERY):
            quoted = ",".join(f"'{first}'" for first in firsts[start : start + IDS_PER_QUERY])
            for name in ("Id", "Amends__c"):
                conditions = [f"{name} IN ({quoted})", "IsWon = true"]
                for page, _ in self._rows(partial(self._select, "opportunity", conditions)):
                    for record in page:
                        ladders[full_id(record[name])].append(record)
        for own_id, record in found.items():
            if is_id(record.get("Amends__c")):
                ladder = ladders[full_id(record["Amends__c"])]
                record["Ladder"] = [one for one in ladder if full_id(one["Id"]) != own_id]

    def _select(self, kind: str, conditions: Sequence[str]) -> str:
        if kind not in _OBJECTS:
            raise LookupError(f"kind: Salesforce is asked for {' or '.join(_OBJECTS)}, not {kind!r}")
        fields = mapping.OPPORTUNITY_FIELDS if kind == "opportunity" else mapping.ACCOUNT_FIELDS
        columns = [*fields, *self._currency]
        if kind == "opportunity":
            columns.append(f"(SELECT {', '.join(mapping.LINE_FIELDS)} FROM OpportunityLineItems)")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {', '.join(columns)} FROM {_OBJECTS[kind]}{where}"

    def _rows(self, select: Callable[[], str], *, deleted: bool = False) -> Iterator[tuple[list[dict[str, Any]], int]]:
        asked = self._currency
        try:
            yield from self.rest.query(select(), deleted=deleted)
        except Rejected as error:
            # `asked`, because another thread may have learned it meanwhile.
            if not asked or error.code != "INVALID_FIELD" or "CurrencyIsoCode" not in error.text:
                raise
            self._currency = ()
            yield from self.rest.query(select(), deleted=deleted)

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        """An opportunity as a contract, an account as a customer; other kinds give nothing."""
        return mapping.to_shapes(kind, record, version=version, currency=self._own_currency)

    # -- out --------------------------------------------------------------------------------------
    def deliver(self, parcel: Parcel) -> Receipt:
        """One status. Raises the outbound errors."""
        outcome = self.deliver_many([parcel])[0]
        if isinstance(outcome, ConnectorError):
            raise outcome
        return outcome

    def deliver_many(self, parcels: Sequence[Parcel]) -> list[Receipt | ConnectorError]:
        """Statuses in collections of up to 200 per object, never all-or-nothing; one outcome each, in order."""
        outcomes: dict[int, Receipt | ConnectorError] = {}
        waiting: list[tuple[int, dict[str, Any]]] = []
        for position, parcel in enumerate(parcels):
            try:
                waiting.append((position, self._status_record(parcel)))
            except Rejected as error:
                outcomes[position] = error
        while waiting:
            batch, waiting = _next_batch(waiting)
            outcomes |= self._write(batch)
        return [outcomes[position] for position in range(len(parcels))]

    def _status_record(self, parcel: Parcel) -> dict[str, Any]:
        if not isinstance(parcel.subject, CrmStatus) or parcel.operation != "put":
            words = f"Salesforce does not take {parcel.operation} of a {parcel.subject.kind}"
            raise Rejected(words, field="operation", value=parcel.operation, system=SYSTEM)
        return mapping.status_record(parcel.subject)

    def _write(self, batch: list[tuple[int, dict[str, Any]]]) -> dict[int, Receipt | ConnectorError]:
        body = {"allOrNone": False, "records": [record for _, record in batch]}
        try:
            answers = self.rest.patch("/composite/sobjects", body)
        except Rejected as error:
            if len(batch) > 1 and error.code in _ONE_SPOILS_ALL:
                half = len(batch) // 2
                return self._write(batch[:half]) | self._write(batch[half:])
            return dict.fromkeys((position for position, _ in batch), error)
        except ConnectorError as error:
            return dict.fromkeys((position for position, _ in batch), error)
        if not isinstance(answers, list) or len(answers) != len(batch):
            lost = OutcomeUnknown("the answer does not fit the records that were sent", system=SYSTEM)
            return dict.fromkeys((position for position, _ in batch), lost)
        return {position: _item(record, answer) for (position, record), answer in zip(batch, answers, strict=True)}

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        """The record a status belongs to, with what it shows now."""
        if kind != CrmStatus.kind:
            raise LookupError(f"kind: nothing of ours is kept in Salesforce as {kind!r}")
        _, crm_object, record_id = (reference.split(":") + ["", ""])[:3]
        places = mapping.STATUS_FIELDS.get(crm_object)
        if places is None or not is_true_id(record_id):
            return []
        try:
            record = self.rest.get(f"/sobjects/{crm_object}/{record_id}", fields=",".join(["Id", *places.values()]))
        except Rejected as error:
            if error.http_status == 404:
                return []
            raise
        return [Receipt(external_id=full_id(record["Id"]), held=mapping.held_status(record, crm_object=crm_object))]

    # -- controls ---------------------------------------------------------------------------------
    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """Won first deals by close date, as changed since; their terms, merges, what sellers are shown, and customers:
        all there are, as of now. One organisation is one entity.
        """
        if kind not in listing.LISTS:
            raise LookupError(f"kind: Salesforce cannot list {kind!r}")
        listings, currency = listing.LISTS[kind], self._own_currency
        for one in listings:
            select = partial(self._listed, one, day)
            for page, total in self._rows(select, deleted=one.deleted):
                lines = tuple(line for record in page for line in one.lines(record, day=day, currency=currency))
                # one count for the kind: where several queries make it up, none of them has it
                count = total if len(listings) == 1 else None
                yield ControlPage(lines=lines, source_count=count, query=select())

    def _listed(self, one: listing.Listing, day: date) -> str:
        asked = ", ".join(["Id", "Name", *one.columns, *self._currency])
        return f"SELECT {asked} FROM {one.source.format(day=day.isoformat())} ORDER BY Id"

    # -- people -----------------------------------------------------------------------------------
    def link(self, *, kind: str, external_id: str) -> str:
        """The record's page in Lightning."""
        crm_object = object_of(external_id) or _SCREENS.get(kind, "")
        return f"{self.rest.http.base_url}/lightning/r/{crm_object}/{external_id}/view" if crm_object else ""

    def check(self) -> str:
        """The organisation we are signed in to, and its calls left today. Raises Misconfigured for another one."""
        calls = self.rest.get("/limits/").get("DailyApiRequests") or {}
        # .../id/{organisation}/{user}
        signed_in = next((part for part in self.rest.identity.split("/") if part.startswith("00D")), "")
        ours = self._organization_id
        if is_id(signed_in) and is_id(ours) and full_id(signed_in) != full_id(ours):
            raise Misconfigured(f"signed in to organisation {signed_in}, not {ours}", system=SYSTEM)
        return (
            f"Salesforce organisation {ours}: {calls.get('Remaining', '?')} of {calls.get('Max', '?')} calls left today"
        )


def _literal(instant: datetime) -> str:
    """An instant as SOQL writes it, in whole seconds."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _next_batch(
    waiting: list[tuple[int, dict[str, Any]]],
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, dict[str, Any]]]]:
    """Up to 200 records of the first one's object, none twice; and the rest in order."""
    batch: list[tuple[int, dict[str, Any]]] = []
    rest: list[tuple[int, dict[str, Any]]] = []
    crm_object, taken = waiting[0][1]["attributes"]["type"], set()
    for position, record in waiting:
        fits = record["attributes"]["type"] == crm_object and record["id"] not in taken and len(batch) < COLLECTION
        # A record's second status must not overtake its first, so it waits for the next call.
        (batch if fits else rest).append((position, record))
        taken.add(record["id"])
    return batch, rest


def _item(record: Mapping[str, Any], answer: Mapping[str, Any]) -> Receipt | ConnectorError:
    if answer.get("success") is True:
        return Receipt(external_id=str(record["id"]))
    errors = answer.get("errors") or [{}]
    # With several errors a lasting one decides: trying again would not help.
    found = [refusal(error, http_status=200) for error in errors]
    return next((error for error in found if isinstance(error, Rejected)), found[0])
