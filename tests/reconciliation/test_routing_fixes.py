"""Who sells is said by one person and approved by finance; then what waited goes through."""

import pytest

from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.fix import InputError, NotPossible, Target
from reconciliation.fixes.registry import FIXES, for_case
from reconciliation.models import ExceptionCase
from sync.models import ContractRecord, EntityMapping
from tests.small_company import DAY, Company, customer, deal, deal_id, person

pytestmark = pytest.mark.django_db
FIX = FIXES["say_who_sells"]


def stopped(company: Company, *numbers: int) -> Target:
    company.hears(customer(1))
    company.hears(*(deal(number, signatory="Somebody Ltd") for number in numbers))
    return Target(problem=ExceptionCase.objects.filter(status="open").first().problem)  # type: ignore[union-attr]


def decide(target: Target, **inputs: str) -> None:
    asker, approver = person("finance.preparer", "Finance preparer"), person("finance.approver", "Finance approver")
    inputs = {"valid_from": DAY.isoformat(), **inputs}
    sha256 = FIX.preview(target, inputs, user=asker).sha256
    run = approvals.approve(approvals.ask(FIX, target, inputs, user=asker, sha256=sha256).pk, user=approver)
    for _ in range(10):
        if runner.advance(run.pk):
            return
    raise AssertionError("the run did not end")


def test_a_signatory_is_named_once_and_all_its_deals_go_through(company: Company, monkeypatch) -> None:
    target = stopped(company, 1, 2)
    assert [fix.name for fix in for_case(target.open_cases()[0])][0] == "say_who_sells"
    advance = runner.advance
    monkeypatch.setattr(runner, "advance", lambda pk: (company.settles(), advance(pk))[1])
    decide(target, entity="US01", basis="signatory")
    company.settles()
    row = EntityMapping.objects.get(basis="signatory")
    assert (row.key, row.entity.code) == ("Somebody Ltd", "US01") and row.approved_by != row.drafted_by
    assert ContractRecord.objects.count() == 2 and not ExceptionCase.objects.filter(status="open").exists()


def test_one_contract_may_go_its_own_way_alone(company: Company, monkeypatch) -> None:
    target = stopped(company, 1)
    advance = runner.advance
    monkeypatch.setattr(runner, "advance", lambda pk: (company.settles(), advance(pk))[1])
    decide(target, entity="US01", basis="contract")
    assert EntityMapping.objects.get(basis="contract").key == f"contract:{deal_id(1)}"
    # the next one of the same signatory is asked about again
    (item,) = company.hears(deal(2, signatory="Somebody Ltd"))
    assert item.condition == "blocked"


def test_what_cannot_be_meant_is_refused_by_name(company: Company) -> None:
    target, user = stopped(company, 1, 2), person("finance.preparer", "Finance preparer")
    day = {"valid_from": DAY.isoformat()}
    for inputs, field in (
        ({"entity": "XX", "basis": "signatory"}, "entity"),
        ({"entity": "US01", "basis": "contract"}, "basis"),
        ({"entity": "US01", "basis": "country"}, "basis"),
    ):
        with pytest.raises(InputError) as raised:
            FIX.preview(target, {**day, **inputs}, user=user)
        assert raised.value.field_name == field
    EntityMapping.objects.create(
        basis="signatory", key="Somebody Ltd", entity=company.entity, status="approved", valid_from=DAY,
        drafted_by=company.drafter, drafted_at=target.problem.first_seen_at, approved_by=company.approver,
        approved_at=target.problem.first_seen_at,
    )  # fmt: skip
    with pytest.raises(NotPossible, match="End that rule"):
        FIX.preview(target, {**day, "entity": "US01", "basis": "signatory"}, user=user)
