"""Exchange rates: dated, approved, with their kind, their source and the moment they stood."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from sync.models.entity import no_overlap
from sync.models.fields import CurrencyField
from sync.models.mapping import MappingRow, approved_by_another


class ExchangeRate(MappingRow):
    """What one unit of a currency is worth in another on a day; `valid_from` is that day, `valid_to` the next."""

    class RateType(models.TextChoices):
        SPOT = "spot", "Of the day"
        AVERAGE = "average", "Average of the month"
        CLOSING = "closing", "At the month's end"

    rate_type = models.CharField(max_length=8, choices=RateType, default=RateType.SPOT)
    from_currency = CurrencyField()
    to_currency = CurrencyField()
    rate = models.DecimalField(max_digits=20, decimal_places=10, help_text="Units of the second for one of the first.")
    source = models.CharField(max_length=60, help_text="Who published it, such as ECB.")
    as_of = models.DateField(help_text="The day it was published for.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["from_currency", "to_currency", "rate_type", "-valid_from"]
        constraints = [
            no_overlap("one_rate_a_day", "rate_type", "from_currency", "to_currency", condition=Q(status="approved")),
            approved_by_another("exchange_rate"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_is_above_zero"),
            models.CheckConstraint(
                condition=~Q(from_currency=models.F("to_currency")), name="exchange_rate_is_of_two_currencies"
            ),
        ]

    def __str__(self) -> str:
        return f"1 {self.from_currency} = {self.rate.normalize():f} {self.to_currency} on {self.valid_from}"
