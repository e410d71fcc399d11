"""Which loopback port each local server listens on, the same one at every start where possible."""

import random
import socket
from pathlib import Path

from q2c_portal.local.state_dir import read_json, write_json

LOOPBACK = "127.0.0.1"

#: below the range from which the kernel picks outgoing ports: a connection cannot sit on a server's port by accident
CANDIDATES = range(20_000, 32_000)

WISHES = {"web": 8000}


def is_free(port: int) -> bool:
    """True when a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too; without it a port in TIME_WAIT would look taken after every restart.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def find_free(*, avoid: set[int]) -> int:
    """A free loopback port outside `avoid`; raises OSError when none is found."""
    for port in random.sample(CANDIDATES, 500):
        if port not in avoid and is_free(port):
            return port
    raise OSError("No free loopback port found.")


def assign(names: list[str], *, remembered_in: Path | None = None) -> dict[str, int]:
    """One port per name: the remembered one if free, else the wish, else any free one; the choice is remembered."""
    remembered = read_json(remembered_in) if remembered_in else {}
    chosen: dict[str, int] = {}
    for name in names:
        taken = set(chosen.values()) | {port for other, port in remembered.items() if other != name}
        preferred = [remembered.get(name), WISHES.get(name)]
        chosen[name] = next(
            (port for port in preferred if isinstance(port, int) and port not in chosen.values() and is_free(port)),
            None,
        ) or find_free(avoid=taken)
    if remembered_in:
        write_json(remembered_in, {**remembered, **chosen})
    return chosen
