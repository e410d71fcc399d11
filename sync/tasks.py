"""Doors for Celery: nudges, nothing else. Each may run twice or not at all."""

import time

from celery import shared_task

from sync import doubt, feedback_facts, nudges, outbox, polling, reading, sweeper, work
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


@shared_task
def carry_deliver() -> None:
    outbox.carry_due("deliver")


@shared_task
def carry_posting() -> None:
    outbox.carry_due("posting")


@shared_task
def work_usage() -> None:
    summaries.sum_due()
    cut_off.settle_due()
    outbox.carry_due("usage")


@shared_task
def post_revenue() -> None:
    accruals.accrue_due()
    batches.seal_due()


@shared_task
def send_feedback() -> None:
    sweeper.send_feedback()


@shared_task
def tell_new_day() -> None:
    feedback_facts.tell_new_day()


@shared_task
def clear_doubts() -> None:
    doubt.clear_due()


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
