"""The NetSuite sandbox's doors: paths, sign-in around every call, the concurrency gate, answers as JSON.

Settings (GET, PATCH /_sandbox/settings): account; credentials (name, role "full" or "read_only", TBA keys, client id
and certificate id); certificates {id: PEM}; private_keys of the demo certificates; token_seconds; token_url (what a
signed assertion's `aud` must be; empty = the address the call came in by); timestamp_seconds; concurrency;
async_seconds; mandatory_dimensions ["department", "class", "location"]; date_outside_period "disallow" or "allow";
subsidiary_currencies {subsidiary id: [currency id]}; default_approval_status "1" pending or "2" approved;
revenue_management (Advanced Revenue Management: arrangements and plans are made of what is saved from then on).
"""

import json
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite import jobs, metadata, records, revenue, signin
from connectors.sandbox.netsuite.archive import Archive, Author
from connectors.sandbox.netsuite.edits import Edits
from connectors.sandbox.netsuite.plain import Plain
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.rules import Rules
from connectors.sandbox.netsuite.seed import seed
from connectors.sandbox.netsuite.suiteql import SuiteQl
from connectors.sandbox.netsuite.transactions import Transactions
from connectors.sandbox.netsuite.values import read_body, write_json
from connectors.sandbox.server import Handler, Sandbox

log = logging.getLogger(__name__)
SUITEQL_PATH = "/services/rest/query/v1/suiteql"
LIMITS_PATH = "/services/rest/system/v1/governanceLimits"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _credential(name: str, role: str) -> dict[str, str]:
    return {
        "name": name,
        "role": role,
        "consumer_key": f"{name}-consumer",
        "consumer_secret": f"{name}-consumer-secret",
        "token_key": f"{name}-token",
        "token_secret": f"{name}-token-secret",
        "client_id": f"{name}-client",
        "certificate_id": f"{name}-certificate",
    }


class NetSuiteSandbox(Sandbox):
    """One NetSuite account."""

    name = "netsuite"
    default_settings: dict[str, Any] = {
        "account": "1234567_SB1",
        "credentials": [_credential("demo", "full"), _credential("demo-read", "read_only")],
        "certificates": {},
        "private_keys": {},
        "signing_secret": "",
        "token_seconds": 3600,
        "token_url": "",
        "timestamp_seconds": 300,
        "concurrency": 15,
        "async_seconds": 0,
        "mandatory_dimensions": [],
        "date_outside_period": "disallow",
        "subsidiary_currencies": {},
        "default_approval_status": "2",
        "revenue_management": False,
    }

    def __init__(self, state: Path | None = None) -> None:
        super().__init__(state)
        self.archive = Archive(self.books)
        rules = Rules(self.archive)
        self.transactions = Transactions(self.archive, rules, lambda: self.settings)
        plain = Plain(self.archive, rules)
        self.records = records.Records(self.archive, self.transactions, plain)
        self.edits = Edits(self.archive, self.transactions, plain)
        self.revenue = self.transactions.revenue
        self.suiteql = SuiteQl(self.archive, absent=lambda: frozenset() if self.revenue.is_on else revenue.TABLES)
        self.jobs = jobs.Jobs(self.books, self._do_later)
        self.sign_in = signin.SignIn()
        self.in_flight = 0
        #: the demo key pairs outlive a reset, so that clients set up before it still get in
        self._demo_keys: dict[str, Any] = {}
        self._load()

    def _load(self) -> None:
        self.archive.load()
        self.transactions.applications.load()
        self.transactions.refunds.load()
        self.transactions.credits.load()
        self.transactions.periods.forget()
        self.revenue.load()
        self.jobs.forget()

    def set_up(self) -> None:
        self._load()
        seed(self.archive)
        if not self._demo_keys:
            pairs = {one["certificate_id"]: signin.new_key_pair() for one in self.default_settings["credentials"]}
            self._demo_keys = {
                "private_keys": {key: private for key, (private, _) in pairs.items()},
                "certificates": {key: public for key, (_, public) in pairs.items()},
                "signing_secret": secrets.token_hex(32),
            }
        self.change_settings(**self._demo_keys)
        self.transactions.periods.forget()

    def edited(self, kind: str, key: str) -> None:
        if kind == revenue.KIND:
            self.revenue.mirror(key)
        self.edits.follow(kind, key)

    def routes(self) -> Sequence[Route]:
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [
            Route(signin.TOKEN_PATH, self._token, methods=["POST"]),
            Route(SUITEQL_PATH, self._suiteql, methods=["POST"]),
            Route(LIMITS_PATH, self._limits, methods=["GET"]),
            Route(f"{jobs.PATH}/{{path:path}}", self._job, methods=["GET"]),
            Route(f"{records.PATH}/metadata-catalog", self._metadata, methods=["GET"]),
            Route(f"{records.PATH}/metadata-catalog/{{kind}}", self._metadata, methods=["GET"]),
            Route(f"{records.PATH}/{{path:path}}", self._record, methods=every),
        ]

    # -- around every call ------------------------------------------------------------------------
    def _guarded(self, endpoint: Handler) -> Handler:
        inner = super()._guarded(endpoint)

        async def gate(request: Request) -> Response:
            if self.in_flight >= self.settings["concurrency"]:
                return refused(Refusal("too_many"))
            self.in_flight += 1
            try:
                return await inner(request)
            finally:
                self.in_flight -= 1

        return gate

    async def answer(self, request: Request, call: Handler) -> Response:
        try:
            self.jobs.run_due()
            if request.url.path != signin.TOKEN_PATH:
                request.state.author = self.sign_in.author(_call(request), self.settings)
            return await call(request)
        except Refusal as refusal:
            return refused(refusal)
        except Exception:
            number = secrets.token_hex(8)
            log.exception("unexpected error %s", number)
            return refused(Refusal("broken", value=number))

    # -- calls ------------------------------------------------------------------------------------
    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        url = f"{base(request)}{request.url.path}"
        return JSONResponse(self.sign_in.token(form, self.settings, url=url), headers={"Cache-Control": "no-store"})

    async def _record(self, request: Request) -> Response:
        raw = request.scope.get("raw_path", request.url.path.encode()).decode().partition("?")[0]
        parts = [unquote(part) for part in raw.removeprefix(records.PATH).strip("/").split("/")]
        headers = {name.lower(): value for name, value in request.headers.items()}
        ask = records.Ask(
            request.method,
            parts,
            dict(request.query_params),
            headers,
            await request.body(),
            base(request),
            request.state.author,
        )
        if "respond-async" in headers.get("prefer", ""):
            return self._later(ask)
        return answered(*self.records.perform(ask))

    def _later(self, ask: records.Ask) -> Response:
        if ask.method in _WRITES and ask.author.role != "full":
            raise Refusal("not_permitted", record=ask.parts[0])
        kept = {
            "method": ask.method,
            "parts": ask.parts,
            "query": ask.query,
            "headers": {},
            "body": ask.body.decode(),
            "base": ask.base,
            "author": [ask.author.name, ask.author.role],
        }
        kept["headers"] = {name: value for name, value in ask.headers.items() if name.startswith("x-netsuite-property")}
        key = ask.headers.get("x-netsuite-idempotency-key", "")
        location = self.jobs.accept(kept, key=key, seconds=float(self.settings["async_seconds"]), base=ask.base)
        return Response(status_code=202, headers={"Location": location, "Preference-Applied": "respond-async"})

    def _do_later(self, kept: Document) -> tuple[int, dict[str, str], Any]:
        ask = records.Ask(**{**kept, "body": kept["body"].encode(), "author": Author(*kept["author"])})
        try:
            status, headers, body = self.records.perform(ask)
        except Refusal as refusal:
            return refusal.status, refusal.headers, refusal.body()
        return status, headers, None if body is None else json.loads(write_json(body), parse_float=str)

    async def _suiteql(self, request: Request) -> Response:
        if "transient" not in request.headers.get("prefer", ""):
            raise Refusal(
                "bad_header", field="Prefer", reason="The header must be set to 'transient'.", header="Prefer"
            )
        limit, offset = records.page(dict(request.query_params))
        text = read_body(await request.body()).get("q")
        if not isinstance(text, str):
            raise Refusal("bad_json", reason="The body needs a query in 'q'.")
        found = self.suiteql.run(text, limit=limit, offset=offset)
        links = records.page_links(f"{base(request)}{SUITEQL_PATH}", limit=limit, offset=offset, more=found["hasMore"])
        return JSONResponse(
            {
                "links": links,
                "count": len(found["items"]),
                "hasMore": found["hasMore"],
                "items": found["items"],
                "offset": offset,
                "totalResults": found["totalResults"],
            }
        )

    async def _job(self, request: Request) -> Response:
        return answered(*self.jobs.read(request.path_params["path"].strip("/").split("/"), base=base(request)))

    async def _limits(self, request: Request) -> Response:
        limit = self.settings["concurrency"]
        return JSONResponse({"accountConcurrencyLimit": limit, "accountUnallocatedConcurrencyLimit": limit})

    async def _metadata(self, request: Request) -> Response:
        return answered(
            *metadata.describe(
                request.path_params.get("kind", ""),
                accept=request.headers.get("accept", ""),
                base=base(request),
                chosen=request.query_params.get("select", ""),
            )
        )

    # -- control paths ----------------------------------------------------------------------------
    async def _edit(self, request: Request) -> Response:
        try:
            response = await super()._edit(request)
        except Refusal as refusal:
            return refused(refusal)
        after = self.books.get(request.path_params["kind"], request.path_params["id"])
        return response if after is None or request.method != "PATCH" else JSONResponse(after)

    async def _list(self, request: Request) -> Response:
        self.jobs.run_due()
        return await super()._list(request)


def base(request: Request) -> str:
    """Scheme, host and port as the client called them."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def _call(request: Request) -> signin.Call:
    path = request.scope.get("raw_path", request.url.path.encode()).decode().partition("?")[0]
    return signin.Call(
        request.method, f"{base(request)}{path}", request.url.query, request.headers.get("authorization", "")
    )


def answered(status: int, headers: dict[str, str], body: Any) -> Response:
    """A vendor answer; the media type is NetSuite's for records."""
    if body is None:
        return Response(status_code=status, headers=headers)
    media = "application/json" if status < 400 else "application/vnd.oracle.resource+json; type=error"
    return Response(write_json(body), status, headers=headers, media_type=media)


def refused(refusal: Refusal) -> Response:
    return answered(refusal.status, refusal.headers, refusal.body())
