"""Listing: what was changed of customers who are billed already, and changes where their tax or their debts stand."""

from collections.abc import Sequence

from django.db import connection as database

from reconciliation.controls.control import Control, Finding, Type
from sync.models import LegalEntity

#: what of a customer decides about tax and debts, in words, and where its source's shape says it
WATCHED = (
    ("the tax number", "{tax_id}"),
    ("the country", "{address,country}"),
    ("the parent company", "{parent_reference}"),
)
# every version as it was heard beside the one before; only changes after the first invoice matter
_CHANGED = """
WITH heard AS (
    SELECT item.reference, item.version, item.created_at, watched.words,
           coalesce(item.subject #>> watched.place::text[], '') AS now_is,
           lag(coalesce(item.subject #>> watched.place::text[], ''))
               OVER (PARTITION BY item.reference, watched.words ORDER BY item.version) AS was
    FROM sync_workitem item
    CROSS JOIN unnest(%(words)s::text[], %(places)s::text[]) AS watched(words, place)
    WHERE item.flow = 'customer_sync' AND item.entity_id = %(entity)s
)
SELECT heard.reference, heard.version, customer.name, heard.words, heard.was, heard.now_is, heard.created_at::date
FROM heard JOIN sync_customerrecord customer ON customer.reference = heard.reference
WHERE heard.was <> heard.now_is AND EXISTS (
    SELECT 1 FROM sync_invoicerecord invoice
    WHERE invoice.customer_reference = heard.reference AND invoice.created_at < heard.created_at
)
ORDER BY heard.created_at, heard.reference, heard.words
"""


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each change of a watched field of a customer who had an invoice before it, until two people have accepted
    it. Changing it back is a change too, and both are looked at.
    """
    values = {
        "entity": entity.pk,
        "words": [words for words, _ in WATCHED],
        "places": [place for _, place in WATCHED],
    }
    with database.cursor() as cursor:
        cursor.execute(_CHANGED, values)
        rows = cursor.fetchall()
    return [
        Finding(
            reference=f"changed:{reference}@{version}:{words}"[:120],
            kind="MASTER_DATA_CHANGED",
            label=name,
            cause=f"{words} was “{was or 'empty'}” and is “{now_is or 'empty'}”",
            customer=name,
            dated=changed_on,
        )
        for reference, version, name, words, was, now_is, changed_on in rows
    ]


MASTER_DATA = Control(
    name="master_data",
    title="Changes of billed customers are looked at",
    leg="",
    kind="customer",
    left_role="portal",
    left_kind="customer",
    right_role="portal",
    right_kind="customer",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Every version of a customer as it was heard, since its first invoice",
    assertion="Existence, accuracy",
    is_key=False,
    lists=findings,
)
