"""What the gateway paid out is at the bank: billing's payouts against the lines of real statement files."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import Connection, EntityRoute
from tests.connectors.file_drop.test_statements import camt, entry
from tests.paper_erp import books, line
from tests.small_company import FIRST_DAY, Company

#: the value date of the entries
DAY = date(2026, 3, 5)


@pytest.fixture
def statements(company: Company, tmp_path: Path) -> Path:
    """The folder of a bank whose statements are connected."""
    bank = Connection(
        code="bank", label="Bank", system="file_drop", role="bank", base_url="http://127.0.0.1:9", is_sandbox=True
    )
    bank.settings = {"folder": str(tmp_path)}
    bank.save()
    EntityRoute.objects.create(
        entity=company.entity, role="bank", connection=bank, company_code="1", valid_from=min(FIRST_DAY, DAY)
    )
    EntityRoute.objects.exclude(role="bank").update(valid_from=min(FIRST_DAY, DAY))
    return tmp_path


def asked(company: Company) -> ControlRun:
    return runner.run("payouts_at_bank", entity=company.entity, business_date=DAY)


def test_a_payout_ties_to_a_line_of_the_statement_however_often_that_comes(company: Company, statements: Path) -> None:
    # given two payouts, one told of in a statement and again in the CSV of the month
    books("billing").lists["bank_payout"] = [line("bank:po_1", "587.15", day=DAY), line("bank:po_2", "20.00", day=DAY)]
    (statements / "05.xml").write_bytes(camt(entry("587.15", trace="po_1"), entry("20.00", trace="po_2")))
    (statements / "05-again.xml").write_bytes(camt(entry("587.15", trace="po_1"), entry("20.00", trace="po_2")))
    # then both sides agree, and count each once
    run = asked(company)
    assert run.status == ControlRun.Status.TIED
    assert (run.totals["USD"]["left"], run.totals["USD"]["right"]) == ("607.15", "607.15")
    assert (run.totals["USD"]["left_count"], run.totals["USD"]["right_count"]) == ("2", "2")


def test_what_is_short_and_what_has_not_arrived_are_cases_until_the_statement_shows_them(
    company: Company, statements: Path
) -> None:
    # given one payout short by a fee of the bank, one missing, and a credit that is none of ours
    books("billing").lists["bank_payout"] = [line("bank:po_1", "587.15", day=DAY), line("bank:po_2", "20.00", day=DAY)]
    (statements / "05.xml").write_bytes(camt(entry("572.15", trace="po_1"), entry("9.00", trace="INV-1")))
    # then each is a break with its case
    assert asked(company).status == ControlRun.Status.OPEN_EXCEPTIONS
    found = {one.reference: (one.kind, one.difference) for one in Break.objects.all()}
    assert found == {
        "bank:po_1": ("AMOUNT_MISMATCH", Decimal("15.00")),
        "bank:po_2": ("MISSING_IN_TARGET", Decimal("20.00")),
    }
    assert ExceptionCase.objects.filter(status="open").count() == 2
    # when the bank sends what was missing
    rows = ("value_date,currency,amount,reference", f"{DAY},USD,20.00,po_2", f"{DAY},USD,15.00,po_1")
    (statements / "05.csv").write_text("\n".join(rows))
    asked(company)
    # then that case is over; two lines of one payout are still not its one amount
    healed = Break.objects.get(reference="bank:po_2")
    assert healed.healed_at and not healed.cases.filter(status="open").exists()
    assert Break.objects.filter(reference="bank:po_1", healed_at=None).exists()


def test_a_statement_that_cannot_be_read_is_a_control_that_did_not_run(company: Company, statements: Path) -> None:
    (statements / "05.xml").write_bytes(b"nothing")
    run = asked(company)
    assert run.status == ControlRun.Status.NOT_RUN and "05.xml" in run.trouble
    assert ExceptionCase.objects.get().reason == "CONTROL_NOT_RUN"
    # nothing is taken for a day without money
    assert run.totals == {} and run.finished_at - run.started_at < timedelta(minutes=1)
