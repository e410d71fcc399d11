"""Work items and what blocks them."""

from django.contrib import admin

from sync.admin.read_only import ReadOnly, fields_of, money_text, trail_link
from sync.catalogue import reason
from sync.models import Block, WorkItem


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnly):
    list_display = ["title", "flow", "customer_name", "sum", "state", "condition", "trail", "created_at"]
    list_filter = ["condition", "state", "entity"]
    search_fields = ["reference__startswith"]
    search_help_text = "Starts with: reference, e.g. contract:006…"
    fields = [*fields_of(WorkItem), "trail"]

    @admin.display(description="Amount", ordering="amount")
    def sum(self, item: WorkItem) -> str:
        return money_text(item.amount, item.currency)

    @admin.display(description="Trail")
    def trail(self, item: WorkItem) -> str:
        return trail_link(item.correlation_id)


@admin.register(Block)
class BlockAdmin(ReadOnly):
    seen_with = "sync.view_workitem"
    list_display = ["title", "field", "value", "opened_at", "cleared_at"]
    list_filter = [("cleared_at", admin.EmptyFieldListFilter)]
    search_fields = ["value__startswith"]
    search_help_text = "Starts with: the value that stopped it"
    fields = ["title", *fields_of(Block)]

    @admin.display(description="Why")
    def title(self, block: Block) -> str:
        return reason(block.reason).title
