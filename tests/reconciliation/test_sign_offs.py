"""Sign-off: two people or an approved rule, only what ties; what changes afterwards suspends what was signed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reconciliation import cases, figures_sign_offs, reconciling_items
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.habits.printing import signed_reconciliation
from reconciliation.models import Break, ControlRun, ExceptionCase, SignOff, SignOffPolicy
from reconciliation.sign_offs import certificates, keeping, signing
from reconciliation.sign_offs.signing import CannotSign
from reconciliation.who import full_name
from sync import clock
from sync.models import JournalEntry
from tests.paper_erp import Books, line
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.reconciliation.exports import papers
from tests.small_company import DAY, Company, invoice, person

INVOICES = CONTROLS["invoices"]
IN1, IN2, IN3 = (invoice(number).reference for number in (1, 2, 3))


@pytest.fixture
def billed(company: Company, paper: Any) -> Books:
    """Two invoices, posted, and listed alike on both sides; gives the ERP's books."""
    company.sells(1)
    company.bills(1)
    company.bills(2)
    company.settles()
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    return paper("erp")


def again(company: Company, **values: Any) -> ControlRun:
    return runner.run("invoices", entity=company.entity, business_date=DAY, **values)


def prepare(company: Company, **values: Any) -> SignOff:
    return signing.prepare(INVOICES, entity=company.entity, **{"first": DAY, "last": DAY, "user": preparer(), **values})


def sign(row: SignOff, **values: Any) -> SignOff:
    return signing.review(row, **{"user": approver(), "sha256": row.certificate_sha256, **values})


def policy(company: Company, **values: Any) -> SignOffPolicy:
    return SignOffPolicy.objects.create(
        entity=company.entity, status="approved", valid_from=DAY - timedelta(days=30), drafted_by=company.drafter,
        drafted_at=clock.now(), approved_by=company.approver, approved_at=clock.now(), **values,
    )  # fmt: skip


# -- two people ---------------------------------------------------------------------------------------
def test_one_prepares_and_another_signs_exactly_what_was_shown(company: Company, billed: Books) -> None:
    row = sign(prepare(company, note="All in"), note="Agreed")
    assert (row.status, row.version) == ("signed", 1)
    assert (row.prepared_by, row.reviewed_by) == (preparer(), approver())
    # the certificate says what both sides showed, and its hash can be computed again from it
    assert row.certificate["totals"]["USD"]["left"] == row.certificate["totals"]["USD"]["right"] == "200.00"
    assert [one["side"] for one in row.certificate["readings"]] == ["left", "right"]
    assert certificates.sha256(SignOff.objects.get().certificate) == row.certificate_sha256
    # both acts are in the trail
    assert list(
        JournalEntry.objects.filter(object_kind="sign_off").order_by("pk").values_list("action", flat=True)
    ) == [
        "sign-off prepared",
        "sign-off signed",
    ]


def test_nobody_signs_what_they_prepared_not_even_past_the_code(company: Company, billed: Books) -> None:
    both = person("both", "Finance preparer")
    both.groups.add(*approver().groups.all())
    row = prepare(company, user=both)
    with pytest.raises(CannotSign, match="You prepared this"):
        sign(row, user=both)
    with pytest.raises(IntegrityError, match="preparer_never_reviews"), transaction.atomic():
        SignOff.objects.update(status="signed", reviewed_by=both, reviewed_at=clock.now())
    with pytest.raises(IntegrityError, match="signed_after_review"), transaction.atomic():
        SignOff.objects.update(status="signed")
    with pytest.raises(IntegrityError, match="one_live_sign_off"), transaction.atomic():
        row.pk, row.version, row._state.adding = None, 2, True
        row.save()


@pytest.mark.parametrize("role", ["Billing operations", "Auditor", "Finance approver"])
def test_only_who_may_prepares(company: Company, billed: Books, role: str) -> None:
    with pytest.raises(CannotSign, match="not prepare"):
        prepare(company, user=person("somebody", role))


def test_only_who_may_signs_and_sending_back_needs_a_reason(company: Company, billed: Books) -> None:
    row = prepare(company)
    with pytest.raises(CannotSign, match="not sign"):
        sign(row, user=billing_ops())
    with pytest.raises(CannotSign, match="Say what"):
        signing.send_back(row, user=approver(), note=" ")
    row = signing.send_back(row, user=approver(), note="INV-2 is not ours")
    assert (row.status, row.reviewed_note) == ("returned", "INV-2 is not ours")
    # it is prepared again as a new version
    assert prepare(company).version == 2


def test_what_was_not_shown_is_not_signed(company: Company, billed: Books) -> None:
    with pytest.raises(CannotSign, match="not what is to be signed"):
        sign(prepare(company), sha256="0" * 64)


def test_who_ended_a_break_alone_does_not_prepare(company: Company, billed: Books) -> None:
    left_out = billed.lists["invoice"].pop()
    again(company)
    billed.lists["invoice"].append(left_out)
    again(company)
    ExceptionCase.objects.update(closed_by=preparer())
    with pytest.raises(CannotSign, match="You ended EXC-"):
        prepare(company)
    assert prepare(company, user=person("another.preparer", "Finance preparer")).status == "prepared"


# -- conditions ---------------------------------------------------------------------------------------
def test_what_is_unexplained_is_not_signed(company: Company, billed: Books) -> None:
    billed.lists["invoice"].append(line(IN3, "55.00", day=DAY))
    again(company)
    with pytest.raises(CannotSign, match="0.00 unexplained"):
        prepare(company)


def test_an_error_is_signed_with_only_as_far_as_the_policy_goes(company: Company, billed: Books) -> None:
    billed.lists["invoice"] = [line(IN1, "94.00", day=DAY), line(IN2, "100.00", day=DAY)]
    again(company)
    with pytest.raises(CannotSign, match=r"no error above USD 0.00 – in_1: USD 6.00 \(EXC-"):
        prepare(company)
    policy(company, error_limit=Decimal("5.99"), error_age_days=3)
    with pytest.raises(CannotSign, match=r"no error above USD 5.99"):
        prepare(company)
    SignOffPolicy.objects.update(error_limit=Decimal("6.00"))
    row = prepare(company)
    # the certificate lists what is unresolved, with its case
    (item,) = row.certificate["items"]
    assert (item["kind"], item["amount"], item["what"]) == ("error", "6.00", "AMOUNT_MISMATCH")
    assert item["case"] == ExceptionCase.objects.get().number


def test_what_is_signed_names_who_takes_each_open_item_on(company: Company, billed: Books) -> None:
    billed.lists["invoice"] = [line(IN1, "94.00", day=DAY), line(IN2, "99.99", day=DAY)]
    again(company)
    policy(company, error_limit=Decimal("6.00"), error_age_days=3)
    rounding = Break.objects.get(reference=IN2)
    item = reconciling_items.propose(
        rounding.pk, kind="rounding", expected_on=None, user=preparer(), because="A cent of tax"
    )
    reconciling_items.accept(item.pk, user=approver())

    def takers() -> dict[str, str]:
        found = certificates.draw_up(INVOICES, entity=company.entity, first=DAY, last=DAY)
        return {one["reference"]: one["taken_on_by"] for one in found["items"]}

    both = f"{full_name(preparer())} and {full_name(approver())}"
    assert takers() == {IN1: "Finance", IN2: both}
    # once somebody has the case, it is theirs; that breaks no signature
    row = sign(prepare(company))
    cases.take(ExceptionCase.objects.get(status="open").pk, user=preparer())
    assert takers()[IN1] == f"{full_name(preparer())}, Finance"
    assert keeping.holds_still(row) and row.certificate["items"][0]["taken_on_by"] == "Finance"
    content = signed_reconciliation.draw(row, left="Stripe", right="NetSuite")
    assert all(word in papers.words(content) for word in ("Taken on by", "Finance", both))


def test_an_error_that_is_too_old_is_not_signed_with(company: Company, billed: Books) -> None:
    billed.lists["invoice"] = [line(IN1, "94.00", day=DAY), line(IN2, "100.00", day=DAY)]
    again(company)
    policy(company, error_limit=Decimal(10), error_age_days=3)
    ExceptionCase.objects.update(opened_at=clock.now() - timedelta(days=4))
    with pytest.raises(CannotSign, match=r"older than 3 days – EXC-[0-9]+ \(4 days\)"):
        prepare(company)


def test_days_that_go_on_or_were_not_run_are_not_signed(company: Company, billed: Books) -> None:
    with pytest.raises(CannotSign, match="its days are over"):
        prepare(company, last=clock.business_date(company.entity))
    with pytest.raises(CannotSign, match=f"every day was run – not run: {DAY - timedelta(days=1):%d %b}"):
        prepare(company, first=DAY - timedelta(days=1))
    runner.run("invoices", entity=company.entity, business_date=DAY - timedelta(days=1))
    assert prepare(company, first=DAY - timedelta(days=1)).status == "prepared"


def test_what_expectedly_clears_is_no_error_and_its_clearing_suspends_nothing(
    company: Company, billed: Books, paper: Any
) -> None:
    # given an invoice that is on its way when the day is signed
    company.bills(3)
    paper("billing").lists["invoice"].append(line(IN3, "100.00", day=DAY))
    assert again(company).status == "tied_with_items"
    row = sign(prepare(company))
    assert [item["kind"] for item in row.certificate["items"]] == ["timing"]
    # when it arrives
    company.settles()
    billed.lists["invoice"].append(line(IN3, "100.00", day=DAY))
    assert again(company).status == "tied"
    # then the signature stands
    row.refresh_from_db()
    assert row.status == "signed"


# -- what changes afterwards --------------------------------------------------------------------------
def test_late_data_suspends_and_says_who_signed_and_what_changed(company: Company, billed: Books, paper: Any) -> None:
    row = sign(prepare(company))
    # when a third invoice of that day appears on both sides
    for code in ("billing", "erp"):
        paper(code).lists["invoice"].append(line(IN3, "70.00", day=DAY))
    again(company)
    row.refresh_from_db()
    assert row.status == "suspended" and row.reviewed_by == approver()
    assert "2 documents over USD 200.00 before, 3 documents over USD 270.00 now" in row.suspended_because
    said = JournalEntry.objects.get(action="sign-off suspended").text
    assert "What finance.preparer, finance.approver signed no longer holds" in said
    # and it can be signed again, as another version
    assert sign(prepare(company)).version == 2


def test_a_document_that_differs_afterwards_suspends(company: Company, billed: Books) -> None:
    row = sign(prepare(company))
    billed.lists["invoice"] = [line(IN1, "94.00", day=DAY), line(IN2, "100.00", day=DAY)]
    again(company)
    row.refresh_from_db()
    assert row.status == "suspended" and "USD 6.00 differs now and did not when signed" in row.suspended_because


def test_what_changed_between_preparing_and_reviewing_is_not_signed(
    company: Company, billed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = prepare(company)
    # given a change that no asking of the control has looked at yet
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "hold_against", lambda _: [])
        billed.lists["invoice"].pop()
        again(company)
    with pytest.raises(CannotSign, match="It was suspended"):
        sign(row)
    row.refresh_from_db()
    assert row.status == "suspended" and row.reviewed_by is None


def test_an_asking_that_changes_nothing_changes_no_signature(company: Company, billed: Books) -> None:
    row = sign(prepare(company))
    for _ in range(2):
        again(company, look_back=True)
    row.refresh_from_db()
    assert row.status == "signed" and row.version == 1


# -- by rule ------------------------------------------------------------------------------------------
def test_a_tied_day_certifies_itself_only_under_an_approved_rule(company: Company, billed: Books) -> None:
    again(company)
    # nor under a policy that leaves it to people, nor under one nobody has approved
    left_to_people = policy(company)
    again(company)
    SignOffPolicy.objects.filter(pk=left_to_people.pk).update(tied_days="rule", status="draft")
    again(company)
    assert not SignOff.objects.exists()
    rule = policy(company, tied_days="rule")
    again(company)
    row = SignOff.objects.get()
    assert (row.status, row.rule, row.prepared_by, row.reviewed_by) == ("signed", rule, None, None)
    # once, however often it is asked again
    again(company)
    assert SignOff.objects.count() == 1
    # nor can a month certify itself
    with pytest.raises(IntegrityError, match="only_a_day_certifies_itself"), transaction.atomic():
        SignOff.objects.update(ends_on=DAY + timedelta(days=1))


def test_a_day_with_anything_on_it_waits_for_people(company: Company, billed: Books, paper: Any) -> None:
    policy(company, tied_days="rule", error_limit=Decimal(1000), error_age_days=30)
    billed.lists["invoice"].pop()
    again(company)
    assert not SignOff.objects.exists()


def test_listings_are_signed_too(company: Company, billed: Books) -> None:
    control = CONTROLS["document_numbers"]
    runner.run(control.name, entity=company.entity, business_date=DAY)
    row = signing.prepare(control, entity=company.entity, first=DAY, last=DAY, user=preparer())
    assert row.certificate["totals"] == {} and row.certificate["readings"] == []
    assert sign(row).status == "signed"


def test_every_control_can_be_drawn_up(company: Company, billed: Books) -> None:
    for control in CONTROLS.values():
        found = certificates.draw_up(control, entity=company.entity, first=date(2026, 5, 1), last=DAY)
        assert found["control"] == control.name and certificates.sha256(found)


def test_the_board_shows_who_signed(company: Company, billed: Books) -> None:
    def shown() -> str:
        return figures_sign_offs.initials(company.entity, DAY - timedelta(days=13), DAY).get(("invoices", DAY), "")

    assert shown() == ""
    row = prepare(company)
    assert shown() == "FP/–"
    sign(row)
    assert shown() == "FP/FA"
    billed.lists["invoice"].pop()
    again(company)
    assert shown() == "suspended"
