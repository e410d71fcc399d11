"""Money gateways converted."""

from django.db import models
from django.db.models import F, Q

from sync.models.document import DocumentRecord
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class ConversionRecord(DocumentRecord):
    """One side of a conversion; same fields as connectors.canonical.Conversion."""

    gateway_id = models.CharField(max_length=80)
    of_reference = ReferenceField(db_index=True)
    payment_reference = ReferenceField(db_index=True)
    moved_on = models.DateField()
    amount = MoneyField()
    other_currency = CurrencyField()
    other_amount = MoneyField()
    gateway_rate = models.DecimalField(max_digits=24, decimal_places=12)
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    fee = MoneyField(default=0)

    class Meta:
        ordering = ["-moved_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(currency=F("other_currency")), name="conversion_has_two_currencies"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, other_amount__lt=0) | Q(amount__lt=0, other_amount__gt=0),
                name="conversion_takes_and_gives",
            ),
        ]
