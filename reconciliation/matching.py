"""The set-based engine: both sides' current readings, matched by reference in SQL; what differs is put in its place.

Each left-hand document counts once, at the first that fits: matched; explained (its own open case, else the case it
waits for); held; in flight. What fits none, and what exists only on the right, is unexplained.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction

from reconciliation.controls.control import Control
from reconciliation.models import ControlStage
from reconciliation.models.controls import Side
from sync.models import LegalEntity

#: how far a chain of waiting is followed to the case at its end
LONGEST_CHAIN = 6

_PAIRED = """
CREATE TEMP TABLE paired ON COMMIT DROP AS
SELECT coalesce(l.reference, r.reference) AS reference, coalesce(l.currency, r.currency) AS currency,
       coalesce(l.document_date, r.document_date) AS document_date,
       l.currency AS left_currency, l.net AS left_net, l.tax AS left_tax, l.gross AS left_gross, l.external_id AS left_id,
       l.label AS left_label, l.status AS left_status, l.counterparty AS left_counterparty,
       r.currency AS right_currency, r.net AS right_net, r.tax AS right_tax, r.gross AS right_gross, r.external_id AS right_id,
       r.label AS right_label, r.status AS right_status, r.counterparty AS right_counterparty
FROM (SELECT * FROM reconciliation_controlline WHERE stage_id = ANY(%(left_stages)s)) l
FULL OUTER JOIN (SELECT * FROM reconciliation_controlline WHERE stage_id = ANY(%(right_stages)s)) r USING (reference)
"""

_DIFFERENT = """
CREATE TEMP TABLE different ON COMMIT DROP AS
SELECT *, CASE
        WHEN right_currency IS NULL THEN 'MISSING_IN_TARGET'
        WHEN left_currency IS NULL THEN 'MISSING_IN_SOURCE'
        WHEN left_currency <> right_currency THEN 'CURRENCY_MISMATCH'
        WHEN %(tax)s AND left_gross = right_gross AND left_tax <> right_tax THEN 'TAX_MISMATCH'
        ELSE 'AMOUNT_MISMATCH' END AS kind,
    ''::text AS standing, NULL::bigint AS case_id
FROM paired
WHERE right_currency IS NULL OR left_currency IS NULL OR left_currency <> right_currency
   OR (%(net)s AND left_net <> right_net) OR (%(tax)s AND left_tax <> right_tax) OR (%(gross)s AND left_gross <> right_gross)
"""

# its own open case first, else the case at the end of what it waits for, else held, else on its way
_STANDING = """
WITH RECURSIVE own AS (
    SELECT d.reference, min(c.id) AS case_id FROM different d
    JOIN reconciliation_exceptioncase c ON c.reference = d.reference AND c.status = 'open' AND c.reference <> ''
    LEFT JOIN sync_delivery blocked ON blocked.id = c.delivery_id
    LEFT JOIN reconciliation_break b ON b.id = c.break_row_id
    WHERE (c.delivery_id IS NULL OR blocked.role IN (%(left_role)s, %(right_role)s))
      AND (c.break_row_id IS NULL OR b.control = %(control)s)
    GROUP BY d.reference
), edges AS (
    SELECT reference, waits_for FROM sync_workitem WHERE condition = 'waiting'
    UNION SELECT reference, waits_for FROM sync_delivery WHERE condition = 'waiting' AND role IN (%(left_role)s, %(right_role)s)
), chain AS (
    SELECT d.reference AS start, e.waits_for AS at, 1 AS far FROM different d JOIN edges e ON e.reference = d.reference
    UNION
    SELECT chain.start, e.waits_for, chain.far + 1 FROM chain JOIN edges e ON e.reference = chain.at WHERE chain.far < %(far)s
), waited AS (
    SELECT chain.start AS reference, min(c.id) AS case_id FROM chain
    JOIN reconciliation_exceptioncase c ON c.reference = chain.at AND c.status = 'open' GROUP BY chain.start
), engine AS (
    SELECT reference, bool_or(held) AS held, bool_or(moving) AS moving FROM (
        SELECT reference, false AS held, condition IN ('due', 'claimed', 'waiting') AS moving FROM sync_workitem
        WHERE reference IN (SELECT reference FROM different)
        UNION ALL
        SELECT reference, condition = 'held', condition IN ('due', 'claimed', 'waiting', 'in_doubt') FROM sync_delivery
        WHERE reference IN (SELECT reference FROM different) AND role = %(right_role)s
    ) x GROUP BY reference
)
UPDATE different SET
    case_id = coalesce(own.case_id, waited.case_id),
    standing = CASE
        WHEN own.case_id IS NOT NULL OR waited.case_id IS NOT NULL THEN 'explained'
        WHEN engine.held THEN 'held' WHEN engine.moving THEN 'in_flight' ELSE 'unexplained' END
FROM different self
LEFT JOIN own ON own.reference = self.reference
LEFT JOIN waited ON waited.reference = self.reference
LEFT JOIN engine ON engine.reference = self.reference
WHERE different.reference = self.reference
"""

# what exists only on the right is never explained away
_RIGHT_ONLY = "UPDATE different SET standing = 'unexplained' WHERE left_currency IS NULL"

_TOTALS = """
SELECT p.currency, to_char(p.document_date, 'YYYY-MM') AS period,
    count(p.left_currency) AS left_count, count(p.right_currency) AS right_count,
    coalesce(sum(p.left_net), 0), coalesce(sum(p.right_net), 0), coalesce(sum(p.left_tax), 0), coalesce(sum(p.right_tax), 0),
    coalesce(sum(p.left_gross), 0), coalesce(sum(p.right_gross), 0),
    coalesce(sum(coalesce(p.left_gross, 0) - coalesce(p.right_gross, 0)) FILTER (WHERE d.standing = 'explained'), 0),
    coalesce(sum(coalesce(p.left_gross, 0) - coalesce(p.right_gross, 0)) FILTER (WHERE d.standing = 'held'), 0),
    coalesce(sum(coalesce(p.left_gross, 0) - coalesce(p.right_gross, 0)) FILTER (WHERE d.standing = 'in_flight'), 0),
    coalesce(sum(coalesce(p.left_gross, 0) - coalesce(p.right_gross, 0)) FILTER (WHERE d.standing = 'unexplained'), 0),
    count(*) FILTER (WHERE d.standing = 'unexplained'), count(*) FILTER (WHERE d.standing = 'explained')
FROM paired p LEFT JOIN different d USING (reference)
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class PeriodTotals:
    """One currency and one month of the left-hand documents: both sides, and what lies between. Gross, major units."""

    currency: str
    period: str
    left_count: int
    right_count: int
    left_net: Decimal
    right_net: Decimal
    left_tax: Decimal
    right_tax: Decimal
    left_gross: Decimal
    right_gross: Decimal
    explained: Decimal
    held: Decimal
    in_flight: Decimal
    unexplained: Decimal
    unexplained_count: int
    explained_count: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One document on which the sides do not agree, and where it stands."""

    reference: str
    currency: str
    document_date: date
    kind: str
    #: explained, held, in_flight or unexplained
    standing: str
    case_id: int | None
    label: str
    counterparty: str
    left: dict[str, str]
    right: dict[str, str]
    #: left less right, gross, signed
    gap: Decimal


@contextmanager
def compared(control: Control, *, entity: LegalEntity) -> Iterator[None]:
    """Within this block the temporary tables `paired` and `different` hold the comparison."""
    values = {
        "control": control.name, "entity": entity.pk, "left_role": control.left_role, "right_role": control.right_role,
        "left_stages": _current(control, entity, Side.LEFT), "right_stages": _current(control, entity, Side.RIGHT),
        "far": LONGEST_CHAIN, **{column: column in control.compares for column in ("net", "tax", "gross")},
    }
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS paired, different")
        # whole sets are joined here, often right after they were loaded and before anything knows their size
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_PAIRED, values)
        cursor.execute(_DIFFERENT, values)
        cursor.execute("ANALYZE paired, different")
        cursor.execute(_STANDING, values)
        cursor.execute(_RIGHT_ONLY)
        yield
        cursor.execute("DROP TABLE IF EXISTS paired, different")


def _current(control: Control, entity: LegalEntity, side: Side) -> list[int]:
    """The readings in force: found first, so that the big table is reached by key."""
    rows = ControlStage.objects.filter(control=control.name, entity=entity, side=side, is_current=True)
    return list(rows.values_list("pk", flat=True))


def totals() -> list[PeriodTotals]:
    """Per currency and month; only inside `compared`."""
    names = list(PeriodTotals.__dataclass_fields__)
    with database.cursor() as cursor:
        cursor.execute(_TOTALS)
        return [PeriodTotals(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def differences(*, standing: str | None = None, limit: int | None = None) -> list[Difference]:
    """Documents that differ; only inside `compared`."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT reference, currency, document_date, kind, standing, case_id, coalesce(left_label, right_label),"
            " coalesce(left_counterparty, right_counterparty, ''), left_id, left_net, left_tax, left_gross, left_status,"
            " right_id, right_net, right_tax, right_gross, right_status FROM different"
            " WHERE %(standing)s::text IS NULL OR standing = %(standing)s ORDER BY document_date, reference LIMIT %(limit)s",
            {"standing": standing, "limit": limit},
        )
        return [_difference(row) for row in cursor.fetchall()]


def _difference(row: tuple[Any, ...]) -> Difference:
    sides = []
    for start in (8, 13):
        external_id, net, tax, gross, status = row[start : start + 5]
        sides.append(
            {}
            if gross is None
            else {"external_id": external_id, "net": str(net), "tax": str(tax), "gross": str(gross), "status": status}
        )
    return Difference(
        reference=row[0], currency=row[1], document_date=row[2], kind=row[3], standing=row[4], case_id=row[5], label=row[6],
        counterparty=row[7], left=sides[0], right=sides[1], gap=(row[11] or Decimal(0)) - (row[16] or Decimal(0)),
    )


def reconcile_matched(control: Control) -> int:
    """Deliveries whose documents both sides show alike have reached the end of their life; only inside `compared`."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE sync_delivery SET state = 'reconciled', reconciled_at = now()
            FROM paired p LEFT JOIN different d USING (reference)
            WHERE sync_delivery.reference = p.reference AND d.reference IS NULL AND sync_delivery.role = %s
              AND sync_delivery.condition = 'settled' AND sync_delivery.state IN ('acknowledged', 'posted')
            """,
            [control.right_role],
        )
        return cursor.rowcount
