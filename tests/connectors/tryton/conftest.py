"""A Tryton connector, canonical objects to send with it, and a real Tryton on a throw-away PostgreSQL."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical import Address, Allocation, Canonical, Customer, Invoice, InvoiceLine, Payment
from connectors.interface import Parcel, Setup
from connectors.tryton.connector import Tryton
from tests.real_tryton import real_tryton

__all__ = ["real_tryton"]

ROOT = Path(__file__).resolve().parents[3]
PAYLOADS = ROOT / "tests" / "payloads" / "tryton"
_number = itertools.count(1)


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A vendor body by the name of its file."""
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())


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
def customer() -> Callable[..., Customer]:
    """Builds a customer of its own reference."""

    def build(name: str = "Customer of a test", country: str = "US") -> Customer:
        account = f"001{next(_number):012d}AAA"
        return Customer(
            reference=f"customer:{account}", version=1, correlation_id="story", crm_account_id=account, name=name,
            currency="USD", email="ap@example.com",
            address=Address(street="1 Main Street", city="Boston", state="MA", postal_code="02101", country=country),
        )  # fmt: skip

    return build


@pytest.fixture
def invoice() -> Callable[..., Invoice]:
    """Builds an invoice of one line and its own reference."""

    def build(
        customer_reference: str, *, net: str = "200.00", tax: str = "0.00", quantity: str = "2",
        item: str = "SUBSCRIPTION", day: date, total: str = "",
    ) -> Invoice:  # fmt: skip
        key = f"{next(_number):06d}"
        line = InvoiceLine(
            line_id="il_1", description="Platform fee", quantity=Decimal(quantity), net=Decimal(net), tax=Decimal(tax),
            tax_code="standard" if Decimal(tax) else "", service_starts_on=day, service_ends_on=day + timedelta(364),
            erp_item=item,
        )  # fmt: skip
        return Invoice(
            reference=f"invoice:stripe:in_{key}", version=1, correlation_id="story", number=f"INV-{key}",
            billing_id=f"in_{key}", customer_reference=customer_reference, contract_reference="contract:006",
            currency="USD", document_date=day, posting_date=day, tax_point=day, due_on=day + timedelta(30),
            net=Decimal(net), tax=Decimal(tax), total=Decimal(total) if total else Decimal(net) + Decimal(tax),
            lines=(line,),
        )  # fmt: skip

    return build


@pytest.fixture
def payment() -> Callable[..., Payment]:
    """Builds a payment of its own reference."""

    def build(customer_reference: str, *, amount: str, day: date, currency: str = "USD") -> Payment:
        key = f"pi_{next(_number):06d}"
        return Payment(
            reference=f"payment:stripe:{key}", version=1, correlation_id="story", currency=currency, gateway_id=key,
            customer_reference=customer_reference, origin="gateway", received_on=day, amount=Decimal(amount),
            fee=Decimal("1.00"),
        )  # fmt: skip

    return build


@pytest.fixture
def allocation() -> Callable[..., Allocation]:
    """Builds the application of a part of a payment."""

    def build(paid: Payment, invoiced: Invoice, *, amount: str) -> Allocation:
        return Allocation(
            reference=f"allocation:stripe:inpay_{next(_number):06d}", version=1, correlation_id="story", currency="USD",
            payment_reference=paid.reference, invoice_reference=invoiced.reference,
            customer_reference=paid.customer_reference, applied_on=paid.received_on, amount=Decimal(amount),
        )  # fmt: skip

    return build


@pytest.fixture
def connect() -> Iterator[Callable[..., Tryton]]:
    """Builds connectors, which are closed in the end."""
    built: list[Tryton] = []

    def build(
        address: str = "http://127.0.0.1:9", *, secrets: dict[str, str] | None = None, read_only: bool = False,
        **settings: Any,
    ) -> Tryton:  # fmt: skip
        connector = Tryton(
            Setup(
                code="erp", base_url=address, secrets=secrets or {"user": "q2c", "password": "secret of the test"},
                settings={"database": "books", **settings}, zone=ZoneInfo("America/New_York"), sandbox=True,
                read_only=read_only,
            )
        )  # fmt: skip
        built.append(connector)
        return connector

    yield build
    for connector in built:
        connector.http.close()
