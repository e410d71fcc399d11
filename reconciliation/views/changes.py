"""Rows people keep: what is in force, a file tried out row by row, drafts, and a second person's decision."""

import csv
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals
from reconciliation.governance import changes, files, impact
from reconciliation.governance.table import Table
from reconciliation.governance.tables import TABLES
from reconciliation.habits.languages import spoken, within
from reconciliation.models import RowChange
from reconciliation.views.page import page, seen_by, typed
from sync.models import MappingRow

SEES = ("sync.view_productmapping",)
#: rows in force that a page shows; the file has all
MOST_SHOWN = 200


@require_safe
@seen_by(*SEES)
def table_list(request: HttpRequest) -> HttpResponse:
    """Every table with how many rows are in force, and what waits for a second person."""
    rows = [
        (table, table.model._default_manager.filter(status=MappingRow.Status.APPROVED).count())
        for table in TABLES.values()
    ]
    pending = RowChange.objects.filter(status=RowChange.Status.PENDING).select_related("asked_by")
    decided = RowChange.objects.exclude(status=RowChange.Status.PENDING).select_related("asked_by", "decided_by")[:20]
    return page(
        request,
        "portal/tables.html",
        title=_("Mappings and rates"),
        rows=rows,
        pending=[(row, spoken(TABLES[row.table].title), changes.why_not(row, request.user)) for row in pending],  # type: ignore[arg-type]
        decided=[(row, spoken(TABLES[row.table].title)) for row in decided],
    )


@require_safe
@seen_by(*SEES)
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table: its rows in force, and the form to try out a file."""
    return _table_page(request, _found(name))


@require_safe
@seen_by(*SEES)
def table_file(request: HttpRequest, name: str) -> HttpResponse:
    """The rows in force as a file of the form that is read again; no cell begins as a formula does."""
    found = _found(name)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.name}.csv"'
    writer = csv.writer(response)
    writer.writerow(found.header)
    for row in _in_force(found):
        writer.writerow([_harmless(cell) for cell in row])
    return response


@require_POST
@seen_by(*SEES)
def table_try(request: HttpRequest, name: str) -> HttpResponse:
    """Try a file out: every problem at once, or what it would change and touch. Nothing is written."""
    found = _found(name)
    try:
        body, source = _body(request)
    except RequestDataTooBig:
        messages.error(request, _("The file is too large."))
        return _table_page(request, found, status=413)
    if not body.strip():
        messages.error(request, _("Choose a file, or type rows below the header."))
        return _table_page(request, found, status=422)
    return _tried_page(request, found, body, source)


@require_POST
@seen_by(*SEES)
def table_draft(request: HttpRequest, name: str) -> HttpResponse:
    """Draft exactly the rows the page showed."""
    found = _found(name)
    body, source = _body(request)
    tried = files.try_out(found, body)
    if not tried.is_good or request.POST.get("sha256") != changes.sha256_of(tried):
        messages.error(request, _("This is no longer what the page showed. Review again."))
        return _tried_page(request, found, body, source, status=409)
    try:
        change = changes.draft(
            tried,
            user=request.user,  # type: ignore[arg-type]
            source=source,
            because=typed(request, "because"),
        )
    except approvals.Refused as error:
        messages.error(request, str(error))
        return _tried_page(request, found, body, source, status=403)
    except approvals.Changed as error:
        messages.error(request, str(error))
        return _tried_page(request, found, body, source, status=409)
    said = ngettext(
        "{number}: {n} rows wait for a second person.", "{number}: {n} rows wait for a second person.", change.count
    )
    messages.success(request, said.format(number=change.number, n=change.count))
    return redirect("desk:change", change.pk)


@require_safe
@seen_by(*SEES)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One change: its rows, what it touches, who asked, and the decision."""
    return _change_page(request, _change(pk))


@require_POST
@seen_by(*SEES)
def change_decide(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Approve, refuse or withdraw; what stands against it is said in words."""
    row, because = _change(pk), typed(request, "because")
    user: Any = request.user
    decide: dict[str, Callable[[], str]] = {
        "approve": lambda: _approved(row, user, request.POST.get("sha256", ""), because),
        "refuse": lambda: _("You refused {number}.").format(
            number=changes.refuse(row.pk, user=user, because=because).number
        ),
        "withdraw": lambda: _("{number} is withdrawn.").format(number=changes.withdraw(row.pk, user=user).number),
    }
    try:
        messages.success(request, decide[do]())
        return redirect("desk:change", row.pk)
    except approvals.Refused as error:
        messages.error(request, str(error))
        status = 403
    except approvals.Changed as error:
        messages.error(request, str(error))
        status = 409
    except ValueError as error:
        messages.error(request, str(error))
        status = 422
    return _change_page(request, _change(pk), because=because, status=status)


def _approved(row: RowChange, user: Any, sha256: str, because: str) -> str:
    done, released = changes.approve(row.pk, user=user, sha256=sha256, because=because)
    said = ngettext(
        "You approved {number}: its rows are in force, and {n} waiting objects go on.",
        "You approved {number}: its rows are in force, and {n} waiting objects go on.",
        released,
    )
    return said.format(number=done.number, n=released)


def _found(name: str) -> Table:
    if name not in TABLES:
        raise Http404(_("There is no such table."))
    return TABLES[name]


def _change(pk: int) -> RowChange:
    row = RowChange.objects.select_related("asked_by", "decided_by").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no change CHG-{pk}.").format(pk=pk))
    return row


def _body(request: HttpRequest) -> tuple[bytes, str]:
    """The file somebody chose, or the rows they typed, and what to call it."""
    chosen = request.FILES.get("file")
    if chosen is not None:
        # one byte more than is taken, so that too much is seen without being read
        return chosen.read(files.MOST_BYTES + 1), str(chosen.name)[:100]
    return request.POST.get("rows", "").encode(), request.POST.get("source", "")[:100] or "typed in"


def _in_force(found: Table) -> list[list[str]]:
    rows = found.model._default_manager.filter(status=MappingRow.Status.APPROVED)
    plain = [changes.plain_row(found, {name: getattr(row, name) for name in found.header}) for row in rows]
    return [[row[name] for name in found.header] for row in plain]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _table_page(request: HttpRequest, found: Table, *, status: int = 200) -> HttpResponse:
    rows = _in_force(found)
    return page(
        request,
        "portal/table.html",
        title=spoken(found.title),
        status=status,
        crumbs=[(_("Mappings and rates"), reverse("desk:tables"))],
        table=found,
        rows=rows[:MOST_SHOWN],
        left_off=max(len(rows) - MOST_SHOWN, 0),
        header=",".join(found.header),
        may_draft=approvals.holds(request.user, approvals.ASK[changes.KIND]),  # type: ignore[arg-type]
    )


def _tried_page(request: HttpRequest, found: Table, body: bytes, source: str, *, status: int = 200) -> HttpResponse:
    tried = files.try_out(found, body)
    return page(
        request,
        "portal/table_tried.html",
        title=f"{spoken(found.title)}: {source}",
        status=status,
        crumbs=[
            (_("Mappings and rates"), reverse("desk:tables")),
            (spoken(found.title), reverse("desk:table", args=[found.name])),
        ],
        table=found,
        tried=tried,
        rows=[list(changes.plain_row(found, row).values()) for row in tried.rows[:MOST_SHOWN]],
        impact=impact.of(found, tried.rows).as_data() if tried.is_good else None,
        sha256=changes.sha256_of(tried),
        # problems of a file as a whole may be that it is no text at all
        body=body.decode("utf-8-sig", errors="replace").replace("\x00", "") if tried.is_good else "",
        source=source,
        may_draft=approvals.holds(request.user, approvals.ASK[changes.KIND]),  # type: ignore[arg-type]
    )


def _change_page(request: HttpRequest, row: RowChange, *, because: str = "", status: int = 200) -> HttpResponse:
    found = TABLES[row.table]
    pending = row.status == RowChange.Status.PENDING
    return page(
        request,
        "portal/change.html",
        title=ngettext("{n} rows of {table}", "{n} rows of {table}", row.count).format(
            n=row.count, table=within(spoken(found.title))
        ),
        status=status,
        crumbs=[(_("Mappings and rates"), reverse("desk:tables"))],
        change=row,
        table=found,
        rows=[[one[name] for name in found.header] for one in row.rows[:MOST_SHOWN]],
        impact=row.impact,
        pending=pending,
        mine=row.asked_by_id == request.user.pk,
        why_not=changes.why_not(row, request.user) if pending else "",  # type: ignore[arg-type]
        because=because,
        tone={"pending": "warn", "approved": "good", "refused": "bad"}.get(row.status, "idle"),
    )
