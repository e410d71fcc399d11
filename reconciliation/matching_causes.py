"""What probably went wrong with a document nothing matches, so that nobody has to look for it: another sign, another
company's books, a second number, another document, an error that another one hides.

A cause is a finding beside the reason of a break, never instead of it: it moves no money and closes nothing.
"""

from typing import Any

from django.db import models

from reconciliation.matching_sql import CUSTOMER, DAYS, EITHERS_CUSTOMER


class Cause(models.TextChoices):
    """What a break looks like, beside what it is."""

    SIGN = "sign", "The amount has the other sign"
    OFFSET = "offset", "Another document of the customer is off by as much the other way"
    OTHER_ENTITY = "other_entity", "It stands in another company's books"
    DUPLICATE = "duplicate", "It looks like another document under a second number"
    OTHER_DOCUMENT = "other_document", "It was put on another document, which has it twice"


#: days two documents may lie apart that look like one under two numbers
CLOSE = 3
_LEFT, _RIGHT = CUSTOMER.format(side="left"), CUSTOMER.format(side="right")
_ALONE = "met IS NULL AND cause = ''"

_SIGN = f"""
UPDATE different SET cause = 'sign'
WHERE kind = 'AMOUNT_MISMATCH' AND left_gross = -right_gross AND left_gross <> 0 AND {_ALONE}
"""

# exactly two of one customer, off by the same amount in opposite directions: their sum shows nothing
_OFFSET = f"""
WITH off AS (
    SELECT reference, left_gross - right_gross AS gap, left_currency AS currency,
        {EITHERS_CUSTOMER} AS customer
    FROM different WHERE kind = 'AMOUNT_MISMATCH' AND left_gross <> right_gross AND {_ALONE}
), pairs AS (
    SELECT customer, currency, abs(gap) AS size, max(reference) FILTER (WHERE gap > 0) AS more,
        max(reference) FILTER (WHERE gap < 0) AS less
    FROM off WHERE customer <> '' GROUP BY 1, 2, 3
    HAVING count(*) FILTER (WHERE gap > 0) = 1 AND count(*) FILTER (WHERE gap < 0) = 1
)
UPDATE different SET cause = 'offset', cause_with = CASE reference WHEN more THEN less ELSE more END
FROM pairs WHERE reference IN (more, less)
"""

# by its very reference, on the side where it is missing here
_OTHER_ENTITY = f"""
WITH alone AS (
    SELECT reference, CASE WHEN right_currency IS NULL THEN 'right' ELSE 'left' END AS side FROM different
    WHERE kind IN ('MISSING_IN_TARGET', 'MISSING_IN_SOURCE') AND {_ALONE}
), elsewhere AS (
    SELECT alone.reference, min(company.code) AS code
    FROM alone JOIN reconciliation_controlline line ON line.reference = alone.reference
    JOIN reconciliation_controlstage stage ON stage.id = line.stage_id AND stage.side = alone.side
        AND stage.business_date = line.business_date
    JOIN sync_legalentity company ON company.id = stage.entity_id
    WHERE stage.control = %(control)s AND stage.is_current AND stage.entity_id <> %(entity)s
    GROUP BY 1
)
UPDATE different SET cause = 'other_entity', cause_with = elsewhere.code FROM elsewhere
WHERE elsewhere.reference = different.reference
"""

# what is missing on the right, and once too often under another reference there
_OTHER_DOCUMENT = f"""
WITH missing AS (
    SELECT reference, {_LEFT} AS customer, left_currency AS currency, left_gross AS gross
    FROM different WHERE kind = 'MISSING_IN_TARGET' AND {_LEFT} <> '' AND {_ALONE}
), extra AS (
    SELECT reference, {_RIGHT} AS customer, right_currency AS currency, right_gross AS gross
    FROM different WHERE kind = 'LISTED_TWICE' AND right_currency IS NOT NULL AND {_ALONE}
), pairs AS (
    SELECT min(missing.reference) AS one, min(extra.reference) AS other
    FROM missing JOIN extra USING (customer, currency, gross)
    GROUP BY customer, currency, gross HAVING count(*) = 1
)
UPDATE different SET cause = 'other_document', cause_with = CASE reference WHEN one THEN other ELSE one END
FROM pairs WHERE reference IN (one, other)
"""

# only on the right, and the same in everything but its reference as one there that has its counterpart
_DUPLICATE = f"""
WITH extra AS (
    SELECT reference, right_counterparty AS counterparty, right_currency AS currency, right_gross AS gross,
        document_date AS day
    FROM different WHERE kind = 'MISSING_IN_SOURCE' AND right_counterparty <> '' AND right_gross <> 0 AND {_ALONE}
), alike AS (
    SELECT extra.reference, min(line.reference) AS other
    FROM extra JOIN reconciliation_controlline line USING (counterparty, currency, gross)
    WHERE line.stage_id = ANY(%(right_stages)s) AND line.{DAYS} AND line.reference <> extra.reference
        AND abs(line.document_date - extra.day) <= {CLOSE}
        AND NOT EXISTS (SELECT 1 FROM different d WHERE d.reference = line.reference)
    GROUP BY 1
)
UPDATE different SET cause = 'duplicate', cause_with = alike.other FROM alike
WHERE alike.reference = different.reference
"""


def name_them(cursor: Any, values: dict[str, Any]) -> None:
    """Name the cause of what nothing matches, where it shows; only inside `matching.compared`."""
    cursor.execute("SELECT EXISTS (SELECT 1 FROM different WHERE met IS NULL)")
    if not cursor.fetchone()[0]:
        return
    for statement in (_SIGN, _OFFSET, _OTHER_ENTITY, _OTHER_DOCUMENT, _DUPLICATE):
        cursor.execute(statement, values)
