"""Schedules of the engine that counts beside ours: a line that differs is one break, and names its months."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.revenue import period_reference
from connectors.interface import ControlLine, ControlPage
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import Delivery, InvoiceRecord, RevenueScheduleRecord
from sync.revenue import compared
from sync.revenue.parts import parts_of
from tests import paper_erp
from tests.paper_erp import Books, line
from tests.small_company import DAY, Company
from tests.sync.revenue.test_revenue import engine

pytestmark = pytest.mark.django_db


def planned(month: date, amount: str, *, number: str = "INV-0001", currency: str = "USD") -> ControlLine:
    """A month of the ERP's own schedule of a line."""
    name = period_reference(number=number, item="basic", starts_on=DAY, ends_on=DAY + timedelta(days=364), period=month)
    # on paper a listing is of a day
    return replace(line(name, amount, day=DAY, currency=currency), document_date=month, status="RA1")


@pytest.fixture
def erp(company: Company, paper: Any) -> Books:
    """A year at a dollar a day, posted two days ago in an ERP with the same schedule; gives the ERP's books."""
    company.erp.settings["revenue_schedules"] = True
    company.erp.save()
    company.sells(amount="365.00")
    company.bills(amount="365.00")
    company.settles()
    Delivery.objects.update(delivered_at="2020-01-01T00:00Z")
    books = paper("erp")
    row = RevenueScheduleRecord.objects.get()
    books.lists["customer"] = []
    books.lists["revenue_schedule"] = [
        planned(part.starts_on.replace(day=1), str(part.amount)) for part in parts_of(row)
    ]
    return books


@pytest.fixture(autouse=True)
def _as_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper ERP lists by day; its schedules stand as of any."""
    plain = paper_erp.Paper.list_day

    def list_day(self: Any, *, kind: str, entity: str, day: date) -> Any:
        if kind != "revenue_schedule":
            return plain(self, kind=kind, entity=entity, day=day)
        return iter([ControlPage(lines=tuple(self.books.lists.get(kind, [])), query=kind)])

    monkeypatch.setattr(paper_erp.Paper, "list_day", list_day)


def asked(company: Company) -> ControlRun:
    return runner.run("revenue_schedules", entity=company.entity, business_date=DAY)


def test_only_an_erp_that_is_the_engine_and_tells_schedules_is_asked(company: Company, erp: Books) -> None:
    assert "revenue_schedules" in {control.name for control in controls_of(company.entity)}
    engine(company, "portal")
    assert "revenue_schedules" not in {control.name for control in controls_of(company.entity)}
    company.erp.settings["revenue_schedules"] = False
    company.erp.save()
    assert not compared.is_compared(company.entity)


def test_equal_schedules_tie_also_where_the_last_month_takes_the_rounding(company: Company, erp: Books) -> None:
    assert asked(company).status == "tied"
    rows = erp.lists["revenue_schedule"]
    for place in range(6):
        rows[place] = replace(rows[place], net=rows[place].net - Decimal("0.01"))
    rows[-1] = replace(rows[-1], net=rows[-1].net + Decimal("0.06"))
    assert asked(company).status == "tied"


def test_a_month_with_another_amount_is_a_break_that_names_it(company: Company, erp: Books) -> None:
    # given an ERP that gives two dollars of June to July
    rows = {row.document_date: row for row in erp.lists["revenue_schedule"]}
    june, july = date(2026, 6, 1), date(2026, 7, 1)
    rows[june] = replace(rows[june], net=Decimal("28.00"))
    rows[july] = replace(rows[july], net=Decimal("33.00"))
    erp.lists["revenue_schedule"] = list(rows.values())
    # when the control is asked, twice
    asked(company)
    run = asked(company)
    # then there is one break, with both amounts of both months
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert run.status == "open_exceptions"
    assert case.document == "Revenue schedule of Basic of INV-0001, Jun 2026 to Jul 2026 (2 months)"
    assert (found.left["2026-06"], found.right["2026-06"]) == ("30.00", "28.00")
    assert (found.left["2026-07"], found.right["2026-07"]) == ("31.00", "33.00")
    assert (found.kind, found.difference, case.value) == (
        "SCHEDULE_DIFFERS", 0, RevenueScheduleRecord.objects.get().arrangement_reference,
    )  # fmt: skip
    # when it is set right there, it heals
    rows[june], rows[july] = (replace(rows[one], net=Decimal(net)) for one, net in ((june, "30.00"), (july, "31.00")))
    erp.lists["revenue_schedule"] = list(rows.values())
    assert asked(company).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_a_sum_that_is_off_by_a_minor_unit_is_found(company: Company, erp: Books) -> None:
    rows = erp.lists["revenue_schedule"]
    rows[2] = replace(rows[2], net=rows[2].net + Decimal("0.01"))
    asked(company)
    found = Break.objects.get()
    assert found.label.endswith(f", {rows[2].document_date:%b %Y}") and found.difference == Decimal("-0.01")


def test_a_line_the_erp_has_no_schedule_of_is_missing_once_it_had_a_day(company: Company, erp: Books) -> None:
    erp.lists["revenue_schedule"] = []
    Delivery.objects.update(delivered_at="2200-01-01T00:00Z")
    assert asked(company).status == "tied"
    Delivery.objects.update(delivered_at="2020-01-01T00:00Z")
    asked(company)
    assert [(one.kind, one.difference) for one in Break.objects.all()] == [("SCHEDULE_MISSING", Decimal("365.00"))]
    # a voided document needs none
    InvoiceRecord.objects.update(status="void")
    assert asked(company).status == "tied"


def test_a_line_only_the_erp_defers_is_found_and_what_finance_typed_there_is_not_ours(
    company: Company, erp: Books
) -> None:
    RevenueScheduleRecord.objects.all().delete()
    erp.lists["revenue_schedule"].append(planned(date(2026, 6, 1), "5.00", number="TYPED-1"))
    asked(company)
    assert [(one.kind, one.difference) for one in Break.objects.all()] == [("SCHEDULE_ONLY_THERE", Decimal("-365.00"))]


def test_documents_of_other_currencies_are_compared_in_own_money_and_sum_exactly(company: Company, erp: Books) -> None:
    InvoiceRecord.objects.update(exchange_rate=Decimal("0.9137"))
    months = compared.lines(company.entity, DAY)
    assert sum(one.net for one in months) == Decimal("333.50")
    erp.lists["revenue_schedule"] = [planned(one.document_date, str(one.net)) for one in months]
    assert asked(company).status == "tied"
