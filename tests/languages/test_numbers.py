"""Amounts and counts are written as the reader's language writes them, and as they are kept where they are kept."""

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils.translation import override

from reconciliation.habits import languages
from sync import money_text


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        ("12400.00", "USD", "USD 12,400.00", "USD 12.400,00"),
        ("-1234567.89", "EUR", "EUR −1,234,567.89", "EUR −1.234.567,89"),
        ("1234", "JPY", "JPY 1,234", "JPY 1.234"),
        ("1.234", "KWD", "KWD 1.234", "KWD 1,234"),
        ("0.00", "USD", "USD 0.00", "USD 0,00"),
    ],
)
def test_an_amount_is_written_as_the_readers_language_writes_it(
    amount: str, currency: str, english: str, german: str
) -> None:
    page = Template("{% load portal %}{{ amount|money:currency }}")
    for language, written in (("en", english), ("de", german), ("en-us", english)):
        with override(language):
            assert languages.money(Decimal(amount), currency) == written
            assert page.render(Context({"amount": amount, "currency": currency})) == written
            # what goes elsewhere is written alike for everybody
            assert money_text.money(Decimal(amount), currency) == english


def test_a_count_is_written_so_too() -> None:
    assert languages.number(1234567) == "1,234,567"
    with override("de"):
        assert languages.number(1234567) == "1.234.567"
