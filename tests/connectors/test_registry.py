"""What a connector must be able to do before it is built."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors import registry
from connectors.errors import Misconfigured
from connectors.interface import Connector, Parcel, Receipt, Setup


class Careless(Connector):
    """Sends, and can look nothing up."""

    name, role = "careless", "erp"

    def deliver(self, parcel: Parcel) -> Receipt:
        raise AssertionError("never called")


SETUP = Setup(code="erp", base_url="http://127.0.0.1:9", secrets={}, settings={}, zone=ZoneInfo("UTC"), sandbox=True)


def test_a_connector_that_sends_and_cannot_look_up_is_refused_when_it_is_built(monkeypatch) -> None:
    monkeypatch.setitem(registry.OURS, "careless", "tests.connectors.test_registry:Careless")
    with pytest.raises(Misconfigured, match="careless sends and has no find"):
        registry.build("careless", SETUP)
    monkeypatch.setattr(Careless, "capabilities", frozenset({"find"}))
    assert registry.build("careless", SETUP).name == "careless"


@pytest.mark.parametrize("name", registry.OURS)
def test_every_connector_of_ours_that_sends_can_look_up(name: str) -> None:
    found = registry.connector_class(name)
    sends = found.deliver is not Connector.deliver or "deliver_many" in found.capabilities
    assert not sends or ("find" in found.capabilities and found.find is not Connector.find)


@pytest.mark.parametrize("name", registry.OURS)
def test_the_time_an_answer_may_take_is_known_without_building_one(name: str) -> None:
    # the engine asks the class, so that a connection that cannot be built ends its leases all the same
    assert registry.connector_class(name).settle_time > timedelta(0)
