"""The review of access: who may sign in, with which roles, and which of their rights must not meet in one person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Permission, User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oauth2_provider.models import Application

from sync import clock

#: who has not signed in for so long may not need to any more
UNUSED = timedelta(days=90)
#: rights that two people must hold -> what one person with both could do alone
CONFLICTS = {
    ("ask_money", "approve_money"): gettext_lazy("could ask for money to move and approve such requests"),
    ("ask_configuration", "approve_configuration"): gettext_lazy(
        "could ask for mappings and settings and approve such requests"
    ),
    ("prepare_signoff", "review_signoff"): gettext_lazy("could prepare reconciliations and sign them"),
    ("begin_close", "finish_close"): gettext_lazy("could begin to close a period and finish it"),
    ("change_user", "approve_money"): gettext_lazy("gives people roles and approves money"),
    ("change_user", "approve_configuration"): gettext_lazy("gives people roles and approves settings"),
    ("change_user", "review_signoff"): gettext_lazy("gives people roles and signs reconciliations"),
    ("change_connection", "approve_money"): gettext_lazy("changes connections and approves money"),
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """One person who has, or had, a way in."""

    user: User
    roles: tuple[str, ...]
    last_seen: datetime | None
    #: what must not meet in one person and does; the database still refuses it case by case
    conflicts: tuple[str, ...]
    #: what a reviewer asks about
    remarks: tuple[str, ...]

    @property
    def tone(self) -> str:
        """How it is shown: `stop` for a conflict, `warn` for a remark."""
        return "stop" if self.conflicts else "warn" if self.remarks else "good"


def people() -> list[Access]:
    """Everybody, those with conflicts first, then those with remarks, then by name; who is switched off comes last."""
    held: dict[int, set[str]] = {}
    for way in ("group__user", "user"):
        for user, codename in Permission.objects.filter(**{f"{way}__isnull": False}).values_list(way, "codename"):
            held.setdefault(user, set()).add(codename)
    found = [
        _of(user, held.get(user.pk, set())) for user in User.objects.prefetch_related("groups", "user_permissions")
    ]
    order = {"stop": 0, "warn": 1, "good": 2}
    return sorted(found, key=lambda one: (not one.user.is_active, order[one.tone], one.user.username))


def _of(user: User, rights: set[str]) -> Access:
    conflicts = [str(words) for both, words in CONFLICTS.items() if rights.issuperset(both)] if user.is_active else []
    return Access(
        user=user,
        roles=tuple(sorted(group.name for group in user.groups.all())),
        last_seen=user.last_login,
        conflicts=tuple(conflicts),
        remarks=tuple(_remarks(user)) if user.is_active else (),
    )


def _remarks(user: User) -> Iterable[str]:
    if user.is_superuser:
        yield _("is a superuser: sees and sets up everything, approves and signs nothing")
    if user.user_permissions.all():
        yield _("holds rights of their own beside roles")
    if not user.groups.all() and not user.is_superuser:
        yield _("has no role: may sign in and see nothing")
    since = user.last_login or user.date_joined
    if clock.now() - since > UNUSED:
        words = _("did not sign in for {days} days") if user.last_login else _("never signed in")
        yield words.format(days=(clock.now() - since).days)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A program that may call the API."""

    name: str
    acts_as: str
    registered_at: datetime
    last_token_at: datetime | None


def machines() -> list[Machine]:
    """Every registered caller, by name; their secrets are kept as hashes and shown nowhere."""
    found = []
    for one in Application.objects.select_related("user").order_by("name", "pk"):
        tokens = one.accesstoken_set.order_by("-created").values_list("created", flat=True)
        found.append(
            Machine(
                name=one.name or one.client_id,
                acts_as=one.user.username if one.user else "",
                registered_at=one.created,
                last_token_at=tokens.first(),
            )
        )
    return found
