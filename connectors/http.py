"""The only file that touches the network: timeouts, address guard, redaction, and what silence means."""

import ipaddress
import json
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

import httpcore
import httpx

from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable

#: connect, then the longest silence we bear; the outbox's lease is longer than their sum
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
_SECRET = re.compile(r"(?i)(authorization|token|secret|password|assertion|signature|cookie|session-?id|api-?key)")
#: an address in the one spelling we read: no user, no query, no fragment, nothing but plain ASCII
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~%/-]*)?",
    re.ASCII,
)
_NAME = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?", re.ASCII)
#: IPv6 ranges that lead to an IPv4 address of the sender's choice (NAT64, 6to4, Teredo)
_CARRIES_IPV4 = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
#: failures that happen before a single byte of the request left
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Http:
    """One pooled client for one connection. Redirects are never followed: they are how guards are walked around."""

    def __init__(
        self,
        *,
        system: str,
        base_url: str,
        sandbox: bool,
        hosts: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        guard_address(base_url, hosts=hosts, sandbox=sandbox, system=system)
        self._place = _place(httpx.URL(self.base_url))
        self.client = httpx.Client(
            transport=PinnedTransport(host=self._place[1], sandbox=sandbox, system=system),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers=dict(headers or {}),
            follow_redirects=False,
            trust_env=False,
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        writes: bool | None = None,
        json_body: Any = None,
        form: Any = None,
        content: bytes | None = None,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.Response:
        """One request. The answer is returned whatever its status, except where nothing usable came back.

        Raises Unavailable when nothing was written (never sent, or a read failed) and OutcomeUnknown when a
        write (`writes`, by default everything but GET and HEAD) went out and no complete answer came back.
        """
        writing = method not in ("GET", "HEAD") if writes is None else writes
        url = path if path.startswith("http") else self.base_url + path
        try:
            same = _place(httpx.URL(url)) == self._place
        except httpx.InvalidURL:
            same = False
        if not same:
            raise Misconfigured(
                f"{self.system} pointed us to another host", system=self.system, reason="ADDRESS_REFUSED"
            )
        body = json.dumps(json_body, ensure_ascii=False).encode() if json_body is not None else content
        sent_headers = {**({"content-type": "application/json"} if json_body is not None else {}), **(headers or {})}
        try:
            return self.client.request(
                method,
                url,
                content=body,
                data=form,
                params=params,
                headers=sent_headers,
                auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
            )
        except _NOT_SENT as error:
            raise Unavailable(f"{self.system} cannot be reached: {error}", system=self.system) from error
        except httpx.HTTPError as error:
            silence = f"{self.system} gave no answer: {type(error).__name__}"
            if writing:
                raise OutcomeUnknown(silence, system=self.system) from error
            raise Unavailable(silence, system=self.system) from error

    def close(self) -> None:
        self.client.close()


def read_json(response: httpx.Response, *, system: str, writes: bool) -> Any:
    """The body with numbers as Decimal. Raises OutcomeUnknown (after a write) or Unavailable when it is no JSON."""
    try:
        return json.loads(response.content, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:  # Decimal refuses 1e9999999999999999999 its own way
        words = f"{system} answered {response.status_code} with something that is no JSON"
        if writes:
            raise OutcomeUnknown(words, system=system, http_status=response.status_code) from error
        raise Unavailable(words, system=system, http_status=response.status_code) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def raise_for_transport(response: httpx.Response, *, system: str, writes: bool, now: datetime | None = None) -> None:
    """Turn statuses that mean the same everywhere into errors: 401/403, 408, 425, 429 and 5xx. Others pass.

    A connector whose vendor uses one of these for something else looks first.
    """
    status = response.status_code
    if status in (401, 403):
        raise Misconfigured(excerpt(response), system=system, http_status=status)
    if status == 429:
        raise Unavailable(
            excerpt(response),
            system=system,
            http_status=status,
            reason="RATE_LIMIT",
            retry_after=_rest_wanted(response, now),
        )
    if status in (408, 425) or status >= 500:
        silence = OutcomeUnknown if writes else Unavailable
        raise silence(
            excerpt(response),
            system=system,
            http_status=status,
            retry_after=_rest_wanted(response, now),
        )


def _rest_wanted(response: httpx.Response, now: datetime | None) -> float | None:
    """Seconds of rest an answer asks for. A date means the sender's clock, which the answer's own Date tells."""
    if now is None:
        try:
            now = parsedate_to_datetime(response.headers["date"])
        except (KeyError, TypeError, ValueError, OverflowError):
            pass  # no usable Date: then our own clock
        else:
            now = now if now.tzinfo else now.replace(tzinfo=UTC)
    return retry_after(response.headers.get("retry-after"), now=now)


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header, which may be seconds or an HTTP date (RFC 9110, 10.2.3); None for what
    is neither.
    """
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value.strip(), re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
    except (TypeError, ValueError, OverflowError):
        # days, years and zones no calendar has raise any of these
        return None


def excerpt(response: httpx.Response, limit: int = 600) -> str:
    """The start of an answer, for evidence."""
    return f"{response.status_code} {response.text[:limit]}"


def redact(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with everything secret blanked, as they may be stored."""
    return {name: "[removed]" if _SECRET.search(name) else value for name, value in headers.items()}


def guard_address(url: str, *, hosts: tuple[str, ...], sandbox: bool, system: str) -> None:
    """Refuse an address a connection must not have (OWASP, server-side request forgery). Raises Misconfigured.

    `hosts` are the vendor's own domain endings. A sandbox connection may live at a loopback address and nowhere
    else inside; a live one needs https and a public address. Only one plain spelling of an address is read, so that
    no two readers can understand it differently. PinnedTransport judges again whenever it connects.
    """
    parts = _ADDRESS.fullmatch(url)
    host = parts["host"].lower() if parts else ""
    if not parts or not _is_plain(host) or not 0 < int(parts["port"] or 443) < 65536:
        raise Misconfigured(f"{system}: the address {url!r} is not acceptable", system=system, reason="ADDRESS_REFUSED")
    try:
        addresses = _resolve(host.strip("[]"), int(parts["port"] or 443))
    except (OSError, ValueError) as error:
        if sandbox:
            raise Unavailable(f"{system}: {host} cannot be resolved", system=system) from error
        addresses = []
    if sandbox and addresses and all(address.is_loopback for address in addresses):
        return
    ours = not hosts or any(host == ending or host.endswith("." + ending) for ending in hosts)
    if parts["scheme"] != "https" or not ours or not _may_be_called(addresses, sandbox=False):
        raise Misconfigured(
            f"{system}: {host} is not an address of {system} that may be called",
            system=system,
            reason="ADDRESS_REFUSED",
        )


class PinnedTransport(httpx.HTTPTransport):
    """Connects to one host only, and only to an address that was judged: a name that points elsewhere on the second
    look (DNS rebinding) gains nothing, since there is no second look. TLS still checks the name.
    """

    def __init__(self, *, host: str, sandbox: bool, system: str) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=16,
            max_keepalive_connections=16,
            keepalive_expiry=5.0,
            network_backend=_Judged(host=host, sandbox=sandbox, system=system),
        )


class _Judged(httpcore.SyncBackend):
    def __init__(self, *, host: str, sandbox: bool, system: str) -> None:
        self._host, self._sandbox, self._system = host, sandbox, system

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = _resolve(host, port)
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        if host.lower() != self._host or not _may_be_called(addresses, sandbox=self._sandbox):
            raise Misconfigured(
                f"{self._system}: {host} may not be called at {', '.join(map(str, addresses))}",
                system=self._system,
                reason="ADDRESS_REFUSED",
            )
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(str(addresses[-1]), port, timeout, local_address, socket_options)


def _place(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.lower(), url.port


def _resolve(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """The addresses of a name, in the order to be tried, each once. Raises OSError, or ValueError for no name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(info[4][0]) for info in found))


def _may_be_called(addresses: Sequence[IPv4Address | IPv6Address], *, sandbox: bool) -> bool:
    """All of them public; for a sandbox also all of them loopback. One bad address among good ones is enough."""
    if sandbox and addresses and all(address.is_loopback for address in addresses):
        return True
    return all(_is_public(address) for address in addresses)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (
        address.is_site_local or address.ipv4_mapped or any(address in network for network in _CARRIES_IPV4)
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_plain(host: str) -> bool:
    """A name ending in letters, or an IP address in its usual form: no decimal, octal or hexadecimal spelling."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(_NAME.fullmatch(host))
    return True
