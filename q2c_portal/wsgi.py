"""The door for web servers."""

import json
import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "q2c_portal.settings")
_portal = get_wsgi_application()
_DETAIL = "Content-Type: cannot be read."
_UNREADABLE = json.dumps(
    {
        "type": "about:blank",
        "title": "Parse error",
        "status": 400,
        "detail": _DETAIL,
        "errors": [{"field": "Content-Type", "detail": _DETAIL}],
    }
).encode()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Django reads Content-Type before any of its own error handling; what it cannot read would be a 500 there."""
    try:
        parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    except ValueError:
        start_response("400 Bad Request", [("Content-Type", "application/problem+json")])
        return [_UNREADABLE]
    return _portal(environ, start_response)
