"""What decides about a customer's debts and is decided elsewhere: terms, limit and hold in the ERP, the method that is
charged in billing. A change of one who was billed already is looked at.
"""

from collections.abc import Sequence
from functools import partial

from reconciliation.controls import breaks, readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models.controls import Side
from reconciliation.teams import Team
from sync.models import InvoiceRecord, LegalEntity


def findings(entity: LegalEntity, *, control: str, words: str) -> Sequence[Finding]:
    """What changed since the reading before, and what was found so earlier: a change stays until two people accept it.
    Changing it back is a change too, and both are looked at.
    """
    changed = readings.changed(control, entity, Side.RIGHT)
    billed = set(
        InvoiceRecord.objects.filter(customer_reference__in=[line.reference for _, line in changed])
        .values_list("customer_reference", flat=True)
        .distinct()
    )
    new = [
        Finding(
            reference=f"granted:{line.reference}@{line.pk}"[:120],
            kind="MASTER_DATA_CHANGED",
            label=line.label,
            cause=_cause(words, before.status, line.status),
            customer=line.label,
            dated=line.stage.business_date,
            left={"external_id": before.external_id, "status": before.status},
            right={"external_id": line.external_id, "status": line.status},
        )
        for before, line in changed
        if line.reference in billed
    ]
    return [*new, *_found_before(entity, control=control, words=words)]


def _found_before(entity: LegalEntity, *, control: str, words: str) -> list[Finding]:
    return [
        Finding(
            reference=row.reference,
            kind=row.kind,
            label=row.label,
            cause=_cause(words, row.left.get("status", ""), row.right.get("status", "")),
            customer=row.counterparty,
            currency=row.currency,
            dated=row.document_date,
            left=row.left,
            right=row.right,
            difference=row.difference,
        )
        for row in breaks.unhealed(control, entity)
    ]


def _cause(words: str, before: str, now: str) -> str:
    return f"{words} was “{before}” and is “{now}”"


def _control(name: str, title: str, role: str, kind: str, *, words: str, owner: Team, basis: str) -> Control:
    return Control(
        name=name,
        title=title,
        leg="",
        kind="customer",
        left_role="portal",
        left_kind=kind,
        right_role=role,
        right_kind=kind,
        as_of=True,
        compares=(),
        date_basis=basis,
        assertion="Existence, accuracy",
        owner=owner,
        is_key=False,
        left_reader=readings.none_of_ours,
        judges=partial(findings, control=name, words=words),
    )


GRANTED = _control(
    "granted",
    "Changed terms, limits and holds are looked at",
    "erp",
    "granted",
    words="what the ERP grants",
    owner=Team.FINANCE,
    basis="As of now in the ERP, beside the reading before",
)
PAYMENT_DETAILS = _control(
    "payment_details",
    "Changed payment details are looked at",
    "billing",
    "payment_details",
    words="how invoices are paid",
    owner=Team.FINANCE,
    basis="As of now in billing, beside the reading before",
)
