"""Taking usage in, checked, deduplicated and marked for summing, next to a bare INSERT and a bare COPY of the rows."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.db import connection as database

from benchmarks.company import FIRST_DAY, Company
from benchmarks.figures import Comparison, Series, taken_in_turn
from benchmarks.sizes import Sizes
from sync import clock
from sync.models import UsageEvent, UsagePlanRecord
from sync.usage import intake

#: events in one call, and contracts they are spread over
CALL, PLANS = 2_000, 100
_TABLE = """
CREATE TEMP TABLE bare_usage (source_id bigint, event_id varchar(80) PRIMARY KEY, plan_id bigint, quantity numeric,
    occurred_at timestamptz, hour timestamptz, received_at timestamptz)
"""
_INSERT = """
INSERT INTO bare_usage SELECT 1, u.event_id, u.plan_id, u.quantity::numeric, u.occurred_at::timestamptz,
    date_trunc('hour', u.occurred_at::timestamptz), now()
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) AS u(event_id, plan_id, quantity, occurred_at)
"""
_COPY = "COPY bare_usage (source_id, event_id, plan_id, quantity, occurred_at, hour, received_at) FROM STDIN"
_numbers = count(1)


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """Events a second, in calls of many."""
    plans = _plans(company)
    calls = max(sizes.usage_events // CALL, 1)
    size = min(CALL, sizes.usage_events)
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_usage")
        cursor.execute(_TABLE)

    def portal() -> float:
        batches = [_events(plans, size) for _ in range(calls)]
        before = UsageEvent.objects.count()
        start = time.perf_counter()
        for batch in batches:
            answer = intake.take_in("bench", batch)
            assert answer.taken == size, answer.refused[:3]
        seconds = time.perf_counter() - start
        assert UsageEvent.objects.count() == before + calls * size
        return calls * size / seconds

    def insert() -> float:
        batches = [_events(plans, size) for _ in range(calls)]
        start = time.perf_counter()
        for batch in batches:
            with database.cursor() as cursor:
                columns = [[row[name] for row in batch] for name in ("id", "quantity", "occurred_at")]
                cursor.execute(_INSERT, [columns[0], [plans[0].pk] * size, columns[1], columns[2]])
        return calls * size / (time.perf_counter() - start)

    def copy() -> float:
        batches = [_events(plans, size) for _ in range(calls)]
        start = time.perf_counter()
        for batch in batches:
            with database.cursor() as cursor, cursor.copy(_COPY) as sink:
                for row in batch:
                    at = row["occurred_at"]
                    sink.write_row((1, row["id"], plans[0].pk, row["quantity"], at, at, at))
        return calls * size / (time.perf_counter() - start)

    ours, inserted, copied = taken_in_turn(sizes.usage_rounds, portal, insert, copy)
    details = {"events_a_call": size, "calls": calls, "contracts": PLANS}
    return [
        Comparison(
            name=f"usage intake and bare {name}",
            unit="events/s",
            better="more",
            portal=Series(label="take_in: checked, once each, hours marked", values=ours),
            bare=Series(label=f"{name} of the same rows into a table with a primary key", values=values),
            details=details,
        )
        for name, values in (("INSERT", inserted), ("COPY", copied))
    ]


def _plans(company: Company) -> list[UsagePlanRecord]:
    rows = [
        UsagePlanRecord(
            reference=f"usage_plan:bench{number:04d}:calls",
            version=1,
            correlation_id="bench",
            legal_entity=company.entity,
            currency="USD",
            source_system="bench",
            source_event="",
            contract_reference=f"contract:bench{number:04d}",
            customer_reference="customer:bench",
            meter="calls",
            event_name="calls",
            billing_meter="mtr_1",
            billing_price="price_1",
            billing_product="calls",
            unit_price=Decimal("0.001"),
            scale=0,
            starts_on=FIRST_DAY,
            ends_on=date(2036, 12, 31),
            payment_terms_days=30,
            late_policy="true_up",
            late_limit=Decimal(0),
            created_at=clock.now(),
        )
        for number in range(PLANS)
    ]
    return UsagePlanRecord.objects.bulk_create(rows)


def _events(plans: list[UsagePlanRecord], size: int) -> list[dict[str, str]]:
    start = datetime(FIRST_DAY.year, 2, 1, tzinfo=UTC)
    return [
        {
            "id": f"bench-{number}",
            "contract": plans[number % PLANS].contract_reference,
            "meter": "calls",
            "quantity": str(number % 90 + 1),
            "occurred_at": (start + timedelta(seconds=number % 86_400)).isoformat(),
        }
        for number in (next(_numbers) for _ in range(size))
    ]
