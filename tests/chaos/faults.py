"""What the fault proxy may do to a call, drawn from a seed and switched by a small control file."""

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

#: fault -> what the caller sees, and whether the work was done
KINDS = {
    "latency": "the answer comes late",
    "slow_drip": "the answer comes a few bytes at a time",
    "reset_before": "the connection is reset; the other side never heard of it",
    "answer_lost": "the other side did it; the connection is reset instead of the answer",
    "half_answer": "the other side did it; half of its answer comes, then a reset",
    "error_after": "the other side did it; the answer is a 500",
    "too_many": "429 with Retry-After in seconds, as a date, or as garbage; nothing was done",
    "storm": "for some seconds every call is answered 500 or 503; nothing was done",
    "black_hole": "no answer ever; half of these calls were done",
}
#: share of calls each fault hits when nothing else is said; a storm hits every call until it is over
USUAL = {
    "latency": 0.10,
    "slow_drip": 0.01,
    "reset_before": 0.03,
    "answer_lost": 0.03,
    "half_answer": 0.02,
    "error_after": 0.02,
    "too_many": 0.02,
    "storm": 0.002,
    "black_hole": 0.003,
}
GARBAGE = ("soon", "-1", "1e9", "Thu, 99 Foo 2026 25:61:61 GMT", "\u00bd".encode().decode("latin-1"))


@dataclass
class Control:
    """The control file `{"on": true, "weights": {"*": {"latency": 0.1}, "stripe": {}}}`, read anew when it changes."""

    path: Path | None = None
    on: bool = False
    weights: dict[str, dict[str, float]] = field(default_factory=lambda: {"*": dict(USUAL)})
    _seen: tuple[int, int] = (0, 0)

    def look(self) -> None:
        """Take over what the file says now. A file that cannot be read changes nothing."""
        if self.path is None:
            return
        try:
            facts = self.path.stat()
            if (facts.st_mtime_ns, facts.st_ino) == self._seen:
                return
            content = json.loads(self.path.read_text())
            weights = {name: _checked(shares) for name, shares in content.get("weights", {}).items()}
        except (OSError, ValueError, AttributeError):
            return
        self._seen = (facts.st_mtime_ns, facts.st_ino)
        self.on = bool(content.get("on", False))
        self.weights = weights or self.weights

    def shares(self, name: str) -> dict[str, float]:
        """What applies to one upstream."""
        return self.weights.get(name, self.weights.get("*", {})) if self.on else {}


def _checked(shares: dict[str, Any]) -> dict[str, float]:
    unknown = set(shares) - set(KINDS)
    if unknown or sum(map(float, shares.values())) > 1:
        raise ValueError(f"no such faults, or shares above 1: {sorted(unknown)}")
    return {kind: float(share) for kind, share in shares.items()}


@dataclass(frozen=True)
class Fault:
    """What happens to one call."""

    kind: str
    random: random.Random


class Draws:
    """The faults of one upstream: the n-th call of a seed meets the same draw in every run."""

    def __init__(self, name: str, *, seed: int, control: Control) -> None:
        self.name = name
        self.seed = seed
        self.control = control
        self.calls = 0
        self.counts: Counter[str] = Counter()
        self._storm_until = 0.0

    def take(self) -> Fault | None:
        """The fault of the next call, or None."""
        self.calls += 1
        own = random.Random(f"{self.seed}:{self.name}:{self.calls}")
        self.control.look()
        shares = self.control.shares(self.name)
        if not shares:
            return None
        if time.monotonic() < self._storm_until:
            return self._count("storm", own)
        drawn = own.random()
        for kind, share in shares.items():
            drawn -= share
            if drawn < 0:
                if kind == "storm":
                    self._storm_until = time.monotonic() + own.uniform(1, 5)
                    self.counts["storms begun"] += 1
                return self._count(kind, own)
        return None

    def _count(self, kind: str, own: random.Random) -> Fault:
        self.counts[kind] += 1
        return Fault(kind, own)


def refusal(fault: Fault) -> bytes:
    """The whole answer of a 429 or of a storm."""
    own = fault.random
    status = "429 Too Many Requests" if fault.kind == "too_many" else own.choice(("500 Oh", "503 Service Unavailable"))
    headers = [] if fault.kind == "storm" and own.random() < 0.5 else [f"Retry-After: {_retry_after(own)}"]
    return plain_answer(status, headers=headers)


def plain_answer(status: str, *, headers: list[str] | None = None) -> bytes:
    """A small JSON answer of the proxy's own."""
    body = b'{"error": {"message": "by the fault proxy"}}'
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *(headers or [])]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _retry_after(own: random.Random) -> str:
    form = own.choice(("seconds", "date", "garbage"))
    if form == "seconds":
        return str(own.randint(0, 3))
    if form == "date":
        return format_datetime(datetime.now(UTC) + timedelta(seconds=own.randint(0, 3)), usegmt=True)
    return own.choice(GARBAGE)
