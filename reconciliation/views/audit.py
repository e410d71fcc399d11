"""Audit: how far the trail is sealed, anchored and verified, and who did what."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reconciliation import figures_audit
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, seen_by


@require_safe
@seen_by("sync.view_journalentry")
def audit(request: HttpRequest) -> HttpResponse:
    """The standing of the chain, and the journal narrowed from the address."""
    filters = figures_audit.Filters(request.GET.dict())
    before = request.GET.get("before", "")
    rows, after = figures_audit.entries(filters, before=before)
    return page(
        request,
        "portal/audit.html",
        title="Audit",
        shown=figures_audit.standing(),
        filters=filters,
        rows=rows,
        exports=export_links("audit_export", query=filters.address(), of="these entries of the journal"),
        first=filters.address() if before else "",
        next=filters.address(before=after) if after else "",
    )
