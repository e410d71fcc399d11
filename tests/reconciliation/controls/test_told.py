"""Controls that answer for what the portal tells people of already, and for its own rules."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from reconciliation import cases, reconciling_items
from reconciliation.controls import listings, runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ExceptionCase
from reconciliation.sign_offs import certificates
from sync import blocks, late
from sync.models import LatePosting, WorkItem
from tests.reconciliation.views import desk_people
from tests.small_company import DAY, Company

pytestmark = pytest.mark.django_db


def asked(company: Company, name: str, day: date = DAY) -> ControlRun:
    return runner.run(name, entity=company.entity, business_date=day)


def certificate(company: Company, name: str) -> certificates.Certificate:
    return certificates.draw_up(CONTROLS[name], entity=company.entity, first=DAY, last=DAY)


@pytest.fixture
def unbilled(company: Company) -> ExceptionCase:
    """A running contract without an invoice, found by the look at bill dates."""
    company.sells(1)
    item = WorkItem.objects.get(flow="closed_won_to_billing")
    blocks.put([blocks.Stop(work_item=item, reason="NOT_BILLED", value=f"no invoice covers {DAY}")])
    return ExceptionCase.objects.get(reason="NOT_BILLED")


def test_what_people_are_told_of_already_is_a_break_with_that_case_and_no_other(
    company: Company, unbilled: ExceptionCase
) -> None:
    # when the control is asked, twice
    asked(company, "bill_dates")
    run = asked(company, "bill_dates")
    # then it is open over that case alone
    assert run.status == "open_exceptions" and ExceptionCase.objects.count() == 1
    found = Break.objects.get()
    assert (found.kind, found.told_in, found.healed_at) == ("NOT_BILLED", unbilled, None)
    (item,) = certificate(company, "bill_dates")["items"]
    assert (item["kind"], item["case"]) == ("error", unbilled.number)


def test_it_is_over_with_its_case_and_another_case_is_another_break(company: Company, unbilled: ExceptionCase) -> None:
    asked(company, "bill_dates")
    cases.close([unbilled], note="The invoice is here")
    assert asked(company, "bill_dates").status == "tied"
    assert Break.objects.get().healed_at is not None and certificate(company, "bill_dates")["items"] == []


def test_its_page_and_its_file_show_the_case_opened_elsewhere(company: Company, unbilled: ExceptionCase) -> None:
    asked(company, "bill_dates")
    client = desk_people.signed_in("Finance preparer")
    path = f"/controls/bill_dates/{company.entity.code}/{DAY}"
    page = client.get(path).content.decode()
    assert f'href="/x/{unbilled.number}"' in page and "Running contract that nobody bills" in page
    # nothing is compared, so that no two sides are shown
    assert "did not get an answer" not in page and "Same or different" not in page
    csv = client.get(f"{path}/breaks.csv")
    assert f"/x/{unbilled.number}" in csv.content.decode()


@pytest.fixture
def moved(company: Company) -> LatePosting:
    """A document of March that was posted in May: over a quarter's end."""
    company.sells(1)
    row = company.bills(1)
    return LatePosting.objects.create(
        delivery=row,
        entity=company.entity,
        kind="invoice",
        reference=row.reference,
        title="Invoice IN-1",
        customer_name="Customer 1",
        amount=Decimal("100.00"),
        currency="USD",
        document_date=date(2026, 3, 30),
        posting_date=DAY,
        crosses=late.crosses(date(2026, 3, 30), DAY),
        moved_at=row.created_at,
    )


def test_a_late_document_is_a_case_until_finance_has_judged_it(company: Company, moved: LatePosting) -> None:
    assert asked(company, "late_postings").status == "open_exceptions"
    case = ExceptionCase.objects.get(reason="LATE_POSTING")
    assert (case.amount, case.document) == (Decimal("100.00"), "Late posting of Invoice IN-1")
    late.assess(moved, user=desk_people.person("Finance approver"), words="It was accrued in March.", accrued="accrued")
    assert asked(company, "late_postings").status == "tied"
    case.refresh_from_db()
    assert case.status == "closed"


def test_a_late_document_within_its_quarter_and_below_the_limit_is_none(company: Company, moved: LatePosting) -> None:
    LatePosting.objects.update(crosses=LatePosting.Crosses.MONTH)
    company.entity.late_limit = Decimal("100.00")
    company.entity.save()
    assert asked(company, "late_postings").status == "tied"
    company.entity.late_limit = Decimal("99.99")
    company.entity.save()
    assert asked(company, "late_postings").status == "open_exceptions"


def test_work_that_stands_still_without_a_case_is_one(company: Company) -> None:
    company.sells(1)
    assert asked(company, "portal_itself").status == "tied"
    # given work somebody stopped around the portal
    item = WorkItem.objects.order_by("pk").first()
    assert item is not None
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE sync_workitem SET condition = 'blocked' WHERE id = %s", [item.pk])
        cursor.execute("SET session_replication_role = origin")
    # then the control says so, and who owns it
    assert asked(company, "portal_itself").status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team) == ("RULE_BROKEN", "integration")
    assert item.reference in case.document


def test_a_gap_of_a_source_is_the_portals_own_finding_for_every_company(company: Company) -> None:
    blocks.put([blocks.Stop(connection=company.crm, reason="EVENT_GAP", value="2 changes")])
    assert asked(company, "portal_itself").status == "open_exceptions"
    assert Break.objects.get().told_in == ExceptionCase.objects.get()


def test_an_accepted_finding_of_a_list_is_no_exception_and_blocks_no_signature(
    company: Company, moved: LatePosting, machine
) -> None:
    # given two people who accept it until the end of the month
    asked(company, "late_postings")
    preparer, approver = (desk_people.person(f"Finance {role}") for role in ("preparer", "approver"))
    item = reconciling_items.propose(
        Break.objects.get().pk, kind="period", expected_on=date(2026, 5, 31), user=preparer, because="Judged in May"
    )
    reconciling_items.accept(item.pk, user=approver)
    run = asked(company, "late_postings")
    assert run.status == "tied_with_items" and ExceptionCase.objects.get().status == "closed"
    assert [one["kind"] for one in certificate(company, "late_postings")["items"]] == ["accepted"]
    # and it is a case again once it is taken back
    reconciling_items.withdraw(item.pk, user=preparer)
    assert asked(company, "late_postings").status == "open_exceptions"
    assert ExceptionCase.objects.filter(status="open").count() == 1 and Break.objects.count() == 1


def test_a_list_that_reads_no_system_names_none(company: Company, moved: LatePosting) -> None:
    asked(company, "late_postings")
    assert listings._found_in(CONTROLS["late_postings"], ControlRun.objects.get()) == ""
