"""One quote, several who are billed: lines name the account they are billed to, and each account has its contract."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors import fields
from connectors.canonical import SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce.ids import full_id, is_id

SYSTEM = "salesforce"


def billed_to(record: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Account ids and the lines billed to each, in the order of the quote; a line that names none is billed to the
    account of the deal. Raises Rejected SCHEMA_CHANGE for what is no account id.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in fields.rows(record, "OpportunityLineItems.records", system=SYSTEM):
        groups.setdefault(_account_id(row.get("Bill_To__c") or record.get("AccountId")), []).append(row)
    return list(groups.items())


def reference_of(opportunity_id: str, account_id: str, *, parts: int) -> str:
    """What a part of a deal is called; a deal that is not split keeps the deal's own name."""
    return f"contract:{opportunity_id}" if parts == 1 else f"contract:{opportunity_id}:{account_id}"


def contracts(whole: SubscriptionContract, record: Mapping[str, Any]) -> Sequence[SubscriptionContract]:
    """The deal as one contract for each account that is billed; their amounts sum to the deal's.

    Where the lines do not sum to the deal, the first part carries the difference, so that it is seen there and nothing
    of it is billed.
    """
    groups = billed_to(record)
    if len(groups) <= 1:
        bill_to = f"customer:{groups[0][0]}" if groups else whole.customer_reference
        return (_alone(replace(whole, customer_reference=bill_to)),)
    by_line = {line.line_id: line for line in whole.lines}
    left_over = whole.amount - sum((line.amount for line in whole.lines), Decimal(0))
    parts = []
    for account_id, rows in groups:
        lines = tuple(by_line[full_id(row["Id"])] for row in rows)
        parts.append(
            _alone(
                replace(
                    whole,
                    reference=reference_of(whole.crm_opportunity_id, account_id, parts=len(groups)),
                    customer_reference=f"customer:{account_id}",
                    amount=sum((line.amount for line in lines), left_over),
                    lines=lines,
                )
            )
        )
        left_over -= left_over
    return tuple(parts)


def _alone(part: SubscriptionContract) -> SubscriptionContract:
    """With the one place the part is used in, where it is one, and a payer only where another account pays."""
    places = {line.ship_to_reference or part.customer_reference for line in part.lines}
    ships_to = places.pop() if len(places) == 1 else ""
    payer = part.payer_reference if part.payer_reference != part.customer_reference else ""
    return replace(part, ship_to_reference=ships_to, payer_reference=payer)


def _account_id(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        shown = fields.short(value)
        raise Rejected(
            f"{shown!r} is no account", reason="SCHEMA_CHANGE", field="Bill_To__c", value=shown, system=SYSTEM
        )
    return full_id(value)
