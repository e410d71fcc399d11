"""Opportunities as versions of contracts: first deals, numbered changes, assignments, and what is not said."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from connectors.canonical import AS_BEFORE, NO_END, SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce import contracts, mapping

FIRST, OWN = "0065g00000KwyWtAAJ", "0065g00000KwyWuAAJ"


@pytest.fixture
def change(payload: Callable[[str], Any]) -> Callable[..., dict[str, Any]]:
    """A won opportunity that amends the first deal."""

    def build(kind: str = "Upsell", **values: Any) -> dict[str, Any]:
        named = {"Amends__c": FIRST, "Modification__c": kind, "Modification_Number__c": "2.0"}
        record = {**payload("opportunity"), "Id": "0065g00000KwyWu", **named, "Effective_Date__c": "2026-08-01"}
        return {**record, **values}

    return build


def read(record: dict[str, Any]) -> list[SubscriptionContract]:
    return [one for one in mapping.to_shapes("opportunity", record, version=1) if isinstance(one, SubscriptionContract)]


def test_a_change_is_a_version_of_the_first_deals_contract(change: Callable[..., dict[str, Any]]) -> None:
    (contract,) = read(change(Removes__c="Old one\n\n Other \n", Contract_Term_Months__c="24.0", No_Credit__c=True))
    assert (contract.reference, contract.correlation_id) == (f"contract:{FIRST}", f"deal:{FIRST}")
    assert (contract.version, contract.modification_number, contract.modification_kind) == (2, 2, "upsell")
    assert (contract.effective_on, contract.removes) == (date(2026, 8, 1), ("Old one", "Other"))
    # what only the version before knows is left to it
    assert (contract.term_months, contract.billing_frequency, contract.payment_terms_days) == (AS_BEFORE, "", AS_BEFORE)
    assert contract.credits_unused is False


def test_terms_of_a_first_deal(payload: Callable[[str], Any]) -> None:
    record = payload("opportunity") | {"Contract_Term_Months__c": 36, "Billing_Frequency__c": "Prepaid"}
    (contract,) = read(record | {"Payment_Terms_Days__c": 45, "Effective_Date__c": "2026-06-30"})
    assert (contract.term_months, contract.billing_frequency, contract.payment_terms_days) == (36, "prepaid", 45)
    assert (contract.starts_on, contract.ends_on) == (date(2026, 6, 30), date(2029, 6, 29))
    (without_end,) = read(payload("opportunity") | {"Contract_Term_Months__c": 0})
    assert without_end.ends_on == NO_END
    (co_termed,) = read(payload("opportunity") | {"Contract_End_Date__c": "2026-12-31"})
    assert co_termed.ends_on == date(2026, 12, 31)


def test_an_assignment_ends_one_contract_and_begins_another(change: Callable[..., dict[str, Any]]) -> None:
    old, new = read(change("Assignment", AccountId="0015g00000AbCdFAAV"))
    assert (old.reference, old.version, old.continues_reference) == (f"contract:{FIRST}", 2, "")
    assert new.reference.startswith("contract:0065g00000KwyWu") and new.version == new.modification_number == 1
    assert (new.modification_kind, new.continues_reference) == ("assignment", f"contract:{FIRST}")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"Modification__c": None}, "Modification__c"),
        ({"Modification__c": "New"}, "Modification__c"),
        ({"Amends__c": None}, "Amends__c"),
        ({"Modification_Number__c": None}, "Modification_Number__c"),
        ({"Effective_Date__c": None}, "Effective_Date__c"),
        ({"Amount": None}, "Amount"),
    ],
)
def test_what_is_not_said_is_not_guessed(
    change: Callable[..., dict[str, Any]], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        read(change(**values))
    assert (refused.value.reason, refused.value.field) == ("CONTRACT_INCOMPLETE", field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Modification_Number__c", 1),
        ("Modification_Number__c", 2.5),
        ("Modification__c", "Sale of the house"),
        ("Contract_End_Date__c", "2026-07-31"),
        ("Contract_Term_Months__c", -1),
    ],
)
def test_what_makes_no_sense_is_named(change: Callable[..., dict[str, Any]], field: str, value: Any) -> None:
    with pytest.raises(Rejected) as refused:
        read(change(**{field: str(value)}))
    assert (refused.value.reason, refused.value.field) == ("SCHEMA_CHANGE", field)


def test_a_deal_commits_to_what_it_was_last_changed_to() -> None:
    def record(*changes: tuple[str, int | None]) -> dict[str, Any]:
        rows = [{"Modification__c": kind, "Amount": amount} for kind, amount in changes]
        return {"Amount": 100, "Amendments__r": {"records": rows} if rows else None}

    assert contracts.committed_amount(record()) == 100
    assert contracts.committed_amount(record(("Upsell", 150), ("Suspension", None))) == 150
    assert contracts.committed_amount(record(("Upsell", 150), ("Cancellation", None))) == 0
    assert contracts.committed_amount(record(("Assignment", 100))) == 0
