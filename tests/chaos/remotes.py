"""Remote systems with books of their own: some honour request keys and some do not, some post at once and some later.

Without idempotency a second call writes a second record: nothing here protects the portal from itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from connectors.canonical import Canonical
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Connector, ControlLine, ControlPage, Parcel, Period, Receipt, Setup
from tests.chaos.crashes import Boundaries
from tests.chaos.mishaps import NONE, Faults
from tests.chaos.world import World

#: how long after a call a late write may still land, and a new record may stay invisible
SETTLE = timedelta(seconds=20)
#: the secret part of the address the CRM calls
SECRET_PATH = "known-to-both"
#: a remote that honours request keys forgets them after this
HORIZON = timedelta(hours=24)


@dataclass(kw_only=True)
class Record:
    """One record in a remote's books."""

    external_id: str
    kind: str
    reference: str
    version: int
    subject: Canonical
    at: datetime
    visible_from: datetime
    by: str = "portal"
    #: pending, posted or refused
    status: str = "posted"


@dataclass(kw_only=True)
class Books:
    """What one remote holds and has seen."""

    code: str
    idempotent: bool
    asynchronous: bool
    records: dict[str, list[Record]] = field(default_factory=dict)
    #: request key -> when and what was answered
    answers: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    closed_months: set[str] = field(default_factory=set)
    #: months the portal itself has closed, though this ERP would still take documents
    closed_by_portal: set[str] = field(default_factory=set)
    #: nothing may be sent before this, as the remote has said
    rest_until: datetime | None = None
    calls: Counter[str] = field(default_factory=Counter)
    #: what only a checker should look at: broken promises seen from the remote's side
    complaints: list[str] = field(default_factory=list)
    #: (reference, version) in the order written
    writes: list[tuple[str, int]] = field(default_factory=list)
    last_number: int = 0
    refuses_login: bool = False
    #: documents refused until somebody sets something right, and those judged before
    refusing: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    #: (reference, reason) of every refusal a caller heard
    refusals: list[tuple[str, str]] = field(default_factory=list)
    #: told of every new record
    on_write: Callable[[Record], None] | None = None

    def all(self) -> Iterator[Record]:
        for several in self.records.values():
            yield from several

    def of(self, reference: str, *, at: datetime | None = None) -> list[Record]:
        return [one for one in self.records.get(reference, []) if at is None or one.visible_from <= at]

    def by_id(self, reference: str, external_id: str) -> Record | None:
        return next((one for one in self.records.get(reference, []) if one.external_id == external_id), None)


@dataclass(kw_only=True)
class Stage:
    """What the remotes of one run share. One run at a time: connectors are built by the product, from rows."""

    world: World
    boundaries: Boundaries
    faults: Faults = NONE
    shelf: dict[str, Books] = field(default_factory=dict)


_stage: Stage | None = None


def set_stage(stage: Stage | None) -> None:
    global _stage
    _stage = stage


def stage() -> Stage:
    assert _stage is not None, "no simulation is running"
    return _stage


class Remote(Connector):
    """A target with books."""

    capabilities = frozenset({"find", "list_day", "periods"})
    settle_time = SETTLE
    key_horizon = HORIZON
    #: kinds that must carry their whole life without a second copy
    documents: ClassVar[frozenset[str]] = frozenset(
        {
            "invoice",
            "payment",
            "allocation",
            "credit_memo",
            "void",
            "refund",
            "refund_failure",
            "dispute_movement",
            "payout",
        }
    )

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.books = stage().shelf[setup.code]

    # -- writing --------------------------------------------------------------------------------------
    def deliver(self, parcel: Parcel) -> Receipt:
        on = stage()
        on.boundaries.reach("before call", where=f"deliver {parcel.subject.kind}")
        receipt = self._answer(parcel)
        on.boundaries.reach("after call", where=f"deliver {parcel.subject.kind}")
        return receipt

    def _answer(self, parcel: Parcel) -> Receipt:
        """One HTTP call, seen from the caller: an answer, a refusal, or silence."""
        on, books = stage(), self.books
        world, faults = on.world, on.faults
        books.calls["deliver"] += 1
        self._mind_the_rest(parcel.reference)
        if books.refuses_login or world.chance(faults.login):
            books.refuses_login = True
            raise Misconfigured("the sign-in was refused", system=self.name, http_status=401)
        if world.chance(faults.unavailable):
            raise Unavailable("try later", system=self.name, http_status=503)
        self._throttle()
        if world.chance(faults.lost_call):
            raise OutcomeUnknown("no answer", system=self.name)
        if world.chance(faults.late_commit):
            wait = world.seconds(0, SETTLE.total_seconds() * 0.9)
            world.after(wait, "late commit", lambda: self._late(parcel), passive=True)
            raise OutcomeUnknown("no answer", system=self.name)
        try:
            receipt = self._written(parcel)
        except Rejected as refusal:
            books.refusals.append((parcel.reference, refusal.reason))
            raise
        if world.chance(faults.slow):
            world.elapse(world.seconds(60, 400))
        if world.chance(faults.lost_answer):
            books.calls["lost answers"] += 1
            raise OutcomeUnknown("no answer", system=self.name)
        return receipt

    def _late(self, parcel: Parcel) -> None:
        try:
            # landing late and hiding afterwards would together outlast the time this remote says it takes to settle
            self._written(parcel, may_hide=False)
        except ConnectorError:
            return  # refused late: nobody hears it

    def _written(self, parcel: Parcel, *, may_hide: bool = True) -> Receipt:
        """The remote's own side of a call that reached it."""
        on, books = stage(), self.books
        now = on.world.time
        if books.idempotent and parcel.request_key in books.answers:
            at, said = books.answers[parcel.request_key]
            if now - at < HORIZON:
                books.calls["repeated"] += 1
                if isinstance(said, Exception):
                    raise said
                return said
        if books.idempotent and on.world.chance(on.faults.stored_error):
            error = OutcomeUnknown("internal error", system=self.name, http_status=500)
            books.answers[parcel.request_key] = (now, error)
            raise error
        self.refuse(parcel)
        record = self._put(parcel, may_hide=may_hide)
        receipt = self.receipt_of(record)
        if on.world.chance(on.faults.wrong_echo) and "total" in receipt.held:
            receipt = Receipt(
                external_id=receipt.external_id,
                posted=receipt.posted,
                version=receipt.version,
                held={**receipt.held, "total": str(Decimal(receipt.held["total"]) + 1)},
            )
        if books.idempotent:
            books.answers[parcel.request_key] = (now, receipt)
        return receipt

    def refuse(self, parcel: Parcel) -> None:
        """Raise Rejected where this remote would."""

    def _put(self, parcel: Parcel, *, may_hide: bool) -> Record:
        on, books, subject = stage(), self.books, parcel.subject
        held = books.by_id(parcel.reference, parcel.known.get(parcel.reference, ""))
        if held and (subject.state_like or parcel.operation == "correct"):
            if subject.state_like and subject.version < held.version:
                books.complaints.append(f"{parcel.reference}: version {subject.version} came after {held.version}")
            held.subject, held.version = subject, subject.version
            books.writes.append((parcel.reference, subject.version))
            if books.on_write:
                books.on_write(held)
            return held
        now = on.world.time
        hides = may_hide and on.world.chance(on.faults.absent)
        hidden = on.world.seconds(0, SETTLE.total_seconds() * 0.9) if hides else timedelta()
        books.last_number += 1
        record = Record(
            external_id=f"{books.code}-{subject.kind}-{books.last_number}",
            kind=subject.kind,
            reference=parcel.reference,
            version=subject.version,
            subject=subject,
            at=now,
            visible_from=now + hidden,
            status="pending" if books.asynchronous and subject.kind in self.documents else "posted",
        )
        books.records.setdefault(parcel.reference, []).append(record)
        books.writes.append((parcel.reference, subject.version))
        if record.status == "pending":
            on.world.after(on.world.seconds(5, 120), "posting job", lambda: self._post(record), passive=True)
        if books.on_write:
            books.on_write(record)
        return record

    def _post(self, record: Record) -> None:
        record.status = "posted"

    def _throttle(self) -> None:
        """Now and then: asks to be left alone wholly, for a while."""
        on = stage()
        if on.world.chance(on.faults.throttled):
            wait = on.world.random.uniform(1, 30)
            books, before, until = self.books, self.books.rest_until, on.world.time + timedelta(seconds=wait)
            books.rest_until = until
            # who dies before it wrote that down has told nobody, and the next to call is told again
            on.world.if_it_dies(lambda: setattr(books, "rest_until", before) if books.rest_until == until else None)
            raise Unavailable("slow down", system=self.name, http_status=429, retry_after=wait, reason="RATE_LIMIT")

    def _mind_the_rest(self, reference: str) -> None:
        rest = self.books.rest_until
        if rest is not None and stage().world.time < rest:
            early = (rest - stage().world.time).total_seconds()
            self.books.complaints.append(f"{reference}: called {early:.1f} s before the time asked to wait for")

    # -- reading --------------------------------------------------------------------------------------
    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        on = stage()
        on.boundaries.reach("before call", where=f"find {kind}")
        self.books.calls["find"] += 1
        self._mind_the_rest(reference)
        if self.books.refuses_login:
            raise Misconfigured("the sign-in was refused", system=self.name, http_status=401)
        if on.world.chance(on.faults.unavailable):
            raise Unavailable("try later", system=self.name, http_status=503)
        found = [self.receipt_of(one) for one in self.books.of(reference, at=on.world.time)]
        on.boundaries.reach("after call", where=f"find {kind}")
        return found

    def receipt_of(self, record: Record) -> Receipt:
        subject = record.subject
        held = {"currency": subject.currency}
        if hasattr(subject, "total"):
            held["total"] = str(subject.total)
        waiting = record.status == "pending"
        return Receipt(
            external_id=record.external_id,
            posted=not waiting and subject.kind in self.documents,
            version=record.version if subject.state_like else None,
            held=held,
            job_id=f"job-{record.external_id}" if waiting else "",
            look_again_in=timedelta(seconds=30) if waiting else None,
        )

    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        yield ControlPage(lines=tuple(self._lines(kind, day)), query=f"{kind} of {day}")

    def _lines(self, kind: str, day: date) -> Iterator[ControlLine]:
        for record in self.books.all():
            if record.kind == kind and getattr(record.subject, "document_date", day) == day:
                total = getattr(record.subject, "total", Decimal(0))
                yield ControlLine(
                    reference=record.reference,
                    external_id=record.external_id,
                    document_date=day,
                    currency=record.subject.currency,
                    net=total,
                    tax=Decimal(0),
                    gross=total,
                )

    def check(self) -> str:
        if self.books.refuses_login:
            raise Misconfigured("the sign-in was refused", system=self.name, http_status=401)
        return "here"


class SimErp(Remote):
    """A ledger: knows customers and items, minds its periods and its currencies' digits."""

    name, label, role = "sim_erp", "Simulated ERP", "erp"

    def refuse(self, parcel: Parcel) -> None:
        subject = parcel.subject
        posted_on = getattr(subject, "posts_on", None) or getattr(subject, "posting_date", None)
        if posted_on is not None and f"{posted_on:%Y-%m}" in self.books.closed_months:
            raise Rejected(
                "The period is closed.", reason="PERIOD_CLOSED", field="posting date", value=f"{posted_on:%Y-%m}"
            )
        if posted_on is not None and f"{posted_on:%Y-%m}" in self.books.closed_by_portal:
            self.books.complaints.append(f"{parcel.reference}: sent into a period the portal had closed")
        customer = getattr(subject, "customer_reference", "")
        if customer and not self.books.of(customer):
            raise Rejected("No such customer.", reason="ERP_CUSTOMER_MISSING", field="customer", value=customer)
        if subject.kind in self.documents:
            self._mind_the_dimension(parcel.reference)

    def _mind_the_dimension(self, reference: str) -> None:
        """Once refused, refused until people have been there."""
        books, on = self.books, stage()
        if reference not in books.judged:
            books.judged.add(reference)
            if on.world.chance(on.faults.refused):
                books.refusing.add(reference)
        if reference in books.refusing:
            raise Rejected("Department is missing.", reason="DIMENSION_MISSING", field="department", value="none")

    def periods(self, *, entity: str) -> Iterable[Period]:
        for month, last in (("2026-03", 31), ("2026-04", 30), ("2026-05", 31)):
            yield Period(
                external_id=month,
                module="ar",
                starts_on=date.fromisoformat(f"{month}-01"),
                ends_on=date.fromisoformat(f"{month}-{last}"),
                state="closed" if month in self.books.closed_months else "open",
            )


def each(outcomes: Sequence[Callable[[], Any]]) -> list[Any]:
    """Outcomes of a batch, one by one: what fails is its own outcome."""
    found: list[Any] = []
    for make in outcomes:
        try:
            found.append(make())
        except ConnectorError as error:
            found.append(error)
    return found
