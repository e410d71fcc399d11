"""Bundles: one product of the CRM that is several of ours, each with its share of the price."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from sync.models.entity import no_overlap
from sync.models.mapping import MappingRow, approved_by_another


class BundleMapping(MappingRow):
    """A bundle as the CRM names it; its parts are products with mappings of their own.

    The database holds that there is a share for each part and that the shares are 100 percent together
    (`bundle_shares_are_whole`).
    """

    crm_product = models.CharField(max_length=120, help_text="The bundle exactly as it stands on the deal.")
    parts = ArrayField(models.CharField(max_length=120), help_text="The products it is made of, as the CRM names them.")
    shares = ArrayField(
        models.DecimalField(max_digits=7, decimal_places=4),
        help_text="Percent of the price, one for each part; together 100.",
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["crm_product", "-valid_from"]
        constraints = [
            no_overlap("bundle_mappings_do_not_overlap", "crm_product", condition=Q(status="approved")),
            approved_by_another("bundle_mapping"),
        ]

    def __str__(self) -> str:
        return f"{self.crm_product} is {', '.join(self.parts)}"
