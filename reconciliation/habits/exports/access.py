"""The review of access as a file: everybody, their roles, when they were last here, and what a reviewer asks about."""

from django.urls import reverse

from reconciliation import figures_access
from reconciliation.habits.exports.sheet import Sheet, link, person, times

_COLUMNS = (
    *("Signs in as", "Name", "E-mail", "Active", "Roles", "Last signed in (UTC)", "Joined (UTC)"),
    *("Rights that must not meet", "To ask about"),
)


def draw_up() -> Sheet:
    """Everybody who has or had a way in."""
    return Sheet(
        name="access",
        title="Who may do what",
        narrowed="",
        address=link(reverse("desk:audit_access")).address,
        columns=_COLUMNS,
        rows=tuple(
            (
                one.user.username,
                person(one.user),
                one.user.email,
                "yes" if one.user.is_active else "no",
                ", ".join(one.roles),
                times(one.last_seen, None)[0],
                times(one.user.date_joined, None)[0],
                "; ".join(one.conflicts),
                "; ".join(one.remarks),
            )
            for one in figures_access.people()
        ),
    )
