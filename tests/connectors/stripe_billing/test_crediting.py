"""Credit notes asked for here: line by line with the tax that was charged, only where Stripe's preview agrees."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import CreditMemo, CreditMemoLine, Customer
from connectors.errors import Rejected
from connectors.money import minor_units
from connectors.stripe_billing import crediting
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO, to_sent
from connectors.stripe_billing.connector import StripeBilling
from tests.connectors.stripe_billing.test_against_sandbox import CUSTOMER, START, advance
from tests.connectors.stripe_billing.test_against_sandbox import billing as billing
from tests.connectors.stripe_billing.test_against_sandbox import connect as connect
from tests.connectors.stripe_billing.test_against_sandbox import control as control
from tests.connectors.stripe_billing.test_against_sandbox import sandbox as sandbox

DAY = START.date()
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")


def memo(*lines: tuple[str, Decimal, Decimal], invoice: str = "in_1", currency: str = "USD") -> CreditMemo:
    """Given back: (line of the invoice, net, tax)."""
    net, tax = (sum((line[place] for line in lines), Decimal(0)) for place in (1, 2))
    return CreditMemo(
        reference=f"credit_memo:asked:{invoice}:du_1",
        version=1,
        correlation_id="",
        currency=currency,
        number="INV-1",
        billing_id="",
        customer_reference=CUSTOMER,
        contract_reference="",
        refers_to=f"invoice:stripe:{invoice}",
        reason_code="fraudulent",
        document_date=DAY,
        posting_date=DAY,
        tax_point=DAY,
        net=net,
        tax=tax,
        total=net + tax,
        applied=Decimal(0),
        lines=tuple(
            CreditMemoLine(
                line_id=line, invoice_line_id=line, description="", quantity=Decimal(1), net=of_net, tax=of_tax,
                tax_code="", service_starts_on=DAY, service_ends_on=DAY,
            )
            for line, of_net, of_tax in lines
        ),
    )  # fmt: skip


@st.composite
def billed(draw: st.DrawFn) -> tuple[dict[str, Any], CreditMemo]:
    """An invoice as Stripe has it, with up to two rates a line, and a memo over parts of its lines."""
    currency = draw(st.sampled_from(CURRENCIES))
    step = 10 if currency in LAST_DIGIT_ZERO else 1

    def money(most: int = 10**7) -> Decimal:
        return Decimal(draw(st.integers(0, most)) * step).scaleb(-minor_units(currency))

    lines, given_back = [], []
    for number in range(draw(st.integers(1, 4))):
        kinds = draw(st.lists(st.sampled_from(["exclusive", "inclusive"]), max_size=2))
        taxes = [
            {
                "amount": to_sent(money(), currency), "tax_behavior": kind,
                "tax_rate_details": {"tax_rate": f"txr_{place}"},
            }
            for place, kind in enumerate(kinds)
        ]  # fmt: skip
        lines.append({"id": f"il_{number}", "taxes": taxes})
        taxed = any(tax["amount"] for tax in taxes)
        given_back.append((f"il_{number}", money() + step, money() if taxed else Decimal(0)))
    invoice = {
        "id": "in_1", "status": draw(st.sampled_from(["open", "paid"])), "lines": {"data": lines},
        "amount_remaining": to_sent(money(), currency),
    }  # fmt: skip
    return invoice, memo(*given_back, currency=currency)


@given(case=billed())
def test_what_is_asked_for_sums_to_the_memo_in_every_currency(case: tuple[dict[str, Any], CreditMemo]) -> None:
    invoice, asked = case
    wanted = crediting.parameters(asked, invoice)
    behaviour = {
        (line["id"], tax["tax_rate_details"]["tax_rate"]): tax["tax_behavior"]
        for line in invoice["lines"]["data"]
        for tax in line["taxes"]
    }
    total = tax = 0
    for line in wanted["lines"]:
        total += line["amount"]
        for part in line.get("tax_amounts", []):
            tax += part["amount"]
            if behaviour[line["invoice_line_item"], part["tax_rate"]] == "exclusive":
                total += part["amount"]
    assert (total, tax) == (to_sent(asked.total, asked.currency), to_sent(asked.tax, asked.currency))
    # what does not lower what is open must go somewhere, and has been given back elsewhere
    still_open = invoice["amount_remaining"] if invoice["status"] == "open" else 0
    assert wanted.get("out_of_band_amount", 0) == max(total - still_open, 0)


def test_a_line_the_invoice_does_not_have_is_refused() -> None:
    invoice = {"id": "in_1", "status": "paid", "amount_remaining": 0, "lines": {"data": [{"id": "il_1", "taxes": []}]}}
    with pytest.raises(Rejected) as refused:
        crediting.parameters(memo(("il_2", Decimal(5), Decimal(0))), invoice)
    assert refused.value.reason == "CREDIT_WITHOUT_INVOICE"


# -- against the sandbox ----------------------------------------------------------------------------
@pytest.fixture
def paid(billing: StripeBilling, make_parcel, make_contract, customer: Customer) -> dict[str, Any]:
    """The paid invoice of 1,054.00 of a deal."""
    held = billing.deliver(make_parcel(customer)).external_id
    billing.deliver(make_parcel(make_contract(), known={CUSTOMER: held}))
    advance(billing, START + timedelta(days=20))
    (invoice,) = billing.api.get("/v1/invoices")["data"]
    assert invoice["status"] == "paid"
    return invoice


def asked_of(invoice: dict[str, Any], net: str = "1054.00") -> CreditMemo:
    return memo((invoice["lines"]["data"][0]["id"], Decimal(net), Decimal(0)), invoice=invoice["id"])


def test_it_is_made_once_and_found_by_its_name(
    billing: StripeBilling, paid: dict[str, Any], make_parcel: Callable[..., Any]
) -> None:
    asked = asked_of(paid)
    assert billing.find(kind="credit_memo", reference=asked.reference, known={}) == []
    first, again = (billing.deliver(make_parcel(asked)) for _ in range(2))
    assert first.external_id == again.external_id and first.held["total"] == "1054.00"
    (found,) = billing.find(kind="credit_memo", reference=asked.reference, known={})
    assert found.external_id == first.external_id
    (note,) = billing.api.get("/v1/credit_notes")["data"]
    assert (note["out_of_band_amount"], note["pre_payment_amount"], note["refunds"]) == (105400, 0, [])


def test_where_the_preview_differs_nothing_is_written(
    billing: StripeBilling, paid: dict[str, Any], make_parcel: Callable[..., Any], monkeypatch: Any
) -> None:
    get = billing.api.get

    def otherwise(path: str, **params: Any) -> dict[str, Any]:
        found = get(path, **params)
        return {**found, "total": found["total"] - 1} if path.endswith("/preview") else found

    monkeypatch.setattr(billing.api, "get", otherwise)
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(asked_of(paid)))
    assert refused.value.reason == "AMOUNT_MISMATCH"
    assert get("/v1/credit_notes")["data"] == []


def test_an_invoice_stripe_does_not_have_is_named(
    billing: StripeBilling, paid: dict[str, Any], make_parcel: Callable[..., Any], control: httpx.Client
) -> None:
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(replace(asked_of(paid), refers_to="invoice:stripe:in_none")))
    assert refused.value.reason == "CREDIT_WITHOUT_INVOICE"
