"""The organisation's HTTP server: sign-in, API limits, versions, and the calls it makes itself."""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce import sign_in
from connectors.sandbox.salesforce.callouts import Callouts
from connectors.sandbox.salesforce.calls import Answer, Call, parse_body
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.objects import OBJECTS
from connectors.sandbox.salesforce.outbound import OutboundMessages
from connectors.sandbox.salesforce.records import BIN, Records
from connectors.sandbox.salesforce.rest import Rest
from connectors.sandbox.salesforce.rules import stage_facts
from connectors.sandbox.server import Sandbox

VERSIONS = range(60, 69)
#: more than this in one URL never reaches the application
LONGEST_URL = 16_384
JSON_TYPE = "application/json;charset=UTF-8"
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class SalesforceSandbox(Sandbox):
    """A Salesforce organisation: REST API v60 to v68 over books, with outbound messages and Flow callouts."""

    name = "salesforce"
    default_settings = {
        "organization_id": make_id("00D", 1),
        "client_id": "q2c-sandbox-client",
        "client_secret": "q2c-sandbox-secret",
        #: PEM of the connected app's certificate or public key; empty = no sign-in by assertion
        "jwt_certificate": "",
        "username": "integration@q2c.example",
        "token_seconds": 7200,
        "daily_limit": 1_000_000,
        #: where clients reach us, when it is not what their request says
        "instance_url": "",
        #: `Sforce-Call-Options: client=` of the integration whose own writes cause no calls out
        "own_client": "q2c",
        "outbound_message_url": "",
        "outbound_message_fields": [
            "AccountId",
            "Amount",
            "CloseDate",
            "CurrencyIsoCode",
            "IsWon",
            "StageName",
            "SystemModstamp",
        ],
        "outbound_action_id": make_id("04k", 1),
        "callout_url": "",
        "callout_token_url": "",
        "callout_client_id": "",
        "callout_client_secret": "",
        #: a callout that failed this often is given up; 0 = never
        "callout_tries": 0,
        "callouts_paused": False,
        "duplicate_every": 0,
        "reorder": False,
        #: ids of records someone else holds: writes to them and their children answer UNABLE_TO_LOCK_ROW
        "locked_records": [],
    }

    def __init__(self, state: Path | None = None) -> None:
        super().__init__(state)
        self.records = Records(self.books)
        self.rest = Rest(self.records, self._limits)
        self.outbound = OutboundMessages(self.books, self.records, self.outgoing)
        self.callouts = Callouts(self.books, self.outgoing, lambda: self.settings)
        self.outgoing.sign = self.callouts.sign
        self.outgoing.compose = self._compose
        self.outgoing.paused = lambda: bool(self.settings["callouts_paused"])
        self._usage: Document = self.books.get("_usage", "api") or {"since": time.time(), "used": 0}

    def set_up(self) -> None:
        """The integration's user and the standard price book, which every organisation has."""
        self.records.load()
        self._usage = {"since": time.time(), "used": 0}
        user, book = OBJECTS["User"], OBJECTS["Pricebook2"]
        key = self.records.new_id(user)
        self.records.begin(user=key)
        self.records.save(
            user,
            {
                "Id": key,
                "IsDeleted": False,
                "Username": self.settings["username"],
                "LastName": "Integration User",
                "Name": "Integration User",
                "Email": self.settings["username"],
                "IsActive": True,
            },
        )
        self.records.save(
            book,
            {
                "Id": self.records.new_id(book),
                "IsDeleted": False,
                "Name": "Standard Price Book",
                "IsActive": True,
                "IsStandard": True,
            },
        )
        self.records.finish()

    def edited(self, kind: str, key: str) -> None:
        document = self.books.get(kind, key)
        if kind == "Opportunity" and document is not None:
            self.books.put(kind, key, {**document, **stage_facts(document)})
        self.records.edited(kind.removesuffix(BIN), key)

    # -- routes -----------------------------------------------------------------------------------
    def routes(self) -> Sequence[Route]:
        return [
            Route("/services/oauth2/token", self._token, methods=["POST"]),
            Route("/services/oauth2/revoke", self._revoke, methods=["POST"]),
            Route("/services/oauth2/userinfo", self._user_info, methods=["GET"]),
            Route("/services/data", self._versions, methods=["GET"]),
            Route("/services/data/{version}", self._data, methods=METHODS),
            Route("/services/data/{version}/{path:path}", self._data, methods=METHODS),
        ]

    async def _token(self, request: Request) -> Response:
        status, body = sign_in.issue(
            self.books,
            self.settings,
            raw=await request.body(),
            instance_url=self._instance_url(request),
            authorization=request.headers.get("authorization", ""),
            user=self._user(),
        )
        return Response(json.dumps(body), status, {"Cache-Control": "no-store"}, media_type=JSON_TYPE)

    async def _revoke(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        gone = self.books.delete(sign_in.TOKENS, form.get("token", ""))
        return Response(status_code=200 if gone else 400)

    async def _user_info(self, request: Request) -> Response:
        if not sign_in.is_good(self.books, request.headers.get("authorization", "")):
            return Response("Bad_OAuth_Token", 403, media_type="text/plain")
        body = {
            "user_id": self._user(),
            "organization_id": self.settings["organization_id"],
            "preferred_username": self.settings["username"],
        }
        return Response(json.dumps(body), media_type=JSON_TYPE)

    async def _versions(self, _: Request) -> Response:
        listed = [{"label": f"v{n}", "url": f"/services/data/v{n}.0", "version": f"{n}.0"} for n in VERSIONS]
        return Response(json.dumps(listed), media_type=JSON_TYPE)

    async def _data(self, request: Request) -> Response:
        raw = await request.body()
        answer = self._admitted(request, raw)
        headers = {
            **answer.headers,
            "Sforce-Limit-Info": f"api-usage={self._usage['used']}/{self.settings['daily_limit']}",
        }
        if answer.body is None:
            return Response(b"", answer.status, headers)
        body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"), default=str)
        return Response(body, answer.status, headers, media_type=JSON_TYPE)

    # -- one call ---------------------------------------------------------------------------------
    def _admitted(self, request: Request, raw: bytes) -> Answer:
        try:
            self._let_in(request)
            path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii").partition("?")[0]
            pieces = tuple(unquote(piece) for piece in path.strip("/").split("/"))[3:]
            call = Call(
                request.method,
                request.path_params["version"][1:],
                pieces,
                dict(request.query_params),
                parse_body(raw),
                dict(request.headers),
            )
        except SalesforceError as error:
            return Answer(414 if error.code == "URI_TOO_LONG" else error.status, error.body())
        return self.rest.call(call) if call.method == "GET" else self._transact(call, request)

    def _let_in(self, request: Request) -> None:
        if not sign_in.is_good(self.books, request.headers.get("authorization", "")):
            raise SalesforceError("INVALID_SESSION_ID", "Session expired or invalid")
        self._count()
        version = re.fullmatch(r"v(\d+)\.0", request.path_params["version"])
        if version is None or int(version[1]) not in VERSIONS:
            raise SalesforceError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        if len(request.scope.get("raw_path", b"")) + len(request.scope["query_string"]) > LONGEST_URL:
            raise SalesforceError("URI_TOO_LONG", "The URI is too long")

    def _count(self) -> None:
        """Count the call in the rolling day. Raises REQUEST_LIMIT_EXCEEDED."""
        if time.time() - self._usage["since"] > 86_400:
            self._usage = {"since": time.time(), "used": 0}
        if self._usage["used"] >= int(self.settings["daily_limit"]):
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._usage["used"] += 1
        self.books.put("_usage", "api", self._usage)

    def _transact(self, call: Call, request: Request) -> Answer:
        settings = self.settings
        self.records.begin(user=self._user(), locked=settings["locked_records"])
        try:
            answer = self.rest.call(call)
        except Exception:
            # A bug of ours must not leave half a transaction in the books.
            self.records.rollback()
            raise
        changes = self.records.finish()
        if changes and self._client(call) != settings["own_client"]:
            self.outbound.queue(changes, settings, instance_url=self._instance_url(request))
            self.callouts.queue(changes, settings)
        return answer

    @staticmethod
    def _client(call: Call) -> str:
        for part in call.headers.get("sforce-call-options", "").split(","):
            name, _, value = part.partition("=")
            if name.strip().lower() == "client":
                return value.strip()
        return ""

    def _instance_url(self, request: Request) -> str:
        return self.settings["instance_url"] or str(request.base_url).rstrip("/")

    def _user(self) -> str:
        found = self.records.ids_by("User", "Username", self.settings["username"])
        return found[0] if found else next(row["Id"] for row in self.records.rows("User"))

    def _limits(self) -> dict[str, Any]:
        most = int(self.settings["daily_limit"])
        return {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - self._usage["used"])}}

    def _compose(self, document: Document) -> str | None:
        if document["accepts"] == "soap_ack":
            return self.outbound.compose(document, self.settings)
        return str(document["body"])
