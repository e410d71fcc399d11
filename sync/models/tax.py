"""Tax as people decided it: where we are registered, what is charged there, who is exempt, whose number was checked."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from sync.models.entity import LegalEntity, no_overlap
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.mapping import MappingRow, approved_by_another

JURISDICTION = "ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY."


class Treatment(models.TextChoices):
    """How a sale is taxed."""

    STANDARD = "standard", "Taxed where it is used"
    REVERSE_CHARGE = "reverse_charge", "The customer accounts for the tax"
    EXEMPT = "exempt", "Exempt by certificate"
    NOT_REGISTERED = "not_registered", "Not taxed: below the threshold, no registration"


class TaxRegistration(MappingRow):
    """One of our companies in one jurisdiction: registered under a number, or below the threshold and watched."""

    class Standing(models.TextChoices):
        REGISTERED = "registered", "Registered"
        BELOW_THRESHOLD = "below_threshold", "Not registered, below the threshold"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    jurisdiction = models.CharField(max_length=6, help_text=JURISDICTION)
    standing = models.CharField(max_length=16, choices=Standing, default=Standing.REGISTERED)
    number = models.CharField(max_length=40, blank=True, help_text="Our registration number there.")
    threshold = MoneyField(null=True, blank=True, help_text="Net sales a calendar year from which we must register.")
    threshold_currency = CurrencyField(blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "jurisdiction", "-valid_from"]
        constraints = [
            no_overlap("tax_registrations_do_not_overlap", "entity", "jurisdiction", condition=Q(status="approved")),
            approved_by_another("tax_registration"),
            models.CheckConstraint(
                condition=(Q(standing="registered") & ~Q(number=""))
                | (Q(standing="below_threshold", number="", threshold__gt=0) & ~Q(threshold_currency="")),
                name="tax_registration_has_number_or_threshold",
                violation_error_message="A registration has a number; a threshold has an amount and a currency.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} in {self.jurisdiction}: {self.number or self.get_standing_display()}"


class TaxCode(MappingRow):
    """What a class of products is charged in a jurisdiction, and what billing and the ERP call it."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    jurisdiction = models.CharField(max_length=6, help_text=JURISDICTION)
    tax_class = models.CharField(max_length=40, help_text="As product mappings name it.")
    treatment = models.CharField(max_length=16, choices=Treatment, default=Treatment.STANDARD)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    billing_code = models.CharField(max_length=120, blank=True, help_text="The tax rate's id in billing.")
    erp_code = models.CharField(max_length=120, help_text="The tax code's id in the ERP.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "jurisdiction", "tax_class", "treatment", "-valid_from"]
        constraints = [
            no_overlap(
                "tax_codes_do_not_overlap",
                "entity",
                "jurisdiction",
                "tax_class",
                "treatment",
                condition=Q(status="approved"),
            ),
            approved_by_another("tax_code"),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lt=100) & (Q(treatment=Treatment.STANDARD) | Q(percent=0)),
                name="tax_is_charged_by_the_standard_treatment_only",
                violation_error_message="Only the standard treatment charges tax; every other has 0 percent.",
            ),
            models.CheckConstraint(
                condition=Q(percent=0) | ~Q(billing_code=""),
                name="tax_that_is_charged_has_a_code_in_billing",
                violation_error_message="A tax that is charged needs the code billing charges it by.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tax_class} of {self.entity.code} in {self.jurisdiction}: {self.percent.normalize():f} %"


class TaxCertificate(MappingRow):
    """A customer's exemption, for as long as its certificate says."""

    customer_reference = ReferenceField(help_text="The customer, such as customer:0015g00000AbCdEAAV.")
    jurisdiction = models.CharField(max_length=6, help_text=JURISDICTION)
    number = models.CharField(max_length=60)
    history = HistoricalRecords()

    class Meta:
        ordering = ["customer_reference", "jurisdiction", "-valid_from"]
        constraints = [
            no_overlap(
                "tax_certificates_do_not_overlap", "customer_reference", "jurisdiction", condition=Q(status="approved")
            ),
            approved_by_another("tax_certificate"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=False),
                name="tax_certificate_ends",
                violation_error_message="A certificate has a last day.",
            ),
        ]

    def __str__(self) -> str:
        return f"Exemption {self.number} until {self.valid_to}"


class TaxIdCheck(MappingRow):
    """A customer's tax number as an authority confirmed it: from the day of the check, for as long as it counts."""

    customer_reference = ReferenceField(help_text="The customer, such as customer:0015g00000AbCdEAAV.")
    tax_id = models.CharField(max_length=60)
    consultation = models.CharField(max_length=60, help_text="The authority's own number of the check.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["customer_reference", "-valid_from"]
        constraints = [
            no_overlap("tax_id_checks_do_not_overlap", "customer_reference", condition=Q(status="approved")),
            approved_by_another("tax_id_check"),
        ]

    def __str__(self) -> str:
        return f"{self.tax_id} confirmed on {self.valid_from}"
