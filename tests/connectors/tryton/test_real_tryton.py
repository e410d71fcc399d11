"""Tryton's verbs against a real Tryton: a ledger that is not ours."""

import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest

from connectors.errors import Misconfigured, Rejected
from connectors.tryton.rpc import Rpc

# its environment alone takes a minute and a half: make stories
pytestmark = [pytest.mark.tryton, pytest.mark.slow]

TODAY = date.today()
LAST_YEAR = TODAY.year - 1


@pytest.fixture
def erp(real_tryton, connect):
    """The connector that may write."""
    return connect(real_tryton.address, secrets=real_tryton.secrets, **real_tryton.settings)


@pytest.fixture
def controls(real_tryton, connect):
    """The connector that may only read."""
    return connect(real_tryton.address, secrets=real_tryton.secrets, read_only=True, **real_tryton.settings)


@pytest.fixture
def buyer(erp, parcel, customer):
    """A customer that is there already, and its id."""
    subject = customer()
    return subject.reference, {subject.reference: erp.deliver(parcel(subject)).external_id}


def close_month(real_tryton, erp, *, day):
    """Close the period of a day as an accountant would, in Tryton itself."""
    admin = Rpc(erp.http, database=erp.rpc.database, user="admin", password=real_tryton.admin_password)
    company = erp.books.company("")
    admin.write("account.period.close", [erp.books.period(day, company=company)], company=company)


def cleared(controls, *, day):
    """What stands on the clearing account up to a day."""
    (page,) = controls.list_day(kind="clearing", entity="", day=day)
    return sum((line.net for line in page.lines), Decimal(0))


def until(condition, *, seconds=30):
    """Wait for what Tryton's queue does by itself."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "Tryton's queue did not get there"
        time.sleep(0.2)


def test_tryton_says_who_we_are_and_how_long_it_took(real_tryton, erp, capsys):
    with capsys.disabled():
        print(f"\nTryton was ready after {real_tryton.ready_seconds:.1f} s")
    assert erp.check() == "Tryton database tryton as q2c: Portal demonstration company"


def test_a_set_up_template_is_copied_in_a_moment(real_tryton):
    from q2c_portal.local import tryton

    # when
    tryton.copy(real_tryton.database_url, database="copied")
    # then
    with psycopg.connect(real_tryton.database_url, autocommit=True) as server:
        assert server.execute("SELECT 1 FROM pg_database WHERE datname = 'copied'").fetchone()
        server.execute("DROP DATABASE copied")


def test_a_customer_sent_twice_is_one_customer(erp, parcel, customer):
    # given
    subject = customer()
    # when
    first = erp.deliver(parcel(subject))
    second = erp.deliver(parcel(replace(subject, version=2, name="New name")))
    # then
    assert first.external_id == second.external_id
    (found,) = erp.find(kind="customer", reference=subject.reference, known={})
    assert (found.external_id, found.held["name"]) == (first.external_id, "New name")


def test_an_unknown_country_is_refused_before_anything_is_written(erp, parcel, customer):
    subject = customer(country="XQ")
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(subject))
    assert (raised.value.reason, raised.value.value) == ("COUNTRY_UNKNOWN", "XQ")
    assert erp.find(kind="customer", reference=subject.reference, known={}) == []


def test_five_invoices_are_posted_once_and_the_days_list_adds_up(erp, controls, buyer, parcel, invoice):
    # given
    reference, known = buyer
    day = TODAY - timedelta(days=3)
    made = [invoice(reference, net=f"{n}00.01", tax=f"{n}0.10", quantity="3", day=day) for n in range(1, 6)]
    # when
    first = [erp.deliver(parcel(subject, known=known)) for subject in made]
    again = [erp.deliver(parcel(subject, known=known)) for subject in made]
    # then
    assert [receipt.external_id for receipt in first] == [receipt.external_id for receipt in again]
    assert all(receipt.posted and receipt.held["status"] == "posted" for receipt in first)
    lines = [line for page in controls.list_day(kind="invoice", entity="", day=day) for line in page.lines]
    assert {line.reference for line in lines} == {subject.reference for subject in made}
    assert sum(line.net for line in lines) == sum(subject.net for subject in made) == Decimal("1500.05")
    assert sum(line.tax for line in lines) == sum(subject.tax for subject in made) == Decimal("150.50")
    assert sum(line.gross for line in lines) == sum(subject.total for subject in made)
    (page,) = controls.list_day(kind="invoice", entity="", day=day)
    assert page.source_count == 5
    assert {(line.customer, line.other_account) for line in lines} == {(known[reference], "")}


def test_a_closed_month_refuses_and_an_open_one_takes_the_same_invoice(real_tryton, erp, buyer, parcel, invoice):
    # given
    reference, known = buyer
    closed = date(LAST_YEAR, 1, 15)
    close_month(real_tryton, erp, day=closed)
    subject = invoice(reference, day=closed)
    # when
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(subject, known=known))
    # then
    assert raised.value.reason == "PERIOD_CLOSED"
    assert erp.invoices.find(subject.reference) == []
    states = {period.starts_on: period.state for period in erp.periods(entity="")}
    assert (states[date(LAST_YEAR, 1, 1)], states[date(LAST_YEAR, 2, 1)]) == ("closed", "open")
    # and posted on the first open day it keeps its document date
    posted = erp.deliver(parcel(replace(subject, posting_date=date(LAST_YEAR, 2, 1)), known=known))
    assert (posted.held["document_date"], posted.held["tran_date"]) == (closed.isoformat(), f"{LAST_YEAR}-02-01")


def test_a_closed_month_refuses_a_payment_too(real_tryton, erp, buyer, parcel, payment):
    reference, known = buyer
    closed = date(LAST_YEAR, 3, 15)
    close_month(real_tryton, erp, day=closed)
    subject = payment(reference, amount="10.00", day=closed)
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(subject, known=known))
    assert raised.value.reason == "PERIOD_CLOSED"
    assert erp.cash.find(subject.reference) == []


def test_an_invoice_that_comes_late_is_posted_all_the_same(erp, buyer, parcel, invoice):
    # given one of a later day, which already has a number
    reference, known = buyer
    erp.deliver(parcel(invoice(reference, day=date(LAST_YEAR, 6, 20)), known=known))
    late = invoice(reference, day=date(LAST_YEAR, 6, 10))
    # when
    receipt = erp.deliver(parcel(late, known=known))
    # then
    assert (receipt.posted, receipt.held["tran_date"]) == (True, f"{LAST_YEAR}-06-10")


def test_a_draft_left_behind_is_finished_and_not_doubled(erp, buyer, parcel, invoice):
    # given a draft as a run leaves it that breaks between its two calls
    reference, known = buyer
    subject = invoice(reference, tax="20.00", day=TODAY)
    write = erp.invoices.write
    erp.invoices.write = lambda method, *rest, **more: (
        pytest.fail("broken off") if method.endswith("post") else write(method, *rest, **more)
    )
    with pytest.raises(pytest.fail.Exception):
        erp.deliver(parcel(subject, known=known))
    erp.invoices.write = write
    (draft,) = erp.invoices.find(subject.reference)
    assert erp.find(kind="invoice", reference=subject.reference, known={}) == []
    # when
    receipt = erp.deliver(parcel(subject, known=known))
    # then
    assert (receipt.external_id, receipt.held["total"]) == (str(draft["id"]), "220.00")
    assert len(erp.find(kind="invoice", reference=subject.reference, known={})) == 1


def test_totals_that_differ_from_the_bill_are_never_posted(erp, buyer, parcel, invoice):
    reference, known = buyer
    subject = invoice(reference, day=TODAY, total="200.01")
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(subject, known=known))
    assert raised.value.reason == "AMOUNT_MISMATCH"
    assert erp.invoices.find(subject.reference) == []


def test_an_unknown_item_a_missing_customer_and_a_correction_are_refused(erp, buyer, parcel, invoice):
    reference, known = buyer
    for subject, ids, operation, reason in (
        (invoice(reference, item="NOPE", day=TODAY), known, "put", "ITEM_UNKNOWN"),
        (invoice(reference, item="", day=TODAY), known, "put", "PRODUCT_UNMAPPED"),
        (invoice(reference, day=TODAY), {}, "put", "ERP_CUSTOMER_MISSING"),
        (invoice(reference, day=TODAY), known, "correct", "AMOUNT_MISMATCH"),
    ):
        with pytest.raises(Rejected) as raised:
            erp.deliver(parcel(subject, known=ids, operation=operation))
        assert raised.value.reason == reason


def test_a_payment_in_two_parts_pays_an_invoice(erp, controls, buyer, parcel, invoice, payment, allocation):
    # given
    reference, known = buyer
    day = TODAY - timedelta(days=1)
    billed = invoice(reference, tax="20.00", day=day)
    money = payment(reference, amount="300.00", day=day)
    before = {one: cleared(controls, day=one) for one in (day - timedelta(days=1), day)}
    known[billed.reference] = erp.deliver(parcel(billed, known=known)).external_id
    known[money.reference] = erp.deliver(parcel(money, known=known)).external_id
    assert erp.deliver(parcel(money, known=known)).external_id == known[money.reference]
    parts = [allocation(money, billed, amount=amount) for amount in ("120.00", "100.00")]

    def held(subject):
        (receipt,) = controls.find(kind=subject.kind, reference=subject.reference, known=known)
        return receipt.held

    # when
    for part in parts:
        first, again = (erp.deliver(parcel(part, known=known)) for _ in range(2))
        assert first.external_id == again.external_id
    # then
    assert [held(part)["total"] for part in parts] == ["120.00", "100.00"]
    assert (held(billed)["open"], held(money)["open"]) == ("0.00", "80.00")
    until(lambda: held(billed)["status"] == "paid")
    # and there is no more than was paid and owed
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(allocation(money, billed, amount="0.01"), known=known))
    assert raised.value.reason == "UNAPPLIED_CASH"
    (receipts,) = controls.list_day(kind="receipt", entity="", day=day)
    assert [(line.reference, line.gross) for line in receipts.lines] == [(money.reference, Decimal("300.00"))]
    # and the clearing account holds it from its day on
    after = {one: cleared(controls, day=one) for one in before}
    assert [after[one] - before[one] for one in sorted(before)] == [Decimal(0), Decimal("300.00")]


def test_one_payment_pays_two_invoices(erp, buyer, parcel, invoice, payment, allocation):
    # given
    reference, known = buyer
    billed = [invoice(reference, day=TODAY) for _ in range(2)]
    money = payment(reference, amount="400.00", day=TODAY)
    for subject in (*billed, money):
        known[subject.reference] = erp.deliver(parcel(subject, known=known)).external_id
    # when
    for subject in billed:
        erp.deliver(parcel(allocation(money, subject, amount="200.00"), known=known))
    # then
    (receipt,) = erp.find(kind="payment", reference=money.reference, known={})
    assert receipt.held["open"] == "0.00"
    for subject in billed:
        (found,) = erp.find(kind="invoice", reference=subject.reference, known={})
        assert found.held["open"] == "0.00"


def test_money_in_another_currency_is_refused(erp, buyer, parcel, payment):
    reference, known = buyer
    with pytest.raises(Rejected) as raised:
        erp.deliver(parcel(payment(reference, amount="1.00", day=TODAY, currency="EUR"), known=known))
    assert raised.value.reason == "CURRENCY_MISMATCH"


def test_a_sign_in_tryton_forgot_is_renewed(erp):
    erp.check()
    erp.rpc._authorization = "Session bm9ib2R5OjE6eA=="
    assert erp.check().startswith("Tryton database")


def test_controls_read_and_cannot_write(controls, buyer, parcel, customer, invoice):
    reference, known = buyer
    assert controls.check().startswith("Tryton database tryton as q2c_controls")
    assert len(list(controls.periods(entity=""))) == 36
    listed = [line for page in controls.list_day(kind="customer", entity="", day=TODAY) for line in page.lines]
    assert reference in {line.reference for line in listed}
    for subject in (customer(), invoice(reference, day=TODAY)):
        with pytest.raises(Misconfigured) as raised:
            controls.deliver(parcel(subject, known=known))
        assert raised.value.reason == "PERMISSION_MISSING"
