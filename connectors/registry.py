"""Name -> connector class: ours, and other people's by entry point `q2c.connectors`."""

import importlib
from functools import cache
from importlib.metadata import entry_points

from connectors.errors import Misconfigured
from connectors.interface import Connector, Setup

OURS = {
    "salesforce": "connectors.salesforce.connector:Salesforce",
    "stripe_billing": "connectors.stripe_billing.connector:StripeBilling",
    "netsuite": "connectors.netsuite.connector:NetSuite",
    "tryton": "connectors.tryton.connector:Tryton",
    "file_drop": "connectors.file_drop.connector:FileDrop",
}


@cache
def connector_class(name: str) -> type[Connector]:
    """The class for a system name. Raises LookupError naming the ones that exist."""
    if name in OURS:
        module, attribute = OURS[name].split(":")
        return getattr(importlib.import_module(module), attribute)
    for entry in entry_points(group="q2c.connectors", name=name):
        return entry.load()
    raise LookupError(f"No connector is called {name!r}; there are {', '.join(names())}.")


def names() -> list[str]:
    """All connector names, sorted."""
    return sorted({*OURS, *(entry.name for entry in entry_points(group="q2c.connectors"))})


def build(name: str, setup: Setup) -> Connector:
    """A connector of that name. Raises Misconfigured, also for one that sends and cannot look up what it sent."""
    found = connector_class(name)
    sends = found.deliver is not Connector.deliver or "deliver_many" in found.capabilities
    if sends and "find" not in found.capabilities:
        raise Misconfigured(f"{name} sends and has no find: what is not answered could never be settled", system=name)
    return found(setup)
