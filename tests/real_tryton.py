"""One real Tryton for a whole test run: started at its first use by the local demo's supervisor, ended with the run."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from q2c_portal.local import pipeline, ports, postgres, tryton
from q2c_portal.local.stack import Stack
from q2c_portal.local.state_dir import StateDir
from q2c_portal.local.supervisor import kept_up

#: what the connector's own tests sell, and the catalogue of the sample pipeline
ITEMS = (*tryton.ITEMS, *((pipeline.address(row.name), row.name) for row in pipeline.products()))


@dataclass(frozen=True, kw_only=True)
class RealTryton:
    """A running Tryton: its address, its users, and how long it took to get there."""

    address: str
    database_url: str
    state_dir: Path
    secrets: dict[str, str]
    settings: dict[str, str]
    admin_password: str
    ready_seconds: float


_running: list[RealTryton] = []
_ending = ExitStack()


@pytest.fixture(scope="session")
def real_tryton() -> Iterator[RealTryton]:
    """Tryton with one company's books; the same one for every folder of tests that asks."""
    try:
        tryton.install()
    except tryton.CannotPrepareError as error:
        pytest.skip(f"Tryton cannot be installed here: {error}")
    if not _running:
        _running.append(_start())
    yield _running[0]
    _ending.close()


def _start() -> RealTryton:
    state = StateDir(Path(tempfile.mkdtemp(prefix="q2c-tryton-")).resolve())
    # PostgreSQL may run as another user, who must be able to pass through.
    state.path.chmod(0o711)
    _ending.callback(shutil.rmtree, state.path, ignore_errors=True)
    if os.geteuid() == 0:
        _ending.callback(shutil.rmtree, postgres.far_room(state), ignore_errors=True)
    state.create()
    server = postgres.serve(state, port=ports.find_free(avoid=set()), durable=False)
    children = [postgres.child(server), *tryton.children(state.path, database_url=server.url, items=ITEMS)]
    began = time.monotonic()
    _ending.enter_context(kept_up(Stack(children=children), state=state))
    return RealTryton(
        address=tryton.environment(state.path)["TRYTON_URL"],
        database_url=server.url,
        state_dir=state.path,
        secrets=tryton.connection_secrets(state.path),
        settings=tryton.connection_settings(),
        admin_password=state.secret("tryton_admin_password"),
        ready_seconds=time.monotonic() - began,
    )
