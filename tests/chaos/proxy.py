"""A fault proxy for HTTP/1.1: one listener per upstream, faults by seed, everything it did counted.

It passes bytes on as they come (the Host header too, so that signatures over addresses hold) and knows of HTTP only
where a message ends. Each call gets an upstream connection of its own; callers may keep theirs.
"""

import asyncio
import base64
import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.chaos.faults import Control, Draws, Fault, plain_answer, refusal

LOOPBACK = "127.0.0.1"
LARGEST_HEAD = 256 * 1024
#: a black hole lets go after this: longer than any caller's patience
HOLE_SECONDS = 45.0


class BrokenError(Exception):
    """The other side went away in the middle of a message; what had come is kept."""

    def __init__(self, came: bytes = b"") -> None:
        super().__init__("the connection broke")
        self.came = came


@dataclass(frozen=True)
class Message:
    """A request or an answer as it came: start line and headers, and the body's raw bytes (chunks as chunks)."""

    head: bytes
    body: bytes

    @property
    def start(self) -> list[str]:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    def header(self, name: str) -> str:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return ""

    def with_connection(self, word: str) -> bytes:
        """All of it, with a Connection header of our own."""
        lines = self.head.rstrip(b"\r\n").split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith((b"connection:", b"keep-alive:"))]
        return b"\r\n".join([*kept, f"Connection: {word}".encode()]) + b"\r\n\r\n" + self.body

    def content(self) -> bytes:
        """The body without its chunk marks."""
        if "chunked" not in self.header("transfer-encoding").lower():
            return self.body
        found, rest = b"", self.body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if not length:
                break
            found, rest = found + rest[:length], rest[length + 2 :]
        return found


@dataclass
class Route:
    """One listener and what stands behind it."""

    name: str
    upstream: tuple[str, int]
    draws: Draws
    #: a file that gets one line per POST the upstream answered with 2xx, whatever became of the answer
    journal: Path | None = None
    server: asyncio.Server | None = None
    port: int = 0
    seen: dict[str, int] = field(default_factory=lambda: {"calls": 0, "passed": 0, "upstream_gone": 0})
    book: IO[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def counts(self) -> dict[str, int]:
        return {**self.seen, **self.draws.counts}


class FaultProxy:
    """All listeners, in a thread with an event loop of its own."""

    def __init__(self, *, seed: int, control: Path | None = None) -> None:
        self.seed = seed
        self.control = Control(control)
        self.routes: dict[str, Route] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._calls: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=20)
        self._loop.close()

    def listen(self, name: str, *, upstream: str, journal: Path | None = None, port: int = 0) -> str:
        """Open a listener in front of `http://host:port`; its own address is returned."""
        host, _, number = upstream.removeprefix("http://").rstrip("/").partition(":")
        draws = Draws(name, seed=self.seed, control=self.control)
        route = Route(name, (host, int(number)), draws, journal=journal)
        asyncio.run_coroutine_threadsafe(self._listen(route, port), self._loop).result(timeout=20)
        self.routes[name] = route
        return route.url

    def counts(self) -> Mapping[str, dict[str, int]]:
        """What was done so far, by upstream."""
        return {name: route.counts() for name, route in self.routes.items()}

    # -- in the loop ------------------------------------------------------------------------------
    async def _listen(self, route: Route, port: int) -> None:
        route.book = route.journal.open("a") if route.journal else None

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._calls.add(task)
            try:
                await _serve(route, reader, writer)
            except (OSError, BrokenError, asyncio.CancelledError):
                reset(writer)
            finally:
                self._calls.discard(task)
                writer.close()

        route.server = await asyncio.start_server(serve, LOOPBACK, port, limit=LARGEST_HEAD)
        route.port = route.server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for route in self.routes.values():
            if route.server:
                route.server.close()
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        # transports close one turn of the loop later
        await asyncio.sleep(0.05)
        for route in self.routes.values():
            if route.book:
                route.book.close()


async def _serve(route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The calls of one caller's connection, one after the other."""
    while (request := await read_message(reader)) is not None:
        route.seen["calls"] += 1
        fault = route.draws.take()
        if not await _one(route, request, fault, reader, writer):
            return
        await writer.drain()


async def _one(
    route: Route, request: Message, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """One call; False when the caller's connection is at its end."""
    kind = fault.kind if fault else ""
    if fault and kind in ("too_many", "storm"):
        writer.write(refusal(fault))
        return True
    if kind == "reset_before":
        return reset(writer)
    if fault and kind == "black_hole" and fault.random.random() < 0.5:
        return await _swallow(reader, writer)
    try:
        answer = await _forward(route, request)
    except BrokenError as broken:
        route.seen["upstream_gone"] += 1
        writer.write(broken.came)
        if broken.came:
            await writer.drain()
        return reset(writer)
    if fault is None:
        route.seen["passed"] += 1
        return _pass_on(answer, request, writer)
    match kind:
        case "latency":
            await asyncio.sleep(fault.random.uniform(0.05, 1.5))
            return _pass_on(answer, request, writer)
        case "slow_drip":
            whole = answer.with_connection("close")
            step = max(1, len(whole) // 20)
            for start in range(0, len(whole), step):
                writer.write(whole[start : start + step])
                await writer.drain()
                await asyncio.sleep(fault.random.uniform(0.02, 0.3))
            return False
        case "half_answer":
            whole = answer.with_connection("close")
            writer.write(whole[: len(answer.head) + len(answer.body) // 2])
            await writer.drain()
            # what is in the kernel's buffer is thrown away by a reset: let it leave first
            await asyncio.sleep(0.05)
            return reset(writer)
        case "error_after":
            writer.write(plain_answer("500 Internal Server Error"))
            return True
        case "black_hole":
            return await _swallow(reader, writer)
    return reset(writer)  # answer_lost


def _pass_on(answer: Message, request: Message, writer: asyncio.StreamWriter) -> bool:
    framed = answer.header("content-length") or answer.header("transfer-encoding") or answer.start[1] in ("204", "304")
    stays = bool(framed) and request.header("connection").lower() != "close"
    writer.write(answer.with_connection("keep-alive" if stays else "close"))
    return stays


async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Say nothing until the caller gives up."""
    try:
        await asyncio.wait_for(reader.read(1), timeout=HOLE_SECONDS)
    except TimeoutError:
        pass
    return reset(writer)


async def _forward(route: Route, request: Message) -> Message:
    """The upstream's whole answer. Raises BrokenError with what came of it."""
    try:
        reader, writer = await asyncio.open_connection(*route.upstream, limit=LARGEST_HEAD)
    except OSError:
        raise BrokenError from None
    try:
        writer.write(request.with_connection("close"))
        await writer.drain()
        answer = await read_message(reader, answers=request.start[0])
    except OSError:
        raise BrokenError from None
    finally:
        writer.close()
    if answer is None:
        raise BrokenError
    if route.book and request.start[0] == "POST" and answer.start[1].startswith("2"):
        line = {
            "path": request.start[1],
            "status": int(answer.start[1]),
            "type": request.header("content-type"),
            "body": base64.b64encode(request.content()).decode(),
        }
        route.book.write(json.dumps(line) + "\n")
        route.book.flush()
    return answer


def reset(writer: asyncio.StreamWriter) -> bool:
    """Cut a connection off with RST, as a killed process does; always False."""
    line: socket.socket | None = writer.get_extra_info("socket")
    if line is not None:
        try:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()
    return False


async def read_message(reader: asyncio.StreamReader, *, answers: str = "") -> Message | None:
    """The next message, None at a clean end. `answers`: the method it is the answer to, empty for a request."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BrokenError(error.partial) from None
        return None
    except (asyncio.LimitOverrunError, OSError):
        raise BrokenError from None
    message = Message(head, b"")
    if answers and message.start[1] == "100":
        return await read_message(reader, answers=answers)
    try:
        return Message(head, await _read_body(reader, message, answers=answers))
    except asyncio.IncompleteReadError as error:
        raise BrokenError(head + error.partial) from None
    except (asyncio.LimitOverrunError, OSError, ValueError):
        raise BrokenError(head) from None


async def _read_body(reader: asyncio.StreamReader, message: Message, *, answers: str) -> bytes:
    if answers == "HEAD" or (answers and message.start[1] in ("204", "304")):
        return b""
    if "chunked" in message.header("transfer-encoding").lower():
        parts = []
        while True:
            size = await reader.readuntil(b"\r\n")
            parts.append(size)
            length = int(size.split(b";")[0].strip(), 16)
            if not length:
                while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                    parts.append(line)
                return b"".join([*parts, b"\r\n"])
            parts.append(await reader.readexactly(length + 2))
    length_text = message.header("content-length")
    if length_text:
        return await reader.readexactly(int(length_text))
    return await reader.read() if answers else b""
