"""Which processes make up one local run: chosen from the environment, put together as data."""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from q2c_portal.local import children, environment, pipeline, ports, postgres, valkey
from q2c_portal.local.children import SANDBOXES, Child, Step
from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.state_dir import StateDir


@dataclass(frozen=True)
class Stack:
    """Processes, the steps between them, and the environment they share."""

    children: list[Child]
    steps: list[Step] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)


def servers(state: StateDir, *, chosen: Mapping[str, int], durable: bool) -> tuple[list[Child], dict[str, str]]:
    """PostgreSQL and Valkey with their addresses; one whose URL is given in the environment is not started."""
    started: list[Child] = []
    addresses = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if "DATABASE_URL" not in addresses:
        server = postgres.serve(state, port=chosen["postgres"], durable=durable)
        started.append(postgres.child(server))
        addresses["DATABASE_URL"] = server.url
    if "REDIS_URL" not in addresses:
        started.append(valkey.child(state, port=chosen["valkey"], durable=durable))
        addresses["REDIS_URL"] = valkey.url(state, port=chosen["valkey"])
    return started, addresses


def demo(state: StateDir, *, erp: str) -> Stack:
    """Everything of `make run`; `erp` is netsuite or tryton."""
    vendors = tuple(name for name in SANDBOXES if name != "netsuite" or erp == name)
    names = ["web", *_servers_needed(), *vendors]
    chosen = ports.assign(names, remembered_in=state.ports)
    started, addresses = servers(state, chosen=chosen, durable=True)
    addresses |= environment.sandbox_urls(chosen, names=vendors)
    web = f"http://{LOOPBACK}:{chosen['web']}"
    addresses |= {"WEB_URL": web, "PORTAL_URL": web, "Q2C_ERP": erp}
    shared = environment.demo(state)
    started += children.sandboxes(state, names=vendors, ports=chosen)
    if erp == "tryton":
        tryton = importlib.import_module("q2c_portal.local.tryton")
        started += tryton.children(
            state.path, items=[(pipeline.address(product.name), product.name) for product in pipeline.products()]
        )
        addresses |= tryton.environment(state.path)
    started += children.application(state, web_port=chosen["web"])
    started.sort(key=lambda child: child.tier)
    return Stack(children=started, steps=children.steps(), environment={**shared, **addresses}, addresses=addresses)


def throw_away(state: StateDir, *, durable: bool) -> Stack:
    """PostgreSQL and Valkey alone, for tests and benchmarks."""
    needed = _servers_needed()
    chosen = ports.assign(needed)
    started, addresses = servers(state, chosen=chosen, durable=durable)
    return Stack(children=started, environment={**environment.base(state), **addresses}, addresses=addresses)


def _servers_needed() -> list[str]:
    given = {"postgres": os.environ.get("DATABASE_URL"), "valkey": os.environ.get("REDIS_URL")}
    return [name for name, address in given.items() if not address]
