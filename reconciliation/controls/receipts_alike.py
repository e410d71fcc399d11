"""Listing: money that seems to have come twice, by card and transfer or by two transfers: one is applied to nothing.

What names a document that is paid already is a case on arrival (`sync.pipelines.cash_on_account`); this finds the
other ones, which name nothing, or something else.
"""

from collections.abc import Sequence

from django.db import connection as database

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.controls.receivables import receives
from reconciliation.models import ExceptionCase
from sync.models import LegalEntity

#: days between two receipts of one sum that are taken for the same payment: a monthly bill is paid anew after that
APART = 27
#: what the portal may have told people of the later receipt when it came
TOLD_AS = ("DUPLICATE_PAYMENT", "OVERPAYMENT", "UNAPPLIED_CASH")
# a receipt that is applied, or went back, settles something of its own
_ALIKE = """
WITH receipt AS (
    SELECT got.*, NOT EXISTS (
               SELECT 1 FROM sync_allocationrecord part WHERE part.payment_reference = got.reference
           ) AS is_unapplied
    FROM sync_paymentrecord got
    WHERE got.legal_entity_id = %(entity)s
      AND NOT EXISTS (SELECT 1 FROM sync_paymentreturnrecord back WHERE back.payment_reference = got.reference)
      AND NOT EXISTS (
          SELECT 1 FROM sync_refundrecord refund WHERE refund.payment_reference = got.reference
          AND NOT EXISTS (SELECT 1 FROM sync_refundfailurerecord home WHERE home.refund_reference = refund.reference)
      )
)
SELECT DISTINCT ON (later.reference)
    later.reference, later.gateway_id, later.received_on, later.currency, later.amount,
    earlier.gateway_id, earlier.received_on, coalesce(customer.name, '')
FROM receipt later
JOIN receipt earlier
  ON (earlier.customer_reference, earlier.currency, earlier.amount)
   = (later.customer_reference, later.currency, later.amount)
 AND (earlier.received_on, earlier.id) < (later.received_on, later.id)
 AND later.received_on - earlier.received_on <= %(apart)s
LEFT JOIN sync_customerrecord customer ON customer.reference = later.customer_reference
WHERE later.is_unapplied
ORDER BY later.reference, earlier.received_on DESC, earlier.id DESC
"""


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each receipt that is applied to nothing and came within four weeks of another of the same customer, sum
    and currency, until it is applied, given back, or two people have accepted it.
    """
    with database.cursor() as cursor:
        cursor.execute(_ALIKE, {"entity": entity.pk, "apart": APART})
        rows = cursor.fetchall()
    open_cases = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN, reason__in=TOLD_AS)
    told_in = dict(open_cases.filter(reference__in=[row[0] for row in rows]).values_list("reference", "pk"))
    return [
        Finding(
            reference=f"alike:{reference}"[:120],
            kind="RECEIPTS_ALIKE",
            label=number,
            cause=f"{earlier} of {came:%d %b %Y} is of the same sum",
            customer=customer,
            currency=currency,
            dated=received_on,
            difference=amount,
            told_in=told_in.get(reference),
        )
        for reference, number, received_on, currency, amount, earlier, came, customer in rows
    ]


RECEIPTS_ALIKE = Control(
    name="receipts_alike",
    title="No payment came twice",
    leg="",
    kind="receipt",
    left_role="portal",
    left_kind="receipt",
    right_role="portal",
    right_kind="receipt",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Value date, of everything received",
    assertion="Existence",
    applies=receives,
    lists=findings,
)
