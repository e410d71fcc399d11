"""A yes to a part: what an approver leaves out is not touched, stays open, and can be asked for again."""

import dataclasses
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from reconciliation import approvals
from reconciliation.approval_parts import ReasonMissing
from reconciliation.fixes.fix import NotPossible, Target
from reconciliation.fixes.registry import FIXES, for_case, for_problem
from reconciliation.models import (
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalYes,
    ExceptionCase,
    FixItem,
    FixRun,
    Problem,
)
from sync import clock
from sync.models import AccountingPeriod, Delivery, JournalEntry, ProductMapping
from sync.states import Condition
from tests.paper_erp import books
from tests.reconciliation.desk import MAPPING, approver, ask, billing_ops, finish, preparer, unmapped
from tests.small_company import Company, invoice, person

WHY = "The seller is asked first."


def refused_postings(company: Company, count: int, *, amount: str = "100.00") -> Problem:
    """Invoices of one closed period, none of them in the ERP."""
    company.sells(1, amount=amount)
    company.period("closed")
    for number in range(1, count + 1):
        company.bills(number, amount=amount)
    company.carries("posting")
    return Problem.objects.get(reason="PERIOD_CLOSED")


@pytest.fixture
def postings(company: Company) -> Problem:
    found = refused_postings(company, 4)
    month(company, "open")
    return found


def month(company: Company, state: str) -> None:
    """The month of the invoices is open, or closed, in the ERP and as mirrored."""
    held = books(company.erp.code)
    held.periods[:] = [dataclasses.replace(one, state=state) for one in held.periods]
    AccountingPeriod.objects.update(state=state)


def cases(problem: Problem) -> list[ExceptionCase]:
    return list(problem.cases.filter(status="open").order_by("effective_on", "reference", "pk"))


def second_approver() -> User:
    return person("other.approver", "Finance approver")


# -- money: one request for many documents --------------------------------------------------------------
def test_many_refused_documents_are_one_request_that_lists_each(postings: Problem) -> None:
    # given four invoices refused for one closed month, when finance asks for all of them at once
    assert [fix.name for fix in for_problem(postings)] == ["post_in_first_open_period", "try_again"]
    request = ask("try_again", Target(problem=postings), user=preparer())
    # then each is in the list, in the hash, and in the sum per currency
    assert (request.kind, request.count, request.totals) == ("money", 4, {"USD": "400.00"})
    assert [row["case"] for row in request.preview["members"]] == [case.number for case in cases(postings)]
    assert len(request.change["moves"]) == len(request.preview["writes"]) == 4
    assert request.preview["says"].startswith("After a second person approves, 4 documents are looked up there")
    assert request.preview["ledger_effect"] == "Each as one alone would be, together USD 400.00."


def test_after_the_yes_one_document_goes_first_and_then_the_others(company: Company, postings: Problem) -> None:
    run = approvals.approve(ask("try_again", Target(problem=postings), user=preparer()).pk, user=approver())
    finish(run, company)
    assert (run.status, run.note) == ("done", "4 went through, 0 were refused.")
    assert not cases(postings) and not Delivery.objects.exclude(condition="settled").exists()


def test_a_document_that_stops_later_is_not_in_a_request_that_was_made_before(
    company: Company, postings: Problem
) -> None:
    # given a request for four, and a fifth of the same reason since
    request = ask("try_again", Target(problem=postings), user=preparer())
    month(company, "closed")
    company.bills(5)
    company.carries("posting")
    month(company, "open")
    assert len(cases(postings)) == 5
    # when it is approved
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then the fifth was not touched
    assert run.items.count() == 4 and [case.document for case in cases(postings)] == [
        ExceptionCase.objects.get(reference=invoice(5).reference).document
    ]


def test_a_document_that_went_through_meanwhile_does_not_hold_up_the_others(
    company: Company, postings: Problem
) -> None:
    # given a request for four, of which the first one went through another way
    request = ask("try_again", Target(problem=postings), user=preparer())
    Delivery.objects.filter(pk=cases(postings)[0].delivery_id).update(condition=Condition.DUE)
    ExceptionCase.objects.filter(pk=cases(postings)[0].pk).update(
        status="closed", closed_at=clock.now(), resolution="went_through"
    )
    # when it is approved, then the other three are done
    run = finish(approvals.approve(request.pk, user=approver()), company)
    assert run.items.count() == 3 and run.status == "done"


def test_one_amount_that_changed_makes_the_whole_request_outdated(postings: Problem) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    Delivery.objects.filter(pk=cases(postings)[2].delivery_id).update(amount="101.00")
    with pytest.raises(approvals.Changed):
        approvals.approve(request.pk, user=approver())
    request.refresh_from_db()
    assert request.status == "outdated" and not FixRun.objects.exists()


def test_what_an_approver_leaves_out_is_not_posted_and_stays_open(company: Company, postings: Problem) -> None:
    # given a request for four documents
    request = ask("try_again", Target(problem=postings), user=preparer())
    kept = cases(postings)[1]
    # when the approver says yes to three
    run = approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[kept.pk])
    finish(run, company)
    # then these three went through, the fourth is where it was, and everybody can see why
    assert run.items.count() == 3 and [case.pk for case in cases(postings)] == [kept.pk]
    request.refresh_from_db()
    assert (request.status, request.left_out) == ("approved", frozenset([kept.pk]))
    assert request.approved_totals == {"USD": "300.00"} and request.totals == {"USD": "400.00"}
    note = JournalEntry.objects.get(action="approved")
    assert note.text.endswith(f"Left out: 1 of 4 ({kept.number}).")
    # and it can be asked for again, by itself
    again = ask("try_again", Target(problem=postings), user=preparer())
    finish(approvals.approve(again.pk, user=approver()), company)
    assert not cases(postings)


def test_several_approvers_each_leave_some_out_and_only_what_all_covered_is_done(company: Company) -> None:
    # given a sum that takes two approvers
    ApprovalPolicy.objects.create(version=9, limit=1, second_tier=2, third_tier=10**6, in_force_from=clock.now())
    postings = refused_postings(company, 4)
    month(company, "open")
    request = ask("try_again", Target(problem=postings), user=preparer())
    assert request.approvers_needed == 2
    one, two, *_ = cases(postings)
    now = clock.now()
    # when one leaves out the first, the other the second
    done = approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[one.pk], proved_at=now)
    assert done is None
    run = approvals.approve(request.pk, user=second_approver(), because="Too large", leave_out=[two.pk], proved_at=now)
    # then only the other two are done
    finish(run, company)
    assert run.items.count() == 2 and [case.pk for case in cases(postings)] == [one.pk, two.pk]


def test_two_approvers_who_leave_everything_out_between_them_are_told_so(company: Company) -> None:
    ApprovalPolicy.objects.create(version=9, limit=1, second_tier=2, third_tier=10**6, in_force_from=clock.now())
    postings = refused_postings(company, 2)
    month(company, "open")
    request = ask("try_again", Target(problem=postings), user=preparer())
    one, two = cases(postings)
    now = clock.now()
    approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[one.pk], proved_at=now)
    with pytest.raises(NotPossible, match="Nothing would be left to do"):
        approvals.approve(request.pk, user=second_approver(), because=WHY, leave_out=[two.pk], proved_at=now)
    request.refresh_from_db()
    assert request.status == "pending" and request.yeses.count() == 1


def test_what_was_left_out_counts_no_more_towards_what_its_asker_asks_for(company: Company) -> None:
    # given a yes to 100 of 400
    ApprovalPolicy.objects.create(version=9, limit=450, second_tier=500, third_tier=10**6, in_force_from=clock.now())
    postings = refused_postings(company, 4)
    month(company, "open")
    request = ask("try_again", Target(problem=postings), user=preparer())
    left = [case.pk for case in cases(postings)[1:]]
    finish(approvals.approve(request.pk, user=approver(), because=WHY, leave_out=left), company)
    # when the rest is asked for again, then 400 of a day count, and not 700
    again = ask("try_again", Target(problem=postings), user=preparer())
    assert (again.counts_as, again.approvers_needed) == (400, 1)


@pytest.mark.parametrize(
    ("leaves", "because", "error", "words"),
    [
        (1, " ", ReasonMissing, "Say why you leave some out"),
        (4, WHY, NotPossible, "Refuse the request instead"),
    ],
)
def test_leaving_out_takes_a_reason_and_leaves_something_to_do(
    postings: Problem, leaves: int, because: str, error: type[Exception], words: str
) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    left = [case.pk for case in cases(postings)[:leaves]]
    with pytest.raises(error, match=words):
        approvals.approve(request.pk, user=approver(), because=because, leave_out=left)
    assert not FixRun.objects.exists() and not ApprovalYes.objects.exists()


def test_only_cases_of_the_list_can_be_left_out(company: Company, postings: Problem) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    with pytest.raises(NotPossible, match="EXC-999999 is not in"):
        approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[999999])


def test_what_was_asked_for_one_case_is_approved_whole_or_not_at_all(postings: Problem) -> None:
    case = cases(postings)[0]
    request = ask("try_again", Target(problem=postings, case=case), user=preparer())
    with pytest.raises(NotPossible, match="whole or not at all"):
        approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[case.pk])


def test_who_mapped_a_product_of_any_listed_document_may_not_approve_it(company: Company, postings: Problem) -> None:
    # given an approver who drafted the mapping that one of the four documents went through
    mapper = person("mapper", "Finance approver")
    ProductMapping.objects.update(drafted_by=mapper)
    request = ask("try_again", Target(problem=postings), user=preparer())
    with pytest.raises(approvals.Refused, match="You drafted a mapping"):
        approvals.approve(request.pk, user=mapper)


# -- what the database holds ----------------------------------------------------------------------------
def test_the_database_takes_no_item_an_approver_left_out_and_none_that_was_not_shown(
    company: Company, postings: Problem
) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    kept, foreign = cases(postings)[1], ExceptionCase.objects.order_by("pk").first()
    run = approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[kept.pk])
    with pytest.raises(IntegrityError, match="items_were_approved: an approver left"), transaction.atomic():
        FixItem.objects.create(run=run, place=9, case=kept)
    month(company, "closed")
    company.bills(7)
    company.carries("posting")
    foreign = ExceptionCase.objects.get(reference=invoice(7).reference)
    with pytest.raises(IntegrityError, match="was not in the list that was approved"), transaction.atomic():
        FixItem.objects.create(run=run, place=9, case=foreign)
    with pytest.raises(IntegrityError, match="item_stays"), transaction.atomic():
        FixItem.objects.filter(run=run, place=1).update(case=foreign)


def test_the_database_wants_a_reason_for_what_is_left_out(postings: Problem) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    with pytest.raises(IntegrityError, match="left_out_for_a_reason"), transaction.atomic():
        ApprovalYes.objects.create(request=request, user=approver(), said_at=clock.now(), left_out=[1])


# -- a mapping ------------------------------------------------------------------------------------------
def test_a_mapping_can_be_approved_and_some_of_its_deals_left_waiting(company: Company) -> None:
    # given three deals that wait for a product
    problem = unmapped(company, 3)
    request = ask("map_product", Target(problem=problem), MAPPING, user=billing_ops())
    kept = cases(problem)[0]
    # when finance approves the mapping, but for the first deal
    run = finish(approvals.approve(request.pk, user=approver(), because=WHY, leave_out=[kept.pk]), company)
    # then the mapping holds, two went through, and the first waits and can be let go without a second mapping
    assert ProductMapping.objects.filter(crm_product="GTXPro", status="approved").exists()
    assert run.items.count() == 2 and [case.pk for case in cases(problem)] == [kept.pk]
    kept.refresh_from_db()
    assert [fix.name for fix in for_case(kept)][0] == "read_again"
    target = Target(problem=problem, case=kept)
    shown = approvals.prepare(FIXES["read_again"], target, {}, user=billing_ops())
    finish(approvals.start(FIXES["read_again"], target, {}, user=billing_ops(), sha256=shown.sha256), company)
    assert not cases(problem)


# -- doors ----------------------------------------------------------------------------------------------
def test_the_page_takes_ticks_and_says_what_is_missing_without_losing_them(postings: Problem, client: Client) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    kept = cases(postings)[2]
    client.force_login(approver())
    page = client.get(reverse("desk:approval", args=[request.pk])).content.decode()
    assert page.count('name="leave_out"') == 4
    # when the reason is missing, then the tick stays
    body: dict[str, Any] = {"sha256": request.change_sha256, "because": "", "leave_out": kept.number}
    answer = client.post(reverse("desk:approval_decide", args=[request.pk, "approve"]), body)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Say why you leave some out" in page
    assert f'value="{kept.number}" aria-label="Leave out {kept.number}" checked' in page
    # when it is given, then three go
    answer = client.post(reverse("desk:approval_decide", args=[request.pk, "approve"]), body | {"because": WHY})
    assert answer.status_code == 302 and FixRun.objects.get().items.count() == 3
    page = client.get(reverse("desk:approval", args=[request.pk])).content.decode()
    assert "1 of 4 cases was left out." in page and "Left out" in page


def test_the_api_takes_the_numbers_to_leave_out(postings: Problem, client: Client) -> None:
    request = ask("try_again", Target(problem=postings), user=preparer())
    kept = cases(postings)[0]
    client.force_login(approver())
    path, body = f"/api/v1/approvals/{request.pk}/approve", {"leave_out": [kept.number]}
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 400 and "Say why" in str(answer.json())
    answer = client.post(path, {"leave_out": ["EXC-0"], "because": WHY}, content_type="application/json")
    assert answer.status_code == 400 and "leave_out" in str(answer.json())
    answer = client.post(path, body | {"because": WHY}, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["left_out"] == [kept.number]
    assert answer.json()["approved_totals"] == {"USD": "300.00"} and FixRun.objects.get().items.count() == 3


def test_many_documents_are_previewed_with_few_questions(company: Company, postings: Problem) -> None:
    # given four documents, then three more
    who = preparer()

    def asked() -> int:
        with connection.execute_wrapper(counting := Counting()):
            FIXES["try_again"].preview(Target(problem=postings), {}, user=who)
        return counting.count

    few = asked()
    month(company, "closed")
    for number in (5, 6, 7):
        company.bills(number)
    company.carries("posting")
    month(company, "open")
    assert asked() == few and ApprovalRequest.objects.count() == 0


class Counting:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)
