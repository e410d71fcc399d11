"""Exports: the view at hand as a file, for whoever may see the view."""

from collections.abc import Callable
from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from reconciliation.habits.exports import files, queue
from reconciliation.habits.exports.sheet import MOST, Sheet, TooMany
from reconciliation.queue_filters import Filters
from reconciliation.views.page import page, seen_by


@require_GET
@seen_by("reconciliation.view_exceptioncase")
def queue_export(request: HttpRequest, form: str) -> HttpResponse:
    """The queue with the filters and the order of the page."""
    filters, user = Filters(request.GET.dict()), cast(AbstractUser, request.user)
    return _file(
        request, form, lambda: queue.draw_up(filters, user=user), back=reverse("desk:queue") + filters.address()
    )


def links(name: str, *args: object, of: str, query: str = "") -> dict[str, object]:
    """What the links of a page need: both addresses, and what is exported, in words."""
    address = {form: reverse(f"desk:{name}", args=[*args, form]) + query.removesuffix("?") for form in files.FORMS}
    return {"forms": [(files.FORMS[form][0], link) for form, link in address.items()], "of": of, "most": MOST}


def _file(request: HttpRequest, form: str, draw_up: Callable[[], Sheet], *, back: str) -> HttpResponse:
    """The file, or a page that says why there is none and leads back to the view."""
    try:
        file = files.take(draw_up, form=form, user=cast(AbstractUser, request.user))
    except TooMany as error:
        return page(
            request, "portal/export_refused.html", title="Too many rows for one file", status=422,
            text=str(error), back=back,
        )  # fmt: skip
    return answer(file)


def answer(file: files.File) -> HttpResponse:
    """The bytes, to be kept and not shown, under a name that says what they are."""
    found = HttpResponse(file.content, content_type=file.content_type)
    found["Content-Disposition"] = f'attachment; filename="{file.name}"'
    found["Cache-Control"] = "no-store"
    return found
