"""Rooms: where teams are told together, edited by configuration admins, with history."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminPasswordWidget

from reconciliation.habits import profile
from reconciliation.habits.languages import spoken
from reconciliation.habits.notices import rooms, testing
from reconciliation.habits.notices.channels import webhook
from reconciliation.habits.notices.channels.channel import NotTaken
from reconciliation.habits.notices.registry import FOR_ROOMS
from reconciliation.models import NoticeRoom
from sync import journal
from sync.admin.read_only import Page

#: who decides which team owns what decides also where the team is told of it
MAY_SEE, MAY_CHANGE = "reconciliation.view_ownershiprule", "reconciliation.change_ownershiprule"


class NoticeRoomForm(forms.ModelForm):
    """A room's fields; its address is typed in and never shown again."""

    events = forms.MultipleChoiceField(
        choices=lambda: [(event.code, spoken(event.in_rooms)) for event in FOR_ROOMS.values()],
        initial=list(FOR_ROOMS),
        widget=forms.CheckboxSelectMultiple,
        label=_("What it is told"),
        error_messages={"required": _("Choose something it is told, or switch the room off.")},
    )
    address = forms.CharField(
        required=False,
        max_length=1000,
        label=_("Address"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        help_text=_(
            "Slack: of an incoming webhook. Teams: of a workflow that starts when it is called. Else: of a program of"
            " yours. Whoever knows it can write there, so it is kept sealed and not shown again; empty keeps it."
        ),
    )
    new_secret = forms.BooleanField(
        required=False,
        label=_("Make a new secret"),
        help_text=_("Signed webhooks only. It is shown once, after saving; the old one counts no more."),
    )

    class Meta:
        model = NoticeRoom
        fields = ["name", "kind", "team", "events", "names_customers", "zone", "is_on"]
        labels = {"names_customers": _("May name customers"), "zone": _("Time zone"), "is_on": _("Switched on")}

    def clean_zone(self) -> str:
        zone = self.cleaned_data["zone"]
        if zone not in profile.zones():
            raise forms.ValidationError(gettext("There is no such time zone. Use a name such as Europe/Berlin."))
        return zone

    def clean(self) -> dict[str, Any]:
        """The address fits the kind; one of another kind is asked for anew."""
        given = super().clean() or {}
        kind, address = given.get("kind"), given.get("address", "").strip()
        if kind and address:
            try:
                self.instance.host = rooms.host_of(kind, address)
            except rooms.AddressRefused as error:
                self.add_error("address", str(error))
        elif kind and (not self.instance.pk or "kind" in self.changed_data):
            self.add_error("address", gettext("Give the address messages go to."))
        return given


@admin.register(NoticeRoom)
class NoticeRoomAdmin(Page, SimpleHistoryAdmin):
    form = NoticeRoomForm
    seen_with = MAY_SEE
    list_display = ["name", "kind", "team", "host", "names_customers", "is_on", "trouble", "trouble_since"]
    list_filter = ["team", "kind", "is_on"]
    readonly_fields = ["host", "trouble", "trouble_since"]
    actions = ["send_test"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look is not offered the fields for secrets; a room that is not there yet has no trouble."""
        name, kind, *rest = NoticeRoomForm.Meta.fields
        secrets = ["address", "new_secret"] if self.has_change_permission(request, obj) else []
        return [(None, {"fields": [name, kind, *secrets, *rest, *(self.readonly_fields if obj else ())]})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switch it off instead: what was told there stays readable

    def save_model(self, request: HttpRequest, obj: NoticeRoom, form: NoticeRoomForm, change: bool) -> None:
        address, kept = form.cleaned_data["address"].strip(), obj.secrets() if obj.sealed_secrets else {}
        signs = rooms.CHANNELS[obj.kind].signs
        is_new = signs and (form.cleaned_data["new_secret"] or "secret" not in kept)
        secret = webhook.new_secret() if is_new else kept.get("secret", "")
        if address or is_new:
            obj.put_secrets(address=address or kept["address"], **({"secret": secret} if signs else {}))
            obj.trouble, obj.trouble_since = "", None
        super().save_model(request, obj, form, change)
        journal.note([_fact(request, obj, "changed" if change else "added")])
        if is_new:
            words = gettext(
                "Check signatures with {secret}. It is shown only now; keep it where your program reads it."
            )
            messages.warning(request, words.format(secret=secret))

    @admin.action(description=_("Send a test message"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[NoticeRoom]) -> None:
        sent = 0
        for room in queryset:
            try:
                testing.send(room, user=request.user)
                sent += 1
            except NotTaken as error:
                messages.error(request, f"{room.name}: {error}")
        if sent:
            words = ngettext("A test message is in {n} room.", "A test message is in {n} rooms.", sent)
            messages.success(request, words.format(n=sent))


def _fact(request: HttpRequest, room: NoticeRoom, did: str) -> journal.Fact:
    return journal.Fact(
        action=f"room {did}",
        object_kind="room",
        object_key=str(room.pk),
        user=request.user,
        text=f"{request.user} {did} the room {room.name} of {room.get_team_display()}, {room.get_kind_display()} at"
        f" {room.host}.",
    )
