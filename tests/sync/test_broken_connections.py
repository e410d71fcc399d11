"""A connection that cannot be built, or a part of the sweep that fails, holds up nothing but itself."""

import pytest

from connectors.errors import Misconfigured
from reconciliation.models import ExceptionCase
from sync import connections, doubt, sweeper
from sync.models import ConnectionHealth, Delivery, SourceEvent
from sync.states import Condition
from tests.paper_erp import LOST_CALL, PaperBilling
from tests.small_company import Company, customer


@pytest.fixture
def no_billing(paper, monkeypatch) -> None:
    """Billing's connector cannot be built: its secret is missing."""

    def breaks(self, setup) -> None:
        raise Misconfigured("the secret api_key is not set")

    connections._built.cache_clear()
    monkeypatch.setattr(PaperBilling, "__init__", breaks)


def the_others_went_through(company: Company) -> None:
    assert set(Delivery.objects.values_list("target__code", "condition")) == {
        ("billing", Condition.DUE),
        ("erp", Condition.SETTLED),
    }
    assert ConnectionHealth.objects.exclude(paused_at=None).get().connection == company.billing
    case = ExceptionCase.objects.get()
    assert (case.connection, case.reason) == (company.billing, "AUTH_EXPIRED")


def test_a_connection_that_cannot_be_built_is_paused_with_one_case_and_the_others_go_on(
    company: Company, no_billing, machine
) -> None:
    company.hears(customer(1))
    for _ in range(3):
        company.carries("deliver")
        machine.passes(60)
    the_others_went_through(company)


@pytest.mark.parametrize("broken", [{"time_zone": "Mars/Olympus"}, {"sealed_secrets": "sealed under another key"}])
def test_so_is_one_whose_zone_or_secrets_cannot_be_read(company: Company, paper, broken: dict[str, str]) -> None:
    company.hears(customer(1))
    for name, value in broken.items():
        setattr(company.billing, name, value)
    company.billing.save()
    company.carries("deliver")
    the_others_went_through(company)


def test_looking_up_goes_on_with_the_others(company: Company, paper, machine, monkeypatch) -> None:
    company.hears(customer(1))
    paper("billing").next.append(LOST_CALL)
    paper("erp").next.append(LOST_CALL)
    company.carries("deliver")
    company.billing.time_zone = "Mars/Olympus"
    company.billing.save()
    machine.passes(60)
    assert doubt.clear_due() == 1
    assert Delivery.objects.get(target=company.erp).condition == Condition.DUE
    # and what nobody could look up is in doubt still
    assert Delivery.objects.get(target=company.billing).condition == Condition.IN_DOUBT
    assert ExceptionCase.objects.get().connection == company.billing


def under_a_lease_that_ended(company: Company, machine) -> SourceEvent:
    company.hears(customer(1))
    event = company.event(object_id="9")
    SourceEvent.objects.filter(pk=event.pk).update(condition="claimed", lease_until=machine(), crashes=1)
    Delivery.objects.update(condition="claimed", lease_until=machine())
    machine.passes(200)
    return event


def test_leases_end_also_where_a_connector_cannot_be_built(company: Company, no_billing, machine) -> None:
    event = under_a_lease_that_ended(company, machine)
    sweeper.sweep()
    event.refresh_from_db()
    assert event.condition == Condition.DUE
    assert set(Delivery.objects.values_list("condition", flat=True)) == {Condition.IN_DOUBT}


@pytest.mark.parametrize("part", list(sweeper.parts()))
def test_a_part_of_the_sweep_that_fails_holds_up_no_other(
    company: Company, paper, machine, monkeypatch, part: str
) -> None:
    event = under_a_lease_that_ended(company, machine)

    parts = sweeper.parts()

    def fails() -> int:
        Delivery.objects.update(title="half done")
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(sweeper, "parts", lambda: {**parts, part: fails})
    found = sweeper.sweep()
    event.refresh_from_db()
    assert found[part] == 0 and not Delivery.objects.filter(title="half done").exists()
    assert (event.condition == Condition.DUE) == (part != "events")
    conditions = set(Delivery.objects.values_list("condition", flat=True))
    assert conditions == {Condition.CLAIMED if part == "in doubt" else Condition.IN_DOUBT}
