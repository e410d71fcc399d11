"""Reconciling items through the pages: proposed at the break, accepted by another, taken back."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from reconciliation.models import Break, ReconcilingItem
from tests.paper_erp import Books
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.reconciliation.test_matching_passes import ask, document, show
from tests.reconciliation.views.markup import problems, words_of
from tests.small_company import DAY, Company

PAGE = f"/controls/invoices/US01/{DAY}"


@pytest.fixture
def found(company: Company, paper: Callable[[str], Books]) -> Break:
    show(paper("billing"), document("a", "100.00"))
    show(paper("erp"), document("a", "99.99"))
    ask(company)
    return Break.objects.get()


def seen(user: Any, path: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.get(path) if form is None else client.post(path, form, follow=True)
    html = answer.content.decode()
    assert problems(html) == [], path
    return answer.status_code, unescape(words_of(html))


def test_two_people_accept_an_item_through_the_pages(found: Break) -> None:
    _, text = seen(preparer(), PAGE)
    assert "Propose as a reconciling item" in text
    form = {"kind": "rounding", "because": "A cent of tax"}
    _, text = seen(preparer(), f"/controls/breaks/{found.pk}/item", form)
    assert "waits for another person." in text and "You proposed this; another approver must decide." in text
    row = ReconcilingItem.objects.get()
    _, text = seen(approver(), "/approvals/")
    assert "Reconciling items waiting for you" in text and "A cent of tax" in text
    _, text = seen(approver(), PAGE)
    assert "Accept the item" in text and "“A cent of tax”" in text
    _, text = seen(approver(), f"/controls/items/{row.number}/accept", {})
    assert "is accepted. The control was compared again: tied, with explained items." in text
    _, text = seen(preparer(), f"/controls/items/{row.number}/withdraw", {})
    assert "is taken back. The control was compared again: breaks with open cases." in text


def test_what_stands_against_it_is_said(found: Break) -> None:
    path = f"/controls/breaks/{found.pk}/item"
    _, text = seen(preparer(), path, {"kind": "timing", "because": "On its way"})
    assert "Say by when it clears: a day from" in text
    _, text = seen(preparer(), path, {"kind": "timing", "because": "On its way", "expected_on": "soon"})
    assert "Say by when it clears" in text
    _, text = seen(billing_ops(), path, {"kind": "rounding", "because": "x"})
    assert "Your role may not propose reconciling items." in text
    assert not ReconcilingItem.objects.exists()
    for missing in ("/controls/breaks/999999/item", "/controls/items/ITM-999999/accept"):
        status, text = seen(preparer(), missing, {})
        assert status == 404 and "There is no such" in text
