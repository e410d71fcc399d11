"""Won opportunities as contracts and their modifications; pure functions.

A first deal is version 1 of a contract. A later change is an opportunity of its own: `Amends__c` names the first deal,
`Modification__c` the kind, `Modification_Number__c` its place. Its lines state the whole content afterwards, priced for
a whole term; what is taken away is named in `Removes__c`, since Salesforce keeps no line of quantity 0.

What is sold for a part of the term only, a year at another price or with other seats, is a line with dates of its own
(`Starts_On__c`, `Ends_On__c`); its amount is for that time. `Free_Months__c` says how many of the first months cost
nothing; amounts are for the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any, Self

from connectors import fields
from connectors.canonical import AS_BEFORE, EVERGREEN, NO_END, ContractLine, SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce.reading import (
    SYSTEM,
    amount_of,
    day_of,
    number_of,
    quantity_of,
    record_id,
    revision,
    text_of,
    unreadable,
)
from connectors.segments import months_later

OPPORTUNITY_FIELDS = (
    "Id", "Name", "AccountId", "Account.Name", "StageName", "IsWon", "IsClosed", "CloseDate", "Amount",
    "Approval_Status__c", "Order_Form_Date__c", "Modification__c", "Modification_Number__c", "Amends__c",
    "Effective_Date__c", "Contract_End_Date__c", "Contract_Term_Months__c", "Free_Months__c", "Billing_Frequency__c",
    "Payment_Terms_Days__c", "Removes__c", "No_Credit__c", "PO_Number__c", "PO_Required__c", "Selling_Entity__c",
    "Payer__c", "SystemModstamp",
)  # fmt: skip
LINE_FIELDS = (
    "Id", "Product2Id", "Product2.ProductCode", "Product2.Name", "PricebookEntry.UnitPrice", "Product_Text__c",
    "Quantity", "UnitPrice", "TotalPrice", "Bill_To__c", "Ship_To__c", "Starts_On__c", "Ends_On__c",
)  # fmt: skip
#: Salesforce's word -> ours
KINDS = {
    "New": "new",
    "Amendment": "amendment",
    "Upsell": "upsell",
    "Downsell": "downsell",
    "Co-Term": "co_term",
    "Renewal": "renewal",
    "Cancellation": "cancellation",
    "Suspension": "suspension",
    "Reactivation": "reactivation",
    "Assignment": "assignment",
}
FREQUENCIES = {
    "Annual in advance": "annual_in_advance",
    "Prepaid": "prepaid",
    "Quarterly": "quarterly",
    "Monthly": "monthly",
}
#: kinds that sell nothing of their own
WITHOUT_AMOUNT = frozenset({"cancellation", "suspension", "reactivation"})
#: kinds after which nothing more is committed
ENDING = frozenset({"cancellation", "assignment"})
LONGEST_TERM, LONGEST_CREDIT = 120, 365
HIGHEST_NUMBER = 9_999
ONE_DAY = timedelta(days=1)


def contracts(record: Mapping[str, Any], *, version: int, currency: str) -> list[SubscriptionContract]:
    """An opportunity as the version of the contract it makes; an assignment also begins the new customer's contract.

    Raises Rejected CONTRACT_INCOMPLETE for what is missing, ROUNDING for an amount with more digits than its currency.
    """
    own_id, kind = record_id(record, "Id"), _kind(record)
    if kind == "new":
        return [_contract(record, kind=kind, first=own_id, number=version, version=version, currency=currency)]
    number = _whole(record, "Modification_Number__c", least=2, most=HIGHEST_NUMBER)
    if number is None:
        raise _incomplete(record, "Modification_Number__c")
    if not record.get("Effective_Date__c"):
        raise _incomplete(record, "Effective_Date__c")
    first = record_id(record, "Amends__c")
    found = [_contract(record, kind=kind, first=first, number=number, version=number, currency=currency)]
    if kind == "assignment":
        found.append(_contract(record, kind=kind, first=own_id, number=1, version=1, currency=currency))
    return found


def as_changed(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a first deal commits to as changed since: its last change that states an amount; one over nothing once it is
    ended or assigned before its term is over. The record carries its won changes in the order of their numbers.
    """
    stands, term = record, _Term.of(record)
    for change in fields.rows(record, "Amendments__r.records", system=SYSTEM):
        kind = KINDS.get(text_of(change, "Modification__c"), "")
        if kind in ENDING and not term.is_over(change):
            return {}
        term = term.changed(change, kind)
        if kind not in WITHOUT_AMOUNT:
            stands = change
    return stands


def term_of(record: Mapping[str, Any]) -> tuple[date | None, int]:
    """Until when a first deal is agreed as changed since (None where the CRM does not say), and the number of its last
    change. The record carries its won changes in the order of their numbers.
    """
    term, number = _Term.of(record), 1
    ends = term.ends
    for change in fields.rows(record, "Amendments__r.records", system=SYSTEM):
        kind = KINDS.get(text_of(change, "Modification__c"), "")
        number = max(number, _whole(change, "Modification_Number__c", least=2, most=HIGHEST_NUMBER) or 0)
        if kind not in ENDING:
            term = term.changed(change, kind)
            ends = term.ends
        elif change.get("Effective_Date__c") and not term.is_over(change):
            ends = day_of(change, "Effective_Date__c") - ONE_DAY
    return ends, number


@dataclass(frozen=True)
class _Term:
    """The last day of a contract as it is agreed at the moment, and how long its terms are; None where the CRM does not
    say.
    """

    ends: date | None
    months: int

    @classmethod
    def of(cls, first: Mapping[str, Any]) -> Self:
        starts = next((name for name in ("Effective_Date__c", "CloseDate") if first.get(name)), None)
        months = _whole(first, "Contract_Term_Months__c", least=0, most=LONGEST_TERM)
        months = 12 if months is None else months
        return cls(_last_day(first, starts=day_of(first, starts), months=months) if starts else None, months)

    def is_over(self, change: Mapping[str, Any]) -> bool:
        """Whether a change takes effect only after the last day: then all that was agreed was served."""
        effective = day_of(change, "Effective_Date__c") if change.get("Effective_Date__c") else None
        return self.ends is not None and effective is not None and effective > self.ends

    def changed(self, change: Mapping[str, Any], kind: str) -> "_Term":
        if kind not in ("renewal", "co_term") or not change.get("Effective_Date__c"):
            return self
        starts, months = day_of(change, "Effective_Date__c"), self.months
        if kind == "renewal":
            said = _whole(change, "Contract_Term_Months__c", least=0, most=LONGEST_TERM)
            months = months if said is None else said
        return _Term(_last_day(change, starts=starts, months=months), months)


def _kind(record: Mapping[str, Any]) -> str:
    """The kind as it is named. Raises Rejected where a change is not named, or what it changes is not."""
    word, amends = text_of(record, "Modification__c"), record.get("Amends__c")
    if word and word not in KINDS:
        raise unreadable(record, "Modification__c", f"is none of {', '.join(KINDS)}")
    kind = KINDS.get(word, "new")
    if amends and kind == "new":
        raise _incomplete(record, "Modification__c")
    if not amends and kind != "new":
        raise _incomplete(record, "Amends__c")
    return kind


def _contract(
    record: Mapping[str, Any], *, kind: str, first: str, number: int, version: int, currency: str
) -> SubscriptionContract:
    for field in ("CloseDate", "AccountId", *(() if kind in WITHOUT_AMOUNT else ("Amount",))):
        if record.get(field) in (None, ""):
            raise _incomplete(record, field)
    own_id = record_id(record, "Id")
    currency = text_of(record, "CurrencyIsoCode") or currency
    closed = day_of(record, "CloseDate")
    ordered = day_of(record, "Order_Form_Date__c") if record.get("Order_Form_Date__c") else None
    starts = day_of(record, "Effective_Date__c") if record.get("Effective_Date__c") else closed
    is_new_term = kind in ("new", "renewal")
    months = _whole(record, "Contract_Term_Months__c", least=0, most=LONGEST_TERM)
    if months is None:
        months = 12 if kind == "new" else AS_BEFORE
    # where a renewal names no term, only the contract it renews says how long it is
    unknown = EVERGREEN if kind == "renewal" else 12
    ends = _last_day(record, starts=starts, months=unknown if months == AS_BEFORE else months)
    free = _whole(record, "Free_Months__c", least=0, most=LONGEST_TERM)
    rows = fields.rows(record, "OpportunityLineItems.records", system=SYSTEM)
    lines = tuple(_line(row, currency=currency, starts=starts, ends=ends, ends_known=is_new_term) for row in rows)
    lines_sum = sum((line.amount for line in lines), amount_of({"sum": 0}, "sum", currency))
    terms = _whole(record, "Payment_Terms_Days__c", least=0, most=LONGEST_CREDIT)
    return SubscriptionContract(
        reference=f"contract:{first}",
        version=version,
        correlation_id=f"deal:{first}",
        currency=currency,
        source_system=SYSTEM,
        crm_opportunity_id=own_id,
        name=text_of(record, "Name")[:200],
        customer_reference=f"customer:{record_id(record, 'AccountId')}",
        master_reference=f"contract:{first}",
        sold_to_reference=f"customer:{record_id(record, 'AccountId')}",
        payer_reference=_account(record, "Payer__c"),
        signatory=text_of(record, "Selling_Entity__c").strip()[:120],
        modification_kind=kind,
        modification_number=number,
        record_revision=revision(record),
        signed_on=ordered or closed,
        starts_on=starts,
        ends_on=ends,
        effective_on=starts,
        term_months=months if is_new_term else AS_BEFORE,
        free_months=(free or 0) if is_new_term else AS_BEFORE,
        amount=amount_of({"Amount": 0} if record.get("Amount") is None else record, "Amount", currency),
        billing_frequency=_frequency(record, is_new=kind == "new") if is_new_term else "",
        payment_terms_days=terms if terms is not None else 30 if kind == "new" else AS_BEFORE,
        po_number=text_of(record, "PO_Number__c").strip()[:60],
        po_required=record.get("PO_Required__c") is True,
        removes=_removed(record),
        credits_unused=record.get("No_Credit__c") is not True,
        continues_reference=f"contract:{record_id(record, 'Amends__c')}"
        if kind == "assignment" and number == 1
        else "",
        commitment=(
            ("is_won", "true" if record.get("IsWon") is True else "false"),
            ("stage", text_of(record, "StageName")),
            ("approval", text_of(record, "Approval_Status__c")),
            ("order_form_on", ordered.isoformat() if ordered else ""),
            ("lines_sum", format(lines_sum, "f")),
        ),
        lines=lines,
    )


def _removed(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Product codes, one a line, each once."""
    codes = (line.strip() for line in text_of(record, "Removes__c").splitlines())
    return tuple(dict.fromkeys(code for code in codes if code))


def _last_day(record: Mapping[str, Any], *, starts: date, months: int) -> date:
    """The agreed last day of service, else the term's."""
    if record.get("Contract_End_Date__c"):
        ends = day_of(record, "Contract_End_Date__c")
        if ends < starts:
            raise unreadable(record, "Contract_End_Date__c", "lies before the first day")
        return ends
    return NO_END if months == EVERGREEN else months_later(starts, months) - ONE_DAY


def _frequency(record: Mapping[str, Any], *, is_new: bool) -> str:
    word = text_of(record, "Billing_Frequency__c")
    if not word:
        return "annual_in_advance" if is_new else ""
    if word not in FREQUENCIES:
        raise unreadable(record, "Billing_Frequency__c", f"is none of {', '.join(FREQUENCIES)}")
    return FREQUENCIES[word]


def _line(row: Mapping[str, Any], *, currency: str, starts: date, ends: date, ends_known: bool) -> ContractLine:
    own_dates = bool(row.get("Starts_On__c") or row.get("Ends_On__c"))
    if own_dates:
        starts, ends = _own_dates(row, ends=ends if ends_known else NO_END)
    product = fields.group(row, "Product2", system=SYSTEM)
    entry = fields.group(row, "PricebookEntry", system=SYSTEM)
    quantity = quantity_of(row)
    amount = amount_of(row, "TotalPrice", currency)
    listed = amount
    if entry.get("UnitPrice") is not None:
        with localcontext(prec=60):  # the product of two exact numbers is exact
            listed = number_of(entry, "UnitPrice") * quantity
        listed = amount_of({"list amount": listed}, "list amount", currency)
    return ContractLine(
        line_id=record_id(row, "Id"),
        crm_product=text_of(product, "ProductCode") or text_of(row, "Product_Text__c"),
        description=(text_of(product, "Name") or text_of(row, "Product_Text__c"))[:200],
        quantity=quantity,
        unit_price=number_of(row, "UnitPrice")
        if row.get("UnitPrice") is not None
        else (amount / quantity if quantity else amount),
        amount=amount,
        list_amount=listed,
        discount=listed - amount,
        starts_on=starts,
        ends_on=ends,
        own_dates=own_dates,
        ship_to_reference=_account(row, "Ship_To__c"),
    )


def _own_dates(row: Mapping[str, Any], *, ends: date) -> tuple[date, date]:
    """The dates of a line; without a last one it runs to the contract's end, which only the version before knows where
    it is NO_END here.
    """
    if not row.get("Starts_On__c"):
        raise _incomplete(row, "Starts_On__c")
    first = day_of(row, "Starts_On__c")
    last = day_of(row, "Ends_On__c") if row.get("Ends_On__c") else ends
    if last < first:
        raise unreadable(row, "Ends_On__c", "lies before the line's first day")
    return first, last


def _account(record: Mapping[str, Any], field: str) -> str:
    """Another account of the deal, by reference; empty where none is named."""
    return f"customer:{record_id(record, field)}" if record.get(field) else ""


def _whole(record: Mapping[str, Any], field: str, *, least: int, most: int) -> int | None:
    """A whole number in its bounds; None where nothing stands."""
    if record.get(field) in (None, ""):
        return None
    number: Decimal = number_of(record, field)
    if number != number.to_integral_value() or not least <= number <= most:
        raise unreadable(record, field, f"is no whole number from {least} to {most}")
    return int(number)


def _incomplete(record: Mapping[str, Any], field: str) -> Rejected:
    own_id = record_id(record, "Id")
    return Rejected(
        f"opportunity {own_id} has no {field}", reason="CONTRACT_INCOMPLETE", field=field, value=own_id, system=SYSTEM
    )
