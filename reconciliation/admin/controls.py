"""Control runs, what both sides said, and the breaks found; a re-run is a new version, nothing is overwritten."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from reconciliation.models import Break, ControlLine, ControlRun, ControlStage, ReconcilingItem
from sync.admin.read_only import ReadOnly, fields_of, money_text
from sync.catalogue import reason


@admin.register(ControlRun)
class ControlRunAdmin(ReadOnly):
    list_display = ["__str__", "entity", "status", "started_at", "finished_at", "page"]
    list_filter = ["status", "entity"]
    list_select_related = ["entity"]
    search_fields = ["control__startswith"]
    search_help_text = _("Starts with: name of the control, e.g. invoices")
    fields = ["page", *fields_of(ControlRun)]

    @admin.display(description=_("Page"))
    def page(self, run: ControlRun) -> str:
        return format_html(
            '<a class="text-link" href="/controls/{}/{}/{}?v={}">{}</a>',
            run.control,
            run.entity.code,
            run.business_date.isoformat(),
            run.version,
            pgettext("link", "Open"),
        )


@admin.register(ControlStage)
class ControlStageAdmin(ReadOnly):
    seen_with = "reconciliation.view_controlrun"
    list_display = [
        "control",
        "entity",
        "business_date",
        "side",
        "connection",
        "line_count",
        "source_count",
        "is_current",
        "read_at",
    ]
    list_filter = ["side", "is_current", "entity"]
    list_select_related = ["entity", "connection"]
    search_fields = ["control__startswith", "sha256__startswith"]
    search_help_text = _("Starts with: name of the control, or the reading's SHA-256")


@admin.register(ControlLine)
class ControlLineAdmin(ReadOnly):
    seen_with = "reconciliation.view_controlrun"
    list_display = ["reference", "external_id", "document_date", "sum", "label", "status"]
    list_select_related = ["stage"]
    search_fields = ["reference__startswith"]
    search_help_text = _("Starts with: reference")

    @admin.display(description=_("Gross"))
    def sum(self, line: ControlLine) -> str:
        return money_text(line.gross, line.currency)


@admin.register(Break)
class BreakAdmin(ReadOnly):
    list_display = ["title", "label", "counterparty", "document_date", "gap", "found_at", "healed_at"]
    list_filter = ["entity", ("healed_at", admin.EmptyFieldListFilter)]
    search_fields = ["reference__startswith", "label__startswith"]
    search_help_text = _("Starts with: reference or document")
    fields = ["title", *fields_of(Break)]

    @admin.display(description=_("What"))
    def title(self, row: Break) -> str:
        return reason(row.kind).title

    @admin.display(description=_("Difference"))
    def gap(self, row: Break) -> str:
        return money_text(row.difference, row.currency)


@admin.register(ReconcilingItem)
class ReconcilingItemAdmin(ReadOnly):
    seen_with = "reconciliation.view_controlrun"
    list_display = [
        "number",
        "break_row",
        "kind",
        "status",
        "amount",
        "currency",
        "expected_on",
        "asked_by",
        "decided_by",
    ]
    list_select_related = ["break_row", "asked_by"]
    list_filter = ["status", "kind"]
