"""Very many open cases as a bad day would bring them: few problems with most of them, many with a handful."""

from django.db import connection as database

from benchmarks.company import Company
from reconciliation.teams import Team
from sync import clock
from sync.models import SourceEvent
from sync.states import Condition

PROBLEMS = 500
#: for one case in so many, another object waits
WAITING_EVERY = 20

_PROBLEMS = """
INSERT INTO reconciliation_problem (reason, fingerprint, field, value, system, team, first_seen_at, last_seen_at)
SELECT 'PRODUCT_UNMAPPED', 'bench-' || g, 'Product', 'Product ' || g, 'salesforce',
    (%(teams)s::text[])[1 + g %% %(team_count)s],
    %(now)s::timestamptz - g * interval '1 hour', %(now)s
FROM generate_series(0, %(problems)s - 1) AS g
"""
_ITEMS = """
INSERT INTO sync_workitem (flow, reference, version, record_revision, correlation_id, event_id, entity_id, state,
    condition, waits_for, subject, title, customer_reference, customer_name, effective_on, amount, currency, due_at,
    fence, crashes, created_at)
SELECT 'closed_won_to_billing', 'contract:' || kind || g, 1, 0, 'deal:' || kind || g, %(event)s, %(entity)s,
    'received', %(condition)s, CASE WHEN %(condition)s = 'waiting' THEN 'contract:case-' || g ELSE '' END, '{}',
    'Deal ' || g, 'customer:' || g %% 5000, 'Customer ' || g %% 5000,
    %(now)s::date - (g %% 90)::int, 50 + (g * 37) %% 7000, 'USD', %(now)s, 0, 0, %(now)s
FROM (SELECT %(kind)s::text AS kind, g FROM generate_series(1, %(cases)s, %(step)s) AS g) AS numbers
"""
# a cubic curve: a tenth of the problems has almost half of the cases
_CASES = """
INSERT INTO reconciliation_exceptioncase (problem_id, reason, team, status, work_item_id, reference, correlation_id,
    entity_id, customer_reference, customer_name, document, effective_on, field, value, amount, currency, evidence,
    opened_at, due_at, occurrences, regressed, resolution, closing_note, version)
SELECT p.id, p.reason, p.team, 'open', w.id, w.reference, w.correlation_id, w.entity_id, w.customer_reference,
    w.customer_name, w.title, w.effective_on, p.field, p.value, w.amount, w.currency, '{}',
    %(now)s::timestamptz - (w.id %% 700) * interval '17 minutes',
    %(now)s::timestamptz + ((w.id * 31) %% 400 - 100) * interval '1 hour', 1, false, '', '', 1
FROM sync_workitem AS w
JOIN reconciliation_problem AS p
    ON p.fingerprint = 'bench-' || floor(%(problems)s * power((w.id * 7919 %% 10007) / 10007.0, 3))::int
WHERE w.reference LIKE 'contract:case-%%'
"""


def open_many(company: Company, *, cases: int) -> None:
    """Write so many open cases, each on a blocked work item, and let every twentieth hold up another object."""
    now = clock.now()
    event = SourceEvent.objects.create(
        connection=company.crm,
        source_event_id="event-of-all-cases",
        body_sha256="0" * 64,
        kind="opportunity",
        object_id="many",
        received_at=now,
        via="callback",
        due_at=now,
        condition=Condition.SETTLED,
    )
    shared = {
        "now": now,
        "event": event.pk,
        "entity": company.entity.pk,
        "cases": cases,
        "problems": PROBLEMS,
        "teams": Team.values,
        "team_count": len(Team.values),
    }
    with database.cursor() as cursor:
        cursor.execute(_PROBLEMS, shared)
        cursor.execute(_ITEMS, {**shared, "kind": "case-", "condition": "blocked", "step": 1})
        cursor.execute(_ITEMS, {**shared, "kind": "waits-", "condition": "waiting", "step": WAITING_EVERY})
        cursor.execute(_CASES, shared)
        cursor.execute("SELECT count(*) FROM reconciliation_exceptioncase WHERE status = 'open'")
        if cursor.fetchone()[0] != cases:
            raise RuntimeError("not every case was written")
        cursor.execute("VACUUM ANALYZE")
