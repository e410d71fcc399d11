"""A running NetSuite sandbox, empty for every test, and a caller with its own sign-in."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
import uvicorn

from connectors.sandbox.netsuite import NetSuiteSandbox

RECORD = "/services/rest/record/v1"
TOKEN = "/services/rest/auth/oauth2/v1/token"


class Caller:
    """Speaks plain HTTP to the sandbox and keeps tests short."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=10)

    def settings(self, **values: Any) -> dict[str, Any]:
        return self.http.patch("/_sandbox/settings", json=values).json()

    def assertion(self, *, name: str = "demo", algorithm: str = "ES256", key: str = "", **claims: Any) -> str:
        now = int(time.time())
        content = {
            "iss": f"{name}-client", "scope": "rest_webservices", "aud": f"{self.address}{TOKEN}", "iat": now,
            "exp": now + 600, **claims,
        }  # fmt: skip
        kid = f"{name}-certificate"
        key = key or self.http.get("/_sandbox/settings").json()["private_keys"][kid]
        return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid})

    def ask_token(self, assertion: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return self.http.post(TOKEN, data=form, headers={"Authorization": ""})

    def sign_in(self, name: str = "demo") -> "Caller":
        token = self.ask_token(self.assertion(name=name)).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        return self

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.request(method, f"{RECORD}/{path}", json=body, **more)

    def made(self, method: str, path: str, body: Any) -> str:
        """The internal id of a record that must have been taken."""
        response = self.call(method, path, body)
        assert response.status_code == 204, response.text
        return response.headers["location"].rpartition("/")[2]

    def read(self, path: str) -> dict[str, Any]:
        response = self.call("GET", path, params={"expandSubResources": "true"})
        assert response.status_code == 200, response.text
        return response.json()

    def suiteql(self, text: str, **parameters: Any) -> dict[str, Any]:
        response = self.http.post(
            "/services/rest/query/v1/suiteql", json={"q": text}, params=parameters, headers={"Prefer": "transient"}
        )
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in item.items() if name != "links"}
            for item in self.suiteql(text, **parameters)["items"]
        ]

    # -- a small story ------------------------------------------------------------------------------
    def customer(self, key: str = "SF-1", **more: Any) -> str:
        body = {"companyName": f"Customer {key}", "subsidiary": {"id": "1"}, "currency": {"id": "1"}, **more}
        return self.made("PUT", f"customer/eid:{key}", body)

    def item(self, key: str = "PLAT-FEE", **more: Any) -> str:
        body = {"itemId": key, "incomeAccount": {"id": "400"}, "deferredRevenueAccount": {"id": "220"}, **more}
        return self.made("PUT", f"serviceSaleItem/eid:{key}", body)

    def invoice_body(self, *, amount: str = "200.00", on: str = "2026-11-10", **more: Any) -> dict[str, Any]:
        line = {"item": {"externalId": "PLAT-FEE"}, "quantity": 1, "amount": float(amount), "taxCode": {"id": "9"}}
        return {"entity": {"externalId": "SF-1"}, "tranDate": on, "item": {"items": [line]}, **more}

    def invoice(self, key: str = "INV-1", **more: Any) -> str:
        return self.made("PUT", f"invoice/eid:{key}?replace=item", self.invoice_body(**more))

    def payment(self, invoice: str, *, payment: str, amount: str, **more: Any) -> httpx.Response:
        body = {
            "customer": {"externalId": "SF-1"}, "payment": float(payment), "tranDate": "2026-11-24",
            "apply": {"items": [{"apply": True, "doc": {"id": invoice}, "amount": float(amount)}]}, **more,
        }  # fmt: skip
        return self.call("POST", "customerPayment", body)

    def close(self, period: str, **flags: bool) -> None:
        """Change the flags of the month named like "Nov 2026"."""
        found = self.rows(f"SELECT id FROM accountingperiod WHERE periodname = '{period}'")[0]["id"]
        assert self.http.patch(f"/_sandbox/books/accountingPeriod/{found}", json=flags).status_code == 200

    def detail(self, response: httpx.Response) -> dict[str, Any]:
        return response.json()["o:errorDetails"][0]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    sandbox = NetSuiteSandbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(sandbox.app(), host="127.0.0.1", port=port, log_level="warning", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(5)


@pytest.fixture
def stranger(server: str) -> Iterator[Caller]:
    """Someone who has not signed in."""
    caller = Caller(server)
    caller.http.post("/_sandbox/reset")
    yield caller
    caller.http.close()


@pytest.fixture
def caller(stranger: Caller) -> Caller:
    """The integration, signed in, with one customer and one item in the account."""
    stranger.sign_in()
    stranger.customer()
    stranger.item()
    return stranger
