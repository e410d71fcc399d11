"""Connections: where each system is and how fast we may call it. Secrets go in and never come out."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from sync import journal
from sync.admin.read_only import Page
from sync.models import Connection

_FIELDS = [
    "code",
    "label",
    "system",
    "role",
    "base_url",
    "is_sandbox",
    "settings",
    "callers",
    "time_zone",
    "concurrency",
    "rate_per_second",
]


class ConnectionForm(forms.ModelForm):
    """The connection's fields, and one write-only field that replaces its secrets."""

    new_secrets = forms.CharField(
        required=False,
        strip=True,
        label="Replace secrets",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text='JSON, e.g. {"client_id": "…", "private_key": "…"}. Replaces all of them; empty keeps them.',
    )

    class Meta:
        model = Connection
        # the page adds the others, so that an address gets its scheme there
        fields = ["code"]

    def clean_new_secrets(self) -> dict[str, str]:
        """The secrets as a dictionary of texts; raises ValidationError without repeating what was typed."""
        text = self.cleaned_data["new_secrets"]
        if not text:
            return {}
        try:
            found = json.loads(text)
        except ValueError:
            raise forms.ValidationError("This is not JSON. Write one object with names and texts.") from None
        if not isinstance(found, dict) or not found or not all(isinstance(value, str) for value in found.values()):
            raise forms.ValidationError("Write one JSON object whose values are all texts.")
        return found


@admin.register(Connection)
class ConnectionAdmin(Page, SimpleHistoryAdmin):
    form = ConnectionForm
    list_display = ["label", "code", "system", "role", "base_url", "is_sandbox", "health_page"]
    list_filter = ["role", "is_sandbox"]
    search_fields = ["code__startswith", "label__startswith"]
    search_help_text = "Starts with: code or label"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look is not offered the field for secrets."""
        fields = list(_FIELDS)
        if self.has_change_permission(request, obj):
            fields.append("new_secrets")
        return [(None, {"fields": fields, "description": "Test, pause and resume it on the Connections page."})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An address typed without a scheme is meant to be safe."""
        if db_field.name == "base_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="Health")
    def health_page(self, row: Connection) -> str:
        return format_html('<a class="text-link" href="/connections/#{}">Health</a>', row.code)

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """Save, seal new secrets, and say in the journal who did it and which fields changed, never their content."""
        secrets = form.cleaned_data.get("new_secrets")
        if secrets:
            obj.put_secrets(**secrets)
        super().save_model(request, obj, form, change)
        changed = sorted(set(form.changed_data) - {"new_secrets"})
        what = ", ".join([*changed, *(["secrets"] if secrets else [])]) or "nothing"
        journal.note(
            [
                journal.Fact(
                    action="connection changed" if change else "connection added",
                    object_kind="connection",
                    object_key=obj.code,
                    user=cast(User, request.user),
                    text=f"{request.user} {'changed' if change else 'added'} {obj.label}: {what}.",
                )
            ]
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # documents point at it for as long as the books are kept
