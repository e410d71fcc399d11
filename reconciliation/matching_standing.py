"""Where each difference stands: matched, accepted by two people, explained by a case, held, in flight, unexplained."""

from typing import Any

#: how far a chain of waiting is followed to the case at its end
LONGEST_CHAIN = 6

# its own open case first, else the case at the end of what it waits for, else held, else on its way
_STANDING = """
WITH RECURSIVE own AS (
    -- a case explains no more than its amount; one that names none, or another currency, is about the whole
    SELECT d.reference, min(c.id) AS case_id, CASE
        WHEN bool_and(c.amount IS NOT NULL AND c.currency = coalesce(d.left_currency, d.right_currency))
        THEN sum(abs(c.amount)) END AS covers
    FROM different d
    JOIN reconciliation_exceptioncase c ON c.reference = d.reference AND c.status = 'open' AND c.reference <> ''
    LEFT JOIN sync_delivery blocked ON blocked.id = c.delivery_id
    LEFT JOIN reconciliation_break b ON b.id = c.break_row_id
    WHERE (c.delivery_id IS NULL OR blocked.role IN (%(left_role)s, %(right_role)s))
      -- what another company's case explains is still missing in this one's books
      AND (c.break_row_id IS NULL OR (b.control = ANY(%(explained_by)s) AND b.entity_id = %(entity)s))
    GROUP BY d.reference
), edges AS (
    SELECT reference, waits_for FROM sync_workitem WHERE condition = 'waiting'
    UNION SELECT reference, waits_for FROM sync_delivery
    WHERE condition = 'waiting' AND role IN (%(left_role)s, %(right_role)s)
), chain AS (
    SELECT d.reference AS start, e.waits_for AS at, 1 AS far FROM different d JOIN edges e ON e.reference = d.reference
    UNION
    SELECT chain.start, e.waits_for, chain.far + 1 FROM chain JOIN edges e ON e.reference = chain.at
    WHERE chain.far < %(far)s
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
), listed AS (
    SELECT u.reference FROM sync_unposteddocument u JOIN different d ON d.reference = u.reference WHERE d.left_gross = 0
)
UPDATE different SET
    case_id = coalesce(own.case_id, waited.case_id), covers = own.covers,
    standing = CASE
        WHEN own.case_id IS NOT NULL OR waited.case_id IS NOT NULL OR listed.reference IS NOT NULL THEN 'explained'
        WHEN engine.held THEN 'held' WHEN engine.moving THEN 'in_flight' ELSE 'unexplained' END
FROM different self
LEFT JOIN own ON own.reference = self.reference
LEFT JOIN waited ON waited.reference = self.reference
LEFT JOIN engine ON engine.reference = self.reference
LEFT JOIN listed ON listed.reference = self.reference
WHERE different.reference = self.reference
"""

# what exists only on the right is never explained away, unless it was matched
_RIGHT_ONLY = "UPDATE different SET standing = 'unexplained' WHERE left_currency IS NULL"
# what two people accepted is accounted for, until its day and over that very amount
_ACCEPTED = """
UPDATE different SET standing = 'accepted', case_id = NULL
FROM reconciliation_break b JOIN reconciliation_reconcilingitem item ON item.break_row_id = b.id
WHERE b.control = %(control)s AND b.entity_id = %(entity)s AND b.healed_at IS NULL
    AND b.reference = different.reference AND b.kind = different.kind AND met IS NULL
    AND item.status = 'accepted' AND coalesce(item.expected_on, 'infinity'::date) >= %(today)s
    AND item.amount = coalesce(left_gross, 0)
        - CASE WHEN left_currency IS NULL OR left_currency = right_currency THEN right_gross ELSE 0 END
"""
# what two people let go into another month stands in both months' registers, and is no exception
_MOVED = """
UPDATE different SET standing = 'accepted', case_id = NULL
FROM sync_lateposting late
WHERE different.kind = 'PERIOD_MISMATCH' AND late.reference = different.reference AND late.posting_date = right_date
"""
_MATCHED = "UPDATE different SET standing = 'matched', case_id = NULL WHERE met IS NOT NULL"


def say(cursor: Any, values: dict[str, Any]) -> None:
    """Give each difference its standing, and the case that explains it; only inside `matching.compared`."""
    cursor.execute(_STANDING, values | {"far": LONGEST_CHAIN})
    cursor.execute(_RIGHT_ONLY)
    cursor.execute(_MATCHED)
    cursor.execute(_ACCEPTED, values)
    cursor.execute(_MOVED)
