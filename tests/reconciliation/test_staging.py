"""What a side listed is stored as it was said, whatever stands in it, and its hash speaks of exactly that."""

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from connectors.interface import ControlLine as Line
from connectors.money import AmountError, amount
from reconciliation import staging
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import ControlLine, ControlStage
from reconciliation.models.controls import Side
from tests.small_company import DAY, Company, found_company

#: everything a name can hold; the one character no database row takes is the connectors' business
words = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=30)
lines = st.lists(
    st.builds(
        Line,
        reference=words,
        external_id=words,
        document_date=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        currency=st.just("USD"),
        net=st.decimals(-(10**9), 10**9, places=2),
        tax=st.decimals(0, 10**6, places=2),
        gross=st.decimals(-(10**9), 10**9, places=2),
        label=words,
        status=words,
        counterparty=words,
    ),
    max_size=12,
)


def staged(company: Company, rows: list[Line]) -> ControlStage:
    return staging.stage(
        CONTROLS["invoices"], Side.LEFT, entity=company.entity, business_date=DAY, source=company.billing, lines=rows,
        pages=1, source_count=len(rows), query="",
    )  # fmt: skip


class TestStaging(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(rows=lines)
    def test_every_cell_comes_back_as_it_was(self, rows: list[Line]) -> None:
        row = staged(found_company(), rows)
        kept = [
            (
                *(one.reference, one.external_id, one.document_date, one.currency, one.net, one.tax, one.gross),
                *(one.label, one.status, one.counterparty),
            )
            for one in ControlLine.objects.filter(stage=row).order_by("pk")
        ]
        assert kept == [
            (
                *(one.reference, one.external_id, one.document_date, one.currency, one.net, one.tax, one.gross),
                *(one.label, one.status, one.counterparty),
            )
            for one in rows
        ]


amounts = st.one_of(
    st.decimals(-(10**16), 10**16, places=2),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.builds(Decimal, st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{0,8})?(E[+-]?[0-9]{1,2})?", fullmatch=True)),
)


def read(value: Decimal, currency: str) -> str:
    """What the reader of amounts makes of it, refusals included."""
    try:
        return str(amount(value, currency))
    except AmountError as error:
        return str(error)


@given(value=amounts, currency=st.sampled_from(("USD", "JPY", "KWD", "CLF")))
@example(value=Decimal("-0.00"), currency="USD")
@example(value=Decimal("-0"), currency="JPY")
@example(value=Decimal("1.50"), currency="JPY")
@example(value=Decimal(7), currency="KWD")
@example(value=Decimal("1.0000000"), currency="USD")
@example(value=Decimal("1E+2"), currency="USD")
@example(value=Decimal("1234567890123456.00"), currency="USD")
def test_an_amount_is_staged_as_the_reader_of_amounts_reads_it(value: Decimal, currency: str) -> None:
    try:
        found = staging._digits(value, currency)
    except AmountError as error:
        found = str(error)
    assert found == read(value, currency)


@pytest.mark.parametrize("value", [1.5, True])
def test_what_is_no_amount_is_refused_however_it_looks(value: Any) -> None:
    with pytest.raises(AmountError, match="must be text"):
        staging._digits(value, "USD")


@pytest.mark.django_db
def test_the_hash_is_of_the_lines_in_their_order_whatever_order_they_came_in(company: Company) -> None:
    rows = [
        Line(reference=name, external_id=f"x{name}", document_date=DAY, currency="USD", net=Decimal("9.00"),
             tax=Decimal(1), gross=Decimal("10.00"), label="Ü|\\t")
        for name in ("b", "a")
    ]  # fmt: skip
    # of what is listed twice the smaller amount comes first, as a number and not as a word
    rows += [replace(rows[1], net=Decimal("10.00")), replace(rows[1], net=Decimal("-1"))]
    text = "".join(
        f"{name}|x{name}|{DAY}|USD|{net}|1.00|10.00|Ü|\\t||\n"
        for name, net in (("a", "-1.00"), ("a", "9.00"), ("a", "10.00"), ("b", "9.00"))
    )
    assert (
        staged(company, rows).sha256 == staged(company, rows[::-1]).sha256 == hashlib.sha256(text.encode()).hexdigest()
    )
