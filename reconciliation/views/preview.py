"""Turns a preview, fresh or frozen with a request, into what the one preview template shows."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reconciliation.fixes.fix import Fix, Preview
from reconciliation.habits.languages import money
from reconciliation.models import ApprovalRequest

#: rows shown at once, and at most behind "and more"
FIRST, AT_MOST = 50, 2000

UNDO = {
    "U0": gettext_noop("Can be undone at once."),
    "U1": gettext_noop("Can be reversed."),
    "U2": gettext_noop("Cannot be undone; a correction is a new approved case."),
}


def shown(preview: Preview | dict[str, Any], *, fix: Fix | None) -> dict[str, Any]:
    """The same for one document and for many."""
    data = preview.as_data() if isinstance(preview, Preview) else preview
    members = list(data.get("members") or [])
    return {
        **data,
        "fix": fix,
        "totals_text": _each(data.get("totals") or {}),
        "valid_from": (data.get("change") or {}).get("valid_from", ""),
        "writes": list(data.get("writes") or [])[:FIRST],
        "more_writes": max(len(data.get("writes") or []) - FIRST, 0),
        "first": members[:FIRST],
        "listed": len(members),
        "rest": members[FIRST:AT_MOST],
        "rest_count": max(len(members) - FIRST, 0),
        "left_off": max(len(members) - AT_MOST, 0),
        "undo": _(UNDO[fix.undo]) if fix and fix.undo in UNDO else "",
    }


def with_parts(data: dict[str, Any], row: ApprovalRequest, *, may_leave: bool, leaving_out: Collection[int]) -> None:
    """Adds to a shown request what an approver left out, ticks now, and whether they may."""
    left_out = row.left_out
    if row.approved_totals is not None:
        data["totals_text"] = _each(row.approved_totals)
        data["count"] = len(row.members) - len(left_out)
    data["left_out"] = {f"EXC-{pk}" for pk in left_out}
    data["leaving_out"] = {f"EXC-{pk}" for pk in leaving_out}
    #: how many a yes would cover now; 0 where it covers all or nothing
    data["may_leave"] = len(row.members) - len(left_out) if may_leave and row.has_parts else 0


def _each(totals: dict[str, Any]) -> list[str]:
    return [money(Decimal(str(total)), currency) for currency, total in totals.items()]
