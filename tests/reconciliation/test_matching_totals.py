"""What both sides come to, each in its own figures; and a run asks the database no more often for ten breaks."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.interface import ControlLine
from reconciliation import matching, staging
from reconciliation.controls import runner
from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break
from reconciliation.models.controls import Side
from tests.paper_erp import line
from tests.small_company import DAY, Company

pytestmark = pytest.mark.django_db


def shows(control: Control, company: Company, side: Side, *lines: ControlLine) -> None:
    staging.stage(
        control, side, entity=company.entity, business_date=DAY, source=company.billing, lines=list(lines), pages=1,
        source_count=len(lines), query="",
    )  # fmt: skip


@pytest.mark.parametrize("column", ["net", "tax", "gross"])
def test_a_column_nobody_compares_is_each_sides_own(company: Company, column: str) -> None:
    control = replace(CONTROLS["invoices"], compares=tuple({"net", "tax", "gross"} - {column}))
    one = replace(line("invoice:1", "119.00", day=DAY), net=Decimal(100), tax=Decimal(19))
    other = replace(one, **{column: Decimal("7.77")})
    shows(control, company, Side.LEFT, one, replace(one, reference="invoice:2", external_id="2"))
    shows(control, company, Side.RIGHT, other, replace(other, reference="invoice:2", external_id="2"))
    with matching.compared(control, entity=company.entity):
        (sums,) = matching.totals()
        assert matching.differences() == []
    for name in ("net", "tax", "gross"):
        assert getattr(sums, f"left_{name}") == 2 * getattr(one, name)
        assert getattr(sums, f"right_{name}") == 2 * getattr(other, name), name


def test_ten_breaks_ask_the_database_no_more_than_one(company: Company) -> None:
    control, asked = CONTROLS["invoices"], []
    for number in (1, 10):
        rows = [
            replace(line(f"invoice:{at}", f"{at}.00", day=DAY), external_id=f"{at}") for at in range(100, 100 + number)
        ]
        shows(control, company, Side.LEFT, *rows)
        shows(control, company, Side.RIGHT)
        with CaptureQueriesContext(database) as queries:
            runner.compare_again(control.name, entity=company.entity)
        asked.append(len(queries))
    assert Break.objects.count() == 10
    # one that is known already is brought up to date beside them; a question for each would be nine more
    assert asked[1] - asked[0] < 9, asked
