"""What the sandbox says when it refuses: one table of NetSuite's codes and texts, and their error envelope."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wording:
    """One way to say no. `verified` is False where no vendor page or record of the exact text was at hand."""

    status: int
    code: str
    text: str
    verified: bool = True


#: the only place where vendor texts stand; correct one here and every rule follows
WORDINGS: dict[str, Wording] = {
    # -- the body -------------------------------------------------------------------------------------
    "unknown_value": Wording(
        400,
        "INVALID_CONTENT",
        "Error while accessing resource: You have entered an Invalid Field Value {value} for the following"
        " field: {field}",
    ),
    "unknown_property": Wording(
        400, "INVALID_CONTENT", "Unknown property or properties in record {record}: {field}.", verified=False
    ),
    "bad_json": Wording(400, "INVALID_CONTENT", "Invalid content in the request body. {reason}", verified=False),
    "missing_values": Wording(400, "USER_ERROR", "Error while accessing resource: Please enter value(s) for: {fields}"),
    "no_lines": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: You must enter at least one line item for this transaction.",
    ),
    "negative_total": Wording(
        400, "USER_ERROR", "Error while accessing resource: Transaction total cannot be negative.", verified=False
    ),
    # -- keys and references --------------------------------------------------------------------------
    "record_exists": Wording(400, "USER_ERROR", "Error while accessing resource: This record already exists."),
    "entity_exists": Wording(400, "USER_ERROR", "Error while accessing resource: This entity already exists."),
    "inactive_entity": Wording(
        400, "USER_ERROR", "Error while accessing resource: Invalid entity reference key {value}.", verified=False
    ),
    "item_not_in_subsidiary": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: Invalid item reference key {value} for subsidiary {subsidiary}.",
    ),
    "subsidiary_not_of_entity": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: Invalid subsidiary reference key {value} for entity {entity}.",
        verified=False,
    ),
    "currency_not_of_entity": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: Invalid currency reference key {value} for entity {entity}.",
        verified=False,
    ),
    "currency_not_of_subsidiary": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: Invalid currency reference key {value} for subsidiary {subsidiary}.",
        verified=False,
    ),
    "has_dependents": Wording(
        400, "USER_ERROR", "This record cannot be deleted because it has dependent records.", verified=False
    ),
    "kept_by_the_system": Wording(
        400, "INVALID_REQUEST", "The {method} operation is not supported for the record type {record}.", verified=False
    ),
    # -- accounting -----------------------------------------------------------------------------------
    "outside_period": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: The transaction date you specified is not within the date range"
        " of your accounting period.",
    ),
    "unbalanced": Wording(
        400, "USER_ERROR", "Error while accessing resource: The amounts in a journal entry must balance."
    ),
    "no_apply_line": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: Unable to find a matching line for sub-list apply with key:"
        " [doc,line] = [{value},{line}].",
    ),
    "over_applied": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: The amount applied ({value}) exceeds the amount due ({due}).",
        verified=False,
    ),
    "over_spent": Wording(
        400,
        "USER_ERROR",
        "Error while accessing resource: The amounts applied ({value}) exceed the amount available ({due}).",
        verified=False,
    ),
    # -- addresses and queries ------------------------------------------------------------------------
    "no_such_record": Wording(
        404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."
    ),
    "no_such_type": Wording(404, "NONEXISTENT_ID", "Record type '{record}' does not exist.", verified=False),
    "no_such_path": Wording(404, "NOT_FOUND", "The requested resource was not found: {value}", verified=False),
    "bad_parameter": Wording(
        400, "INVALID_PARAMETER", "Invalid value for the query parameter {field}. {reason}", verified=False
    ),
    "bad_header": Wording(400, "INVALID_HEADER", "Invalid value for the header {field}. {reason}", verified=False),
    "bad_query": Wording(
        400,
        "INVALID_PARAMETER",
        "Invalid search query. Detailed unprocessed description follows. Search error occurred: {reason}",
        verified=False,
    ),
    # -- who and how much -----------------------------------------------------------------------------
    "bad_login": Wording(
        401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail. {reason}"
    ),
    "not_permitted": Wording(
        403,
        "INSUFFICIENT_PERMISSION",
        "Permission Violation: You need a higher level of permission to access this record type: {record}.",
    ),
    "too_many": Wording(
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Request Limit Exceeded. Your account has reached its concurrency limit.",
        verified=False,
    ),
    "same_key": Wording(
        400, "IDEMPOTENCY_ERROR", "A request with the same idempotency key was already accepted.", verified=False
    ),
    "not_ready": Wording(404, "NONEXISTENT_ID", "The task has not completed yet: there is no result.", verified=False),
    "broken": Wording(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: {value}"),
}

_TITLES = {
    400: ("Bad Request", "4.1"),
    401: ("Unauthorized", "4.2"),
    403: ("Forbidden", "4.4"),
    404: ("Not Found", "4.5"),
    405: ("Method Not Allowed", "4.6"),
    429: ("Too Many Requests", "4"),
    500: ("Internal Server Error", "5.1"),
}
_TITLE_OF = {"same_key": "Conflict"}


class Refusal(Exception):
    """A request the sandbox turns down; nothing was written."""

    def __init__(
        self,
        name: str,
        *,
        path: str | None = None,
        parameter: str | None = None,
        header: str | None = None,
        answer_headers: dict[str, str] | None = None,
        **values: Any,
    ) -> None:
        self.name = name
        self.wording = WORDINGS[name]
        self.detail = self.wording.text.format(**values).strip()
        self.where = {"o:errorPath": path, "o:errorQueryParam": parameter, "o:errorHeader": header}
        self.headers = answer_headers or {}
        super().__init__(self.detail)

    @property
    def status(self) -> int:
        return self.wording.status

    def body(self) -> dict[str, Any]:
        """NetSuite's nsError envelope with this one detail."""
        title, section = _TITLES.get(self.status, ("Error", "4"))
        detail = {"detail": self.detail, "o:errorCode": self.wording.code}
        detail.update({key: value for key, value in self.where.items() if value is not None})
        return {
            "type": f"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.{section}",
            "title": _TITLE_OF.get(self.name, title),
            "status": self.status,
            "o:errorDetails": [detail],
        }
