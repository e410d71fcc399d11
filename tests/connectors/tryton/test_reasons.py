"""What Tryton's sentences mean to us."""

import pytest

from connectors.tryton.reasons import classify, is_harmless


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        (
            'To continue, you must reopen the period "2026-01" of company "C" for the date "01/15/2026".',
            "PERIOD_CLOSED",
            "2026-01",
        ),
        (
            'To continue, you must create a period for the date "01/15/2019" and company "C".',
            "PERIOD_CLOSED",
            "01/15/2019",
        ),
        ('You cannot add/modify/delete lines on closed journal-period "2026-01".', "PERIOD_CLOSED", ""),
        ("The code on party must be unique.", "DUPLICATE_DOC_NO", ""),
        (
            'To post move "(4)", you must balance all its lines debits and credits.',
            "UNBALANCED",
            "",
        ),
        (
            'Payment lines amount on invoice "INV-1" can not be greater than the invoice amount.',
            "UNAPPLIED_CASH",
            "",
        ),
        (
            'The invoice "(5)" does not have the default taxes for line.',
            "TAX_CODE_MISSING",
            "",
        ),
        ('A value is required for field "Party" in "Account Invoice".', "ERP_CUSTOMER_MISSING", ""),
        ('You are not allowed to access "Account Invoice".', "PERMISSION_MISSING", ""),
        ("Something new.", "UNCLASSIFIED", ""),
    ],
)
def test_a_sentence_has_one_meaning(text, reason, value):
    found, _, named = classify(text)
    assert (found, named) == (reason, value)


def test_only_a_due_date_in_the_past_is_waved_through():
    assert is_harmless('The invoice "(12)" generates a payment date "11/01/2026" in the past.')
    assert not is_harmless('The invoices "(12)" have an invoice date in the future.')
    assert not is_harmless('The invoice "(12)" is similar to invoice "INV2026-000001".')
