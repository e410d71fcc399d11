"""Which addresses a connection may have, in every spelling people use to walk around a guard: none is ever called."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import http
from connectors.errors import ConnectorError, Misconfigured, Unavailable

PUBLIC, METADATA = "93.184.216.34", "169.254.169.254"
_really_resolve = socket.getaddrinfo


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address a connection was opened to. None is really opened."""
    seen: list[str] = []

    def refuse(self: Any, host: str, *_: Any, **__: Any) -> Any:
        seen.append(host)
        raise httpcore.ConnectError("a test opens no connections")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", refuse)
    return seen


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Every name resolves to these, look after look, the last one for ever; addresses stay what they are."""
    left = list(answers)

    def resolve(host: str, port: Any, *_: Any, **__: Any) -> Any:
        try:
            return _really_resolve(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            pass
        now = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def call(url: str, *, hosts: tuple[str, ...] = ("vendor.com",), sandbox: bool = False, path: str = "/x") -> None:
    made = http.Http(system="paper", base_url=url, sandbox=sandbox, hosts=hosts)
    try:
        made.send("GET", path)
    finally:
        made.close()


SPELLINGS = [
    # loopback and metadata, written in every way a resolver takes
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0177.0.0.1",
    "https://017700000001",
    "https://127.000.000.001",
    "https://0",
    "https://0.0.0.0",
    "https://169.254.169.254",
    "https://2852039166",
    "https://0xa9fea9fe",
    "https://0251.0376.0251.0376",
    "https://169.254.43518",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://172.31.255.255",
    "https://100.64.0.1",
    "https://198.18.0.1",
    "https://224.0.0.1",
    "https://255.255.255.255",
    # IPv6, plain and carrying an IPv4 address
    "https://[::1]",
    "https://[::]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://[::ffff:169.254.169.254]",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]",
    "https://[::127.0.0.1]",
    "https://[64:ff9b::169.254.169.254]",
    "https://[2002:7f00:1::]",
    "https://[2001:0:7f00:1::]",
    "https://[fe80::1]",
    "https://[fe80::1%25eth0]",
    "https://[fec0::1]",
    "https://[fd00:ec2::254]",
    "https://[ff02::1]",
    # one address for one reader and another for the next
    "https://vendor.com@169.254.169.254",
    "https://vendor.com:443@169.254.169.254/",
    "https://169.254.169.254#@vendor.com",
    "https://169.254.169.254?@vendor.com",
    "https://169.254.169.254\\@vendor.com",
    "https://vendor.com\\@169.254.169.254",
    "https://169.254.169.254%2f@vendor.com",
    "https://169.254.169.254%23.vendor.com",
    "https://vendor.com%00.evil.com",
    "https://vendor.com\n.evil.com",
    "https://vendor.com\t@evil.com",
    "https://vendor.com .evil.com",
    "https://vendor.com.",
    "https://vendor.com./",
    "https://vendor.com.evil.com",
    "https://evil-vendor.com",
    "https://.vendor.com",
    "https://①②⑦.⓪.⓪.①",
    "https://127。0。0。1",
    "https://ⓥendor.com",
    "https://vendor.com:0",
    "https://vendor.com:99999",
    "https://vendor.com:44３",
    "https://vendor.com:-1",
    "https:///vendor.com",
    "https:vendor.com",
    "//vendor.com",
    "https://[::1",
    "https://[vendor.com]",
    "http://vendor.com",
    "HTTPS://169.254.169.254",
    "ftp://vendor.com",
    "gopher://vendor.com:70/_x",
    "file:///etc/passwd",
    "file://vendor.com/etc/passwd",
    "unix:///run/docker.sock",
    "",
]

#: names of other people; a system without a domain of its own may live there
ELSEWHERE = ("https://vendor.com.evil.com", "https://evil-vendor.com")


@pytest.mark.parametrize("url", SPELLINGS)
@pytest.mark.parametrize("hosts", [("vendor.com",), ()], ids=["own domain", "any domain"])
def test_no_spelling_of_an_address_inside_is_ever_called(
    monkeypatch: pytest.MonkeyPatch, called: list[str], url: str, hosts: tuple[str, ...]
) -> None:
    # given names that lead outside, so that only the spelling is judged
    names(monkeypatch, [PUBLIC])
    if not hosts and url in ELSEWHERE:
        hosts = ("vendor.com",)
    # then it is refused before anything is opened
    with pytest.raises(Misconfigured) as refused:
        call(url, hosts=hosts)
    assert refused.value.reason == "ADDRESS_REFUSED"
    assert called == []


@pytest.mark.parametrize(
    "url", [spelling for spelling in SPELLINGS if "127" not in spelling and "::1]" not in spelling]
)
def test_a_sandbox_may_not_live_there_either(monkeypatch: pytest.MonkeyPatch, called: list[str], url: str) -> None:
    names(monkeypatch, [METADATA])
    with pytest.raises(ConnectorError):
        call(url.replace("https:", "http:"), sandbox=True)
    assert called == []


@given(url=st.text(max_size=60) | st.text(max_size=40).map("https://{}".format))
def test_no_text_at_all_is_taken_for_an_address_by_accident(url: str) -> None:
    with pytest.raises(ConnectorError):
        http.guard_address(url, hosts=("vendor.com",), sandbox=False, system="paper")


# -- names that change their mind ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "then", [["127.0.0.1"], [METADATA], ["10.0.0.1"], [PUBLIC, "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]]
)
def test_a_name_that_points_inside_on_the_second_look_is_not_called(
    monkeypatch: pytest.MonkeyPatch, called: list[str], then: list[str]
) -> None:
    # given a name that is public when the connection is made, and inside when it is called (DNS rebinding)
    names(monkeypatch, [PUBLIC], then)
    # then
    with pytest.raises(Misconfigured) as refused:
        call("https://api.vendor.com")
    assert refused.value.reason == "ADDRESS_REFUSED" and called == []


def test_what_was_judged_is_what_is_called(monkeypatch: pytest.MonkeyPatch, called: list[str]) -> None:
    # given a name with two good addresses
    names(monkeypatch, [PUBLIC, "93.184.216.35"])
    # when it is called, in vain
    with pytest.raises(Unavailable):
        call("https://api.vendor.com")
    # then both were tried as addresses, and the name was never handed on to be resolved again
    assert called == [PUBLIC, "93.184.216.35"]


def test_a_sandbox_that_moves_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, called: list[str]) -> None:
    names(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with pytest.raises(Misconfigured):
        call("http://sandbox.local", sandbox=True)
    assert called == []


def test_a_name_that_cannot_be_resolved_is_only_away(monkeypatch: pytest.MonkeyPatch, called: list[str]) -> None:
    def nothing(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(Unavailable):
        call("https://api.vendor.com")
    assert called == []


# -- addresses the other side gives us ----------------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    [
        "http://api.vendor.com/x",
        "https://api.vendor.com:8443/x",
        "https://other.vendor.com/x",
        "https://169.254.169.254/x",
        "https://api.vendor.com@169.254.169.254/x",
        "https://api.vendor.com\\@169.254.169.254/x",
        "https://api.vendor.com\t.evil.com/x",
        "https://api.vendor.com:99999/x",
        "https://[::1/x",
        "@169.254.169.254/x",
        ".evil.com/x",
        ":8443/x",
        "\\@169.254.169.254/x",
    ],
)
def test_a_next_page_elsewhere_is_not_fetched(monkeypatch: pytest.MonkeyPatch, called: list[str], path: str) -> None:
    names(monkeypatch, [PUBLIC])
    with pytest.raises(Misconfigured) as refused:
        call("https://api.vendor.com", path=path)
    assert refused.value.reason == "ADDRESS_REFUSED" and called == []


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    """A sandbox on loopback that sends everybody to the cloud's metadata."""
    asked: list[str] = []

    class Redirects(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://{METADATA}/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Redirects)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_redirect_to_the_metadata_is_not_followed(
    redirecting: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a note of every address a connection is opened to
    url, asked = redirecting
    opened: list[str] = []
    really = httpcore.SyncBackend.connect_tcp

    def noted(self: Any, host: str, *rest: Any, **more: Any) -> Any:
        opened.append(host)
        return really(self, host, *rest, **more)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", noted)
    made = http.Http(system="paper", base_url=url, sandbox=True)
    # when
    answer = made.send("GET", "/x")
    made.close()
    # then the redirect itself is the answer
    assert (answer.status_code, asked, opened) == (302, ["/x"], ["127.0.0.1"])


def test_the_guard_sits_where_connections_are_opened() -> None:
    made = http.Http(system="paper", base_url="http://127.0.0.1:9", sandbox=True)
    assert isinstance(made.client._transport, http.PinnedTransport)
    assert not any(isinstance(mounted, httpx.HTTPTransport) for mounted in made.client._mounts.values())
    made.close()
