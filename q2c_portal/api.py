"""DRF's defaults for the whole portal: deny unless allowed, strict JSON, pages by cursor."""

from typing import Any

from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from connectors import strict_json


class Denied(BasePermission):
    """A view that does not say who may use it may be used by nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class StrictJSONParser(BaseParser):
    """JSON without floats, NaN, duplicate keys or bottomless nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return strict_json.loads(stream.read())
        except ValueError as error:
            raise exceptions.ParseError(str(error)) from error


class ByCursor(CursorPagination):
    """Pages that stay true while rows are added."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-pk"
