"""Tells Stripe what an invoice was paid with elsewhere, or which of its own payments pays it.

A bank receipt is noted on the invoice first (metadata, one entry per receipt); once the notes cover what remains, the
invoice is marked as paid out of band (docs.stripe.com/api/invoices/pay). Stripe cannot mark a part of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.canonical import Allocation, Canonical, PaymentReturn, Refund, Withholding
from connectors.errors import Rejected
from connectors.interface import ControlLine, ControlPage, Receipt
from connectors.stripe_billing.amounts import from_sent, to_sent
from connectors.stripe_billing.listing import between
from connectors.stripe_billing.mapping import metadata
from connectors.stripe_billing.transport import SYSTEM, Api

#: metadata key of a note; Stripe takes 40 characters
NOTE = "q2c_bank_"
#: metadata key of what the customer withheld for the tax office
WITHHELD = "q2c_withheld"
#: metadata key of a bank receipt that did not hold
RETURNED = "q2c_returned_"
#: metadata key of an invoice whose collection rests because a receipt paid it and it could not be closed
PAUSED = "q2c_collection_paused"
#: an invoice that was not paid for so long is not paid by wire any more
LONGEST_UNPAID = timedelta(days=396)
Get = Callable[[str], dict[str, Any] | None]


def settle(api: Api, allocation: Allocation, *, get: Get, key: str) -> Receipt:
    """Pay an invoice by a payment of Stripe's own, or note a bank receipt on it and close it once it is covered.

    Raises Rejected PAID_IN_ERP_OPEN_IN_BILLING where Stripe cannot take it (the invoice's collection rests then),
    DUPLICATE_PAYMENT where the invoice is paid by something else.
    """
    path = f"/v1/invoices/{quote(invoice_id(allocation.invoice_reference), safe='')}"
    record = get(path)
    if record is None:
        raise _refused(allocation, "Stripe does not have the invoice", reason="ORPHAN_INVOICE")
    if allocation.payment_reference.startswith("payment:stripe:"):
        return _attach(api, allocation, path=path, key=key)
    return _note(api, allocation, record, path=path, name=note_name(allocation.payment_reference), key=key)


def withhold(api: Api, withholding: Withholding, *, get: Get, key: str) -> Receipt:
    """Note on an invoice what the customer withheld, and close it once it is covered: nobody collects it from them.

    Raises Rejected as `settle` does.
    """
    path = f"/v1/invoices/{quote(invoice_id(withholding.invoice_reference), safe='')}"
    record = get(path)
    if record is None:
        raise _refused(withholding, "Stripe does not have the invoice", reason="ORPHAN_INVOICE")
    return _note(api, withholding, record, path=path, name=WITHHELD, key=key)


def _note(
    api: Api, subject: Allocation | Withholding, record: dict[str, Any], *, path: str, name: str, key: str
) -> Receipt:
    noted = notes(record)
    if record["status"] == "paid":
        if name in noted:
            return receipt(subject, record, name=name)
        if _is_paid_anew(record, noted, subject.amount):
            return receipt(subject, api.post(path, _as_note(subject, name), key=f"{key}:note"), name=name)
        raise _refused(subject, "billing shows the invoice as paid by something else", reason="DUPLICATE_PAYMENT")
    if record["status"] != "open":
        raise _refused(subject, f"the invoice is {record['status']} in billing")
    if name not in noted:
        record = api.post(path, _as_note(subject, name), key=f"{key}:note")
        noted = notes(record)
    if covers(record, noted):
        try:
            record = api.post(f"{path}/pay", {"paid_out_of_band": True}, key=f"{key}:pay")
        except Rejected as error:
            raise _refused(subject, _pause(api, path, key=f"{key}:pause", said=error.text)) from error
    return receipt(subject, record, name=name)


def _pause(api: Api, path: str, *, key: str, said: str) -> str:
    """Let Stripe neither charge nor remind of an invoice that is paid and cannot be closed: without `auto_advance` it
    collects nothing by itself (docs.stripe.com/api/invoices/update). Returns what to tell, with a refusal of this too.
    """
    try:
        api.post(path, {"auto_advance": False, "metadata": {PAUSED: "true"}}, key=key)
    except Rejected as error:
        return f"{said}; collection could not be paused: {error.text}"
    return said


def _as_note(subject: Allocation | Withholding, name: str) -> dict[str, Any]:
    day = subject.applied_on if isinstance(subject, Allocation) else subject.booked_on
    return {"metadata": {name: f"{format(subject.amount, 'f')} {day.isoformat()}"}}


def _is_paid_anew(record: Mapping[str, Any], noted: Mapping[str, tuple[Decimal, date]], amount: Decimal) -> bool:
    """Whether an invoice that was marked as paid elsewhere has room for this since a receipt of it did not hold."""
    if not any(name.startswith(RETURNED) for name in metadata(record)):
        return False
    elsewhere = from_sent(record.get("amount_paid_off_stripe") or 0, record["currency"].upper())
    return sum((one for one, _ in noted.values()), amount) <= elsewhere


def take_back(api: Api, returned: PaymentReturn, *, get: Get, key: str) -> Receipt:
    """A bank receipt that did not hold is noted as such. An invoice still open stays so, and Stripe collects it; one
    marked as paid elsewhere stays paid, since Stripe opens none again (docs.stripe.com/api/invoices/pay).
    """
    path = f"/v1/invoices/{quote(invoice_id(returned.invoice_reference), safe='')}"
    record = get(path)
    if record is None:
        raise _refused(returned, "Stripe does not have the invoice", reason="ORPHAN_INVOICE")
    name = note_name(returned.payment_reference)
    if name in notes(record):
        note = f"{format(returned.amount, 'f')} {returned.returned_on.isoformat()}"
        # an empty value removes a key (docs.stripe.com/api/metadata)
        changed = {name: "", f"{RETURNED}{name.removeprefix(NOTE)}": note}
        wanted: dict[str, Any] = {"metadata": changed}
        if record["status"] == "open" and PAUSED in metadata(record):
            # what rested for this receipt goes on; what somebody else paused is left
            wanted = {"metadata": {**changed, PAUSED: ""}, "auto_advance": True}
        record = api.post(path, wanted, key=key)
    return _returned(record, name=name)


def find_returned(reference: str, *, get: Get) -> list[Receipt]:
    """What Stripe holds of `payment_return:<system>:<payment>:<invoice id>`: nothing while the receipt still counts."""
    _, _, payment_id, own_id = reference.split(":", 3)
    record = get(f"/v1/invoices/{quote(own_id, safe='')}")
    name = f"{NOTE}{payment_id}"
    return [_returned(record, name=name)] if record and name not in notes(record) else []


def _returned(record: Mapping[str, Any], *, name: str) -> Receipt:
    held = {"currency": record["currency"].upper(), "status": str(record["status"])}
    return Receipt(external_id=f"{record['id']}:{name.removeprefix(NOTE)}:returned", held=held)


def _attach(api: Api, allocation: Allocation, *, path: str, key: str) -> Receipt:
    intent = allocation.payment_reference.rpartition(":")[2]
    record = api.post(f"{path}/attach_payment", {"payment_intent": intent}, key=key)
    return receipt(allocation, record, name=note_name(allocation.payment_reference))


def give_back(api: Api, refund: Refund, *, key: str) -> Receipt:
    """A refund people approved. Stripe then tells of it as of any other; our reference stands in its metadata."""
    wanted = {
        "payment_intent": refund.payment_reference.rpartition(":")[2],
        "amount": to_sent(refund.amount, refund.currency),
        "metadata": {"q2c_reference": refund.reference},
    }
    return _refund_receipt(api.post("/v1/refunds", wanted, key=key))


def find_refund(reference: str, *, api: Api) -> list[Receipt]:
    """What Stripe holds of a refund asked for by `refund:asked:<payment>:<case>`."""
    intent = reference.split(":")[2]
    rows = [row for page in api.pages("/v1/refunds", payment_intent=intent) for row in page]
    return [_refund_receipt(row) for row in rows if metadata(row).get("q2c_reference") == reference]


def _refund_receipt(record: Mapping[str, Any]) -> Receipt:
    currency = record["currency"].upper()
    held = {"total": format(from_sent(record["amount"], currency), "f"), "currency": currency}
    return Receipt(external_id=record["id"], held={**held, "status": str(record.get("status") or "")})


def find(reference: str, *, get: Get, api: Api) -> list[Receipt]:
    """What Stripe holds of an allocation: `allocation:<system>:<payment>:<invoice id>`. Noted counts once it has led
    to all it should.
    """
    _, system, payment_id, own_id = reference.split(":", 3)
    path = f"/v1/invoices/{quote(own_id, safe='')}"
    record = get(path)
    if record is None:
        return []
    if system == "stripe":
        intent = {"type": "payment_intent", "payment_intent": payment_id}
        rows = [row for page in api.pages("/v1/invoice_payments", payment=intent, invoice=own_id) for row in page]
        return [Receipt(external_id=f"{own_id}:{payment_id}") for _ in rows[:1]]
    return _find_note(record, name=f"{NOTE}{payment_id}")


def find_withheld(reference: str, *, get: Get) -> list[Receipt]:
    """What Stripe holds of `withholding:stripe:<invoice id>`. Noted counts once it has led to all it should."""
    record = get(f"/v1/invoices/{quote(reference.rpartition(':')[2], safe='')}")
    return _find_note(record, name=WITHHELD) if record else []


def _find_note(record: Mapping[str, Any], *, name: str) -> list[Receipt]:
    noted = notes(record)
    if name not in noted or (record["status"] == "open" and covers(record, noted)):
        return []
    currency = record["currency"].upper()
    held = {"total": format(noted[name][0], "f"), "currency": currency}
    return [Receipt(external_id=f"{record['id']}:{name.removeprefix(NOTE)}", held=held)]


def receipt(subject: Allocation | Withholding, record: Mapping[str, Any], *, name: str) -> Receipt:
    """What Stripe holds after it."""
    noted = notes(record).get(name)
    held = {"currency": record["currency"].upper(), "status": record["status"]}
    if noted:
        held["total"] = format(noted[0], "f")
    return Receipt(external_id=f"{record['id']}:{name.removeprefix(NOTE)}", held=held)


def covers(record: Mapping[str, Any], noted: Mapping[str, tuple[Decimal, date]]) -> bool:
    """Whether what was noted is all that remains of an invoice."""
    remaining = from_sent(record["amount_remaining"], record["currency"].upper())
    return sum((amount for amount, _ in noted.values()), Decimal(0)) >= remaining


def notes(record: Mapping[str, Any]) -> dict[str, tuple[Decimal, date]]:
    """What is noted on an invoice as paid elsewhere or withheld: key -> amount and day; other metadata is left."""
    found = {}
    for name, value in metadata(record).items():
        amount, _, day = str(value).partition(" ")
        if name.startswith(NOTE) or name == WITHHELD:
            try:
                found[name] = (Decimal(amount), date.fromisoformat(day))
            except (ArithmeticError, ValueError):
                continue
    return found


def list_day(api: Api, *, day: date, zone: ZoneInfo) -> Iterator[ControlPage]:
    """The bank receipts of a day that billing knows of: noted on invoices of up to a year and a month before, since
    Stripe does not list invoices by what is noted on them.
    """
    params = {"created": between(day - LONGEST_UNPAID, day + timedelta(days=2), zone)}
    query = f"/v1/invoices {json.dumps(params, sort_keys=True)}"
    for page in api.pages("/v1/invoices", **params):
        yield ControlPage(lines=tuple(line for record in page for line in note_lines(record, day=day)), query=query)


def note_lines(record: Mapping[str, Any], *, day: date) -> list[ControlLine]:
    """The receipts of a day noted on an invoice, as control lines."""
    currency = record["currency"].upper()
    return [
        ControlLine(
            reference=f"allocation:netsuite:{name.removeprefix(NOTE)}:{record['id']}",
            external_id=record["id"],
            document_date=noted_on,
            currency=currency,
            net=amount,
            tax=amount - amount,
            gross=amount,
            label=record.get("number") or "",
            status=record["status"],
        )
        for name, (amount, noted_on) in notes(record).items()
        if noted_on == day and name.startswith(NOTE)
    ]


def note_name(payment_reference: str) -> str:
    return f"{NOTE}{payment_reference.rpartition(':')[2]}"


def invoice_id(reference: str) -> str:
    """Stripe's id in our reference of one of its invoices."""
    return reference.removeprefix("invoice:stripe:")


def _refused(subject: Canonical, text: str, *, reason: str = "PAID_IN_ERP_OPEN_IN_BILLING") -> Rejected:
    return Rejected(f"{subject.reference}: {text}", reason=reason, field="invoice", value=text[:300], system=SYSTEM)
