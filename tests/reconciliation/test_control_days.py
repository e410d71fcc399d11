"""Which days are read, once each and again while their period is open; and the figures that come of it."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from connectors.errors import Unavailable
from reconciliation import tie_out
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ControlStage, ExceptionCase
from sync import schedules
from sync.models import ScheduleClaim
from tests.paper_erp import Books, books, line
from tests.small_company import DAY, Company, customer, deal, invoice

IN1, IN2 = invoice(1).reference, invoice(2).reference


@pytest.fixture
def billed(company: Company, paper: Any) -> Books:
    """Two invoices, posted, and listed alike on both sides; gives the ERP's books."""
    company.sells(1)
    company.bills(1)
    company.bills(2)
    company.settles()
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    return paper("erp")


def invoices(company: Company, **values: Any) -> ControlRun:
    return runner.run("invoices", entity=company.entity, business_date=DAY, **values)


# -- due dates and looking back -----------------------------------------------------------------------
def test_each_ended_day_is_read_once_and_missed_days_are_caught_up(company: Company, billed: Books) -> None:
    # given an entity that began on the 1st and trades on the 14th
    days = (DAY - date(2026, 5, 1)).days + 1
    asked = [control for control in CONTROLS.values() if runner.is_connected(control, company.entity)]
    by_day = [control for control in asked if not control.as_of]
    as_of = len(asked) - len(by_day)
    # when what is due runs
    assert runner.run_due(look_back=False) == days * len(by_day) + as_of
    assert runner.run_due(look_back=False) == 0 and runner.still_due() == 0
    # when a business day passes
    company.entity.business_date += timedelta(days=1)
    company.entity.save()
    assert runner.run_due(look_back=False) == len(asked)


def test_looking_back_finds_what_was_deleted_in_an_open_period(company: Company, billed: Books) -> None:
    # given invoices of the 13th that tied, and two days later one is deleted
    company.period("open")
    runner.run_due()
    billed.lists["invoice"].pop()
    company.entity.business_date += timedelta(days=2)
    company.entity.save()
    # when the newest day is read, looking back
    run = runner.run("invoices", entity=company.entity, business_date=DAY + timedelta(days=2), look_back=True)
    # then the old day is out of step
    assert run.looked_back_to == date(2026, 5, 1)
    assert Break.objects.get().reference == IN2 and run.status == "open_exceptions"


def test_looking_back_reads_a_day_that_could_not_be_read_when_it_was_due(company: Company, billed: Books) -> None:
    # given billing out of reach on the evening the invoices were due to be compared: neither side has been read
    company.period("open")
    unread = books("billing")
    unread.trouble_listing = Unavailable("503", system="paper_erp")
    assert invoices(company).status == "not_run" and ExceptionCase.objects.get().reason == "CONTROL_NOT_RUN"
    assert not ControlStage.objects.filter(control="invoices", business_date=DAY).exists()
    unread.trouble_listing = None
    # when a later day is read, looking back
    later = DAY + timedelta(days=1)
    run = runner.run("invoices", entity=company.entity, business_date=later, look_back=True)
    # then that day's money is in the figures, and its case has closed by itself
    assert (run.looked_back_to, run.totals["USD"]["left"]) == (DAY, "200.00")
    assert ExceptionCase.objects.get().status == "closed"


def test_what_is_compared_as_of_today_stands_for_the_days_it_could_not_be_read(company: Company, paper: Any) -> None:
    name = next(control.name for control in CONTROLS.values() if control.as_of)
    books("crm").trouble_listing = Unavailable("503", system="paper_erp")
    assert runner.run(name, entity=company.entity, business_date=DAY).status == "not_run"
    # when it can be read the day after
    books("crm").trouble_listing = None
    assert runner.run(name, entity=company.entity, business_date=DAY + timedelta(days=1)).status != "not_run"
    # then nothing is left to do about the day before
    assert ExceptionCase.objects.get(reason="CONTROL_NOT_RUN").status == "closed"


def test_the_scheduled_look_back_happens_once_an_hour(company: Company, billed: Books, machine: Any) -> None:
    company.period("open")
    seen = []
    for _ in range(3):
        runner.run_due()
        seen.append(ControlRun.objects.filter(control="invoices").exclude(looked_back_to=None).count())
        company.entity.business_date += timedelta(days=1)
        company.entity.save()
        machine.passes(minutes=10)
    assert seen == [1, 1, 1]
    machine.passes(minutes=60)
    runner.run_due()
    assert ControlRun.objects.filter(control="invoices").exclude(looked_back_to=None).count() == 2


def test_a_window_is_claimed_by_one_only(committed_company: Company, in_threads: Any) -> None:
    claimed = in_threads(lambda _: schedules.claim("job", "2026-05-13"), list(range(6)))
    assert sorted(claimed) == [False] * 5 + [True]


def test_a_window_of_a_dead_worker_is_taken_over_after_its_lease_and_a_finished_one_never(
    company: Company, machine: Any
) -> None:
    assert schedules.claim("job", "a") and not schedules.claim("job", "a")
    machine.passes(schedules.LEASE.total_seconds() + 1)
    assert schedules.claim("job", "a") and not schedules.claim("job", "a")
    schedules.finish("job", "a")
    machine.passes(hours=48)
    assert not schedules.claim("job", "a")


def test_a_window_whose_job_failed_is_free_at_once(company: Company, machine: Any) -> None:
    with pytest.raises(RuntimeError), schedules.once("job", "b") as mine:
        assert mine
        raise RuntimeError("it failed")
    with schedules.once("job", "b") as again:
        assert again
    assert ScheduleClaim.objects.get(window="b").finished_at is not None


# -- figures ------------------------------------------------------------------------------------------
def test_the_tie_out_prints_rows_with_money_as_text(
    company: Company, billed: Books, capsys: pytest.CaptureFixture
) -> None:
    # given a sale that is billed and posted, and one that waits for a case
    company.hears(deal(2, product="GTXPro", amount="4821.00"))
    company.settles()
    books("crm").lists["contract"] = [
        line(deal(1).reference, "100.00", day=DAY),
        line(deal(2).reference, "4821.00", day=DAY),
    ]
    books("billing").lists["contract"] = [line(deal(1).reference, "100.00", day=DAY)]
    runner.run_due()
    # when it is printed for machines
    call_command("tie_out", "--json")
    rows = json.loads(capsys.readouterr().out)
    # then each row has these names, and its money is text
    names = {
        "leg",
        "entity",
        "currency",
        "kind",
        "period",
        "left",
        "right",
        "in_flight",
        "held",
        "explained",
        "unexplained",
    }
    assert all(names <= set(row) and all(isinstance(value, str) for value in row.values()) for row in rows)
    told = {(row["leg"], row["kind"], row["period"]): row for row in rows}
    sold, posted = told["sold_to_billed", "contract", "2026-05"], told["billed_to_posted", "invoice", "2026-05"]
    assert (sold["left"], sold["right"], sold["explained"], sold["unexplained"]) == (
        "4921.00",
        "100.00",
        "4821.00",
        "0.00",
    )
    assert (posted["left"], posted["right"], posted["unexplained"]) == ("200.00", "200.00", "0.00")
    # and for people
    call_command("tie_out")
    assert "4,821.00" in capsys.readouterr().out
    for row in tie_out.rows():
        assert row.left - row.right == row.explained + row.held + row.in_flight + row.unexplained


def test_the_open_cases_print_as_problems(company: Company, capsys: pytest.CaptureFixture) -> None:
    company.hears(customer(1))
    company.hears(deal(1, product="GTXPro", amount="4821.00"), deal(2, product="GTXPro", amount="0.50"))
    call_command("cases", "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert {name: row[name] for name in ("code", "title", "owner", "count", "money")} == {
        "code": "PRODUCT_UNMAPPED",
        "title": "Product has no billing plan: GTXPro",
        "owner": "Billing operations",
        "count": 2,
        "money": {"USD": "4821.50"},
    }
    call_command("cases")
    assert "USD 4821.50" in capsys.readouterr().out
