"""The meters pages: hours, sums, what is frozen and what is late; empty states in words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from reconciliation import figures_meters
from sync.models import UsagePlanRecord
from sync.usage import intake
from tests.reconciliation.views.markup import text_of
from tests.small_company import Company, person
from tests.sync.usage.conftest import USED_AT, event, works
from tests.sync.usage.conftest import bill_usage as bill_usage
from tests.sync.usage.conftest import metered as metered

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


def test_without_a_metered_deal_the_page_says_so(company: Company, auditor: Client) -> None:
    assert "Nothing is sold by use yet" in text_of(auditor, "/meters/")


def test_a_meter_without_usage_says_so(metered: Company, auditor: Client) -> None:
    plan = UsagePlanRecord.objects.get()
    page = text_of(auditor, "/meters/")
    assert "Customer 1: calls" in page and "no usage yet" in page and "not invoiced yet" in page
    assert "No usage yet." in text_of(auditor, f"/meters/{plan.reference}")


def test_hours_show_their_sums_and_whether_billing_has_them(metered: Company, auditor: Client) -> None:
    # given an hour that billing has, and one that has just got its first event
    plan = UsagePlanRecord.objects.get()
    intake.take_in("one", [event("1000"), event("0.5")])
    works()
    intake.take_in("one", [event("7", at=USED_AT + timedelta(hours=1))])
    (shown,), pages = figures_meters.meters()
    opened = figures_meters.meter(plan.reference)
    assert opened is not None and pages == 1
    assert (shown.hours, shown.unsummed, shown.unreported, shown.open_quantity) == (2, 1, 0, "1,000.5")
    assert shown.open_amount == "USD 5.00"
    assert [(hour.quantity, hour.events, hour.word) for hour in opened.hours] == [
        ("0", 0, "Not summed yet"),
        ("1,000.5", 2, "Billing has it"),
    ]
    page = text_of(auditor, f"/meters/{plan.reference}")
    assert "1,000.5" in page and "Billing has it" in page and "Nothing of it was invoiced yet" in page
    assert "1 not summed, 0 on their way" in text_of(auditor, "/meters/")


def test_an_invoice_freezes_its_hours_and_what_comes_after_is_late(
    metered: Company, machine: Any, bill_usage: Callable[..., Any], auditor: Client
) -> None:
    plan = UsagePlanRecord.objects.get()
    intake.take_in("one", [event("1000")])
    works()
    bill_usage("10000", "5.00")
    machine.passes(days=35)
    metered.entity.business_date = date(2026, 6, 18)
    metered.entity.save()
    intake.take_in("one", [event("200"), event("3", at=datetime(2026, 6, 17, 9, tzinfo=UTC))])
    works()
    (shown,), _ = figures_meters.meters()
    opened = figures_meters.meter(plan.reference)
    assert opened is not None
    assert (shown.frozen, shown.frozen_until, shown.late, shown.late_waits) == (1, date(2026, 6, 12), "200", 0)
    assert shown.open_quantity == "3"
    (period,) = opened.periods
    assert (period.invoice, period.quantity, period.amount) == ("INV-0007", "1,000", "USD 5.00")
    assert [(quantity, amount) for quantity, amount, _ in period.late] == [("200", "USD 1.00")]
    assert [hour.word for hour in opened.hours] == ["Billing has it", "Frozen, invoiced"]
    page = text_of(auditor, f"/meters/{plan.reference}")
    assert "INV-0007" in page and "200, USD 1.00" in page and page.count("<h1") == 1


def test_late_usage_that_waits_for_people_is_told_apart(
    metered: Company, machine: Any, bill_usage: Callable[..., Any], auditor: Client
) -> None:
    UsagePlanRecord.objects.update(late_limit=0)
    intake.take_in("one", [event("1000")])
    works()
    bill_usage("10000", "5.00")
    intake.take_in("one", [event("200")])
    works()
    (shown,), _ = figures_meters.meters()
    assert shown.late_waits == 1
    assert "waits for people" in text_of(auditor, "/meters/")


def test_only_some_may_look_and_nobody_writes(metered: Company, client: Client) -> None:
    plan = UsagePlanRecord.objects.get()
    client.force_login(person("executive", "Executive"))
    assert client.get("/meters/").status_code == client.get(f"/meters/{plan.reference}").status_code == 403
    client.force_login(person("auditor", "Auditor"))
    assert client.post("/meters/").status_code == 405
    assert client.get("/meters/usage_plan:none").status_code == 404
