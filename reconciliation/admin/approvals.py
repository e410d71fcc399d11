"""Approval requests as rows; asked and decided only on the approvals page, so that nobody decides what they asked."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from reconciliation.models import ApprovalRequest
from sync.admin.read_only import ReadOnly, fields_of


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(ReadOnly):
    list_display = ["page", "title", "kind", "status", "asked_by", "asked_at", "decided_by", "decided_at"]
    list_display_links = ["title"]
    list_filter = ["status", "kind"]
    list_select_related = ["asked_by", "decided_by"]
    search_fields = ["title__startswith", "change_sha256__startswith"]
    search_help_text = _("Starts with: the action in words, or the hash of the change")
    fields = ["page", *fields_of(ApprovalRequest)]

    @admin.display(description=_("Approval page"))
    def page(self, request: ApprovalRequest) -> str:
        return format_html('<a class="text-link" href="/approvals/{}">{}</a>', request.number, request.number)
