"""Authenticators: who has one; a user administrator takes a lost one away."""

from django.contrib import admin
from django.http import HttpRequest

from reconciliation import second_factor
from reconciliation.models import SecondFactor
from sync.admin.read_only import ReadOnly


@admin.register(SecondFactor)
class SecondFactorAdmin(ReadOnly):
    list_display = ["user", "begun_at", "confirmed_at", "misses"]
    list_select_related = ["user"]
    # the secret is nobody's but its owner's
    fields = ["user", "begun_at", "confirmed_at", "misses", "missed_at"]

    def has_view_permission(self, request: HttpRequest, obj: SecondFactor | None = None) -> bool:
        """Auditors, and who looks after accounts."""
        return request.user.has_perm("auth.change_user") or super().has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SecondFactor | None = None) -> bool:
        """Who looks after accounts by their role; one's own is taken away with a code of it, in one's profile."""
        looks_after = not request.user.is_superuser and request.user.has_perm("auth.change_user")
        return looks_after and (obj is None or obj.user_id != request.user.pk)

    def delete_model(self, request: HttpRequest, obj: SecondFactor) -> None:
        second_factor.take_away(obj.user, by=request.user)  # type: ignore[arg-type]
