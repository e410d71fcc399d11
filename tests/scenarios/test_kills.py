"""The demo with its processes killed in the middle of their work: every final figure is the same."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from q2c_portal.local import pipeline
from q2c_portal.local.state_dir import StateDir, read_json
from tests.scenarios.conftest import ROOT, until

pytestmark = pytest.mark.slow

DEALS = 100
#: once so many invoices are in the ERP, this process dies while the second thing is true
KILLS = (
    (5, "worker", "SELECT count(*) FROM sync_delivery WHERE condition = 'claimed'"),
    (20, "broker", "SELECT count(*) FROM sync_delivery WHERE condition IN ('due', 'claimed')"),
    (35, "web", "SELECT count(*) FROM sync_workitem WHERE condition IN ('due', 'claimed')"),
    (50, "worker", "SELECT count(*) FROM sync_workitem WHERE condition = 'claimed'"),
)
IN_THE_ERP = "SELECT count(*) FROM sync_delivery WHERE kind = 'invoice' AND role = 'erp' AND posted_at IS NOT NULL"
DUPLICATES = "SELECT count(*) FROM sync_externalidentity GROUP BY connection_id, reference HAVING count(*) > 1"


class Demo:
    """A demo in a folder of its own, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.state = StateDir(folder)
        # its own servers and switches, not the ones this test may have been given
        given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        given.pop("Q2C_TESTING", None)
        self.environment = {**given, "Q2C_STATE_DIR": str(folder)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "q2c_portal.local", *words]

    def run(self, *words: str) -> str:
        """What a command prints; fails with it where it fails."""
        done = subprocess.run(
            self.command(*words), cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"
        return done.stdout

    def begin(self, *words: str, log: str) -> subprocess.Popen[bytes]:
        with (self.state.path / log).open("wb") as file:
            return subprocess.Popen(self.command(*words), cwd=ROOT, env=self.environment, stdout=file, stderr=file)

    def count(self, question: str) -> int:
        with psycopg.connect(read_json(self.state.addresses)["DATABASE_URL"]) as database:
            row = database.execute(question).fetchone()
            return int(row[0]) if row else 0

    def books(self, system: str, kind: str) -> list[dict[str, Any]]:
        url = read_json(self.state.addresses)[f"{system.upper()}_URL"]
        return list(httpx.get(f"{url}/_sandbox/books/{kind}", timeout=60, trust_env=False).json())


@pytest.fixture
def demo() -> Iterator[Demo]:
    """Everything of `make run` but the demo's story; ended and deleted in the end."""
    folder = Path(tempfile.mkdtemp(prefix="q2c-kills-")).resolve()
    # PostgreSQL may run as another user, who must be able to pass through.
    folder.chmod(0o711)
    demo = Demo(folder)
    demo.state.create()
    supervisor = demo.begin("supervise", log="supervise.log")
    try:
        until(lambda: read_json(demo.state.status).get("phase") == "up" or supervisor.poll() is not None, seconds=180)
        assert supervisor.poll() is None, (folder / "supervise.log").read_text()
        yield demo
    finally:
        demo.run("reset")
        supervisor.wait(timeout=30)


def test_killing_worker_broker_and_web_changes_no_final_figure(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    # given the demo on its way
    telling = demo.begin("manage", "demo", "--won", str(DEALS), log="demo.log")
    # when processes die in the middle of what they do
    for posted, name, busy in KILLS:
        until(lambda: demo.count(IN_THE_ERP) >= posted or telling.poll() is not None, seconds=400)  # noqa: B023
        until(lambda: demo.count(busy) > 0 or telling.poll() is not None, seconds=400)  # noqa: B023
        assert telling.poll() is None, (demo.state.path / "demo.log").read_text()
        told = demo.run("kill", name)
        with capsys.disabled():
            print(f"\n{told.strip()} ({demo.count(IN_THE_ERP)} invoices posted)", end="")
    assert telling.wait(timeout=900) == 0, (demo.state.path / "demo.log").read_text()

    # then the figures are those of the files
    kept = read_json(demo.state.path / "story.json")
    rows = pipeline.read(
        today=date.fromisoformat(kept["today"]), shift_weeks=kept["shift_weeks"], most_won=kept["most_won"]
    )
    bad = {row.name for row in rows.accounts if row.country == "Philipines"}
    known = {row.name for row in rows.products}
    stopped = [deal for deal in rows.won if deal.product not in known or deal.account in bad]
    sold, held_up = _worth(rows.won), _worth(stopped)
    assert _sums(demo, "contract") == {"left": sold, "right": sold - held_up, "explained": held_up, "unexplained": 0}
    billed = sold - held_up
    assert _sums(demo, "invoice") == {"left": billed, "right": billed, "explained": 0, "unexplained": 0}
    problems = {one["code"]: int(one["count"]) for one in json.loads(demo.run("manage", "cases", "--json"))}
    unmapped = [deal for deal in rows.won if deal.product not in known]
    assert problems == {"PRODUCT_UNMAPPED": len(unmapped), "COUNTRY_UNKNOWN": 1}
    # and nothing is there twice
    count = len(rows.won) - len(stopped)
    assert len(demo.books("stripe", "subscription")) == len(demo.books("stripe", "invoice")) == count
    booked = [row["externalId"] for row in demo.books("netsuite", "invoice")]
    assert len(booked) == len(set(booked)) == count
    assert demo.count(DUPLICATES) == 0


def _worth(deals: list[pipeline.Deal]) -> Decimal:
    return sum((deal.value for deal in deals), Decimal(0))


def _sums(demo: Demo, kind: str) -> dict[str, Decimal]:
    rows = [row for row in json.loads(demo.run("manage", "tie_out", "--json")) if row["kind"] == kind]
    names = ("left", "right", "explained", "unexplained")
    return {name: sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in names}
