"""What a trail is made of, and reading its rows: stations, passages, names, in a fixed number of queries."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken
from django.db.models import Q

from connectors.errors import ConnectorError
from reconciliation import sentences
from reconciliation.models import ExceptionCase
from reconciliation.trail_steps import Standing, Step, standing, steps
from sync import connections
from sync.models import (
    Connection,
    ContractRecord,
    CustomerRecord,
    Delivery,
    EntityRoute,
    ExternalIdentity,
    InvoiceRecord,
    PaymentRecord,
    SourceEvent,
    WorkItem,
)
from sync.money_text import money
from sync.states import Condition

#: most rows of one kind a page shows
MOST = 60


@dataclass(frozen=True, kw_only=True)
class Name:
    """What one system calls an object, and the address of its own screen (empty where it has none)."""

    system: str
    text: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One version of an object on its way to one system."""

    title: str
    to: str
    steps: tuple[Step, ...]
    standing: Standing
    is_current: bool = True
    tries: int = 0
    technical: tuple[tuple[str, str], ...] = ()

    @property
    def done(self) -> int:
        return sum(step.mark == "done" for step in self.steps)

    @property
    def used(self) -> int:
        return sum(step.mark != "unused" for step in self.steps)


@dataclass(kw_only=True)
class Station:
    """One link of the chain. A gap is a station nobody has seen yet: `expected` says from where it should come."""

    kind: str
    title: str
    amount: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    expected: str = ""
    standing: Standing | None = None

    @property
    def current(self) -> Passage | None:
        """The passage to look at first: one that is stopped, else one that is not done, else the last."""
        live = [one for one in self.passages if one.is_current] or self.passages
        for tones in (("stop",), ("doubt",), ("wait",)):
            for one in live:
                if one.standing.tone in tones:
                    return one
        return live[-1] if live else None


@dataclass(kw_only=True)
class Trail:
    """Everything under one correlation id."""

    correlation_id: str
    #: deal or customer
    kind: str
    heading: str
    customer_name: str = ""
    customer_link: str = ""
    amount: str = ""
    stations: list[Station] = field(default_factory=list)
    deals: list[tuple[str, str, str, Standing]] = field(default_factory=list)
    deals_more: int = 0
    #: systems whose ids or links could not be built
    missing: list[str] = field(default_factory=list)
    items: list[WorkItem] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    events: list[SourceEvent] = field(default_factory=list)
    cases: list[ExceptionCase] = field(default_factory=list)

    @property
    def open_cases(self) -> list[ExceptionCase]:
        return [case for case in self.cases if case.status == ExceptionCase.Status.OPEN]

    @property
    def where(self) -> Standing:
        """Where it stands: the first station that is stopped, in doubt, waiting or missing."""
        for station in self.stations:
            one = station.current
            if one and one.standing.tone in ("stop", "doubt", "wait"):
                return dataclasses.replace(one.standing, text=f"{station.title}: {one.standing.text}")
            if station.expected:
                return Standing(text=f"{station.expected}.", tone="wait", icon="hourglass_empty")
        return Standing(text="Through: every system has it.", tone="good", icon="check_circle")


class Reader:
    """Reads a trail in a fixed number of queries, whatever its length."""

    def __init__(self, correlation_id: str) -> None:
        self.correlation_id = correlation_id
        items = WorkItem.objects.select_related("event__connection", "entity")
        found = list(items.filter(correlation_id=correlation_id).order_by("pk")[: MOST * 2])
        references = {item.reference for item in found}
        # a payment carries our story only once its invoice is known; until then it is found by what it waits for
        late = items.filter(waits_for__in=references, condition=Condition.WAITING).exclude(
            pk__in=[one.pk for one in found]
        )
        if correlation_id.startswith("deal:"):
            found += list(late.order_by("pk")[:MOST])
        self.items = found
        self.deliveries = list(
            Delivery.objects.filter(correlation_id=correlation_id)
            .select_related("target", "entity")
            .order_by("pk")[: MOST * 3]
        )
        self.rows: list[WorkItem | Delivery] = [*self.deliveries, *self.items]
        self.references = {row.reference for row in self.rows}
        self.cases = list(
            ExceptionCase.objects.select_related("problem", "break_row", "entity")
            .filter(
                Q(work_item__in=[item.pk for item in self.items])
                | Q(delivery__in=[row.pk for row in self.deliveries])
                | Q(break_row__isnull=False, reference__in=self.references)
            )
            .order_by("opened_at")[: MOST * 2]
        )
        self.case_of: dict[tuple[str, int], ExceptionCase] = {}
        for case in self.cases:
            if case.status == ExceptionCase.Status.OPEN:
                for key in self._keys(case):
                    self.case_of.setdefault(key, case)
        self.names: dict[str, list[tuple[Connection, str, str]]] = {}
        identities = (
            ExternalIdentity.objects.filter(reference__in=self.references)
            .select_related("connection")
            .order_by("connection__role")
        )
        for identity in identities:
            self.names.setdefault(identity.reference, []).append(
                (identity.connection, identity.kind, identity.external_id)
            )
        self.waits = waits_named({row.waits_for for row in self.rows if row.waits_for})
        self.systems = self._systems()
        self.missing: list[str] = []

    def _keys(self, case: ExceptionCase) -> list[tuple[str, int]]:
        """The rows a case speaks of; a break speaks of the deliveries that should have made both sides equal."""
        if case.work_item_id:
            return [("work_item", case.work_item_id)]
        if case.delivery_id:
            return [("delivery", case.delivery_id)]
        return [("delivery", row.pk) for row in self.deliveries if row.reference == case.reference]

    def _systems(self) -> dict[str, str]:
        """Role -> system name, as routed for the trail's company, else as connected at all."""
        entity = next((row.entity_id for row in self.rows if row.entity_id), None)
        rows = list(
            EntityRoute.objects.filter(is_shadow=False, **({"entity": entity} if entity else {}))
            .select_related("connection")
            .order_by("valid_from")
        )
        found = {row.role: row.connection.system for row in rows}
        if not found:
            found = dict(Connection.objects.order_by("-pk").values_list("role", "system"))
        plain = {"crm": "the CRM", "billing": "billing", "erp": "the ERP"}
        return {role: sentences.system_name(found[role]) if role in found else words for role, words in plain.items()}

    def of(self, flow: str) -> list[WorkItem]:
        return [item for item in self.items if item.flow == flow]

    def name(self, connection: Connection, *, kind: str, external_id: str) -> Name:
        """An id with its link; a connection that cannot be built has the id alone, and is named as missing."""
        system = sentences.system_name(connection.system)
        try:
            url = connections.connector_for(connection).link(kind=kind, external_id=external_id)
        except (ConnectorError, InvalidToken, LookupError, ValueError, TypeError):
            url = ""
            if system not in self.missing:
                self.missing.append(system)
        return Name(system=system, text=external_id, url=url if url.startswith(("https://", "http://")) else "")

    def names_of(self, reference: str) -> list[Name]:
        return [
            self.name(connection, kind=kind, external_id=own) for connection, kind, own in self.names.get(reference, [])
        ]

    def passages(self, items: Sequence[WorkItem]) -> list[Passage]:
        """One passage per delivery; an item that owes nothing yet is one by itself."""
        out = []
        newest = max((item.version for item in items), default=0)
        for item in items:
            mine = [row for row in self.deliveries if row.work_item_id == item.pk]
            many = f", version {item.version}" if len(items) > 1 else ""
            live = item.version == newest
            out += [
                self._passage(item, row, f"To {sentences.system_name(row.target.system)}{many}", live) for row in mine
            ]
            if not mine:
                out.append(self._passage(item, None, f"In the portal{many}", live))
        return out

    def _passage(self, item: WorkItem | None, row: Delivery | None, title: str, live: bool) -> Passage:
        stands = row or item
        assert stands is not None
        technical = [("Reference", stands.reference), ("Version", str(stands.version))]
        if item:
            technical += [
                ("Flow", item.flow),
                ("Record revision", str(item.record_revision)),
                ("Tracking id", str(item.event.tracking_id)),
            ]
        if row:
            technical += [
                ("Delivery key", row.delivery_key),
                ("Round", str(row.round)),
                ("Generation", str(row.generation)),
                ("Queue", row.queue),
                ("SHA-256 of what is sent", row.subject_sha256),
            ]
        return Passage(
            title=title,
            to=sentences.system_name(row.target.system) if row else "",
            steps=steps(item, row),
            standing=standing(stands, cases=self.case_of, waits=self.waits),
            is_current=live and stands.condition not in (Condition.SUPERSEDED, Condition.WITHDRAWN),
            tries=row.attempts if row else 0,
            technical=tuple(technical),
        )

    def feedback(self, crm_object: str) -> Station:
        """What the CRM shows about it; only the newest state matters."""
        rows = [row for row in self.deliveries if row.kind == "feedback"]
        station = Station(kind="feedback", title=f"Status in {self.systems['crm']}")
        for row in rows:
            station.passages.append(
                self._passage(
                    None, row, f"Version {row.version} to {sentences.system_name(row.target.system)}", row is rows[-1]
                )
            )
        if not rows:
            station.expected = f"Expected: status on the {crm_object} in {self.systems['crm']}"
        return station


def waits_named(references: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What people call the things waited for, and where to look: reference -> (name, link)."""
    wanted = set(references)
    if not wanted:
        return {}
    named: dict[str, tuple[str, str]] = {}
    for item in (
        WorkItem.objects.filter(reference__in=wanted).order_by("pk").values("reference", "title", "correlation_id")
    ):
        kind = item["reference"].partition(":")[0]
        words = f"customer {item['title']}" if kind == "customer" else item["title"] or item["reference"]
        named[item["reference"]] = (words, f"/t/{item['correlation_id']}" if item["correlation_id"] else "")
    for reference in wanted - set(named):
        kind, _, rest = reference.partition(":")
        named[reference] = (f"{kind} {rest}, which has not reached us", "")
    return named


def day(value: Any) -> str:
    return f"{value:%d %b %Y}" if value else ""


def sum_text(row: WorkItem | ContractRecord | InvoiceRecord | PaymentRecord, amount: Any = None) -> str:
    return money(amount if amount is not None else getattr(row, "amount", None), row.currency)


def customer_of(reference: str, *, name: str) -> tuple[str, str]:
    """A customer's name and the link to its own trail."""
    found = CustomerRecord.objects.filter(reference=reference).values_list("name", "correlation_id").first()
    if found:
        return found[0], f"/t/{found[1]}"
    return name or reference.partition(":")[2], f"/t/{reference}" if reference.startswith("customer:") else ""
