"""The only file that touches the network: timeouts, address guard, redaction, and what silence means."""

import ipaddress
import json
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable

#: connect, then the longest silence we bear; the outbox's lease is longer than their sum
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
_SECRET = re.compile(r"(?i)(authorization|token|secret|password|assertion|signature|cookie|session-?id|api-?key)")
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
        self.client = httpx.Client(
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
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
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
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
    except (ValueError, RecursionError) as error:
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
            retry_after=retry_after(response.headers.get("retry-after"), now=now),
        )
    if status in (408, 425) or status >= 500:
        silence = OutcomeUnknown if writes else Unavailable
        raise silence(
            excerpt(response),
            system=system,
            http_status=status,
            retry_after=retry_after(response.headers.get("retry-after"), now=now),
        )


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header, which may be seconds or an HTTP date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value.strip(), re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def excerpt(response: httpx.Response, limit: int = 600) -> str:
    """The start of an answer, for evidence."""
    return f"{response.status_code} {response.text[:limit]}"


def redact(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with everything secret blanked, as they may be stored."""
    return {name: "[removed]" if _SECRET.search(name) else value for name, value in headers.items()}


def guard_address(url: str, *, hosts: tuple[str, ...], sandbox: bool, system: str) -> None:
    """Refuse an address a connection must not have (OWASP, server-side request forgery). Raises Misconfigured.

    `hosts` are the vendor's own domain endings. A sandbox connection may live at a loopback address and nowhere
    else inside; a live one needs https and a public address.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.username or parts.password or not host:
        raise Misconfigured(f"{system}: the address {url!r} is not acceptable", system=system, reason="ADDRESS_REFUSED")
    try:
        addresses = {ipaddress.ip_address(info[4][0]) for info in socket.getaddrinfo(host, parts.port or 443)}
    except (OSError, ValueError) as error:
        if sandbox:
            raise Unavailable(f"{system}: {host} cannot be resolved", system=system) from error
        addresses = set()
    if sandbox:
        if addresses and all(address.is_loopback for address in addresses):
            return
    inside = any(not address.is_global for address in addresses)
    ours = not hosts or any(host == ending or host.endswith("." + ending) for ending in hosts)
    if parts.scheme != "https" or inside or not ours:
        raise Misconfigured(
            f"{system}: {host} is not an address of {system} that may be called",
            system=system,
            reason="ADDRESS_REFUSED",
        )
