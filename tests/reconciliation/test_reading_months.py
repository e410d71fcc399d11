"""Lines of readings lie in a table per month, and a comparison looks into the months it is about."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database

from reconciliation import matching, staging
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import ControlLine, ControlStage
from reconciliation.models.controls import Side
from tests.paper_erp import line
from tests.small_company import Company

CONTROL = CONTROLS["invoices"]
FIRST, LAST, AFTER = date(2031, 1, 1), date(2031, 1, 31), date(2031, 2, 1)


def read(company: Company, day: date, side: Side = Side.LEFT) -> ControlStage:
    lines = [line(f"invoice:{day}", "10.00", day=day)]
    return staging.stage(
        CONTROL, side, entity=company.entity, business_date=day, source=company.billing, lines=lines, pages=1,
        source_count=1, query="",
    )  # fmt: skip


def tables() -> list[tuple[str, int]]:
    """Tables that hold lines, and how many."""
    with database.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, count(*) FROM reconciliation_controlline GROUP BY 1")
        return sorted((str(name)[-len("2031_01") :], count) for name, count in cursor.fetchall())


@pytest.mark.django_db
def test_a_line_lies_in_the_month_it_was_read_for(company: Company) -> None:
    for day in (FIRST, LAST, AFTER):
        read(company, day)
    assert tables() == [("2031_01", 2), ("2031_02", 1)]


@pytest.mark.django_db
@pytest.mark.parametrize("day", [FIRST + timedelta(days=1), AFTER])
def test_a_line_is_of_its_readings_day(company: Company, day: date) -> None:
    stage = read(company, FIRST)
    staging.have_month(day)
    with pytest.raises(IntegrityError, match="line_of_its_reading"), transaction.atomic():
        ControlLine.objects.filter(stage=stage).update(business_date=day)


@pytest.mark.django_db
def test_a_line_of_a_month_that_was_not_made_is_refused(company: Company) -> None:
    stage = read(company, FIRST)
    with pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        ControlLine.objects.filter(stage=stage).update(business_date=AFTER)


@pytest.mark.django_db
def test_a_comparison_looks_into_its_own_months_only(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for side in Side:
        read(company, FIRST, side)
    ControlStage.objects.update(is_current=False)
    for side in Side:
        read(company, AFTER, side)
    plans: list[str] = []

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "reconciliation_controlline" in sql:
            # which months an UPDATE of these reads is only known once it runs; it may run twice
            how = "EXPLAIN ANALYZE" if sql.lstrip().startswith("UPDATE") else "EXPLAIN"
            with context["connection"].connection.cursor() as cursor:
                plans.append("\n".join(row[0] for row in cursor.execute(f"{how} {sql}", params).fetchall()))
        return execute(sql, params, many, context)

    with database.execute_wrapper(explained), matching.compared(CONTROL, entity=company.entity):
        matching.reconcile_matched(CONTROL)
        assert matching.totals()[0].left_count == 1
    assert any("controlline_2031_02" in plan for plan in plans)
    for plan in plans:
        read_in = [text for text in plan.split("->") if "controlline_2031_01" in text]
        assert all("never executed" in text for text in read_in), plan


@pytest.mark.django_db(transaction=True)
def test_many_who_read_a_new_month_at_once_make_it_once(committed_company: Company, in_threads: Any) -> None:
    sides = [(control, side) for control in ("invoices", "receipts", "refunds") for side in Side]
    for month in range(1, 6):
        day = date(2032, month, 9)

        def stage(what: tuple[str, Side], day: date = day) -> ControlStage:
            return staging.stage(
                CONTROLS[what[0]], what[1], entity=committed_company.entity, business_date=day,
                source=committed_company.billing, lines=[line("invoice:1", "1.00", day=FIRST)], pages=1,
                source_count=1, query="",
            )  # fmt: skip

        results = in_threads(stage, sides)
        assert [type(result) for result in results] == [ControlStage] * len(sides), results
    assert tables() == [(f"2032_{month:02}", len(sides)) for month in range(1, 6)]
