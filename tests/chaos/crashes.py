"""Kills a process at step boundaries: around every commit, every statement that commits by itself, every remote call.

The product has no hooks for this: the database connection is watched, so a new step is covered the day it is
written. A boundary's name is the innermost function of ours on the stack and the side of the commit it lies on.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

OURS = ("sync.", "reconciliation.")
#: statements that change nothing need no boundary
CHANGES = ("INSERT", "UPDATE", "DELETE", "WITH")


class Crash(BaseException):
    """The process is dead: nothing catches this but the world."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class Boundaries:
    """Counts boundaries and asks at each whether this is the end."""

    def __init__(self) -> None:
        self.count = 0
        self.reached: Counter[str] = Counter()
        #: told the number and the name of a boundary; True kills
        self.decide: Callable[[int, str], bool] | None = None
        self.names_wanted = False
        self.off = 0
        #: rises with everything that may have changed the database, also where nobody dies
        self.changes = 0

    def reach(self, side: str, *, where: str = "") -> None:
        self.changes += 1
        if self.off:
            return
        self.count += 1
        if self.decide is None and not self.names_wanted:
            return
        name = f"{where or _place()} {side}"
        if self.names_wanted:
            self.reached[name] += 1
        if self.decide is not None and self.decide(self.count, name):
            connection.close()  # the server takes back what was not committed
            raise Crash(name)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """No boundaries inside: people at their desks, the world's own bookkeeping."""
        self.off += 1
        try:
            yield
        finally:
            self.off -= 1

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch the database connection of this thread."""
        commit = connection.commit

        def watched_commit() -> None:
            self.reach("before commit")
            commit()
            self.reach("after commit")

        def watched_statement(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            alone = not connection.in_atomic_block and str(sql).lstrip().upper().startswith(CHANGES)
            if not alone:
                return execute(sql, params, many, context)
            self.reach("before statement")
            found = execute(sql, params, many, context)
            self.reach("after statement")
            return found

        connection.commit = watched_commit  # type: ignore[method-assign]
        try:
            with connection.execute_wrapper(watched_statement):
                yield
        finally:
            del connection.commit


def _place() -> str:
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(OURS):
            return f"{module}.{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "elsewhere"
