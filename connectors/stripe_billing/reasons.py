"""What Stripe's refusals mean to us: its code and parameter first, its words last."""

import re

#: (code, parameter) -> our reason; a parameter may be the start of the full one, "" fits any
BY_CODE: tuple[tuple[str, str, str], ...] = (
    ("resource_missing", "items", "PRODUCT_UNMAPPED"),
    ("resource_missing", "product", "PRODUCT_UNMAPPED"),
    ("resource_missing", "price", "PRODUCT_UNMAPPED"),
    ("resource_missing", "tax_rates", "TAX_CODE_MISSING"),
    ("resource_missing", "default_tax_rates", "TAX_CODE_MISSING"),
    ("resource_missing", "invoice", "ORPHAN_INVOICE"),
    ("product_inactive", "", "PRODUCT_UNMAPPED"),
    ("customer_tax_location_invalid", "", "COUNTRY_UNKNOWN"),
    ("country_unsupported", "", "COUNTRY_UNKNOWN"),
    ("country_code_invalid", "", "COUNTRY_UNKNOWN"),
    ("taxes_calculation_failed", "", "TAX_CODE_MISSING"),
    ("parameter_unknown", "", "SCHEMA_CHANGE"),
    ("parameters_exclusive", "", "SCHEMA_CHANGE"),
    ("parameter_invalid_integer", "", "AMOUNT_MISMATCH"),
    ("amount_too_large", "", "AMOUNT_MISMATCH"),
    ("amount_too_small", "", "AMOUNT_MISMATCH"),
    ("timestamp_invalid", "timestamp", "USAGE_LATE"),
    ("resource_missing", "event_name", "METER_MISSING"),
    ("resource_missing", "items[0][price]", "METER_MISSING"),
)
#: parameter alone, where the code says nothing
BY_PARAMETER: tuple[tuple[str, str], ...] = (
    ("address[country]", "COUNTRY_UNKNOWN"),
    ("currency", "CURRENCY_MISMATCH"),
)
#: words, for refusals that come without code and parameter
BY_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"cannot combine currencies|invalid currency", re.I), "CURRENCY_MISMATCH"),
    (re.compile(r"no such (product|price|plan)", re.I), "PRODUCT_UNMAPPED"),
    (re.compile(r"country", re.I), "COUNTRY_UNKNOWN"),
    (re.compile(r"received unknown parameter", re.I), "SCHEMA_CHANGE"),
)

#: refusals that end by themselves although Stripe answers 400
TRANSIENT = frozenset({"rate_limit", "lock_timeout", "idempotency_key_in_use"})


def reason(*, code: str, parameter: str, words: str) -> str:
    """Our reason code for a refusal; UNCLASSIFIED where no row fits."""
    for known_code, start, ours in BY_CODE:
        if code == known_code and parameter.startswith(start):
            return ours
    for start, ours in BY_PARAMETER:
        if parameter.startswith(start):
            return ours
    for pattern, ours in BY_WORDS:
        if not code and not parameter and pattern.search(words):
            return ours
    return "UNCLASSIFIED"
