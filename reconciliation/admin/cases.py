"""Cases and comments as rows; people work them on the case page."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from reconciliation import sentences
from reconciliation.models import CaseComment, ExceptionCase
from sync.admin.read_only import ReadOnly, fields_of, money_text, trail_link


@admin.register(ExceptionCase)
class ExceptionCaseAdmin(ReadOnly):
    list_display = ["page", "title", "customer_name", "document", "sum", "team", "status", "due_at", "trail"]
    list_display_links = ["title"]
    list_filter = ["status", "team", "resolution", "entity"]
    search_fields = ["reference__startswith", "document__startswith", "customer_name__startswith"]
    search_help_text = _("Starts with: reference, document or customer")
    fields = ["page", *fields_of(ExceptionCase, without=("correlation_id",)), "trail"]

    @admin.display(description=_("Case page"))
    def page(self, case: ExceptionCase) -> str:
        return format_html('<a class="text-link" href="/x/{}">{}</a>', case.number, case.number)

    @admin.display(description=_("What"))
    def title(self, case: ExceptionCase) -> str:
        return sentences.title(case)

    @admin.display(description=_("Amount"), ordering="amount")
    def sum(self, case: ExceptionCase) -> str:
        return money_text(case.amount, case.currency)

    @admin.display(description=_("Trail"))
    def trail(self, case: ExceptionCase) -> str:
        return trail_link(case.correlation_id)


@admin.register(CaseComment)
class CaseCommentAdmin(ReadOnly):
    seen_with = "reconciliation.view_exceptioncase"
    list_display = ["case", "user", "text", "at"]
    list_select_related = ["case", "user"]
