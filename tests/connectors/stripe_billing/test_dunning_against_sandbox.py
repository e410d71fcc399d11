"""A receipt booked in the ERP against the dunning run of Stripe's sandbox, over HTTP: what is paid is not collected."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.canonical import Allocation, PaymentReturn
from connectors.errors import Rejected
from connectors.stripe_billing.connector import StripeBilling
from tests.connectors.stripe_billing.test_against_sandbox import (  # noqa: F401
    START,
    advance,
    billing,
    connect,
    control,
    sandbox,
)  # fmt: skip

DAY = date(2026, 5, 15)


@pytest.fixture
def dunned(billing: StripeBilling, control: httpx.Client) -> str:  # noqa: F811
    """An invoice of 90.00 whose card was declined; Stripe tries again after 3, 5 and 7 days."""
    api = billing.api
    customer = api.post("/v1/customers", {"name": "Cancity", "test_clock": billing.clock}, key="payer")["id"]
    settings = {"declined_customers": [customer], "pays_after_days": None}
    control.patch("/_sandbox/settings", json=settings).raise_for_status()
    item = {"customer": customer, "amount": 9000, "currency": "usd"}
    api.post("/v1/invoiceitems", item, key="item")
    made = api.post("/v1/invoices", {
        "customer": customer, "collection_method": "charge_automatically", "auto_advance": True,
        "pending_invoice_items_behavior": "include",
    }, key="invoice")  # fmt: skip
    api.post(f"/v1/invoices/{made['id']}/finalize", {}, key="finalize")
    record = invoice(billing, made["id"])
    assert (record["status"], record["attempt_count"], record["amount_remaining"]) == ("open", 1, 9000)
    return str(made["id"])


def invoice(billing: StripeBilling, own_id: str) -> dict[str, Any]:  # noqa: F811
    return dict(billing.api.get(f"/v1/invoices/{own_id}"))


def told(own_id: str) -> dict[str, Any]:
    return {
        "version": 1, "correlation_id": "", "currency": "USD", "customer_reference": "c", "amount": Decimal("90.00"),
        "invoice_reference": f"invoice:stripe:{own_id}", "payment_reference": "payment:netsuite:7",
    }  # fmt: skip


def wire(own_id: str) -> Allocation:
    return Allocation(reference=f"allocation:netsuite:7:{own_id}", applied_on=DAY, **told(own_id))


def back(own_id: str) -> PaymentReturn:
    reference = f"payment_return:netsuite:7:{own_id}"
    return PaymentReturn(reference=reference, gateway_id="7", returned_on=DAY, **told(own_id))


def refuse_to_close(control: httpx.Client, own_id: str) -> None:  # noqa: F811
    fault = {"kind": "status", "status": 400, "path": f"/v1/invoices/{own_id}/pay", "method": "POST", "times": 1}
    control.post("/_sandbox/faults", json=fault).raise_for_status()


def test_without_a_receipt_the_dunning_run_goes_on(billing: StripeBilling, dunned: str) -> None:  # noqa: F811
    advance(billing, START + timedelta(days=4))
    assert invoice(billing, dunned)["attempt_count"] == 2


def test_a_receipt_of_the_erp_told_before_the_next_dunning_run_ends_it(
    billing: StripeBilling, dunned: str, make_parcel: Callable[..., Any]  # noqa: F811
) -> None:  # fmt: skip
    advance(billing, START + timedelta(days=1))
    billing.deliver(make_parcel(wire(dunned)))
    advance(billing, START + timedelta(days=20))
    record = invoice(billing, dunned)
    assert (record["status"], record["attempt_count"]) == ("paid", 1)


def test_one_that_billing_cannot_close_is_not_collected(
    billing: StripeBilling, control: httpx.Client, dunned: str, make_parcel: Callable[..., Any]  # noqa: F811
) -> None:  # fmt: skip
    refuse_to_close(control, dunned)
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(wire(dunned)))
    assert refused.value.reason == "PAID_IN_ERP_OPEN_IN_BILLING"
    advance(billing, START + timedelta(days=20))
    record = invoice(billing, dunned)
    assert (record["status"], record["attempt_count"], record["auto_advance"]) == ("open", 1, False)
    # once billing takes it, the invoice is closed
    billing.deliver(make_parcel(wire(dunned), request_key="again#2"))
    assert invoice(billing, dunned)["status"] == "paid"


def test_collection_goes_on_once_the_receipt_did_not_hold(
    billing: StripeBilling, control: httpx.Client, dunned: str, make_parcel: Callable[..., Any]  # noqa: F811
) -> None:  # fmt: skip
    refuse_to_close(control, dunned)
    with pytest.raises(Rejected):
        billing.deliver(make_parcel(wire(dunned)))
    billing.deliver(make_parcel(back(dunned)))
    record = invoice(billing, dunned)
    assert record["auto_advance"] is True and "q2c_collection_paused" not in record["metadata"]
    advance(billing, START + timedelta(days=4))
    assert invoice(billing, dunned)["attempt_count"] == 2
