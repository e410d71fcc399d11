"""Days whose contracts were changed since they were read: what was sold then is not what stands in the reading."""

from datetime import date

from django.db import connection as database

from reconciliation.controls.control import Control
from sync.models import LegalEntity

# a change counts from when we hear of it, and once more from when billing has taken it
_CHANGED = """
SELECT DISTINCT stage.business_date
FROM sync_contractrecord change
LEFT JOIN sync_delivery taken ON taken.reference = change.reference AND taken.version = change.version
JOIN reconciliation_controlline line ON line.reference = change.reference
JOIN reconciliation_controlstage stage ON stage.id = line.stage_id AND stage.business_date = line.business_date
WHERE change.version > 1 AND change.legal_entity_id = %(entity)s
  AND stage.control = %(control)s AND stage.entity_id = %(entity)s AND stage.is_current
  AND stage.business_date < %(before)s
  AND stage.read_at <= greatest(change.created_at, taken.delivered_at)
"""


def dates_changed(control: Control, entity: LegalEntity, *, before: date) -> list[date]:
    """Earlier days of a control of contracts that are to be read again, on whichever side the contract stood there."""
    if control.kind != "contract" or control.as_of:
        return []
    with database.cursor() as cursor:
        cursor.execute(_CHANGED, {"entity": entity.pk, "control": control.name, "before": before})
        return sorted(day for (day,) in cursor.fetchall())
