"""What is open document by document, as the ledger should have it by what was posted there: invoices, and receipts.

What was not posted yet is a line of its own under its own reference, so that its own case or its way there explains it.
"""

from dataclasses import replace
from datetime import date

from django.db import connection as database

from connectors.interface import ControlLine
from connectors.money import amount
from sync.balances.account import untaxed_line
from sync.models import LegalEntity
from sync.open_items import REDUCTIONS

# what owes the ERP nothing was made there: the ledger has it
_IS_BOOKED = """
NOT EXISTS (SELECT 1 FROM sync_delivery d WHERE d.reference = {reference} AND d.role = 'erp' AND d.is_live
    AND d.condition <> 'settled')
"""
_INVOICES = f"""
WITH mine AS (
    SELECT i.reference, i.number, i.customer_reference, i.currency, i.document_date, i.total,
        {_IS_BOOKED.format(reference="i.reference")} AS is_booked
    FROM sync_invoicerecord i WHERE i.legal_entity_id = %(entity)s
), less AS (
    SELECT less.own, less.reference, less.amount, {_IS_BOOKED.format(reference="less.own")} AS is_booked
    FROM ({" UNION ALL ".join(REDUCTIONS)}) AS less(own, reference, amount)
    WHERE less.amount <> 0 AND less.reference IN (SELECT reference FROM mine)
), booked AS (
    SELECT reference, sum(amount) AS amount FROM less WHERE is_booked GROUP BY 1
)
SELECT mine.reference, mine.number, mine.customer_reference, mine.currency, mine.document_date,
    mine.total - coalesce(booked.amount, 0)
FROM mine LEFT JOIN booked USING (reference)
-- what goes beyond an invoice lies on the customer's account there: no ledger has one that is open below zero
WHERE mine.is_booked AND mine.total > coalesce(booked.amount, 0)
UNION ALL
SELECT mine.reference, mine.number, mine.customer_reference, mine.currency, mine.document_date, mine.total
FROM mine WHERE NOT mine.is_booked AND mine.total <> 0
UNION ALL
SELECT less.own, mine.number, mine.customer_reference, mine.currency, mine.document_date, -less.amount
FROM less JOIN mine USING (reference) WHERE NOT less.is_booked
"""
_RECEIPTS = f"""
WITH mine AS (
    SELECT p.reference, p.gateway_id, p.customer_reference, p.currency, p.received_on, p.amount
    FROM sync_paymentrecord p WHERE p.legal_entity_id = %(entity)s
        AND {_IS_BOOKED.format(reference="p.reference")}
        AND NOT EXISTS (SELECT 1 FROM sync_paymentreturnrecord back WHERE back.payment_reference = p.reference)
), less AS (
    SELECT a.payment_reference AS reference, a.amount FROM sync_allocationrecord a
    WHERE {_IS_BOOKED.format(reference="a.reference")}
    UNION ALL
    SELECT cause ->> 0, (cause ->> 1)::numeric FROM sync_refundrecord r, jsonb_array_elements(r.causes) cause
    WHERE {_IS_BOOKED.format(reference="r.reference")}
), used AS (
    SELECT reference, sum(amount) AS amount FROM less WHERE reference IN (SELECT reference FROM mine) GROUP BY 1
)
SELECT mine.reference, mine.gateway_id, mine.customer_reference, mine.currency, mine.received_on,
    mine.amount - coalesce(used.amount, 0)
FROM mine LEFT JOIN used USING (reference) WHERE mine.amount <> coalesce(used.amount, 0)
"""


def invoices(entity: LegalEntity, day: date) -> list[ControlLine]:
    """What customers owe for each invoice by the ledger, in major units; as of now, whatever the day."""
    return _lines(_INVOICES, entity)


def receipts(entity: LegalEntity, day: date) -> list[ControlLine]:
    """What of each receipt the ledger has that is applied to nothing, in major units; as of now, whatever the day."""
    return _lines(_RECEIPTS, entity)


def _lines(query: str, entity: LegalEntity) -> list[ControlLine]:
    with database.cursor() as cursor:
        cursor.execute(query, {"entity": entity.pk})
        return [
            replace(
                untaxed_line(reference, currency, amount(rest, currency), dated, label=label),
                counterparty=customer,
                customer=customer,
            )
            for reference, label, customer, currency, dated, rest in cursor.fetchall()
        ]
