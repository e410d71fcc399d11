"""Tax customers withheld, and its certificates."""

from django.db import models
from django.db.models import Q

from sync.models.document import DocumentRecord
from sync.models.fields import MoneyField, ReferenceField


class WithholdingRecord(DocumentRecord):
    """What two people booked as withheld; same fields as connectors.canonical.Withholding. The certificate may come
    later than the booking.
    """

    invoice_reference = ReferenceField(unique=True)
    number = models.CharField(max_length=60)
    customer_reference = ReferenceField(db_index=True)
    booked_on = models.DateField()
    amount = MoneyField()
    certificate_number = models.CharField(max_length=60, blank=True)
    certificate_date = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-booked_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="withholding_is_above_zero"),
            models.CheckConstraint(
                condition=Q(certificate_number="", certificate_date=None)
                | (~Q(certificate_number="") & Q(certificate_date__isnull=False)),
                name="certificate_has_number_and_date",
            ),
        ]
