"""A NetSuite connector, canonical objects to send with it, and the sandbox as a process of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.canonical import Address, Allocation, Canonical, Customer, Invoice, InvoiceLine, Payment
from connectors.interface import Parcel, Setup
from connectors.netsuite.connector import NetSuite

ROOT = Path(__file__).resolve().parents[3]
PAYLOADS = ROOT / "tests" / "payloads" / "netsuite"
ACCOUNT = "001000000000001AAA"
SETTINGS = {"account": "TSTDRV1", "ar_account": "122", "tax_code_zero": "9", "currencies": {"USD": "1", "JPY": "3"}}
TOKENS = {"consumer_key": "key", "consumer_secret": "consumer secret", "token_id": "id", "token_secret": "token secret"}


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A vendor body by the name of its file."""
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.fixture
def netsuite() -> Iterator[Callable[..., NetSuite]]:
    """Builds connectors, which are closed in the end; by token sign-in, unless told otherwise."""
    built: list[NetSuite] = []

    def build(
        base_url: str = "http://127.0.0.1:9", *, secrets: dict[str, str] | None = None, read_only: bool = False,
        **settings: Any,
    ) -> NetSuite:  # fmt: skip
        chosen = {**SETTINGS, "sign_in": "tba", **settings}
        connector = NetSuite(
            Setup(
                code="erp", base_url=base_url, secrets=secrets or TOKENS, settings=chosen,
                zone=ZoneInfo("America/New_York"), sandbox=True, read_only=read_only,
            )
        )  # fmt: skip
        built.append(connector)
        return connector

    yield build
    for connector in built:
        connector.http.close()


@pytest.fixture
def parcel() -> Callable[..., Parcel]:
    """Wraps an object for delivery."""

    def wrap(subject: Canonical, *, known: dict[str, str] | None = None, operation: str = "put") -> Parcel:
        return Parcel(
            subject=subject, operation=operation, reference=subject.reference, known=known or {},
            delivery_key=f"{subject.reference}:{subject.version}:{operation}", request_key="request",
        )  # fmt: skip

    return wrap


@pytest.fixture
def customer() -> Customer:
    return Customer(
        reference=f"customer:{ACCOUNT}", version=1, correlation_id="story", crm_account_id=ACCOUNT,
        name="Customer of a test", currency="USD", email="ap@example.com",
        address=Address(street="1 Main Street", city="Boston", state="MA", postal_code="02101", country="US"),
    )  # fmt: skip


@pytest.fixture
def invoice() -> Callable[..., Invoice]:
    """Builds an invoice of one line."""

    def build(
        number: str = "1", *, net: str = "200.00", tax: str = "0.00", quantity: str = "2", item: str = "PLAT-FEE",
        tax_code: str = "", day: date = date(2026, 11, 10), dimensions: tuple[tuple[str, str], ...] = (),
    ) -> Invoice:  # fmt: skip
        line = InvoiceLine(
            line_id="il_1", description="Platform fee", quantity=Decimal(quantity), net=Decimal(net), tax=Decimal(tax),
            tax_code=tax_code, service_starts_on=date(2026, 11, 1), service_ends_on=date(2027, 10, 31), erp_item=item,
            dimensions=dimensions,
        )  # fmt: skip
        return Invoice(
            reference=f"invoice:stripe:in_{number}", version=3, correlation_id="story", number=f"INV-{number}",
            billing_id=f"in_{number}", customer_reference=f"customer:{ACCOUNT}", contract_reference="contract:006",
            currency="USD", document_date=day, posting_date=day, tax_point=day, due_on=date(2026, 12, 10),
            net=Decimal(net), tax=Decimal(tax), total=Decimal(net) + Decimal(tax), lines=(line,),
        )  # fmt: skip

    return build


@pytest.fixture
def payment() -> Payment:
    return Payment(
        reference="payment:stripe:pi_1", version=1, correlation_id="story", currency="USD", gateway_id="pi_1",
        customer_reference=f"customer:{ACCOUNT}", origin="gateway", received_on=date(2026, 11, 16),
        amount=Decimal("300.00"), fee=Decimal("9.00"),
    )  # fmt: skip


@pytest.fixture
def allocation() -> Allocation:
    return Allocation(
        reference="allocation:stripe:inpay_1", version=1, correlation_id="story", currency="USD",
        payment_reference="payment:stripe:pi_1", invoice_reference="invoice:stripe:in_1",
        customer_reference=f"customer:{ACCOUNT}", applied_on=date(2026, 11, 16), amount=Decimal("220.00"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The address of a NetSuite sandbox with empty books."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "connectors.sandbox", "netsuite", "--port", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                httpx.get(f"{address}/_sandbox/health", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, "the sandbox ended at once"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)
