"""What the portal's scripts say, in the language of who asks."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from reconciliation.views.page import seen_by

#: seconds a browser keeps it; its address names the language
_KEPT = 3600


@require_safe
@seen_by()
def words(request: HttpRequest) -> HttpResponse:
    """Django's catalogue for scripts: `gettext`, `ngettext` and `interpolate`."""
    answer = JavaScriptCatalog.as_view(packages=["reconciliation"])(request)
    answer["Cache-Control"] = f"private, max-age={_KEPT}"
    return answer
