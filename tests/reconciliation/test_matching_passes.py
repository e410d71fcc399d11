"""What does not meet by reference: other numbers, customer and amount, groups, tolerances, the posted rate."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.interface import ControlLine
from reconciliation import matching
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ExceptionCase, Match, MatchMember, MatchRule
from sync import clock
from sync.models import Delivery, JournalEntry
from tests.paper_erp import Books, line
from tests.small_company import DAY, Company

By = MatchRule.By
FIRST = DAY - timedelta(days=30)


@pytest.fixture
def sides(company: Company, paper: Any) -> tuple[Books, Books]:
    """Billing's and the ERP's own lists, empty."""
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = []
    return paper("billing"), paper("erp")


def document(
    reference: str, amount: str, *, customer: str = "Alpine", number: str = "", day: date = DAY, **values: Any
) -> ControlLine:
    return replace(
        line(f"invoice:{reference}", amount, day=day, **values), counterparty=customer, label=number or reference
    )


def show(books: Books, *lines: ControlLine) -> None:
    books.lists["invoice"] = list(lines)


def rule(company: Company, by: str, **values: Any) -> MatchRule:
    given: dict[str, Any] = {"does": "match", "valid_from": FIRST, "control": "invoices", **values}
    return MatchRule.objects.create(
        entity=company.entity, by=by, status="approved", drafted_by=company.drafter, drafted_at=clock.now(),
        approved_by=company.approver, approved_at=clock.now(), **given,
    )  # fmt: skip


def ask(company: Company, *days: date) -> ControlRun:
    """Each day after the other; the last run says how all of them stand."""
    return [runner.run("invoices", entity=company.entity, business_date=day) for day in sorted(days or [DAY])][-1]


def matched() -> list[tuple[str, set[str]]]:
    rows = Match.objects.filter(status="in_force").order_by("pk")
    return [(row.by, {f"{one.side} {one.reference.rpartition(':')[2]}" for one in row.members.all()}) for row in rows]


def suggested() -> list[set[str]]:
    rows = Match.objects.filter(status="suggested").order_by("pk")
    return [{f"{one.side} {one.reference.rpartition(':')[2]}" for one in row.members.all()} for row in rows]


def open_breaks() -> dict[str, str]:
    rows = Break.objects.filter(healed_at=None)
    return {row.reference.rpartition(":")[2]: row.kind for row in rows}


def all_tied(run: ControlRun) -> None:
    assert run.status == "tied", (run.status, run.totals, open_breaks())
    assert not Break.objects.filter(healed_at=None).exists()


# -- other numbers ------------------------------------------------------------------------------------
def test_documents_with_one_number_meet_though_their_references_do_not(
    company: Company, sides: tuple[Books, Books]
) -> None:
    show(sides[0], document("a", "100.00", number="INV-0007"))
    show(sides[1], document("b", "100.00", number="inv 7"))
    assert ask(company).status == "unexplained"
    rule(company, By.OTHER_KEY)
    # letters and digits count, as people write numbers in two systems: INV-0007 is not INV7
    ask(company)
    assert matched() == []
    show(sides[1], document("b", "100.00", number="inv 0007"))
    all_tied(ask(company))
    assert matched() == [("other_key", {"left a", "right b"})]
    # their cases say what became of them
    assert sorted(ExceptionCase.objects.values_list("status", "closing_note")) == [
        ("closed", "Matched: with INV-0007, by an approved rule (same document number)"),
        ("closed", "Matched: with inv 0007, by an approved rule (same document number)"),
    ]


def test_one_number_over_two_amounts_is_put_before_people_with_its_difference(
    company: Company, sides: tuple[Books, Books]
) -> None:
    rule(company, By.OTHER_KEY)
    show(sides[0], document("a", "100.00", number="INV-7"))
    show(sides[1], document("b", "90.00", number="INV-7"))
    ask(company)
    assert matched() == [] and suggested() == [{"left a", "right b"}]
    assert Match.objects.get().difference == Decimal("10.00")


def test_a_number_two_documents_share_matches_neither(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.OTHER_KEY)
    show(sides[0], document("a", "100.00", number="INV-7"), document("c", "100.00", number="INV-7"))
    show(sides[1], document("b", "100.00", number="INV-7"))
    ask(company)
    assert matched() == [] and len(open_breaks()) == 3


# -- customer and amount ------------------------------------------------------------------------------
@pytest.mark.parametrize(("apart", "days", "fits"), [(3, 3, True), (4, 3, False), (0, 0, True)])
def test_customer_and_amount_meet_within_their_days(
    company: Company, sides: tuple[Books, Books], apart: int, days: int, fits: bool
) -> None:
    rule(company, By.CUSTOMER_AMOUNT, days=days)
    show(sides[0], document("a", "100.00", day=DAY - timedelta(days=apart)))
    show(sides[1], document("b", "100.00", customer=" alpine "))
    ask(company, DAY - timedelta(days=apart), DAY)
    assert bool(matched()) == fits


def test_what_fits_several_ways_is_only_suggested(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.CUSTOMER_AMOUNT, days=3)
    show(sides[0], document("a", "100.00"), document("c", "100.00", day=DAY - timedelta(days=1)))
    show(sides[1], document("b", "100.00"))
    ask(company, DAY - timedelta(days=1), DAY)
    # the neighbour in time is the suggestion, nothing is matched by itself
    assert matched() == [] and len(suggested()) == 1
    assert open_breaks() == {"a": "MISSING_IN_TARGET", "b": "MISSING_IN_SOURCE", "c": "MISSING_IN_TARGET"}


def test_without_leave_to_match_alone_a_rule_suggests(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.CUSTOMER_AMOUNT, days=3, does="suggest")
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("b", "100.00"))
    ask(company)
    assert matched() == [] and suggested() == [{"left a", "right b"}]
    # asked again, the suggestion stays one and the same
    before = Match.objects.get().pk
    ask(company)
    assert Match.objects.get().pk == before


@pytest.mark.parametrize("other", [{"customer": "Borealis"}, {"currency": "EUR"}, {"customer": ""}])
def test_another_customer_another_currency_or_no_customer_never_meets(
    company: Company, sides: tuple[Books, Books], other: dict[str, str]
) -> None:
    rule(company, By.CUSTOMER_AMOUNT, days=30)
    rule(company, By.GROUP, days=30)
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("b", "100.00", **other))
    ask(company)
    assert matched() == [] and suggested() == []


# -- groups -------------------------------------------------------------------------------------------
def test_one_document_meets_several_that_come_to_it(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.GROUP, days=5)
    show(sides[0], document("a", "100.00"), document("z", "55.00", customer="Borealis"))
    show(sides[1], document("b", "60.00"), document("c", "40.00", day=DAY), document("d", "7.00"))
    run = ask(company)
    assert matched() == [("group", {"left a", "right b", "right c"})]
    assert open_breaks() == {"d": "MISSING_IN_SOURCE", "z": "MISSING_IN_TARGET"}
    # what is on the left has its case by now, what is only on the right is never explained away
    assert (run.totals["USD"]["explained"], run.totals["USD"]["unexplained"]) == ("55.00", "-7.00")


def test_a_group_over_a_month_s_end_counts_in_the_month_of_its_left_document(
    company: Company, sides: tuple[Books, Books]
) -> None:
    rule(company, By.GROUP, days=5)
    may, june = date(2026, 5, 31), date(2026, 6, 2)
    show(sides[0], document("a", "100.00", day=may))
    show(sides[1], document("b", "60.00", day=june), document("c", "40.00", day=june))
    ask(company, may, june)
    with matching.compared(CONTROLS["invoices"], entity=company.entity):
        sums = matching.totals()
    assert [(one.period, one.left_gross, one.right_gross, one.explained, one.unexplained) for one in sums] == [
        ("2026-05", Decimal(100), Decimal(100), Decimal(0), Decimal(0))
    ]


# -- tolerances ---------------------------------------------------------------------------------------
def tolerance(company: Company, **values: Any) -> MatchRule:
    given = {"most": Decimal("0.05"), "percent": Decimal("0.1"), "cap": Decimal("0.10"), "currency": "USD", **values}
    return rule(company, By.TOLERANCE, **given)


@pytest.mark.parametrize(
    ("billed", "posted", "is_near"),
    [("100.00", "100.05", True), ("100.00", "100.06", False), ("10.00", "10.02", False), ("100.00", "99.95", True)],
)
def test_a_tolerance_has_an_amount_and_a_share(
    company: Company, sides: tuple[Books, Books], billed: str, posted: str, is_near: bool
) -> None:
    tolerance(company)
    show(sides[0], document("a", billed))
    show(sides[1], document("a", posted))
    run = ask(company)
    gap = Decimal(billed) - Decimal(posted)
    assert run.status == ("tied_with_items" if is_near else "open_exceptions")
    # by its match or by its case, the difference is explained to the cent, never gone
    assert Decimal(run.totals["USD"]["explained"]) == gap
    assert [row.difference for row in Match.objects.filter(status="in_force")] == ([gap] if is_near else [])


def test_all_differences_together_stay_under_the_cap(company: Company, sides: tuple[Books, Books]) -> None:
    tolerance(company)
    days = [DAY - timedelta(days=2), DAY - timedelta(days=1), DAY]
    show(sides[0], *(document(str(n), "100.00", day=day) for n, day in enumerate(days)))
    show(sides[1], *(document(str(n), "100.04", day=day) for n, day in enumerate(days)))
    ask(company, *days)
    # 0.04 and 0.04 are within 0.10, the third is a break
    assert [names for _, names in matched()] == [{"left 0", "right 0"}, {"left 1", "right 1"}]
    assert open_breaks() == {"2": "AMOUNT_MISMATCH"}


def test_a_tolerance_in_another_currency_lets_nothing_pass(company: Company, sides: tuple[Books, Books]) -> None:
    tolerance(company, currency="EUR")
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("a", "100.01"))
    assert ask(company).status == "open_exceptions"


# -- rules --------------------------------------------------------------------------------------------
def test_a_rule_speaks_of_documents_from_its_first_day_on(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.CUSTOMER_AMOUNT, valid_from=DAY + timedelta(days=1))
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("b", "100.00"))
    ask(company)
    assert matched() == []


def test_what_was_matched_and_changes_is_ended_and_breaks(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.CUSTOMER_AMOUNT)
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("b", "100.00"))
    all_tied(ask(company))
    show(sides[1], document("b", "101.00"))
    ask(company)
    assert Match.objects.get().status == "ended" and not MatchMember.objects.filter(is_taken=True).exists()
    assert open_breaks() == {"a": "MISSING_IN_TARGET", "b": "MISSING_IN_SOURCE"}


def test_what_is_matched_is_reconciled(company: Company, sides: tuple[Books, Books]) -> None:
    company.sells(1)
    delivery = company.bills(1)
    company.settles()
    show(sides[0], replace(document("a", "100.00"), reference=delivery.reference))
    show(sides[1], document("b", "100.00"))
    rule(company, By.CUSTOMER_AMOUNT)
    ask(company)
    assert Delivery.objects.get(pk=delivery.pk).state == "reconciled"


def test_the_database_refuses_a_document_in_two_matches_and_a_tolerance_without_a_cap(company: Company) -> None:
    def a_match() -> Match:
        return Match.objects.create(
            control="invoices", entity=company.entity, by="people", status="proposed", currency="USD", sha256="x",
            found_at=clock.now(),
        )  # fmt: skip

    def put(match: Match) -> None:
        MatchMember.objects.create(
            match=match, control="invoices", entity=company.entity, is_taken=True, side="left", reference="invoice:a",
            document_date=DAY, currency="USD", gross=1,
        )  # fmt: skip

    put(a_match())
    with pytest.raises(IntegrityError, match="one_live_match_per_document"), transaction.atomic():
        put(a_match())
    with pytest.raises(IntegrityError, match="a_tolerance_has_its_currency_and_cap"), transaction.atomic():
        rule(company, By.TOLERANCE, currency="USD", most=Decimal(1))


# -- what a case explains -----------------------------------------------------------------------------
def test_a_break_and_its_case_say_what_both_sides_show_now(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[0], document("a", "100.00"))
    show(sides[1], document("a", "99.00"))
    ask(company)
    show(sides[1], document("a", "95.00"))
    run = ask(company)
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert (found.difference, case.amount) == (Decimal("5.00"), Decimal("5.00"))
    assert (found.right["gross"], case.evidence["right"]["gross"]) == ("95.00", "95.00")
    assert JournalEntry.objects.get(action="difference changed").text == (
        "The difference of a was USD 1.00 and is USD 5.00 now."
    )
    assert (run.totals["USD"]["explained"], run.totals["USD"]["unexplained"]) == ("5.00", "0.00")
    # asked again nothing moves, and nothing is written
    version = case.version
    ask(company)
    case.refresh_from_db()
    assert case.version == version


def test_a_case_explains_no_more_than_its_amount(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[0], document("a", "100.00"))
    ask(company)
    ExceptionCase.objects.update(amount=Decimal("60.00"))
    with matching.compared(CONTROLS["invoices"], entity=company.entity):
        (sums,) = matching.totals()
    assert (sums.explained, sums.unexplained, sums.unexplained_count) == (Decimal(60), Decimal(40), 1)
    # one that is about the whole document names no amount
    ExceptionCase.objects.update(amount=None)
    with matching.compared(CONTROLS["invoices"], entity=company.entity):
        (sums,) = matching.totals()
    assert (sums.explained, sums.unexplained, sums.unexplained_count) == (Decimal(100), Decimal(0), 0)
