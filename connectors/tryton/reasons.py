"""What Tryton's refusals mean to us: it has no codes, so a table from its English sentences to our reasons."""

import re

#: first match wins; a group named `field` or `value` is passed on
BY_TEXT = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), reason)
    for pattern, reason in (
        (r'you must reopen the (?:period|fiscal year) "(?P<value>[^"]+)"', "PERIOD_CLOSED"),
        (r'you must create a (?:period|fiscal year) for the date "(?P<value>[^"]+)"', "PERIOD_CLOSED"),
        (r"closed (?:journal-)?period", "PERIOD_CLOSED"),
        (r'value "(?P<value>[^"]*)" .*"(?P<field>Period|Move)".*(?:is not valid|domain)', "PERIOD_CLOSED"),
        (r'value is required for field "(?P<field>Party|Customer)"', "ERP_CUSTOMER_MISSING"),
        (r'value is required for field "(?P<field>Analytic[^"]*)"', "DIMENSION_MISSING"),
        (r'value is required for field "(?P<field>Product)"', "ITEM_UNKNOWN"),
        (r'"(?P<field>Party)".*(?:does not exist|has been deleted)', "ERP_CUSTOMER_MISSING"),
        (r"code on party must be unique|has already been used|must be unique", "DUPLICATE_DOC_NO"),
        (r'is similar to invoice "(?P<value>[^"]+)"', "DUPLICATE_DOC_NO"),
        (r"must equal the source value", "AMOUNT_MISMATCH"),
        (r"does not have the default taxes|taxes on invoice .* are not valid", "TAX_CODE_MISSING"),
        (r"balance all its lines|same debit .* and credit", "UNBALANCED"),
        (r"no (?:currency )?rate found|rate .* is not found|currency rate", "FX_RATE_MISSING"),
        (r"for field \"(?P<field>(?:second )?currency)\"|currency exchange", "CURRENCY_MISMATCH"),
        (r"payment lines amount .* greater|already reconciled|paid invoice|amount to pay", "UNAPPLIED_CASH"),
        (r"not allowed to|access (?:error|rights)|don't have permission", "PERMISSION_MISSING"),
        (r'field "(?P<field>[^"]+)" .* does not exist', "SCHEMA_CHANGE"),
    )
)

#: questions Tryton asks before it goes on, that are answered yes because they say nothing about our data;
#: every other one stops the document until a person has looked at it
HARMLESS = (
    # invoices come to us days after they were issued, and some are due at once
    re.compile(r"generates a payment date .* in the past", re.IGNORECASE),
)


def classify(text: str) -> tuple[str, str, str]:
    """Our reason, and the field and value Tryton's words name where they name them."""
    for pattern, reason in BY_TEXT:
        if found := pattern.search(text):
            named = found.groupdict()
            return reason, named.get("field") or "", named.get("value") or ""
    return "UNCLASSIFIED", "", ""


def comes_late(text: str) -> bool:
    """True when an invoice is older than the last one that got a number."""
    return "you must set an invoice date after" in text


def is_harmless(question: str) -> bool:
    """True for a warning that may be acknowledged without a person."""
    return any(pattern.search(question) for pattern in HARMLESS)
