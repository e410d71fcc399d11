"""Salesforce record ids: a key prefix, a base-62 number, and a suffix that makes upper and lower case tell apart."""

import re
from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
#: the pod the organisation pretends to live on; two characters after the key prefix
POD = "5g"


@lru_cache(maxsize=100_000)
def suffix(short: str) -> str:
    """The three check characters of a 15-character id: one per five characters, a bit per upper-case letter."""
    return "".join(
        SUFFIXES[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )


def make_id(prefix: str, number: int) -> str:
    """An 18-character id with this key prefix; the same number gives the same id."""
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    short = prefix + POD + "0" + text.rjust(9, "0")
    return short + suffix(short)


def long_id(text: object) -> str | None:
    """The 18-character form of an id given in 15 or 18 characters; None when it is no id."""
    if not isinstance(text, str) or not SHAPE.fullmatch(text):
        return None
    if len(text) == 15:
        return text + suffix(text)
    short, check = text[:15], suffix(text[:15])
    # The check characters themselves may come in either case, but a wrong one is a wrong id.
    return short + check if text[15:].upper() == check else None
