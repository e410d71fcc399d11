"""Sign-offs, the policies they follow and evidence packs, to look at; all is done on the sign-off pages."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from simple_history.admin import SimpleHistoryAdmin

from reconciliation.figures_sign_offs import link_of
from reconciliation.models import EvidencePack, SignOff, SignOffPolicy
from sync.admin.read_only import ReadOnly, fields_of


@admin.register(SignOff)
class SignOffAdmin(ReadOnly):
    list_display = [
        "control",
        "entity",
        "starts_on",
        "ends_on",
        "version",
        "status",
        "prepared_by",
        "reviewed_by",
        "page",
    ]
    list_filter = ["status", "entity"]
    list_select_related = ["entity", "prepared_by", "reviewed_by"]
    search_fields = ["control__startswith", "certificate_sha256__startswith"]
    search_help_text = _("Starts with: name of the control, or the certificate's SHA-256")
    fields = ["page", *fields_of(SignOff)]

    @admin.display(description=_("Page"))
    def page(self, row: SignOff) -> str:
        link = link_of(row.control, row.entity, row.starts_on, row.ends_on)
        return format_html('<a class="text-link" href="{}">{}</a>', link, pgettext("link", "Open"))


@admin.register(SignOffPolicy)
class SignOffPolicyAdmin(ReadOnly, SimpleHistoryAdmin):
    list_display = ["entity", "tied_days", "error_limit", "error_age_days", "status", "valid_from", "valid_to"]
    list_select_related = ["entity"]
    list_filter = ["status", "entity"]


@admin.register(EvidencePack)
class EvidencePackAdmin(ReadOnly):
    list_display = ["name", "status", "files", "size", "sha256", "asked_by", "asked_at"]
    list_select_related = ["entity", "asked_by"]
    list_filter = ["status", "entity"]
