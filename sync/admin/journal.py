"""The audit journal: who did what, append-only."""

from django.contrib import admin

from sync.admin.read_only import ReadOnly, fields_of, trail_link
from sync.models import JournalEntry


@admin.register(JournalEntry)
class JournalAdmin(ReadOnly):
    list_display = ["at", "actor", "action", "text", "trail"]
    search_fields = ["correlation_id__startswith", "object_key__startswith"]
    search_help_text = "Starts with: trail (deal:006…), or the key of the object (EXC-…)"
    fields = [*fields_of(JournalEntry, without=("correlation_id",)), "trail"]

    @admin.display(description="Trail")
    def trail(self, entry: JournalEntry) -> str:
        return trail_link(entry.correlation_id)
