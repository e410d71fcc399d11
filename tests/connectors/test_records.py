"""Any record at all: it becomes shapes, or it is refused by field and value; nothing else ever comes out."""

import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import canonical, fields, money
from connectors.errors import NotAuthentic, Rejected
from connectors.interface import Setup
from connectors.salesforce import mapping as salesforce_mapping
from connectors.salesforce.connector import Salesforce
from connectors.stripe_billing import mapping as stripe_mapping
from connectors.stripe_billing import webhook
from connectors.stripe_billing.connector import StripeBilling

PAYLOADS = Path(__file__).parents[1] / "payloads"
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)


def kept(path: str) -> Any:
    return json.loads((PAYLOADS / path).read_text(), parse_float=Decimal)


def invoice_at(stamp: str, *, status: str) -> dict[str, Any]:
    """The issued invoice, a day later in another status."""
    record = kept("stripe/invoice_finalized.json")["data"]["object"]
    transitions = {**record["status_transitions"], stamp: 1778864999}
    return {**record, "status": status, "status_transitions": transitions}


#: what an e-invoicing service writes on an invoice
E_INVOICE = {"e_invoice_status": "cleared", "e_invoice_number": "35-9-001", "e_invoice_text": "accepted"}

RECORDS: dict[str, tuple[dict[str, Any], Callable[..., list[canonical.Canonical]]]] = {
    "opportunity": (
        kept("salesforce/opportunity.json"),
        lambda r: salesforce_mapping.to_shapes("opportunity", r, version=1),
    ),
    "account": (kept("salesforce/account.json"), lambda r: salesforce_mapping.to_shapes("account", r, version=1)),
    "invoice.finalized": (
        kept("stripe/invoice_finalized.json")["data"]["object"],
        lambda r: stripe_mapping.to_shapes("invoice.finalized", r, version=1, zone=ZONE),
    ),
    "invoice.voided": (
        invoice_at("voided_at", status="void"),
        lambda r: stripe_mapping.to_shapes("invoice.voided", r, version=1, zone=ZONE),
    ),
    "invoice.updated": (
        {**kept("stripe/invoice_finalized.json")["data"]["object"], "metadata": E_INVOICE},
        lambda r: stripe_mapping.to_shapes("invoice.updated", r, version=1, zone=ZONE),
    ),
    "invoice.marked_uncollectible": (
        invoice_at("marked_uncollectible_at", status="uncollectible"),
        lambda r: stripe_mapping.to_shapes("invoice.marked_uncollectible", r, version=1, zone=ZONE),
    ),
    "credit_note.created": (
        kept("stripe/credit_note_created.json")["data"]["object"],
        lambda r: stripe_mapping.to_shapes("credit_note.created", r, version=1, zone=ZONE),
    ),
    "credit_note.voided": (
        {**kept("stripe/credit_note_created.json")["data"]["object"], "status": "void", "voided_at": 1778864999},
        lambda r: stripe_mapping.to_shapes("credit_note.voided", r, version=1, zone=ZONE),
    ),
    "invoice_payment.paid": (
        kept("stripe/invoice_payment_paid.json")["data"]["object"],
        lambda r: stripe_mapping.to_shapes("invoice_payment.paid", r, version=1, zone=ZONE),
    ),
}

#: what people and machines really send where something else was meant
NASTY = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-0",
        "-1",
        "1_000",
        "１２.５",
        " 12.5 ",
        "1E+3",
        "1e9999999",
        "NaN",
        "Infinity",
        "9" * 5000,
        "\x00",
        "\ud800",
        "\u202eevil",
        "\u200b",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "'; DROP TABLE x; --",
        "{{7*7}}",
        "x" * 10_000,
        "0001-01-01",
        "9999-12-31",
        "2026-02-30",
        "2026-03-29T02:30:00",
        "9999-12-31T23:59:59.999-14:00",
        "XXX",
        "usd",
        "€",
        "BTC",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("-0.00"),
        Decimal("0.005"),
        10**40,
        -(10**15),
        10**4200,
        2**63,
        -1,
        0,
    ]
)
JSON = st.recursive(
    NASTY | st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.decimals(allow_nan=False, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [where] if where else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, inner in items for place in places(inner, (*where, key))]


def put(document: Any, where: tuple[Any, ...], value: Any) -> None:
    for key in where[:-1]:
        document = document[key]
    document[where[-1]] = value


def translated(kind: str, record: Any) -> list[canonical.Canonical] | None:
    """The shapes, or None where it was refused properly."""
    try:
        shapes = RECORDS[kind][1](record)
    except Rejected as refused:
        assert refused.field and refused.reason and str(refused)
        assert len(refused.field) <= 120 and len(refused.value) <= 300
        # what a case shows is storable and holds nothing invisible
        for text in (refused.field, refused.value, refused.text):
            assert "\x00" not in text and isinstance(text.encode(), bytes)
        return None
    for shape in shapes:
        plain = canonical.text(shape)
        assert canonical.load(json.loads(plain)) == shape
        assert canonical.text(canonical.load(json.loads(plain))) == plain
        assert len(shape.reference) <= 120 and len(shape.correlation_id) <= 80 and shape.reference.isascii()
        assert not shape.currency or shape.currency in money.CURRENCIES
    return shapes


@pytest.mark.parametrize("kind", RECORDS)
def test_a_good_record_is_translated(kind: str) -> None:
    assert translated(kind, copy.deepcopy(RECORDS[kind][0]))


@pytest.mark.parametrize("kind", RECORDS)
@given(data=st.data())
def test_a_good_record_with_anything_anywhere_is_translated_or_refused_by_name(kind: str, data: st.DataObject) -> None:
    # given a true record with one to three things in it replaced by anything
    record = copy.deepcopy(RECORDS[kind][0])
    for _ in range(data.draw(st.integers(1, 3))):
        put(record, data.draw(st.sampled_from(places(record))), data.draw(JSON))
    # then
    translated(kind, record)


@pytest.mark.parametrize("kind", RECORDS)
def test_every_field_lost_or_of_each_wrong_kind_is_survived(kind: str) -> None:
    for where in places(RECORDS[kind][0]):
        for value in (None, True, 0, -1, Decimal("0.5"), "", "x", "\x00", [], [[]], {}, {"": None}, 10**4200):
            record = copy.deepcopy(RECORDS[kind][0])
            put(record, where, value)
            translated(kind, record)


@pytest.mark.parametrize("kind", RECORDS)
@given(record=JSON)
@example(record=[])
@example(record={})
def test_any_json_value_as_a_record_is_refused(kind: str, record: Any) -> None:
    assert translated(kind, record) is None


@pytest.mark.parametrize(
    ("kind", "where", "value", "reason", "field"),
    [
        ("opportunity", ("Amount",), "1_000", "SCHEMA_CHANGE", "Amount"),
        ("opportunity", ("Amount",), "１２.５", "SCHEMA_CHANGE", "Amount"),
        ("opportunity", ("Amount",), " 12.5 ", "SCHEMA_CHANGE", "Amount"),
        ("opportunity", ("Amount",), Decimal("1E+999999999"), "SCHEMA_CHANGE", "Amount"),
        ("opportunity", ("Amount",), Decimal("1054.005"), "ROUNDING", "Amount"),
        ("opportunity", ("CurrencyIsoCode",), "usd", "CURRENCY_MISMATCH", "CurrencyIsoCode"),
        ("opportunity", ("CurrencyIsoCode",), "€", "CURRENCY_MISMATCH", "CurrencyIsoCode"),
        ("opportunity", ("CurrencyIsoCode",), ["USD"], "SCHEMA_CHANGE", "CurrencyIsoCode"),
        ("opportunity", ("CloseDate",), "9999-12-31", "SCHEMA_CHANGE", "CloseDate"),
        ("opportunity", ("CloseDate",), "0001-01-01", "SCHEMA_CHANGE", "CloseDate"),
        ("opportunity", ("SystemModstamp",), "9999-12-31T00:00:00Z", "SCHEMA_CHANGE", "SystemModstamp"),
        ("opportunity", ("SystemModstamp",), "2026-03-29T02:30:00", "SCHEMA_CHANGE", "SystemModstamp"),
        ("opportunity", ("Name",), "Acme\x00", "SCHEMA_CHANGE", "Name"),
        ("opportunity", ("Name",), {"a": 1}, "SCHEMA_CHANGE", "Name"),
        ("opportunity", ("OpportunityLineItems",), [], "SCHEMA_CHANGE", "OpportunityLineItems"),
        ("opportunity", ("OpportunityLineItems", "records", 0), 5, "SCHEMA_CHANGE", "OpportunityLineItems.records[0]"),
        ("opportunity", ("OpportunityLineItems", "records", 0, "Quantity"), "-1", "SCHEMA_CHANGE", "Quantity"),
        ("opportunity", ("OpportunityLineItems", "records", 0, "Quantity"), "0.0000001", "SCHEMA_CHANGE", "Quantity"),
        ("account", ("SystemModstamp",), None, "SCHEMA_CHANGE", "SystemModstamp"),
        ("account", ("Name",), "\ud800", "SCHEMA_CHANGE", "Name"),
        ("invoice.finalized", ("currency",), "xxx", "CURRENCY_MISMATCH", "currency"),
        ("invoice.finalized", ("currency",), "€", "CURRENCY_MISMATCH", "currency"),
        ("invoice.finalized", ("due_date",), 10**18, "SCHEMA_CHANGE", "due_date"),
        ("invoice.finalized", ("id",), "../../x", "SCHEMA_CHANGE", "id"),
        ("invoice.finalized", ("id",), "x" * 10_000, "SCHEMA_CHANGE", "id"),
        ("invoice.finalized", ("lines", "data", 0, "quantity"), -1, "SCHEMA_CHANGE", "quantity"),
        ("invoice.finalized", ("lines", "data", 0, "period"), "now", "SCHEMA_CHANGE", "period.start"),
        ("invoice.finalized", ("lines", "data"), [], "AMOUNT_MISMATCH", "lines"),
        ("invoice_payment.paid", ("amount_paid",), Decimal("1.5"), "SCHEMA_CHANGE", "amount_paid"),
        ("invoice_payment.paid", ("invoice",), {"id": 5}, "SCHEMA_CHANGE", "id"),
    ],
)
def test_what_is_wrong_is_named(kind: str, where: tuple[Any, ...], value: Any, reason: str, field: str) -> None:
    record = copy.deepcopy(RECORDS[kind][0])
    put(record, where, value)
    with pytest.raises(Rejected) as refused:
        RECORDS[kind][1](record)
    assert (refused.value.reason, refused.value.field) == (reason, field)


def test_sums_that_differ_show_both_numbers() -> None:
    record = copy.deepcopy(RECORDS["invoice.finalized"][0])
    record["total"] += 1
    with pytest.raises(Rejected, match=r"1054\.00.*1054\.01"):
        RECORDS["invoice.finalized"][1](record)


@pytest.mark.parametrize(
    ("currency", "minor", "wanted"), [("jpy", 105400, "105400"), ("kwd", 105400, "105.400"), ("isk", 105400, "1054")]
)
def test_minor_units_are_the_currencys_own(currency: str, minor: int, wanted: str) -> None:
    record = copy.deepcopy(RECORDS["invoice_payment.paid"][0]) | {"currency": currency, "amount_paid": minor}
    allocation = RECORDS["invoice_payment.paid"][1](record)[1]
    assert isinstance(allocation, canonical.Allocation) and str(allocation.amount) == wanted


def test_a_minus_zero_is_written_like_a_zero() -> None:
    record = copy.deepcopy(RECORDS["opportunity"][0])
    for name in ("Quantity", "UnitPrice", "TotalPrice"):
        record["OpportunityLineItems"]["records"][0][name] = Decimal("-0.0")
    (contract,) = RECORDS["opportunity"][1](record)
    assert "-0" not in canonical.text(contract).replace("2026-0", "").replace("2027-0", "")


# -- calls --------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def doors() -> dict[str, Any]:
    def setup(**secrets: str) -> Setup:
        return Setup(
            code="x",
            base_url="http://127.0.0.1:9",
            secrets=secrets,
            settings={"organization_id": "00D5g000004XyZAEA0"},
            zone=ZONE,
            sandbox=True,
        )

    return {
        "salesforce": Salesforce(setup(path_secret="p")),
        "stripe": StripeBilling(setup(api_key="sk_test_1", webhook_secrets="whsec_1")),
    }


MESSAGE = (PAYLOADS / "salesforce/outbound_message.xml").read_bytes()
EVENT = (PAYLOADS / "stripe/invoice_finalized.json").read_bytes()


INSERTED = [b"\x00", b"<!DOCTYPE a>", b"1e999999999999999999999", b"{", b'"', b"&a;"]


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """A good body with a part cut out, doubled or replaced by any bytes."""
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, min(len(good), start + 40)))
    middle = draw(st.binary(max_size=20) | st.sampled_from([b"", good[start:end] * 2, *INSERTED]))
    return good[:start] + middle + good[end:]


def received(door: Any, headers: dict[str, str], body: bytes) -> None:
    try:
        inbound = door.receive(headers=headers, body=body, now=NOW)
    except (NotAuthentic, ValueError) as refused:
        words = str(refused)
        assert words.strip() and "Traceback" not in words and isinstance(words.encode(), bytes)
        return
    for event in inbound.events:
        # exactly what the inbox's columns take
        assert 0 < len(event.event_id) <= 255 and len(event.object_id) <= 120 and len(event.kind) <= 60
        assert abs(event.revision) < 2**63 and event.raw
        (event.event_id + event.object_id + event.kind).encode("ascii")


@given(body=st.binary(max_size=300) | damaged(MESSAGE))
@example(body=b"<?xml version='1.0' encoding='idna'?><a>\xff</a>")
@example(body=b"<?xml version='1.0' encoding='utf-7'?><a/>")
@example(body=b"<?xml version='1.0' encoding='cp037'?><a/>")
@example(body=b"<a>" * 200_000)
def test_no_bytes_in_an_outbound_message_surprise_us(doors: dict[str, Any], body: bytes) -> None:
    received(doors["salesforce"], {"content-type": "text/xml", "x-q2c-path-secret": "p"}, body)


GOOD_CALLOUT = (
    b'{"events": [{"eventId": "a", "objectType": "Account", "recordId": "0015g00000AbCdEAAV", "record": {"x": 1.1}}]}'
)


@given(body=st.binary(max_size=300) | damaged(GOOD_CALLOUT))
@example(body=b'{"eventId": 1e999999999999999999999}')
@example(body=b'{"\\ud800": 1, "\\ud800": 2}')
@example(body=b'{"events": 1, "\\u202e": 2}')
def test_no_bytes_in_a_callout_surprise_us(doors: dict[str, Any], body: bytes) -> None:
    received(doors["salesforce"], {"content-type": "application/json", "x-q2c-client": "flow"}, body)


@given(body=st.binary(max_size=300) | damaged(EVENT), header=st.none() | st.text(max_size=60))
@example(body=EVENT.replace(b'"livemode": false', b'"livemode": false, "x": 1e999999999999999999999'), header=None)
@example(body=EVENT.replace(b"invoice.finalized", b"invoice." + b"a" * 80), header=None)
@example(body=EVENT.replace(b"in_1QcCancity01", b"in_" + b"1" * 200), header=None)
@example(body=EVENT.replace(b'"livemode": false', b'"livemode": false, "livemode": false'), header=None)
@example(body=EVENT, header="t=1,v1=\ud800")
def test_no_bytes_in_a_webhook_surprise_us(doors: dict[str, Any], body: bytes, header: str | None) -> None:
    stamp = str(int(NOW.timestamp()))
    mac = hmac.new(b"whsec_1", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    received(doors["stripe"], {"stripe-signature": f"t={stamp},v1={mac}" if header is None else header}, body)


@pytest.mark.parametrize("body", [b'{"id": 1, "id": 2}', EVENT[:-3] + b', "id": "evt_2"}'])
def test_a_webhook_with_a_key_twice_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="given twice"):
        webhook.read_event(body, live=False)


# -- the reader itself --------------------------------------------------------------------------------
@given(record=st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2))
def test_reading_by_type_gives_the_type_or_names_the_field(record: dict[str, Any]) -> None:
    for read, kind in ((fields.group, dict), (fields.rows, list), (fields.text, str)):
        for path in ("a", "a.b", "b.a.b"):
            try:
                assert isinstance(read(record, path, system="paper"), kind) or not read(record, path, system="paper")
            except Rejected as refused:
                assert refused.field.split("[")[0] in ("a", "a.b", "b", "b.a", "b.a.b")
