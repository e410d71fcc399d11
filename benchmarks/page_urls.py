"""The portal's addresses and one more: the plainest page with 50 rows of the cases' table."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from reconciliation.models import ExceptionCase

_TEMPLATE = """<!doctype html><title>Fifty rows</title><table>{% for case in cases %}<tr><td>{{ case.number }}</td>
<td>{{ case.reason }}</td><td>{{ case.team }}</td><td>{{ case.customer_name }}</td><td>{{ case.document }}</td>
<td>{{ case.amount }} {{ case.currency }}</td><td>{{ case.opened_at }}</td>
<td>{{ case.due_at }}</td></tr>
{% endfor %}</table>"""


@login_required
def fifty_rows(request: HttpRequest) -> HttpResponse:
    """The first rows by key, through the same middleware, with nothing around them."""
    template = engines["django"].from_string(_TEMPLATE)
    return HttpResponse(template.render({"cases": ExceptionCase.objects.order_by("pk")[:50]}, request))


urlpatterns = [path("fifty-rows", fifty_rows), path("", include("q2c_portal.urls"))]
