"""What silence means, which addresses may be called, what is blanked before it is stored."""

import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import http
from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable


def client(answer: Any) -> http.Http:
    """A client whose far end is a function."""
    made = http.Http(system="paper", base_url="http://127.0.0.1:9", sandbox=True)
    made.client.close()
    made.client = httpx.Client(transport=httpx.MockTransport(answer))
    return made


def raises(error: Exception) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return answer


# -- silence ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("full")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_never_left_was_not_written(method: str, error: Exception) -> None:
    with pytest.raises(Unavailable):
        client(raises(error)).send(method, "/x")


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("late"),
        httpx.ReadError("cut"),
        httpx.WriteError("cut"),
        httpx.RemoteProtocolError("cut"),
        httpx.WriteTimeout("x"),
    ],
)
def test_silence_after_a_write_left_is_unknown_and_after_a_read_is_nothing(error: Exception) -> None:
    # given a request that left and got no whole answer
    far = client(raises(error))
    # then only a write is a doubt
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(OutcomeUnknown):
            far.send(method, "/x")
    with pytest.raises(Unavailable):
        far.send("GET", "/x")
    # and a question asked by POST is none
    with pytest.raises(Unavailable):
        far.send("POST", "/query", writes=False)


def test_a_real_port_nobody_listens_on_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = http.Http(system="paper", base_url=f"http://127.0.0.1:{port}", sandbox=True)
    with pytest.raises(Unavailable):
        made.send("POST", "/x", json_body={})
    made.close()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
def test_a_status_that_leaves_it_open_is_a_doubt_after_a_write(status: int) -> None:
    answer = httpx.Response(status, headers={"retry-after": "7"}, text="busy")
    with pytest.raises(OutcomeUnknown):
        http.raise_for_transport(answer, system="paper", writes=True)
    with pytest.raises(Unavailable) as away:
        http.raise_for_transport(answer, system="paper", writes=False)
    assert away.value.retry_after == 7.0 and away.value.http_status == status


@pytest.mark.parametrize("writes", [True, False])
def test_busy_says_when_to_come_back_and_refused_pauses(writes: bool) -> None:
    with pytest.raises(Unavailable) as busy:
        http.raise_for_transport(httpx.Response(429, headers={"retry-after": "30"}), system="paper", writes=writes)
    assert (busy.value.reason, busy.value.retry_after) == ("RATE_LIMIT", 30.0)
    for status in (401, 403):
        with pytest.raises(Misconfigured):
            http.raise_for_transport(httpx.Response(status), system="paper", writes=writes)


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 404, 409, 422])
def test_other_statuses_are_the_connectors_own_business(status: int) -> None:
    http.raise_for_transport(httpx.Response(status), system="paper", writes=True)


def test_an_answer_that_is_no_json_is_a_doubt_after_a_write() -> None:
    for body in (b"<html>", b'{"total": NaN}', b"[" * 100_000, b"\xff"):
        with pytest.raises(OutcomeUnknown):
            http.read_json(httpx.Response(200, content=body), system="paper", writes=True)
        with pytest.raises(Unavailable):
            http.read_json(httpx.Response(200, content=body), system="paper", writes=False)
    assert http.read_json(httpx.Response(200, content=b'{"a": 1.10}'), system="paper", writes=True) == {
        "a": Decimal("1.10")
    }


# -- retry-after --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Thu, 14 May 2026 10:01:00 GMT", 60.0),
        ("Thu, 14 May 2026 09:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        ("9" * 30, None),
    ],
)
def test_the_wait_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert http.retry_after(value, now=datetime(2026, 5, 14, 10, tzinfo=UTC)) == seconds


def test_a_date_to_wait_for_is_by_the_clock_of_who_says_it() -> None:
    # given a server whose clock is an hour ahead of everybody's
    theirs = datetime.now(UTC) + timedelta(hours=1)
    headers = {"date": format_datetime(theirs, usegmt=True)}
    headers["retry-after"] = format_datetime(theirs + timedelta(seconds=90), usegmt=True)
    with pytest.raises(Unavailable) as told:
        http.raise_for_transport(httpx.Response(429, headers=headers), system="any", writes=False)
    assert told.value.retry_after == 90
    # and where it says no time that can be read, ours decides
    for unread in ("", "soon"):
        headers["date"] = unread
        with pytest.raises(Unavailable) as told:
            http.raise_for_transport(httpx.Response(429, headers=headers), system="any", writes=False)
        assert told.value.retry_after is not None and 3600 < told.value.retry_after <= 3690


@given(value=st.text(max_size=40))
def test_no_wait_at_all_makes_us_fail(value: str) -> None:
    seconds = http.retry_after(value, now=datetime(2026, 5, 14, 10, tzinfo=UTC))
    assert seconds is None or seconds >= 0


# -- addresses ----------------------------------------------------------------------------------------
def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(r"[0-9]{1,40}", fullmatch=True),
        st.builds(
            "{}, {} {} {} {}:{}:{} {}{}".format,
            st.sampled_from(["Mon", "Fri", ""]),
            st.integers(min_value=0, max_value=10**30),
            st.sampled_from(["Jan", "Feb", "Dec", "13"]),
            st.integers(min_value=-5, max_value=10**30),
            st.integers(min_value=0, max_value=99),
            st.integers(min_value=0, max_value=99),
            st.integers(min_value=0, max_value=10**20),
            st.sampled_from(["GMT ", "+", "-", ""]),
            st.integers(min_value=0, max_value=10**30),
        ),
    )
)
@example("Fri, 31 Dec 9999 23:59:59 -9999")
@example("Mon, 01 Jan 2026 00:00:00 +99999999999999999999")
@example("Mon, 99999999999999999999 Jan 2026 00:00:00 GMT")
def test_no_retry_after_whatever_it_says_breaks_the_call_it_came_with(value: str) -> None:
    seconds = http.retry_after(value, now=datetime(2026, 5, 14, 10, tzinfo=UTC))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ],
)
def test_a_live_connection_never_calls_an_address_inside(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolves_to(monkeypatch, "93.184.216.34", address)
    with pytest.raises(Misconfigured) as refused:
        http.guard_address("https://api.vendor.com", hosts=("vendor.com",), sandbox=False, system="paper")
    assert refused.value.reason == "ADDRESS_REFUSED"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.vendor.com",
        "https://api.other.com",
        "https://vendor.com.evil.com",
        "https://evilvendor.com",
        "https://user@vendor.com",
        "https://user:pw@vendor.com",
        "ftp://vendor.com",
        "https://",
        "vendor.com",
        "file:///etc/passwd",
    ],
)
def test_a_live_connection_calls_https_at_the_vendors_own_domain_only(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    resolves_to(monkeypatch, "93.184.216.34")
    with pytest.raises(Misconfigured):
        http.guard_address(url, hosts=("vendor.com",), sandbox=False, system="paper")


def test_the_vendors_own_address_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "93.184.216.34")
    for url in ("https://vendor.com", "https://api.vendor.com/v1", "https://API.Vendor.com"):
        http.guard_address(url, hosts=("vendor.com",), sandbox=False, system="paper")


def test_a_sandbox_lives_at_loopback_and_nowhere_else_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    http.guard_address("http://127.0.0.1:8100", hosts=("vendor.com",), sandbox=True, system="paper")
    for address in ("10.0.0.1", "169.254.169.254"):
        resolves_to(monkeypatch, address)
        with pytest.raises(Misconfigured):
            http.guard_address("http://sandbox.local", hosts=("vendor.com",), sandbox=True, system="paper")
    resolves_to(monkeypatch, "127.0.0.1", "10.0.0.1")
    with pytest.raises(Misconfigured):
        http.guard_address("http://sandbox.local", hosts=(), sandbox=True, system="paper")


def test_a_call_to_another_host_than_the_connections_is_refused() -> None:
    with pytest.raises(Misconfigured):
        client(lambda request: httpx.Response(200)).send("GET", "http://169.254.169.254/latest")


def test_redirects_are_not_followed() -> None:
    made = http.Http(system="paper", base_url="http://127.0.0.1:9", sandbox=True)
    assert made.client.follow_redirects is False and made.client.trust_env is False
    made.close()


# -- redaction ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Stripe-Signature",
        "X-Api-Key",
        "x-apikey",
        "X-Auth-Token",
        "client-secret",
        "Cookie",
        "Set-Cookie",
        "X-Session-Id",
        "sessionid",
        "proxy-authorization",
        "x-q2c-path-secret",
    ],
)
def test_secrets_in_headers_are_blanked(name: str) -> None:
    assert http.redact({name: "hush", "content-type": "text/xml"}) == {name: "[removed]", "content-type": "text/xml"}


def test_an_excerpt_is_short() -> None:
    assert len(http.excerpt(httpx.Response(500, text="x" * 100_000))) < 700
