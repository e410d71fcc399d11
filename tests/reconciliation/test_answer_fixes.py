"""An answer no connector knew becomes a reason of the catalogue: told, owned and grouped as that from then on."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.errors import Rejected
from reconciliation import approvals, sentences
from reconciliation.fixes.fix import InputError, NotPossible
from reconciliation.fixes.registry import FIXES, for_case
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun
from reconciliation.ownership import ownership
from sync import catalogue
from sync.models import Delivery, LearnedAnswer
from tests.reconciliation.desk import approver, ask, at, finish
from tests.small_company import Company, customer, person

pytestmark = pytest.mark.django_db

ANSWER = "SSS_LOCKED: Record 4711 is locked by a  workflow"
WORDS = {"words": "is Locked by a workflow"}
NEW = {
    **WORDS,
    "reason": "new",
    "title": "Locked by a workflow",
    "cause": "A workflow of the ERP has the record of the customer locked.",
    "holds_up": "The object waits until the workflow is over.",
    "seller": "Billing is waiting for an approval in the ERP.",
    "team": "finance",
    "hours": "12",
}


def support() -> Any:
    return person("integration", "Integration support")


def refused(company: Company, paper: Any, *answers: str, first: int = 1) -> None:
    """The ERP refuses so many customers, each with its words."""
    for number, text in enumerate(answers, start=first):
        paper("erp").next.append(Rejected(text, code="X1"))
        company.hears(customer(number))
        company.carries("deliver")


def unknown() -> list[ExceptionCase]:
    return list(ExceptionCase.objects.filter(reason="UNCLASSIFIED", status="open").order_by("pk"))


def classified(company: Company, case: ExceptionCase, inputs: dict[str, str]) -> FixRun:
    request = ask("classify_answer", at(case), inputs, user=support())
    run = approvals.approve(request.pk, user=approver())
    assert run is not None
    return finish(run, company)


def test_what_is_open_and_what_comes_is_told_as_what_it_means(company: Company, paper: Any) -> None:
    # given two refusals of the same words and one of others
    refused(company, paper, ANSWER, ANSWER.replace("4711", "4712"), "Quite another answer")
    first, second, other = unknown()
    assert first.problem_id == other.problem_id and "classify_answer" in [fix.name for fix in for_case(first)]
    # when integration support says what they mean, and another person approves
    run = classified(company, first, NEW)
    # then both are cases of that reason, owned by its team, and the third is as it was
    assert (run.status, run.items.filter(status="succeeded").count()) == ("done", 2)
    assert unknown() == [other]
    found = ExceptionCase.objects.filter(reason="LOCKED_BY_A_WORKFLOW", status="open").order_by("pk")
    assert [case.delivery_id for case in found] == [first.delivery_id, second.delivery_id]
    case = found[0]
    assert (case.team, (case.due_at - case.opened_at).total_seconds()) == ("finance", 12 * 3600)
    assert sentences.title(case) == "Locked by a workflow"
    assert sentences.six(case).why == "A workflow of the ERP has the record of the customer locked."
    assert sentences.for_seller(case).startswith("Billing is waiting for an approval in the ERP. Finance")
    assert [fix.name for fix in for_case(case)] == ["try_again"]
    assert Delivery.objects.get(pk=first.delivery_id).blocked_reason == "LOCKED_BY_A_WORKFLOW"
    # and the next such answer is one of the same problem from the start
    refused(company, paper, ANSWER, first=4)
    assert ExceptionCase.objects.filter(problem=case.problem, status="open").count() == 3 and unknown() == [other]


def test_words_may_mean_a_reason_the_catalogue_has(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    (case,) = unknown()
    assert classified(company, case, {**WORDS, "reason": "POSTING_ON_HOLD"}).status == "done"
    row = LearnedAnswer.objects.get()
    assert (row.words, row.reason, row.title, row.hours) == ("is locked by a workflow", "POSTING_ON_HOLD", "", 0)
    assert (row.drafted_by, row.approved_by) == (support(), approver())
    assert ExceptionCase.objects.get(status="open").reason == "POSTING_ON_HOLD"


def test_the_longest_words_decide_and_only_of_that_system(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    (case,) = unknown()
    classified(company, case, {"words": "locked by a", "reason": "POSTING_ON_HOLD"})
    refused(company, paper, "nobody may today, says the owner", first=2)
    (case,) = unknown()
    classified(company, case, {**NEW, "words": "nobody may today"})
    meant = catalogue.meant
    system = company.erp.system
    assert meant(Rejected("It is LOCKED\nby a man"), system=system) == "POSTING_ON_HOLD"
    assert meant(Rejected("Locked by a man: nobody may today"), system=system) == "LOCKED_BY_A_WORKFLOW"
    assert meant(Rejected("locked by a man"), system="another") == "UNCLASSIFIED"
    # what a connector knows is its own matter
    assert meant(Rejected("locked by a man", reason="ITEM_UNKNOWN"), system=system) == "ITEM_UNKNOWN"


def test_what_is_ended_is_not_recognised_any_more(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    classified(company, unknown()[0], NEW)
    LearnedAnswer.objects.update(valid_to=LearnedAnswer.objects.get().valid_from)
    assert catalogue.meant(Rejected(ANSWER), system=company.erp.system) == "UNCLASSIFIED"
    # and what is open of it is still told in its words
    assert catalogue.reason("LOCKED_BY_A_WORKFLOW").title == "Locked by a workflow"
    assert ownership("LOCKED_BY_A_WORKFLOW").team == "finance"


def test_it_is_proposed_and_changes_nothing_before_a_second_person_says_yes(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    (case,) = unknown()
    words, reason = FIXES["classify_answer"].inputs(at(case))[:2]
    assert words.initial == "x1 sss_locked: record 4711 is locked by a workflow"
    assert reason.choices[0][0] == "new" and "UNCLASSIFIED" not in dict(reason.choices)
    request = ask("classify_answer", at(case), NEW, user=support())
    assert not LearnedAnswer.objects.exists() and unknown() == [case]
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=support())
    assert ApprovalRequest.objects.get().totals == {} and ApprovalRequest.objects.get().count == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("words", "lock", "Give from 8 to 200"),
        ("words", "is open to everybody", "do not stand in the answer"),
        ("reason", "", "Choose a reason"),
        ("reason", "UNCLASSIFIED", "Choose a reason"),
        ("reason", "NO_SUCH", "Choose a reason"),
        ("title", "", "Say this for a new reason"),
        ("title", "Period closed", "The catalogue has a reason of this name"),
        ("title", "!!!", "Use letters"),
        ("title", "x" * 81, "at most 80"),
        ("cause", "", "Say this for a new reason"),
        ("cause", "It has {customer.__class__} locked", "without braces"),
        ("holds_up", " ", "Say this for a new reason"),
        ("team", "nobody", "Choose the team"),
        ("hours", "0", "whole number of hours"),
        ("hours", "721", "whole number of hours"),
        ("hours", "1.5", "whole number of hours"),
    ],
)
def test_what_cannot_be_used_is_said_by_its_name(
    company: Company, paper: Any, field: str, value: str, words: str
) -> None:
    refused(company, paper, ANSWER)
    with pytest.raises(InputError, match=words) as caught:
        ask("classify_answer", at(unknown()[0]), {**NEW, field: value}, user=support())
    assert caught.value.field_name == field


def test_the_same_words_mean_one_thing(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    (case,) = unknown()
    first = ask("classify_answer", at(case), NEW, user=support())
    second = ask("classify_answer", at(case), {**WORDS, "reason": "POSTING_ON_HOLD"}, user=support())
    approvals.approve(first.pk, user=approver())
    with pytest.raises((approvals.Changed, NotPossible)):
        approvals.approve(second.pk, user=approver())
    assert LearnedAnswer.objects.get().reason == "LOCKED_BY_A_WORKFLOW"


def test_the_database_keeps_what_a_new_reason_is(company: Company, paper: Any) -> None:
    refused(company, paper, ANSWER)
    classified(company, unknown()[0], NEW)
    for change in ({"cause": ""}, {"team": ""}, {"hours": 0}, {"title": ""}):
        with pytest.raises(IntegrityError, match="a_new_reason_is_whole"), transaction.atomic():
            LearnedAnswer.objects.update(**change)
    with pytest.raises(IntegrityError, match="learned_answer_approved_by_another"), transaction.atomic():
        LearnedAnswer.objects.update(approved_by=support())


@pytest.mark.parametrize("role", ["Billing operations", "Finance preparer", "Finance approver", "Auditor"])
def test_no_other_team_says_what_an_answer_means(company: Company, paper: Any, role: str) -> None:
    refused(company, paper, ANSWER)
    fix, target = FIXES["classify_answer"], at(unknown()[0])
    sha256 = approvals.prepare(fix, target, NEW, user=support()).sha256
    with pytest.raises(approvals.Refused):
        approvals.ask(fix, target, NEW, user=person("somebody", role), sha256=sha256)
