"""Tryton's JSON-RPC (series 8): its types, its sign-in, and what its errors mean."""

import base64
import re
import threading
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.http import Http, excerpt, raise_for_transport, read_json
from connectors.tryton.reasons import classify, is_harmless

SYSTEM = "tryton"
#: questions answered with yes during one call; more would be a loop
MOST_ANSWERS = 3
#: PostgreSQL's words, passed on by Tryton, for a transaction that it undid because of another one: nothing was written
_LOCKED = re.compile(r"could not obtain lock|could not serialize access|deadlock detected")


def encode(value: Any) -> Any:
    """Python's values as Tryton's JSON; amounts stay exact."""
    if isinstance(value, Mapping):
        return {name: encode(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": format(value, "f")}
    if isinstance(value, date) and not isinstance(value, datetime):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, float):
        raise TypeError("no floats go to Tryton")
    return value


def decode(value: Any) -> Any:
    """Tryton's JSON as Python's values; classes it does not use for us stay as they came."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "datetime":
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return datetime(*(value[part] for part in parts))
    return {name: decode(item) for name, item in value.items()}


class Rpc:
    """Calls into one Tryton database as one user; the sign-in is kept and renewed once when it ended."""

    def __init__(self, http: Http, *, database: str, user: str, password: str) -> None:
        self.http = http
        self.path = f"/{quote(database, safe='')}/rpc/"
        self.database, self.user, self.password = database, user, password
        self._lock = threading.Lock()
        self._authorization = ""

    def call(self, method: str, *params: Any, writes: bool, context: Mapping[str, Any] | None = None) -> Any:
        """The result of a method. Raises the outbound errors; a harmless question of Tryton's is answered yes."""
        arguments = encode([*params, {"language": "en", **(context or {})}])
        for answered in range(MOST_ANSWERS + 1):
            body = self._send({"id": 1, "method": method, "params": arguments}, writes=writes)
            error = body.get("error")
            if not error:
                return decode(body.get("result"))
            question = _question(error)
            if not question or answered == MOST_ANSWERS or not is_harmless(question[1]):
                raise self._error(error, method=method, writes=writes)
            self._acknowledge(question[0])
        raise AssertionError("unreachable")

    def write(self, method: str, *params: Any, company: int | None = None, **records: Any) -> Any:
        """Call a writing method of a model (or of a wizard, `wizard.…`) for a company; `records` are a wizard's."""
        context = {"company": company, "companies": [company], **records} if company else records
        return self.call(
            method if method.startswith("wizard.") else f"model.{method}", *params, writes=True, context=context
        )

    def _acknowledge(self, name: str) -> None:
        body = self._send(
            {"id": 1, "method": "model.res.user.warning.skip", "params": [name, False, {"language": "en"}]}, writes=True
        )
        if body.get("error"):
            raise self._error(body["error"], method="skip", writes=False)

    def _send(self, body: dict[str, Any], *, writes: bool) -> dict[str, Any]:
        authorization = self._signed_in()
        response = self._post(body, writes=writes, authorization=authorization)
        if response.status_code == 401:  # it ended, or waited too long for a method that wants a fresh one
            self._forget(authorization)
            response = self._post(body, writes=writes, authorization=self._signed_in())
        if response.status_code == 403:
            raise Misconfigured(
                excerpt(response), reason="PERMISSION_MISSING", system=SYSTEM, http_status=response.status_code
            )
        if response.status_code == 404:
            raise Misconfigured(f"Tryton has no such database: {excerpt(response)}", system=SYSTEM, http_status=404)
        if response.status_code == 423 or (response.status_code == 503 and _LOCKED.search(response.text)):
            raise Unavailable(excerpt(response), system=SYSTEM, http_status=response.status_code)
        raise_for_transport(response, system=SYSTEM, writes=writes)
        answer = read_json(response, system=SYSTEM, writes=writes)
        if response.status_code != 200 or not isinstance(answer, dict):
            words = f"unexpected answer {excerpt(response)}"
            raise (OutcomeUnknown if writes else Unavailable)(words, system=SYSTEM, http_status=response.status_code)
        return answer

    def _post(self, body: dict[str, Any], *, writes: bool, authorization: str) -> httpx.Response:
        headers = {"authorization": authorization} if authorization else {}
        return self.http.send("POST", self.path, json_body=body, headers=headers, writes=writes)

    def _signed_in(self) -> str:
        with self._lock:
            if not self._authorization:
                login = {"id": 1, "method": "common.db.login", "params": [self.user, {"password": self.password}]}
                response = self._post(login, writes=False, authorization="")
                if response.status_code in (400, 404):
                    raise Misconfigured(excerpt(response), system=SYSTEM, http_status=response.status_code)
                raise_for_transport(response, system=SYSTEM, writes=False)
                result = read_json(response, system=SYSTEM, writes=False).get("result")
                if not isinstance(result, list) or len(result) < 2:
                    raise Misconfigured("Tryton did not accept the sign-in", system=SYSTEM)
                token = base64.b64encode(f"{self.user}:{result[0]}:{result[1]}".encode()).decode()
                self._authorization = f"Session {token}"
            return self._authorization

    def _forget(self, authorization: str) -> None:
        with self._lock:
            if self._authorization == authorization:
                self._authorization = ""

    def _error(self, error: Any, *, method: str, writes: bool) -> Exception:
        name = str(error[0]) if isinstance(error, list) and error else ""
        words = _words(error)
        evidence = {"method": method, "error": error[:2] if isinstance(error, list) else str(error)}
        if name in ("UserError", "UserWarning"):
            reason, field, value = classify(words)
            if reason == "PERMISSION_MISSING":
                return Misconfigured(words, reason=reason, system=SYSTEM, evidence=evidence)
            return Rejected(words, reason=reason, code=name, field=field, value=value, system=SYSTEM, evidence=evidence)
        if name in ("ConcurrencyException", "RateLimitException"):
            return Unavailable(words, system=SYSTEM, evidence=evidence)
        if name == "LoginException":
            return Misconfigured(words, system=SYSTEM, evidence=evidence)
        # A failure inside Tryton. Its transaction was undone, but what it does after the commit may have failed too.
        evidence = {"method": method, "error": words}
        if writes:
            return OutcomeUnknown(words, system=SYSTEM, evidence=evidence)
        return Unavailable(words, system=SYSTEM, evidence=evidence)


def _question(error: Any) -> tuple[str, str] | None:
    """Name and words of a warning, or None for any other error."""
    if isinstance(error, list) and len(error) > 1 and error[0] == "UserWarning" and isinstance(error[1], list):
        return str(error[1][0]), str(error[1][1])
    return None


def _words(error: Any) -> str:
    if question := _question(error):
        return question[1]
    if isinstance(error, list) and len(error) > 1 and isinstance(error[1], list):
        return " ".join(str(part) for part in error[1][:2] if part)
    return str(error[0]) if isinstance(error, list) and error else str(error)
