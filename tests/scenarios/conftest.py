"""The demo company at work in a test: sandboxes in processes of their own, the portal over HTTP, workers, people."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connections
from django.db.models import F
from pytest_django.live_server_helper import LiveServer

from q2c_portal.local import company, days, loading, people, pipeline, ports, processes
from q2c_portal.local.desk import Person
from q2c_portal.local.readiness import answers_http
from q2c_portal.local.sandboxes import SalesforceAdmin
from q2c_portal.management.commands import story
from reconciliation import tie_out
from reconciliation.models import ExceptionCase
from sync import feedback
from sync.models import CrmStatusRecord, Delivery, SourceEvent, WorkItem
from sync.states import UNFINISHED
from tests.scenarios import recording
from tests.scenarios.business import open_business as open_business
from tests.scenarios.engine import Engine

ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait for something another process or thread does."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, f"not within {seconds:.0f} seconds"
        time.sleep(0.1)


@pytest.fixture
def start_sandboxes(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """Starts sandboxes of vendors as processes with empty books; their addresses by name."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*names: str) -> dict[str, str]:
        chosen = ports.assign(list(names))
        for name in names:
            # `stripe@DE01` is one more Stripe account
            vendor = name.partition("@")[0]
            command = [sys.executable, "-m", "connectors.sandbox", vendor, "--port", str(chosen[name])]
            with (tmp_path / f"{name}.log").open("wb") as log:
                tie = processes.ends_with_parent(signal.SIGTERM)
                running.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, preexec_fn=tie))
        urls = {name: f"http://{ports.LOOPBACK}:{chosen[name]}" for name in names}
        until(lambda: all(answers_http(f"{url}/_sandbox/health") for url in urls.values()))
        return urls

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=20)


@pytest.fixture
def closed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes every HTTP client this test made: connectors keep theirs for as long as their process lives."""
    made: list[httpx.Client] = []
    begin = httpx.Client.__init__

    def begin_and_note(self: httpx.Client, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(httpx.Client, "__init__", begin_and_note)
    yield
    for client in made:
        client.close()


@pytest.fixture
def portal(
    transactional_db: None, closed_in_the_end: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The portal's address, served over HTTP on this test's database; every callback is kept."""
    settings.DEMO, settings.STATE_DIR = True, tmp_path
    settings.MIDDLEWARE = ["tests.scenarios.recording.record_callbacks", *settings.MIDDLEWARE]
    # sellers may see a status at once here; gathering changes is another test's matter
    monkeypatch.setattr(feedback, "COALESCE", timedelta(seconds=0.2))
    recording.CALLS.clear()
    server = LiveServer(f"{ports.LOOPBACK}:0")
    settings.PORTAL_URL = server.url
    yield server.url
    server.stop()
    connections.close_all()


@dataclass
class AtWork:
    """The company, everything around it, and the people at the desk."""

    rows: pipeline.Pipeline
    world: days.World
    people: dict[str, Person]
    #: the people's part, with every figure it must show
    story: story.Command
    said: io.StringIO

    def live(self, *, until: date) -> None:
        """Business days up to this one, its controls included."""
        days.live_on(self.world, self.rows, today=until)
        days.settle_controls(self.world)

    def play(self, *parts: Callable[[], None]) -> None:
        """Play parts of the story; fails with the figures that are wrong."""
        for part in parts:
            part()
            assert not self.story.failures, self.said.getvalue()

    def total(self, name: str) -> Decimal:
        """One column of the tie-out over both legs."""
        return sum((getattr(row, name) for row in tie_out.rows()), Decimal(0))

    def let_sellers_see(self) -> None:
        """Wait until Salesforce shows all it should."""
        until(
            lambda: (
                not CrmStatusRecord.objects.filter(version__gt=F("sent_version")).exists()
                and not Delivery.objects.filter(role="crm", condition__in=UNFINISHED).exists()
            )
        )

    def records_in_salesforce(self, fields: str, kind: str, field: str, values: list[str]) -> dict[str, dict[str, Any]]:
        """Records by one of their fields."""
        quoted = ",".join(f"'{value}'" for value in values)
        found = self.world.salesforce.query(f"SELECT Id, {field}, {fields} FROM {kind} WHERE {field} IN ({quoted})")
        return {row[field]: row for row in found}


@pytest.fixture
def open_company(portal: str) -> Iterator[Callable[..., AtWork]]:
    """Sets up the company with a slice of the pipeline, as `make run` does, and lets its workers begin."""
    engine = Engine()
    started = False

    def open_up(rows: pipeline.Pipeline, *, urls: dict[str, str]) -> AtWork:
        nonlocal started
        connected = company.set_up(rows, urls=urls)
        engine.__enter__()
        started = True
        salesforce = SalesforceAdmin(connected["salesforce"].base_url)
        loading.load(salesforce, rows, told=lambda *_: None, today=rows.last_day)
        said = io.StringIO()
        play = story.Command(stdout=said)
        play.failures, play.rows, play.world = [], rows, days.World.meet()
        play.expect()
        play.people = {name: Person(portal, name, password) for name, password in people.logins().items()}
        return AtWork(rows=rows, world=play.world, people=play.people, story=play, said=said)

    yield open_up
    if started:
        engine.__exit__(None, None, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A story that fails tells what was open in the portal at that moment; afterwards its database is empty."""
    report = yield
    if call.when == "call" and report.failed and "portal" in getattr(item, "fixturenames", ()):
        report.sections.append(("what was open in the portal", "\n".join(what_is_open())))
    return report


def what_is_open() -> list[str]:
    """A line for every case, and for everything that was not carried to its end."""
    cases = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN).order_by("pk")
    heard = SourceEvent.objects.exclude(condition="settled").order_by("pk")
    items = WorkItem.objects.exclude(condition__in=["settled", "superseded"]).order_by("pk")
    owed = Delivery.objects.exclude(condition__in=["settled", "superseded"]).order_by("pk")
    return [
        *(f"case {case.reason}: {case.document} {case.value} {case.evidence}" for case in cases),
        *(f"heard {row.kind} {row.object_id}: {row.condition} {row.outcome}" for row in heard),
        *(f"item {row.flow} {row.reference} v{row.version}: {row.condition} {row.waits_for}" for row in items),
        *(f"delivery {row.role} {row.reference}: {row.condition} {row.held_because}" for row in owed),
    ]
