"""Changes of contracts against the Stripe sandbox: what is billed in the end is what an independent sum says, exactly.

The sum knows nothing of the connector: it walks through the agreed contents by seconds of the billing period, as
Stripe documents its prorations (docs.stripe.com/billing/subscriptions/prorations), item by item, half away from zero.
"""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import money
from connectors.canonical import NO_END, ContractLine, Customer, SubscriptionContract
from connectors.errors import Rejected
from connectors.interface import Parcel, Receipt, Setup
from connectors.stripe_billing import amounts, contracts
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


# -- single changes ---------------------------------------------------------------------------------------
def test_an_upsell_bills_the_rest_of_the_year(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 7, 1))
    bigger = change(
        story.contract, "upsell", *sells(prod_a=("2", "730.00"), prod_b=("1", "365.00")), on=date(2026, 7, 1)
    )
    receipt = story.put(bigger, today=date(2026, 7, 1))
    left = part_of_year(date(2026, 7, 1))
    more = rounded(Decimal(730), left, "USD") - rounded(Decimal(365), left, "USD") + rounded(Decimal(365), left, "USD")
    assert story.billed() == Decimal(365) + more
    assert receipt.version == 2 and receipt.external_id == story.held


def test_a_change_that_was_taken_already_is_not_written_again(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 6, 1))
    bigger = change(story.contract, "upsell", *sells(prod_a=("2", "730.00")), on=date(2026, 6, 1))
    story.put(bigger, today=date(2026, 6, 1))
    billed = story.billed()
    # under the same key and, as after a look-up, under another one
    story.put(bigger, today=date(2026, 6, 1))
    again = replace(story.parcel(bigger, today=date(2026, 6, 1)), request_key=f"{story.billing.clock}-again")
    story.billing.deliver(again)
    assert story.billed() == billed
    (found,) = story.billing.find(kind="contract", reference=bigger.reference, known={CUSTOMER: story.customer})
    assert (found.version, found.external_id) == (2, story.held)


def test_an_end_now_credits_what_is_left_and_bills_nothing_more(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 8, 20), ends_on=date(2026, 8, 19))
    story.put(over, today=date(2026, 8, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 8, 20)), "USD")
    assert story.subscription()["status"] == "canceled"
    story.live_until(date(2027, 6, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 8, 20)), "USD")


def test_an_end_agreed_without_credit_credits_nothing(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 8, 20), ends_on=date(2026, 8, 19), credits_unused=False)
    story.put(over, today=date(2026, 8, 20))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(365), "canceled")


def test_an_end_agreed_for_later_is_told_at_once_and_credited_from_its_day(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 11, 3), ends_on=date(2026, 11, 2))
    story.put(over, today=date(2026, 8, 20))
    assert story.subscription()["status"] == "active"
    story.live_until(date(2026, 11, 4))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 11, 3)), "USD")
    assert story.subscription()["status"] == "canceled"


def test_a_renewal_bills_its_new_price_from_the_new_term_on(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2027, 4, 1))
    renewed = change(
        story.contract, "renewal", *sells(prod_a=("1", "400.00")), on=date(2027, 5, 14),
        starts_on=date(2027, 5, 14), ends_on=date(2028, 5, 13),
    )  # fmt: skip
    story.put(renewed, today=date(2027, 4, 1))
    assert story.billed() == Decimal(365)
    story.live_until(date(2027, 5, 15))
    assert story.billed() == Decimal(765)
    story.live_until(date(2028, 6, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(765), "canceled")


def test_a_contract_cut_to_another_ones_end_is_credited_from_there(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    cut = change(story.contract, "co_term", on=date(2026, 8, 20), ends_on=date(2026, 12, 31))
    story.put(cut, today=date(2026, 8, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2027, 1, 1)), "USD")
    story.live_until(date(2027, 6, 1))
    assert story.subscription()["status"] == "canceled"


def test_months_are_billed_one_by_one_until_the_term_ends(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("3", "360.00")), billing_frequency="monthly"))
    assert story.billed() == Decimal(30)
    story.live_until(date(2026, 7, 15))
    assert story.billed() == Decimal(90)
    story.live_until(date(2027, 7, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(360), "canceled")


@pytest.mark.parametrize(
    ("months", "frequency", "ends_on", "after_a_year"),
    [
        (36, "prepaid", date(2029, 5, 13), "3600.00"),
        (36, "annual_in_advance", date(2029, 5, 13), "2400.00"),
        (15, "prepaid", date(2027, 8, 13), "3600.00"),
        (24, "quarterly", date(2028, 5, 13), "2250.00"),
    ],
)
def test_terms_of_other_lengths(
    begin: Callable[..., Story], months: int, frequency: str, ends_on: date, after_a_year: str
) -> None:
    story = begin(
        sold(*sells(prod_a=("1", "3600.00")), term_months=months, billing_frequency=frequency, ends_on=ends_on)
    )
    story.live_until(date(2027, 5, 15))
    assert story.billed() == Decimal(after_a_year)
    story.live_until(ends_on + timedelta(days=3))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(3600), "canceled")


def test_a_contract_without_an_end_goes_on_until_it_is_ended(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), term_months=0, ends_on=NO_END))
    story.live_until(date(2028, 6, 1))
    assert story.billed() == Decimal(360)
    over = change(story.contract, "cancellation", on=date(2029, 5, 14), ends_on=date(2029, 5, 13))
    story.put(over, today=date(2028, 6, 1))
    story.live_until(date(2029, 7, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(360), "canceled")


def test_what_is_billed_while_suspended_is_taken_back_at_once(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly"))
    story.live_until(date(2026, 6, 1))
    story.put(change(story.contract, "suspension", on=date(2026, 6, 1)), today=date(2026, 6, 1))
    story.live_until(date(2026, 8, 1))
    assert story.billed() == Decimal(10)
    story.put(change(story.contract, "reactivation", on=date(2026, 8, 1)), today=date(2026, 8, 1))
    story.live_until(date(2026, 9, 1))
    assert story.billed() == Decimal(20)


def test_a_contract_co_termed_at_its_sale_bills_its_own_price_once(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "77.77")), ends_on=date(2026, 12, 31)))
    story.live_until(date(2027, 3, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal("77.77"), "canceled")


def test_a_change_dated_before_the_billed_period_stops(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly"))
    story.live_until(date(2026, 8, 1))
    with pytest.raises(Rejected) as refused:
        story.put(
            change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 1)),
            today=date(2026, 8, 1),
        )
    assert refused.value.reason == "BACKDATED_CHANGE"


def test_twenty_lines_are_one_subscription_and_one_more_is_refused_before_and_by_stripe(
    begin: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a contract of as many lines as a subscription takes
    (line,) = sells(prod_a=("1", "12.00"))
    many = [replace(line, line_id=f"line-{number}") for number in range(21)]
    assert len(begin(sold(*many[:20])).subscription()["items"]["data"]) == 20
    # when there is one more, it is refused with both numbers, and Stripe is not asked
    with pytest.raises(Rejected) as refused:
        begin(sold(*many))
    assert (refused.value.reason, refused.value.value) == ("TOO_MANY_LINES", "21 of 20")
    # then Stripe itself would not have taken it either
    monkeypatch.setattr(contracts, "MOST_ITEMS", 10_001)
    with pytest.raises(Rejected) as refused:
        begin(sold(*many))
    assert refused.value.field == "items"


# -- any sequence -----------------------------------------------------------------------------------------
@st.composite
def contents(draw: Any, currency: str) -> dict[str, tuple[int, Decimal]]:
    """Quantity and amount by product; whole per unit, and as Stripe takes the currency."""
    chosen = draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3, unique=True))
    step = 10 if currency in amounts.LAST_DIGIT_ZERO else 1
    found = {}
    for product in chosen:
        quantity, unit = draw(st.integers(1, 7)), draw(st.integers(1, 99_999)) * step
        found[product] = (quantity, Decimal(quantity * unit).scaleb(-money.minor_units(currency)))
    return found


@st.composite
def histories(draw: Any) -> tuple[str, dict[str, tuple[int, Decimal]], list[tuple[int, str, Any]], int | None]:
    """A currency, what is sold first, changes on rising days of the year, and perhaps an end."""
    currency = draw(st.sampled_from(CURRENCIES))
    days = sorted(draw(st.lists(st.integers(1, 350), max_size=3, unique=True)))
    changes = [(day, "amendment", draw(contents(currency))) for day in days]
    end = draw(st.none() | st.integers((days[-1] if days else 0) + 1, 360))
    return currency, draw(contents(currency)), changes, end


@given(history=histories())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_changes_is_billed_to_the_last_minor_unit(begin: Callable[..., Story], history: Any) -> None:
    currency, first, changes, end = history

    def lines(content: dict[str, tuple[int, Decimal]]) -> tuple[ContractLine, ...]:
        return sells(currency, **{name: (str(n), format(amount, "f")) for name, (n, amount) in content.items()})

    story = begin(sold(*lines(first), currency=currency))
    expected, held = sum((amount for _, amount in first.values()), Decimal(0)), first
    for day, kind, content in changes:
        on = STARTS + timedelta(days=day)
        story.live_until(on)
        story.put(change(story.contract, kind, *lines(content), on=on), today=on)
        left = part_of_year(on)
        for product in {*held, *content}:
            if held.get(product) != content.get(product):
                expected -= rounded(held.get(product, (0, Decimal(0)))[1], left, currency)
                expected += rounded(content.get(product, (0, Decimal(0)))[1], left, currency)
        held = content
        assert story.billed() == expected
    if end is not None:
        on = STARTS + timedelta(days=end)
        story.live_until(on)
        story.put(change(story.contract, "cancellation", on=on, ends_on=on - ONE_DAY), today=on)
        expected -= sum((rounded(amount, part_of_year(on), currency) for _, amount in held.values()), Decimal(0))
        assert story.billed() == expected
