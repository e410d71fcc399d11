"""Every error of the API in one shape (RFC 9457): type, title, status, detail, errors by field."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from sync.api.problems import PROBLEM


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as {type, title, status, detail, errors: [{field, detail}]}."""
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is no such record, or you may not see it.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    elif isinstance(error, ValidationError):
        error = exceptions.ValidationError({"non_field_errors": error.messages})
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))
    errors = _flat(error.detail)
    body = {
        "type": "about:blank",
        "title": error.default_code.replace("_", " ").capitalize(),
        "status": error.status_code,
        "detail": errors[0]["detail"] if errors else str(error),
        "errors": errors,
    }
    set_rollback()
    return Response(body, status=error.status_code, headers=headers, content_type=PROBLEM)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that does not exist: a page for people, our one shape for machines."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    detail = "There is no such address."
    body = {"type": "about:blank", "title": "Not found", "status": 404, "detail": detail, "errors": []}
    return JsonResponse(body | {"errors": [{"field": "", "detail": detail}]}, status=404, content_type=PROBLEM)


def _flat(detail: Any, field: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            row
            for name, value in detail.items()
            for row in _flat(value, field if name == "non_field_errors" else f"{field}.{name}".lstrip("."))
        ]
    if isinstance(detail, list):
        return [row for value in detail for row in _flat(value, field)]
    return [{"field": field, "detail": str(detail)}]
