"""When may be posted: periods as the ERP has them."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from connectors.interface import Period
from reconciliation.models import ExceptionCase
from sync import calendar
from sync.models import AccountingPeriod, Attempt, Delivery
from sync.states import Condition
from tests.small_company import DAY, Company


@pytest.mark.parametrize("state", ["closed", "closing"])
def test_a_posting_into_a_closed_period_is_blocked_before_anything_is_sent(company: Company, paper, state: str) -> None:
    company.sells(1)
    company.period(state)
    row, sent = company.bills(1), len(paper("erp").parcels)
    company.carries("posting")
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, row.blocked_reason) == (Condition.BLOCKED, "PERIOD_CLOSED")
    assert (case.reason, case.value, case.team) == ("PERIOD_CLOSED", "2026-05", "finance")
    assert len(paper("erp").parcels) == sent and not Attempt.objects.filter(delivery=row).exists()


def test_a_posting_into_an_open_or_unknown_period_is_left_to_the_erp(company: Company) -> None:
    company.sells(1)
    company.period("open")
    company.period("closed", starts=date(2026, 4, 1), ends=date(2026, 4, 30))
    company.bills(1)
    company.bills(2, day=date(2026, 6, 2))
    company.carries("posting")
    assert set(Delivery.objects.filter(kind="invoice").values_list("condition", flat=True)) == {Condition.SETTLED}


def test_the_first_open_day_is_the_documents_own_where_that_is_open(company: Company) -> None:
    company.period("closed")
    company.period("open", starts=date(2026, 6, 1), ends=date(2026, 6, 30))
    first = calendar.first_open_day(company.entity, connection=company.erp, after=DAY)
    assert first == date(2026, 6, 1)
    assert calendar.first_open_day(company.entity, connection=company.erp, after=date(2026, 6, 9)) == date(2026, 6, 9)
    assert calendar.first_open_day(company.entity, connection=company.erp, after=date(2026, 7, 1)) is None


def test_periods_are_mirrored_with_their_changes(company: Company, paper) -> None:
    paper("erp").periods = [
        Period(external_id="1", module="ar", starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31), state="open")
    ]
    assert (calendar.mirror(company.erp), calendar.mirror(company.erp)) == (1, 0)
    paper("erp").periods = [
        Period(external_id="1", module="ar", starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31), state="closed")
    ]
    assert calendar.mirror(company.erp) == 1
    assert AccountingPeriod.objects.get().state == "closed"


def test_periods_never_overlap(company: Company) -> None:
    company.period("open")
    with pytest.raises(IntegrityError, match="periods_do_not_overlap"), transaction.atomic():
        company.period("open", starts=date(2026, 5, 31), ends=date(2026, 6, 30))
