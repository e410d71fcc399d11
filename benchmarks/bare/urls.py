"""One address that writes one row, and one that answers."""

from django.db import connection as database
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

#: made by the bench beforehand: an identity column and the bytes
TABLE = "benchmarks_bare_row"


def take(request: HttpRequest) -> JsonResponse:
    """Write the body down and say so."""
    with database.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} (raw) VALUES (%s)", [request.body])
    answer = JsonResponse({"taken": True})
    # without it (middleware would count) the server could not keep the connection open
    answer["Content-Length"] = len(answer.content)
    return answer


def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive")


urlpatterns = [path("take", take), path("healthz", live)]
