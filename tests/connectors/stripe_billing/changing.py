"""A customer on a test clock of the Stripe sandbox whose contract changes, and the sums that know nothing of us."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors import money
from connectors.canonical import ContractLine, Customer, SubscriptionContract
from connectors.errors import Rejected
from connectors.interface import Parcel, Receipt, Setup
from connectors.stripe_billing import amounts
from connectors.stripe_billing.connector import StripeBilling

ZONE = ZoneInfo("America/New_York")
STARTS = date(2026, 5, 14)
CUSTOMER = "customer:0015g00000AbCdEAAV"
NUMBERS = count(1)
ONE_DAY = timedelta(days=1)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")
PRODUCTS = ("prod_a", "prod_b", "prod_c")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A sandbox in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.sandbox", "stripe", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, timeout=30) as client:
        for _ in range(300):
            try:
                client.get("/_sandbox/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        client.patch("/_sandbox/settings", json={"draft_seconds": 60, "customers_per_clock": 1000}).raise_for_status()
    yield base
    process.terminate()
    process.wait(10)


@dataclass
class Story:
    """One customer on a clock of its own, whose contract changes."""

    billing: StripeBilling
    customer: str
    contract: SubscriptionContract
    held: str = ""

    @property
    def now(self) -> datetime:
        seconds = self.billing.api.get(f"/v1/test_helpers/test_clocks/{self.billing.clock}")["frozen_time"]
        return datetime.fromtimestamp(seconds, UTC)

    def advance(self, to: datetime) -> None:
        """In steps that a clock takes; drafts are issued on the way."""
        path = f"/v1/test_helpers/test_clocks/{self.billing.clock}"
        while (now := self.now) < to:
            step = min(to, now + timedelta(days=55))
            wanted = {"frozen_time": int(step.timestamp())}
            self.billing.api.post(f"{path}/advance", wanted, key=f"{self.billing.clock}-{step.isoformat()}")
            while self.billing.api.get(path)["status"] != "ready":
                time.sleep(0.002)

    def live_until(self, day: date) -> None:
        """To the afternoon of a day, after which everything that was billed by then is issued."""
        self.advance(datetime.combine(day, datetime.min.time().replace(hour=15), ZONE).astimezone(UTC))

    def put(self, contract: SubscriptionContract, *, today: date) -> Receipt:
        self.contract = contract
        receipt = self.billing.deliver(self.parcel(contract, today=today))
        self.held = receipt.external_id
        self.advance(self.now + timedelta(minutes=5))
        return receipt

    def parcel(self, contract: SubscriptionContract, *, today: date) -> Parcel:
        known = {contract.customer_reference: self.customer}
        if self.held:
            known[contract.reference] = self.held
        name = f"{contract.reference}@{contract.version}:put"
        return Parcel(
            subject=contract,
            operation="put",
            reference=contract.reference,
            delivery_key=name,
            request_key=f"{self.billing.clock}:{name}",
            known=known,
            today=today,
        )

    def billed(self) -> Decimal:
        """The total of every issued invoice of the customer, in major units."""
        currency = self.contract.currency
        pages = self.billing.api.pages("/v1/invoices", customer=self.customer)
        rows = [row for page in pages for row in page]
        assert all(row["status"] in ("open", "paid", "void") for row in rows), [row["status"] for row in rows]
        return sum((amounts.from_sent(row["total"], currency) for row in rows if row["status"] != "void"), Decimal(0))

    def subscription(self) -> dict[str, Any]:
        return self.billing.api.get(f"/v1/subscriptions/{self.held}")


@pytest.fixture
def begin(address: str, make_setup: Callable[..., Setup]) -> Iterator[Callable[..., Story]]:
    made: list[StripeBilling] = []
    secrets = {"api_key": "sk_test_q2c", "read_key": "rk_test_readonly", "webhook_secrets": "whsec_q2c_sandbox"}

    def connect(**settings_: Any) -> StripeBilling:
        made.append(StripeBilling(make_setup(base_url=address, secrets=secrets, settings=settings_, zone=ZONE)))
        return made[-1]

    def build(contract: SubscriptionContract) -> Story:
        number = next(NUMBERS)
        api = connect().api
        start = datetime.combine(contract.starts_on, datetime.min.time().replace(hour=13), ZONE)
        clock = api.post(
            "/v1/test_helpers/test_clocks", {"frozen_time": int(start.timestamp())}, key=f"{address}-clock-{number}"
        )
        for product in PRODUCTS:
            try:
                api.post("/v1/products", {"id": product, "name": product}, key=f"{address}-{product}-{number}")
            except Rejected as refused:
                assert refused.code == "resource_already_exists"
        billing = connect(test_clock=clock["id"])
        who = Customer(
            reference=CUSTOMER, version=1, correlation_id=CUSTOMER, crm_account_id=CUSTOMER[9:], name="Brightwater"
        )
        receipt = billing.deliver(
            Parcel(subject=who, operation="put", reference=CUSTOMER, delivery_key="c", request_key=f"{clock['id']}-c")
        )
        story = Story(billing=billing, customer=receipt.external_id, contract=contract)
        story.put(contract, today=contract.starts_on)
        return story

    yield build
    for one in made:
        one.api.http.close()


def sells(currency: str = "USD", **lines: tuple[str, str]) -> tuple[ContractLine, ...]:
    """Lines by product: quantity and amount for the whole term."""
    return tuple(
        ContractLine(
            line_id=f"line-{product}",
            crm_product=product,
            description=product,
            quantity=Decimal(quantity),
            unit_price=Decimal(0),
            amount=money.amount(amount, currency),
            list_amount=Decimal(amount),
            discount=Decimal(0),
            starts_on=STARTS,
            ends_on=STARTS,
            billing_product=product,
        )
        for product, (quantity, amount) in lines.items()
    )


def sold(*lines: ContractLine, currency: str = "USD", **values: Any) -> SubscriptionContract:
    """A new contract of a year; other terms by name."""
    number = next(NUMBERS)
    plain = SubscriptionContract(
        reference=f"contract:006{number:015d}",
        version=1,
        correlation_id=f"deal:{number}",
        currency=currency,
        crm_opportunity_id=f"006{number:015d}",
        customer_reference=CUSTOMER,
        modification_kind="new",
        modification_number=1,
        record_revision=1,
        signed_on=STARTS,
        starts_on=STARTS,
        ends_on=date(2027, 5, 13),
        effective_on=STARTS,
        amount=sum((line.amount for line in lines), Decimal(0)),
        lines=lines,
    )
    return replace(plain, **values)


def change(before: SubscriptionContract, kind: str, *lines: ContractLine, on: date, **values: Any):
    """The next numbered change, as the pipeline hands it over: on terms filled in, with its whole content."""
    content = lines or before.lines
    return replace(
        before,
        version=before.version + 1,
        modification_number=before.version + 1,
        modification_kind=kind,
        effective_on=on,
        amount=sum((line.amount for line in content), Decimal(0)),
        lines=content,
        **values,
    )


def noon(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time().replace(hour=12), ZONE).timestamp())


def part_of_year(day: date) -> Fraction:
    """What is left of the year of service from noon of a day."""
    first, last = noon(STARTS), noon(date(2027, 5, 14))
    return Fraction(last - noon(day), last - first)


def rounded(amount: Decimal, part: Fraction, currency: str) -> Decimal:
    """A part of an amount in whole minor units, half away from zero."""
    exact = Fraction(amount) * 10 ** money.minor_units(currency) * part
    whole = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return Decimal(whole).scaleb(-money.minor_units(currency))
