"""Load on a web server from ready-made requests: plain sockets kept open, one thread each, as little work as can be."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from q2c_portal.local.ports import LOOPBACK

_END = b"\r\n\r\n"


@dataclass
class Outcome:
    """How long a load took, and what was answered."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)

    def must_all_be(self, status: int) -> None:
        """Raises RuntimeError when any answer was another one: a rate of refusals is no rate."""
        if set(self.statuses) != {status}:
            raise RuntimeError(f"expected only {status}, got {dict(self.statuses)}")


def request(path: str, *, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A POST as bytes, to be sent as it is."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {LOOPBACK}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END + body


def send(port: int, requests: Sequence[bytes], *, connections: int) -> Outcome:
    """Send these requests once each over so many connections at a time; each waits for its answer before the next."""
    outcome, lock, waiting = Outcome(), threading.Lock(), iter(requests)
    gate = threading.Barrier(connections + 1)
    troubles: list[Exception] = []

    def one_connection() -> None:
        mine: Counter[int] = Counter()
        gate.wait()
        try:
            line = _Line(port)
            while True:
                with lock:
                    content = next(waiting, None)
                if content is None:
                    break
                mine[line.ask(content)] += 1
            line.close()
        except Exception as error:  # noqa: BLE001 - told to the caller below
            troubles.append(error)
        with lock:
            outcome.statuses.update(mine)

    threads = [threading.Thread(target=one_connection, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    outcome.seconds = time.perf_counter() - start
    if troubles:
        raise troubles[0]
    return outcome


class _Line:
    """One connection, opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._rest = b""

    def ask(self, content: bytes) -> int:
        """Send a request and read its whole answer; the status. Repeated only when a kept connection was closed."""
        fresh = self._socket is None
        if self._socket is None:
            self._socket = socket.create_connection((LOOPBACK, self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        try:
            self._socket.sendall(content)
            return self._answer()
        except ConnectionError:
            self.close()
            if fresh:
                raise
            return self.ask(content)

    def _answer(self) -> int:
        assert self._socket is not None
        while _END not in self._rest:
            self._rest += self._more()
        head, _, rest = self._rest.partition(_END)
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
        while len(rest) < length:
            rest += self._more()
        self._rest = rest[length:]
        if "connection: close" in lines:
            self.close()
        return int(lines[0].split(" ")[1])

    def _more(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionResetError("closed by the server")
        return part

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
