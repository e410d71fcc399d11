"""Credit and rebill: a wrong invoice is credited in billing and billed anew; nothing issued is edited."""

from decimal import Decimal

from reconciliation.controls import runner
from reconciliation.models import ControlRun, ExceptionCase
from sync.models import InvoiceRecord
from tests.paper_erp import books, line
from tests.small_company import DAY, Company, credit_memo, invoice


def test_a_wrong_invoice_is_credited_and_billed_anew_and_each_of_the_three_reaches_the_ledger(company: Company) -> None:
    # given an invoice over 100.00 that should have been over 80.00
    company.sells()
    company.bills()
    company.settles()
    before = books("erp").of("invoice:paper:in_1")[0].subject
    # when billing credits all of it and issues another
    company.hears(
        credit_memo(1, of_invoice=1, amount="100.00", reason_code="wrong_price"),
        invoice(2, amount="80.00"),
        source=company.billing,
    )
    company.settles()
    # then the ledger has all three, the first as it was issued
    kinds = [(one.kind, one.subject.total) for one in books("erp").entries if one.kind in ("invoice", "credit_memo")]
    assert kinds[0] == ("invoice", Decimal("100.00"))
    assert sorted(kinds[1:]) == [("credit_memo", Decimal("100.00")), ("invoice", Decimal("80.00"))]
    assert books("erp").of("invoice:paper:in_1")[0].subject == before
    assert set(InvoiceRecord.objects.values_list("number", "total")) == {
        ("INV-0001", Decimal("100.00")),
        ("INV-0002", Decimal("80.00")),
    }
    # and nothing is left to explain on either list
    issued = [line("invoice:paper:in_1", "100.00", day=DAY), line("invoice:paper:in_2", "80.00", day=DAY)]
    given_back = [line("credit_memo:paper:cn_1", "-100.00", day=DAY)]
    for system in ("billing", "erp"):
        books(system).lists |= {"invoice": issued, "credit_memo": given_back}
    for control in ("invoices", "credit_memos"):
        run = runner.run(control, entity=company.entity, business_date=DAY)
        assert run.status == ControlRun.Status.TIED, control
    assert not ExceptionCase.objects.exists()
