"""A customer withholds tax and pays the rest: two people move the claim to the tax office, with its certificate."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.controls import runner
from sync.models import LegalEntity, WithholdingRecord
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.test_payouts_and_disputes import balance


def decide(business: Business, reason: str, fix: str, **inputs: str) -> dict[str, Any]:
    """Finance asks with what it knows, and a second person says yes."""
    (case,) = business.cases(reason=reason)
    preparer, approver = business.people["finance.preparer"], business.people["finance.approver"]
    asked = preparer.ask_for(f"cases/{case.number.removeprefix('EXC-')}", fix, because="As agreed.", **inputs)
    assert preparer.send(f"approvals/{asked['number'].removeprefix('APR-')}/approve").status_code == 403
    ended = approver.watch(approver.approve(asked["number"]))
    business.rest()
    return ended


@pytest.mark.slow  # make stories
def test_withheld_tax_becomes_a_receivable_and_nothing_is_left_to_collect(
    open_business: Callable[[], Business],
) -> None:
    # given customers who may withhold 15 %, and an invoice of 550.00 that is paid short by exactly that
    business = open_business()
    LegalEntity.objects.update(withholding_rates={"US": ["0.15"]})
    business.customers_pay_after(20)
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    (invoice,) = business.books("invoice").values()
    business.wire(invoice, "467.50")
    business.netsuite_tells()
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("WHT_SHORT_PAY", Decimal("82.50"))
    business.ties()
    # when two people book it before the certificate is here
    ended = decide(business, "WHT_SHORT_PAY", "book_withholding")
    assert ended["note"] == "1 went through, 0 were refused."
    # then the tax office owes it, and neither the ERP nor billing has anything left to collect
    (invoice,) = business.books("invoice").values()
    assert Decimal(str(invoice["amountRemaining"])) == 0
    assert (balance(business, "126"), balance(business, "122")) == (Decimal("82.50"), Decimal(0))
    (billed,) = business.stripe.get("invoices")["data"]
    assert (billed["status"], billed["metadata"]["q2c_withheld"].split()[0]) == ("paid", "82.50")
    assert business.sees(deal, "Q2C_Payment_Status__c")[0].startswith("Paid")
    business.quiet()
    # and what was laid on the invoice never comes back as a receipt
    business.netsuite_tells()
    assert not business.stripe.get("charges")["data"]
    business.ties()
    # when the day's controls run, then the certificate is outstanding, over its amount
    business.live(until=business.today + timedelta(days=1))
    business.controls()
    (case,) = business.cases()
    assert (case.reason, case.amount, case.team) == ("WHT_CERTIFICATE_DUE", Decimal("82.50"), "finance")
    business.ties()
    # when it comes
    decide(
        business, "WHT_CERTIFICATE_DUE", "keep_certificate", certificate_number="RF-2026-17",
        certificate_date="2026-03-03",
    )  # fmt: skip
    # then number and day are kept, and nothing is outstanding
    row = WithholdingRecord.objects.get()
    assert (row.certificate_number, row.certificate_date.isoformat()) == ("RF-2026-17", "2026-03-03")
    run = runner.run("withholding_certificates", entity=business.world.entity, business_date=business.today)
    assert run.status == "tied"
    business.quiet()
    business.ties()
