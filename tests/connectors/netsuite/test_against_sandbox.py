"""NetSuite's verbs against the sandbox, over a real connection and with both ways of signing in."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import httpx
import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.sandbox.netsuite.ledger import CHART

DAY = date(2026, 11, 10)


@pytest.fixture(autouse=True)
def fresh_books(sandbox):
    httpx.delete(f"{sandbox}/_sandbox/faults", trust_env=False)
    httpx.post(f"{sandbox}/_sandbox/reset", trust_env=False).raise_for_status()


@pytest.fixture
def connect(sandbox, netsuite):
    """Builds a connector with the sandbox's own credentials."""
    told = httpx.get(f"{sandbox}/_sandbox/settings", trust_env=False).json()

    def build(sign_in="tba", *, read_only=False):
        credential = next(row for row in told["credentials"] if (row["role"] == "read_only") == read_only)
        own = {
            "client_id": credential["client_id"],
            "certificate_id": credential["certificate_id"],
            "private_key": told["private_keys"][credential["certificate_id"]],
            "consumer_key": credential["consumer_key"],
            "consumer_secret": credential["consumer_secret"],
            "token_id": credential["token_key"],
            "token_secret": credential["token_secret"],
        }
        prefix = "read_" if read_only else ""
        secrets = {f"{prefix}{name}": value for name, value in own.items()}
        return netsuite(sandbox, secrets=secrets, read_only=read_only, account=told["account"], sign_in=sign_in)

    return build


@pytest.fixture
def ready(connect, parcel, customer):
    """A connector, and the ids of a customer and an item that are there already."""
    connector = connect()
    connector._call(
        "POST", "/services/rest/record/v1/serviceSaleItem", writes=True,
        body={"externalId": "PLAT-FEE", "itemId": "Platform fee", "incomeAccount": {"id": "400"}},
    )  # fmt: skip
    return connector, {customer.reference: connector.deliver(parcel(customer)).external_id}


@pytest.mark.parametrize("sign_in", ["tba", "oauth2"])
def test_both_ways_of_signing_in_are_accepted(connect, sign_in):
    assert "posting months are open" in connect(sign_in).check()


def test_a_wrong_secret_pauses_the_connection(sandbox, netsuite):
    with pytest.raises(Misconfigured) as raised:
        netsuite(sandbox).check()
    assert raised.value.reason == "AUTH_EXPIRED"


def test_the_reading_credential_cannot_write(connect, parcel, customer):
    connector = connect("oauth2", read_only=True)
    assert connector.check()
    with pytest.raises(Misconfigured) as raised:
        connector.deliver(parcel(customer))
    assert raised.value.reason == "PERMISSION_MISSING"


def test_a_customer_sent_twice_is_one_customer(connect, parcel, customer):
    # given
    connector = connect("oauth2")
    # when
    first = connector.deliver(parcel(customer))
    second = connector.deliver(parcel(replace(customer, version=2, name="New name")))
    # then
    assert first.external_id == second.external_id
    (found,) = connector.find(kind="customer", reference=customer.reference, known={})
    assert (found.external_id, found.held["name"]) == (first.external_id, "New name")


def test_an_invoice_sent_twice_is_one_invoice_with_the_same_total(ready, parcel, invoice):
    # given
    connector, known = ready
    subject = invoice(tax="20.00", tax_code="10")
    # when
    first, second = (connector.deliver(parcel(subject, known=known)) for _ in range(2))
    # then
    assert first.external_id == second.external_id
    (found,) = connector.find(kind="invoice", reference=subject.reference, known={})
    assert (found.held["net"], found.held["tax"], found.held["total"]) == ("200.00", "20.00", "220.00")
    assert (found.posted, found.held["tran_date"], found.held["number"]) == (True, "2026-11-10", "INV-1")


def test_a_correction_replaces_the_lines(ready, parcel, invoice):
    connector, known = ready
    connector.deliver(parcel(invoice(), known=known))
    connector.deliver(parcel(invoice(net="150.00"), known=known, operation="correct"))
    (found,) = connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})
    assert found.held["total"] == "150.00"


def test_an_unknown_item_and_an_unknown_customer_are_refused_with_their_field(ready, parcel, invoice):
    connector, known = ready
    with pytest.raises(Rejected) as raised:
        connector.deliver(parcel(invoice(item="NOPE"), known=known))
    assert (raised.value.reason, raised.value.field) == ("ITEM_UNKNOWN", "item.items[0].item")
    with pytest.raises(Rejected) as raised:
        connector.deliver(parcel(invoice(), known=dict.fromkeys(known, "999")))
    assert (raised.value.reason, raised.value.value) == ("ERP_CUSTOMER_MISSING", "999")


def test_a_locked_month_refuses_an_invoice(ready, sandbox, parcel, invoice):
    # given
    connector, known = ready
    november = next(period for period in connector.periods(entity="") if period.starts_on == date(2026, 11, 1))
    address = f"{sandbox}/_sandbox/books/accountingPeriod/{november.external_id}"
    httpx.patch(address, json={"arLocked": True}, trust_env=False).raise_for_status()
    # when / then
    states = {period.starts_on: period.state for period in connector.periods(entity="")}
    assert states[date(2026, 11, 1)] == "closed"
    with pytest.raises(Rejected) as raised:
        connector.deliver(parcel(invoice(), known=known))
    assert raised.value.reason == "PERIOD_CLOSED"


def test_a_missing_department_is_named(ready, sandbox, parcel, invoice):
    # given
    connector, known = ready
    httpx.patch(f"{sandbox}/_sandbox/settings", json={"mandatory_dimensions": ["department"]}, trust_env=False)
    # when / then
    with pytest.raises(Rejected) as raised:
        connector.deliver(parcel(invoice(), known=known))
    assert (raised.value.reason, raised.value.field.lower()) == ("DIMENSION_MISSING", "department")


def test_cash_on_account_is_applied_to_its_invoice(ready, parcel, invoice, payment, allocation):
    # given
    connector, known = ready
    subject = invoice(tax="20.00", tax_code="10")
    known[subject.reference] = connector.deliver(parcel(subject, known=known)).external_id
    known[payment.reference] = connector.deliver(parcel(payment, known=known)).external_id
    (found,) = connector.find(kind="payment", reference=payment.reference, known={})
    assert (found.held["total"], found.held["open"]) == ("300.00", "300.00")
    assert connector.find(kind="allocation", reference=allocation.reference, known=known) == []
    # when
    receipts = [connector.deliver(parcel(allocation, known=known)) for _ in range(2)]
    # then
    assert receipts[0] == receipts[1]
    (applied,) = connector.find(kind="allocation", reference=allocation.reference, known=known)
    assert (applied.external_id, applied.held["total"]) == (receipts[0].external_id, "220.00")
    (paid,) = connector.find(kind="invoice", reference=subject.reference, known={})
    assert (paid.held["open"], paid.held["status"]) == ("0.00", "Paid In Full")
    (rest,) = connector.find(kind="payment", reference=payment.reference, known={})
    assert rest.held["open"] == "80.00"


def test_the_days_lists_add_up(ready, connect, parcel, invoice, payment):
    # given
    connector, known = ready
    for number in range(1, 4):
        connector.deliver(parcel(invoice(str(number), net="100.10", tax="10.01", tax_code="10"), known=known))
    connector.deliver(parcel(invoice("other-day", day=date(2026, 11, 11)), known=known))
    connector.deliver(parcel(payment, known=known))
    controls = connect("oauth2", read_only=True)
    # when
    (invoices,) = controls.list_day(kind="invoice", entity="", day=DAY)
    (receipts,) = controls.list_day(kind="receipt", entity="", day=date(2026, 11, 16))
    (customers,) = controls.list_day(kind="customer", entity="", day=DAY)
    # then
    assert (invoices.source_count, len(invoices.lines)) == (3, 3)
    assert sum(line.net for line in invoices.lines) == Decimal("300.30")
    assert sum(line.tax for line in invoices.lines) == Decimal("30.03")
    assert sum(line.gross for line in invoices.lines) == Decimal("330.33")
    assert [(line.reference, line.gross) for line in receipts.lines] == [(payment.reference, Decimal("300.00"))]
    assert [line.reference for line in customers.lines] == list(known)


def test_a_listed_invoice_names_its_customer_and_an_account_that_is_none_of_those_set(ready, sandbox, parcel, invoice):
    # given an invoice on the receivables account the settings name
    connector, known = ready
    posted = connector.deliver(parcel(invoice(), known=known))
    line = _listed(connector)
    assert (line.customer, line.other_account) == (known[invoice().customer_reference], "")
    # when somebody puts it on another one
    put = {"account": {"id": CHART["disputed"]}}
    changed = httpx.patch(f"{sandbox}/_sandbox/books/invoice/{posted.external_id}", json=put, trust_env=False)
    changed.raise_for_status()
    # then the list says so
    assert _listed(connector).other_account == CHART["disputed"]


def _listed(connector):
    (line,) = [line for page in connector.list_day(kind="invoice", entity="", day=DAY) for line in page.lines]
    return line


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 503}, OutcomeUnknown),
        ({"kind": "html"}, OutcomeUnknown),
        ({"kind": "status", "status": 429}, Unavailable),
        ({"kind": "drop_after_commit"}, OutcomeUnknown),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value.__name__,
)
def test_a_broken_answer_is_told_apart_and_what_was_written_is_found(ready, sandbox, parcel, invoice, fault, error):
    # given
    connector, known = ready
    httpx.post(f"{sandbox}/_sandbox/faults", json=fault, trust_env=False).raise_for_status()
    # when
    with pytest.raises(error):
        connector.deliver(parcel(invoice(), known=known))
    # then
    found = connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})
    assert len(found) == (1 if fault["kind"] == "drop_after_commit" else 0)


def test_documents_of_other_currencies_are_listed_in_own_money_with_their_rate(ready, parcel, invoice):
    # given an invoice in yen at the rate it was sent with, and one in the company's own dollars
    connector, known = ready
    abroad = replace(invoice("2", net="100000", quantity="1"), currency="JPY", exchange_rate=Decimal("0.0071"))
    for subject in (invoice("1"), abroad):
        connector.deliver(parcel(subject, known=known))
    # when the day is listed
    (page,) = connector.list_day(kind="posted_rate", entity="US01", day=DAY)
    # then only the yen are, in dollars
    (line,) = page.lines
    assert (line.reference, line.currency, line.status) == (abroad.reference, "USD", "JPY 0.0071")
    assert (line.net, line.tax, line.gross) == (Decimal("710.00"), Decimal("0.00"), Decimal("710.00"))
