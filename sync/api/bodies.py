"""Reads what callers send: bounded before a byte is read, in time and in words."""

import re
from contextlib import suppress
from typing import Any

from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request, is_form_media_type

#: vendors' own limits lie far below (Salesforce 100 notifications a message, Stripe one event a call)
LARGEST_BODY = 1024 * 1024
#: of a refused call of a caller who is known this much stays
EVIDENCE = 64 * 1024
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
#: the start of a sentence such as `events[0].recordId: is no id`
_FIELD = re.compile(r"[\w.\[\]-]{1,120}")


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is larger than {LARGEST_BODY} bytes; send fewer events at a time."


class LengthNeeded(APIException):
    status_code = 411
    default_code = "length_required"
    default_detail = "Say the length of the body in Content-Length; bodies in chunks are not read."


class TooSlow(APIException):
    status_code = 408
    default_code = "request_timeout"
    default_detail = "The body did not arrive in time; send it again."


class RawBody(BaseParser):
    """Leaves the body as it came: signatures are over bytes.

    Who signs in is looked at after the body was asked for, so what is wrong with it is kept until then: whether a
    refused call is evidence depends on who called.
    """

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        if is_form_media_type(media_type or ""):
            # DRF and the OAuth library would take what this returns for a form's fields
            raise UnsupportedMediaType(media_type or "")
        try:
            return read(stream, (parser_context or {}).get("request"))
        except (TooLarge, TooSlow) as refusal:
            return refusal


def read(stream: Any, request: Request | None) -> bytes:
    """The whole body. Raises TooLarge by its announced length, without reading, LengthNeeded and TooSlow."""
    if request is not None and _announced(request) > LARGEST_BODY:
        raise TooLarge
    try:
        body = bytes(stream.read(LARGEST_BODY + 1))
    except OSError as error:  # the server cuts off who sends too slowly; some simply hang up
        raise TooSlow from error
    if len(body) > LARGEST_BODY:
        raise TooLarge
    return body


def whole_body(request: Request) -> bytes:
    """The bytes of a callback. Raises an APIException for what is empty, cut off, compressed or too large."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(request.headers["content-encoding"], "Send the body uncompressed.")
    if not request.META.get("CONTENT_LENGTH") and request.headers.get("transfer-encoding"):
        raise LengthNeeded
    if isinstance(request.data, APIException):
        raise request.data
    body = request.data if isinstance(request.data, bytes) else b""
    if len(body) < (announced := _announced(request)):
        raise in_words(f"body: {len(body)} bytes arrived of {announced} announced; send it again.")
    if not body:
        raise in_words("body: empty; send the event.")
    return body


def first_bytes(request: Request) -> bytes:
    """The start of a body that was refused for its size, as evidence; what arrives in time counts."""
    found = b""
    with suppress(OSError):  # the server cuts off who sends too slowly; some simply hang up
        while len(found) < EVIDENCE and (more := request.stream.read(min(8192, EVIDENCE - len(found)))):
            found += more
    return found


def _announced(request: Request) -> int:
    """What Content-Length says; 0 where it says nothing or no number, and never more digits than are worth reading."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length[:12]) if _DIGITS.fullmatch(length) else 0


def in_words(problems: str | ValueError) -> ParseError:
    """Sentences such as `field: what is wrong`, one a line, as an answer that names each field."""
    fields: dict[str, list[str]] = {}
    for line in str(problems).splitlines() or ["body: cannot be read"]:
        field = line.partition(": ")[0]
        fields.setdefault(field if _FIELD.fullmatch(field) else "body", []).append(line[:400])
    return ParseError(fields)
