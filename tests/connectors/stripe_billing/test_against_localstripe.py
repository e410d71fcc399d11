"""Stripe Billing against localstripe, a server other people wrote: form encoding, metadata, and their signatures."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.canonical import Customer
from connectors.errors import NotAuthentic
from connectors.interface import Parcel, Setup
from connectors.stripe_billing.connector import StripeBilling
from tests.own_environment import python_of

pytestmark = pytest.mark.peers

#: its own start listens on every address and loads old books
START = "import sys; from aiohttp import web; from localstripe.server import app; "
START += "web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)"
SECRET = "whsec_between_us"


@pytest.fixture(scope="module")
def localstripe() -> Iterator[httpx.Client]:
    python = python_of("stripe")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen([str(python), "-c", START, port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        for _ in range(100):
            try:
                client.get("/")
                break
            except httpx.TransportError:
                assert process.poll() is None, "localstripe does not start"
                time.sleep(0.1)
        yield client
    process.terminate()
    process.wait(10)


@pytest.fixture
def billing(localstripe: httpx.Client, make_setup: Callable[..., Setup]) -> Iterator[StripeBilling]:
    localstripe.delete("/_config/data").raise_for_status()
    secrets = {"api_key": "sk_test_12345", "read_key": "sk_test_12345", "webhook_secrets": SECRET}
    connector = StripeBilling(make_setup(base_url=str(localstripe.base_url).rstrip("/"), secrets=secrets))
    yield connector
    connector.api.http.close()


def test_a_customer_is_created_found_updated_and_listed(
    billing: StripeBilling, make_parcel: Callable[..., Parcel], customer: Customer
) -> None:
    # given
    receipt = billing.deliver(make_parcel(customer))
    # then it is found by our reference, with its version
    (found,) = billing.find(kind="customer", reference=customer.reference, known={})
    assert (found.external_id, found.version) == (receipt.external_id, 3)
    # when a newer version comes
    newer = replace(customer, version=4, name="Isdom")
    billing.deliver(make_parcel(newer, known={customer.reference: receipt.external_id}))
    # then it is the same customer
    (found,) = billing.find(kind="customer", reference=customer.reference, known={})
    assert (found.external_id, found.version, found.held["name"]) == (receipt.external_id, 4, "Isdom")
    fetched = billing.fetch(kind="customer", object_ids=[receipt.external_id, "cus_none"])
    assert list(fetched) == [receipt.external_id]
    (page,) = billing.list_day(kind="customer", entity="US01", day=datetime.now(UTC).date())
    assert [line.reference for line in page.lines] == [customer.reference]


def test_a_webhook_somebody_else_signed_is_authentic(
    billing: StripeBilling,
    localstripe: httpx.Client,
    listener: Any,
    make_parcel: Callable[..., Parcel],
    customer: Customer,
    make_setup: Callable[..., Setup],
) -> None:
    # given
    hook = {"url": listener.address, "secret": SECRET, "events": ["customer.created"]}
    localstripe.post("/_config/webhooks/ours", json=hook).raise_for_status()
    # when
    receipt = billing.deliver(make_parcel(customer))
    headers, body = listener.wait_for("customer.created", about=receipt.external_id)
    # then
    (event,) = billing.receive(headers=headers, body=body, now=datetime.now(UTC)).events
    assert (event.kind, event.object_id) == ("customer.created", receipt.external_id)
    # and its shape is of an older version, so the record would be fetched
    assert json.loads(body)["api_version"] == "2017-08-15" and event.record is None
    # and with another secret it is not
    stranger = StripeBilling(make_setup(secrets={"api_key": "sk_test_12345", "webhook_secrets": "whsec_other"}))
    with pytest.raises(NotAuthentic):
        stranger.receive(headers=headers, body=body, now=datetime.now(UTC))
    stranger.api.http.close()
