"""Tax of a month by code and place: what documents charged, less what memos and voids gave back, by tax point."""

from collections.abc import Sequence
from datetime import date

from django.db import connection as database
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.figures_registers.register import Line, Register
from sync.models import LegalEntity, TaxCode
from sync.models.tax import Treatment

_TREATMENTS: dict[str, Promise] = {
    Treatment.STANDARD: gettext_lazy("Taxed where it is used"),
    Treatment.REVERSE_CHARGE: gettext_lazy("The customer accounts for the tax"),
    Treatment.EXEMPT: gettext_lazy("Exempt by certificate"),
    Treatment.NOT_REGISTERED: gettext_lazy("Not taxed: below the threshold, no registration"),
}

_SUMS = """
WITH lines AS (
    SELECT i.currency, l.tax_code, l.net, l.tax, i.reference, i.tax_point FROM sync_invoicelinerecord l
    JOIN sync_invoicerecord i ON i.id = l.invoice_id WHERE i.legal_entity_id = %(entity)s
    UNION ALL
    SELECT m.currency, l.tax_code, -l.net, -l.tax, m.reference, m.tax_point FROM sync_creditmemolinerecord l
    JOIN sync_creditmemorecord m ON m.id = l.credit_memo_id WHERE m.legal_entity_id = %(entity)s
    UNION ALL
    -- a void takes back its document's own lines on the day of the void
    SELECT i.currency, l.tax_code, -l.net, -l.tax, v.reference, v.voided_on FROM sync_voidrecord v
    JOIN sync_invoicerecord i ON i.reference = v.voids JOIN sync_invoicelinerecord l ON l.invoice_id = i.id
    WHERE v.legal_entity_id = %(entity)s
    UNION ALL
    SELECT m.currency, l.tax_code, l.net, l.tax, v.reference, v.voided_on FROM sync_voidrecord v
    JOIN sync_creditmemorecord m ON m.reference = v.voids JOIN sync_creditmemolinerecord l ON l.credit_memo_id = m.id
    WHERE v.legal_entity_id = %(entity)s
)
SELECT currency, tax_code, count(DISTINCT reference), sum(net), sum(tax) FROM lines
WHERE tax_point BETWEEN %(first)s AND %(last)s GROUP BY 1, 2 ORDER BY 1, 2
"""


def find(entity: LegalEntity, first: date, last: date) -> Sequence[Line]:
    with database.cursor() as cursor:
        cursor.execute(_SUMS, {"entity": entity.pk, "first": first, "last": last})
        rows = cursor.fetchall()
    places = _places(entity, last)
    return [
        Line(
            words={
                "Code": code or _("None"),
                "Place": places.get(code, (_("Not among our tax codes"), ""))[0] if code else "–",
                "Treatment": places.get(code, ("", ""))[1] or "–",
                "Documents": str(count),
            },
            money={"Net": net, "Tax": tax},
            currency=currency,
        )
        for currency, code, count, net, tax in rows
    ]


def _places(entity: LegalEntity, day: date) -> dict[str, tuple[str, str]]:
    """Code at the ERP or in billing -> place and treatment with its percentage, as in force on the day."""
    rows = TaxCode.objects.filter(entity=entity, status="approved", valid_from__lte=day).order_by("valid_from")
    found = {}
    for row in rows:
        words = (row.jurisdiction, f"{_TREATMENTS.get(row.treatment, row.treatment)}, {row.percent.normalize():f} %")
        found |= {code: words for code in (row.erp_code, row.billing_code) if code}
    return found


TAX = Register(
    name="tax",
    title="Tax by code and place",
    lead=gettext_lazy(
        "What documents of the month charged by tax code and place, less what memos and voids gave back, by the tax "
        "point of each. A void counts on its own day."
    ),
    words=("Code", "Place", "Treatment", "Documents"),
    money=("Net", "Tax"),
    find=find,
)
