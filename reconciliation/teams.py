"""The teams that own cases, and the roles people have."""

from django.db import models


class Team(models.TextChoices):
    SALES_OPS = "sales_ops", "Sales operations"
    BILLING_OPS = "billing_ops", "Billing operations"
    FINANCE = "finance", "Finance"
    INTEGRATION = "integration", "Integration support"
