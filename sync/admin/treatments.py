"""How changes of contracts are accounted for: what the rule proposes, what finance decides, who agreed."""

from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from sync import treatments
from sync.admin.read_only import ReadOnly, fields_of, money_text, trail_link
from sync.models import ModificationTreatment
from sync.models.treatment import Treatment


@admin.register(ModificationTreatment)
class ModificationTreatmentAdmin(ReadOnly):
    list_display = [
        "reference", "version", "modification_kind", "accounting_on", "before", "after", "proposed", "decided",
        "decided_by", "approved_by", "trail",
    ]  # fmt: skip
    list_filter = ["decided", "proposed", "modification_kind", "legal_entity"]
    list_select_related = ["decided_by", "approved_by"]
    search_fields = ["reference__startswith"]
    search_help_text = "Starts with: contract"
    actions = ["approve"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["trail", *fields_of(ModificationTreatment)]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for value, label in Treatment.choices:
            name = f"decide_{value}"
            actions[name] = (partial(_decide, value), name, f"Decide: {label.lower()}")
        return actions

    @admin.action(description="Approve what was decided")
    def approve(self, request: HttpRequest, queryset: QuerySet[ModificationTreatment]) -> None:
        _each(self, request, queryset, partial(treatments.approve, user=cast(User, request.user)))

    @admin.display(description="Before")
    def before(self, row: ModificationTreatment) -> str:
        return money_text(row.amount_before, row.currency)

    @admin.display(description="After")
    def after(self, row: ModificationTreatment) -> str:
        return money_text(row.amount_after, row.currency)

    @admin.display(description="Trail")
    def trail(self, row: ModificationTreatment) -> str:
        return trail_link(row.correlation_id)


def _decide(value: str, page: Any, request: HttpRequest, queryset: QuerySet[ModificationTreatment]) -> None:
    _each(page, request, queryset, partial(treatments.decide, treatment=value, user=cast(User, request.user)))


def _each(page: Any, request: HttpRequest, queryset: QuerySet[ModificationTreatment], act: Any) -> None:
    done = 0
    for pk in queryset.order_by("pk").values_list("pk", flat=True):
        try:
            act(pk)
            done += 1
        except treatments.NotDecidable as error:
            page.message_user(request, str(error), messages.ERROR)
    if done:
        page.message_user(request, f"Done for {done}.", messages.SUCCESS)
