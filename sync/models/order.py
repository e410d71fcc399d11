"""Sales orders the ERP bills: every version, with its lines."""

from django.db import models
from django.db.models import F, Q

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class SalesOrderRecord(models.Model):
    """One version of the services of a contract; same fields as connectors.canonical.SalesOrder."""

    reference = ReferenceField()
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    contract_reference = ReferenceField(db_index=True)
    master_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    ordered_on = models.DateField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    net = MoneyField()
    po_number = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-ordered_on", "reference", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["reference", "version"], name="one_record_per_order_version"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="order_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}@{self.version}"


class SalesOrderLineRecord(models.Model):
    """One service of an order version; same fields as connectors.canonical.SalesOrderLine."""

    order = models.ForeignKey(SalesOrderRecord, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=40)
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    net = MoneyField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    erp_item = models.CharField(max_length=120)
    revenue_treatment = models.CharField(max_length=40)
    tax_class = models.CharField(max_length=40)
    ship_to_reference = ReferenceField(blank=True)
    arrangement = ReferenceField(blank=True)
    dimensions = models.JSONField(default=list)

    class Meta:
        ordering = ["order", "line_id"]
        constraints = [models.UniqueConstraint(fields=["order", "line_id"], name="order_line_once")]

    def __str__(self) -> str:
        return f"{self.description} {self.net}"
