"""How many must say yes: by sum, by what one asker asks for together, by its own limits; the database keeps it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from reconciliation import approval_tiers, approvals
from reconciliation.approval_tiers import Limits
from reconciliation.fixes.fix import Target
from reconciliation.governance import changes, files
from reconciliation.governance.tables import TABLES
from reconciliation.models import ApprovalLimits, ApprovalRequest, ApprovalYes, FixRun
from reconciliation.risk_flags import risk_flags
from sync import clock
from sync.models import LegalEntity
from tests.reconciliation.desk import MAPPING, approver, ask, ask_to_post, call, preparer, unmapped
from tests.reconciliation.test_second_factor import code
from tests.reconciliation.views.markup import problems
from tests.small_company import FIRST_DAY, Company, person
from tests.sync.test_rates import rate

pytestmark = pytest.mark.django_db


def others(*names: str) -> list[User]:
    return [person(name, "Finance approver") for name in names]


# -- by sum -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "needed"),
    [("99999.99", 1), ("100000.00", 2), ("499999.99", 2), ("500000.00", 3)],
)
def test_the_sum_says_how_many_approvers_are_needed(company: Company, amount: str, needed: int) -> None:
    request = ask_to_post(company, amount)
    assert (request.approvers_needed, request.counts_as, request.counts_currency) == (needed, Decimal(amount), "USD")
    # when they say yes, one after the other, nothing runs before the last
    for place, user in enumerate(others("one", "two", "three")[:needed], start=1):
        run = approvals.approve(request.pk, user=user, because=f"as agreed {place}", proved_at=clock.now())
        assert (run is not None) == (place == needed)
    request.refresh_from_db()
    assert request.status == "approved" and request.yeses.count() == needed and FixRun.objects.count() == 1


def test_why_is_kept_in_english_whoever_asks(company: Company) -> None:
    with translation.override("de"):
        assert ask_to_post(company, "100000.00").counts_because == "the sum of the request"


def test_nobody_says_yes_twice_and_the_asker_never(company: Company) -> None:
    request = ask_to_post(company, "100000.00")
    assert approvals.approve(request.pk, user=approver(), proved_at=clock.now()) is None
    with pytest.raises(approvals.Refused, match="You said yes already"):
        approvals.approve(request.pk, user=approver(), proved_at=clock.now())
    with pytest.raises(approvals.Refused, match="You asked for this"):
        approvals.approve(request.pk, user=preparer())
    assert not FixRun.objects.exists()


def test_one_no_is_enough_also_after_a_yes(company: Company) -> None:
    request = ask_to_post(company, "100000.00")
    approvals.approve(request.pk, user=approver(), proved_at=clock.now())
    approvals.refuse(request.pk, user=others("two")[0], because="Not this one")
    request.refresh_from_db()
    assert request.status == "refused" and not FixRun.objects.exists()


def test_what_changed_after_the_first_yes_is_outdated(company: Company) -> None:
    request = ask_to_post(company, "100000.00")
    approvals.approve(request.pk, user=approver(), proved_at=clock.now())
    ApprovalRequest.objects.update(change_sha256="0" * 64)
    with pytest.raises(approvals.Changed):
        approvals.approve(request.pk, user=others("two")[0], proved_at=clock.now())
    request.refresh_from_db()
    assert request.status == "outdated"


def test_a_mapping_moves_no_money_whatever_it_releases(company: Company) -> None:
    target = Target(problem=unmapped(company, 2, amount="900000.00"))
    request = ask("map_product", target, MAPPING, user=person("both", "Billing operations"))
    assert (request.approvers_needed, request.counts_as) == (1, 0)


# -- together -----------------------------------------------------------------------------------------
def weight(company: Company, amount: str, *, customer: str = "", asker: int | None = None) -> approval_tiers.Weight:
    return approval_tiers.weigh(
        {"USD": amount},
        kind="money",
        asker=asker or preparer().pk,
        customer=customer,
        entity=company.entity,
        policy=approvals.policy(),
    )


def test_requests_of_one_day_count_together(company: Company) -> None:
    ask_to_post(company, "60000.00")
    found = weight(company, "40000.00")
    assert (found.amount, found.needed) == (Decimal("100000.00"), 2) and "one day" in found.because
    # another's do not, nor those of the day before, nor those that were refused
    assert weight(company, "40000.00", asker=approver().pk).needed == 1
    ApprovalRequest.objects.update(asked_at=clock.now() - timedelta(hours=25))
    assert weight(company, "40000.00").needed == 1
    ApprovalRequest.objects.update(asked_at=clock.now(), status="withdrawn")
    assert weight(company, "40000.00").needed == 1


def test_requests_for_one_customer_count_together_for_a_week(company: Company) -> None:
    request = ask_to_post(company, "60000.00")
    customer = approval_tiers.customer_of(Target(problem=request.problem, case=request.case))
    assert customer
    ApprovalRequest.objects.update(asked_at=clock.now() - timedelta(days=6))
    found = weight(company, "40000.00", customer=customer)
    assert (found.amount, found.needed) == (Decimal("100000.00"), 2) and "seven days" in found.because
    assert weight(company, "40000.00", customer="customer:another").needed == 1
    ApprovalRequest.objects.update(asked_at=clock.now() - timedelta(days=8))
    assert weight(company, "40000.00", customer=customer).needed == 1


@given(
    amounts=st.lists(st.decimals(min_value=-600_000, max_value=600_000, places=2), min_size=1, max_size=6),
)
def test_sums_are_of_what_is_moved_whichever_way(amounts: list[Decimal]) -> None:
    limits = Limits(currency="USD", limit=Decimal(10_000), second_tier=Decimal(100_000), third_tier=Decimal(500_000))
    table = approval_tiers._Table("USD", None)
    total = sum((table.sum({"USD": str(one)}) for one in amounts), Decimal(0))
    assert total == sum(abs(one) for one in amounts)
    assert limits.needed(total) == 1 + (total >= 100_000) + (total >= 500_000)


# -- whose limits -------------------------------------------------------------------------------------
def own_limits(company: Company, *sums: int, **values: Any) -> ApprovalLimits:
    limit, second, third = sums
    plain = {"status": "approved", "drafted_by": company.drafter, "approved_by": company.approver}
    return ApprovalLimits.objects.create(
        entity=company.entity, limit=limit, second_tier=second, third_tier=third, valid_from=FIRST_DAY,
        drafted_at=clock.now(), approved_at=clock.now(), **{**plain, **values},
    )  # fmt: skip


def test_a_company_s_own_limits_hold_in_its_own_money(company: Company) -> None:
    own_limits(company, 100, 1_000, 5_000)
    assert [weight(company, amount).needed for amount in ("999.99", "1000.00", "5000.00")] == [1, 2, 3]
    LegalEntity.objects.filter(pk=company.entity.pk).update(functional_currency="EUR")
    company.entity.refresh_from_db()
    day = clock.business_date(company.entity)
    rate(company, "0.50", on=day)
    found = weight(company, "1999.99")
    assert (found.amount, found.currency, found.needed) == (Decimal("1000.00"), "EUR", 2)


def test_drafted_limits_hold_nothing(company: Company) -> None:
    own_limits(company, 100, 1_000, 5_000, status="draft", approved_by=None)
    assert weight(company, "99999.00").needed == 1


def test_the_policy_s_limits_are_in_its_own_currency_by_the_company_s_rates(company: Company) -> None:
    LegalEntity.objects.filter(pk=company.entity.pk).update(functional_currency="EUR")
    company.entity.refresh_from_db()
    day = clock.business_date(company.entity)
    rate(company, "0.50", on=day)
    rate(company, "0.25", on=day, from_currency="GBP")
    weighed = approval_tiers.weigh(
        {"GBP": "200000.00", "EUR": "0.50"}, kind="money", asker=preparer().pk, customer="", entity=company.entity,
        policy=approvals.policy(),
    )  # fmt: skip
    # a pound is a quarter euro, a euro two dollars
    assert (weighed.amount, weighed.currency, weighed.needed) == (Decimal("100001.00"), "USD", 2)


def test_without_a_rate_nobody_can_say_that_a_sum_is_small(company: Company) -> None:
    weighed = approval_tiers.weigh(
        {"KWD": "1.000"}, kind="money", asker=preparer().pk, customer="", entity=company.entity,
        policy=approvals.policy(),
    )  # fmt: skip
    assert weighed.needed == 2 and weighed.because == "there is no approved rate for KWD"


@pytest.mark.parametrize("sums", [(0, 1, 2), (10, 9, 20), (10, 20, 19)])
def test_the_database_refuses_tiers_that_do_not_rise(company: Company, sums: tuple[int, int, int]) -> None:
    with pytest.raises(IntegrityError, match="approval_tiers_rise"), transaction.atomic():
        own_limits(company, *sums)


# -- the database ---------------------------------------------------------------------------------------
def yes(request: ApprovalRequest, user: User) -> ApprovalYes:
    return ApprovalYes.objects.create(request=request, user=user, said_at=clock.now(), proved_at=clock.now())


def test_the_database_keeps_count(company: Company) -> None:
    request, (one, two) = ask_to_post(company, "100000.00"), others("one", "two")

    def approved() -> None:
        ApprovalRequest.objects.filter(pk=request.pk).update(status="approved", decided_by=two, decided_at=clock.now())

    with pytest.raises(IntegrityError, match="asker_says_no_yes"), transaction.atomic():
        yes(request, request.asked_by)
    yes(request, one)
    with pytest.raises(IntegrityError, match="one_yes_per_approver"), transaction.atomic():
        yes(request, one)
    with pytest.raises(IntegrityError, match="approved_by_enough"), transaction.atomic():
        approved()
    with pytest.raises(IntegrityError, match="needs_stay"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=request.pk).update(approvers_needed=1)
    with pytest.raises(IntegrityError, match="yes_is_final"), transaction.atomic():
        ApprovalYes.objects.filter(user=one).delete()
    with pytest.raises(IntegrityError, match="yes_is_final"), transaction.atomic():
        ApprovalYes.objects.filter(user=one).update(user=two)
    yes(request, two)
    approved()
    with pytest.raises(IntegrityError, match="yes_before_decision"), transaction.atomic():
        yes(request, others("three")[0])


# -- what people see ------------------------------------------------------------------------------------
def test_the_page_says_how_many_are_needed_why_and_who_said_yes(company: Company, client: Client) -> None:
    request = ask_to_post(company, "120000.00")
    client.force_login(approver())
    page = client.get(reverse("desk:approval", args=[request.pk])).content.decode()
    assert "2 approvers are needed beside the asker" in page and "the sum of the request" in page
    assert "USD 120,000.00" in page and "Nobody has said yes yet" in page
    decide = reverse("desk:approval_decide", args=[request.pk, "approve"])
    answer = client.post(
        decide, {"because": "Agreed", "sha256": request.change_sha256, "code": code(approver())}, follow=True
    )
    text = answer.content.decode()
    assert answer.redirect_chain[-1][0] == reverse("desk:approvals")
    assert "It runs after 1 more approver" in text and "1 of 2 approvers said yes" in text
    page = client.get(reverse("desk:approval", args=[request.pk])).content.decode()
    assert "You said yes already" in page and "“Agreed”" in page and problems(page) == []
    assert any("second tier" in flag for flag in risk_flags(request))


def test_the_api_says_so_too(company: Company) -> None:
    request = ask_to_post(company, "120000.00")
    status, answer = call(approver(), f"approvals/{request.pk}/approve", {"code": code(approver())})
    assert (status, answer["status"], answer["said_yes"]) == (200, "pending", [approver().username])
    assert (answer["approvers_needed"], answer["counts_as"], answer["counts_currency"]) == (2, "120000.0000", "USD")
    status, answer = call(others("two")[0], f"approvals/{request.pk}/approve", {"code": code(others("two")[0])})
    assert (status, answer["status"], len(answer["said_yes"])) == (200, "approved", 2) and answer["run"]


# -- by file --------------------------------------------------------------------------------------------
def tried(*sums: str) -> files.Tried:
    table = TABLES["approval-limits"]
    text = f"{','.join(table.header)}\nUS01,{','.join(sums)},2026-05-01,,"
    return files.try_out(table, text.encode())


def test_limits_are_drafted_by_one_and_hold_after_another_approved(company: Company) -> None:
    found = tried("100.00", "1000.00", "5000.00")
    assert found.is_good, found
    asker, decider = person("asks", "Finance preparer"), person("decides", "Finance approver")
    change = changes.draft(found, user=asker, source="limits.csv", because="A small company")
    assert weight(company, "1000.00").needed == 1
    changes.approve(change.pk, user=decider, sha256=change.sha256)
    assert weight(company, "1000.00").needed == 2


@pytest.mark.parametrize(
    ("sums", "field"),
    [
        (("0", "1", "2"), "limit"),
        (("10", "9", "20"), "second_tier"),
        (("10", "20", "19"), "third_tier"),
        (("10.001", "20", "30"), "limit"),
        (("ten", "20", "30"), "limit"),
    ],
)
def test_limits_that_cannot_be_name_their_column(company: Company, sums: tuple[str, ...], field: str) -> None:
    found = tried(*sums)
    assert not found.is_good and field in repr(found)
