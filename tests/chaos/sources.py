"""The two simulated sources: a CRM that says what changed, and a billing system that issues, collects and tells."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import (
    Allocation,
    Canonical,
    CrmStatus,
    Invoice,
    InvoiceLine,
    Payment,
    SubscriptionContract,
    dump,
    load,
)
from connectors.errors import ConnectorError, NotAuthentic, OutcomeUnknown, Unavailable
from connectors.interface import Inbound, Parcel, Receipt, SourceEvent
from tests.chaos.afterlife import Afterlife
from tests.chaos.remotes import SECRET_PATH, Books, Record, Remote, each, stage

#: what billing signs with
SECRET = b"known to both"
#: how many entries before its cursor a poll reads again
OVERLAP = 20


@dataclass(frozen=True, kw_only=True)
class Said:
    """One event of a source, as it would be sent."""

    source: str
    event_id: str
    kind: str
    object_id: str
    revision: int
    at: datetime
    shapes: tuple[Canonical, ...] = ()

    @property
    def body(self) -> bytes:
        record = {"id": self.object_id, "shapes": [dump(shape) for shape in self.shapes]}
        return json.dumps(
            {
                "id": self.event_id,
                "kind": self.kind,
                "object": self.object_id,
                "revision": self.revision,
                "record": record,
            },
            sort_keys=True,
        ).encode()


@dataclass(kw_only=True)
class Source(Books):
    """Books of a system that also speaks."""

    said: list[Said] = field(default_factory=list)
    #: (kind, object id) -> what it says now
    now: dict[tuple[str, str], tuple[Canonical, ...]] = field(default_factory=dict)
    #: told of every event, to call the portal
    on_event: Any = None

    def say(self, kind: str, object_id: str, *shapes: Canonical, revision: int) -> Said:
        self.now[kind, object_id] = shapes
        said = Said(
            source=self.code,
            event_id=f"{kind}:{object_id}:{revision}",
            kind=kind,
            object_id=object_id,
            revision=revision,
            at=stage().world.time,
            shapes=shapes,
        )
        self.said.append(said)
        if self.on_event:
            self.on_event(said)
        return said


def signature(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


class Speaks(Remote):
    """What both sources share: receiving, polling, fetching."""

    books: Source

    def receive(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        if not hmac.compare_digest(headers.get("x-sim-signature", ""), signature(body)):
            raise NotAuthentic("the signature does not fit", system=self.name)
        said = json.loads(body)
        return Inbound(
            events=(
                SourceEvent(
                    event_id=said["id"],
                    kind=said["kind"],
                    object_id=said["object"],
                    revision=said["revision"],
                    raw=body,
                ),
            )
        )

    def poll(self, *, stream: str, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
        on = stage()
        on.boundaries.reach("before call", where=f"poll {stream}")
        self._mind_the_rest(f"poll {stream}")
        self._throttle()
        if on.world.chance(on.faults.unavailable):
            raise Unavailable("try later", system=self.name, http_status=503)
        first = max(int(cursor or 0) - OVERLAP, 0)
        events = [_as_listed(said) for said in self.books.said[first:] if stream in ("events", said.kind)]
        return events, str(len(self.books.said))

    def list_events(self, *, stream: str, since: datetime, until: datetime) -> list[SourceEvent]:
        self._mind_the_rest(f"list {stream}")
        listed = [said for said in self.books.said if stream in ("events", said.kind) and since <= said.at < until]
        return [_as_listed(said) for said in listed]

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        on = stage()
        on.boundaries.reach("before call", where=f"fetch {kind}")
        self._mind_the_rest(f"fetch {kind}")
        self._throttle()
        if on.world.chance(on.faults.unavailable):
            raise Unavailable("try later", system=self.name, http_status=503)
        return {
            key: {"id": key, "shapes": [dump(shape) for shape in self.books.now[kind, key]]}
            for key in object_ids
            if (kind, key) in self.books.now
        }

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        return [load(shape) for shape in record["shapes"]]


def _as_listed(said: Said) -> SourceEvent:
    return SourceEvent(
        event_id=said.event_id, kind=said.kind, object_id=said.object_id, revision=said.revision, raw=said.body
    )


class SimCrm(Speaks):
    """Says ids only, so that the portal must fetch; shows status fields that the portal sends back."""

    name, label, role = "salesforce", "Simulated CRM", "crm"
    capabilities = frozenset({"receive", "poll", "list_events", "fetch", "find", "deliver_many", "list_day"})
    streams = ("account", "opportunity")
    batch_size = 50

    def receive(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        if headers.get("x-q2c-path-secret") != SECRET_PATH:
            raise NotAuthentic("the address does not carry the right secret", system=self.name)
        return super().receive(headers={"x-sim-signature": signature(body)}, body=body, now=now)

    def deliver_many(self, parcels: Sequence[Parcel]) -> list[Receipt | ConnectorError]:
        on = stage()
        on.boundaries.reach("before call", where="deliver_many feedback")
        self.books.calls["deliver"] += 1
        if on.world.chance(on.faults.unavailable):
            raise Unavailable("try later", system=self.name, http_status=503)
        found = each([lambda one=one: self._written(one) for one in parcels])
        if on.world.chance(on.faults.lost_answer):
            raise OutcomeUnknown("no answer", system=self.name)
        on.boundaries.reach("after call", where="deliver_many feedback")
        return found

    def _put(self, parcel: Parcel, *, may_hide: bool) -> Record:
        held = self.books.of(parcel.reference)
        if held:
            parcel = replace(parcel, known={**parcel.known, parcel.reference: held[0].external_id})
        return super()._put(parcel, may_hide=may_hide)


class SimBilling(Speaks):
    """Takes customers and contracts; issues an invoice for what a contract newly commits to, and collects it."""

    name, label, role = "stripe_billing", "Simulated billing", "billing"
    capabilities = frozenset({"receive", "poll", "list_events", "fetch", "find", "list_day"})
    streams = ("events",)

    def reopen(self, *, kind: str, raw: bytes) -> Mapping[str, Any] | None:
        record: Mapping[str, Any] = json.loads(raw)["record"]
        return record


@dataclass(kw_only=True)
class BillingDepartment:
    """What happens inside billing after a contract arrived: invoices by amount newly committed, payments after."""

    books: Source
    zone: dict[str, ZoneInfo]
    billed: dict[str, Decimal] = field(default_factory=dict)
    #: everything ever issued, for the checker
    issued: list[Invoice] = field(default_factory=list)
    collected: list[Payment | Allocation] = field(default_factory=list)
    pays_within: timedelta = timedelta(hours=1)
    #: False where a test runs billing and collection by hand
    runs_itself: bool = True
    #: what becomes of invoices beyond being paid, where a run has such lives
    later: Afterlife = field(init=False)

    def __post_init__(self) -> None:
        self.later = Afterlife(say=self.books.say, code=self.books.code, world=lambda: stage().world, today=self._today)

    def _today(self, entity: str) -> date:
        return stage().world.time.astimezone(self.zone[entity]).date()

    def hear(self, record: Record) -> None:
        """A contract was written, for the first time or in a higher version."""
        if self.runs_itself and isinstance(record.subject, SubscriptionContract) and record.by == "portal":
            world = stage().world
            world.after(world.seconds(30, 1800), "billing run", lambda: self.bill(record))

    def bill(self, record: Record) -> None:
        contract = record.subject
        assert isinstance(contract, SubscriptionContract)
        # a second record of one contract bills a second time: that is what a double does
        key = record.external_id
        amount = contract.amount - self.billed.get(key, Decimal(0))
        if amount <= 0:
            return
        self.billed[key] = contract.amount
        number = len(self.issued) + 1
        today = self._today(contract.legal_entity)
        billing_id = f"{self.books.code}-in-{number}"
        line = InvoiceLine(
            line_id="1",
            description="One year",
            quantity=Decimal(1),
            net=amount,
            tax=Decimal(0),
            tax_code="",
            service_starts_on=contract.starts_on,
            service_ends_on=contract.ends_on,
            billing_product=contract.lines[0].billing_product,
        )
        invoice = Invoice(
            reference=f"invoice:{self.books.code}:{number}",
            version=1,
            correlation_id="",
            currency=contract.currency,
            number=f"{self.books.code.upper()}-{number:06d}",
            billing_id=billing_id,
            customer_reference="",
            contract_reference=contract.reference,
            document_date=today,
            posting_date=today,
            tax_point=today,
            due_on=today + timedelta(days=30),
            net=amount,
            tax=Decimal(0),
            total=amount,
            lines=(line,),
            source_system="stripe_billing",
        )
        # the entity is the portal's to find; here it is kept for the checker only
        self.issued.append(replace(invoice, legal_entity=contract.legal_entity))
        self.books.say("invoice", billing_id, invoice, revision=1)
        world = stage().world
        if not self.runs_itself:
            return
        if world.chance(stage().faults.lives):
            self.later.begin(invoice, number, contract.legal_entity)
            return
        world.after(
            world.seconds(5, self.pays_within.total_seconds()), "collection", lambda: self.collect(invoice, number)
        )

    def collect(self, invoice: Invoice, number: int) -> None:
        entity = self.issued[number - 1].legal_entity
        today = self._today(entity)
        payment = Payment(
            reference=f"payment:{self.books.code}:{number}",
            version=1,
            correlation_id="",
            currency=invoice.currency,
            gateway_id=f"{self.books.code}-pi-{number}",
            customer_reference="",
            origin="gateway",
            received_on=today,
            amount=invoice.total,
            pays_reference=invoice.reference,
            source_system="stripe_billing",
        )
        allocation = Allocation(
            reference=f"allocation:{self.books.code}:{number}",
            version=1,
            correlation_id="",
            currency=invoice.currency,
            payment_reference=payment.reference,
            invoice_reference=invoice.reference,
            customer_reference="",
            applied_on=today,
            amount=invoice.total,
            source_system="stripe_billing",
        )
        self.collected += [replace(payment, legal_entity=entity), replace(allocation, legal_entity=entity)]
        self.books.say("payment", payment.gateway_id, payment, allocation, revision=1)


__all__ = ["BillingDepartment", "CrmStatus", "SimBilling", "SimCrm", "Said", "Source", "signature"]
