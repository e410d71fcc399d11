"""Ten sweepers and eight workers at once: every claim is somebody's alone, and nothing arrives twice."""

import os
import random
import threading
import time as wall
from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db import connections as databases
from django.db.models import Count

from sync import connections, doubt, outbox, sweeper
from sync.models import Attempt, Connection, Delivery
from sync.states import Condition
from tests.paper_erp import LOST_ANSWER, LOST_CALL, PaperErp
from tests.small_company import Company, customer

#: seconds; more: CLAIM_SECONDS=30
SECONDS = float(os.environ.get("CLAIM_SECONDS", "6"))
BATCH = 400


def test_ten_sweepers_and_eight_workers_never_claim_anything_twice(
    transactional_db, committed_company: Company, paper, monkeypatch
) -> None:
    # given an ERP that now and then loses a call or an answer, and real time
    company, erp = committed_company, paper("erp")
    monkeypatch.setattr(PaperErp, "settle_time", timedelta(seconds=0.2))
    monkeypatch.setattr(sweeper, "PATIENCE", timedelta(0))
    monkeypatch.setattr(connections, "BREAKER_FAILURES", 10**9)
    Connection.objects.update(concurrency=10_000, rate_per_second=10_000)
    monkeypatch.setattr(sweeper.clock, "_machine", lambda: datetime.now(UTC))
    dice, calls, lock = random.Random(7), Counter(), threading.Lock()
    real = PaperErp.deliver

    def deliver(self, parcel):
        if self.books is erp:
            with lock:
                calls[parcel.request_key] += 1
                lot = dice.random()
                fate = LOST_ANSWER if lot < 0.02 else LOST_CALL if lot < 0.04 else None
                self.books.next.append(fate)
                return real(self, parcel)
        return real(self, parcel)

    monkeypatch.setattr(PaperErp, "deliver", deliver)
    company.hears(customer(1))
    template = Delivery.objects.get(target=company.erp)
    made = 1

    def owe(many: int) -> None:
        nonlocal made
        rows = []
        for number in range(made, made + many):
            row = Delivery.objects.get(pk=template.pk)
            shape = customer(number)
            row.pk, row.reference = None, f"payment:many:{number}"
            row.delivery_key, row.serial_key = f"{row.reference}@1:put", f"open:{number % 300}"
            row.subject = row.subject.replace(template.reference, row.reference).replace("Customer 1", shape.name)
            row.is_state_like, row.condition, row.fence, row.attempts = False, Condition.DUE, 0, 0
            row.key_sent_at, row.state, row.external_id = None, "transformed", ""
            rows.append(row)
        made += many
        Delivery.objects.bulk_create(rows)

    ends, failures = wall.monotonic() + SECONDS, []

    def run(step) -> threading.Thread:
        def going() -> None:
            try:
                while wall.monotonic() < ends:
                    step()
                    wall.sleep(0.001)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                failures.append(repr(error))
            finally:
                databases.close_all()

        thread = threading.Thread(target=going)
        thread.start()
        return thread

    def sweep() -> None:
        sweeper.sweep()
        sweeper.carry_what_lies()
        doubt.clear_due()

    # when they all run
    Delivery.objects.filter(pk=template.pk).update(condition="withdrawn")
    Delivery.objects.filter(target=company.billing).delete()
    owe(BATCH)
    threads = [*(run(sweep) for _ in range(10)), *(run(lambda: outbox.carry_due("deliver")) for _ in range(8))]
    while wall.monotonic() < ends:
        if Delivery.objects.filter(condition=Condition.DUE).count() < BATCH:
            owe(BATCH)
        wall.sleep(0.05)
    for thread in threads:
        thread.join(60)
    # then nobody failed, and each claim has one attempt and each key one call
    assert not failures
    claims = Attempt.objects.filter(delivery__target=company.erp)
    doubles = claims.values("delivery", "fence").annotate(n=Count("pk")).filter(n__gt=1)
    assert not doubles.exists()
    assert max(calls.values()) == 1
    assert not Attempt.objects.filter(outcome__in=["late", "crashed"]).exists()
    # and when the rest is done, everything is there once
    rest = wall.monotonic() + 60
    while Delivery.objects.filter(condition__in=["due", "claimed", "in_doubt"]).exists() and wall.monotonic() < rest:
        sweep()
    held = Counter(entry.subject.reference for entry in erp.entries)
    assert max(held.values()) == 1
    assert Delivery.objects.filter(condition=Condition.SETTLED).count() == len(held) >= BATCH
    print(f"\n{claims.count()} claims, {sum(calls.values())} calls, {len(held)} documents, 0 doubles")


def test_claims_alone_are_never_given_twice(transactional_db, committed_company: Company, monkeypatch) -> None:
    """As fast as the database lets them: no calls are made, what was claimed is due again at once."""
    # given two hundred deliveries, a hundred serial keys, and nothing to wait for
    company = committed_company
    monkeypatch.setattr(sweeper.clock, "_machine", lambda: datetime.now(UTC))
    monkeypatch.setattr(connections, "RETRY_SHARE", 1.0)
    Connection.objects.update(concurrency=10_000, rate_per_second=1_000_000)
    company.hears(customer(1))
    template = Delivery.objects.get(target=company.erp)
    Delivery.objects.exclude(pk=template.pk).delete()
    rows = []
    for number in range(200):
        row = Delivery.objects.get(pk=template.pk)
        row.pk, row.reference, row.serial_key = None, f"payment:many:{number}", f"open:{number % 100}"
        row.delivery_key, row.is_state_like = f"{row.reference}@1:put", False
        rows.append(row)
    Delivery.objects.bulk_create(rows)
    Delivery.objects.filter(pk=template.pk).update(condition="withdrawn")
    ends, failures, given, lock = wall.monotonic() + SECONDS, [], Counter(), threading.Lock()
    holding: set[int] = set()
    doubles: list[int] = []

    def going(step) -> None:
        try:
            while wall.monotonic() < ends:
                step()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            failures.append(repr(error))
        finally:
            databases.close_all()

    def claim() -> None:
        claims = outbox._claim(company.erp, queue="deliver")
        mine = [claim.delivery.pk for claim in claims]
        with lock:
            given.update((claim.delivery.pk, claim.delivery.fence) for claim in claims)
            doubles.extend(pk for pk in mine if pk in holding)
            holding.update(mine)
        with lock:
            holding.difference_update(mine)
        Delivery.objects.filter(pk__in=mine, condition="claimed").update(condition="due", lease_until=None)

    def sweep() -> None:
        sweeper.sweep()
        wall.sleep(0.05)

    # when ten sweep and eight claim
    threads = [threading.Thread(target=going, args=[step]) for step in [sweep] * 10 + [claim] * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # then each fence of each delivery was given to one of them, with one attempt
    assert not failures and not doubles and given and max(given.values()) == 1
    attempts = Attempt.objects.values("delivery", "fence").annotate(n=Count("pk"))
    assert not attempts.filter(n__gt=1).exists() and Attempt.objects.count() == len(given)
    print(f"\n{len(given)} claims, 0 doubles")
