"""How Salesforce refuses: an HTTP status and an array of message, errorCode and fields."""

from collections.abc import Sequence
from typing import Any

#: the status of codes that are not 400
STATUSES = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "PRECONDITION_FAILED": 412,
}


class SalesforceError(Exception):
    """One refusal with the vendor's own code."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = list(fields)

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 400)

    def body(self) -> list[dict[str, Any]]:
        """The array a single call is answered with; `fields` only where fields are to blame."""
        blamed = {"fields": self.fields} if self.fields else {}
        return [{"message": self.message, "errorCode": self.code, **blamed}]

    def item(self) -> dict[str, Any]:
        """The form inside collections and trees."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}


class SeveralRecords(Exception):
    """An external id that is not unique: the answer is the list of record paths, and nothing is written."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(", ".join(paths))
        self.paths = paths


def not_found() -> SalesforceError:
    return SalesforceError("NOT_FOUND", "The requested resource does not exist")
