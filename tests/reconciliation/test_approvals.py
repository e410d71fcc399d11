"""A second person's yes: who may ask, who may decide, and to exactly what."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from reconciliation import approvals
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.models import ApprovalPolicy, ApprovalRequest, FixRun
from sync.models import CountryMapping, EntityMapping, JournalEntry, ProductMapping
from tests.reconciliation.desk import MAPPING, approver, ask, at, billing_ops, case_of, preparer, unmapped
from tests.small_company import Company, customer, deal, invoice, person


@pytest.fixture
def request_of(company: Company) -> ApprovalRequest:
    """A product mapping, asked for by somebody who could also approve one."""
    both = person("both", "Finance preparer", "Finance approver")
    return ask("map_product", Target(problem=unmapped(company, 3)), MAPPING, user=both)


@pytest.fixture
def closed_period(company: Company) -> ApprovalRequest:
    """A posting that needs a money approval."""
    company.sells(1)
    company.period("closed")
    company.bills(1)
    company.carries("posting")
    return ask("try_again", at(case_of("PERIOD_CLOSED")), user=preparer())


# -- asker and decider --------------------------------------------------------------------------------
def test_the_asker_cannot_approve_though_their_role_could(request_of: ApprovalRequest) -> None:
    # given somebody with both roles who asked, when they approve
    with pytest.raises(approvals.Refused, match="You asked for this"):
        approvals.approve(request_of.pk, user=request_of.asked_by)
    # then nothing ran
    assert not FixRun.objects.exists() and not ProductMapping.objects.filter(crm_product="GTXPro").exists()
    # and neither may they refuse it
    with pytest.raises(approvals.Refused, match="You asked for this"):
        approvals.refuse(request_of.pk, user=request_of.asked_by, because="no")


def test_the_asker_cannot_approve_through_the_api(request_of: ApprovalRequest, client: Client) -> None:
    client.force_login(request_of.asked_by)
    answer = client.post(f"/api/v1/approvals/{request_of.pk}/approve", {}, content_type="application/json")
    assert answer.status_code == 403 and "another approver must decide" in answer.json()["detail"]
    client.force_login(approver())
    answer = client.post(f"/api/v1/approvals/{request_of.pk}/approve", {}, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["status"] == "approved"


def test_the_database_refuses_an_asker_who_decides(request_of: ApprovalRequest) -> None:
    with pytest.raises(IntegrityError, match="asker_never_decides"), transaction.atomic():
        ApprovalRequest.objects.update(
            decided_by=request_of.asked_by, decided_at=request_of.asked_at, status="approved"
        )
    with pytest.raises(IntegrityError, match="decision_has_a_name"), transaction.atomic():
        ApprovalRequest.objects.update(status="approved")


@pytest.mark.parametrize("roles", [(), ("Finance preparer", "Finance approver")])
def test_a_superuser_can_neither_prepare_ask_nor_approve(
    company: Company, request_of: ApprovalRequest, roles: tuple
) -> None:
    # given a superuser, with roles or without
    root, fix = person("root", *roles, superuser=True), FIXES["map_product"]
    target = Target(problem=request_of.problem)
    # then none of it is theirs
    with pytest.raises(approvals.Refused):
        approvals.prepare(fix, target, MAPPING, user=root)
    with pytest.raises(approvals.Refused):
        approvals.ask(fix, target, MAPPING, user=root, sha256=request_of.change_sha256)
    with pytest.raises(approvals.Refused, match="superuser may not approve"):
        approvals.approve(request_of.pk, user=root)
    assert not FixRun.objects.exists()


def test_a_superuser_is_refused_through_the_api_too(request_of: ApprovalRequest, client: Client) -> None:
    client.force_login(person("root", superuser=True))
    assert (
        client.post(f"/api/v1/approvals/{request_of.pk}/approve", {}, content_type="application/json").status_code
        == 403
    )
    path = f"/api/v1/problems/{request_of.problem.pk}/fixes/map_product"
    assert client.post(f"{path}/preview", {"inputs": MAPPING}, content_type="application/json").status_code == 403
    body = {"inputs": MAPPING, "sha256": request_of.change_sha256}
    assert client.post(f"{path}/ask", body, content_type="application/json").status_code == 403


def test_somebody_switched_off_decides_nothing(request_of: ApprovalRequest) -> None:
    who = approver()
    User.objects.filter(pk=who.pk).update(is_active=False)
    who.refresh_from_db()
    with pytest.raises(approvals.Refused):
        approvals.approve(request_of.pk, user=who)


def test_a_role_that_is_taken_away_counts_no_longer_at_once(request_of: ApprovalRequest) -> None:
    # given an approver whose right was just looked at
    who = approver()
    assert approvals.why_not(request_of, who) == ""
    # when the role goes
    who.groups.clear()
    # then the very next question hears no
    assert "role may not approve" in approvals.why_not(request_of, who)
    with pytest.raises(approvals.Refused, match="role may not approve"):
        approvals.approve(request_of.pk, user=who)


@pytest.mark.parametrize(
    "role",
    [
        "Auditor",
        "Executive",
        "User admin",
        "Configuration admin",
        "Integration support",
        "Billing operations",
        "Finance preparer",
    ],
)
def test_no_other_role_approves(request_of: ApprovalRequest, role: str) -> None:
    with pytest.raises(approvals.Refused, match="role may not approve"):
        approvals.approve(request_of.pk, user=person("somebody", role))


@pytest.mark.parametrize(
    "role", ["Auditor", "Executive", "User admin", "Configuration admin", "Integration support", "Finance approver"]
)
def test_no_other_role_asks_for_a_mapping(company: Company, role: str) -> None:
    target = Target(problem=unmapped(company, 1))
    sha256 = approvals.prepare(FIXES["map_product"], target, MAPPING, user=billing_ops()).sha256
    with pytest.raises(approvals.Refused):
        approvals.ask(FIXES["map_product"], target, MAPPING, user=person("somebody", role), sha256=sha256)


@pytest.mark.parametrize("role", ["Billing operations", "Sales operations", "Integration support", "Finance approver"])
def test_money_is_asked_for_by_finance_preparers_only(closed_period: ApprovalRequest, role: str) -> None:
    target = at(closed_period.case)
    ApprovalRequest.objects.update(status="withdrawn")
    with pytest.raises(approvals.Refused):
        approvals.ask(FIXES["try_again"], target, {}, user=person("somebody", role), sha256=closed_period.change_sha256)


def test_who_drafted_a_mapping_the_document_went_through_cannot_approve_its_money(
    company: Company, closed_period: ApprovalRequest
) -> None:
    # given an approver who once drafted the mapping of the product on this invoice
    drafter = person("drafter", "Finance approver")
    assert drafter == company.drafter
    with pytest.raises(approvals.Refused, match="You drafted a mapping"):
        approvals.approve(closed_period.pk, user=drafter)
    # then another approver may
    assert approvals.why_not(closed_period, approver()) == ""


# -- exactly what was shown ---------------------------------------------------------------------------
def test_asking_for_something_else_than_was_shown_is_refused(company: Company) -> None:
    target = Target(problem=unmapped(company, 1))
    shown = approvals.prepare(FIXES["map_product"], target, MAPPING, user=billing_ops())
    with pytest.raises(approvals.Changed):
        approvals.ask(
            FIXES["map_product"],
            target,
            {**MAPPING, "valid_from": "2026-05-02"},
            user=billing_ops(),
            sha256=shown.sha256,
        )


def test_a_request_is_outdated_when_what_it_would_do_has_changed(company: Company, request_of: ApprovalRequest) -> None:
    # given a request, when the list price it would copy changes before the approval
    ProductMapping.objects.filter(crm_product="Basic").update(list_price=200)
    with pytest.raises(approvals.Changed, match="Review again"):
        approvals.approve(request_of.pk, user=approver())
    # then it is outdated for good, and says so in the journal
    request_of.refresh_from_db()
    assert request_of.status == "outdated" and not FixRun.objects.exists()
    assert JournalEntry.objects.filter(action="request outdated", object_key=request_of.number).exists()
    with pytest.raises(approvals.Refused, match="Already something changed"):
        approvals.approve(request_of.pk, user=approver())


def test_deals_that_came_after_the_preview_go_along_and_are_marked(
    company: Company, request_of: ApprovalRequest
) -> None:
    # given a request over three deals, when a fourth comes before the approval
    company.hears(deal(9, product="GTXPro"))
    run = approvals.approve(request_of.pk, user=approver())
    # then it goes the same way, marked
    assert list(run.items.order_by("place").values_list("also_released", flat=True)) == [False, False, False, True]
    assert request_of.count == 3 and request_of.totals == {"USD": "300.00"}


def test_the_same_change_waits_only_once(company: Company, request_of: ApprovalRequest) -> None:
    with pytest.raises(Exception, match="already waits for approval"):
        ask("map_product", Target(problem=request_of.problem), MAPPING, user=billing_ops())


def test_an_expired_request_must_be_asked_again(request_of: ApprovalRequest, machine: Any) -> None:
    machine.passes(hours=73)
    with pytest.raises(approvals.Refused, match="expired"):
        approvals.approve(request_of.pk, user=approver())


def test_a_refusal_says_why_and_ends_it(request_of: ApprovalRequest) -> None:
    with pytest.raises(ValueError, match="Say why"):
        approvals.refuse(request_of.pk, user=approver(), because=" ")
    approvals.refuse(request_of.pk, user=approver(), because="Wrong product")
    request_of.refresh_from_db()
    assert (request_of.status, request_of.decided_because) == ("refused", "Wrong product")
    with pytest.raises(approvals.Refused, match="Already refused by finance.approver"):
        approvals.approve(request_of.pk, user=person("second", "Finance approver"))


def test_only_the_asker_withdraws(request_of: ApprovalRequest) -> None:
    with pytest.raises(approvals.Refused):
        approvals.withdraw(request_of.pk, user=approver())
    approvals.withdraw(request_of.pk, user=request_of.asked_by)
    request_of.refresh_from_db()
    assert request_of.status == "withdrawn"


def test_what_was_withdrawn_stands_among_the_decisions_by_nobody(request_of: ApprovalRequest, client: Client) -> None:
    approvals.withdraw(request_of.pk, user=request_of.asked_by)
    client.force_login(approver())
    answer = client.get("/approvals/")
    assert answer.status_code == 200 and '<td data-label="By">—</td>' in answer.content.decode()


def test_a_request_keeps_the_policy_it_was_asked_under(request_of: ApprovalRequest, machine: Any) -> None:
    ApprovalPolicy.objects.create(version=2, valid_for_hours=1, in_force_from=machine())
    request_of.refresh_from_db()
    assert request_of.policy.version == 1 and approvals.policy().version == 2
    assert request_of.expires_at - request_of.asked_at == timedelta(hours=72)


def test_asking_and_deciding_are_in_the_journal_with_names(request_of: ApprovalRequest) -> None:
    approvals.approve(request_of.pk, user=approver(), because="checked")
    told = JournalEntry.objects.filter(object_key=request_of.number).order_by("pk")
    assert [(entry.action, entry.user.username) for entry in told] == [
        ("asked for approval", "both"),
        ("approved", "finance.approver"),
    ]
    assert all(entry.details["change_sha256"] == request_of.change_sha256 for entry in told)


def test_two_approvers_at_once_lead_to_one_run(
    committed_company: Company, in_threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a request and two approvers who press at the same moment
    request = ask("map_product", Target(problem=unmapped(committed_company, 3)), MAPPING, user=billing_ops())
    people = [person("one", "Finance approver"), person("two", "Finance approver")]
    real = approvals._unchanged

    def slowly(*given: Any) -> None:
        time.sleep(0.4)  # both are past the first look at the request by now, unless one waits for the other
        real(*given)

    monkeypatch.setattr(approvals, "_unchanged", slowly)
    # when
    results = in_threads(lambda user: approvals.approve(request.pk, user=user), people)
    # then one of them did it, and the other is told by whom
    assert sorted(type(one).__name__ for one in results) == ["FixRun", "Refused"]
    (refused,) = [str(one) for one in results if isinstance(one, Exception)]
    assert refused in ("Already approved by one.", "Already approved by two.")
    assert FixRun.objects.count() == 1 and ProductMapping.objects.filter(crm_product="GTXPro").count() == 1


# -- mapping rows by constraint -----------------------------------------------------------------------
def a_row(company: Company, table: type, **values: Any) -> Any:
    own = {
        ProductMapping: {"crm_product": "P", "product_name": "P", "list_price": 1, "currency": "USD"},
        CountryMapping: {"written": "W", "country": "US"},
        EntityMapping: {"country": "FR", "entity": company.entity},
    }[table]
    common = {
        "status": "approved",
        "valid_from": "2026-01-01",
        "drafted_by": company.drafter,
        "drafted_at": "2026-01-01T00:00Z",
        "approved_by": company.approver,
        "approved_at": "2026-01-01T00:00Z",
    }
    return table(**{**own, **common, **values})


@pytest.mark.parametrize("table", [ProductMapping, CountryMapping, EntityMapping])
def test_a_mapping_in_force_needs_another_person_than_its_drafter(company: Company, table: type) -> None:
    for values in ({"approved_by": company.drafter}, {"approved_by": None}, {"approved_at": None}):
        with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
            a_row(company, table, **values).save()
    a_row(company, table, status="draft", approved_by=None, approved_at=None).save()


@pytest.mark.parametrize("table", [ProductMapping, CountryMapping, EntityMapping])
def test_mappings_in_force_never_overlap(company: Company, table: type) -> None:
    a_row(company, table, valid_to="2026-03-01").save()
    with pytest.raises(IntegrityError, match="do_not_overlap"), transaction.atomic():
        a_row(company, table, valid_from="2026-02-28").save()
    a_row(company, table, valid_from="2026-03-01").save()
    a_row(company, table, status="draft", approved_by=None, approved_at=None).save()


def test_what_is_asked_with_is_kept_and_shown_by_the_api(company: Company, client: Client) -> None:
    client.force_login(billing_ops())
    path = f"/api/v1/problems/{unmapped(company, 2).pk}/fixes/map_product"
    choices = client.get(path).json()
    assert choices["needs"] == "configuration" and choices["inputs"][0]["initial"] == ""
    shown = client.post(f"{path}/preview", {"inputs": MAPPING}, content_type="application/json").json()
    asked = client.post(f"{path}/ask", {"inputs": MAPPING, "sha256": shown["sha256"]}, content_type="application/json")
    assert asked.status_code == 201 and asked.json()["preview"]["count"] == 2
    # an input that cannot be used is named, a changed one is a conflict, an unknown fix does not exist
    wrong = client.post(f"{path}/preview", {"inputs": {"product": "None"}}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "inputs.product")
    other = client.post(f"{path}/ask", {"inputs": MAPPING, "sha256": "0" * 64}, content_type="application/json")
    assert other.status_code == 409
    assert client.get(path.replace("map_product", "post_again")).status_code == 404


def test_money_of_an_invoice_is_in_the_request(closed_period: ApprovalRequest) -> None:
    assert closed_period.kind == "money" and closed_period.totals == {"USD": "100.00"}
    assert closed_period.change["moves"][0]["delivery_key"].startswith(invoice(1).reference)
    assert customer(1).name == closed_period.preview["members"][0]["customer"]
