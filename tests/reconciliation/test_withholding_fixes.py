"""Withheld tax: booked by two people, told to billing, and listed until its certificate is here."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import Withholding
from reconciliation import approvals
from reconciliation.controls import runner
from reconciliation.fixes.fix import InputError, NotPossible
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync import open_items
from sync.models import Delivery, WithholdingRecord
from tests.paper_erp import books
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import DAY, Company, allocation, payment

INVOICE = "invoice:paper:in_1"
CERTIFICATE = {"certificate_number": "RF-17", "certificate_date": "2026-05-20"}


@pytest.fixture
def short(company: Company) -> Company:
    """An invoice of 100.00 that is paid short by the 1.5 % customers there may withhold."""
    company.entity.withholding_rates = {"US": ["0.015"]}
    company.entity.save()
    company.sells()
    company.bills()
    company.settles()
    company.hears(payment(amount="98.50"), allocation(amount="98.50"), source=company.billing)
    company.settles()
    return company


def book(company: Company, **certificate: str) -> None:
    request = ask("book_withholding", at(case_of("WHT_SHORT_PAY")), certificate, user=preparer())
    run = finish(approvals.approve(request.pk, user=approver()), company)
    assert run.note == "1 went through, 0 were refused."


def sent_to(code: str) -> list[Withholding]:
    return [entry.subject for entry in books(code).entries if isinstance(entry.subject, Withholding)]


def test_it_is_booked_and_told_to_billing_by_two_people_with_its_certificate(short: Company) -> None:
    assert next(fix.name for fix in for_case(case_of("WHT_SHORT_PAY"))) == "book_withholding"
    book(short, **CERTIFICATE)
    # then both have exactly the same document, dated when the customer withheld it
    (booked,), (told,) = sent_to("erp"), sent_to("billing")
    assert booked == told
    assert (booked.amount, booked.booked_on, booked.invoice_reference) == (Decimal("1.50"), DAY, INVOICE)
    assert (booked.certificate_number, booked.certificate_date) == ("RF-17", date(2026, 5, 20))
    # and nothing is left of the invoice, nor of the case
    assert open_items.of_invoices([INVOICE])[INVOICE].left == 0
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_who_asked_cannot_say_yes(short: Company) -> None:
    request = ask("book_withholding", at(case_of("WHT_SHORT_PAY")), user=preparer())
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=preparer())
    assert not WithholdingRecord.objects.exists()


def test_a_preview_shows_every_write(short: Company) -> None:
    preview = approvals.prepare(
        for_case(case_of("WHT_SHORT_PAY"))[0], at(case_of("WHT_SHORT_PAY")), {}, user=preparer()
    )
    assert [(one.system, one.after) for one in preview.writes] == [("ERP", "USD 1.50"), ("Billing", "USD 1.50")]
    assert [one["role"] for one in (preview.change, *preview.change["also"])] == ["erp", "billing"]


@pytest.mark.parametrize(
    "typed", [{"certificate_number": "RF-17"}, {"certificate_date": "2026-05-20"},
              {"certificate_number": "RF-17", "certificate_date": "20 May"}],
)  # fmt: skip
def test_a_certificate_has_number_and_day_or_is_not_here(short: Company, typed: dict[str, str]) -> None:
    with pytest.raises(InputError):
        ask("book_withholding", at(case_of("WHT_SHORT_PAY")), typed, user=preparer())


def test_what_was_paid_meanwhile_is_not_booked_any_more(short: Company) -> None:
    request = ask("book_withholding", at(case_of("WHT_SHORT_PAY")), user=preparer())
    target = at(case_of("WHT_SHORT_PAY"))
    short.hears(payment(2, amount="1.00"), allocation(2, amount="1.00"), source=short.billing)
    with pytest.raises(NotPossible):
        for_case(target.case)[0].preview(target, {}, user=preparer())
    try:
        finish(approvals.approve(request.pk, user=approver()), short)
    except ValueError as refused:
        assert str(refused)
    assert not sent_to("erp") and not WithholdingRecord.objects.exists()


def test_one_that_was_refused_once_is_the_same_when_it_is_asked_for_again(short: Company) -> None:
    # given a booking the ERP has taken, whose run did not see it
    book(short)
    WithholdingRecord.objects.update(certificate_number="RF-17", certificate_date=DAY)
    before = Delivery.objects.filter(kind="withholding").count()
    # when the invoice is short on paper once more, then asking again sends nothing twice
    case = ExceptionCase.objects.get(reason="WHT_SHORT_PAY")
    entry = for_case(case)[0].owed(case, {})
    assert entry.subject.amount == Decimal("1.50") and before == 2
    short.settles()
    assert Delivery.objects.filter(kind="withholding").count() == 2


# -- certificates -----------------------------------------------------------------------------------
def certificates(company: Company) -> str:
    return runner.run("withholding_certificates", entity=company.entity, business_date=DAY).status


def test_a_certificate_that_is_not_here_is_a_case_over_its_amount_until_two_people_keep_it(short: Company) -> None:
    book(short)
    assert certificates(short) == "open_exceptions" and certificates(short) == "open_exceptions"
    case = case_of("WHT_CERTIFICATE_DUE")
    assert (case.amount, case.currency, case.team) == (Decimal("1.50"), "USD", "finance")
    assert [fix.name for fix in for_case(case)] == ["keep_certificate"]
    # when its number and day are entered and approved
    request = ask("keep_certificate", at(case), CERTIFICATE, user=preparer())
    finish(approvals.approve(request.pk, user=approver()), short)
    # then they are kept, and the case is over
    row = WithholdingRecord.objects.get()
    assert (row.certificate_number, row.certificate_date) == ("RF-17", date(2026, 5, 20))
    assert not ExceptionCase.objects.filter(status="open").exists() and certificates(short) == "tied"


def test_a_certificate_must_be_entered_whole(short: Company) -> None:
    book(short)
    certificates(short)
    with pytest.raises(InputError):
        ask("keep_certificate", at(case_of("WHT_CERTIFICATE_DUE")), {}, user=preparer())


def test_the_database_keeps_no_half_certificate(short: Company) -> None:
    book(short)
    with pytest.raises(IntegrityError, match="certificate_has_number_and_date"), transaction.atomic():
        WithholdingRecord.objects.update(certificate_number="RF-17")
