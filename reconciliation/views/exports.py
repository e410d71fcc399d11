"""Exports: the view at hand as a file, for whoever may see the view."""

from collections.abc import Callable
from datetime import date
from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from reconciliation import figures_audit, figures_controls
from reconciliation.figures_spans import CASES_SEEN, span_of
from reconciliation.habits.exports import (
    access,
    approvals,
    board,
    breaks,
    executive,
    files,
    journal,
    queue,
    registers,
    sample,
)
from reconciliation.habits.exports.sheet import Sheet, TooMany
from reconciliation.habits.printing import executive_page
from reconciliation.queue_filters import Filters
from reconciliation.views import audit as audit_pages
from reconciliation.views import controls
from reconciliation.views import registers as register_pages
from reconciliation.views.languages import as_kept
from reconciliation.views.page import kept, page, seen_by


@require_GET
@seen_by("reconciliation.view_exceptioncase")
def queue_export(request: HttpRequest, form: str) -> HttpResponse:
    """The queue, one by one or by problem."""
    filters, user = Filters(request.GET.dict()), cast(AbstractUser, request.user)
    back = reverse("desk:queue") + filters.address()
    return _file(request, form, lambda: queue.draw_up(filters, user=user), back=back)


@require_GET
@seen_by("reconciliation.view_controlrun")
def breaks_export(request: HttpRequest, control: str, entity: str, day: date, form: str) -> HttpResponse:
    """The breaks on the page of a control on a date."""
    asked, company = controls.asked_for(control, entity)
    left, right = (controls.side_name(company, role, day) for role in (asked.left_role, asked.right_role))
    back = reverse("desk:control_run", args=[control, entity, day])
    return _file(
        request, form, lambda: breaks.draw_up(asked, entity=company, day=day, left=left, right=right), back=back
    )


@require_GET
@seen_by("reconciliation.view_approvalrequest")
def approvals_export(request: HttpRequest, form: str) -> HttpResponse:
    """What waits for a second person, and what was decided of late."""
    user = cast(AbstractUser, request.user)
    return _file(request, form, lambda: approvals.draw_up(user), back=reverse("desk:approvals"))


@require_GET
@seen_by("reconciliation.view_controlrun")
def controls_export(request: HttpRequest, form: str) -> HttpResponse:
    """Every control on every date of the board."""
    entities, chosen, until = controls.asked_board(request)
    query = controls.board_query(chosen, until)

    def draw_up() -> Sheet:
        boards = [figures_controls.matrix(one, until=until) for one in ([chosen] if chosen else entities)]
        return board.draw_up(boards, chosen=chosen, query=query)

    return _file(request, form, draw_up, back=reverse("desk:controls") + query)


@require_GET
@seen_by("sync.view_journalentry")
def audit_export(request: HttpRequest, form: str) -> HttpResponse:
    """The journal as it is narrowed."""
    filters = figures_audit.Filters(request.GET.dict())
    return _file(request, form, lambda: journal.draw_up(filters), back=reverse("desk:audit") + filters.address())


@require_GET
@seen_by(audit_pages.REVIEWS)
def access_export(request: HttpRequest, form: str) -> HttpResponse:
    """The review of access."""
    return _file(request, form, access.draw_up, back=reverse("desk:audit_access"))


@require_GET
@seen_by(audit_pages.REVIEWS)
def sample_export(request: HttpRequest, form: str) -> HttpResponse:
    """A sample as it was drawn."""
    asked = audit_pages.Asked.of(request.GET.dict())
    if not asked.is_ready:
        raise Http404(_("This address draws no sample. Draw one on the page and export it there."))
    back = reverse("desk:audit_sample") + asked.query
    return _file(request, form, lambda: sample.draw_up(asked.draw(), query=asked.query), back=back)


@require_GET
@seen_by("reconciliation.view_signoff")
def register_export(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """One register of one company and month."""
    asked = register_pages.asked_for(request, name)
    if asked is None:
        raise Http404(_("No company is set up yet, so there is nothing to export."))

    def draw_up() -> Sheet:
        return registers.draw_up(
            asked.register, entity=asked.entity, first=asked.first, last=asked.until, query=asked.query
        )

    return _file(request, form, draw_up, back=reverse("desk:register", args=[name]) + asked.query)


@require_GET
@seen_by(CASES_SEEN)
def executive_export(request: HttpRequest, form: str) -> HttpResponse:
    """The executive page's figures."""
    asked = request.GET.get("span", "")
    back = f"{reverse('desk:executive')}?span={span_of(asked).name}"
    return _file(request, form, lambda: executive.draw_up(span_of(asked)), back=back)


@require_GET
@seen_by(CASES_SEEN)
def executive_paper(request: HttpRequest) -> HttpResponse:
    """The executive page as a paper for a meeting."""
    with as_kept():
        paper = executive_page.take(span_of(request.GET.get("span", "")), user=cast(AbstractUser, request.user))
    return kept(paper.name, paper.content, paper.content_type)


def _file(request: HttpRequest, form: str, draw_up: Callable[[], Sheet], *, back: str) -> HttpResponse:
    """The file, or a page that says why there is none and leads back to the view."""
    try:
        with as_kept():
            file = files.take(draw_up, form=form, user=cast(AbstractUser, request.user))
    except TooMany as error:
        title, text = _("Too many rows for one file"), str(error)
        return page(request, "portal/export_refused.html", title=title, status=422, text=text, back=back)
    return kept(file.name, file.content, file.content_type)
