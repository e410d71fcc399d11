"""The fault proxy against a small real server: what the caller sees, and whether the work was done."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.chaos import proxy as proxy_module
from tests.chaos.faults import GARBAGE, KINDS, Control, Draws
from tests.chaos.proxy import FaultProxy
from tests.chaos.readings import acknowledged
from tests.chaos.session import written

BODY = b'{"made": "' + b"x" * 400 + b'"}'


class Upstream(BaseHTTPRequestHandler):
    """Notes what it was asked; GET /chunked answers in chunks."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.seen.append((self.command, self.path, self.rfile.read(length)))
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("X-Host", self.headers["host"])
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n")
            return
        if self.path == "/cut":
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def upstream() -> Iterator[str]:
    Upstream.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Meddler:
    """A proxy in front of the upstream, and a client of it."""

    def __init__(self, folder: Path, upstream: str, proxy: FaultProxy) -> None:
        self.control = folder / "faults.json"
        self.calls = folder / "calls.jsonl"
        self.proxy = proxy
        self.url = proxy.listen("portal", upstream=upstream, journal=self.calls)
        self.http = httpx.Client(base_url=self.url, timeout=5, trust_env=False)

    def only(self, **weights: float) -> None:
        self.control.write_text(json.dumps({"on": True, "weights": {"*": weights}}))

    @property
    def counts(self) -> dict[str, int]:
        return self.proxy.counts()["portal"]


@pytest.fixture
def between(upstream: str, tmp_path: Path) -> Iterator[Meddler]:
    with FaultProxy(seed=7, control=tmp_path / "faults.json") as proxy:
        meddler = Meddler(tmp_path, upstream, proxy)
        yield meddler
        meddler.http.close()


def test_without_faults_everything_passes_unchanged(between: Meddler, upstream: str) -> None:
    answer = between.http.post("/make?x=1", content=b"\x00\xff", headers={"Host": "books.example"})
    assert (answer.status_code, answer.content) == (201, BODY)
    assert Upstream.seen == [("POST", "/make?x=1", b"\x00\xff")]
    # signatures may be over the address: the caller's Host arrives
    assert answer.headers["x-host"] == "books.example"
    # chunks, and the same connection again
    assert between.http.get("/chunked").text == "hello world"
    assert between.http.get("/again").content == BODY
    assert between.counts == {"calls": 3, "passed": 3, "upstream_gone": 0}


def test_a_reset_before_leaves_nothing_done(between: Meddler) -> None:
    between.only(reset_before=1)
    with pytest.raises(httpx.NetworkError):
        between.http.post("/make", content=b"1")
    assert Upstream.seen == []


@pytest.mark.parametrize("kind", ["answer_lost", "half_answer"])
def test_an_answer_that_breaks_off_was_work_done(between: Meddler, kind: str) -> None:
    between.only(**{kind: 1})
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        between.http.post("/make", content=b"1")
    assert len(Upstream.seen) == 1
    assert between.counts[kind] == 1


def test_an_error_after_the_work_says_500(between: Meddler) -> None:
    between.only(error_after=1)
    assert between.http.post("/make", content=b"1").status_code == 500
    assert len(Upstream.seen) == 1


def test_too_many_asks_to_wait_in_every_form(between: Meddler) -> None:
    between.only(too_many=1)
    answers = [between.http.post("/make", content=b"1") for _ in range(40)]
    assert {answer.status_code for answer in answers} == {429} and Upstream.seen == []
    said = {answer.headers["retry-after"] for answer in answers}
    assert any(one.isdigit() for one in said) and any(one.endswith("GMT") for one in said - set(GARBAGE))
    assert said & set(GARBAGE)


def test_a_storm_hits_every_call_until_it_is_over(between: Meddler, monkeypatch: pytest.MonkeyPatch) -> None:
    between.only(storm=1)
    answers = [between.http.get("/x").status_code for _ in range(10)]
    assert set(answers) <= {500, 503} and Upstream.seen == []
    between.control.write_text('{"on": false}')
    assert between.http.get("/x").status_code == 200
    assert between.counts["storm"] == 10 and between.counts["storms begun"] == 1


def test_a_black_hole_never_answers_and_half_of_them_did_the_work(
    between: Meddler, monkeypatch: pytest.MonkeyPatch
) -> None:
    between.only(black_hole=1)
    between.http.timeout = httpx.Timeout(0.15)
    for _ in range(20):
        with pytest.raises(httpx.ReadTimeout):
            between.http.post("/make", content=b"1")
    assert 4 <= len(Upstream.seen) <= 16


def test_a_black_hole_lets_go_in_the_end(between: Meddler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_module, "HOLE_SECONDS", 0.1)
    between.only(black_hole=1)
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        between.http.get("/x")


@pytest.mark.parametrize(("kind", "least"), [("latency", 0.05), ("slow_drip", 0.4)])
def test_slow_answers_arrive_whole(between: Meddler, kind: str, least: float) -> None:
    between.only(**{kind: 1})
    since = time.monotonic()
    assert between.http.get("/x", timeout=20).content == BODY
    assert time.monotonic() - since > least


def test_an_upstream_that_dies_looks_dead(between: Meddler, upstream: str) -> None:
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        between.http.get("/cut")
    gone = between.proxy.listen("gone", upstream="http://127.0.0.1:9")
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)), httpx.Client(trust_env=False) as http:
        http.get(gone)
    assert between.counts["upstream_gone"] == 1


def test_calls_answered_with_2xx_are_written_down_whatever_became_of_the_answer(between: Meddler) -> None:
    between.only(answer_lost=1)
    with pytest.raises(httpx.NetworkError):
        between.http.post("/api/v1/callbacks/stripe/stripe", content=b'{"id": "evt_1"}')
    between.only(reset_before=1)
    with pytest.raises(httpx.NetworkError):
        between.http.post("/api/v1/callbacks/stripe/stripe", content=b'{"id": "evt_2"}')
    between.only()
    soap = b"<x><Notification>\n <Id>04l1</Id></Notification><Notification><Id>04l2</Id></Notification></x>"
    between.http.post("/api/v1/callbacks/salesforce/salesforce/outbound/secret", content=soap)
    between.http.post(
        "/api/v1/callbacks/salesforce/salesforce/events", json={"events": [{"eventId": "a"}, {"eventId": "b"}]}
    )
    assert acknowledged(written(between.calls)) == {
        ("stripe", "evt_1"),
        ("salesforce", "04l1"),
        ("salesforce", "04l2"),
        ("salesforce", "a"),
        ("salesforce", "b"),
    }


def test_the_same_seed_draws_the_same_faults() -> None:
    def drawn(seed: int) -> list[str]:
        draws = Draws("stripe", seed=seed, control=Control(on=True))
        return [fault.kind if (fault := draws.take()) else "" for _ in range(300)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) - {""} <= set(KINDS)


def test_a_control_file_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    control = Control(path)
    for content in ('{"on": true, "weights": {"*": {"latency": 0.5}, "stripe": {"storm": 1}}}', "{", '{"weights": 3}'):
        path.write_text(content)
        control.look()
    path.write_text('{"on": true, "weights": {"*": {"no_such": 1}}}')
    control.look()
    assert control.shares("stripe") == {"storm": 1.0} and control.shares("other") == {"latency": 0.5}
