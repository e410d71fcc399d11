"""Deliveries a second through the outbox, next to the rate at which the same worker runs tasks that do nothing."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import redis
from django.conf import settings
from django.db import transaction

from benchmarks import servers
from benchmarks.company import FIRST_DAY, Company
from benchmarks.figures import Comparison, Series, taken_in_turn
from benchmarks.sizes import Sizes
from benchmarks.worker_app import EMPTY_QUEUE, app, nothing
from connectors.canonical import Invoice, InvoiceLine
from sync import clock, nudges, outbox
from sync.mappings import Tables
from sync.models import Attempt, Delivery, ExternalIdentity, SourceEvent, WorkItem
from sync.states import UNFINISHED, Condition, Lifecycle

CONCURRENCY = 2
QUEUE = "posting"
#: objects owed in one transaction, as a pipeline's batch does
TOGETHER = 200
_LONGEST = 300.0
_GLANCE = 0.02


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """Both rates count from the moment all work lies ready until none is left."""
    numbers = itertools.count(1)
    broker = redis.Redis.from_url(settings.REDIS_URL)
    owing: list[float] = []
    customer = ExternalIdentity.objects.create(
        connection=company.erp, kind="customer", reference="customer:bench", external_id="C-1", since=clock.now()
    )
    event = SourceEvent.objects.create(
        connection=company.billing,
        source_event_id="evt_of_all_deliveries",
        body_sha256="0" * 64,
        kind="invoice.finalized",
        object_id="in_bench",
        received_at=clock.now(),
        via="callback",
        due_at=clock.now(),
        condition=Condition.SETTLED,
    )

    def carried() -> float:
        start = time.perf_counter()
        _owe(company, event, [next(numbers) for _ in range(sizes.deliveries)], needs=customer.reference)
        owing.append(sizes.deliveries / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in range(CONCURRENCY):
            app.send_task(nudges.TASKS[QUEUE], queue=QUEUE, retry=False)
        _wait_until(lambda: not Delivery.objects.filter(condition__in=UNFINISHED).exists())
        return sizes.deliveries / (time.perf_counter() - start)

    def empty() -> float:
        for _ in range(sizes.deliveries):
            nothing.apply_async(queue=EMPTY_QUEUE)
        start = time.perf_counter()
        app.control.add_consumer(EMPTY_QUEUE)
        _wait_until(lambda: not broker.llen(EMPTY_QUEUE) and not broker.hlen("unacked"))
        seconds = time.perf_counter() - start
        app.control.cancel_consumer(EMPTY_QUEUE)
        time.sleep(0.3)  # the order to stop is a message of its own
        return sizes.deliveries / seconds

    try:
        with servers.worker("benchmarks.worker_app:app", queues=QUEUE, concurrency=CONCURRENCY):
            carried()  # both processes have loaded everything and opened their connections
            empty()
            owing.clear()
            ours, bare = taken_in_turn(sizes.delivery_rounds, carried, empty)
    finally:
        broker.flushdb()
    total = sizes.deliveries * (sizes.delivery_rounds + 1)
    posted = Delivery.objects.filter(state=Lifecycle.POSTED, condition=Condition.SETTLED).count()
    calls = Attempt.objects.filter(outcome=Attempt.Outcome.RECEIPT).count()
    if not posted == calls == total:
        raise RuntimeError(f"{total} deliveries owed, {posted} posted, {calls} calls made")
    return [
        Comparison(
            name="deliveries",
            unit="1/s",
            better="more",
            portal=Series(label="owed invoices posted through the outbox, one call each", values=ours),
            bare=Series(label="empty Celery tasks by the same worker", values=bare),
            details={
                "per_round": sizes.deliveries,
                "worker_processes": CONCURRENCY,
                "threads_per_process": settings.CARRY_THREADS,
                "owed_per_second": [round(rate) for rate in owing],
            },
        )
    ]


def _owe(company: Company, event: SourceEvent, numbers: list[int], *, needs: str) -> None:
    tables = Tables()
    with _quiet():
        for start in range(0, len(numbers), TOGETHER):
            with transaction.atomic():
                pairs = [_owed(company, event, number, needs=needs) for number in numbers[start : start + TOGETHER]]
                WorkItem.objects.bulk_create(item for item, _ in pairs)
                outbox.owe(pairs, tables)


def _owed(company: Company, event: SourceEvent, number: int, *, needs: str) -> tuple[WorkItem, outbox.Owed]:
    reference, day, amount = (
        f"invoice:stripe:in_bench{number}",
        FIRST_DAY + timedelta(days=number % 28),
        Decimal("1054.00"),
    )
    shape = Invoice(
        reference=reference,
        version=1,
        correlation_id=f"deal:bench-{number}",
        legal_entity=company.entity.code,
        currency="USD",
        source_system="stripe_billing",
        number=f"INV-{number}",
        billing_id=f"in_bench{number}",
        customer_reference=needs,
        contract_reference=f"contract:bench-{number}",
        document_date=day,
        posting_date=day,
        tax_point=day,
        due_on=day + timedelta(days=30),
        net=amount,
        tax=Decimal("0.00"),
        total=amount,
        lines=(
            InvoiceLine(
                line_id="1",
                description="One product for one year",
                quantity=Decimal(1),
                net=amount,
                tax=Decimal("0.00"),
                tax_code="zero",
                service_starts_on=day,
                service_ends_on=day + timedelta(days=364),
                erp_item="product",
            ),
        ),
    )
    now = clock.now()
    item = WorkItem(
        flow="invoice_to_erp",
        reference=reference,
        version=1,
        correlation_id=shape.correlation_id,
        event=event,
        entity=company.entity,
        state=Lifecycle.TRANSFORMED,
        condition=Condition.SETTLED,
        subject={},
        title=shape.number,
        amount=amount,
        currency="USD",
        due_at=now,
        created_at=now,
    )
    owed = outbox.Owed(
        role="erp",
        subject=shape,
        needs=(needs,),
        queue=QUEUE,
        document_date=day,
        posting_date=day,
        amount=amount,
        title=shape.number,
    )
    return item, owed


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is told to the worker while work is laid ready."""
    before, nudges.muted = nudges.muted, True
    try:
        yield
    finally:
        nudges.muted = before


def _wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONGEST
    while not done():
        if time.monotonic() > until:
            raise RuntimeError(f"the worker was not done after {_LONGEST:.0f} s")
        time.sleep(_GLANCE)
