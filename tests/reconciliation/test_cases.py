"""Cases: one per thing and reason, owned, closing by themselves, and one problem per cause."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from connectors.errors import Rejected
from reconciliation import cases, open_problems
from reconciliation.models import CaseComment, ExceptionCase, OwnershipRule, Problem
from sync import blocks, rounds, work
from sync.models import Block, Delivery, JournalEntry, WorkItem
from tests.reconciliation.desk import billing_ops, preparer, unmapped
from tests.small_company import Company, customer, deal


def test_a_thing_with_a_problem_has_exactly_one_open_case(company: Company) -> None:
    # given a deal that stopped
    unmapped(company, 1)
    item = WorkItem.objects.get(flow="closed_won_to_billing")
    # when it stops again for the same reason, twice
    for _ in range(2):
        WorkItem.objects.filter(pk=item.pk).update(condition="due")
        work.work_due()
    # then it is the same case, counted up
    case = ExceptionCase.objects.get()
    assert (case.status, case.occurrences) == ("open", 3)
    assert Block.objects.filter(cleared_at=None).count() == 1


def test_a_second_open_case_is_refused_by_the_database(company: Company) -> None:
    unmapped(company, 1)
    case = ExceptionCase.objects.get()
    case.pk = None
    with pytest.raises(IntegrityError, match="one_open_case_per_work_item"), transaction.atomic():
        case.save(force_insert=True)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"delivery_id": 1}, "case_is_about_one_thing"),
        ({"work_item_id": None}, "case_is_about_one_thing"),
        ({"team": "nobody"}, "case_is_owned_by_a_team"),
        ({"status": "closed"}, "closed_case_says_how"),
    ],
)
def test_the_database_holds_what_every_case_must_have(company: Company, values: dict, constraint: str) -> None:
    unmapped(company, 1)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ExceptionCase.objects.update(**values)


def test_a_case_and_its_cause_are_one_commit(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a failure while the case is being opened
    def fails(*_, **__):
        raise RuntimeError("no case")

    item = company.hears(customer(1))[0]
    monkeypatch.setattr(cases, "open_cases", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        blocks.put([blocks.Stop(work_item=item, reason="UNCLASSIFIED")])
    # then the block is not there either
    assert not Block.objects.exists()


def test_one_cause_is_one_problem_with_a_case_each(company: Company) -> None:
    problem = unmapped(company, 5, amount="4821.00")
    (one,) = open_problems.open_problems()
    assert (one.problem, one.count, one.money, one.owner) == (problem, 5, {"USD": "24105.00"}, "Billing operations")
    assert one.title == "Product has no billing plan: GTXPro"


def test_money_is_never_added_across_currencies(company: Company) -> None:
    company.hears(customer(1))
    company.hears(deal(1, product="X", amount="10.00"), deal(2, product="X", amount="20.00", currency="EUR"))
    assert open_problems.open_problems()[0].money == {"USD": "10.00", "EUR": "20.00"}


def test_what_waits_for_a_case_is_counted_beside_it(company: Company) -> None:
    company.hears(customer(1, country="Philipines"))
    company.hears(*(deal(number, amount="10.00") for number in range(1, 4)))
    (one,) = open_problems.open_problems()
    assert (one.count, one.waiting_count, one.waiting_money) == (1, 3, {"USD": "30.00"})


def test_spaces_and_field_case_do_not_make_another_problem() -> None:
    same = cases.fingerprint(system="s", reason="R", field_name="Product", value=" GTX  Pro ")
    assert same == cases.fingerprint(system="s", reason="R", field_name="product", value="GTX Pro")
    assert same != cases.fingerprint(system="s", reason="R", field_name="product", value="GTXPro")


def test_what_goes_through_closes_its_case_by_itself_and_says_so(company: Company) -> None:
    problem = unmapped(company, 1)
    company.map_product("GTXPro")
    WorkItem.objects.filter(condition="blocked").update(condition="due")
    work.work_due()
    case = ExceptionCase.objects.get()
    assert (case.status, case.resolution, case.closed_by) == ("closed", "went_through", None)
    problem.refresh_from_db()
    assert problem.solved_at is not None
    assert JournalEntry.objects.filter(action="case closed", object_key=case.number).exists()


def test_a_solved_problem_that_comes_back_is_the_same_one_regressed(company: Company) -> None:
    # given a solved problem
    problem = unmapped(company, 1)
    mapping = company.map_product("GTXPro")
    WorkItem.objects.filter(condition="blocked").update(condition="due")
    work.work_due()
    # when the mapping has ended and another deal comes
    mapping.valid_to = mapping.valid_from + timedelta(days=1)
    mapping.save()
    company.hears(deal(2, product="GTXPro"))
    # then people see that it is back
    problem.refresh_from_db()
    case = ExceptionCase.objects.get(status="open")
    assert case.problem == problem and case.regressed
    assert problem.regressed_at is not None and problem.solved_at is None


# -- ownership ----------------------------------------------------------------------------------------
def test_a_rule_of_the_company_goes_before_the_reasons_own_team(company: Company) -> None:
    OwnershipRule.objects.create(place=1, reason="PRODUCT_UNMAPPED", amount_from=Decimal("1000"), team="finance")
    company.hears(customer(1))
    company.hears(deal(1, product="X", amount="999.99"), deal(2, product="X", amount="1000.00"))
    assert dict(ExceptionCase.objects.values_list("amount", "team")) == {
        Decimal("999.99"): "billing_ops",
        Decimal("1000"): "finance",
    }


@pytest.mark.parametrize(
    ("rule", "team"),
    [
        ({"customer_name": "Customer 1"}, "sales_ops"),
        ({"customer_name": "Customer 2"}, "billing_ops"),
        ({"system": "paper_crm"}, "sales_ops"),
        ({"system": "netsuite"}, "billing_ops"),
        ({"reason": "TAX_MISMATCH"}, "billing_ops"),
        ({"is_active": False}, "billing_ops"),
        ({}, "sales_ops"),
    ],
)
def test_a_rule_fits_only_what_it_names(company: Company, rule: dict, team: str) -> None:
    OwnershipRule.objects.create(team="sales_ops", **rule)
    unmapped(company, 1)
    assert ExceptionCase.objects.get().team == team


def test_the_first_rule_by_place_wins(company: Company) -> None:
    OwnershipRule.objects.create(place=2, team="finance")
    OwnershipRule.objects.create(place=1, team="sales_ops")
    unmapped(company, 1)
    assert ExceptionCase.objects.get().team == "sales_ops"


def test_a_reason_nobody_knows_belongs_to_integration_support(company: Company, paper) -> None:
    paper("erp").next.append(Rejected("strange", reason="NEVER_HEARD_OF"))
    company.hears(customer(1))
    company.carries("deliver")
    case = ExceptionCase.objects.get()
    assert case.team == "integration" and case.due_at - case.opened_at == timedelta(hours=8)


# -- deliveries ---------------------------------------------------------------------------------------
def test_a_delivery_that_goes_through_later_closes_its_case(company: Company, paper) -> None:
    paper("erp").next.append(Rejected("no", reason="ITEM_UNKNOWN"))
    company.hears(customer(1))
    company.carries("deliver")
    row = Delivery.objects.get(target=company.erp)
    with transaction.atomic():
        assert rounds.release_blocked([row.pk]) == 1
    company.carries("deliver")
    assert ExceptionCase.objects.get().status == "closed"


# -- people -------------------------------------------------------------------------------------------
def test_a_taken_case_is_the_takers_until_the_claim_ends(company: Company, machine) -> None:
    unmapped(company, 1)
    case = ExceptionCase.objects.get()
    one, other = billing_ops(), preparer()
    cases.take(case.pk, user=one)
    with pytest.raises(cases.Conflict, match="billing.ops has this case until"):
        cases.take(case.pk, user=other)
    machine.passes(cases.CLAIM.total_seconds() + 1)
    assert cases.take(case.pk, user=other).assignee == other


def test_two_people_take_one_case_at_once_and_one_of_them_has_it(committed_company: Company, in_threads) -> None:
    unmapped(committed_company, 1)
    case = ExceptionCase.objects.get()
    results = in_threads(lambda user: cases.take(case.pk, user=user), [billing_ops(), preparer()])
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "ExceptionCase"]


def test_a_comment_is_kept_with_its_author_and_an_empty_one_refused(company: Company) -> None:
    unmapped(company, 1)
    case = ExceptionCase.objects.get()
    cases.comment(case.pk, user=billing_ops(), text="  Asked sales.  ")
    assert CaseComment.objects.get().text == "Asked sales."
    with pytest.raises(ValueError, match="Write what you want"):
        cases.comment(case.pk, user=billing_ops(), text=" \n")
    assert Problem.objects.count() == 1
