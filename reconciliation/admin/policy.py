"""Approval policies: every version that was ever in force; a new one is made by a release, not typed in."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from reconciliation.models import ApprovalLimits, ApprovalPolicy
from sync.admin.read_only import ReadOnly, money_text


class Tiers(ReadOnly):
    """Sums in words, in the currency of the row."""

    @admin.display(description=_("Second tier from"))
    def second(self, row: ApprovalPolicy | ApprovalLimits) -> str:
        return money_text(row.second_tier, row.currency)

    @admin.display(description=_("Third tier from"))
    def third(self, row: ApprovalPolicy | ApprovalLimits) -> str:
        return money_text(row.third_tier, row.currency)


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(Tiers):
    list_display = ["version", "first", "second", "third", "valid_for_hours", "in_force_from"]

    @admin.display(description=_("Second person from"))
    def first(self, row: ApprovalPolicy) -> str:
        return money_text(row.limit, row.currency)


@admin.register(ApprovalLimits)
class ApprovalLimitsAdmin(Tiers, SimpleHistoryAdmin):
    list_display = ["entity", "first", "second", "third", "status", "valid_from", "valid_to"]
    list_select_related = ["entity"]
    list_filter = ["status", "entity"]

    @admin.display(description=_("Looked at from"))
    def first(self, row: ApprovalLimits) -> str:
        return money_text(row.limit, row.currency)
