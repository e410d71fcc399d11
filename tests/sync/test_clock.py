"""Machine time is the database's, whatever the worker's own clock says, and nothing else reads a clock."""

import ast
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from sync import clock, sweeper, work
from sync.models import WorkItem
from sync.states import Condition
from tests.small_company import Company, customer

ROOT = Path(settings.BASE_DIR)


class WrongClock(datetime):
    """A worker whose own clock is ten minutes ahead, or jumps."""

    ahead = timedelta(minutes=10)

    @classmethod
    def now(cls, tz=None):  # type: ignore[no-untyped-def,override]
        return datetime.now(tz) + cls.ahead


@pytest.fixture(autouse=True)
def _anchor_as_it_was():
    before = clock._anchor
    yield
    clock._anchor = before


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [10, -10, -60])
def test_a_worker_whose_clock_is_wrong_keeps_the_databases_time(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a machine that is minutes away from the truth
    monkeypatch.setattr(WrongClock, "ahead", timedelta(minutes=minutes))
    monkeypatch.setattr(clock, "datetime", WrongClock)
    assert abs(clock._database_time() - database_time()) < timedelta(seconds=1)
    # when nothing was asked yet, its own clock is all there is
    clock._anchor = None
    assert abs(clock.now() - database_time()) > timedelta(minutes=abs(minutes) - 1)
    # then a new connection sets it right
    clock.anchor(database_time(), before=clock._seconds(), after=clock._seconds())
    assert abs(clock.now() - database_time()) < timedelta(seconds=1)


@pytest.mark.django_db(transaction=True)
def test_every_new_connection_asks_the_database_once() -> None:
    connection.close()
    clock._anchor = None
    # when a connection is opened
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    # then it was asked
    assert clock._anchor is not None
    assert abs(clock.now() - database_time()) < timedelta(seconds=1)
    # and a worker that was wrong before is right after its next connection
    clock._anchor = (datetime(2020, 1, 1, tzinfo=UTC), clock._seconds())
    connection.close()
    assert abs(database_time() - clock.now()) < timedelta(seconds=1)


def test_time_goes_on_between_questions_and_never_with_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # given what the database said, and a counter
    counter = [100.0]
    monkeypatch.setattr(clock, "_seconds", lambda: counter[0])
    said = datetime(2026, 5, 14, 10, tzinfo=UTC)
    clock.anchor(said, before=99.0, after=101.0)
    # when the counter goes on and the wall clock is set back an hour
    monkeypatch.setattr(clock, "datetime", WrongClock)
    monkeypatch.setattr(WrongClock, "ahead", timedelta(hours=-1))
    counter[0] = 130.0
    # then half a minute has passed
    assert clock._database_time() == said + timedelta(seconds=30)


@pytest.mark.django_db
def test_a_worker_ten_minutes_ahead_steals_no_lease(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an item under way at another worker, with a lease by the database's time
    with clock.use(clock._database_time):
        clock.anchor(database_time(), before=clock._seconds(), after=clock._seconds())
        work.register([(company.event(), customer(1))])
        work._claim(10)
        # when a sweeper runs on a machine that is ten minutes ahead
        monkeypatch.setattr(clock, "datetime", WrongClock)
        sweeper.sweep()
    # then the lease still stands
    assert WorkItem.objects.get().condition == Condition.CLAIMED


def test_use_puts_another_clock_in_place_and_back() -> None:
    fixed = datetime(2030, 1, 1, tzinfo=UTC)
    with clock.use(lambda: fixed):
        assert clock.now() == fixed
    assert clock.now() != fixed


# -- nothing else reads a clock ---------------------------------------------------------------------------
FORBIDDEN = {
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
    "timezone": {"now", "localdate", "localtime"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
}
SQL_CLOCK = re.compile(r"\b(now\(\)|clock_timestamp|current_timestamp|current_date|statement_timestamp)", re.IGNORECASE)


def clocks_read_in(tree: ast.Module) -> list[str]:
    """Every place that reads a clock, also by another name, as a default, or in SQL."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in FORBIDDEN.get(owner, ()):
                found.append(f"{node.lineno}: {owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in ("django.utils.timezone", "time", "django.utils"):
            found += [
                f"{node.lineno}: {one.name}"
                for one in node.names
                if one.name in ("now", "localdate", "time", "timezone")
            ]
        elif isinstance(node, ast.ImportFrom) and node.module == "django.db.models.functions":
            found += [f"{node.lineno}: {one.name}" for one in node.names if one.name == "Now"]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "SELECT" in node.value.upper():
            found += [f"{node.lineno}: {hit}" for hit in SQL_CLOCK.findall(node.value)]
    return found


@pytest.mark.parametrize("room", ["sync", "reconciliation"])
def test_nothing_in_the_room_reads_a_clock_but_the_clock(room: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): hits
        for path in (ROOT / room).rglob("*.py")
        if "/migrations/" not in path.as_posix()
        and path != ROOT / "sync/clock.py"
        and (hits := clocks_read_in(ast.parse(path.read_text())))
    }
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "import datetime as d\nx = d.datetime.now()",
        "from datetime import datetime\nx = datetime.now",
        "from django.utils import timezone\nfield(default=timezone.now)",
        "from django.utils.timezone import now",
        "from time import time",
        "import time\ntime.time()",
        "from datetime import date\ndate.today()",
        "x = 'UPDATE a SET b = 1 WHERE id IN (SELECT id FROM c WHERE due < now())'",
        "from django.db.models.functions import Now",
    ],
)
def test_the_look_out_sees_it(code: str) -> None:
    assert clocks_read_in(ast.parse(code))


def test_the_look_out_lets_waiting_through() -> None:
    assert not clocks_read_in(
        ast.parse("import time\nfrom sync import clock\ntime.monotonic(); time.sleep(1); clock.now()")
    )
    assert time.monotonic() > 0
