"""Shapes to NetSuite's records and its answers to ours: pure functions."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import Address, Allocation, Canonical, Customer, Invoice, InvoiceLine, Payment
from connectors.errors import Rejected
from connectors.interface import Period, Receipt
from connectors.money import AmountError, amount

#: NetSuite's own first subsidiary and first currency, where the connection's settings name none
FIRST_SUBSIDIARY, FIRST_CURRENCIES = "1", {"USD": "1"}
DIMENSIONS = ("department", "class", "location")
#: digits of a unit price; where they do not give the amount exactly, the amount goes alone
RATE_DIGITS = Decimal("0.00000001")

Settings = Mapping[str, Any]
Known = Mapping[str, str]


def written(value: Any) -> str:
    """JSON text with Decimals as plain numbers: no amount ever passes through a float."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if isinstance(value, float):
        raise TypeError("no floats go to NetSuite")
    return json.dumps(value, ensure_ascii=False)


# -- to NetSuite ----------------------------------------------------------------------------------


def subsidiary_id(legal_entity: str, *, settings: Settings) -> str:
    """NetSuite's id of a legal entity."""
    return str(settings.get("subsidiaries", {}).get(legal_entity, FIRST_SUBSIDIARY))


def currency_id(currency: str, *, settings: Settings) -> str:
    """NetSuite's id of a currency. Raises Rejected for one the account does not use."""
    ids = settings.get("currencies") or FIRST_CURRENCIES
    code = currency or "USD"
    if code not in ids:
        raise Rejected(
            f"{code} has no currency in this NetSuite account", reason="CURRENCY_MISMATCH", field="currency",
            value=code, system="netsuite",
        )  # fmt: skip
    return str(ids[code])


def target_id(reference: str, *, known: Known, reason: str, field: str) -> str:
    """NetSuite's id of something this one refers to. Raises Rejected where it is not there yet."""
    if not known.get(reference):
        raise Rejected(
            f"{reference} is not in NetSuite yet", reason=reason, field=field, value=reference, system="netsuite"
        )
    return known[reference]


def own_fields(subject: Canonical, *, settings: Settings) -> dict[str, str]:
    """Custom fields of this account that keep our version and correlation, if the settings name any."""
    fields = settings.get("custom_fields", {}).get(subject.kind, {})
    values = {"version": str(subject.version), "correlation_id": subject.correlation_id}
    return {str(fields[name]): value for name, value in values.items() if fields.get(name)}


def customer_record(subject: Customer, *, settings: Settings) -> dict[str, Any]:
    """A company as NetSuite's `customer`."""
    record: dict[str, Any] = {
        "companyName": subject.name,
        "isPerson": False,
        "subsidiary": {"id": subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": currency_id(subject.currency, settings=settings)},
        **own_fields(subject, settings=settings),
    }
    others = [code for code in settings.get("currencies") or FIRST_CURRENCIES if code != (subject.currency or "USD")]
    if others:
        # without these NetSuite refuses documents in another currency than the customer's first one
        record["currencyList"] = {
            "items": [{"currency": {"id": currency_id(code, settings=settings)}} for code in others]
        }
    if subject.tax_id:
        record["vatRegNumber"] = subject.tax_id
    if subject.email:
        record["email"] = subject.email
    if subject.parent_reference:
        record["parent"] = {"externalId": subject.parent_reference}
    if subject.address != Address():
        record["addressBook"] = {"items": [_address(subject.address)]}
    return record


def _address(address: Address) -> dict[str, Any]:
    parts = {
        "addr1": address.street, "city": address.city, "state": address.state, "zip": address.postal_code,
    }  # fmt: skip
    inner: dict[str, Any] = {name: value for name, value in parts.items() if value}
    if address.country:
        inner["country"] = {"id": address.country}
    return {"defaultBilling": True, "defaultShipping": True, "addressBookAddress": inner}


def invoice_record(subject: Invoice, *, known: Known, settings: Settings) -> dict[str, Any]:
    """An invoice as NetSuite's `invoice`; the posting date decides its period."""
    customer = target_id(subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="entity")
    record: dict[str, Any] = {
        "entity": {"id": customer},
        "tranId": subject.number,
        "tranDate": subject.posting_date,
        "dueDate": subject.due_on,
        "memo": "; ".join(filter(None, (subject.contract_reference, subject.preceding_reference))),
        "subsidiary": {"id": subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": currency_id(subject.currency, settings=settings)},
        **_rate(subject),
        **dimensions(settings.get("dimensions", {})),
        **own_fields(subject, settings=settings),
        "item": {"items": item_lines(subject.lines, settings=settings)},
    }
    if settings.get("approval_status"):
        record["approvalStatus"] = {"id": str(settings["approval_status"])}
    return record


def item_lines(lines: Sequence[InvoiceLine], *, settings: Settings) -> list[dict[str, Any]]:
    """Lines of a document as NetSuite's `item` lines. Raises Rejected naming the one that lacks item or tax code."""
    return [_line(line, index=index, settings=settings) for index, line in enumerate(lines)]


def _line(line: InvoiceLine, *, index: int, settings: Settings) -> dict[str, Any]:
    if not line.erp_item:
        raise Rejected(
            f"line {line.line_id} has no NetSuite item", reason="PRODUCT_UNMAPPED", field=f"item.items[{index}].item",
            value=line.billing_product, system="netsuite",
        )  # fmt: skip
    record: dict[str, Any] = {
        "item": {"externalId": line.erp_item},
        "description": line.description,
        "quantity": line.quantity,
        "amount": line.net,
        "taxCode": {"id": _tax_code(line, index=index, settings=settings)},
        "revRecStartDate": line.service_starts_on,
        "revRecEndDate": line.service_ends_on,
        **dimensions({**settings.get("dimensions", {}), **dict(line.dimensions)}),
    }
    record |= _arrangement(line, settings=settings)
    # NetSuite recomputes an amount that does not agree with its rate, so an inexact rate stays away.
    rate = (line.net / line.quantity).quantize(RATE_DIGITS).normalize() if line.quantity else Decimal(0)
    if line.quantity and rate * line.quantity == line.net:
        record["rate"] = rate
    if line.tax:
        record["tax1Amt"] = line.tax
    return record


def _arrangement(line: InvoiceLine, *, settings: Settings) -> dict[str, Any]:
    """What NetSuite's own recognition needs beside the service dates, in the line fields this account keeps it in."""
    fields = settings.get("custom_fields", {}).get("invoice_line", {})
    values = {
        "arrangement_reference": line.arrangement_reference,
        "obligation": line.obligation,
        "standalone_price": line.standalone_price,
        "revenue_treatment": line.revenue_treatment,
    }
    return {str(fields[name]): value for name, value in values.items() if fields.get(name) and value}


def _tax_code(line: InvoiceLine, *, index: int, settings: Settings) -> str:
    codes = settings.get("tax_codes", {})
    code = codes.get(line.tax_code, line.tax_code) if line.tax_code else ""
    if not code and not line.tax:
        code = settings.get("tax_code_zero", "")
    if not code:
        raise Rejected(
            f"line {line.line_id} has no NetSuite tax code", reason="TAX_CODE_MISSING",
            field=f"item.items[{index}].taxCode", value=line.tax_code, system="netsuite",
        )  # fmt: skip
    return str(code)


def _rate(subject: Invoice | Payment) -> dict[str, Decimal]:
    """The approved rate of the document; without one NetSuite would take what stands in its own table that day."""
    return {"exchangeRate": subject.exchange_rate.normalize()} if subject.exchange_rate else {}


def dimensions(values: Mapping[str, Any]) -> dict[str, Any]:
    """Department, class and location by id; custom segments keep their own names."""
    return {
        name: {"id": str(value)}
        for name, value in values.items()
        if value and (name in DIMENSIONS or name.startswith(("cseg_", "custcol_", "custbody_")))
    }


def payment_record(subject: Payment, *, known: Known, settings: Settings) -> dict[str, Any]:
    """Money received as NetSuite's `customerPayment`, wholly unapplied."""
    record: dict[str, Any] = {
        "customer": {
            "id": target_id(subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="customer")
        },
        "payment": subject.amount,
        "tranDate": subject.posts_on,
        "memo": subject.gateway_id,
        "autoApply": False,
        "subsidiary": {"id": subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": currency_id(subject.currency, settings=settings)},
        **_rate(subject),
        **own_fields(subject, settings=settings),
    }
    if settings.get("ar_account"):
        record["arAcct"] = {"id": str(settings["ar_account"])}
    clearing = settings.get("accounts", {}).get("clearing") or settings.get("clearing_account")
    if isinstance(clearing, Mapping):
        clearing = clearing.get(subject.currency)
    if clearing:
        record |= {"undepFunds": {"id": "F"}, "account": {"id": str(clearing)}}
    else:
        record["undepFunds"] = {"id": "T"}
    return record


def application(subject: Allocation, *, invoice_id: str) -> dict[str, Any]:
    """One application of a payment; lines of other documents stay as they are."""
    return {"apply": {"items": [{"apply": True, "doc": {"id": invoice_id}, "amount": subject.amount}]}}


# -- from NetSuite --------------------------------------------------------------------------------


def id_from_location(location: str) -> str:
    """The internal id at the end of a Location header, or an empty text."""
    last = location.rstrip("/").rsplit("/", 1)[-1]
    return "" if last.startswith("eid:") else last


def invoice_receipt(record: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of an invoice. One pending approval is in no ledger, so not posted."""
    currency = currency_code(record.get("currency"), settings=settings)
    total, tax = (exact(number(record.get(name)), currency) for name in ("total", "taxTotal"))
    held = {
        "total": _text(total), "tax": _text(tax), "net": _text(total - tax), "currency": currency,
        "tran_date": _text(record.get("tranDate")), "due_date": _text(record.get("dueDate")),
        "period": _name(record.get("postingPeriod")), "status": _name(record.get("status")),
        "number": _text(record.get("tranId")), "open": money_text(record.get("amountRemaining"), currency),
        "customer": _id(record.get("entity")),
    }  # fmt: skip
    waiting = _id(record.get("approvalStatus")) in ("1", "3") or "pending" in held["status"].lower()
    return Receipt(
        external_id=str(record["id"]),
        posted=not waiting,
        version=own_version(record, kind="invoice", settings=settings),
        held=held,
    )


def payment_receipt(record: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of a payment."""
    currency = currency_code(record.get("currency"), settings=settings)
    held = {
        "total": money_text(record.get("payment", record.get("total")), currency), "currency": currency,
        "applied": money_text(record.get("applied"), currency), "open": money_text(record.get("unapplied"), currency),
        "tran_date": _text(record.get("tranDate")), "period": _name(record.get("postingPeriod")),
        "status": _name(record.get("status")), "number": _text(record.get("tranId")),
        "customer": _id(record.get("customer")),
    }  # fmt: skip
    return Receipt(
        external_id=str(record["id"]),
        posted=True,
        version=own_version(record, kind="payment", settings=settings),
        held=held,
    )


def customer_receipt(record: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of a customer."""
    held = {
        "name": _text(record.get("companyName")), "email": _text(record.get("email")),
        "currency": currency_code(record.get("currency"), settings=settings),
        "subsidiary": _id(record.get("subsidiary")), "number": _text(record.get("entityId")),
        "inactive": "true" if record.get("isInactive") else "false",
    }  # fmt: skip
    return Receipt(
        external_id=str(record["id"]), version=own_version(record, kind="customer", settings=settings), held=held
    )


def application_receipts(record: Mapping[str, Any], *, invoice_id: str, settings: Settings) -> list[Receipt]:
    """The application of a payment to one invoice, from the payment's `apply` list."""
    rows = (record.get("apply") or {}).get("items") or []
    currency = currency_code(record.get("currency"), settings=settings)
    return [
        Receipt(
            external_id=f"{record['id']}:{invoice_id}",
            posted=True,
            held={"total": money_text(row.get("amount"), currency), "currency": currency},
        )
        for row in rows
        if _id(row.get("doc")) == invoice_id and row.get("apply") in (True, "T")
    ]


def own_version(record: Mapping[str, Any], *, kind: str, settings: Settings) -> int | None:
    """The version kept in the account's custom field, if there is one."""
    field = settings.get("custom_fields", {}).get(kind, {}).get("version", "")
    value = str(record.get(field) or "") if field else ""
    return int(value) if value.isascii() and value.isdigit() else None


def currency_code(value: object, *, settings: Settings) -> str:
    """ISO code of NetSuite's currency, by the settings' ids, else by its name."""
    wanted = _id(value)
    ids = settings.get("currencies") or FIRST_CURRENCIES
    return next((code for code, id_ in ids.items() if str(id_) == wanted), _name(value))


def period(row: Mapping[str, Any]) -> Period:
    """One posting month: a locked receivables ledger closes it for us, whatever the rest of the period says."""
    closed = "T" in (row.get("closed"), row.get("arlocked"), row.get("alllocked"))
    return Period(
        external_id=str(row["id"]),
        module="ar",
        starts_on=row_date(str(row["startdate"])),
        ends_on=row_date(str(row["enddate"])),
        state="closed" if closed else "open",
    )


def row_date(text: str) -> date:
    """A date of a SuiteQL row: M/D/YYYY, or ISO where the account is set so. Raises ValueError for others."""
    day = text.split(" ", 1)[0]
    if "/" in day:
        month, number, year = (int(part) for part in day.split("/"))
        return date(year, month, number)
    return date.fromisoformat(day[:10])


def number(value: object) -> Decimal:
    """A number as NetSuite wrote it; nothing counts as zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def exact(value: Decimal, currency: str) -> Decimal:
    """With the currency's digits: NetSuite writes 10 and 10.0 for 10.00; an amount with more digits stays as it is."""
    try:
        return amount(value, currency)
    except AmountError:
        return value


def money_text(value: object, currency: str) -> str:
    return "" if value in (None, "") else _text(exact(number(value), currency))


def _text(value: object) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _id(value: object) -> str:
    return str(value.get("id", "")) if isinstance(value, Mapping) else ""


def _name(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("refName") or value.get("id") or "")
    return _text(value)
