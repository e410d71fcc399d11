"""What NetSuite's refusals mean to us: tables from its code and field, and only then from its words, to our reasons."""

import dataclasses
import re
from typing import Any

#: nothing was written and the same call may succeed later: the account's calls at one time are used up
BUSY = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED"})
#: somebody, most likely we ourselves, wrote it a moment ago: look it up before anything else
LOOK_UP = frozenset({"DUP_RCRD", "IDEMPOTENCY_ERROR"})

#: last part of the path of the field NetSuite complains about -> reason
BY_FIELD = {
    "entity": "ERP_CUSTOMER_MISSING",
    "customer": "ERP_CUSTOMER_MISSING",
    "item": "ITEM_UNKNOWN",
    "taxcode": "TAX_CODE_MISSING",
    "currency": "CURRENCY_MISMATCH",
    "postingperiod": "PERIOD_CLOSED",
    "department": "DIMENSION_MISSING",
    "class": "DIMENSION_MISSING",
    "location": "DIMENSION_MISSING",
    "subsidiary": "ENTITY_ROUTE_MISSING",
    "country": "COUNTRY_UNKNOWN",
    "tranid": "DUPLICATE_DOC_NO",
    "exchangerate": "FX_RATE_MISSING",
    "doc": "UNAPPLIED_CASH",
}

#: code -> reason, where the code alone says enough
BY_CODE = {
    "INSUFFICIENT_PERMISSION": "PERMISSION_MISSING",
    "INVALID_LOGIN": "AUTH_EXPIRED",
}

#: words of NetSuite's English messages -> reason, first match wins; a group named `field` names the field
BY_TEXT = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), reason)
    for pattern, reason in (
        (r"not within the date range of your accounting period", "PERIOD_CLOSED"),
        (r"(?:period|receivable)[^.]*\b(?:closed|locked)\b|\b(?:closed|locked)\b[^.]*period", "PERIOD_CLOSED"),
        (r"please enter value\(s\) for:?\s*(?P<field>[^.\n]+)", "DIMENSION_MISSING"),
        (r"already exists|already been used|duplicate (?:document|transaction) number", "DUPLICATE_DOC_NO"),
        (r"invalid currency|currency .*(?:not valid|not allowed|does not match)", "CURRENCY_MISMATCH"),
        (r"invalid (?:entity|customer) reference key", "ERP_CUSTOMER_MISSING"),
        (r"invalid item reference key", "ITEM_UNKNOWN"),
        (r"invalid tax ?code", "TAX_CODE_MISSING"),
        (r"invalid subsidiary", "ENTITY_ROUTE_MISSING"),
        (r"sub-?list apply|unapplied|exceeds? the (?:amount|remaining)", "UNAPPLIED_CASH"),
        (r"must balance|out of balance", "UNBALANCED"),
        (r"exchange rate", "FX_RATE_MISSING"),
        (r"field '[^']+' was not found|invalid search query", "SCHEMA_CHANGE"),
        (r"following field: ?(?:entity|customer)\b", "ERP_CUSTOMER_MISSING"),
        (r"following field: ?item\b", "ITEM_UNKNOWN"),
        (r"following field: ?taxcode\b", "TAX_CODE_MISSING"),
        (r"(?:unknown|invalid|unrecogni[sz]ed) (?:property|field name|reference or field)", "SCHEMA_CHANGE"),
    )
)

_VALUE = re.compile(r"invalid field value (?P<value>.+?) for the following field", re.IGNORECASE)
_INDEX = re.compile(r"\[[0-9]+\]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """One answer of NetSuite's, read: the first detail decides, all of them are evidence."""

    reason: str
    code: str
    field: str
    value: str
    text: str
    details: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def read_refusal(body: object) -> Refusal | None:
    """The refusal in an error body, or None when the body is not NetSuite's own error form."""
    details = body.get("o:errorDetails") if isinstance(body, dict) else None
    if not isinstance(details, list):
        return None
    rows = [row for row in details if isinstance(row, dict)]
    first = rows[0] if rows else {}
    code, path, text = (str(first.get(name) or "") for name in ("o:errorCode", "o:errorPath", "detail"))
    reason, named = classify(code=code, path=path, text=text)
    value = _VALUE.search(text)
    return Refusal(
        reason=reason,
        code=code,
        field=named or path,
        value=value["value"] if value else "",
        text=text or str(body.get("title") or "") if isinstance(body, dict) else text,
        details=rows,
    )


def classify(*, code: str, path: str, text: str) -> tuple[str, str]:
    """Our reason, and the field NetSuite's words name where they name one."""
    if code in BY_CODE:
        return BY_CODE[code], ""
    steps = _INDEX.sub("", path).lower().split(".")
    if steps[-1] in BY_FIELD:
        return BY_FIELD[steps[-1]], ""
    if steps[0] == "apply":
        return "UNAPPLIED_CASH", ""
    for pattern, reason in BY_TEXT:
        if found := pattern.search(text):
            return reason, (found.groupdict().get("field") or "").strip()
    return "UNCLASSIFIED", ""
