"""Salesforce's records as our shapes, and our status as its fields; pure functions."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from connectors import fields, money
from connectors.canonical import Address, Canonical, ContractLine, CrmStatus, Customer, SubscriptionContract
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.salesforce import splitting
from connectors.salesforce.ids import full_id, is_id

SYSTEM = "salesforce"

OPPORTUNITY_FIELDS = (
    "Id", "Name", "AccountId", "Account.Name", "StageName", "IsWon", "IsClosed", "CloseDate", "Amount",
    "Approval_Status__c", "Order_Form_Date__c", "Selling_Entity__c", "Payer__c", "SystemModstamp",
)  # fmt: skip
LINE_FIELDS = (
    "Id", "Product2Id", "Product2.ProductCode", "Product2.Name", "PricebookEntry.UnitPrice", "Product_Text__c",
    "Quantity", "UnitPrice", "TotalPrice", "Bill_To__c", "Ship_To__c",
)  # fmt: skip
ACCOUNT_FIELDS = (
    "Id", "Name", "ParentId", "Industry", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode",
    "BillingCountry", "Tax_Id__c", "SystemModstamp",
)  # fmt: skip

#: our status fields -> Salesforce's, per object
STATUS_FIELDS: dict[str, dict[str, str]] = {
    "Opportunity": {
        "subscription": "Q2C_Subscription__c",
        "billing_status": "Q2C_Billing_Status__c",
        "invoice_number": "Q2C_Invoice_Number__c",
        "invoice_status": "Q2C_Invoice_Status__c",
        "payment_status": "Q2C_Payment_Status__c",
        "collections": "Q2C_Collections__c",
        "case": "Q2C_Case__c",
        "link": "Q2C_Link__c",
    },
    "Account": {
        "status": "Q2C_Status__c",
        "billing_customer": "Q2C_Billing_Customer__c",
        "erp_customer": "Q2C_ERP_Customer__c",
        "balance": "Q2C_Balance__c",
        "ageing": "Q2C_Ageing__c",
        "collections": "Q2C_Collections__c",
        "renewal_risk": "Q2C_Renewal_Risk__c",
        "link": "Q2C_Link__c",
    },
}

#: dates outside are typing errors
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
#: what a contract line can keep
MOST, QUANTITY_DIGITS = 10**12, 6

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:?[0-9]{2})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def to_shapes(kind: str, record: Mapping[str, Any], *, version: int, currency: str = "USD") -> list[Canonical]:
    """A record as shapes; kinds we do not carry give nothing. Raises Rejected naming the field.

    `currency` is the organisation's own, for one that has no other.
    """
    if kind not in ("opportunity", "account"):
        return []
    fields.storable(record, system=SYSTEM)
    if kind == "opportunity":
        return list(splitting.contracts(contract(record, version=version, currency=currency), record))
    # an account has no numbered modifications: its revision is its version
    if not record.get("SystemModstamp"):
        raise _unreadable(record, "SystemModstamp", "is missing")
    return [customer(record, version=revision(record))]


def contract(record: Mapping[str, Any], *, version: int, currency: str = "USD") -> SubscriptionContract:
    """An opportunity as a contract of one year from its close date.

    Raises Rejected CONTRACT_INCOMPLETE for a missing amount, date or account, ROUNDING for an amount with more
    digits than its currency has.
    """
    own_id = _record_id(record, "Id")
    for field in ("Amount", "CloseDate", "AccountId"):
        if record.get(field) in (None, ""):
            raise Rejected(
                f"opportunity {own_id} has no {field}",
                reason="CONTRACT_INCOMPLETE", field=field, value=own_id, system=SYSTEM,
            )  # fmt: skip
    currency = _text(record, "CurrencyIsoCode") or currency
    starts = _date(record, "CloseDate")
    ordered = _date(record, "Order_Form_Date__c") if record.get("Order_Form_Date__c") else None
    ends = one_year_later(starts) - timedelta(days=1)
    rows = fields.rows(record, "OpportunityLineItems.records", system=SYSTEM)
    lines = tuple(_line(row, currency=currency, starts=starts, ends=ends) for row in rows)
    lines_sum = sum((line.amount for line in lines), _amount({"sum": 0}, "sum", currency))
    return SubscriptionContract(
        reference=f"contract:{own_id}",
        version=version,
        correlation_id=f"deal:{own_id}",
        currency=currency,
        source_system=SYSTEM,
        crm_opportunity_id=own_id,
        name=_text(record, "Name")[:200],
        customer_reference=f"customer:{_record_id(record, 'AccountId')}",
        master_reference=f"contract:{own_id}",
        sold_to_reference=f"customer:{_record_id(record, 'AccountId')}",
        payer_reference=_account(record, "Payer__c"),
        signatory=_text(record, "Selling_Entity__c").strip()[:120],
        modification_kind="new",
        modification_number=version,
        record_revision=revision(record),
        signed_on=ordered or starts,
        starts_on=starts,
        ends_on=ends,
        amount=_amount(record, "Amount", currency),
        commitment=(
            ("is_won", "true" if record.get("IsWon") is True else "false"),
            ("stage", _text(record, "StageName")),
            ("approval", _text(record, "Approval_Status__c")),
            ("order_form_on", ordered.isoformat() if ordered else ""),
            ("lines_sum", format(lines_sum, "f")),
        ),
        lines=lines,
    )


def _line(row: Mapping[str, Any], *, currency: str, starts: date, ends: date) -> ContractLine:
    product = fields.group(row, "Product2", system=SYSTEM)
    entry = fields.group(row, "PricebookEntry", system=SYSTEM)
    quantity = _quantity(row)
    amount = _amount(row, "TotalPrice", currency)
    listed = amount
    if entry.get("UnitPrice") is not None:
        with localcontext(prec=60):  # the product of two exact numbers is exact
            listed = _number(entry, "UnitPrice") * quantity
        listed = _amount({"list amount": listed}, "list amount", currency)
    return ContractLine(
        line_id=_record_id(row, "Id"),
        crm_product=_text(product, "ProductCode") or _text(row, "Product_Text__c"),
        description=(_text(product, "Name") or _text(row, "Product_Text__c"))[:200],
        quantity=quantity,
        unit_price=_number(row, "UnitPrice")
        if row.get("UnitPrice") is not None
        else (amount / quantity if quantity else amount),
        amount=amount,
        list_amount=listed,
        discount=listed - amount,
        starts_on=starts,
        ends_on=ends,
        ship_to_reference=_account(row, "Ship_To__c"),
    )


def customer(record: Mapping[str, Any], *, version: int) -> Customer:
    """An account as a customer. The country stays as it was typed; whoever knows aliases reads it."""
    own_id = _record_id(record, "Id")
    name = _text(record, "Name").strip()[:200]
    if not name:
        raise Rejected(
            f"account {own_id} has no name", reason="CONTRACT_INCOMPLETE", field="Name", value=own_id, system=SYSTEM
        )
    parent = f"customer:{_record_id(record, 'ParentId')}" if record.get("ParentId") else ""
    return Customer(
        reference=f"customer:{own_id}",
        version=version,
        correlation_id=f"customer:{own_id}",
        source_system=SYSTEM,
        crm_account_id=own_id,
        name=name,
        parent_reference=parent,
        address=Address(
            street=_text(record, "BillingStreet"),
            city=_text(record, "BillingCity"),
            state=_text(record, "BillingState"),
            postal_code=_text(record, "BillingPostalCode"),
            country=_text(record, "BillingCountry"),
        ),
        industry=_text(record, "Industry")[:120],
        tax_id=_text(record, "Tax_Id__c").replace(" ", "").upper()[:60],
    )


def status_record(status: CrmStatus) -> dict[str, Any]:
    """A status as one record of a collection. Raises Rejected SCHEMA_CHANGE for an object or field without a place."""
    places = STATUS_FIELDS.get(status.crm_object)
    if places is None:
        raise Rejected(
            f"{status.crm_object} has no fields for our status",
            reason="SCHEMA_CHANGE", field="crm_object", value=status.crm_object, system=SYSTEM,
        )  # fmt: skip
    values = {}
    for name, text in status.fields:
        if name not in places:
            raise Rejected(
                f"{status.crm_object} has no field for {name!r}",
                reason="SCHEMA_CHANGE", field=name, value=text, system=SYSTEM,
            )  # fmt: skip
        # An empty text is "nothing to show"; null clears a field of any type.
        values[places[name]] = text or None
    if not is_id(status.crm_record_id):
        raise Rejected(
            f"{status.crm_record_id!r} is not a Salesforce id",
            reason="FEEDBACK_REFUSED", field="crm_record_id", value=status.crm_record_id, system=SYSTEM,
        )  # fmt: skip
    return {"attributes": {"type": status.crm_object}, "id": full_id(status.crm_record_id), **values}


def held_status(record: Mapping[str, Any], *, crm_object: str) -> dict[str, str]:
    """What a record shows now, under our field names."""
    return {name: str(record.get(place) or "") for name, place in STATUS_FIELDS[crm_object].items()}


# -- reading ----------------------------------------------------------------------------------------
def revision(record: Mapping[str, Any]) -> int:
    """SystemModstamp in milliseconds; 0 when the record does not carry it."""
    stamp = record.get("SystemModstamp")
    if not stamp:
        return 0
    try:
        return milliseconds(moment(stamp))
    except ValueError as error:
        raise _unreadable(record, "SystemModstamp", str(error)) from error


def moment(text: object) -> datetime:
    """An instant such as 2026-05-14T09:31:07.000+0000. Raises ValueError saying what would be right."""
    wanted = "must be an instant with its zone, such as '2026-05-14T09:31:07.000Z'"
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError(f"{fields.short(text)[:40]!r} {wanted}")
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} {wanted}") from error
    # A revision of the year 9999 would make every later one look old.
    if not EARLIEST <= instant.date() < LATEST:
        raise ValueError(f"{text[:40]!r} {wanted}, between {EARLIEST.year} and {LATEST.year}")
    return instant


def milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970, exactly."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def one_year_later(day: date) -> date:
    """The same day of the next year; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _account(record: Mapping[str, Any], field: str) -> str:
    """Another account of the deal, by reference; empty where none is named."""
    return f"customer:{_record_id(record, field)}" if record.get(field) else ""


def _record_id(record: Mapping[str, Any], field: str) -> str:
    if not is_id(record.get(field)):
        raise _unreadable(record, field, "is not a Salesforce id")
    return full_id(record[field])


def _date(record: Mapping[str, Any], field: str) -> date:
    text = record[field]
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if EARLIEST <= day < LATEST:
            return day
    raise _unreadable(record, field, f"is not a date such as 2026-05-14, between {EARLIEST.year} and {LATEST.year}")


def _number(record: Mapping[str, Any], field: str) -> Decimal:
    value = record.get(field)
    # Never a float: its digits are not the ones Salesforce sent.
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        text = money.plain_text(value)
        if _NUMBER.fullmatch(text):
            return Decimal(text) + 0  # turns -0 into 0, so that equal numbers hash alike
    raise _unreadable(record, field, "is not a plain number")


def _quantity(row: Mapping[str, Any]) -> Decimal:
    """How many are sold. What would be taken back is a modification of its own, never a negative line."""
    quantity = _plain(_number(row, "Quantity"))
    exact = quantity == round(quantity, QUANTITY_DIGITS)
    if quantity < 0 or quantity >= MOST or not exact:
        why = f"must be from 0 to below {MOST:,}, with at most {QUANTITY_DIGITS} digits after the point"
        raise _unreadable(row, "Quantity", why)
    return quantity


def _text(record: Mapping[str, Any], field: str) -> str:
    return fields.text(record, field, system=SYSTEM)


def _plain(number: Decimal) -> Decimal:
    """The same number without useless zeros, so that 1.0 and 1 are written alike."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _amount(record: Mapping[str, Any], field: str, currency: str) -> Decimal:
    value: Decimal | str = _plain(_number(record, field))
    try:
        return money.amount(value, currency)
    except AmountError as error:
        reason = "ROUNDING"
        if currency not in money.CURRENCIES:
            reason, field, value = "CURRENCY_MISMATCH", "CurrencyIsoCode", currency
        raise Rejected(str(error), reason=reason, field=field, value=str(value), system=SYSTEM) from error


def _unreadable(record: Mapping[str, Any], field: str, why: str) -> Rejected:
    shown = fields.short(record.get(field))
    return Rejected(
        f"{fields.short(record.get('Id'))}: {field}: {shown!r} {why}",
        reason="SCHEMA_CHANGE", field=field, value=shown, system=SYSTEM,
    )  # fmt: skip
