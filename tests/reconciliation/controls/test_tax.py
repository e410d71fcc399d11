"""Tax recomputed: what was charged stands beside what the rows of its day say, and nothing is changed by it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation import sentences
from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import (
    CreditMemoRecord,
    CustomerRecord,
    Delivery,
    InvoiceLineRecord,
    InvoiceRecord,
    TaxCertificate,
    TaxCode,
    TaxIdCheck,
    TaxRegistration,
)
from tests.small_company import DAY, Company, account_id, credit_memo, customer, deal, invoice
from tests.sync.test_taxes import code, keep
from tests.sync.test_taxes import taxed as taxed

pytestmark = pytest.mark.django_db


def bills(company: Company, tax: str, *, number: int = 1, net: str = "100.00", **values: Any) -> InvoiceRecord:
    """An invoice of the taxed product, charged with this tax."""
    shape = invoice(number, of_deal=values.pop("of_deal", number), amount=net, **values)
    line = replace(shape.lines[0], tax=Decimal(tax), billing_product="cloud")
    shape = replace(shape, lines=(line,), tax=line.tax, total=shape.net + line.tax)
    company.hears(shape, source=company.billing)
    return InvoiceRecord.objects.get(reference=shape.reference)


def sells(company: Company, number: int = 1, **of: Any) -> None:
    company.hears(customer(number, **of))
    company.hears(deal(number, of=number, product="Cloud"))
    company.settles()


def asked(company: Company, name: str = "tax_recomputed") -> ControlRun:
    return runner.run(name, entity=company.entity, business_date=DAY)


def test_tax_within_a_minor_unit_of_the_rows_is_tied(taxed: Company) -> None:
    sells(taxed, country="Germany")
    for number, tax in enumerate(("18.99", "19.00", "19.01"), start=1):
        bills(taxed, tax, number=number, of_deal=1)
    assert asked(taxed).status == "tied" and not Break.objects.exists()


def test_tax_two_minor_units_off_is_one_break_with_both_numbers_and_the_line_and_changes_nothing(
    taxed: Company,
) -> None:
    # given an invoice charged two cents too much
    sells(taxed, country="Germany")
    row = bills(taxed, "19.02")

    def figures() -> tuple[list[Any], list[Any]]:
        return list(InvoiceLineRecord.objects.values()), list(Delivery.objects.values("subject_sha256", "condition"))

    before = figures()
    # when the control is asked, twice
    asked(taxed)
    run = asked(taxed)
    # then there is one break: the line, what was charged, what the rows say
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert run.status == "open_exceptions"
    assert (found.kind, found.difference, found.currency) == ("TAX_OFF_THE_RULES", Decimal("0.02"), "USD")
    assert (found.left["tax"], found.right["tax"]) == ("19.02", "19.00")
    assert case.document == "Tax line 1 of INV-0001: charged 19.02, by our rows 19.00"
    assert (case.value, case.amount, case.team) == ("software in DE at 19 percent", Decimal("0.02"), "finance")
    assert case.customer_name == "Customer 1"
    # and nothing was changed
    assert before == (
        list(InvoiceLineRecord.objects.values()),
        list(Delivery.objects.values("subject_sha256", "condition")),
    )
    # when the invoice is voided, then it claims nothing any more
    InvoiceRecord.objects.filter(pk=row.pk).update(status="void")
    assert asked(taxed).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_the_rows_of_the_documents_own_day_count(taxed: Company) -> None:
    # given a rate that changes on the second of June, and contracts sold before
    TaxCode.objects.update(valid_to=date(2026, 6, 2))
    code(taxed, "DE", "standard", "20", valid_from=date(2026, 6, 2))
    taxed.entity.business_date = date(2026, 6, 3)
    taxed.entity.save()
    sells(taxed, country="Germany")
    bills(taxed, "19.00", number=1, of_deal=1, day=date(2026, 6, 1))
    bills(taxed, "19.00", number=2, of_deal=1, day=date(2026, 6, 2))
    asked(taxed)
    found = Break.objects.get()
    assert (found.left["document"], found.right["tax"]) == ("invoice:paper:in_2", "20.00")
    # and where the customer moved since, the place that was decided counts
    CustomerRecord.objects.update(address={"country": "FR"})
    asked(taxed)
    assert [row.left["document"] for row in Break.objects.filter(healed_at=None)] == ["invoice:paper:in_2"]


def test_a_figure_that_changes_is_a_new_break(taxed: Company) -> None:
    sells(taxed, country="Germany")
    bills(taxed, "25.00")
    asked(taxed)
    TaxCode.objects.update(percent=Decimal(20))
    asked(taxed)
    assert [(row.difference, row.healed_at is None) for row in Break.objects.order_by("pk")] == [
        (Decimal("6.00"), False),
        (Decimal("5.00"), True),
    ]
    assert ExceptionCase.objects.filter(status="open").count() == 1


def test_tax_is_given_back_at_the_rows_of_the_day_it_was_charged(taxed: Company) -> None:
    # given an invoice of one day, and a credit memo of a day with another rate
    TaxCode.objects.update(valid_to=DAY + timedelta(days=1))
    code(taxed, "DE", "standard", "20", valid_from=DAY + timedelta(days=1))
    sells(taxed, country="Germany")
    bills(taxed, "19.00")
    memo = credit_memo(amount="40.00", day=DAY + timedelta(days=1))
    line = replace(memo.lines[0], tax=Decimal("7.60"))
    taxed.hears(replace(memo, lines=(line,), tax=line.tax, total=Decimal("47.60"), applied=Decimal("47.60")),
                source=taxed.billing)  # fmt: skip
    assert CreditMemoRecord.objects.exists()
    assert asked(taxed).status == "tied"
    # when the memo gave another tax back
    memo_line = CreditMemoRecord.objects.get().lines.get()
    memo_line.tax = Decimal("8.00")
    memo_line.save()
    asked(taxed)
    found = Break.objects.get()
    assert (found.left["tax"], found.right["tax"], found.left["document"]) == ("8.00", "7.60", memo.reference)


def test_a_sum_that_we_shared_out_over_lines_may_be_a_unit_off_per_line(taxed: Company) -> None:
    # given an invoice of three lines, whose taxes a memo without lines gives back in parts
    sells(taxed, country="Germany")
    shape = invoice(amount="100.00")
    lines = tuple(
        replace(shape.lines[0], line_id=f"{n}", net=Decimal(net), tax=Decimal(tax), billing_product="cloud")
        for n, (net, tax) in enumerate((("33.33", "6.33"), ("33.33", "6.33"), ("33.34", "6.34")), start=1)
    )
    taxed.hears(replace(shape, lines=lines, tax=Decimal("19.00"), total=Decimal("119.00")), source=taxed.billing)
    memo = credit_memo(amount="10.00", line="")
    spread = replace(memo.lines[0], tax=Decimal("1.90"))
    taxed.hears(replace(memo, lines=(spread,), tax=spread.tax, total=Decimal("11.90"), applied=Decimal("11.90")),
                source=taxed.billing)  # fmt: skip
    assert CreditMemoRecord.objects.get().lines.count() == 3
    assert asked(taxed).status == "tied"
    first = CreditMemoRecord.objects.get().lines.order_by("line_id").first()
    first.tax += Decimal("0.04")
    first.save()
    asked(taxed)
    assert Break.objects.get().difference == Decimal("0.04")


def test_untaxed_sales_without_proof_on_their_day_are_listed(taxed: Company) -> None:
    # given customers sold to as exempt, and by reverse charge
    code(taxed, "DE", "exempt", "0")
    code(taxed, "FR", "reverse_charge", "0")
    exempt, french = (f"customer:{account_id(number)}" for number in (1, 2))
    keep(taxed, TaxCertificate, customer_reference=exempt, jurisdiction="DE", number="EX-1",
         valid_to=DAY + timedelta(days=100))  # fmt: skip
    keep(taxed, TaxIdCheck, customer_reference=french, tax_id="FR40303265045", consultation="1")
    sells(taxed, 1, country="Germany")
    sells(taxed, 2, country="France", tax_id="FR40303265045")
    for number in (1, 2):
        bills(taxed, "0.00", number=number)
    assert asked(taxed).status == "tied"
    # when neither proof holds on the day of supply any more
    TaxCertificate.objects.update(valid_to=DAY)
    TaxIdCheck.objects.update(valid_to=DAY)
    asked(taxed)
    found = {row.left["document"]: row for row in Break.objects.filter(healed_at=None)}
    assert {row.kind for row in found.values()} == {"TAX_PROOF_MISSING"} and len(found) == 2
    case = ExceptionCase.objects.get(break_row=found["invoice:paper:in_1"])
    assert case.value.startswith("EX-1, which ended")
    # and an invoice charged like everybody's is right without one
    bills(taxed, "19.00", number=3, of_deal=1)
    asked(taxed)
    assert Break.objects.filter(healed_at=None).count() == 2


def test_what_was_sold_below_the_threshold_stays_untaxed_after_it(taxed: Company) -> None:
    keep(taxed, TaxRegistration, jurisdiction="CH", standing="below_threshold", threshold=Decimal("50.00"),
         threshold_currency="USD")  # fmt: skip
    sells(taxed, country="Switzerland")
    bills(taxed, "0.00")
    assert asked(taxed).status == "tied"
    # but nothing may be charged there
    bills(taxed, "8.10", number=2, of_deal=1)
    asked(taxed)
    assert Break.objects.get().right["tax"] == "0.00"


def test_tax_no_row_speaks_of_is_a_break_that_says_so(taxed: Company) -> None:
    sells(taxed, country="Germany")
    bills(taxed, "19.00")
    TaxCode.objects.all().delete()
    asked(taxed)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.value) == ("TAX_OFF_THE_RULES", "no row in force for software in DE")
    assert Break.objects.get().right == {}


def test_a_document_found_once_stays_in_sight_after_its_period(taxed: Company) -> None:
    sells(taxed, country="Germany")
    bills(taxed, "25.00")
    asked(taxed)
    taxed.entity.business_date = DAY + timedelta(days=200)
    taxed.entity.save()
    assert asked(taxed).status == "open_exceptions" and Break.objects.get().healed_at is None


def test_proofs_of_running_contracts_are_listed_a_month_before_they_end(taxed: Company) -> None:
    # given an exemption that ends in 40 days
    code(taxed, "DE", "exempt", "0")
    reference = f"customer:{account_id(1)}"
    ends = DAY + timedelta(days=40)
    keep(taxed, TaxCertificate, customer_reference=reference, jurisdiction="DE", number="EX-1", valid_to=ends)
    sells(taxed, country="Germany")
    assert asked(taxed, "tax_proofs").status == "tied"
    # when there are 30 days left
    taxed.entity.business_date = ends - timedelta(days=30)
    taxed.entity.save()
    asked(taxed, "tax_proofs")
    case = ExceptionCase.objects.get()
    assert (case.reason, case.document) == ("TAX_PROOF_ENDS", "Proof of Customer 1 in DE")
    assert case.value == f"certificate EX-1 for DE holds until before {ends}"
    assert sentences.six(case).happened.endswith("found this: Proof of Customer 1 in DE.")
    # when there is a new one, then it is over
    keep(taxed, TaxCertificate, customer_reference=reference, jurisdiction="DE", number="EX-2", valid_from=ends,
         valid_to=ends + timedelta(days=365))  # fmt: skip
    assert asked(taxed, "tax_proofs").status == "tied" and ExceptionCase.objects.get().status == "closed"
