"""Ownership rules: which team gets which cases, edited by configuration admins, with history."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from reconciliation.models import OwnershipRule
from sync import journal
from sync.admin.read_only import Page, money_text
from sync.reasons import REASONS


class OwnershipRuleForm(forms.ModelForm):
    """Reasons are chosen from the table, never typed."""

    reason = forms.ChoiceField(
        required=False,
        choices=[
            ("", _("Any reason")),
            *sorted(((r.code, r.title) for r in REASONS.values()), key=lambda pair: pair[1]),
        ],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = OwnershipRule
        fields = ["place", "reason", "entity", "system", "amount_from", "customer_name", "team", "is_active"]
        help_texts = {
            "place": _("The first rule that fits wins; lower comes first."),
            "system": _("Name of the connector, e.g. netsuite. Empty fits every system."),
            "amount_from": _("Cases below this amount do not fit. Empty fits every amount."),
            "customer_name": _("Exact name. Empty fits every customer."),
        }


@admin.register(OwnershipRule)
class OwnershipRuleAdmin(Page, SimpleHistoryAdmin):
    form = OwnershipRuleForm
    list_display = ["place", "what", "entity", "system", "from_amount", "customer_name", "team", "is_active"]
    list_display_links = ["what"]
    list_filter = ["team", "is_active"]
    list_select_related = ["entity"]
    raw_id_fields = ["entity"]
    list_before_template = "portal/owning_link.html"

    @admin.display(description=_("Reason"))
    def what(self, rule: OwnershipRule) -> str:
        return REASONS[rule.reason].title if rule.reason in REASONS else gettext("Any reason")

    @admin.display(description=_("From amount"))
    def from_amount(self, rule: OwnershipRule) -> str:
        return money_text(rule.amount_from, "")

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        did = "changed" if change else "added"
        what = REASONS[obj.reason].title if obj.reason in REASONS else "Any reason"
        journal.note(
            [
                journal.Fact(
                    action="ownership rule changed" if change else "ownership rule added",
                    object_kind="ownership rule",
                    object_key=str(obj.pk),
                    user=request.user,
                    text=f"{request.user} {did} the rule: {what} goes to {obj.get_team_display()}.",
                )
            ]
        )

    def has_delete_permission(self, request, obj=None):
        return False  # switch it off instead: old cases were routed by it
