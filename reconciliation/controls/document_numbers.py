"""Listing: numbers of invoices and credit memos that are missing from their series, or used twice."""

from collections.abc import Sequence

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.number_series import series_of
from reconciliation.teams import Team
from sync.models import LegalEntity


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """Every missing and every doubled number, by a reference that stays the same from day to day."""
    return [
        Finding(reference=f"number:{one.entity}:{one.kind}:{number}"[:120], kind=kind, label=number)
        for one in series_of(entity)
        for kind, numbers in (("DOC_NUMBER_GAP", one.gaps), ("DOC_NUMBER_TWICE", one.duplicates))
        for number in numbers
    ]


DOCUMENT_NUMBERS = Control(
    name="document_numbers",
    title="Document numbers without gaps",
    leg="",
    kind="document number",
    left_role="billing",
    left_kind="invoice",
    right_role="erp",
    right_kind="invoice",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="As they stand",
    assertion="Completeness",
    owner=Team.FINANCE,
    is_key=False,
    lists=findings,
)
