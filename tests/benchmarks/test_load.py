"""The load of the benches: every request once, every answer counted, refusals never taken for a rate."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    bodies: list[bytes]


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)  # type: ignore[attr-defined]
        self.send_response(409 if body == b"bad" else 200)
        self.send_header("Content-Length", "2")
        if body == b"last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Answer) as running:
        running.bodies = []
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_each_request_is_sent_once_also_when_the_server_ends_a_connection(server: _Server) -> None:
    # given
    bodies = [*(str(number).encode() for number in range(40)), b"last", b"after"]

    # when
    outcome = load.send(
        server.server_port, [load.request("/take", body=body, headers={}) for body in bodies], connections=4
    )

    # then
    assert sorted(server.bodies) == sorted(bodies)
    assert dict(outcome.statuses) == {200: 42}
    assert outcome.seconds > 0
    outcome.must_all_be(200)


def test_a_refusal_among_the_answers_is_an_error(server: _Server) -> None:
    # given
    requests = [load.request("/take", body=body, headers={}) for body in (b"good", b"bad")]

    # when
    outcome = load.send(server.server_port, requests, connections=1)

    # then
    with pytest.raises(RuntimeError, match="409"):
        outcome.must_all_be(200)
