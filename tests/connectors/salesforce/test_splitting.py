"""One quote for several who are billed: the parts sum to it, keep its lines, and are named for good."""

import copy
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce import listing, mapping

PLAIN = json.loads(
    (Path(__file__).parents[2] / "payloads" / "salesforce" / "opportunity.json").read_text(), parse_float=Decimal
)
DEAL, ACCOUNT = "0065g00000KwyWtAAJ", "0015g00000AbCdEAAV"
SUBSIDIARIES = ("0015g00000AbCdFAAV", "0015g00000AbCdGAAV", "0015g00000AbCdHAAV")


def parts_of(record: dict[str, Any]) -> list[SubscriptionContract]:
    return [one for one in mapping.to_shapes("opportunity", record, version=1) if isinstance(one, SubscriptionContract)]


def quote(plain: dict[str, Any], *lines: tuple[str, str | None], **values: Any) -> dict[str, Any]:
    """The deal with lines of these amounts, billed to these accounts."""
    record = copy.deepcopy(plain)
    one = record["OpportunityLineItems"]["records"][0]
    record["OpportunityLineItems"]["records"] = [
        {**one, "Id": f"00k5g0000000{n:03d}AAV", "UnitPrice": amount, "TotalPrice": amount, "Bill_To__c": account}
        for n, (amount, account) in enumerate(lines)
    ]
    record["Amount"] = str(sum(Decimal(amount) for amount, _ in lines))
    return {**record, **values}


def test_a_deal_that_names_nobody_else_is_one_contract_of_its_own_name(payload: Callable[[str], Any]) -> None:
    (only,) = parts_of(quote(payload("opportunity"), ("10.00", None), ("20.00", ACCOUNT)))
    assert (only.reference, only.master_reference) == (f"contract:{DEAL}", f"contract:{DEAL}")
    assert only.customer_reference == only.sold_to_reference == only.ship_to_reference == f"customer:{ACCOUNT}"


def test_a_deal_billed_wholly_to_another_account_is_billed_there_and_sold_here(payload: Callable[[str], Any]) -> None:
    # a reseller is billed, the end customer signed and uses it
    record = quote(payload("opportunity"), ("10.00", SUBSIDIARIES[0]))
    record["OpportunityLineItems"]["records"][0]["Ship_To__c"] = ACCOUNT
    (only,) = parts_of(record)
    assert only.reference == f"contract:{DEAL}"
    assert only.customer_reference == f"customer:{SUBSIDIARIES[0]}"
    assert only.sold_to_reference == only.ship_to_reference == f"customer:{ACCOUNT}"


def test_the_payer_is_named_only_where_another_account_pays(payload: Callable[[str], Any]) -> None:
    record = quote(payload("opportunity"), ("1.00", ACCOUNT), ("2.00", SUBSIDIARIES[0]), Payer__c=ACCOUNT)
    assert [part.payer_reference for part in parts_of(record)] == ["", f"customer:{ACCOUNT}"]


@given(
    amounts=st.lists(
        st.tuples(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([None, ACCOUNT, *SUBSIDIARIES])),
        min_size=1,
        max_size=12,
    )
)
def test_the_parts_of_any_quote_sum_to_it_and_hold_each_line_once(amounts: list[tuple[Decimal, str | None]]) -> None:
    record = quote(PLAIN, *((str(amount), account) for amount, account in amounts))
    parts = parts_of(record)
    assert sum(part.amount for part in parts) == sum(amount for amount, _ in amounts)
    assert all(part.amount == sum(line.amount for line in part.lines) for part in parts)
    lines = [line.line_id for part in parts for line in part.lines]
    assert len(lines) == len(set(lines)) == len(amounts)
    assert len({part.reference for part in parts}) == len(parts)
    assert {part.master_reference for part in parts} == {f"contract:{DEAL}"}
    # each names all of them, where there are several
    assert {part.parts for part in parts} == {tuple(part.reference for part in parts) if len(parts) > 1 else ()}
    # and the list a control reads says the same, under the same names
    listed = listing.contract_lines(record, day=parts[0].starts_on, currency="USD")
    assert {line.reference: line.net for line in listed} == {part.reference: part.amount for part in parts}


def test_what_the_lines_do_not_sum_to_is_kept_in_sight(payload: Callable[[str], Any]) -> None:
    record = quote(payload("opportunity"), ("10.00", SUBSIDIARIES[0]), ("20.00", SUBSIDIARIES[1]), Amount="31.00")
    parts = parts_of(record)
    # the first part does not sum, so it is not billed
    assert [part.amount for part in parts] == [Decimal("11.00"), Decimal("20.00")]
    # the control's side sums to the deal
    listed = listing.contract_lines(record, day=parts[0].starts_on, currency="USD")
    assert sum(line.net for line in listed) == Decimal("31.00") and len(listed) == 3


def test_what_is_no_account_is_refused_by_name(payload: Callable[[str], Any]) -> None:
    with pytest.raises(Rejected) as raised:
        parts_of(quote(payload("opportunity"), ("10.00", "nobody")))
    assert (raised.value.reason, raised.value.field) == ("SCHEMA_CHANGE", "Bill_To__c")


# -- changes of a deal that was split -------------------------------------------------------------------
def change_of(first: dict[str, Any], kind: str, *lines: tuple[str, str | None], **values: Any) -> dict[str, Any]:
    """A numbered change of a deal, as it is read: with the deal beside it."""
    content = quote(first, *lines) if lines else {**copy.deepcopy(first), "OpportunityLineItems": None, "Amount": None}
    named = {"Id": "0065g00000KwyWu", "Amends__c": DEAL, "Modification__c": kind, "Modification_Number__c": "2"}
    return {**content, **named, "Effective_Date__c": "2026-08-01", "Ladder": [first], **values}


@pytest.fixture
def first(payload: Callable[[str], Any]) -> dict[str, Any]:
    return quote(payload("opportunity"), ("10.00", SUBSIDIARIES[0]), ("20.00", SUBSIDIARIES[1]))


def changed(record: dict[str, Any]) -> dict[str, tuple[int, Decimal, int]]:
    """Reference -> version, amount and number of lines of the change itself."""
    return {
        part.reference: (part.version, part.amount, len(part.lines)) for part in parts_of(record) if part.version > 1
    }


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        ("Upsell", [("15.00", 0), ("20.00", 1)], [(2, Decimal("15.00"), 1), (2, Decimal("20.00"), 1)]),
        # every part has the number, also one of which nothing is left
        ("Downsell", [("7.00", 1)], [(2, Decimal(0), 0), (2, Decimal("7.00"), 1)]),
        ("Cancellation", [], [(2, Decimal(0), 0), (2, Decimal(0), 0)]),
    ],
)
def test_a_change_of_a_split_deal_is_the_same_change_of_each_part(
    first: dict[str, Any], kind: str, lines: list[tuple[str, int]], expected: list[tuple[int, Decimal, int]]
) -> None:
    record = change_of(first, kind, *((amount, SUBSIDIARIES[at]) for amount, at in lines))
    names = [part.reference for part in parts_of(first)]
    assert changed(record) == dict(zip(names, expected, strict=True))


def test_an_account_that_joins_a_split_deal_is_told_as_a_part_nobody_knows_yet(first: dict[str, Any]) -> None:
    # the pipeline stops it: it has no version before
    record = change_of(first, "Upsell", ("10.00", SUBSIDIARIES[0]), ("20.00", SUBSIDIARIES[1]), ("5.00", ACCOUNT))
    assert f"contract:{DEAL}:{ACCOUNT}" in changed(record) and len(changed(record)) == 3


def test_a_deal_that_was_not_split_stays_one_contract_when_it_is_changed(payload: Callable[[str], Any]) -> None:
    whole = quote(payload("opportunity"), ("10.00", None))
    assert changed(change_of(whole, "Upsell", ("15.00", None))) == {f"contract:{DEAL}": (2, Decimal("15.00"), 1)}


def test_several_parts_are_not_assigned_at_once(first: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as raised:
        parts_of(change_of(first, "Assignment", ("10.00", SUBSIDIARIES[0])))
    assert raised.value.reason == "MODIFICATION_UNCLEAR"


def test_a_control_lists_a_split_deal_as_it_was_changed(first: dict[str, Any]) -> None:
    upsell = change_of(first, "Upsell", ("15.00", SUBSIDIARIES[0]), ("20.00", SUBSIDIARIES[1]))
    names = [part.reference for part in parts_of(first)]
    for changes, expected in (
        ([upsell], ["15.00", "20.00"]),
        ([upsell, change_of(first, "Cancellation", Modification_Number__c="3")], ["0.00", "0.00"]),
    ):
        listed = listing.contract_lines(
            {**first, "Amendments__r": {"records": changes}}, day=date(2026, 5, 14), currency="USD"
        )
        assert [(line.reference, line.net) for line in listed] == list(zip(names, map(Decimal, expected), strict=True))
