"""Money of customers that is applied to nothing: receipts on account, credit memos on account, refunds that came home;
by customer and age, as it stands.
"""

from collections.abc import Sequence
from datetime import date

from django.db import connection as database
from django.utils.translation import gettext_lazy

from reconciliation.figures_registers.register import Line, Register, customers
from sync.models import LegalEntity

#: upper ends of the age classes, in days
AGES = ((30, gettext_lazy("0–30 days")), (60, gettext_lazy("31–60 days")), (90, gettext_lazy("61–90 days")))
OLDEST = gettext_lazy("Over 90 days")
#: kinds as the query below names them
_KINDS = {
    "Receipt": gettext_lazy("Receipt"),
    "Credit memo": gettext_lazy("Credit memo"),
    "Refund that came home": gettext_lazy("Refund that came home"),
}

_LEFT = """
WITH given_back AS (
    SELECT cause ->> 0 AS reference, sum((cause ->> 1)::numeric) AS amount
    FROM sync_refundrecord r, jsonb_array_elements(r.causes) cause GROUP BY 1
), applied AS (
    SELECT a.payment_reference AS reference, sum(a.amount) AS amount FROM sync_allocationrecord a
    JOIN sync_paymentrecord p ON p.reference = a.payment_reference AND p.legal_entity_id = %(entity)s GROUP BY 1
), credits AS (
    SELECT 'Receipt' AS kind, p.reference, p.gateway_id AS number, p.customer_reference, p.received_on AS day,
        p.currency, p.correlation_id, p.amount - coalesce(a.amount, 0) - coalesce(g.amount, 0) AS left_over
    FROM sync_paymentrecord p LEFT JOIN applied a USING (reference) LEFT JOIN given_back g USING (reference)
    -- of a bank receipt that did not hold nothing is left
    WHERE p.legal_entity_id = %(entity)s
        AND NOT EXISTS (SELECT 1 FROM sync_paymentreturnrecord b WHERE b.payment_reference = p.reference)
    UNION ALL
    SELECT 'Credit memo', m.reference, m.number, m.customer_reference, m.document_date, m.currency, m.correlation_id,
        m.total - m.applied - coalesce(g.amount, 0)
    FROM sync_creditmemorecord m LEFT JOIN given_back g USING (reference)
    WHERE m.legal_entity_id = %(entity)s
        AND NOT EXISTS (SELECT 1 FROM sync_voidrecord v WHERE v.voids = m.reference)
    UNION ALL
    SELECT 'Refund that came home', f.reference, f.gateway_id, f.customer_reference, f.failed_on, f.currency,
        f.correlation_id, f.amount - coalesce(g.amount, 0)
    FROM sync_refundfailurerecord f LEFT JOIN given_back g USING (reference) WHERE f.legal_entity_id = %(entity)s
)
SELECT kind, number, customer_reference, day, currency, correlation_id, left_over FROM credits
WHERE left_over <> 0 AND day <= %(last)s ORDER BY day, number
"""


def find(entity: LegalEntity, first: date, last: date) -> Sequence[Line]:
    with database.cursor() as cursor:
        cursor.execute(_LEFT, {"entity": entity.pk, "last": last})
        rows = cursor.fetchall()
    names = customers([row[2] for row in rows])
    return [
        Line(
            words={
                "Customer": names[customer],
                "Document": f"{_KINDS[kind]} {number}",
                "Since": day.isoformat(),
                "Age": age_class((last - day).days),
            },
            money={"On account": left},
            currency=currency,
            trail=trail,
        )
        for kind, number, customer, day, currency, trail, left in sorted(rows, key=lambda row: (names[row[2]], row[3]))
    ]


def age_class(days: int) -> str:
    return str(next((words for most, words in AGES if days <= most), OLDEST))


OPEN_CASH = Register(
    name="open-cash",
    title="On account",
    lead=gettext_lazy(
        "Receipts, deposits and credits of customers that are applied to nothing yet, by customer and age, as they "
        "stand."
    ),
    words=("Customer", "Document", "Since", "Age"),
    money=("On account",),
    find=find,
    days=("Since",),
    sums_by="Age",
    as_it_stands=True,
)
