"""The matching page: what differs, put together by one and approved by another; suggestions; taking apart."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from reconciliation.models import Match
from tests.paper_erp import Books
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.reconciliation.test_matching_passes import By, ask, document, rule, show
from tests.reconciliation.views.markup import problems, words_of
from tests.small_company import Company, person

PAGE = "/controls/invoices/US01/match"


@pytest.fixture
def sides(company: Company, paper: Callable[[str], Books]) -> tuple[Books, Books]:
    """An invoice in billing that the ERP holds in two parts, and one on both sides over two amounts."""
    show(paper("billing"), document("a", "100.00"), document("z", "10.00", customer="Borealis"))
    show(
        paper("erp"),
        document("b", "60.00", customer="Alpine AG"),
        document("c", "40.00", customer="Alpine AG"),
        document("z", "9.00", customer="Borealis"),
    )
    ask(company)
    return paper("billing"), paper("erp")


def seen(user: Any, path: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.get(path) if form is None else client.post(path, form, follow=True)
    html = answer.content.decode()
    assert problems(html) == [], path
    return answer.status_code, unescape(words_of(html))


def put_together(*names: str, user: Any = None, because: str = "Posted in two parts") -> tuple[int, str]:
    form = {"document": [f"invoice:{name}" for name in names], "because": because}
    return seen(user or preparer(), f"{PAGE}/propose", form)


def test_what_differs_stands_side_by_side_with_its_case(company: Company, sides: tuple[Books, Books]) -> None:
    status, text = seen(preparer(), PAGE)
    assert status == 200 and "Put together for approval" in text
    for words in (
        "USD 100.00",
        "USD 60.00",
        "USD 40.00",
        "Alpine AG",
        "On both sides, and different",
        "USD 10.00 / USD 9.00",
    ):
        assert words in text
    assert "EXC-" in text


def test_a_search_narrows_the_documents(company: Company, sides: tuple[Books, Books]) -> None:
    _, text = seen(preparer(), f"{PAGE}?q=alpine+60")
    assert "USD 60.00" in text and "USD 40.00" not in text
    _, text = seen(preparer(), f"{PAGE}?q=nobody")
    assert "No document that differs fits “nobody”" in text


def test_two_people_match_through_the_page_and_take_it_apart_again(
    company: Company, sides: tuple[Books, Books]
) -> None:
    status, text = put_together("a", "b", "c")
    assert status == 200 and "waits for another person" in text and "Take back" in text
    row = Match.objects.get()
    status, text = seen(approver(), PAGE)
    assert "“Posted in two parts”" in text and "Approve the match" in text
    status, text = seen(approver(), f"/matches/{row.number}/approve", {"because": "Seen"})
    assert "is matched. The control was compared again: breaks with open cases." in text
    assert "Matched without a common reference" in text
    # and apart
    status, text = seen(preparer(), f"/matches/{row.number}/ask-undo", {"because": "Another deal"})
    assert "waits for another person" in text
    status, text = seen(approver(), f"/matches/{row.number}/undo", {})
    assert "is taken apart" in text and "USD 60.00" in text


def test_what_cannot_be_matched_is_said_and_the_choice_stays(company: Company, sides: tuple[Books, Books]) -> None:
    client = Client()
    client.force_login(preparer())
    answer = client.post(f"{PAGE}/propose", {"document": ["invoice:a", "invoice:b"], "because": "Parts"})
    html = answer.content.decode()
    assert answer.status_code == 409 and "is left over. Both sides must be equal." in unescape(words_of(html))
    assert html.count(" checked") == 2 and ">Parts</textarea>" in html
    assert not Match.objects.exists()


def test_roles_that_only_look_are_told_so(company: Company, sides: tuple[Books, Books]) -> None:
    _, text = seen(person("auditor", "Auditor"), PAGE)
    assert "Your role can look at this" in text and "Put together for approval" not in text
    status, text = put_together("a", "b", "c", user=billing_ops())
    assert status == 403 and "may not put documents together" in text
    put_together("a", "b", "c")
    row = Match.objects.get()
    status, text = seen(preparer(), f"/matches/{row.number}/approve", {})
    assert status == 403 and "another approver must decide" in text
    status, text = seen(preparer(), f"/matches/{row.number}/withdraw", {})
    assert status == 200 and "is taken back" in text


def test_a_suggestion_is_taken_up_or_refused(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.CUSTOMER_AMOUNT, does="suggest")
    show(sides[1], document("b", "100.00"))
    ask(company)
    row = Match.objects.get()
    _, text = seen(preparer(), PAGE)
    assert "Suggested" in text and "Same customer and amount, dates close" in text
    _, text = seen(preparer(), f"/matches/{row.number}/take-up", {"because": "Typed in by hand"})
    assert "waits for another person" in text
    _, text = seen(approver(), f"/matches/{row.number}/refuse", {"because": "Two invoices"})
    assert "is refused" in text


def test_an_empty_page_says_that_all_meets(company: Company, paper: Callable[[str], Books]) -> None:
    for code in ("billing", "erp"):
        show(paper(code), document("a", "100.00"))
    ask(company)
    _, text = seen(preparer(), PAGE)
    assert "Nothing differs: every document that was read meets its counterpart." in text


@pytest.mark.parametrize(
    "path", ["/controls/rates/US01/match", "/controls/invoices/XX01/match", "/controls/x/US01/match"]
)
def test_what_is_not_there_is_said(company: Company, path: str) -> None:
    status, text = seen(preparer(), path)
    assert status == 404 and "There is no such" in text
