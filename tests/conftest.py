"""What every test needs: nudges that go nowhere, fresh connectors, a clock, and a journal that lets a test clean up."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_django
from django.db import connection, connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from connectors import registry
from sync import clock, nudges
from sync import connections as live
from tests import migrated, paper_erp
from tests.chaos import planted
from tests.clean_up import clean_up
from tests.small_company import Company, found_company

hypothesis_settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

#: minutes each: begun first, so that nobody waits for them at the end
LONG = (
    *("tests/chaos/test_simulator.py", "tests/scenarios/", "tests/browser/test_axe.py", "tests/benchmarks/"),
    *("tests/connectors/tryton/test_real_tryton.py", "tests/q2c_portal/local/"),
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    for item in items:
        # schemathesis gives every address the same id, and of the same id only one would run
        if label := getattr(item, "operation_label", None):
            item._id = replace(item.id, params=label)
    ids = Counter(item.nodeid for item in items)
    assert len(ids) == len(items), f"two tests have the same id: {ids.most_common(1)}"


TransactionTestCase._fixture_teardown = clean_up  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """Each process copies the one database that was migrated."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template()


@pytest.fixture(scope="session", autouse=True)
def _nobody_else_at_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Threads that served pages or did a worker's part may keep a connection; the test database is dropped
    without them.
    """
    wanted = {"db", "transactional_db", "live_server"}
    if not any(
        item.get_closest_marker("django_db") or wanted & set(getattr(item, "fixturenames", ()))
        for item in request.session.items
    ):
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    yield
    with blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _planted(request: pytest.FixtureRequest) -> Iterator[None]:
    """A bug planted on purpose (Q2C_PLANT), to see that the test at hand fails of it."""
    name = os.environ.get("Q2C_PLANT", "")
    if not name:
        yield
        return
    if planted.BY_NAME[name].sql:
        if request.node.get_closest_marker("django_db") is None and "company" not in request.fixturenames:
            yield
            return
        request.getfixturevalue("db")
    with planted.bug(name):
        yield


@pytest.fixture(autouse=True)
def _anchors_of_its_own(tmp_path_factory: pytest.TempPathFactory, settings: Any) -> None:
    """Every test begins another journal; anchors of an earlier one would say that its end is missing."""
    settings.AUDIT_ANCHOR_DIR = tmp_path_factory.getbasetemp() / "anchors" / uuid4().hex


@pytest.fixture(autouse=True)
def _no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test needs a broker; tests of nudges themselves set this back."""
    monkeypatch.setattr(nudges, "muted", True)


@pytest.fixture(autouse=True)
def _fresh_connectors() -> Iterator[None]:
    """Connectors are kept per process; rows of another test may have the same key."""
    live._built.cache_clear()
    yield
    live._built.cache_clear()


class Machine:
    """The machine clock in a test's hands."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 14, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        # two calls never give the same instant, as on a real machine
        self.time += timedelta(milliseconds=1)
        return self.time

    def passes(self, seconds: float = 0.0, **more: float) -> None:
        self.time += timedelta(seconds=seconds, **more)


@pytest.fixture
def machine() -> Iterator[Machine]:
    held = Machine()
    with clock.use(held):
        yield held


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], paper_erp.Books]]:
    """Three systems on paper under their own names; gives the books of a connection by its code."""
    for name, place in paper_erp.PLACES.items():
        monkeypatch.setitem(registry.OURS, name, place)
    registry.connector_class.cache_clear()
    paper_erp.SHELF.clear()
    yield paper_erp.books
    paper_erp.SHELF.clear()
    registry.connector_class.cache_clear()


@pytest.fixture
def company(db: Any, machine: Machine, paper: Any) -> Company:
    """One legal entity with a CRM, a billing system and an ERP on paper, and its mappings."""
    return found_company()


@pytest.fixture
def committed_company(transactional_db: Any, machine: Machine, paper: Any) -> Company:
    """The same, committed: for tests with threads of their own."""
    return found_company()


@pytest.fixture
def in_threads() -> Callable[..., list[Any]]:
    """Call something once per argument, all at the same moment; results in order, errors as values."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    def run(call: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
        gate = Barrier(len(arguments))

        def one(argument: Any) -> Any:
            try:
                gate.wait(timeout=30)
                return call(argument)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=len(arguments)) as pool:
            return list(pool.map(one, arguments))

    return run
