"""Inbox: every source event once, with its bytes; conflicts, refused calls, poll cursors."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join

from sync.admin.read_only import ReadOnly, fields_of, raw_text, trail_link
from sync.models import ConflictingDuplicate, PollCursor, RefusedCall, SourceEvent


@admin.register(SourceEvent)
class SourceEventAdmin(ReadOnly):
    list_display = ["__str__", "connection", "via", "condition", "received_at", "read_at", "outcome"]
    list_filter = ["condition", "connection"]
    list_select_related = ["connection"]
    search_fields = ["object_id__startswith", "source_event_id__startswith"]
    search_help_text = "Starts with: id of the object, or the source's own id of the event"
    fields = [*fields_of(SourceEvent), "trails", "headers", "body_text"]

    @admin.display(description="Trails")
    def trails(self, event: SourceEvent) -> str:
        found = event.work_items.order_by("pk").values_list("correlation_id", flat=True).distinct()[:20]
        return format_html_join(" ", "{}", ((trail_link(one),) for one in dict.fromkeys(found))) or "–"

    @admin.display(description="Headers, secrets removed")
    def headers(self, event: SourceEvent) -> str:
        return format_html("<pre>{}</pre>", "\n".join(f"{k}: {v}" for k, v in _body(event)[1].items())) or "–"

    @admin.display(description="Body as it came")
    def body_text(self, event: SourceEvent) -> str:
        return raw_text(_body(event)[0])


def _body(event: SourceEvent) -> tuple[bytes, dict[str, str]]:
    body = getattr(event, "body", None)
    return (bytes(body.raw), body.headers) if body else (b"", {})


@admin.register(ConflictingDuplicate)
class ConflictingDuplicateAdmin(ReadOnly):
    seen_with = "sync.view_sourceevent"
    list_display = ["event", "received_at", "seen"]
    list_select_related = ["event"]
    fields = [*fields_of(ConflictingDuplicate, without=("raw",)), "body_text"]

    @admin.display(description="Body as it came")
    def body_text(self, row: ConflictingDuplicate) -> str:
        return raw_text(row.raw)


@admin.register(RefusedCall)
class RefusedCallAdmin(ReadOnly):
    seen_with = "sync.view_sourceevent"
    list_display = ["problem", "connection", "at"]
    list_filter = ["connection"]
    list_select_related = ["connection"]
    fields = [*fields_of(RefusedCall, without=("raw",)), "body_text"]

    @admin.display(description="Body as it came")
    def body_text(self, row: RefusedCall) -> str:
        return raw_text(row.raw)


@admin.register(PollCursor)
class PollCursorAdmin(ReadOnly):
    seen_with = "sync.view_connection"
    list_display = ["connection", "stream", "cursor", "polled_at", "found"]
    list_select_related = ["connection"]
