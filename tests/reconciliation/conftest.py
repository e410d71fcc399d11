"""A server that takes what rooms are sent."""

from collections.abc import Iterator

import pytest

from tests.reconciliation.notices.rooms_at_hand import Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    running = made.start()
    yield made
    running.shutdown()
    running.server_close()
