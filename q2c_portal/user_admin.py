"""People and roles: user admins give people roles; nobody raises themselves, and roles come from the code."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from sync import journal
from sync.admin.read_only import ReadOnly

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_per_page = 50
    show_full_result_count = False
    list_display = ["username", "full_name", "email", "roles", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username__startswith", "last_name__startswith", "email__startswith"]
    search_help_text = "Starts with: login, last name or e-mail"
    filter_horizontal: list[str] = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Access",
            {
                "fields": ["is_active", "is_staff", "groups"],
                "description": "Rights come from roles only. You cannot change your own.",
            },
        ),
        ("Seen", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """One's own access is somebody else's decision."""
        own = ["is_active", "is_staff", "groups"] if obj is not None and obj.pk == request.user.pk else []
        return [*self.readonly_fields, *own]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # a superuser's password in other hands would be a way around every role
        if obj is not None and obj.is_superuser and obj.pk != request.user.pk:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the journal names people for as long as the books are kept; switch them off instead

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Roles are saved last; then the journal says who has which."""
        super().save_related(request, form, formsets, change)
        person = form.instance
        roles = ", ".join(sorted(group.name for group in person.groups.all())) or "none"
        did = "changed" if change else "added"
        state = "active" if person.is_active else "switched off"
        journal.note(
            [
                journal.Fact(
                    action="user changed" if change else "user added",
                    object_kind="user",
                    object_key=person.username,
                    user=request.user,  # type: ignore[arg-type]
                    text=f"{request.user} {did} {person.username}: {state}; roles: {roles}.",
                )
            ]
        )


@admin.register(Group)
class RoleAdmin(ReadOnly, DjangoGroupAdmin):
    """Roles are written in q2c_portal.roles and made again after each migration; here they are only read."""

    search_fields = ["name__startswith"]
    filter_horizontal: list[str] = []
