"""Salesforce's records as our shapes, and our status as its fields."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical import Customer, SubscriptionContract, dump, load
from connectors.errors import Rejected
from connectors.interface import Parcel
from connectors.salesforce import mapping


def the_contract(record: dict[str, Any], *, version: int = 1) -> SubscriptionContract:
    (found,) = mapping.to_shapes("opportunity", record, version=version)
    assert isinstance(found, SubscriptionContract)
    return found


def test_a_won_opportunity_becomes_a_contract_of_one_year(payload: Callable[[str], Any]) -> None:
    # when
    contract = the_contract(payload("opportunity"), version=4)
    # then
    assert contract.reference == "contract:0065g00000KwyWtAAJ"
    assert contract.correlation_id == "deal:0065g00000KwyWtAAJ"
    assert contract.customer_reference == "customer:0015g00000AbCdEAAV"
    assert (contract.version, contract.modification_kind, contract.modification_number) == (4, "new", 4)
    assert contract.record_revision == 1778751067123
    assert (contract.signed_on, contract.starts_on, contract.ends_on) == (
        date(2026, 5, 12),
        date(2026, 5, 14),
        date(2027, 5, 13),
    )
    assert (contract.amount, contract.currency) == (Decimal("1054.00"), "USD")
    assert dict(contract.commitment) == {
        "is_won": "true",
        "stage": "Closed Won",
        "approval": "Approved",
        "order_form_on": "2026-05-12",
        "lines_sum": "1054.00",
    }
    (line,) = contract.lines
    assert (line.crm_product, line.quantity, line.unit_price) == ("GTX Plus Basic", 1, Decimal("1054.0"))
    assert (line.amount, line.list_amount, line.discount) == (Decimal("1054.00"), Decimal("1096.00"), Decimal("42.00"))
    # and it survives being written and read
    assert load(dump(contract)) == contract


def test_an_unknown_product_keeps_the_words_of_the_deal(payload: Callable[[str], Any]) -> None:
    record = payload("opportunity")
    record["OpportunityLineItems"]["records"][0] |= {
        "Product2": None,
        "PricebookEntry": None,
        "Product_Text__c": "GTXPro",
    }
    (line,) = the_contract(record).lines
    assert (line.crm_product, line.list_amount, line.discount) == ("GTXPro", Decimal("1054.00"), 0)


@pytest.mark.parametrize("field", ["Amount", "CloseDate", "AccountId"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_incomplete_deal_says_what_is_missing(payload: Callable[[str], Any], field: str, value: Any) -> None:
    with pytest.raises(Rejected) as refused:
        the_contract({**payload("opportunity"), field: value})
    assert (refused.value.reason, refused.value.field) == ("CONTRACT_INCOMPLETE", field)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"Amount": 1054.0}, "SCHEMA_CHANGE", "Amount"),
        ({"Amount": "much"}, "SCHEMA_CHANGE", "Amount"),
        ({"Amount": Decimal("1054.005")}, "ROUNDING", "Amount"),
        ({"CurrencyIsoCode": "XXX"}, "CURRENCY_MISMATCH", "CurrencyIsoCode"),
        ({"CloseDate": "14.05.2026"}, "SCHEMA_CHANGE", "CloseDate"),
        ({"CloseDate": "2026-02-30"}, "SCHEMA_CHANGE", "CloseDate"),
        ({"AccountId": "001"}, "SCHEMA_CHANGE", "AccountId"),
        ({"SystemModstamp": "yesterday"}, "SCHEMA_CHANGE", "SystemModstamp"),
    ],
)
def test_what_cannot_be_read_is_named(
    payload: Callable[[str], Any], changes: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        the_contract({**payload("opportunity"), **changes})
    assert (refused.value.reason, refused.value.field) == (reason, field)


def test_a_leap_day_is_survived(payload: Callable[[str], Any]) -> None:
    contract = the_contract({**payload("opportunity"), "CloseDate": "2024-02-29", "Order_Form_Date__c": None})
    assert (contract.signed_on, contract.ends_on) == (date(2024, 2, 29), date(2025, 2, 27))


def test_other_currencies_keep_their_digits(payload: Callable[[str], Any]) -> None:
    assert the_contract({**payload("opportunity"), "CurrencyIsoCode": "JPY"}).amount == Decimal("1054")


def test_an_account_becomes_a_customer_with_its_country_as_typed(payload: Callable[[str], Any]) -> None:
    # when
    (customer,) = mapping.to_shapes("account", payload("account"), version=2)
    # then its version is its revision, as an account has no numbered modifications
    assert isinstance(customer, Customer)
    assert (customer.reference, customer.correlation_id) == ("customer:0015g00000AbCdEAAV",) * 2
    assert (customer.name, customer.industry) == ("Bioholding", "medical")
    assert customer.version == mapping.milliseconds(mapping.moment(payload("account")["SystemModstamp"]))
    assert (customer.address.country, customer.parent_reference, customer.email) == ("Philipines", "", "")


def test_a_subsidiary_names_its_parent(payload: Callable[[str], Any]) -> None:
    (customer,) = mapping.to_shapes("account", {**payload("account"), "ParentId": "0015g00000AbCdE"}, version=1)
    assert isinstance(customer, Customer) and customer.parent_reference == "customer:0015g00000AbCdEAAV"


def test_kinds_we_do_not_carry_give_nothing(payload: Callable[[str], Any]) -> None:
    assert mapping.to_shapes("product2", payload("account"), version=1) == []


def test_a_status_is_put_into_salesforces_fields(make_status: Callable[..., Parcel]) -> None:
    parcel = make_status("0065g00000KwyWt", billing_status="Billed", case="")
    assert mapping.status_record(parcel.subject) == {
        "attributes": {"type": "Opportunity"},
        "id": "0065g00000KwyWtAAJ",
        "Q2C_Billing_Status__c": "Billed",
        "Q2C_Case__c": None,
    }


@pytest.mark.parametrize(
    ("record_id", "crm_object", "fields", "reason"),
    [
        ("0065g00000KwyWtAAJ", "Opportunity", {"balance": "1.00"}, "SCHEMA_CHANGE"),
        ("0035g00000KwyWtAAJ", "Contact", {"status": "x"}, "SCHEMA_CHANGE"),
        ("006", "Opportunity", {"case": "x"}, "FEEDBACK_REFUSED"),
    ],
)
def test_a_status_without_a_place_is_refused(
    make_status: Callable[..., Parcel], record_id: str, crm_object: str, fields: dict[str, str], reason: str
) -> None:
    with pytest.raises(Rejected) as refused:
        mapping.status_record(make_status(record_id, crm_object=crm_object, **fields).subject)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "text", ["2026-05-14T09:31:07.123+0000", "2026-05-14T09:31:07.123Z", "2026-05-14T11:31:07.123+02:00"]
)
def test_an_instant_is_read_in_each_of_its_forms(text: str) -> None:
    assert mapping.moment(text) == datetime(2026, 5, 14, 9, 31, 7, 123000, tzinfo=UTC)
    assert mapping.milliseconds(mapping.moment(text)) == 1778751067123
