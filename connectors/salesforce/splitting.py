"""One quote, several who are billed: lines name the account they are billed to, and each account has its contract.

A change of such a deal states the whole content again, so every part of the deal has the same numbers of changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors import fields
from connectors.canonical import SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce.ids import full_id, is_id
from connectors.salesforce.reading import SYSTEM


def billed_to(
    first: Mapping[str, Any], change: Mapping[str, Any] | None = None
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Account ids and the lines billed to each, in the order of the quote; a line that names none is billed to the
    account of the deal. With a `change` the lines are its own, for each account the deal was split over.

    Raises Rejected SCHEMA_CHANGE for what is no account id.
    """
    if change is None or change is first:
        return list(_grouped(first).items())
    before = _grouped(first)
    split = before if len(before) > 1 else {}
    groups: dict[str, list[Mapping[str, Any]]] = {account: [] for account in split}
    for account, rows in _grouped(change).items():
        groups.setdefault(account, []).extend(rows)
    return list(groups.items())


def _grouped(record: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in fields.rows(record, "OpportunityLineItems.records", system=SYSTEM):
        groups.setdefault(_account_id(row.get("Bill_To__c") or record.get("AccountId")), []).append(row)
    return groups


def reference_of(opportunity_id: str, account_id: str, *, parts: int) -> str:
    """What a part of a deal is called; a deal that is not split keeps the deal's own name."""
    return f"contract:{opportunity_id}" if parts == 1 else f"contract:{opportunity_id}:{account_id}"


def parts(
    whole: SubscriptionContract, record: Mapping[str, Any], *, first: Mapping[str, Any] | None = None
) -> Sequence[SubscriptionContract]:
    """The deal, or a change of the deal `first`, as one contract for each account that is billed; their amounts sum to
    the whole's.

    Where the lines do not sum to the whole, the first part carries the difference, so that it is seen there and
    nothing of it is billed. Raises Rejected MODIFICATION_UNCLEAR where several parts are assigned at once.
    """
    groups = billed_to(first or record, record)
    if len(groups) <= 1:
        bill_to = f"customer:{groups[0][0]}" if groups else whole.customer_reference
        return (_alone(replace(whole, customer_reference=bill_to)),)
    if whole.modification_kind == "assignment":
        text = "a deal billed to several accounts is assigned part by part"
        raise Rejected(text, reason="MODIFICATION_UNCLEAR", field="Modification__c", value="Assignment", system=SYSTEM)
    by_line = {line.line_id: line for line in whole.lines}
    deal = whole.master_reference.partition(":")[2]
    names = [reference_of(deal, account_id, parts=len(groups)) for account_id, _ in groups]
    left_over = whole.amount - sum((line.amount for line in whole.lines), Decimal(0))
    found = []
    for name, (account_id, rows) in zip(names, groups, strict=True):
        lines = tuple(by_line[full_id(row["Id"])] for row in rows)
        found.append(
            _alone(
                replace(
                    whole,
                    reference=name,
                    parts=tuple(names),
                    customer_reference=f"customer:{account_id}",
                    amount=sum((line.amount for line in lines), left_over),
                    lines=lines,
                )
            )
        )
        left_over -= left_over
    return tuple(found)


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
