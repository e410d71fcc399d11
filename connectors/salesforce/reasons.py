"""What Salesforce's refusals mean to us: its code and field first, its words last."""

import re

#: errorCode -> our reason
BY_CODE = {
    "INVALID_FIELD": "SCHEMA_CHANGE",
    "INVALID_TYPE": "SCHEMA_CHANGE",
    "MALFORMED_QUERY": "SCHEMA_CHANGE",
    "JSON_PARSER_ERROR": "SCHEMA_CHANGE",
    "UNSUPPORTED_API_VERSION": "SCHEMA_CHANGE",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "PERMISSION_MISSING",
    "INSUFFICIENT_ACCESS_OR_READONLY": "PERMISSION_MISSING",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "PERMISSION_MISSING",
    "API_DISABLED_FOR_ORG": "PERMISSION_MISSING",
    "NOT_FOUND": "FEEDBACK_REFUSED",
    "ENTITY_IS_DELETED": "CUSTOMER_MERGED",
    "DUPLICATE_VALUE": "FEEDBACK_REFUSED",
    "DUPLICATES_DETECTED": "FEEDBACK_REFUSED",
    "REQUIRED_FIELD_MISSING": "FEEDBACK_REFUSED",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "FEEDBACK_REFUSED",
    "FIELD_INTEGRITY_EXCEPTION": "FEEDBACK_REFUSED",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "FEEDBACK_REFUSED",
    "INVALID_CROSS_REFERENCE_KEY": "FEEDBACK_REFUSED",
    "MALFORMED_ID": "FEEDBACK_REFUSED",
    "STRING_TOO_LONG": "FEEDBACK_REFUSED",
    "INVALID_EMAIL_ADDRESS": "FEEDBACK_REFUSED",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "FEEDBACK_REFUSED",
    "STORAGE_LIMIT_EXCEEDED": "FEEDBACK_REFUSED",
}
#: errorCode -> why it is worth another try although Salesforce answers 400 or 403
TRANSIENT = {
    "UNABLE_TO_LOCK_ROW": "SF_ROW_LOCK",
    "REQUEST_LIMIT_EXCEEDED": "RATE_LIMIT",
    "SERVER_UNAVAILABLE": "UNAVAILABLE",
    "UNKNOWN_EXCEPTION": "UNAVAILABLE",
    "QUERY_TIMEOUT": "UNAVAILABLE",
    "INVALID_QUERY_LOCATOR": "UNAVAILABLE",
    "TXN_SECURITY_METERING_ERROR": "UNAVAILABLE",
}
#: a trigger wraps another error's text into its own
WRAPPED = ((re.compile(r"UNABLE_TO_LOCK_ROW|unable to obtain exclusive access", re.I), "SF_ROW_LOCK"),)


def transient(code: str, words: str) -> str:
    """The reason for trying again later, or an empty text when that would not help."""
    if code in TRANSIENT:
        return TRANSIENT[code]
    for pattern, ours in WRAPPED:
        if pattern.search(words):
            return ours
    return ""


def reason(code: str) -> str:
    """Our reason code for a refusal; UNCLASSIFIED where no row fits."""
    return BY_CODE.get(code, "UNCLASSIFIED")
