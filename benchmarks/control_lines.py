"""Two sides of a control with as many lines as wanted, and one document in a thousand gone wrong on purpose."""

from datetime import timedelta

from django.db import connection as database

from benchmarks.company import FIRST_DAY, Company
from reconciliation import staging
from reconciliation.controls.control import Control
from reconciliation.models import ControlStage
from reconciliation.models.controls import Side
from sync import clock

DAYS = 30
#: one document in so many is wrong
WRONG = 1_000
#: four kinds of wrong by turns; a document under another reference on the right is two differences
_WRONG_KINDS = 4

# the right side comes in another order, as another system's list would
_LINES = """
INSERT INTO reconciliation_controlline
    (stage_id, business_date, reference, external_id, document_date, currency, net, tax, gross, label, status,
    counterparty, customer)
SELECT (%(stages)s::bigint[])[1 + g %% %(days)s], %(first)s::date + (g %% %(days)s)::int,
    'invoice:stripe:in_' || to_char(g, 'FM000000000000') || CASE WHEN lost THEN 'x' ELSE '' END,
    %(prefix)s || g, %(first)s::date + (g %% %(days)s)::int, CASE WHEN other_currency THEN 'EUR' ELSE 'USD' END,
    net, tax, net + tax, 'INV-' || g, 'open', 'Customer ' || g %% 5000, 'customer:' || g %% 5000
FROM (
    SELECT g, 100 + g %% 90000 + CASE WHEN kind = 1 THEN 0.01 ELSE 0 END AS net,
        (g %% 900)::numeric / 100 + CASE WHEN kind = 2 THEN 1 ELSE 0 END AS tax,
        kind = 0 AS lost, kind = 3 AS other_currency
    FROM (
        SELECT g, CASE WHEN %(wrong)s AND g %% %(every)s = 0 THEN g / %(every)s %% 4 ELSE -1 END AS kind
        FROM (
            SELECT 1 + (n * %(step)s::bigint) %% %(lines)s AS g FROM generate_series(0, %(lines)s - 1) AS n
        ) AS numbers
    ) AS kinds
) AS amounts
"""


def stage_both(control: Control, company: Company, *, lines: int) -> int:
    """Write `lines` lines on each side, spread over thirty days; how many rows must be found to differ."""
    for day in range(DAYS):
        staging.have_month(FIRST_DAY + timedelta(days=day))
    for side, source, wrong, step in (
        (Side.LEFT, company.billing, False, 1),
        # a prime that divides no size used here, so every number comes once
        (Side.RIGHT, company.erp, True, 7_919),
    ):
        stages = ControlStage.objects.bulk_create(
            ControlStage(
                control=control.name,
                entity=company.entity,
                business_date=FIRST_DAY + timedelta(days=day),
                side=side,
                connection=source,
                read_at=clock.now(),
                sha256="0" * 64,
                # numbers from 1 to `lines` go to the days in turn
                line_count=len(range(day or DAYS, lines + 1, DAYS)),
            )
            for day in range(DAYS)
        )
        with database.cursor() as cursor:
            cursor.execute(
                _LINES,
                {
                    "stages": [stage.pk for stage in stages],
                    "days": DAYS,
                    "prefix": f"{side}-",
                    "first": FIRST_DAY,
                    "wrong": wrong,
                    "every": WRONG,
                    "lines": lines,
                    "step": step,
                },
            )
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE reconciliation_controlline")
    kinds = [number // WRONG % _WRONG_KINDS for number in range(WRONG, lines + 1, WRONG)]
    return len(kinds) + kinds.count(0)
