"""The environment every local process gets: addresses, secrets and switches."""

import os
import shlex
from collections.abc import Mapping

from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.state_dir import ROOT, StateDir, read_json


def base(state: StateDir) -> dict[str, str]:
    """What does not depend on addresses."""
    loopback = f"{LOOPBACK},localhost"
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    # Behind a company's proxy, calls between our own processes must not go through it.
    no_proxy = ",".join(part for part in (given, loopback) if part)
    return {
        "DJANGO_SETTINGS_MODULE": "q2c_portal.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "Q2C_STATE_DIR": str(state.path),
        "SECRET_KEY": state.secret("secret_key"),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def demo(state: StateDir) -> dict[str, str]:
    """The demo's switches: its badge, its users, and loopback as the only host."""
    return {**base(state), "Q2C_DEMO": "1", "DEBUG": "0", "ALLOWED_HOSTS": f"{LOOPBACK},localhost"}


def sandbox_urls(ports: Mapping[str, int], *, names: tuple[str, ...]) -> dict[str, str]:
    """Addresses of the sandboxes, named SALESFORCE_URL and so on."""
    return {f"{name.upper()}_URL": f"http://{LOOPBACK}:{ports[name]}" for name in names}


def recorded(state: StateDir) -> dict[str, str]:
    """The addresses of the last start; empty when there was none."""
    return {name: str(value) for name, value in read_json(state.addresses).items()}


def by_hand(state: StateDir) -> dict[str, str]:
    """Everything a command run by hand needs to meet the running demo."""
    return {**demo(state), **recorded(state)}


def exports(values: Mapping[str, str]) -> str:
    """Lines for a POSIX shell to evaluate."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())
