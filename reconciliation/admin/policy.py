"""Approval policies: every version that was ever in force; a new one is made by a release, not typed in."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from reconciliation.models import ApprovalPolicy
from sync.admin.read_only import ReadOnly, money_text


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(ReadOnly):
    list_display = ["version", "first", "second", "third", "valid_for_hours", "in_force_from"]

    @admin.display(description=_("Second person from"))
    def first(self, policy: ApprovalPolicy) -> str:
        return money_text(policy.limit, policy.currency)

    @admin.display(description=_("Second tier from"))
    def second(self, policy: ApprovalPolicy) -> str:
        return money_text(policy.second_tier, policy.currency)

    @admin.display(description=_("Third tier from"))
    def third(self, policy: ApprovalPolicy) -> str:
        return money_text(policy.third_tier, policy.currency)
