"""Bank receipts finance books in NetSuite: found by a poll, read as money with what it was applied to; and listed.

Only payments somebody else made: what we posted ourselves names itself by its external id, and never comes back.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors import fields
from connectors.canonical import Allocation, Canonical, Payment, PaymentReturn
from connectors.errors import Rejected
from connectors.interface import ControlLine, SourceEvent
from connectors.money import CURRENCIES, AmountError, amount
from connectors.netsuite import mapping, withholding
from connectors.netsuite.mapping import Settings

SYSTEM = "netsuite"
STREAM = "payments"
KIND = "customerpayment"
STAMP = "YYYY-MM-DD HH24:MI:SS"
#: asked for again each time: clocks that are set back, and what was saved while we read
OVERLAP = timedelta(hours=2)
NOT_OURS = (
    "({0}.externalid IS NULL OR ({0}.externalid NOT LIKE 'payment:%'"
    f" AND {{0}}.externalid NOT LIKE '{withholding.PREFIX}%'))"
)


def news_query(cursor: str) -> str:
    """Payments changed since the cursor (a moment as NetSuite writes it; empty = all there are)."""
    # what was taken back before we first looked was never told to anybody
    since = " AND t.voided = 'F'"
    if cursor:
        begins = datetime.fromisoformat(cursor) - OVERLAP
        since = f" AND t.lastmodifieddate >= TO_DATE('{begins:%Y-%m-%d %H:%M:%S}', '{STAMP}')"
    return (
        f"SELECT t.id, t.tranid, TO_CHAR(t.lastmodifieddate, '{STAMP}') changed FROM transaction t "
        f"WHERE t.type = 'CustPymt' AND {NOT_OURS.format('t')}{since} ORDER BY t.lastmodifieddate, t.id"
    )


def as_event(row: Mapping[str, Any], *, raw: bytes) -> SourceEvent:
    """One row of the news: the same change is always the same event."""
    changed = datetime.fromisoformat(str(row["changed"]))
    return SourceEvent(
        event_id=f"{KIND}:{row['id']}:{changed:%Y%m%d%H%M%S}",
        kind=KIND,
        object_id=str(row["id"]),
        raw=raw,
        revision=int(changed.strftime("%Y%m%d%H%M%S")),
    )


def our_references(
    record: Mapping[str, Any], *, pages: Callable[[str], Iterator[tuple[list[dict[str, Any]], int | None]]]
) -> dict[str, str]:
    """Our references by NetSuite's ids of the invoices a payment names; under `customer` that of its customer, under
    `voided` whether it was taken back: only SuiteQL says so.
    """
    rows = (record.get("apply") or {}).get("items") or []
    docs = sorted({_id(row.get("doc")) for row in rows} - {""})
    found: dict[str, str] = {}
    for table, ids in (("transaction", docs), ("customer", [_id(record.get("customer"))])):
        wanted = ", ".join(one for one in ids if one.isdigit())
        if wanted:
            query = f"SELECT t.id, t.externalid FROM {table} t WHERE t.id IN ({wanted})"  # noqa: S608 - digits only
            names = {str(row["id"]): str(row.get("externalid", "")) for page, _ in pages(query) for row in page}
            found |= names if table == "transaction" else {"customer": next(iter(names.values()), "")}
    own_id = str(record.get("id") or "")
    if own_id.isdigit():
        query = f"SELECT t.id, t.voided FROM transaction t WHERE t.id = {own_id}"  # noqa: S608 - digits only
        found["voided"] = next((str(row.get("voided", "F")) for page, _ in pages(query) for row in page), "F")
    return found


def to_shapes(record: Mapping[str, Any], *, version: int, settings: Settings) -> list[Canonical]:
    """A payment with what it was applied to of ours; or that it was taken back. `fetch` has put our references beside
    NetSuite's ids.

    Raises Rejected naming what cannot be read.
    """
    own_id = fields.text(record, "id", system=SYSTEM)
    currency = mapping.currency_code(record.get("currency"), settings=settings)
    if currency not in CURRENCIES:
        raise Rejected(
            f"payment {own_id} is in {currency!r}", reason="CURRENCY_MISMATCH", field="currency", value=currency,
            system=SYSTEM,
        )  # fmt: skip
    paid_on = mapping.row_date(fields.text(record, "tranDate", system=SYSTEM))
    ours = fields.group(record, "our_references", system=SYSTEM)
    applied = [
        (invoice, _amount(row.get("amount"), currency, own_id))
        for row in fields.rows(record, "apply.items", system=SYSTEM)
        if row.get("apply") in (True, "T")
        and (invoice := str(ours.get(_id(row.get("doc")), ""))).startswith("invoice:")
    ]
    shared: dict[str, Any] = {"version": version, "correlation_id": "", "currency": currency, "source_system": SYSTEM}
    if ours.get("voided") == "T":
        # NetSuite keeps a voided payment on its own day, over nothing
        return [
            PaymentReturn(
                reference=f"payment_return:netsuite:{own_id}",
                gateway_id=fields.text(record, "tranId", system=SYSTEM)[:80] or own_id,
                payment_reference=f"payment:netsuite:{own_id}",
                customer_reference=str(ours.get("customer", "")),
                returned_on=paid_on,
                amount=Decimal(0),
                **shared,
            )
        ]
    payment = Payment(
        reference=f"payment:netsuite:{own_id}",
        gateway_id=fields.text(record, "tranId", system=SYSTEM)[:80] or own_id,
        customer_reference=str(ours.get("customer", "")),
        origin="bank",
        received_on=paid_on,
        amount=_amount(record.get("payment", record.get("total")), currency, own_id),
        pays_reference=applied[0][0] if applied else "",
        **shared,
    )
    allocations = [
        Allocation(
            reference=allocation_reference(own_id, invoice),
            payment_reference=payment.reference,
            invoice_reference=invoice,
            customer_reference=payment.customer_reference,
            applied_on=paid_on,
            amount=share,
            **shared,
        )
        for invoice, share in applied
        if share > 0
    ]
    return [payment, *allocations] if payment.amount > 0 else []


def allocation_reference(payment_id: str, invoice_reference: str) -> str:
    """One payment pays one invoice at most once."""
    return f"allocation:netsuite:{payment_id}:{invoice_reference.rpartition(':')[2]}"


def applications_query(*, day: date, of_entity: str) -> str:
    """What payments of a day that are not ours were applied to, by NetSuite's own links between transactions."""
    return (
        "SELECT l.nextdoc, l.previousdoc, SUM(l.foreignamount) amount, p.trandate, p.currency, p.tranid, p.entity, "
        "i.externalid invoice FROM nexttransactionlinelink l "
        "INNER JOIN transaction p ON p.id = l.nextdoc INNER JOIN transaction i ON i.id = l.previousdoc "
        "INNER JOIN transactionline m ON m.transaction = p.id AND m.mainline = 'T' "
        f"WHERE l.linktype = 'Payment' AND p.type = 'CustPymt' AND {NOT_OURS.format('p')} "
        f"AND i.externalid LIKE 'invoice:%' AND p.trandate = TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD'){of_entity} "
        "GROUP BY l.nextdoc, l.previousdoc, p.trandate, p.currency, p.tranid, p.entity, i.externalid "
        "ORDER BY l.nextdoc, l.previousdoc"
    )


def application_line(row: Mapping[str, Any], *, settings: Settings) -> ControlLine:
    """One application as a control line."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    gross = _amount(row.get("amount"), currency, str(row["nextdoc"]))
    return ControlLine(
        reference=allocation_reference(str(row["nextdoc"]), str(row["invoice"])),
        external_id=f"{row['nextdoc']}:{row['previousdoc']}",
        document_date=mapping.row_date(str(row["trandate"])),
        currency=currency,
        net=gross,
        tax=gross - gross,
        gross=gross,
        label=str(row.get("tranid", "")),
        counterparty=str(row.get("entity", "")),
    )


def _amount(value: object, currency: str, own_id: str) -> Decimal:
    try:
        return amount(Decimal(str(value if value not in (None, "") else 0)), currency)
    except (AmountError, ArithmeticError) as error:
        raise Rejected(
            f"payment {own_id}: {error}", reason="ROUNDING", field="payment", value=own_id, system=SYSTEM
        ) from error


def _id(value: object) -> str:
    return str(value.get("id", "")) if isinstance(value, Mapping) else ""
