"""Salesforce's REST API: sign-in, calls, queries, and which of our errors an answer is."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from connectors.errors import ConnectorError, Misconfigured, Rejected, Unavailable
from connectors.http import Http, excerpt, raise_for_transport, read_json, retry_after
from connectors.interface import Setup
from connectors.salesforce import reasons

SYSTEM = "salesforce"
#: the largest page of a query
PAGE = 2000
_PAGE_HINT = {"Sforce-Query-Options": f"batchSize={PAGE}"}


class Rest:
    """One organisation. Tokens carry no expiry, so one is kept until Salesforce refuses it."""

    def __init__(self, setup: Setup) -> None:
        self.http = Http(
            system=SYSTEM,
            base_url=setup.base_url,
            sandbox=setup.sandbox,
            hosts=("salesforce.com", "salesforce.mil"),
            # Names us in the change events our own writes cause, so that echoes can be told.
            headers={"Sforce-Call-Options": "client=q2c", "Accept": "application/json"},
        )
        self.root = f"/services/data/{setup.settings.get('api_version') or 'v65.0'}"
        self._secrets = setup.secrets
        self._lock = threading.Lock()
        self._token = ""
        #: the organisation's identity address, as the sign-in told it
        self.identity = ""

    def get(self, path: str, **params: Any) -> Any:
        """A read below /services/data/{version}; a path from there on is taken as it is."""
        url = path if path.startswith("/services/") else self.root + path
        return self._call("GET", f"{url}?{urlencode(params)}" if params else url, writes=False, headers=_PAGE_HINT)

    def patch(self, path: str, body: Any) -> Any:
        return self._call("PATCH", self.root + path, body=body, writes=True)

    def query(self, soql: str, *, deleted: bool = False) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Rows of a query page by page, each with the query's total; lists inside rows are read to their end. `deleted`
        adds rows that are in the bin.
        """
        page = self.get("/queryAll" if deleted else "/query", q=soql)
        while True:
            rows: list[dict[str, Any]] = page["records"]
            for row in rows:
                for value in row.values():
                    if isinstance(value, dict) and value.get("done") is False:
                        self._complete(value)
            yield rows, int(page["totalSize"])
            if page.get("done", True):
                return
            page = self.get(page["nextRecordsUrl"])

    def _complete(self, inner: dict[str, Any]) -> None:
        while inner.get("done") is False:
            more = self.get(inner["nextRecordsUrl"])
            inner["records"] = [*inner["records"], *more["records"]]
            inner["done"], inner["nextRecordsUrl"] = more.get("done", True), more.get("nextRecordsUrl")

    # -- one call -----------------------------------------------------------------------------------
    def _call(
        self, method: str, url: str, *, writes: bool, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        for attempt in (1, 2):
            token = self._signed_in()
            sent = {**(headers or {}), "Authorization": f"Bearer {token}"}
            response = self.http.send(method, url, writes=writes, json_body=body, headers=sent)
            if response.status_code == 401 and attempt == 1:
                self._forget(token)
                continue
            break
        if response.status_code >= 300:
            raise self._refusal(response, writes=writes)
        if not response.content:
            return None
        return read_json(response, system=SYSTEM, writes=writes)

    def _refusal(self, response: httpx.Response, *, writes: bool) -> ConnectorError:
        status = response.status_code
        if status < 400:
            return _other(response)
        said = _errors(response)
        code, words = str(said.get("errorCode") or ""), str(said.get("message") or "")
        if 400 <= status < 500 and status != 401 and (why := reasons.transient(code, words)):
            wait = retry_after(response.headers.get("retry-after"))
            return Unavailable(words, reason=why, retry_after=wait, system=SYSTEM, http_status=status)
        if status == 403:
            return Misconfigured(excerpt(response), reason="PERMISSION_MISSING", system=SYSTEM, http_status=status)
        try:
            raise_for_transport(response, system=SYSTEM, writes=writes)
        except ConnectorError as error:
            return error
        return refusal(said, http_status=status)

    # -- sign-in ------------------------------------------------------------------------------------
    def _signed_in(self) -> str:
        with self._lock:
            if not self._token:
                self._token = self._new_token()
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            # Another thread may have a new one already.
            if self._token == token:
                self._token = ""

    def _new_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._secrets.get("client_id", ""),
            "client_secret": self._secrets.get("client_secret", ""),
        }
        # Nothing is written by it, so silence here is only an unreachable system.
        response = self.http.send("POST", "/services/oauth2/token", form=form, writes=False)
        if response.status_code == 429 or response.status_code >= 500:
            raise_for_transport(response, system=SYSTEM, writes=False)
        if response.status_code != 200:
            said = _errors(response)
            words = f"{said.get('error', response.status_code)}: {said.get('error_description', 'sign-in refused')}"
            raise Misconfigured(words, system=SYSTEM, http_status=response.status_code)
        answer = read_json(response, system=SYSTEM, writes=False)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Unavailable("Salesforce's sign-in answered without a token", system=SYSTEM)
        self.identity = str(answer.get("id") or "")
        return token


def refusal(said: Mapping[str, Any], *, http_status: int | None) -> ConnectorError:
    """One error entry (`errorCode` of a call, `statusCode` of an item) as Unavailable or Rejected."""
    code = str(said.get("errorCode") or said.get("statusCode") or "")
    words = str(said.get("message") or said.get("error_description") or code)
    if why := reasons.transient(code, words):
        return Unavailable(words, reason=why, system=SYSTEM, http_status=http_status)
    fields = said.get("fields") or []
    field = ", ".join(map(str, fields)) if isinstance(fields, list) else str(fields)
    return Rejected(words, reason=reasons.reason(code), code=code, field=field, system=SYSTEM, http_status=http_status)


def _errors(response: httpx.Response) -> Mapping[str, Any]:
    """The first entry of an error body, which is an array, or at the sign-in an object."""
    try:
        body = read_json(response, system=SYSTEM, writes=False)
    except Unavailable:
        return {"message": excerpt(response)}
    first = body[0] if isinstance(body, list) and body else body
    return first if isinstance(first, Mapping) else {"message": excerpt(response)}


def _other(response: httpx.Response) -> ConnectorError:
    if response.status_code == 300:
        return Rejected("the external id is not unique", reason="MASTER_CONFLICT", system=SYSTEM, http_status=300)
    return Misconfigured(
        "Salesforce pointed us to another address",
        reason="ADDRESS_REFUSED",
        system=SYSTEM,
        http_status=response.status_code,
    )
