"""DRF's defaults for the whole portal: deny unless allowed, strict JSON, pages by cursor."""

import re
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from connectors import strict_json
from sync.api import bodies

_SIZE = re.compile(r"[0-9]{1,6}", re.ASCII)


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
            content = strict_json.loads(body, exponents=True)
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

    def get_page_size(self, request: Request) -> int:
        """The size asked for. Raises ValidationError for none between 1 and the largest."""
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if not _SIZE.fullmatch(asked) or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"page_size": f"Give a whole number from 1 to {self.max_page_size}."})
        return int(asked)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for one in parameters:
            if one["name"] == "page_size":
                one["schema"] |= {"minimum": 1, "maximum": self.max_page_size}
        return parameters
