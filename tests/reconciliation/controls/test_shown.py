"""What sellers are shown, read back from the CRM."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical import shown_digest
from connectors.interface import ControlLine as Listed
from reconciliation.controls import runner
from reconciliation.models import ControlLine, ControlRun, ExceptionCase
from sync import clock, feedback
from sync.models import CrmStatusRecord, Delivery
from tests.paper_erp import line
from tests.small_company import DAY, Company

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(company: Company) -> Company:
    """A sale whose status was written an hour ago."""
    company.sells(1)
    later = clock.now() + timedelta(minutes=10)
    with clock.use(lambda: later):
        feedback.owe_due()
        company.carries("notify")
    assert not Delivery.objects.filter(role="crm").exclude(condition="settled").exists()
    CrmStatusRecord.objects.update(changed_at=clock.now() - timedelta(hours=1))
    assert CrmStatusRecord.objects.exists()
    return company


def there(**changed: str) -> list[Listed]:
    """Every record as it should be, but for what is named."""
    rows = CrmStatusRecord.objects.all()
    return [
        replace(line(row.reference, "0.00", day=DAY), status=shown_digest({**row.fields, **changed}), label="Deal 1")
        for row in rows
    ]


def asked(company: Company) -> ControlRun:
    return runner.run("shown", entity=company.entity, business_date=DAY)


def test_what_was_written_and_is_there_ties(shown: Company, paper: Any) -> None:
    paper("crm").lists["shown"] = there()
    assert asked(shown).status == "tied"
    assert ControlLine.objects.filter(stage__side="left").count() == CrmStatusRecord.objects.count()


def test_white_space_and_what_is_empty_make_no_difference() -> None:
    assert shown_digest({"a": "x ", "b": ""}) == shown_digest({"a": "x"}) != shown_digest({"a": "y"})


def test_another_text_or_none_is_a_case(shown: Company, paper: Any) -> None:
    paper("crm").lists["shown"] = there(billing_status="Paid, or so somebody typed")
    assert asked(shown).status == "open_exceptions"
    case = ExceptionCase.objects.filter(reason="SHOWN_DIFFERS").first()
    assert (case.value, case.team) == ("it shows something else than we wrote", "integration")
    paper("crm").lists["shown"] = there()
    assert asked(shown).status == "tied" and not ExceptionCase.objects.filter(status="open").exists()


def test_a_record_that_shows_nothing_of_it_is_a_case(shown: Company, paper: Any) -> None:
    paper("crm").lists["shown"] = []
    asked(shown)
    values = set(ExceptionCase.objects.filter(status="open").values_list("value", flat=True))
    assert values == {"it shows nothing of what we wrote"}


def test_what_changed_a_moment_ago_or_is_still_owed_is_on_its_way(shown: Company, paper: Any) -> None:
    paper("crm").lists["shown"] = there(billing_status="old")
    CrmStatusRecord.objects.update(changed_at=clock.now() - timedelta(minutes=10))
    assert asked(shown).status == "tied"
    CrmStatusRecord.objects.update(changed_at=clock.now() - timedelta(hours=1))
    Delivery.objects.filter(role="crm").update(condition="due")
    assert asked(shown).status == "tied"
