"""A Salesforce sandbox on a loopback port, signed in to, and a place for the calls it makes."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.salesforce import SalesforceSandbox

BASE = "/services/data/v65.0"
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>{}</Ack></notificationsResponse>'
    "</e:Body></e:Envelope>"
)


@contextlib.contextmanager
def running(app: Starlette, **tls: str) -> Iterator[int]:
    """The app on a free loopback port, in a thread of its own; gives the port."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", access_log=False, ws="none", **tls)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=10)


def eventually(found: Callable[[], Any], seconds: float = 10) -> Any:
    """What `found` gives once it is true; fails when it stays false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


class Organisation:
    """A client signed in to the sandbox, with the few calls most tests make."""

    def __init__(self, sandbox: SalesforceSandbox, url: str) -> None:
        self.sandbox = sandbox
        self.url = url
        self.http = httpx.Client(base_url=url + BASE, timeout=30)
        self.root = httpx.Client(base_url=url, timeout=30)

    def close(self) -> None:
        self.http.close()
        self.root.close()

    def sign_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": "q2c-sandbox-client",
            "client_secret": "q2c-sandbox-secret",
        }
        token = self.root.post("/services/oauth2/token", data=form).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        return token

    def settings(self, **values: Any) -> None:
        assert self.root.patch("/_sandbox/settings", json=values).status_code == 200

    def create(self, kind: str, **fields: Any) -> str:
        response = self.http.post(f"/sobjects/{kind}", json=fields)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def read(self, kind: str, key: str) -> dict[str, Any]:
        response = self.http.get(f"/sobjects/{kind}/{key}")
        assert response.status_code == 200, response.text
        return response.json()

    def query(self, soql: str, **headers: str) -> dict[str, Any]:
        response = self.http.get("/query", params={"q": soql}, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def opportunity(self, **fields: Any) -> str:
        return self.create(
            "Opportunity", **{"Name": "A deal", "StageName": "Engaging", "CloseDate": "2026-05-14", **fields}
        )

    def opportunities(self, count: int, **fields: Any) -> list[str]:
        keys = []
        for start in range(0, count, 200):
            rows = [
                {"attributes": {"type": "Opportunity"}, "Name": f"Deal {n}", "StageName": "Engaging",
                 "CloseDate": "2026-05-14", "Amount": n, **fields}
                for n in range(start, min(count, start + 200))
            ]  # fmt: skip
            results = self.http.post("/composite/sobjects", json={"records": rows}).json()
            assert all(result["success"] for result in results), results
            keys += [result["id"] for result in results]
        return keys

    def win(self, keys: list[str], **headers: str) -> None:
        for start in range(0, len(keys), 200):
            rows = [
                {"attributes": {"type": "Opportunity"}, "Id": key, "StageName": "Closed Won"}
                for key in keys[start : start + 200]
            ]
            response = self.http.patch("/composite/sobjects", json={"records": rows}, headers=headers)
            assert all(result["success"] for result in response.json()), response.text

    def product(self, name: str = "GTX Pro", price: str = "4821") -> tuple[str, str]:
        """Ids of a product and its standard price."""
        book = self.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
        product = self.create("Product2", Name=name, ProductCode=name.upper(), IsActive=True)
        price_id = self.create("PricebookEntry", Product2Id=product, Pricebook2Id=book, UnitPrice=price, IsActive=True)
        return product, price_id


@pytest.fixture(scope="session")
def organisation_server() -> Iterator[Organisation]:
    sandbox = SalesforceSandbox()
    with running(sandbox.app()) as port:
        organisation = Organisation(sandbox, f"http://127.0.0.1:{port}")
        yield organisation
        organisation.close()


@pytest.fixture
def organisation(organisation_server: Organisation) -> Organisation:
    """An organisation with nothing in it but its user and its price book."""
    assert organisation_server.root.post("/_sandbox/reset").status_code == 200
    organisation_server.sign_in()
    return organisation_server


class Ear:
    """Takes the calls Salesforce makes; what it answers can be changed while it runs."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[str] = []
        self.callouts: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.tokens_given = 0
        #: answers still to be given instead of an acknowledgement: (status, body)
        self.refusals: list[tuple[int, str]] = []
        self.good_token = ""

    async def message(self, request: Request) -> Response:
        self.messages.append((await request.body()).decode())
        status, body = self.refusals.pop(0) if self.refusals else (200, ACK.format("true"))
        return Response(body, status, media_type="text/xml")

    async def callout(self, request: Request) -> Response:
        self.authorizations.append(request.headers.get("authorization", ""))
        if self.good_token and self.authorizations[-1] != f"Bearer {self.good_token}":
            return JSONResponse({"error": "invalid_token"}, 401)
        self.callouts.append(await request.json())
        return JSONResponse({"accepted": True}, 202)

    async def token(self, request: Request) -> Response:
        assert b"client_credentials" in await request.body()
        self.tokens_given += 1
        return JSONResponse({"access_token": f"token-{self.tokens_given}", "token_type": "Bearer", "expires_in": 3600})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/message", self.message, methods=["POST"]),
                Route("/callout", self.callout, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
            ]
        )


@pytest.fixture
def ear(organisation: Organisation) -> Iterator[Ear]:
    """Hears what the organisation calls out; the organisation is told to call it."""
    heard = Ear()
    with running(heard.app()) as port:
        heard.url = f"http://127.0.0.1:{port}"
        organisation.settings(
            outbound_message_url=heard.url + "/message",
            callout_url=heard.url + "/callout",
            callout_token_url=heard.url + "/token",
            callout_client_id="salesforce",
            callout_client_secret="flow",
        )
        organisation.sandbox.callouts._good_until = 0.0
        yield heard
        organisation.settings(outbound_message_url="", callout_url="")
