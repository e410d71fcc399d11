"""Stripe's own SDK on our transport: its form encoding and headers, our time limits, guard and errors."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

import stripe

from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.http import Http, retry_after
from connectors.stripe_billing import reasons

SYSTEM = "stripe_billing"
#: the version the SDK of requirements.txt was generated from; shapes in mapping.py are of this version
API_VERSION = "2026-10-28.endive"
#: after which a beginning that lay ahead of Stripe's clock is handed over again
NOT_YET_SECONDS = 60.0
#: the largest page Stripe gives
PAGE = 100

# Telemetry writes an id into the home folder and reports timings; neither is wanted.
stripe.enable_telemetry = False


class Transport(stripe.HTTPClient):
    """What the SDK sends through. Our own errors pass through it untouched."""

    name = "q2c"

    def __init__(self, http: Http) -> None:
        super().__init__()
        self.http = http

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        content = post_data.encode() if isinstance(post_data, str) else post_data
        response = self.http.send(method.upper(), url, content=content, headers=headers)
        return response.content.decode("utf-8", "replace"), response.status_code, response.headers

    def close(self) -> None:
        self.http.close()


class Api:
    """One account, one key. Answers are plain data with fractions as Decimal."""

    def __init__(self, *, base_url: str, key: str, sandbox: bool) -> None:
        if not key:
            raise Misconfigured("no Stripe key is set", system=SYSTEM)
        self.http = Http(system=SYSTEM, base_url=base_url, sandbox=sandbox, hosts=("stripe.com",))
        self._client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": self.http.base_url},
            http_client=Transport(self.http),
            max_network_retries=0,
        )

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._call("get", path, params, writes=False)

    def post(self, path: str, params: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """One write under an idempotency key (at most 255 characters)."""
        return self._call("post", path, {**params, "idempotency_key": key}, writes=True)

    def delete(self, path: str, *, key: str) -> dict[str, Any]:
        """One deletion under an idempotency key."""
        return self._call("delete", path, {"idempotency_key": key}, writes=True)

    def pages(self, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """A list newest first, page by page, by `starting_after`."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **{"limit": PAGE, **params, **cursor})
            rows: list[dict[str, Any]] = page["data"]
            yield rows
            if not page.get("has_more") or not rows:
                return
            cursor = {"starting_after": rows[-1]["id"]}

    def _call(self, method: str, path: str, params: Mapping[str, Any], *, writes: bool) -> dict[str, Any]:
        try:
            answer = self._client.raw_request(method, path, **params)
        except stripe.StripeError as error:
            raise translated(error, writes=writes) from error
        try:
            data = json.loads(answer.body, parse_float=Decimal)
        except (ValueError, RecursionError, ArithmeticError):
            data = None
        if not isinstance(data, dict):
            silence = f"{SYSTEM} answered with something that is no object"
            raise OutcomeUnknown(silence, system=SYSTEM) if writes else Unavailable(silence, system=SYSTEM)
        return data


def translated(error: stripe.StripeError, *, writes: bool) -> ConnectorError:
    """Which of our errors an SDK error is. 5xx and unreadable answers leave a write's outcome open."""
    status = error.http_status or 0
    said = _said(error)
    headers = {name.lower(): value for name, value in cast(Mapping[str, str], error.headers or {}).items()}
    kind, code = str(said.get("type") or ""), str(said.get("code") or "")
    parameter, words = str(said.get("param") or ""), str(said.get("message") or error.user_message or "")
    evidence = {
        "request_id": headers.get("request-id", ""),
        "replayed": headers.get("idempotent-replayed", "") == "true",
        "type": kind,
        "code": code,
        "param": parameter,
    }
    about: dict[str, Any] = {"system": SYSTEM, "http_status": status or None, "evidence": evidence}
    text = f"{status} {words}"[:600]
    if status == 401:
        return Misconfigured(text, **about)
    if status == 403:
        return Misconfigured(text, reason="PERMISSION_MISSING", **about)
    if status in (408, 409, 424, 425, 429) or code in reasons.TRANSIENT:
        wait = retry_after(headers.get("retry-after"))
        ours = "RATE_LIMIT" if status == 429 or code == "rate_limit" else "UNAVAILABLE"
        if status == 408 and writes:
            return OutcomeUnknown(text, retry_after=wait, **about)
        return Unavailable(text, reason=ours, retry_after=wait, **about)
    if parameter == "backdate_start_date" and "in the past" in words:
        # its clock has not come to where a contract begins: nothing people could mend
        return Unavailable(text, retry_after=NOT_YET_SECONDS, **about)
    if 400 <= status < 500:
        ours = reasons.reason(code=code, parameter=parameter, words=words)
        # The key was used with other content: sending cannot help and nothing may be guessed.
        ours = "UNCLASSIFIED" if kind == "idempotency_error" else ours
        return Rejected(text, reason=ours, code=code or kind, field=parameter, value=_value(words), **about)
    if 300 <= status < 400:
        return Misconfigured(f"{SYSTEM} pointed us to another address", reason="ADDRESS_REFUSED", **about)
    silence = OutcomeUnknown if writes else Unavailable
    return silence(text, retry_after=retry_after(headers.get("retry-after")), **about)


def _said(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    said = body.get("error") if isinstance(body, Mapping) else None
    return said if isinstance(said, Mapping) else {}


def _value(words: str) -> str:
    """The thing a sentence like "No such customer: 'cus_1'" is about."""
    _, found, rest = words.partition(": '")
    return rest.partition("'")[0] if found else ""
