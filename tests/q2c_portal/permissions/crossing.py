"""Every address of the portal with every method that matters, tried by everybody there is.

What comes of it is one mark for each of them; `who_may.txt` beside this file keeps the marks a reviewer agreed to.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from itertools import product
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from q2c_portal.roles import ROLES
from reconciliation.models import (
    Absence,
    ApprovalRequest,
    Break,
    CaseAct,
    EvidencePack,
    ExceptionCase,
    FixRun,
    Match,
    Mention,
    Problem,
    ReconcilingItem,
    RowChange,
    SavedView,
    SignOff,
)
from sync import clock
from sync.models import Connection, JournalBatchRecord, LegalEntity, SourceEvent, UsagePlanRecord
from tests.any_row import any_row
from tests.reconciliation.views import story as told

TABLE = Path(__file__).with_name("who_may.txt")
#: who tries: nobody signed in, somebody without a role, one of each role, and who may do all that no rule forbids
NOBODY, NO_ROLE, SUPERUSER = "nobody", "no role", "superuser"
PEOPLE = (NOBODY, NO_ROLE, *ROLES, SUPERUSER)
METHODS = ("GET", "POST")
#: comes in; is refused or sent to sign in; no such method; not there; an error of ours, which is never agreed to
IN, OUT, NO_METHOD, MISSING, BROKEN = "+", "-", ".", "?", "!"

#: a part of an address: `<slug:name>`, or `(?P<name>…)` with one level of brackets inside
_PART = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)")
#: parts that say what is done: each word of theirs is an address of its own
_WORDS = ("do", "word", "kind", "form", "app_label")
#: the beginning of an address -> whose number stands in it, the longest first
_ROWS: dict[str, type[models.Model]] = {
    "queue/views/": SavedView,
    "p/PRB-": Problem,
    "x/EXC-": ExceptionCase,
    "approvals/APR-": ApprovalRequest,
    "runs/": FixRun,
    "profile/away/": Absence,
    "mentions/": Mention,
    "matches/MAT-": Match,
    "controls/breaks/": Break,
    "controls/items/ITM-": ReconcilingItem,
    "evidence/": EvidencePack,
    "changes/CHG-": RowChange,
    "api/v1/cases/": ExceptionCase,
    "api/v1/problems/": Problem,
    "api/v1/matches/": Match,
    "api/v1/reconciling-items/": ReconcilingItem,
    "api/v1/approvals/": ApprovalRequest,
    "api/v1/journals/": JournalBatchRecord,
    "api/v1/runs/": FixRun,
    "api/v1/absences/": Absence,
    "api/v1/sign-offs/": SignOff,
}
_NUMBERS = ("pk", "number")
#: how every refusal begins that is about who somebody is
REFUSAL = "Your role"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One address: as the table writes it, and the name of its pattern."""

    label: str
    name: str


def addresses() -> list[Address]:
    """All there are, in the order of the table."""
    found = {one.label: one for route, name in _patterns(get_resolver()) for one in _each(route, name)}
    return [found[label] for label in sorted(found)]


def _patterns(resolver: URLResolver, before: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern).removeprefix("^").removesuffix("$")
        if isinstance(one, URLResolver):
            yield from _patterns(one, route, f"{space}{one.namespace}:" if one.namespace else space)
        else:
            assert isinstance(one, URLPattern)
            yield route, space + (one.name or "")


def _each(route: str, name: str) -> Iterator[Address]:
    """A route once for each word it may have where it says what is done; other parts keep their names."""
    choices: list[list[str]] = []
    for converter, part, group, regex in _PART.findall(route):
        called = part or group
        words = (regex or (get_converters()[converter].regex if converter else "")).split("|")
        choices.append(words if called in _WORDS else [f"<{called}>"])
    for words in product(*choices):
        yield Address(label=_filled(route, words), name=name)


def _filled(route: str, words: Sequence[str]) -> str:
    rest = iter(words)
    return _PART.sub(lambda _: next(rest), route)


class World:
    """Fills the parts of addresses with what is there."""

    def __init__(self, story: told.Story, user: User) -> None:
        self.story = story
        self.case = ExceptionCase.objects.filter(status="open", reason="PRODUCT_UNMAPPED")[0]
        owned: dict[type[models.Model], dict[str, Any]] = {
            SavedView: {"owner": user, "query": "?mine=1"},
            Mention: {"person": user},
            Absence: {"person": user},
            EvidencePack: {},
            Match: {},
            RowChange: {},
            JournalBatchRecord: {},
            UsagePlanRecord: {},
        }
        for model, values in owned.items():
            if not model._default_manager.exists():
                any_row(model, **values)
        # rows that were made without thought belong somewhere now
        Match.objects.update(control="invoices")
        SignOff.objects.update(control="invoices")
        RowChange.objects.update(table="products")
        FixRun.objects.update(request=None)
        event = SourceEvent.objects.order_by("pk")[0]
        entity = LegalEntity.objects.order_by("pk")[0]
        self.parts: dict[str, str] = {
            "entity": entity.code,
            "control": "invoices",
            "day": f"{told.DAY}",
            "first": f"{told.DAY}",
            "last": f"{told.DAY}",
            "version": "1",
            "currency": "usd",
            "month": f"{told.DAY:%Y-%m}",
            "figure": "deferred",
            "correlation_id": f"deal:{told.PAID}",
            "code": Connection.objects.order_by("pk")[0].code,
            "secret": "wrong",
            "tracking_id": str(event.tracking_id),
            "act": str(CaseAct.objects.order_by("pk")[0].pk),
            "content_type_id": "1",
            "url": "nothing-of-this-name",
        }
        self.named = {"tables/": "products", "registers/": "tax", "api/v1/controls/": "invoices", "api/": "map_product"}
        self.referred = {
            "revenue/": JournalBatchRecord.objects.order_by("pk")[0].reference,
            "meters/": UsagePlanRecord.objects.order_by("pk")[0].reference,
        }

    def path(self, address: Address) -> str:
        """The address with everything filled in."""
        return "/" + re.sub(r"<(\w+)>", lambda found: self._part(address, found[1]), address.label)

    def _part(self, address: Address, name: str) -> str:
        if name in ("object_id", "id"):
            return self._row_of_admin(address)
        if name in _NUMBERS:
            model = next(model for start, model in _ROWS.items() if address.label.startswith(start))
            return str(self.case.pk if model is ExceptionCase else model._default_manager.order_by("pk")[0].pk)
        for known in (self.named if name == "name" else self.referred if name == "reference" else {}).items():
            if address.label.startswith(known[0]):
                return known[1]
        return self.parts[name]

    def _row_of_admin(self, address: Address) -> str:
        _, app, model, *_ = address.label.split("/")
        if app == "r":
            return "1"
        row = apps.get_model(app, model)._default_manager.order_by("pk").first()
        return str(row.pk) if row else "1"


def sign_in(who: str) -> tuple[Client, User | None]:
    """A browser of theirs."""
    client = Client(raise_request_exception=False)
    if who == NOBODY:
        return client, None
    if who == SUPERUSER:
        user, _ = User.objects.get_or_create(username="root", defaults={"is_staff": True, "is_superuser": True})
    elif who == NO_ROLE:
        user, _ = User.objects.get_or_create(username="newcomer", defaults={"is_staff": True})
    else:
        user = told.person(f"one.of.{who.lower().replace(' ', '.')}", who)
    client.force_login(user)
    return client, user


def filled_in(case: ExceptionCase) -> dict[str, Any]:
    """Something sensible in every field that forms and calls ask for: rights are looked at, not what is typed."""
    day, later = clock.now().date(), clock.now() + timedelta(days=2)
    return {
        **dict.fromkeys(("because", "hand_because", "note", "text"), "Because it is right"),
        **dict.fromkeys(("first", "last"), f"{day}"),
        "until": f"{later:%Y-%m-%d}",
        "to": "team:finance",
        "team": "finance",
        "do": "take",
        "tags": "audit",
        "add": ["audit"],
        "case": f"{case.pk}:{case.version}",
        "version": str(case.version),
        "name": "A view",
        "query": "?mine=1",
        "scope": "me",
        "zone": "UTC",
        "sha256": "0" * 64,
        "control": "invoices",
        "entity": case.entity.code if case.entity else "",
        "look_back": False,
        "inputs": {},
        "references": ["invoice:1", "invoice:2"],
        "kind": "rounding",
        "what": f"deal:{told.PAID}",
        "seen": 1,
        "fix": "map_product",
        "product": "GTX Pro",
        "valid_from": "2026-01-01",
        "reference": "invoice:1",
    }


def mark(client: Client, method: str, path: str, given: dict[str, Any]) -> str:
    """What comes of it; whatever it does is taken back, a sign-out too."""
    signed_in = SimpleCookie(client.cookies.output(header="", sep=";"))
    with transaction.atomic():
        if method == "GET":
            answer = client.get(path)
        elif path.startswith(("/api/", "/o/")):
            answer = client.post(path, given, content_type="application/json")
        else:
            answer = client.post(path, {name: value for name, value in given.items() if isinstance(value, str)})
        status, where = answer.status_code, answer.get("Location", "")
        # what is streamed is read while its rows are there
        text = b"".join(getattr(answer, "streaming_content", ())) if answer.streaming else answer.content
        # some doors say so beside what was typed, or on the page they lead back to
        said = "".join(str(message) for message in get_messages(answer.wsgi_request))
        is_refused = method == "POST" and (REFUSAL in said or REFUSAL.encode() in text)
        transaction.set_rollback(True)
    client.cookies = signed_in
    if status >= 500 and path != "/readyz":
        return BROKEN
    if is_refused or status in (401, 403) or (status == 302 and "/login/" in where):
        return OUT
    return {404: MISSING, 405: NO_METHOD}.get(status, IN)


def written(rows: dict[tuple[str, str], str]) -> str:
    """The table: method, a mark for each person, address."""
    head = [f"# {place} {who}" for place, who in enumerate(PEOPLE, start=1)]
    lines = [f"{method:4} {marks} /{label}" for (label, method), marks in sorted(rows.items())]
    return "\n".join([*head, *lines]) + "\n"


def agreed() -> dict[tuple[str, str], str]:
    """(address, method) -> the marks that were agreed to."""
    found: dict[tuple[str, str], str] = {}
    for line in TABLE.read_text().splitlines():
        if not line.startswith("#"):
            method, marks, label = line.split(maxsplit=2)
            found[label.removeprefix("/"), method] = marks
    return found


def tried(
    story: told.Story, people: Sequence[str], *, chosen: Callable[[Address, str], bool] = lambda *_: True
) -> dict[tuple[str, str], dict[str, str]]:
    """(address, method) -> person -> mark."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for who in people:
        client, user = sign_in(who)
        world = World(story, user or User.objects.order_by("pk")[0])
        given = filled_in(world.case)
        for address in addresses():
            path = world.path(address)
            for method in METHODS:
                if chosen(address, method):
                    found.setdefault((address.label, method), {})[who] = mark(client, method, path, given)
    return found
