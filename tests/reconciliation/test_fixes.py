"""Fixes: shown before they are done, one first and then all, stopped when too many are refused, checked afterwards."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from connectors.errors import Misconfigured, Rejected, Unavailable
from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.fix import InputError, NotPossible, Target
from reconciliation.fixes.registry import FIXES, for_case, for_problem
from reconciliation.models import ExceptionCase, FixItem, FixRun, Problem
from sync import parcels, reading, work
from sync.models import ConnectionHealth, ContractRecord, CountryMapping, Delivery, ProductMapping, WorkItem
from sync.states import Condition
from tests.reconciliation.desk import MAPPING, approver, ask, at, billing_ops, case_of, finish, preparer, unmapped
from tests.small_company import Company, customer, deal, invoice, person


# -- product mapping ----------------------------------------------------------------------------------
def test_a_preview_shows_what_it_releases_and_changes_nothing(company: Company) -> None:
    # given three deals that wait for a product, of different days
    company.hears(customer(1))
    days = [date(2026, 5, 9), date(2026, 5, 3), date(2026, 5, 6)]
    company.hears(*(deal(n, product="Ba sic", amount="4821.00", signed_on=day) for n, day in enumerate(days, start=1)))
    target = Target(problem=Problem.objects.get())
    # when somebody looks
    product, valid_from = FIXES["map_product"].inputs(target)
    shown = approvals.prepare(
        FIXES["map_product"], target, {"product": product.initial, "valid_from": valid_from.initial}, user=billing_ops()
    )
    # then count, money and first day are proposed, the oldest first, with the reason for the proposal
    assert (product.initial, valid_from.initial) == ("Basic", "2026-05-03") and "spaces or capitals" in product.help
    assert (shown.count, shown.totals) == (3, {"USD": "14463.00"})
    assert [one["effective_on"] for one in shown.members] == ["2026-05-03", "2026-05-06", "2026-05-09"]
    assert not ProductMapping.objects.filter(crm_product="Ba sic").exists() and not FixRun.objects.exists()


def test_after_approval_one_goes_first_then_all_and_their_cases_close_as_fixed(company: Company) -> None:
    # given five waiting deals and an approved mapping
    problem = unmapped(company, 5)
    request = ask("map_product", Target(problem=problem), MAPPING, user=billing_ops())
    run = approvals.approve(request.pk, user=approver())
    # when the run takes its first step
    assert runner.advance(run.pk) is False
    # then one is released, and no second one before its end is known
    assert runner.advance(run.pk) is False
    assert [item.status for item in run.items.order_by("place")] == ["released"] + ["waiting"] * 4
    # when it went through, then all the others follow
    company.settles()
    finish(run, company)
    assert (run.status, run.note) == ("done", "5 went through, 0 were refused.")
    assert set(ExceptionCase.objects.values_list("status", "resolution")) == {("closed", "fixed")}
    assert ContractRecord.objects.count() == 5
    row = ProductMapping.objects.get(crm_product="GTXPro")
    assert (row.drafted_by.username, row.approved_by.username, row.billing_product) == (
        "billing.ops",
        "finance.approver",
        "basic",
    )
    problem.refresh_from_db()
    assert problem.solved_at is not None


def test_deals_from_before_the_mappings_first_day_are_left_where_they_are(company: Company) -> None:
    # given an old deal and a newer one, and a mapping from between them on
    company.hears(customer(1))
    company.hears(deal(1, product="X", signed_on=date(2026, 5, 2)), deal(2, product="X", signed_on=date(2026, 5, 10)))
    target = Target(problem=Problem.objects.get())
    request = ask("map_product", target, {"product": "Basic", "valid_from": "2026-05-05"}, user=billing_ops())
    # when it is approved
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then the shown one went through and the other was not touched
    assert request.count == run.items.count() == 1 and run.status == "done"
    assert ExceptionCase.objects.get(status="open").occurrences == 1
    assert ContractRecord.objects.get().crm_opportunity_id == deal(2).crm_opportunity_id


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "product"),
        ({"product": "Nothing"}, "product"),
        ({"product": "Basic"}, "valid_from"),
        ({"product": "Basic", "valid_from": "yesterday"}, "valid_from"),
    ],
)
def test_an_input_that_cannot_be_used_is_named(company: Company, inputs: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as refused:
        approvals.prepare(FIXES["map_product"], Target(problem=unmapped(company, 1)), inputs, user=billing_ops())
    assert refused.value.field_name == field


def test_a_mapping_over_one_in_force_is_refused_before_anybody_is_asked(company: Company) -> None:
    problem = unmapped(company, 1)
    company.map_product("GTXPro", valid_from=date(2026, 6, 1))
    with pytest.raises(NotPossible, match="already in force"):
        approvals.prepare(FIXES["map_product"], Target(problem=problem), MAPPING, user=billing_ops())


# -- country ------------------------------------------------------------------------------------------
def test_a_country_is_mapped_and_customer_and_deals_go_through(company: Company) -> None:
    # given one customer in "Philipines" for which four deals wait
    company.hears(customer(1, country="Philipines"))
    company.hears(*(deal(n, amount="25.00") for n in range(1, 5)))
    case = case_of("COUNTRY_UNKNOWN")
    country, valid_from = FIXES["map_country"].inputs(at(case))
    assert country.initial == "PH" and "almost the same" in country.help
    # when that is asked for and approved
    inputs = {"country": country.initial, "valid_from": valid_from.initial}
    request = ask("map_country", at(case), inputs, user=person("sales.ops", "Sales operations"))
    assert (request.count, request.totals) == (4, {"USD": "100.00"})
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then everything is through
    assert run.status == "done" and CountryMapping.objects.get().country == "PH"
    assert Delivery.objects.filter(kind="contract", condition="settled").count() == 4


# -- canary and stop ----------------------------------------------------------------------------------
def broken_deals(company: Company, paper: Any, count: int, *, mended: set[int]) -> Problem:
    """Deals whose lines do not add up; the CRM holds corrected content for some of them."""
    company.hears(customer(1))
    for number in range(1, count + 1):
        shape = dataclasses.replace(deal(number), amount=Decimal("99.00"))
        event = company.event(object_id=str(number), condition="settled")
        with transaction.atomic():
            items, _ = work.register([(event, shape)])
        work.work(items)
        paper("crm").says[str(number)] = [deal(number, record_revision=2) if number in mended else shape]
    return Problem.objects.get(reason="LINES_DO_NOT_SUM")


def read_again(company: Company, problem: Problem) -> FixRun:
    fix, who = FIXES["read_again"], billing_ops()
    shown = approvals.prepare(fix, Target(problem=problem), {}, user=who)
    run = approvals.start(fix, Target(problem=problem), {}, user=who, sha256=shown.sha256)
    for _ in range(200):
        if runner.advance(run.pk):
            break
        reading.read_due()
        company.settles()
    run.refresh_from_db()
    return run


def test_when_the_first_is_refused_no_other_is_released(company: Company, paper: Any) -> None:
    # given ten deals of which the oldest is still wrong in the CRM
    problem = broken_deals(company, paper, 10, mended=set(range(2, 11)))
    # when all are read again
    run = read_again(company, problem)
    # then it stopped after the first
    assert run.status == "stopped" and "1 of 1 were refused; 9 were not released" in run.note
    assert ContractRecord.objects.count() == 0


def test_a_run_stops_when_more_than_five_percent_are_refused(company: Company, paper: Any, monkeypatch) -> None:
    # given thirty deals, of which three early ones are still wrong, released ten at a time
    monkeypatch.setattr(runner, "UNDER_WAY_AT_MOST", 10)
    problem = broken_deals(company, paper, 40, mended=set(range(1, 41)) - {5, 6, 7})
    run = read_again(company, problem)
    # then it stopped once enough were finished to judge, and left the rest alone
    assert run.status == "stopped"
    assert FixItem.objects.filter(run=run, status="waiting").count() > 0
    assert FixItem.objects.filter(run=run, status="refused").count() == 3


def test_a_few_refusals_below_five_percent_do_not_stop_a_run(company: Company, paper: Any) -> None:
    problem = broken_deals(company, paper, 25, mended=set(range(1, 26)) - {9})
    run = read_again(company, problem)
    assert (run.status, run.note) == ("done", "24 went through, 1 were refused.")


def test_a_run_goes_on_where_it_was_left(company: Company) -> None:
    # given a run whose worker died after the first release
    request = ask("map_product", Target(problem=unmapped(company, 3)), MAPPING, user=billing_ops())
    run = approvals.approve(request.pk, user=approver())
    runner.advance(run.pk)
    # when another one finds it
    assert runner.unfinished() == [run.pk]
    finish(run, company)
    # then each was released once
    assert run.status == "done" and runner.unfinished() == []
    assert ContractRecord.objects.count() == 3


def test_what_went_through_meanwhile_is_not_released_again(company: Company) -> None:
    request = ask("map_product", Target(problem=unmapped(company, 2)), MAPPING, user=billing_ops())
    run = approvals.approve(request.pk, user=approver())
    WorkItem.objects.filter(condition="blocked").update(condition="due")
    work.work_due()
    finish(run, company)
    assert run.status == "done" and set(run.items.values_list("note", flat=True)) == {"Went through meanwhile"}


# -- posting ------------------------------------------------------------------------------------------
def test_a_closed_period_is_posted_into_the_first_open_one_after_approval(company: Company, paper: Any) -> None:
    # given an invoice of May, which is closed; June is open
    company.sells(1)
    company.period("closed")
    company.period("open", starts=date(2026, 6, 1), ends=date(2026, 6, 30))
    row = company.bills(1)
    company.carries("posting")
    # when a preparer asks and an approver approves
    request = ask("post_in_first_open_period", at(case_of("PERIOD_CLOSED")), user=preparer())
    assert request.preview["period"].startswith("Posted on 2026-06-01")
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then it is in June with its own document date, and was looked up before it was sent
    (entry,) = paper("erp").of(row.reference)
    assert (entry.subject.posting_date, entry.subject.document_date) == (date(2026, 6, 1), date(2026, 5, 13))
    assert run.status == "done" and paper("erp").finds == [row.reference]
    row.refresh_from_db()
    assert (row.round, row.condition) == (2, Condition.SETTLED)
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_without_an_open_period_there_is_nothing_to_ask_for(company: Company) -> None:
    company.sells(1)
    company.period("closed")
    company.bills(1)
    company.carries("posting")
    with pytest.raises(NotPossible, match="No period is open"):
        ask("post_in_first_open_period", at(case_of("PERIOD_CLOSED")), user=preparer())


def test_trying_again_finds_what_is_there_already_and_sends_nothing(company: Company, paper: Any) -> None:
    # given an ERP that refused an invoice it had in fact booked
    company.sells(1)
    row = company.bills(1)
    paper("erp").next.append(Rejected("no", reason="DIMENSION_MISSING"))
    company.carries("posting")
    row.refresh_from_db()
    paper("erp").put(parcels.subject_of(row))
    sent = len(paper("erp").parcels)
    # when it is tried again after approval
    run = finish(
        approvals.approve(ask("try_again", at(case_of("DIMENSION_MISSING")), user=preparer()).pk, user=approver()),
        company,
    )
    # then it was adopted
    assert run.status == "done" and len(paper("erp").parcels) == sent
    assert len(paper("erp").of(row.reference)) == 1


def test_an_erp_that_refuses_again_is_told_and_the_case_stays(company: Company, paper: Any) -> None:
    company.sells(1)
    company.bills(1)
    paper("erp").next.extend([Rejected("no", reason="DIMENSION_MISSING")] * 2)
    company.carries("posting")
    case = case_of("DIMENSION_MISSING")
    run = finish(approvals.approve(ask("try_again", at(case), user=preparer()).pk, user=approver()), company)
    case.refresh_from_db()
    assert run.status == "stopped" and case.status == "open" and case.occurrences == 2


@pytest.mark.parametrize("name", ["try_again", "post_in_first_open_period"])
def test_what_is_in_doubt_when_its_turn_comes_waits_for_that_to_be_known(
    company: Company, paper: Any, name: str
) -> None:
    # given an approved fix, whose document somebody else has sent meanwhile without hearing an answer
    company.sells(1)
    company.period("open", starts=date(2026, 5, 1), ends=date(2026, 6, 30))
    row = company.bills(1)
    paper("erp").next.append(Rejected("no", reason="PERIOD_CLOSED"))
    company.carries("posting")
    run = approvals.approve(ask(name, at(case_of("PERIOD_CLOSED")), user=preparer()).pk, user=approver())
    Delivery.objects.filter(pk=row.pk).update(condition="in_doubt")
    # when the run is taken on, nothing breaks and nothing is sent
    sent = len(paper("erp").parcels)
    assert not runner.advance(run.pk) and len(paper("erp").parcels) == sent
    assert set(run.items.values_list("status", flat=True)) == {FixItem.Status.WAITING}
    # then it goes through once the doubt is cleared
    Delivery.objects.filter(pk=row.pk).update(condition="blocked")
    assert finish(run, company).status == "done" and len(paper("erp").of(row.reference)) == 1


# -- plain fixes --------------------------------------------------------------------------------------
def test_a_paused_connection_is_tested_and_then_resumed(company: Company, paper: Any) -> None:
    # given an ERP that refuses our sign-in
    paper("erp").next.append(Misconfigured("invalid login"))
    paper("erp").trouble_checking = Unavailable("still away")
    company.hears(customer(1))
    company.carries("deliver")
    case, fix, who = case_of("AUTH_EXPIRED"), FIXES["reconnect"], person("support", "Integration support")
    # when support presses while it still refuses, then it stays paused
    shown = approvals.prepare(fix, at(case), {}, user=who)
    run = approvals.start(fix, at(case), {}, user=who, sha256=shown.sha256)
    finish(run, company)
    assert run.status == "stopped" and "still away" in run.items.get().note
    assert ConnectionHealth.objects.get(connection=company.erp).paused_at is not None
    # when it works again
    paper("erp").trouble_checking = None
    run = approvals.start(fix, at(case), {}, user=who, sha256=shown.sha256)
    finish(run, company)
    # then what waited went on and the case is closed
    case.refresh_from_db()
    assert run.status == "done" and (case.status, case.closed_by) == ("closed", who)
    assert not Delivery.objects.exclude(condition="settled").exists()


def test_a_system_that_could_not_be_reached_is_tested_and_its_case_closes(
    company: Company, paper: Any, machine: Any
) -> None:
    # given an ERP that was silent for twenty minutes and works again
    company.hears(customer(1))
    paper("erp").next.extend([Unavailable("down")] * 100)
    for _ in range(80):
        machine.passes(60)
        company.carries("deliver")
    paper("erp").next.clear()
    case, fix, who = case_of("SYSTEM_UNREACHABLE"), FIXES["reconnect"], person("support", "Integration support")
    # when support presses
    shown = approvals.prepare(fix, at(case), {}, user=who)
    run = approvals.start(fix, at(case), {}, user=who, sha256=shown.sha256)
    finish(run, company)
    # then the case is closed and nothing was paused
    case.refresh_from_db()
    assert run.status == "done" and case.status == "closed"
    assert ConnectionHealth.objects.get(connection=company.erp).unreachable_since is None


def test_a_fix_that_needs_two_people_cannot_be_run_by_one(company: Company) -> None:
    target = Target(problem=unmapped(company, 1))
    shown = approvals.prepare(FIXES["map_product"], target, MAPPING, user=billing_ops())
    with pytest.raises(approvals.Refused, match="second person"):
        approvals.start(FIXES["map_product"], target, MAPPING, user=billing_ops(), sha256=shown.sha256)
    with pytest.raises(NotPossible, match="no second person"):
        approvals.ask(FIXES["read_again"], target, {}, user=billing_ops(), sha256=shown.sha256)


def test_only_fixes_of_the_reason_are_on_offer(company: Company) -> None:
    problem = unmapped(company, 1)
    case = case_of("PRODUCT_UNMAPPED")
    assert [fix.name for fix in for_case(case)] == [fix.name for fix in for_problem(problem)] == ["map_product"]
    assert case.value in FIXES["map_product"].says(case) and FIXES["map_product"].checks(case)


def offered(reason: str) -> list[str]:
    return [fix.name for fix in for_case(case_of(reason))]


def test_what_was_sent_is_looked_up_and_sent_again_and_what_was_not_is_read_again(company: Company, paper: Any) -> None:
    # given one reason at two places: an invoice in a currency its contract does not have, and one the ERP refused
    company.sells(1)
    company.hears(invoice(9, currency="EUR"), source=company.billing)
    assert offered("CURRENCY_MISMATCH") == ["read_again"]
    ExceptionCase.objects.all().delete()
    paper("erp").next.append(Rejected("no", reason="CURRENCY_MISMATCH"))
    company.bills(1)
    company.carries("posting")
    # then each is offered what can help there, and nothing that would never end
    assert offered("CURRENCY_MISMATCH") == ["try_again"]
    assert [fix.name for fix in for_problem(case_of("CURRENCY_MISMATCH").problem)] == ["try_again"]


def test_a_paused_connection_can_always_be_resumed_whatever_paused_it(company: Company, paper: Any) -> None:
    paper("erp").next.append(Misconfigured("a field is gone", reason="SCHEMA_CHANGE"))
    company.hears(customer(1))
    company.carries("deliver")
    assert offered("SCHEMA_CHANGE") == ["reconnect"]


def test_a_tax_problem_found_before_posting_is_not_offered_a_correction_of_the_erp(company: Company) -> None:
    company.sells(1)
    line = dataclasses.replace(invoice(1).lines[0], tax=Decimal("8.00"))
    company.hears(invoice(1, lines=(line,), tax=Decimal("8.00"), total=Decimal("108.00")), source=company.billing)
    assert offered("TAX_MISMATCH") == ["read_again"]
