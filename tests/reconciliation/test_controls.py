"""Controls: what differs is found, what is known is explained, what heals closes, and nothing is silently not run."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.errors import Rejected, Unavailable
from reconciliation import approvals
from reconciliation.controls import runner
from reconciliation.fixes.registry import FIXES
from reconciliation.models import Break, ControlLine, ControlRun, ControlStage, ExceptionCase
from sync.models import Delivery
from tests.paper_erp import LOST_CALL, Books, line
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import DAY, Company, customer, deal, invoice, person

IN1, IN2 = invoice(1).reference, invoice(2).reference


@pytest.fixture
def billed(company: Company, paper: Any) -> Books:
    """Two invoices, posted, and listed alike on both sides; gives the ERP's books."""
    company.sells(1)
    company.bills(1)
    company.bills(2)
    company.settles()
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    return paper("erp")


def invoices(company: Company, **values: Any) -> ControlRun:
    return runner.run("invoices", entity=company.entity, business_date=DAY, **values)


# -- what differs -------------------------------------------------------------------------------------
def test_two_sides_that_agree_tie_and_their_deliveries_are_reconciled(company: Company, billed: Books) -> None:
    run = invoices(company)
    assert run.status == "tied" and not Break.objects.exists()
    assert run.totals["USD"] == {
        "left": "200.00",
        "right": "200.00",
        "explained": "0.00",
        "held": "0.00",
        "in_flight": "0.00",
        "unexplained": "0.00",
        "left_count": "2",
        "right_count": "2",
    }
    assert set(Delivery.objects.filter(kind="invoice").values_list("state", flat=True)) == {"reconciled"}


@pytest.mark.parametrize(
    ("right", "kind", "difference", "unexplained"),
    [
        pytest.param([], "MISSING_IN_TARGET", "100.00", "100.00", id="missing"),
        pytest.param([line(IN1, "64.00", day=DAY)], "AMOUNT_MISMATCH", "36.00", "36.00", id="amount"),
        pytest.param([line(IN1, "100.00", tax="8.00", day=DAY)], "TAX_MISMATCH", "0.00", "0.00", id="tax"),
        pytest.param(
            [line(IN1, "100.00", currency="EUR", day=DAY)], "CURRENCY_MISMATCH", "100.00", "100.00", id="currency"
        ),
    ],
)
def test_a_difference_is_one_break_and_one_case_with_both_sides(
    company: Company, billed: Books, right: list, kind: str, difference: str, unexplained: str
) -> None:
    # given an ERP that shows the first invoice differently, when the control runs
    billed.lists["invoice"] = [*right, line(IN2, "100.00", day=DAY)]
    run = invoices(company)
    # then there is exactly this break, and a case with what each side shows
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert (found.kind, found.reference, found.difference) == (kind, IN1, Decimal(difference))
    assert (case.reason, case.break_row, case.amount) == (kind, found, Decimal(difference))
    assert case.team == ("billing_ops" if kind == "CURRENCY_MISMATCH" else "finance")
    assert case.evidence["left"]["gross"] == "100.00" and bool(case.evidence["right"]) == bool(right)
    assert case.customer_name == "Customer 1" and case.correlation_id.startswith("deal:")
    # and it is open, by its case
    assert run.status == "open_exceptions"
    assert (run.totals["USD"]["explained"], run.totals["USD"]["unexplained"]) == (unexplained, "0.00")


def test_sums_are_never_added_across_currencies(company: Company, billed: Books) -> None:
    # given an invoice over 100 dollars that the ERP shows as 90 euros
    billed.lists["invoice"] = [line(IN1, "90.00", currency="EUR", day=DAY), line(IN2, "100.00", day=DAY)]
    run = invoices(company)
    # then each sum stands under its own currency
    assert {name: (sums["left"], sums["right"]) for name, sums in run.totals.items()} == {
        "USD": ("200.00", "100.00"),
        "EUR": ("0.00", "90.00"),
    }
    assert (run.totals["USD"]["explained"], run.totals["EUR"]["explained"]) == ("100.00", "-90.00")


def test_what_exists_only_on_the_right_is_never_explained_away(company: Company, billed: Books) -> None:
    # given a document in the ERP that billing does not have
    billed.lists["invoice"].append(line("invoice:paper:in_99", "55.00", day=DAY))
    run = invoices(company)
    # then it is a break with a case, and it stays unexplained however long that is open
    assert (Break.objects.get().kind, Break.objects.get().difference) == ("MISSING_IN_SOURCE", Decimal("-55"))
    assert run.status == "unexplained" and run.totals["USD"]["unexplained"] == "-55.00"
    assert invoices(company).status == "unexplained" and ExceptionCase.objects.count() == 1


@pytest.mark.parametrize("side", ["billing", "erp"])
def test_what_a_system_lists_twice_is_counted_once_and_found(
    company: Company, billed: Books, paper: Any, side: str
) -> None:
    # given a document that one of the systems holds twice under the same reference
    paper(side).lists["invoice"].append(line(IN1, "100.00", day=DAY))
    run = invoices(company)
    # then nothing of the other side is counted twice
    sums = run.totals["USD"]
    extra = {"billing": "left", "erp": "right"}[side]
    assert sums[extra] == "300.00" and sums[{"left": "right", "right": "left"}[extra]] == "200.00"
    found = Break.objects.get()
    assert (found.kind, found.reference) == ("LISTED_TWICE", f"{IN1}#2")
    assert found.difference == Decimal(100 if side == "billing" else -100)
    assert ExceptionCase.objects.get().team == "finance"
    # and once it is gone, that is over
    paper(side).lists["invoice"].pop()
    assert invoices(company).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_of_two_listed_the_one_that_agrees_is_the_match(company: Company, billed: Books) -> None:
    # given a second, smaller line under the same reference, listed before the right one
    billed.lists["invoice"].insert(0, line(IN1, "64.00", day=DAY))
    run = invoices(company)
    found = Break.objects.get()
    assert (found.kind, found.difference) == ("LISTED_TWICE", Decimal(-64))
    assert run.totals["USD"]["unexplained"] == "-64.00"


def test_what_is_listed_twice_and_missing_there_is_two_findings(company: Company, billed: Books, paper: Any) -> None:
    paper("billing").lists["invoice"].append(line(IN2, "100.00", day=DAY))
    billed.lists["invoice"].pop()
    run = invoices(company)
    kinds = dict(Break.objects.values_list("reference", "kind"))
    assert kinds == {IN2: "MISSING_IN_TARGET", f"{IN2}#2": "LISTED_TWICE"}
    assert (run.totals["USD"]["left"], run.totals["USD"]["right"]) == ("300.00", "100.00")


def test_running_again_keeps_every_run_and_opens_nothing_twice(company: Company, billed: Books) -> None:
    billed.lists["invoice"].pop()
    first, second = invoices(company), invoices(company)
    assert (first.version, second.version) == (1, 2)
    assert Break.objects.count() == ExceptionCase.objects.count() == 1
    # both readings are kept, one of them in force
    assert ControlStage.objects.filter(side="right").count() == 2
    assert ControlStage.objects.filter(side="right", is_current=True).count() == 1


def test_two_readings_in_force_are_refused_by_the_database(company: Company, billed: Books) -> None:
    invoices(company)
    row = ControlStage.objects.filter(side="left").get()
    row.pk = None
    with pytest.raises(IntegrityError, match="one_current_reading"), transaction.atomic():
        row.save(force_insert=True)


def test_a_reading_says_what_an_auditor_asks(company: Company, billed: Books) -> None:
    invoices(company)
    row = ControlStage.objects.get(side="right")
    assert (row.connection, row.line_count, row.source_count, row.pages) == (company.erp, 2, 2, 1)
    assert row.query == f"invoice of {DAY}" and len(row.sha256) == 64
    assert ControlLine.objects.filter(stage=row).count() == 2


# -- what is explained --------------------------------------------------------------------------------
def test_a_document_with_a_case_of_its_own_is_explained(company: Company, paper: Any) -> None:
    # given an invoice the ERP refused
    company.sells(1)
    paper("erp").next.append(Rejected("no", reason="DIMENSION_MISSING"))
    company.bills(1)
    company.settles()
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    # when the control runs, then it is known already: no break
    run = invoices(company)
    assert run.status == "tied_with_items" and not Break.objects.exists()
    assert (run.totals["USD"]["explained"], run.totals["USD"]["unexplained"]) == ("100.00", "0.00")


def test_a_case_at_another_systems_delivery_explains_nothing_here(company: Company, paper: Any, machine: Any) -> None:
    # given a customer that billing refused and the ERP simply does not have
    paper("billing").next.append(Rejected("no", reason="UNCLASSIFIED"))
    company.hears(customer(1))
    company.settles()
    paper("crm").lists["customer"] = [line(customer(1).reference, "0.00", day=DAY)]
    # then the ERP's lack is a break of its own
    run = runner.run("customers_in_erp", entity=company.entity, business_date=DAY)
    assert run.status in ("unexplained", "open_exceptions") and Break.objects.get().kind == "MISSING_IN_TARGET"
    # and billing's is explained by its case
    run = runner.run("customers_in_billing", entity=company.entity, business_date=DAY)
    assert run.status == "tied_with_items"


def test_waiting_at_another_system_explains_nothing_here(company: Company, paper: Any) -> None:
    # given a parent that billing refused, for which its subsidiary waits there; the ERP simply lacks the subsidiary
    paper("billing").next.append(Rejected("no", reason="UNCLASSIFIED"))
    child = customer(2, parent_reference=customer(1).reference)
    company.hears(customer(1), child)
    company.settles()
    assert Delivery.objects.get(reference=child.reference, role="billing").condition == "waiting"
    for code in ("crm", "erp"):
        paper(code).lists["customer"] = [line(customer(1).reference, "0.00", day=DAY)]
    paper("crm").lists["customer"].append(line(child.reference, "0.00", day=DAY))
    # when both are asked
    runner.run("customers_in_erp", entity=company.entity, business_date=DAY)
    assert (Break.objects.get().control, Break.objects.get().reference) == ("customers_in_erp", child.reference)
    assert runner.run("customers_in_billing", entity=company.entity, business_date=DAY).status == "tied_with_items"


def test_a_document_is_explained_by_the_case_it_waits_for_at_the_end_of_a_chain(company: Company, paper: Any) -> None:
    # given a country nobody knows; a subsidiary in a known one waits for it; its deal waits; its invoice waits
    company.hears(customer(1, country="Philipines"))
    company.hears(deal(1))
    company.hears(invoice(1), source=company.billing)
    company.settles()
    paper("crm").lists["contract"] = [line(deal(1).reference, "100.00", day=DAY)]
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    # when both legs are asked, then both are explained by the one case
    for name in ("committed_vs_contracted", "invoices"):
        run = runner.run(name, entity=company.entity, business_date=DAY)
        assert run.status == "tied_with_items" and run.totals["USD"]["explained"] == "100.00"
    assert ExceptionCase.objects.get().reason == "COUNTRY_UNKNOWN" and not Break.objects.exists()


@pytest.mark.parametrize(
    ("condition", "bucket"),
    [("due", "in_flight"), ("in_doubt", "in_flight"), ("waiting", "in_flight"), ("held", "held")],
)
def test_what_is_on_its_way_or_held_is_told_apart_and_is_no_break(
    company: Company, paper: Any, condition: str, bucket: str
) -> None:
    company.sells(1)
    row = company.bills(1)
    Delivery.objects.filter(pk=row.pk).update(condition=condition, waits_for="x", held_until="2027-01-01T00:00Z")
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    run = invoices(company)
    assert run.status == "tied_with_items" and run.totals["USD"][bucket] == "100.00"
    assert not Break.objects.exists()


def test_an_invoice_in_doubt_is_on_its_way_until_it_is_clear(company: Company, paper: Any) -> None:
    company.sells(1)
    company.bills(1)
    paper("erp").next.append(LOST_CALL)
    company.carries("posting")
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    assert invoices(company).totals["USD"]["in_flight"] == "100.00"


# -- healing ------------------------------------------------------------------------------------------
def test_a_break_healed_in_the_other_system_closes_its_case_as_fixed_outside(company: Company, billed: Books) -> None:
    # given a missing invoice
    gone = billed.lists["invoice"].pop()
    invoices(company)
    # when somebody books it there by hand
    billed.lists["invoice"].append(gone)
    run = invoices(company)
    # then the break is healed and its case says how
    case, found = ExceptionCase.objects.get(), Break.objects.get()
    assert (case.status, case.resolution) == ("closed", "fixed_outside")
    assert found.healed_in == run and run.status == "tied"


def test_a_difference_that_changes_its_kind_is_a_new_break(company: Company, billed: Books) -> None:
    billed.lists["invoice"] = [line(IN2, "100.00", day=DAY)]
    invoices(company)
    billed.lists["invoice"] = [line(IN1, "1.00", day=DAY), line(IN2, "100.00", day=DAY)]
    invoices(company)
    assert [(found.kind, found.healed_at is None) for found in Break.objects.order_by("pk")] == [
        ("MISSING_IN_TARGET", False),
        ("AMOUNT_MISMATCH", True),
    ]
    assert set(ExceptionCase.objects.values_list("reason", "status")) == {
        ("MISSING_IN_TARGET", "closed"),
        ("AMOUNT_MISMATCH", "open"),
    }


def test_a_deleted_invoice_is_posted_again_after_approval_and_the_control_turns_green(
    company: Company, billed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an invoice deleted in the ERP's books, found by the control
    billed.delete(IN1)
    billed.lists["invoice"] = [line(IN2, "100.00", day=DAY)]
    invoices(company)
    request = ask("post_again", at(case_of("MISSING_IN_TARGET")), user=preparer())
    assert request.kind == "money" and request.totals == {"USD": "100.00"}

    def listed(parcel: Any) -> None:
        billed.lists["invoice"].append(line(parcel.reference, "100.00", day=DAY))

    billed.during_deliver = listed
    # when it is approved
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then it was looked up first, posted in a new round, read back, and the case is closed as fixed
    assert (run.status, run.items.get().note) == ("done", "Posted and checked")
    assert billed.finds == [IN1] and len(billed.of(IN1)) == 1
    case = ExceptionCase.objects.get()
    assert (case.status, case.resolution) == ("closed", "fixed")
    assert Delivery.objects.get(reference=IN1).round == 2
    assert ControlRun.objects.filter(control="invoices").order_by("-version").first().status == "tied"


def test_a_changed_amount_is_brought_back_to_what_billing_issued(company: Company, billed: Books) -> None:
    # given an invoice somebody changed in the ERP
    billed.change(IN1, total=Decimal("64.00"))
    billed.lists["invoice"] = [line(IN1, "64.00", day=DAY), line(IN2, "100.00", day=DAY)]
    invoices(company)
    request = ask("correct_in_erp", at(case_of("AMOUNT_MISMATCH")), user=preparer())
    (write,) = request.preview["writes"]
    assert (write["before"], write["after"]) == ("USD 64.00", "USD 100.00")

    def listed(parcel: Any) -> None:
        assert parcel.operation == "correct"
        billed.lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]

    billed.during_deliver = listed
    run = finish(approvals.approve(request.pk, user=approver()), company)
    assert run.status == "done" and billed.of(IN1)[0].subject.total == Decimal("100.00")
    assert len(billed.of(IN1)) == 1 and ExceptionCase.objects.get().resolution == "fixed"


# -- not run ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [Unavailable("down", system="paper_erp"), ZeroDivisionError("a bug of ours")])
def test_a_control_that_could_not_run_says_so_and_is_a_case(company: Company, billed: Books, error: Any) -> None:
    # given an ERP that cannot be read
    billed.trouble_listing = error
    run = invoices(company)
    case = ExceptionCase.objects.get()
    assert (run.status, case.reason, case.control_run) == ("not_run", "CONTROL_NOT_RUN", run) and run.trouble
    # when it is run later by its fix
    billed.trouble_listing = None
    who, fix = person("support", "Integration support"), FIXES["run_control"]
    shown = approvals.prepare(fix, at(case), {}, user=who)
    done = finish(approvals.start(fix, at(case), {}, user=who, sha256=shown.sha256), company)
    # then the case is closed
    case.refresh_from_db()
    assert done.status == "done" and case.status == "closed"


def test_an_entity_without_a_system_for_a_side_is_told_apart_from_agreement(company: Company) -> None:
    company.entity.routes.filter(role="erp").delete()
    assert invoices(company).status == "not_run"


# -- digits -------------------------------------------------------------------------------------------
def test_currencies_of_other_digits_keep_them(company: Company, paper: Any) -> None:
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [
            line("invoice:a", "500", currency="JPY", day=DAY),
            line("invoice:b", "1.234", currency="KWD", day=DAY),
        ]
    run = invoices(company)
    assert (run.totals["JPY"]["left"], run.totals["KWD"]["left"]) == ("500", "1.234")


def test_an_amount_a_system_prints_with_too_many_digits_is_not_rounded_away(company: Company, paper: Any) -> None:
    # given an ERP that lists 100.004 dollars
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    paper("erp").lists["invoice"] = [line(IN1, "100.004", day=DAY)]
    # then the control does not quietly call that equal
    assert invoices(company).status == "not_run"
