"""What every sandbox shares: a Starlette app over books, its fault knobs, and its control paths.

Control paths (no vendor has them; tests, the demo and training use them):
  GET    /_sandbox/health                 name, counts per kind, calls still to be made
  POST   /_sandbox/faults                 one fault (see faults.Fault) ; DELETE clears all
  GET    /_sandbox/books/{kind}           every document of a kind
  PATCH  /_sandbox/books/{kind}/{id}      change a document behind everybody's back ; DELETE removes it
  POST   /_sandbox/reset                  empty books
  GET, PATCH /_sandbox/settings           the sandbox's own switches
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.sandbox.books import Books
from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.outgoing import Outgoing

Handler = Callable[[Request], Awaitable[Response]]


class DroppedResponse(Response):
    """An answer that breaks off before its body: the server then closes the connection, the client reads an error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


class Sandbox:
    """One vendor's server. Subclasses give `name`, `routes()` and, where needed, `default_settings`."""

    name = ""
    #: switches of this sandbox with their defaults; kept in the books, so they survive a restart
    default_settings: dict[str, Any] = {}

    def __init__(self, state: Path | None = None) -> None:
        self.books = Books(state)
        self.faults = Faults()
        self.outgoing = Outgoing(self.books)

    # -- for subclasses ---------------------------------------------------------------------------
    def routes(self) -> Sequence[Route]:
        raise NotImplementedError(f"{type(self).__name__} must list its routes")

    def set_up(self) -> None:
        """Called once when books are new or were reset."""

    def edited(self, kind: str, key: str) -> None:
        """Called after a document was changed or removed behind everybody's back: keep ledgers true."""

    async def answer(self, request: Request, call: Handler) -> Response:
        """Around every vendor call: sign-in, limits, headers."""
        return await call(request)

    # -- settings ---------------------------------------------------------------------------------
    @property
    def settings(self) -> dict[str, Any]:
        return {**self.default_settings, **(self.books.get("_settings", "settings") or {})}

    def change_settings(self, **values: Any) -> None:
        unknown = set(values) - set(self.default_settings)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        self.books.put("_settings", "settings", {**(self.books.get("_settings", "settings") or {}), **values})

    # -- the app ----------------------------------------------------------------------------------
    def app(self) -> Starlette:
        if not self.books.kinds():
            self.set_up()
            self.books.commit()
        vendor = [Route(route.path, self._guarded(route.endpoint), methods=route.methods) for route in self.routes()]
        control = [
            Route("/_sandbox/health", self._health),
            Route("/_sandbox/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/books/{kind}", self._list),
            Route("/_sandbox/books/{kind}/{id:path}", self._edit, methods=["GET", "PATCH", "DELETE"]),
            Route("/_sandbox/reset", self._reset, methods=["POST"]),
            Route("/_sandbox/settings", self._settings, methods=["GET", "PATCH"]),
        ]

        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            sender = asyncio.create_task(self.outgoing.run())
            yield
            sender.cancel()
            self.books.close()

        from contextlib import asynccontextmanager

        return Starlette(routes=control + vendor, lifespan=asynccontextmanager(lifespan))

    def _guarded(self, endpoint: Handler) -> Handler:
        async def call(request: Request) -> Response:
            await request.body()
            fault = self.faults.take(request.method, request.url.path) if self.faults.active else None
            if fault and fault.kind in ("timeout_before_commit", "status", "html"):
                return await self._fail(fault)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            response = await self.answer(request, endpoint)
            self.books.commit()
            self.outgoing.wake()
            if fault and fault.kind in ("timeout_after_commit", "drop_after_commit", "malformed"):
                return await self._fail(fault, response)
            return response

        return call

    async def _fail(self, fault: Fault, response: Response | None = None) -> Response:
        if fault.kind.startswith("timeout"):
            await asyncio.sleep(fault.seconds)
            return Response(status_code=504)
        if fault.kind == "drop_after_commit":
            return DroppedResponse()
        if fault.kind == "malformed":
            return Response(
                (response.body[: len(response.body) // 2] if response else b"{"), 200, media_type="application/json"
            )
        if fault.kind == "html":
            return Response("<html><body><h1>Service Unavailable</h1></body></html>", 503, media_type="text/html")
        if isinstance(fault.body, str):
            return Response(fault.body, fault.status, headers=fault.headers)
        return JSONResponse(fault.body, fault.status, headers=fault.headers)

    # -- control paths ----------------------------------------------------------------------------
    async def _health(self, _: Request) -> Response:
        return JSONResponse(
            {"sandbox": self.name, "documents": self.books.kinds(), "calls_waiting": self.outgoing.waiting()}
        )

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
        if request.method == "POST":
            try:
                self.faults.add(**await request.json())
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse([asdict(fault) for fault in self.faults.active])

    async def _list(self, request: Request) -> Response:
        return JSONResponse(list(self.books.rows(request.path_params["kind"])))

    async def _edit(self, request: Request) -> Response:
        kind, key = request.path_params["kind"], request.path_params["id"]
        document = self.books.get(kind, key)
        if document is None:
            return JSONResponse({"error": f"no {kind} {key}"}, 404)
        if request.method == "DELETE":
            self.books.delete(kind, key)
        elif request.method == "PATCH":
            document = self.books.put(kind, key, {**document, **await request.json()})
        if request.method != "GET":
            self.edited(kind, key)
            self.books.commit()
        return JSONResponse(document)

    async def _reset(self, _: Request) -> Response:
        self.books.reset()
        self.faults.clear()
        self.set_up()
        self.books.commit()
        return JSONResponse({"sandbox": self.name, "documents": self.books.kinds()})

    async def _settings(self, request: Request) -> Response:
        if request.method == "PATCH":
            try:
                self.change_settings(**json.loads(await request.body()))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
            self.books.commit()
        return JSONResponse(self.settings)
