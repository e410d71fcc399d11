"""The doors as the web server of the demo serves them, spoken to byte by byte."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from q2c_portal.local import children, ports, processes
from q2c_portal.local.readiness import answers_http
from q2c_portal.local.state_dir import ROOT, StateDir
from sync.models import ConnectionHealth
from tests.small_company import Company
from tests.sync.api.conftest import WEBHOOK_SECRETS

#: the portal gives 20 seconds; a test need not wait that long
READ_SECONDS = 2.0
DOOR = "/api/v1/callbacks/stripe/billing"


@pytest.fixture(autouse=True)
def _a_door(committed_company: Company) -> None:
    row = committed_company.billing
    row.system, row.settings = "stripe_billing", {}
    row.put_secrets(api_key="sk_test_1", webhook_secrets=",".join(WEBHOOK_SECRETS))
    row.save()


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The demo's own command line for the web server, on the tests' database; gives the port."""
    answered_by = tmp_path_factory.mktemp("web") / "answered_by"
    place = connection.settings_dict
    port = ports.find_free(avoid=set())
    child = next(one for one in children.application(StateDir.chosen(), web_port=port) if one.name == "web")
    environment = {
        **os.environ,
        "Q2C_TESTING": "1",
        "Q2C_READ_SECONDS": str(READ_SECONDS),
        "DATABASE_URL": f"postgres://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}/{place['NAME']}",
        "CONN_MAX_AGE": "0",
        "GUNICORN_CMD_ARGS": f"--log-level warning --access-logfile {answered_by} --access-logformat %(p)s%(U)s",
    }
    process = subprocess.Popen(
        child.command, cwd=ROOT, env=environment, preexec_fn=processes.ends_with_parent(15), start_new_session=True
    )
    until = time.monotonic() + 60
    while not answers_http(f"http://127.0.0.1:{port}/healthz"):
        assert process.poll() is None and time.monotonic() < until, "the web server did not start"
        time.sleep(0.1)
    _let_every_worker_answer(port, answered_by, workers=int(child.command[child.command.index("--workers") + 1]))
    yield port
    process.terminate()
    process.wait(timeout=30)


def _let_every_worker_answer(port: int, answered_by: Path, *, workers: int) -> None:
    """The first call a process answers reads all addresses; how long that takes is not what is looked at."""
    until = time.monotonic() + 60
    while len({line for line in answered_by.read_text().splitlines() if line.endswith(DOOR)}) < workers:
        assert time.monotonic() < until, "not every process of the web server answered"
        say(port, head(JSON, "Content-Length: 2"), b"{}")


class Answer:
    """What came back on a socket, and how long it took until the other side was done."""

    def __init__(self, raw: bytes, seconds: float) -> None:
        # gunicorn tells who asks to go on before the portal is asked
        self.raw, self.seconds = raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"), seconds
        raw = self.raw
        self.status = int(raw.split(b" ", 2)[1]) if raw.startswith(b"HTTP/") else 0

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw.partition(b"\r\n\r\n")[2])


def say(port: int, *parts: bytes, pause: float = 0.0, hang_up: bool = False, patience: float = 30.0) -> Answer:
    """Send these bytes, one piece after the other, and read until an answer is whole or the line is closed."""
    started, received = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as line:
        try:
            for part in parts:
                line.sendall(part)
                if pause:
                    time.sleep(pause)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut off while we spoke; what was said before it counts
        try:
            while not _is_whole(received) and (more := line.recv(65536)):
                received += more
        except ConnectionError:
            pass
    return Answer(received, time.monotonic() - started)


def _is_whole(raw: bytes) -> bool:
    head, found, body = raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    if not found:
        return False
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return len(body) >= int(length.partition(b":")[2])


def head(*lines: str, path: str = DOOR) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode("latin-1")


JSON = "Content-Type: application/json"
REFUSED: list[tuple[str, Callable[[], tuple[bytes, ...]], set[int], str]] = [
    ("fifty megabytes announced", lambda: (head(JSON, "Content-Length: 50000000"),), {413}, "larger"),
    ("asked whether it may send", lambda: (head(JSON, "Content-Length: 50000000", "Expect: 100-continue"),), {413}, ""),
    ("in chunks", lambda: (head(JSON, "Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"), {411}, "Content-Length"),
    ("bad chunks", lambda: (head(JSON, "Transfer-Encoding: chunked"), b"zz\r\n{}\r\n"), {400, 411}, ""),
    ("length and chunks", lambda: (head(JSON, "Content-Length: 2", "Transfer-Encoding: chunked"), b"{}"), {400}, ""),
    ("two lengths", lambda: (head(JSON, "Content-Length: 2", "Content-Length: 3"), b"{}"), {400}, ""),
    ("a length that is no number", lambda: (head(JSON, "Content-Length: two"), b"{}"), {400}, ""),
    ("a negative length", lambda: (head(JSON, "Content-Length: -2"), b"{}"), {400}, ""),
    ("compressed", lambda: (head(JSON, "Content-Length: 3", "Content-Encoding: gzip"), b"\x1f\x8b\x08"), {415}, ""),
    ("unreadable type", lambda: (head("Content-Type: a/b; c*=utf-99''d", "Content-Length: 2"), b"{}"), {400}, "Type"),
    ("NUL in a header", lambda: (head(JSON, "Content-Length: 2", "X-A: \x00"), b"{}"), {400}, ""),
    ("a header of 10,000 characters", lambda: (head(JSON, "X-A: " + "a" * 10_000), b""), {431}, ""),
    ("two hundred headers", lambda: (head(JSON, *(f"X-{n}: 1" for n in range(200))), b""), {431}, ""),
    ("an address of 10,000 characters", lambda: (head(JSON, path="/api/v1/" + "a" * 10_000), b""), {414}, ""),
    ("a way out of the folder", lambda: (head(JSON, "Content-Length: 0", path=DOOR + "/../../x"),), {404}, ""),
    ("no HTTP", lambda: (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",), {400}, ""),
]


@pytest.mark.django_db(transaction=True)
def test_whatever_comes_over_the_wire_is_refused_at_once_and_never_a_failure_of_ours(served: int) -> None:
    for name, parts, statuses, words in REFUSED:
        answer = say(served, *parts())
        assert answer.status in statuses, (name, answer.raw[:300])
        assert words in answer.raw.decode("latin-1"), (name, answer.raw[:300])
        assert answer.seconds < 1.0, (name, answer.seconds)
    # and the server is as well as before
    assert answers_http(f"http://127.0.0.1:{served}/healthz")


@pytest.mark.django_db(transaction=True)
def test_a_body_that_ends_too_soon_is_told_so_and_counted(served: int, committed_company: Company) -> None:
    answer = say(served, head(JSON, "Content-Length: 100"), b'{"id": "ev', hang_up=True)
    assert answer.status == 400 and "10 bytes arrived of 100 announced" in answer.body["detail"]
    assert ConnectionHealth.objects.get(connection=committed_company.billing).refused_calls == 1


@pytest.mark.django_db(transaction=True)
def test_a_flood_is_answered_without_being_read(served: int) -> None:
    # given somebody who pushes fifty megabytes whatever we say
    answer = say(served, head(JSON, "Content-Length: 50000000"), *(b" " * 1_000_000 for _ in range(50)))
    # then the line is closed early; most get to read why
    assert answer.status in (0, 413) and answer.seconds < 5.0


@pytest.mark.django_db(transaction=True)
def test_who_sends_byte_by_byte_is_cut_off(served: int) -> None:
    # given one byte every quarter second, in the head and in the body
    slow = [bytes([byte]) for byte in head(JSON, "Content-Length: 400")]
    in_head = say(served, *slow, pause=0.25)
    in_body = say(served, head(JSON, "Content-Length: 400"), *(b" " for _ in range(60)), pause=0.25)
    # then both are cut off when the time is over, and who got as far as the body is told
    assert in_head.status in (0, 408) and in_body.status in (0, 408)
    assert max(in_head.seconds, in_body.seconds) < READ_SECONDS + 4
    assert answers_http(f"http://127.0.0.1:{served}/healthz")
    said_nothing = say(served, pause=0.0)
    assert said_nothing.status == 0 and said_nothing.seconds < 10


@pytest.mark.django_db(transaction=True)
def test_many_who_only_hold_the_line_keep_nobody_out(served: int) -> None:
    # given more open connections than there are threads, none of which says a word
    lines = [socket.create_connection(("127.0.0.1", served), timeout=10) for _ in range(40)]
    started = time.monotonic()
    # then the next caller is answered at once
    assert say(served, head(JSON, "Content-Length: 2"), b"{}").status == 401
    assert time.monotonic() - started < 1.5
    for line in lines:
        line.close()
