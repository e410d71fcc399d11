"""Doors for Celery: nudges, nothing else. Each may run twice or not at all."""

import time
from collections.abc import Callable
from functools import partial

from celery import shared_task

from sync import anchors, doubt, feedback_facts, nudges, outbox, polling, reading, sealing, sweeper, work
from sync.revenue import accruals, batches
from sync.usage import cut_off, summaries

#: how long one nudge stays with its queue before the next one carries on (machine seconds), far below the time limit
STAY_SECONDS = 45.0


@shared_task
def read_inbox() -> None:
    ends = time.monotonic() + STAY_SECONDS
    while reading.read_due() or work.work_due():
        if time.monotonic() > ends:
            nudges.nudge("ingest")
            return


@shared_task
def work_due() -> None:
    ends = time.monotonic() + STAY_SECONDS
    while work.work_due():
        if time.monotonic() > ends:
            nudges.nudge("ingest")
            return


def _carry(carry: Callable[..., int], *queues: str) -> None:
    """Carry for a while. Calls under way are let end long before the time limit, which would cut them into doubts."""
    ends = time.monotonic() + STAY_SECONDS
    carry(goes_on=lambda: time.monotonic() < ends)
    if time.monotonic() >= ends:
        nudges.nudge(*queues)


@shared_task
def carry_deliver() -> None:
    _carry(partial(outbox.carry_due, "deliver"), "deliver")


@shared_task
def carry_posting() -> None:
    _carry(partial(outbox.carry_due, "posting"), "posting")


@shared_task
def work_usage() -> None:
    summaries.sum_due()
    cut_off.settle_due()
    _carry(partial(outbox.carry_due, "usage"), "usage")


@shared_task
def post_revenue() -> None:
    accruals.accrue_due()
    batches.seal_due()


@shared_task
def send_feedback() -> None:
    _carry(sweeper.send_feedback, "notify")


@shared_task
def tell_new_day() -> None:
    feedback_facts.tell_new_day()


@shared_task
def clear_doubts() -> None:
    _carry(doubt.clear_due)


@shared_task
def poll_sources() -> None:
    polling.poll_all()


@shared_task
def mirror_periods() -> None:
    polling.mirror_all()


@shared_task
def sweep() -> None:
    sweeper.sweep()
    sweeper.nudge_what_lies()


@shared_task
def seal_journal() -> None:
    ends = time.monotonic() + STAY_SECONDS
    while sealing.seal_due() and time.monotonic() < ends:
        pass


@shared_task
def anchor_journal() -> None:
    anchors.anchor_due()
