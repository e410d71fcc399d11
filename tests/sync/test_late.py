"""Documents that came too late: which boundary they cross, which of them finance must judge, and who may."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sync import late, rounds
from sync.models import Delivery, JournalEntry, LatePosting, LegalEntity
from tests.small_company import DAY, Company, person


@pytest.fixture
def finance(company: Company) -> Any:
    return person("fin", "Finance approver")


def moved(company: Company, number: int = 1, *, to: date, amount: str = "100.00") -> LatePosting:
    """An invoice of the scenario's month, posted on another day."""
    if number == 1:
        company.sells(1)
    row = company.bills(number, amount=amount)
    with transaction.atomic():
        rounds.move_posting(row, posting_date=to)
    return LatePosting.objects.get(reference=row.reference)


@pytest.mark.parametrize(
    ("document", "posting", "crossed"),
    [
        (date(2026, 5, 31), date(2026, 6, 1), "month"),
        (date(2026, 6, 30), date(2026, 7, 1), "quarter"),
        (date(2026, 1, 31), date(2026, 4, 1), "quarter"),
        (date(2025, 12, 31), date(2026, 1, 1), "year"),
    ],
)
def test_the_largest_boundary_between_the_dates_is_what_is_crossed(document: date, posting: date, crossed: str) -> None:
    assert late.crosses(document, posting) == crossed


def test_a_late_document_keeps_all_its_dates_but_the_posting_date(company: Company) -> None:
    entry = moved(company, to=date(2026, 6, 1))
    assert (entry.document_date, entry.tax_point, entry.service_starts_on) == (DAY, DAY, DAY)
    assert (entry.posting_date, entry.crosses, entry.accrued) == (date(2026, 6, 1), "month", "open")
    assert Delivery.objects.get(reference=entry.reference).document_date == DAY


def test_moved_back_to_its_own_day_it_is_not_late(company: Company) -> None:
    entry = moved(company, to=date(2026, 6, 1))
    with transaction.atomic():
        rounds.move_posting(entry.delivery, posting_date=DAY)
    assert not LatePosting.objects.exists()


def test_finance_judges_what_crosses_a_quarter_and_what_together_passes_the_limit(company: Company) -> None:
    # given two small ones within the quarter
    first = moved(company, to=date(2026, 6, 1), amount="60.00")
    second = moved(company, 2, to=date(2026, 6, 1), amount="40.00")
    assert not late.needs_assessment([first, second])
    # when the limit is below their sum, both have to be judged
    LegalEntity.objects.update(late_limit=Decimal("99.99"))
    assert late.needs_assessment(LatePosting.objects.all().order_by("pk")) == [first, second]
    LegalEntity.objects.update(late_limit=Decimal("100.00"))
    assert not late.needs_assessment(LatePosting.objects.all())
    # and one that crosses the quarter is judged whatever its amount
    third = moved(company, 3, to=date(2026, 7, 1), amount="0.01")
    assert third in late.needs_assessment(LatePosting.objects.all())


def test_an_assessment_is_signed_once_by_finance_and_stands_in_the_trail(company: Company, finance: Any) -> None:
    entry = moved(company, to=date(2026, 7, 1))
    with pytest.raises(late.CannotAssess, match="Only finance"):
        late.assess(entry, user=person("prep", "Finance preparer"), words="Small", accrued="passed")
    with pytest.raises(late.CannotAssess, match="say in a sentence"):
        late.assess(entry, user=finance, words="  ", accrued="passed")
    with pytest.raises(late.CannotAssess, match="choose"):
        late.assess(entry, user=finance, words="Small", accrued="open")
    late.assess(entry, user=finance, words="Service had not begun.", accrued="passed")
    assert not late.needs_assessment(LatePosting.objects.all())
    with pytest.raises(late.CannotAssess, match="was assessed by"):
        late.assess(entry, user=finance, words="Again", accrued="accrued")
    fact = JournalEntry.objects.get(action="cut-off assessed")
    assert fact.user == finance and "Service had not begun." in fact.text


def test_the_database_knows_no_half_signature(company: Company) -> None:
    entry = moved(company, to=date(2026, 7, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        LatePosting.objects.filter(pk=entry.pk).update(assessment="Fine", accrued="passed")
