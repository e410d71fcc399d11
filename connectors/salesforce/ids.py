"""Salesforce record ids: 15 characters that differ by case, or 18 that do not."""

import re

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

#: first three characters -> object
OBJECTS = {"001": "Account", "003": "Contact", "006": "Opportunity", "01t": "Product2", "800": "Contract"}


def is_id(text: object) -> bool:
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def full_id(text: str) -> str:
    """The 18-character form: each of the last three characters tells which of five letters are capitals.

    Raises ValueError for anything that is no id.
    """
    if not is_id(text):
        raise ValueError(f"{text[:40]!r} is not a Salesforce id of 15 or 18 characters")
    return text if len(text) == 18 else text + _suffix(text)


def is_true_id(text: object) -> bool:
    """Whether its last three characters, if there, fit the others; one that is not spoils a whole query."""
    return isinstance(text, str) and is_id(text) and (len(text) == 15 or text[15:] == _suffix(text))


def _suffix(text: str) -> str:
    return "".join(
        _SUFFIX[sum(letter.isupper() << place for place, letter in enumerate(text[start : start + 5]))]
        for start in (0, 5, 10)
    )


def object_of(record_id: str) -> str:
    """The object a record belongs to, by its prefix; empty when we do not know the prefix."""
    return OBJECTS.get(record_id[:3], "")
