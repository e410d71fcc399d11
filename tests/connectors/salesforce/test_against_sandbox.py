"""Salesforce against its sandbox, over HTTP: accounts and deals in, status out, and what may go wrong."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from connectors.canonical import Customer, SubscriptionContract
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Parcel, Receipt, Setup
from connectors.salesforce.connector import Salesforce

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
ORGANIZATION = "00D5g0000000001EAA"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[httpx.Client]:
    """The control paths of a sandbox in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "connectors.sandbox", "salesforce", "--port", port]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for _ in range(100):
            try:
                client.get("/_sandbox/health")
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    pytest.skip("the Salesforce sandbox does not start")
                time.sleep(0.1)
        else:
            process.kill()
            pytest.skip("the Salesforce sandbox did not come up")
        yield client
    process.terminate()
    process.wait(10)


@pytest.fixture
def control(sandbox: httpx.Client) -> httpx.Client:
    sandbox.post("/_sandbox/reset").raise_for_status()
    return sandbox


@pytest.fixture
def crm(control: httpx.Client, make_setup: Callable[..., Setup]) -> Iterator[Salesforce]:
    secrets = {
        "client_id": "q2c-sandbox-client",
        "client_secret": "q2c-sandbox-secret",
        "path_secret": "path-secret",
    }
    settings = {"organization_id": ORGANIZATION}
    connector = Salesforce(
        make_setup(base_url=str(control.base_url).rstrip("/"), secrets=secrets, settings=settings)
    )
    yield connector
    connector.rest.http.close()


@pytest.fixture
def create(control: httpx.Client) -> Callable[..., str]:
    """Make a record as a person in Salesforce would; its id."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "q2c-sandbox-client",
        "client_secret": "q2c-sandbox-secret",
    }
    token = control.post("/services/oauth2/token", data=form).json()["access_token"]

    def build(crm_object: str, **fields: Any) -> str:
        answer = control.post(
            f"/services/data/v65.0/sobjects/{crm_object}", json=fields, headers={"authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return build


@pytest.fixture
def account(create: Callable[..., str]) -> str:
    return create("Account", Name="Bioholding", Industry="medical", BillingCountry="Philipines")


@pytest.fixture
def win(create: Callable[..., str], account: str) -> Callable[..., str]:
    """A won deal with one line."""
    book = create("Pricebook2", Name="Deals", IsActive=True)
    product = create("Product2", Name="GTX Plus Basic", ProductCode="GTX Plus Basic", IsActive=True)
    standard = next(iter(_standard_books(create)), book)
    for pricebook in dict.fromkeys([standard, book]):
        entry = create("PricebookEntry", Pricebook2Id=pricebook, Product2Id=product, UnitPrice=1096, IsActive=True)

    def build(*, amount: str = "1054", close_date: str = "2026-05-14", stage: str = "Closed Won") -> str:
        deal = create(
            "Opportunity",
            Name=f"Bioholding - GTX Plus Basic {amount}",
            AccountId=account,
            Pricebook2Id=book,
            StageName="Prospecting",
            CloseDate=close_date,
            Approval_Status__c="Approved",
            Order_Form_Date__c=close_date,
        )
        create("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=entry, Quantity=1, UnitPrice=float(amount))
        _patch(create, deal, StageName=stage)
        return deal

    return build


def _standard_books(create: Callable[..., str]) -> list[str]:
    client, headers = _client(create)
    rows = client.get(
        "/services/data/v65.0/query", params={"q": "SELECT Id FROM Pricebook2 WHERE IsStandard = true"}, headers=headers
    )
    return [row["Id"] for row in rows.json()["records"]]


def _patch(create: Callable[..., str], record_id: str, **fields: Any) -> None:
    client, headers = _client(create)
    answer = client.patch(f"/services/data/v65.0/sobjects/Opportunity/{record_id}", json=fields, headers=headers)
    assert answer.status_code == 204, answer.text


def _client(create: Callable[..., str]) -> tuple[httpx.Client, dict[str, str]]:
    cells = {
        name: cell.cell_contents
        for name, cell in zip(create.__code__.co_freevars, create.__closure__ or (), strict=True)
    }
    return cells["control"], {"authorization": f"Bearer {cells['token']}"}
