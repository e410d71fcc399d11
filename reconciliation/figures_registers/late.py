"""Late postings of a month: documents posted into another period than their own, and the word on the cut-off."""

from collections.abc import Sequence
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reconciliation.figures_registers.register import Line, Register
from sync.models import LatePosting, LegalEntity

_CROSSES: dict[str, Promise] = {
    LatePosting.Crosses.MONTH: gettext_lazy("A month"),
    LatePosting.Crosses.QUARTER: gettext_lazy("A quarter"),
    LatePosting.Crosses.YEAR: gettext_lazy("A year"),
}
_ACCRUED: dict[str, Promise] = {
    LatePosting.Accrued.OPEN: gettext_lazy("Not decided"),
    LatePosting.Accrued.ACCRUED: gettext_lazy("Accrued in its own period"),
    LatePosting.Accrued.PASSED: gettext_lazy("Below the limit, passed"),
}


def find(entity: LegalEntity, first: date, last: date) -> Sequence[Line]:
    rows = LatePosting.objects.filter(entity=entity, posting_date__range=(first, last))
    return [
        Line(
            words={
                "Document": row.title,
                "Customer": row.customer_name or "–",
                "Own date": row.document_date.isoformat(),
                "Posted on": row.posting_date.isoformat(),
                "Crosses": str(_CROSSES.get(row.crosses, row.crosses)),
                "Cut-off": _said(row),
            },
            money={"Amount": row.amount},
            currency=row.currency,
            trail=row.delivery.correlation_id,
        )
        for row in rows.select_related("delivery", "assessed_by").order_by("posting_date", "pk")
    ]


def _said(row: LatePosting) -> str:
    words = str(_ACCRUED.get(row.accrued, row.accrued))
    return f"{words}: {row.assessment} ({row.assessed_by})" if row.assessed_by else words


LATE = Register(
    name="late-postings",
    title="Late postings",
    lead=gettext_lazy(
        "Documents that were posted into another period than their own in the month, and what finance decided about "
        "the cut-off of each."
    ),
    words=("Document", "Customer", "Own date", "Posted on", "Crosses", "Cut-off"),
    money=("Amount",),
    find=find,
    days=("Own date", "Posted on"),
)
