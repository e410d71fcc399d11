"""What lowers or ends what an invoice claims: credit memos, voids and write-offs are three different things."""

from django.db import models
from django.db.models import F, Q

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class CreditMemoRecord(models.Model):
    """A credit memo as billing issued it; same fields as connectors.canonical.CreditMemo. Amounts are what is given."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    number = models.CharField(max_length=60, db_index=True)
    billing_id = models.CharField(max_length=80)
    customer_reference = ReferenceField(db_index=True)
    contract_reference = ReferenceField(db_index=True)
    refers_to = ReferenceField(db_index=True, blank=True, help_text="The document it corrects; empty: on account.")
    reason_code = models.CharField(max_length=60)
    document_date = models.DateField()
    posting_date = models.DateField()
    tax_point = models.DateField()
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    applied = MoneyField(help_text="What it takes off the document it corrects; the rest stays on account.")
    status = models.CharField(max_length=20)
    legal_number = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-document_date", "-number"]
        constraints = [
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="credit_memo_total_is_net_and_tax"),
            models.CheckConstraint(condition=Q(total__gt=0), name="credit_memo_gives_something"),
            models.CheckConstraint(
                condition=Q(applied__gte=0, applied__lte=F("total")), name="credit_memo_applies_at_most_its_total"
            ),
            models.CheckConstraint(
                condition=~Q(refers_to="") | Q(applied=0), name="credit_memo_on_account_is_not_applied"
            ),
            models.CheckConstraint(condition=~Q(reason_code=""), name="credit_memo_says_why"),
        ]

    def __str__(self) -> str:
        return self.number


class CreditMemoLineRecord(models.Model):
    """One line given back; same fields as connectors.canonical.CreditMemoLine."""

    credit_memo = models.ForeignKey(CreditMemoRecord, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=80)
    invoice_line_id = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=400, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    net = MoneyField()
    tax = MoneyField()
    tax_code = models.CharField(max_length=200)
    service_starts_on = models.DateField()
    service_ends_on = models.DateField()
    contract_reference = ReferenceField(blank=True)
    billing_product = models.CharField(max_length=120)
    erp_item = models.CharField(max_length=120)
    revenue_treatment = models.CharField(max_length=40)
    dimensions = models.JSONField(default=list)

    class Meta:
        ordering = ["credit_memo", "line_id"]
        constraints = [models.UniqueConstraint(fields=["credit_memo", "line_id"], name="credit_memo_line_once")]

    def __str__(self) -> str:
        return f"{self.description} {self.net}"


class VoidRecord(models.Model):
    """A document taken back; same fields as connectors.canonical.DocumentVoid, whose lines are the document's own."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    voids = ReferenceField(unique=True)
    voided_kind = models.CharField(max_length=12, choices=[("invoice", "Invoice"), ("credit_memo", "Credit memo")])
    number = models.CharField(max_length=60)
    invoice_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    contract_reference = ReferenceField(blank=True)
    voided_on = models.DateField()
    posting_date = models.DateField()
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    applied = MoneyField()
    objection = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-voided_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="void_total_is_net_and_tax"),
        ]

    def __str__(self) -> str:
        return f"Void of {self.number}"


class WriteOffRecord(models.Model):
    """An open balance given up; same fields as connectors.canonical.WriteOff."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    invoice_reference = ReferenceField(db_index=True)
    number = models.CharField(max_length=60)
    customer_reference = ReferenceField(db_index=True)
    contract_reference = ReferenceField(blank=True)
    written_off_on = models.DateField()
    posting_date = models.DateField()
    amount = MoneyField()
    treatment = models.CharField(
        max_length=20, choices=[("bad_debt", "Bad debt"), ("small_difference", "Small difference")]
    )
    objection = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-written_off_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="write_off_is_above_zero")]

    def __str__(self) -> str:
        return f"Write-off of {self.number}"
