"""The sign-off pages: a month's controls, one certificate, and the buttons of the two people who sign it."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from reconciliation.controls import runner
from reconciliation.models import SignOff
from tests.paper_erp import Books, line
from tests.reconciliation.desk import approver, preparer
from tests.reconciliation.views.markup import problems, words_of
from tests.small_company import DAY, Company, invoice, person

IN1, IN2 = invoice(1).reference, invoice(2).reference
ONE = f"/sign-off/invoices/US01/{DAY}/{DAY}"


@pytest.fixture
def billed(company: Company, paper: Callable[[str], Books]) -> Books:
    """One invoice on both sides; gives the ERP's books."""
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    return paper("erp")


def seen(user: Any, path: str, **form: str) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.post(path, form, follow=True) if form else client.get(path)
    html = answer.content.decode()
    assert problems(html) == [], path
    return answer.status_code, unescape(words_of(html))


def test_a_month_lists_every_control_with_who_signed(company: Company, billed: Books) -> None:
    status, text = seen(preparer(), f"/sign-off/?month={DAY:%Y-%m}")
    assert status == 200 and "Issued invoices are posted" in text and "Not signed" in text
    assert "May is not over: US01 is at 14 May 2026" in text
    assert "No policy is in force" in text


def test_two_people_sign_through_the_pages_and_late_data_suspends(
    company: Company, billed: Books, paper: Callable[[str], Books]
) -> None:
    # one prepares
    status, text = seen(preparer(), ONE)
    assert status == 200 and "USD 100.00" in text and "Prepare for review" in text
    status, text = seen(preparer(), f"{ONE}/prepare", note="All in")
    assert status == 200 and "Prepared. Another person reviews and signs it." in text
    assert "Somebody whose role reviews sign-offs signs this." in text
    # another reads the same and signs
    status, text = seen(approver(), ONE)
    assert "“All in”" in text and "Review and sign" in text
    sha256 = SignOff.objects.get().certificate_sha256
    status, text = seen(approver(), f"{ONE}/sign", sha256=sha256, note="")
    assert status == 200 and "Reviewed and signed by" in text
    # an invoice comes late
    for code in ("billing", "erp"):
        paper(code).lists["invoice"].append(line(IN2, "70.00", day=DAY))
    runner.run("invoices", entity=company.entity, business_date=DAY)
    status, text = seen(approver(), ONE)
    assert "Suspended." in text and "2 documents over USD 170.00 now" in text
    assert "It was signed by finance.preparer and finance.approver" in text


def test_nobody_signs_alone_through_the_pages(company: Company, billed: Books) -> None:
    both = person("both", "Finance preparer")
    both.groups.add(*approver().groups.all())
    seen(both, f"{ONE}/prepare", note="x")
    row = SignOff.objects.get()
    status, text = seen(both, f"{ONE}/sign", sha256=row.certificate_sha256, note="")
    assert status == 409 and "You prepared this; another person must review it." in text
    row.refresh_from_db()
    assert row.status == "prepared"


def test_what_is_not_ready_says_what_is_missing(company: Company, billed: Books) -> None:
    path = f"/sign-off/invoices/US01/{DAY - timedelta(days=1)}/{DAY}"
    status, text = seen(preparer(), path)
    assert status == 200 and "not run: 12 May" in text and "It can be prepared once every line above is met." in text
    status, text = seen(preparer(), f"{path}/prepare", note="all the same")
    assert status == 409 and "Not ready: every day was run – not run: 12 May" in text
    # what was typed is not lost
    assert "all the same" in text


@pytest.mark.parametrize(
    "path",
    [
        f"/sign-off/nothing/US01/{DAY}/{DAY}",
        f"/sign-off/invoices/XX/{DAY}/{DAY}",
        f"/sign-off/invoices/US01/{DAY}/2026-05-01",
    ],
)
def test_what_is_not_there_is_said(company: Company, path: str) -> None:
    status, text = seen(preparer(), path)
    assert status == 404 and "Not found" in text


def test_only_who_may_sees(company: Company) -> None:
    status, _ = seen(person("executive", "Executive"), "/sign-off/")
    assert status == 403


def test_without_a_company_it_says_so(db: None) -> None:
    status, text = seen(person("auditor", "Auditor"), "/sign-off/")
    assert status == 200 and "Nothing to sign yet." in text
