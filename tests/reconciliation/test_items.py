"""Reconciling items: two people say what a difference is and until when; over another amount it is open again."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reconciliation import reconciling_items as items
from reconciliation.approvals import Refused
from reconciliation.controls import breaks, runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ExceptionCase, ReconcilingItem
from reconciliation.reconciling_items import CannotAccept
from reconciliation.sign_offs import signing
from sync import clock
from sync.models import LegalEntity
from tests.paper_erp import Books
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.reconciliation.test_matching_passes import ask, document, show
from tests.small_company import DAY, Company, person


@pytest.fixture
def sides(company: Company, paper: Callable[[str], Books]) -> tuple[Books, Books]:
    """An invoice a cent off, and one only the ERP has."""
    show(paper("billing"), document("a", "100.00"))
    show(paper("erp"), document("a", "99.99"), document("b", "7.00"))
    ask(company)
    return paper("billing"), paper("erp")


def of(name: str) -> Break:
    return Break.objects.get(reference=f"invoice:{name}", healed_at=None)


def propose(name: str, **values: Any) -> ReconcilingItem:
    given: dict[str, Any] = {"kind": "rounding", "expected_on": None, "user": preparer(), "because": "A cent", **values}
    return items.propose(of(name).pk, **given)


def accepted(name: str, **values: Any) -> ReconcilingItem:
    return items.accept(propose(name, **values).pk, user=approver())


def again(company: Company) -> ControlRun:
    return runner.compare_again("invoices", entity=company.entity)


def test_two_people_account_for_a_difference_and_its_case_closes(company: Company, sides: tuple[Books, Books]) -> None:
    accepted("a")
    accepted("b", kind="erp_only", because="Opening balance")
    run = again(company)
    assert run.status == "tied_with_items"
    assert run.totals["USD"]["explained"] == "-6.99" and run.totals["USD"]["unexplained"] == "0.00"
    rows = ExceptionCase.objects.order_by("reference").values_list("status", "resolution", "closing_note")
    assert list(rows) == [
        ("closed", "accepted", "Accepted: rounding"),
        ("closed", "accepted", "Accepted: only in the erp, and right there"),
    ]
    # the differences are still open: they stay in the register until the sides agree
    assert Break.objects.filter(healed_at=None).count() == 2


def test_over_another_amount_it_is_an_exception_again(company: Company, sides: tuple[Books, Books]) -> None:
    accepted("b", kind="erp_only")
    show(sides[1], document("a", "99.99"), document("b", "8.00"))
    run = ask(company)
    assert run.status == "unexplained" and of("b").difference == Decimal("-8.00")
    assert ExceptionCase.objects.filter(reference="invoice:b", status="open").count() == 1
    # and the same asked again opens nothing more
    ask(company)
    assert ExceptionCase.objects.filter(reference="invoice:b").count() == 2


def test_after_its_day_it_is_an_exception_again(company: Company, sides: tuple[Books, Books]) -> None:
    accepted("a", kind="timing", expected_on=clock.business_date(company.entity))
    assert not breaks.still_open(CONTROLS["invoices"], company.entity).filter(pk=of("a").pk).exists()
    LegalEntity.objects.update(business_date=clock.business_date(company.entity) + timedelta(days=1))
    company.entity.refresh_from_db()
    again(company)
    assert ExceptionCase.objects.filter(reference="invoice:a", status="open").count() == 1


def test_once_the_sides_agree_the_item_heals_with_its_break(company: Company, sides: tuple[Books, Books]) -> None:
    accepted("a")
    show(sides[1], document("a", "100.00"))
    assert ask(company).status == "tied"
    assert not Break.objects.filter(healed_at=None).exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "luck"}, "Choose what kind"),
        ({"because": " "}, "Say why"),
        ({"kind": "timing"}, "Say by when it clears"),
        ({"kind": "error", "expected_on": DAY - timedelta(days=30)}, "Say by when it clears"),
    ],
)
def test_what_cannot_be_proposed_is_said(
    company: Company, sides: tuple[Books, Books], values: dict[str, Any], words: str
) -> None:
    with pytest.raises(CannotAccept, match=words):
        propose("a", **values)


def test_nobody_accepts_their_own_not_even_past_the_code(company: Company, sides: tuple[Books, Books]) -> None:
    both = person("both", "Finance preparer", "Finance approver")
    row = propose("a", user=both)
    for user, words in (
        (both, "another approver"),
        (billing_ops(), "role"),
        (person("root", superuser=True), "superuser"),
    ):
        with pytest.raises(Refused, match=words):
            items.accept(row.pk, user=user)
    with pytest.raises(IntegrityError, match="asker_never_accepts_an_item"), transaction.atomic():
        ReconcilingItem.objects.update(status="accepted", decided_by=both)
    with pytest.raises(IntegrityError, match="item_accepted_by_another"), transaction.atomic():
        ReconcilingItem.objects.update(status="accepted")
    with pytest.raises(IntegrityError, match="what_clears_says_by_when"), transaction.atomic():
        ReconcilingItem.objects.update(kind="timing")
    with pytest.raises(Refused, match="may not propose"):
        propose("b", user=approver())
    with pytest.raises(CannotAccept, match="already"):
        propose("a")


def test_refused_and_taken_back_items_account_for_nothing(company: Company, sides: tuple[Books, Books]) -> None:
    with pytest.raises(CannotAccept, match="Say why"):
        items.refuse(propose("a").pk, user=approver(), because="")
    items.refuse(ReconcilingItem.objects.get().pk, user=approver(), because="Correct it instead")
    row = accepted("a")
    items.withdraw(row.pk, user=preparer())
    with pytest.raises(CannotAccept, match="over already"):
        items.withdraw(row.pk, user=preparer())
    again(company)
    assert ExceptionCase.objects.filter(reference="invoice:a", status="open").count() == 1


def test_what_moved_between_proposal_and_decision_is_not_accepted(company: Company, sides: tuple[Books, Books]) -> None:
    row = propose("a")
    show(sides[1], document("a", "99.90"), document("b", "7.00"))
    ask(company)
    with pytest.raises(CannotAccept, match="another one by now"):
        items.accept(row.pk, user=approver())


def test_a_certificate_names_what_was_accepted(company: Company, sides: tuple[Books, Books]) -> None:
    accepted("a")
    accepted("b", kind="erp_only")
    again(company)
    row = signing.prepare(CONTROLS["invoices"], entity=company.entity, first=DAY, last=DAY, user=preparer())
    assert [(one["kind"], one["amount"]) for one in row.certificate["items"]] == [
        ("accepted", "0.01"),
        ("accepted", "-7.00"),
    ]
