"""Listing: tax booked as withheld whose certificate is not here."""

from collections.abc import Sequence

from reconciliation.controls.control import Control, Finding, Type
from sync import clock
from sync.models import LegalEntity, WithholdingRecord


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """Each booking of an ended business day without a certificate, over its own amount.

    On the day of the payment itself nobody is late: it has only just been booked.
    """
    rows = WithholdingRecord.objects.filter(
        legal_entity=entity, certificate_number="", booked_on__lt=clock.business_date(entity)
    ).order_by("booked_on", "pk")
    return [
        Finding(
            reference=row.reference,
            kind="WHT_CERTIFICATE_DUE",
            label=f"of invoice {row.number}",
            difference=row.amount,
            currency=row.currency,
            dated=row.booked_on,
        )
        for row in rows
    ]


def _withholds(entity: LegalEntity) -> bool:
    return WithholdingRecord.objects.filter(legal_entity=entity).exists()


WITHHOLDING_CERTIFICATES = Control(
    name="withholding_certificates",
    title="Withheld tax has its certificates",
    leg="",
    kind="withheld tax",
    left_role="portal",
    left_kind="withholding",
    right_role="portal",
    right_kind="withholding",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="As they stand",
    assertion="Existence",
    is_key=False,
    applies=_withholds,
    lists=findings,
)
