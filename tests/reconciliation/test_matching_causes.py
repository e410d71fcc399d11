"""What probably went wrong is named beside the break, where both sides' lists show it; and never where they do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciliation.models import Break, ExceptionCase
from sync.models import Connection, EntityRoute, LegalEntity
from tests.paper_erp import Books
from tests.reconciliation.test_matching_passes import ask, document, show
from tests.small_company import Company


@pytest.fixture
def sides(company: Company, paper: Callable[[str], Books]) -> tuple[Books, Books]:
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = []
    return paper("billing"), paper("erp")


def causes() -> dict[str, tuple[str, str]]:
    """Document -> cause, and with what."""
    rows = Break.objects.filter(healed_at=None).exclude(cause="")
    return {
        row.reference.removeprefix("invoice:"): (row.cause, row.cause_with.removeprefix("invoice:")) for row in rows
    }


def test_another_sign_is_named(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[0], document("a", "100.00"), document("b", "100.00"))
    show(sides[1], document("a", "-100.00"), document("b", "99.00"))
    ask(company)
    assert causes() == {"a": ("sign", "")}
    case = ExceptionCase.objects.get(reference="invoice:a")
    assert case.evidence["text"] == "The amount has the other sign."


def test_two_errors_that_hide_each_other_are_named(company: Company, sides: tuple[Books, Books]) -> None:
    rows = [document(name, "100.00", customer=customer) for name, customer in (("a", "X"), ("b", "X"), ("c", "Y"))]
    show(sides[0], *rows)
    show(
        sides[1],
        *(replace(row, gross=row.gross + more, net=row.net + more) for row, more in zip(rows, (7, -7, 7), strict=True)),
    )
    ask(company)
    assert causes() == {"a": ("offset", "b"), "b": ("offset", "a")}


def test_three_errors_of_one_size_are_not_guessed_at(company: Company, sides: tuple[Books, Books]) -> None:
    rows = [document(name, "100.00") for name in "abc"]
    show(sides[0], *rows)
    show(
        sides[1],
        *(replace(row, gross=row.gross + more, net=row.net + more) for row, more in zip(rows, (7, -7, 7), strict=True)),
    )
    ask(company)
    assert causes() == {}


def test_a_second_number_of_a_document_is_named(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("a", "100.00"), document("x", "100.00"), document("y", "100.00", customer="Other"))
    ask(company)
    assert causes() == {"x": ("duplicate", "a")}


def test_a_payment_on_another_document_is_named_on_both(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[0], document("a", "55.00"), document("b", "55.00"))
    show(sides[1], document("b", "55.00"), document("b", "55.00"))
    ask(company)
    assert causes() == {"a": ("other_document", "b#2"), "b#2": ("other_document", "a")}


def test_the_books_of_another_company_are_named(
    company: Company, sides: tuple[Books, Books], paper: Callable[[str], Any]
) -> None:
    other = LegalEntity.objects.get(pk=company.entity.pk)
    other.pk, other.code, other.name = None, "DE01", "Other company"
    other.save()
    for route in EntityRoute.objects.filter(entity=company.entity):
        connection = Connection.objects.get(pk=route.connection_id)
        if route.role in ("billing", "erp"):
            connection.pk, connection.code = None, f"{route.role}-de"
            connection.save()
            paper(connection.code).lists["invoice"] = []
        EntityRoute.objects.create(
            entity=other, role=route.role, connection=connection, company_code="DE01", valid_from=route.valid_from
        )
    show(sides[0], document("a", "100.00"))
    show(paper("erp-de"), document("a", "100.00"))
    there = replace(company, entity=other)
    ask(there)
    ask(company)
    # what the first asking could not know, the next one names
    ask(there)
    rows = Break.objects.order_by("entity__code").values_list("entity__code", "kind", "cause", "cause_with")
    assert list(rows) == [
        ("DE01", "MISSING_IN_SOURCE", "other_entity", "US01"),
        ("US01", "MISSING_IN_TARGET", "other_entity", "DE01"),
    ]
