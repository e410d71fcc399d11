"""The second figure of the tie-out: documents in another currency, on both sides in the company's own money at the rate
the ERP posted them with. It stands by itself and is never mixed with the legs, which are in transaction currency.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection as database

from connectors.money import minor_units
from reconciliation.models import ControlStage
from sync.models import LegalEntity

#: the control whose reading of the ERP has own-currency amounts and posted rates
RATES = "rates"
#: controls of documents that are posted with a rate
CONTROLS = ("invoices", "credit_memos", "voids", "write_offs", "receipts", "refunds")
#: minor units a document may be off by rounding: the ERP rounds every line for itself
MOST_ROUNDED = 5
#: rates are kept by ERPs, and told, to eight decimals
RATE_DIGITS = Decimal("0.00000001")

_COMPARED = """
WITH current AS (
    SELECT id AS stage_id, business_date, control, side FROM reconciliation_controlstage
    WHERE entity_id = %(entity)s AND is_current AND control = ANY(%(controls)s)
), posted AS (
    SELECT line.reference, line.currency, line.net, line.tax, line.gross, line.label, line.external_id,
        split_part(line.status, ' ', 1) AS abroad, split_part(line.status, ' ', 2)::numeric AS rate
    FROM reconciliation_controlline line JOIN current USING (stage_id, business_date)
    WHERE current.control = %(rates)s AND current.side = 'right'
), billed AS (
    SELECT current.control, line.* FROM reconciliation_controlline line JOIN current USING (stage_id, business_date)
    WHERE current.side = 'left' AND current.control <> %(rates)s
), there AS (
    SELECT current.control, line.reference, line.currency, line.gross
    FROM reconciliation_controlline line JOIN current USING (stage_id, business_date)
    WHERE current.side = 'right' AND current.control <> %(rates)s
), both_sides AS (
    SELECT billed.control, billed.reference, billed.document_date, billed.counterparty, posted.label, posted.currency,
        posted.external_id, posted.abroad, posted.rate, billed.gross AS own_gross,
        round(billed.gross * posted.rate, %(digits)s) AS left_gross, posted.gross AS right_gross,
        round(billed.tax * posted.rate, %(digits)s) AS left_tax, posted.tax AS right_tax,
        -- a difference in the documents' own currency is a matter of the legs
        (there.gross IS DISTINCT FROM billed.gross OR posted.abroad <> billed.currency) AS is_of_the_legs
    FROM billed JOIN posted USING (reference) LEFT JOIN there USING (control, reference)
)
"""
_SUMS = f"""{_COMPARED}
SELECT control, currency, to_char(document_date, 'YYYY-MM'), count(*), sum(left_gross), sum(right_gross),
    sum(left_tax), sum(right_tax),
    coalesce(sum(left_gross - right_gross) FILTER (WHERE is_of_the_legs OR {{rounded}}), 0),
    coalesce(sum(left_gross - right_gross) FILTER (WHERE NOT (is_of_the_legs OR {{rounded}})), 0)
FROM both_sides GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_OFF = f"{_COMPARED} SELECT * FROM both_sides WHERE NOT (is_of_the_legs OR {{rounded}}) ORDER BY reference"
_ROUNDED = "abs(left_gross - right_gross) <= %(rounding)s + abs(own_gross) * %(kept)s"


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Documents of one kind, month and company, in its own money, at the rates the ERP posted them with."""

    control: str
    currency: str
    period: str
    count: int
    left_gross: Decimal
    right_gross: Decimal
    left_tax: Decimal
    right_tax: Decimal
    #: rounding of each document's lines, and differences the legs show in the documents' own currency
    explained: Decimal
    unexplained: Decimal


@dataclass(frozen=True, kw_only=True)
class Off:
    """A document whose own-currency amount in the ERP is not its amount at the ERP's own rate."""

    reference: str
    label: str
    counterparty: str
    external_id: str
    currency: str
    abroad: str
    rate: Decimal
    left_gross: Decimal
    right_gross: Decimal


def sums(entity: LegalEntity) -> list[Sums]:
    """Per kind and month; nothing where the ERP's rates were never read."""
    names = list(Sums.__dataclass_fields__)
    return [Sums(**dict(zip(names, row, strict=True))) for row in _ask(_SUMS, entity)[1]]


def documents_off(entity: LegalEntity) -> list[Off]:
    """Documents that rounding does not explain and the legs do not show."""
    columns, rows = _ask(_OFF, entity)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [Off(**{name: row[name] for name in Off.__dataclass_fields__}) for row in found]


def _ask(sql: str, entity: LegalEntity) -> tuple[list[str], list[tuple[Any, ...]]]:
    if not ControlStage.objects.filter(control=RATES, entity=entity, is_current=True).exists():
        return [], []
    digits = minor_units(entity.functional_currency)
    values = {
        "entity": entity.pk,
        "controls": [*CONTROLS, RATES],
        "rates": RATES,
        "digits": digits,
        "kept": RATE_DIGITS,
        "rounding": MOST_ROUNDED * Decimal(1).scaleb(-digits),
    }
    with database.cursor() as cursor:
        cursor.execute(sql.format(rounded=_ROUNDED), values)
        return [column.name for column in cursor.description or ()], cursor.fetchall()
