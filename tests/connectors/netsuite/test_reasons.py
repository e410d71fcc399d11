"""What NetSuite's refusals mean to us."""

import pytest

from connectors.netsuite.reasons import classify, read_refusal

INVALID = "Error while accessing resource: You have entered an Invalid Field Value 999 for the following field: "


@pytest.mark.parametrize(
    ("code", "path", "text", "reason"),
    [
        ("INVALID_CONTENT", "entity", INVALID + "entity", "ERP_CUSTOMER_MISSING"),
        ("INVALID_CONTENT", "item.items[3].item", INVALID + "item", "ITEM_UNKNOWN"),
        ("INVALID_CONTENT", "item.items[0].taxCode", INVALID + "taxCode", "TAX_CODE_MISSING"),
        ("INVALID_CONTENT", "currency", INVALID + "currency", "CURRENCY_MISMATCH"),
        ("INVALID_CONTENT", "apply.items[0].doc", INVALID + "doc", "UNAPPLIED_CASH"),
        ("INVALID_CONTENT", "", INVALID + "entity", "ERP_CUSTOMER_MISSING"),
        ("USER_ERROR", "", "Please enter value(s) for: Department", "DIMENSION_MISSING"),
        ("USER_ERROR", "", "This record already exists.", "DUPLICATE_DOC_NO"),
        ("USER_ERROR", "", "This entity already exists.", "DUPLICATE_DOC_NO"),
        ("USER_ERROR", "", "The amounts in a journal entry must balance.", "UNBALANCED"),
        ("USER_ERROR", "", "Invalid currency reference key 3 for subsidiary 2.", "CURRENCY_MISMATCH"),
        ("USER_ERROR", "", "Invalid item reference key 1009 for subsidiary 1.", "ITEM_UNKNOWN"),
        (
            "USER_ERROR",
            "",
            "The transaction date you specified is not within the date range of your accounting period.",
            "PERIOD_CLOSED",
        ),
        ("USER_ERROR", "", "You cannot post to a locked accounts receivable period.", "PERIOD_CLOSED"),
        (
            "USER_ERROR",
            "",
            "Unable to find a matching line for sub-list apply with key: [doc,line] and value: [8123,null].",
            "UNAPPLIED_CASH",
        ),
        ("INVALID_PARAMETER", "", "Invalid search query. Field 'taxtotal' was not found.", "SCHEMA_CHANGE"),
        ("USER_ERROR", "", "A script of this account says no.", "UNCLASSIFIED"),
    ],
)
def test_code_and_field_decide_before_words(code, path, text, reason):
    assert classify(code=code, path=path, text=text)[0] == reason


def test_the_missing_dimension_is_named():
    assert classify(code="USER_ERROR", path="", text="Please enter value(s) for: Department") == (
        "DIMENSION_MISSING",
        "Department",
    )


def test_of_several_details_the_first_decides_and_all_are_evidence(payload):
    # when
    refusal = read_refusal(payload("several_details"))
    # then
    assert refusal is not None
    assert (refusal.reason, refusal.field, refusal.value) == ("ITEM_UNKNOWN", "item.items[0].item", "9999")
    assert [row["o:errorCode"] for row in refusal.details] == ["INVALID_CONTENT", "USER_ERROR"]


@pytest.mark.parametrize("body", [None, [], {}, {"o:errorDetails": "x"}, "<html>"])
def test_a_foreign_body_is_no_refusal(body):
    assert read_refusal(body) is None
