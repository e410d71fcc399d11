"""Runs of fixes and their items."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import pgettext_lazy

from reconciliation.models import FixItem, FixRun
from sync.admin.read_only import ReadOnly, fields_of


@admin.register(FixRun)
class FixRunAdmin(ReadOnly):
    list_display_links = None
    list_display = ["page", "status", "started_by", "started_at", "finished_at", "note"]
    list_filter = ["status"]
    list_select_related = ["started_by"]
    fields = ["page", *fields_of(FixRun)]

    @admin.display(description=pgettext_lazy("noun", "Run"))
    def page(self, run: FixRun) -> str:
        return format_html('<a class="text-link" href="/runs/{}">{}</a>', run.pk, run)


@admin.register(FixItem)
class FixItemAdmin(ReadOnly):
    seen_with = "reconciliation.view_fixrun"
    list_display = ["run", "place", "case", "status", "released_at", "finished_at", "note"]
    list_filter = ["status"]
    list_select_related = ["run", "case"]
