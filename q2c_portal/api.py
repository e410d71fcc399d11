"""DRF's defaults for the whole portal: deny unless allowed, strict JSON, pages by cursor."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from connectors import strict_json
from sync.api import bodies


class Denied(BasePermission):
    """A view that does not say who may use it may be used by nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class StrictJSONParser(BaseParser):
    """JSON without floats, NaN, duplicate keys, bottomless nesting or texts no database keeps."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = bodies.read(stream, (parser_context or {}).get("request"))
        try:
            content = strict_json.loads(body)
            strict_json.refuse_unstorable(content)
        except ValueError as error:
            raise bodies.in_words(error) from error
        return content


class ByCursor(CursorPagination):
    """Pages that stay true while rows are added."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-pk"
