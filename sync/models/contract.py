"""Subscription contracts: every version, with its effective-dated lines."""

from django.db import models
from django.db.models import F, Q

from connectors.canonical import BACKDATING
from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class ContractRecord(models.Model):
    """One version of a contract; same fields as connectors.canonical.SubscriptionContract."""

    reference = ReferenceField()
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    crm_opportunity_id = models.CharField(max_length=18, db_index=True)
    name = models.CharField(max_length=200, blank=True)
    customer_reference = ReferenceField(db_index=True)
    master_reference = ReferenceField(blank=True, db_index=True)
    parts = models.JSONField(default=list, blank=True, help_text="All contracts its deal was split over.")
    sold_to_reference = ReferenceField(blank=True)
    ship_to_reference = ReferenceField(blank=True)
    payer_reference = ReferenceField(blank=True)
    signatory = models.CharField(max_length=120, blank=True)
    modification_kind = models.CharField(max_length=20)
    modification_number = models.PositiveIntegerField()
    record_revision = models.BigIntegerField()
    signed_on = models.DateField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount = MoneyField()
    billing_frequency = models.CharField(max_length=30)
    payment_terms_days = models.PositiveSmallIntegerField()
    po_number = models.CharField(max_length=60, blank=True)
    po_required = models.BooleanField(default=False, db_default=False)
    effective_on = models.DateField(null=True, blank=True, help_text="First day this version holds.")
    term_months = models.SmallIntegerField(default=12, db_default=12, help_text="0: no end.")
    free_months = models.SmallIntegerField(default=0, db_default=0, help_text="First months that cost nothing.")
    backdating = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="What is done where it holds from before the period billed then.",
    )
    removes = models.JSONField(default=list, blank=True)
    credits_unused = models.BooleanField(default=True, db_default=True)
    continues_reference = ReferenceField(blank=True, default="", db_default="")
    commitment = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-signed_on", "reference", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["reference", "version"], name="one_record_per_contract_version"),
            models.UniqueConstraint(
                fields=["reference", "modification_number"], name="modification_numbers_never_repeat"
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="contract_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(free_months__gte=0), name="free_months_are_counted"),
            models.CheckConstraint(condition=Q(backdating__in=BACKDATING), name="changes_dated_back_by_policy"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}@{self.version}"


class ContractLineRecord(models.Model):
    """One line of a contract version; same fields as connectors.canonical.ContractLine."""

    contract = models.ForeignKey(ContractRecord, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=40)
    crm_product = models.CharField(max_length=120)
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_price = MoneyField()
    amount = MoneyField()
    list_amount = MoneyField()
    discount = MoneyField(help_text="List price less agreed price; below zero it is an uplift.")
    starts_on = models.DateField()
    ends_on = models.DateField()
    own_dates = models.BooleanField(default=False, db_default=False)
    billing_product = models.CharField(max_length=120)
    erp_item = models.CharField(max_length=120)
    revenue_treatment = models.CharField(max_length=40)
    tax_class = models.CharField(max_length=40)
    destination = models.CharField(max_length=20)
    ship_to_reference = ReferenceField(blank=True)
    tax_jurisdiction = models.CharField(max_length=6, blank=True)
    tax_treatment = models.CharField(max_length=16, blank=True)
    tax_code = models.CharField(max_length=120, blank=True)
    tax_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    arrangement = ReferenceField(blank=True)

    class Meta:
        ordering = ["contract", "line_id"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "line_id"], name="contract_line_once"),
            models.CheckConstraint(
                condition=Q(discount=F("list_amount") - F("amount")), name="discount_is_list_less_agreed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.crm_product} {self.amount}"
