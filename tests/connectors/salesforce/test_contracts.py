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

    assert contracts.as_changed(record())["Amount"] == 100
    assert contracts.as_changed(record(("Upsell", 150), ("Suspension", None)))["Amount"] == 150
    assert contracts.as_changed(record(("Upsell", 150), ("Cancellation", None))) == {}
    assert contracts.as_changed(record(("Assignment", 100))) == {}


@pytest.mark.parametrize(
    ("terms", "effective", "amount"),
    [
        # the year from 14 May is served to its last day, and then nothing more is agreed
        ({}, "2027-05-14", 100),
        ({}, "2027-05-13", None),
        ({"Contract_Term_Months__c": 24}, "2028-05-14", 100),
        ({"Contract_End_Date__c": "2026-12-31"}, "2027-01-01", 100),
        ({"Contract_Term_Months__c": 0}, "2027-05-14", None),
    ],
)
def test_a_contract_that_ends_with_its_term_stays_committed(
    terms: dict[str, Any], effective: str, amount: int | None
) -> None:
    ends = {"Modification__c": "Cancellation", "Effective_Date__c": effective}
    record = {"Amount": 100, "CloseDate": "2026-05-14", **terms, "Amendments__r": {"records": [ends]}}
    assert contracts.as_changed(record).get("Amount") == amount


def test_the_end_of_a_renewed_term_is_the_renewals() -> None:
    renewal = {"Modification__c": "Renewal", "Amount": 120, "Effective_Date__c": "2027-05-14"}
    ends = {"Modification__c": "Cancellation", "Effective_Date__c": "2028-05-14"}
    record = {"Amount": 100, "CloseDate": "2026-05-14", "Amendments__r": {"records": [renewal, ends]}}
    assert contracts.as_changed(record).get("Amount") == 120
    record["Amendments__r"]["records"][1] = {**ends, "Effective_Date__c": "2027-05-15"}
    assert contracts.as_changed(record) == {}


def test_lines_with_dates_of_their_own_and_free_months(
    payload: Callable[[str], Any], change: Callable[..., dict[str, Any]]
) -> None:
    def dated(record: dict[str, Any], **dates: str) -> dict[str, Any]:
        (row,) = record["OpportunityLineItems"]["records"]
        return {**record, "OpportunityLineItems": {"records": [{**row, **dates}]}}

    ramp = dated(payload("opportunity"), Starts_On__c="2026-05-14", Ends_On__c="2026-11-13")
    (contract,) = read({**ramp, "Free_Months__c": "2.0"})
    (line,) = contract.lines
    assert (contract.free_months, line.own_dates, line.starts_on, line.ends_on) == (
        2, True, date(2026, 5, 14), date(2026, 11, 13),
    )  # fmt: skip
    # without a last day a line runs to the contract's end, which a change leaves to the version before
    (contract,) = read(dated(payload("opportunity"), Starts_On__c="2026-11-14"))
    assert contract.lines[0].ends_on == contract.ends_on
    (contract,) = read(dated(change(), Starts_On__c="2026-11-14"))
    assert (contract.lines[0].ends_on, contract.free_months) == (NO_END, AS_BEFORE)
    # a line that runs with its contract says so
    (contract,) = read(payload("opportunity"))
    assert (contract.lines[0].own_dates, contract.free_months) == (False, 0)


@pytest.mark.parametrize(
    ("dates", "reason", "field"),
    [
        ({"Ends_On__c": "2026-11-13"}, "CONTRACT_INCOMPLETE", "Starts_On__c"),
        ({"Starts_On__c": "2026-11-14", "Ends_On__c": "2026-11-13"}, "SCHEMA_CHANGE", "Ends_On__c"),
        ({"Starts_On__c": "soon"}, "SCHEMA_CHANGE", "Starts_On__c"),
    ],
)
def test_dates_of_a_line_that_say_nothing_are_named(
    payload: Callable[[str], Any], dates: dict[str, str], reason: str, field: str
) -> None:
    record = payload("opportunity")
    record["OpportunityLineItems"]["records"][0].update(dates)
    with pytest.raises(Rejected) as refused:
        read(record)
    assert (refused.value.reason, refused.value.field) == (reason, field)
