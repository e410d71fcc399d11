"""The one interface every system is spoken to through, and what goes in and out of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from connectors.canonical import Canonical
from connectors.errors import ConnectorError


@dataclass(frozen=True, kw_only=True)
class SourceEvent:
    """One thing that happened upstream, as it reached us."""

    #: the source's own id of this event; unique per connection
    event_id: str
    #: what it is about in the source's own words, e.g. `opportunity`, `invoice.finalized`
    kind: str
    #: the source's id of the object
    object_id: str
    #: the object as the event carried it, where the sender is proven and the copy is final; else fetch it
    record: Mapping[str, Any] | None = None
    #: the bytes this event came in (one notification of a message, or the whole body)
    raw: bytes
    #: what makes a second call under the same id the same call; without it, its bytes
    identity: bytes = b""
    #: transport revision: an older one has no effect
    revision: int = 0
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A call that proved authentic: its events and the answer the vendor wants after commit."""

    events: tuple[SourceEvent, ...]
    #: body and content type of the acknowledgement, where the vendor wants a special one
    answer: bytes = b""
    answer_type: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One canonical object to be handed to a target, with its three names."""

    subject: Canonical
    #: what is to be done: `put` (create or bring up to this version), `correct`, `void`, ...
    operation: str
    #: what the target stores, the same for all versions
    reference: str
    #: reference, version, operation: what is owed
    delivery_key: str
    #: delivery key and generation: the vendor's idempotency header
    request_key: str
    #: the target's own ids of things this one refers to: reference -> external id
    known: Mapping[str, str] = field(default_factory=dict)
    #: the entity's business date as it is handed over
    today: date | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The target's own word on an object."""

    external_id: str
    #: how far it got there
    acknowledged: bool = True
    posted: bool = False
    #: the version found, where the target stores it
    version: int | None = None
    #: what the target holds, for comparison: amounts as text, status, period, number
    held: Mapping[str, str] = field(default_factory=dict)
    #: asynchronous posting: the vendor's job and when to ask again
    job_id: str = ""
    look_again_in: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class ControlLine:
    """One document as a system's own list shows it. Amounts in major units, signed."""

    reference: str
    external_id: str
    document_date: date
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    label: str = ""
    status: str = ""
    counterparty: str = ""
    #: whose document it is: our reference of the customer where the system carries it, else its own id there
    customer: str = ""
    #: ledger account it stands on, where that is none of those set for its kind; empty where it is as set, or not known
    other_account: str = ""


@dataclass(frozen=True, kw_only=True)
class ControlPage:
    """A page of a population, with the source's own count where it offers one."""

    lines: tuple[ControlLine, ...]
    source_count: int | None = None
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class Period:
    """One accounting period of a ledger module, as the ERP has it."""

    external_id: str
    module: str
    starts_on: date
    ends_on: date
    #: open, closing or closed
    state: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a connector is built from: address, secrets and switches of one connection."""

    code: str
    base_url: str
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]
    #: accounting dates are dates in this zone
    zone: ZoneInfo
    #: only a sandbox may live at a loopback or private address
    sandbox: bool = False
    #: True: use the credential that can only read (controls)
    read_only: bool = False


class Connector:
    """One system. Verbs a system does not have raise Unsupported; `capabilities` says so beforehand."""

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    #: crm, billing, erp, gateway
    role: ClassVar[str] = ""
    #: receive, poll, list_events, fetch, find, list_day, deliver_many, periods, corrects_in_place, ...
    capabilities: ClassVar[frozenset[str]] = frozenset()
    #: what `poll` and `list_events` may be asked for
    streams: ClassVar[tuple[str, ...]] = ()
    #: True: its lists show records as they are now, not what happened to them one by one
    lists_states: ClassVar[bool] = False
    #: kinds `deliver` takes
    delivers: ClassVar[frozenset[str]] = frozenset()
    #: kinds `list_day` takes; empty: whatever it is asked for, it says itself what it cannot list
    lists: ClassVar[frozenset[str]] = frozenset()
    #: how long after an unanswered write a look-up may still miss it
    settle_time: ClassVar[timedelta] = timedelta(seconds=5)
    #: how long the vendor surely remembers a request key; None = never does
    key_horizon: ClassVar[timedelta | None] = None
    #: hour of the entity's day from which it takes a contract that begins that day
    begins_at: ClassVar[time] = time(0)
    #: parcels per `deliver_many`
    batch_size: ClassVar[int] = 1

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def knows(self, *, headers: Mapping[str, str]) -> bool:
        """Whether the address or the sign-in alone proves who calls, whatever the body turns out to be."""
        return False

    @classmethod
    def turn_away(cls, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Spend on a call for a connection we do not have what `receive` spends on one it cannot prove: the time that
        takes tells nobody which connections there are.
        """

    def receive(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        """Prove a call authentic and split it into events. Raises NotAuthentic, or ValueError with words for
        the caller.
        """
        raise Unsupported(self, "receive")

    def reopen(self, *, kind: str, raw: bytes) -> Mapping[str, Any] | None:
        """The object inside the stored bytes of an event, where that copy is final; None means: fetch it."""
        return None

    def poll(self, *, stream: str, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
        """What changed since the cursor, and the next cursor. Safe to repeat. Raises CursorLost where the source does
        not keep that place any more; an empty cursor reads all it keeps.
        """
        raise Unsupported(self, "poll")

    def list_events(self, *, stream: str, since: datetime, until: datetime) -> list[SourceEvent]:
        """The source's own list of what happened in [since, until), under the ids `poll` gives: to find what neither a
        call nor a poll has brought.
        """
        raise Unsupported(self, "list_events")

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The objects as the source has them now, by id; an id it does not have is absent."""
        raise Unsupported(self, "fetch")

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        """A source's own record or event object as shapes; pure. What only we know (entity, mappings) stays empty.

        Raises Rejected with reason, field and value where the record cannot be read.
        """
        raise Unsupported(self, "translate")

    def deliver(self, parcel: Parcel) -> Receipt:
        """Hand over one object. Raises one of the four outbound errors."""
        raise Unsupported(self, "deliver")

    def deliver_many(self, parcels: Sequence[Parcel]) -> list[Receipt | ConnectorError]:
        """Hand over several; one outcome each, in order. Never all-or-nothing."""
        raise Unsupported(self, "deliver_many")

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        """What the target holds under a reference: nothing, one, or (a case) several.

        Raises Rejected where the target had accepted it and refused it later.
        """
        raise Unsupported(self, "find")

    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """All documents of a kind dated `day` in the entity's zone, page by page."""
        raise Unsupported(self, "list_day")

    def periods(self, *, entity: str) -> Iterable[Period]:
        """The accounting periods of an entity (its code in that ERP) and their states."""
        raise Unsupported(self, "periods")

    def recognises(self) -> list[str]:
        """What this ledger recognises revenue of by itself: its items by our names, or by its own."""
        raise Unsupported(self, "tell what it recognises")

    def link(self, *, kind: str, external_id: str) -> str:
        """Address of the record in the system's own screens, or an empty text."""
        return ""

    def check(self) -> str:
        """Sign in and say in one line who we are there. Raises the outbound errors."""
        raise Unsupported(self, "check")


class Unsupported(ConnectorError):
    """A verb this system does not have was called: a bug of ours, since capabilities say so."""

    def __init__(self, connector: Connector, verb: str) -> None:
        super().__init__(f"{connector.label or connector.name} cannot {verb}", system=connector.name)
