"""Salesforce's own lists as control lines: which records, which of their fields, and what each comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from connectors import money
from connectors.canonical import NO_END, CrmStatus, shown_digest
from connectors.interface import ControlLine
from connectors.salesforce import contracts, mapping, splitting
from connectors.salesforce.ids import full_id, is_id
from connectors.salesforce.reading import text_of

Lines = tuple[ControlLine, ...]
#: longest text of a line (a label of ours)
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One query that shows records of a kind."""

    columns: tuple[str, ...] = ()
    #: object and condition; `{day}` is the day asked for
    source: str
    #: one record's lines
    lines: Callable[..., Lines]
    #: also what was deleted, or lost a merge
    deleted: bool = False


def contract_lines(record: Mapping[str, Any], *, day: date, currency: str) -> Lines:
    """A deal as what each account is billed for it; what its lines do not sum to stays under the deal's own name."""
    currency = str(record.get("CurrencyIsoCode") or currency)
    own_id, stands = full_id(record["Id"]), contracts.as_changed(record)
    whole = money.amount(stands.get("Amount") or 0, currency)
    nothing = whole - whole
    sums = {
        account: sum((money.amount(row.get("TotalPrice") or 0, currency) for row in rows), nothing)
        for account, rows in splitting.billed_to(record, stands)
    }
    if len(sums) <= 1:
        account = next(iter(sums), record.get("AccountId"))
        amounts = [(f"contract:{own_id}", account, whole)]
    else:
        amounts = [
            (splitting.reference_of(own_id, account, parts=len(sums)), account, amount)
            for account, amount in sums.items()
        ]
        if left_over := whole - sum(sums.values(), nothing):
            amounts.append((f"contract:{own_id}", record.get("AccountId"), left_over))
    return tuple(
        ControlLine(
            reference=reference,
            external_id=own_id,
            document_date=day,
            currency=currency,
            net=amount,
            tax=nothing,
            gross=amount,
            label=str(record.get("Name") or ""),
            status=str(record.get("StageName") or ""),
            counterparty=f"customer:{full_id(account)}" if isinstance(account, str) and is_id(account) else "",
        )
        for reference, account, amount in amounts
    )


def _customer_lines(record: Mapping[str, Any], *, day: date, currency: str) -> Lines:
    nothing = Decimal("0.00")
    line = ControlLine(
        reference=f"customer:{full_id(record['Id'])}",
        external_id=full_id(record["Id"]),
        document_date=day,
        currency="USD",
        net=nothing,
        tax=nothing,
        gross=nothing,
        label=str(record.get("Name") or ""),
    )
    return (line,)


def _term_lines(record: Mapping[str, Any], *, day: date, currency: str) -> Lines:
    """Until when a deal is agreed, and the number of its last change: `2027-03-01 v3`. How long one that was taken over
    runs, only the deal it continues says.
    """
    ends, number = contracts.term_of(record)
    until = "taken over" if record.get("Amends__c") else "no end" if ends in (None, NO_END) else f"{ends}"
    return tuple(
        replace(line, status=f"{until} v{number}") for line in contract_lines(record, day=day, currency=currency)
    )


def _merge_lines(record: Mapping[str, Any], *, day: date, currency: str) -> Lines:
    """An account that lost a merge; the status names the one it is part of now."""
    winner = record.get("MasterRecordId")
    return tuple(
        replace(line, status=f"customer:{full_id(winner)}")
        for line in _customer_lines(record, day=day, currency=currency)
        if isinstance(winner, str) and is_id(winner)
    )


def _shown_lines(record: Mapping[str, Any], *, day: date, currency: str, crm_object: str) -> Lines:
    held = mapping.held_status(record, crm_object=crm_object)
    return tuple(
        replace(
            line,
            reference=f"{CrmStatus.kind}:{crm_object}:{full_id(record['Id'])}",
            label=text_of(record, "Name")[:LONGEST],
            status=shown_digest(held),
        )
        for line in _customer_lines(record, day=day, currency=currency)
    )


def _shown(crm_object: str) -> Listing:
    places = mapping.STATUS_FIELDS[crm_object]

    # the link is written with whatever else is shown
    return Listing(
        columns=tuple(places.values()),
        source=f"{crm_object} WHERE {places['link']} != null",
        lines=partial(_shown_lines, crm_object=crm_object),
    )


#: what says how long a contract runs
_TERM = ("Effective_Date__c", "Contract_End_Date__c", "Contract_Term_Months__c")
_LINES = "(SELECT Id, TotalPrice, Bill_To__c FROM OpportunityLineItems)"
_DEAL = (
    "Amount",
    "CloseDate",
    *_TERM,
    "AccountId",
    "StageName",
    _LINES,
    f"(SELECT Id, Amount, AccountId, Modification__c, Modification_Number__c, {', '.join(_TERM)}, {_LINES}"
    " FROM Amendments__r WHERE IsWon = true ORDER BY Modification_Number__c)",
)
_FIRST = "(Amends__c = null OR Modification__c = 'Assignment')"
#: kind -> the queries that show it
LISTS: dict[str, tuple[Listing, ...]] = {
    "contract": (
        Listing(
            columns=_DEAL,
            source=f"Opportunity WHERE IsWon = true AND CloseDate = {{day}} AND {_FIRST}",
            lines=contract_lines,
        ),
    ),
    "contract_term": (
        Listing(
            columns=(*_DEAL, "Amends__c"), source=f"Opportunity WHERE IsWon = true AND {_FIRST}", lines=_term_lines
        ),
    ),
    "customer": (Listing(source="Account", lines=_customer_lines),),
    "customer_merge": (
        Listing(
            columns=("MasterRecordId",),
            source="Account WHERE IsDeleted = true AND MasterRecordId != null",
            lines=_merge_lines,
            deleted=True,
        ),
    ),
    "shown": tuple(_shown(name) for name in mapping.STATUS_FIELDS),
}
