"""The portal's workers as threads of the test: each does over and over what one task of the timetable does."""

import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import connections

from reconciliation import tasks as desk
from sync import tasks

#: held while business time makes a leap: the portal's day is moved before billing's clock, and a listing of what was
#: not billed would otherwise look at the moment in between, which no company lives through
LEAP = threading.Lock()


def _controls_between_leaps() -> None:
    with LEAP:
        desk.run_due_controls()


#: what is done, and how long each rests in between (machine seconds): short enough that nobody waits for it,
#: long enough that asking in vain does not take the processors from the work itself
JOBS: tuple[tuple[Callable[[], None], float], ...] = (
    (tasks.read_inbox, 0.2),
    (tasks.carry_deliver, 0.2),
    (tasks.carry_posting, 0.2),
    (tasks.work_usage, 0.5),
    (tasks.post_revenue, 0.5),
    (tasks.send_feedback, 0.3),
    (tasks.tell_new_day, 1.0),
    (tasks.clear_doubts, 0.5),
    (tasks.sweep, 1.0),
    (desk.run_fixes, 0.5),
    (_controls_between_leaps, 3.0),
)


class Engine:
    """Works while the block lasts; what went wrong in a worker fails the test at its end."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._keep_doing, args=job, name=job[0].__name__) for job in JOBS]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=60)
        if error is None:
            assert not self.errors, "\n".join(self.errors)
        elif self.errors:
            error.add_note("In the workers:\n" + "\n".join(self.errors[:3]))

    def _keep_doing(self, job: Callable[[], None], rest: float) -> None:
        while not self._ending.wait(rest):
            try:
                job()
            except Exception:  # noqa: BLE001 - told at the end; the other workers go on
                self.errors.append(f"{threading.current_thread().name}: {traceback.format_exc()}")
        connections.close_all()
