"""Inbox: every source event once, with its bytes; conflicts, refused calls, poll cursors."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join

from sync import replay
from sync.admin.read_only import ReadOnly, fields_of, raw_text, trail_link
from sync.models import ConflictingDuplicate, PollCursor, RefusedCall, SourceEvent, StrayCalls


@admin.register(SourceEvent)
class SourceEventAdmin(ReadOnly):
    list_display = ["__str__", "connection", "via", "condition", "received_at", "read_at", "outcome"]
    list_filter = ["condition", "connection"]
    list_select_related = ["connection"]
    search_fields = ["object_id__startswith", "source_event_id__startswith"]
    search_help_text = "Starts with: id of the object, or the source's own id of the event"
    fields = [*fields_of(SourceEvent), "trails", "headers", "body_text"]
    actions = ["read_again"]

    @admin.action(description="Read again …", permissions=["replay"])
    def read_again(self, request: HttpRequest, chosen: QuerySet[SourceEvent]) -> TemplateResponse | None:
        """Show what reading these again would touch; a second press does it."""
        choice = replay.Choice(events=list(chosen.values_list("pk", flat=True)), words="chosen in the inbox")
        if request.POST.get("confirmed"):
            touched = replay.run(choice, user=cast(User, request.user))
            self.message_user(request, f"{touched.lines()[0]} The workers read them now.", messages.SUCCESS)
            return None
        return TemplateResponse(
            request,
            "admin/read_again.html",
            {
                **self.admin_site.each_context(request),
                "title": "Read events again",
                "lines": replay.plan(choice).lines(),
                "chosen": choice.events,
                "action_name": ACTION_CHECKBOX_NAME,
                "opts": self.model._meta,
            },
        )

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sync.replay_sourceevent")

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


@admin.register(StrayCalls)
class StrayCallsAdmin(ReadOnly):
    seen_with = "sync.view_sourceevent"
    list_display = ["door", "day", "count", "last_at"]


@admin.register(PollCursor)
class PollCursorAdmin(ReadOnly):
    seen_with = "sync.view_connection"
    list_display = ["connection", "stream", "cursor", "polled_at", "found", "compared_at", "missing", "lost_at"]
    list_select_related = ["connection"]
