"""Fault knobs every sandbox has: what goes wrong, where, how often."""

import asyncio
import random
import re
from dataclasses import dataclass, field
from typing import Any

KINDS = ("timeout_before_commit", "timeout_after_commit", "status", "slow", "drop_after_commit", "malformed", "html")


@dataclass
class Fault:
    """One thing that goes wrong on matching requests, until its `times` are used up."""

    #: one of KINDS; `drop_after_commit` commits and closes the connection without an answer
    kind: str
    #: regular expressions; a request is hit when both match
    path: str = ".*"
    method: str = ".*"
    #: how many requests it still hits; None = for ever
    times: int | None = 1
    #: let this many matching requests pass first
    after: int = 0
    probability: float = 1.0
    #: answer of kind `status`
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    #: how long slow and timeout kinds keep the client waiting
    seconds: float = 30.0


class Faults:
    """The list of faults in force; `take` finds the first one that hits a request."""

    def __init__(self, seed: int = 0) -> None:
        self.active: list[Fault] = []
        self._random = random.Random(seed)

    def add(self, **values: Any) -> Fault:
        """Raises ValueError for a kind that does not exist and TypeError for a field that does not."""
        fault = Fault(**values)
        if fault.kind not in KINDS:
            raise ValueError(f"kind: {fault.kind!r} is not one of {', '.join(KINDS)}")
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active.clear()

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.active:
            if not (re.search(fault.path, path) and re.fullmatch(fault.method, method)):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if self._random.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
            return fault
        return None


async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
