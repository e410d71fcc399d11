"""What every page of records shares: people look, the engine writes."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from sync.money_text import money


class Page(ModelAdmin):
    """Lists that stay quick with millions of rows: fifty to a page, no counting of everything."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_sheet = False
    paginator = InfinitePaginator

    class Media:
        css = {"all": ["portal/records.css"]}

    #: permission that opens this page; empty means the model's own `view` permission
    seen_with = ""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Details are seen by whoever may see what they belong to."""
        return request.user.has_perm(self.seen_with) if self.seen_with else super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class ReadOnly(Page):
    """Nothing is typed in, changed or deleted here, not by superusers: rows come from the engine or from approvals."""

    actions: list[str] | None = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def trail_link(correlation_id: str) -> str:
    """Link to the page of one deal or customer across all systems."""
    return (
        format_html('<a class="text-link" href="/t/{}">{}</a>', correlation_id, correlation_id)
        if correlation_id
        else "–"
    )


def money_text(amount: Any, currency: str) -> str:
    """Amount with its ISO code, in figures of equal width."""
    return format_html(
        '<span style="font-variant-numeric: tabular-nums; white-space: nowrap">{}</span>',
        money(amount, currency) or "–",
    )


def raw_text(raw: bytes | memoryview | None, *, most: int = 20_000) -> str:
    """Stored bytes as text for people; what is no UTF-8 shows as replacement marks."""
    text = bytes(raw or b"")[:most].decode(errors="replace")
    return format_html('<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>', text)


def fields_of(model: type[models.Model], *, without: tuple[str, ...] = ()) -> list[str]:
    """All stored fields of a model in their order, without these."""
    return [column.name for column in model._meta.concrete_fields if column.name not in without]
