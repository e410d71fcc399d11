"""The letters papers are set in, and what stands for a letter the font does not have.

Open Sans (Apache License 2.0, from the package ttf-opensans) has the Latin, Greek and Cyrillic letters with all their
accents; its digits are all of one width. Others, such as Japanese or Arabic letters, are written by their Unicode
numbers in square brackets, so that nothing is lost and nothing is guessed.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FAMILY = "Open Sans"
#: style of fpdf2 -> file of the package
STYLES = {"": "OpenSans-Regular.ttf", "B": "OpenSans-SemiBold.ttf"}
#: told where a paper has such letters
EXPLANATION = (
    "Numbers in square brackets are the Unicode numbers of letters that this paper's font does not have; the page of"
    " this sign-off shows the letters themselves."
)
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")


def path_of(style: str) -> str:
    """Where the font file of a style is."""
    return str(files("ttf_opensans") / "ttf" / STYLES[style])


@cache
def _known() -> frozenset[int]:
    """Every letter that all styles have."""
    found: list[set[int]] = []
    for style in STYLES:
        with TTFont(path_of(style), lazy=True) as font:
            found.append(set(font.getBestCmap()))
    return frozenset(set.intersection(*found))


def printable(text: str) -> str:
    """The text with letters the font has: accents joined, spaces and line ends as one space, the rest as numbers."""
    known, out, missing = _known(), [], []
    for letter in [*_UNSEEN.sub(" ", unicodedata.normalize("NFC", text)).strip(), ""]:
        if letter and ord(letter) not in known:
            missing.append(f"{ord(letter):04X}")
            continue
        if missing:
            out.append(f"[{' '.join(missing)}]")
            missing = []
        out.append(letter)
    return "".join(out)


def lacks(text: str) -> bool:
    """Whether a text has letters that are written by their numbers."""
    known = _known()
    return any(ord(letter) not in known for letter in _UNSEEN.sub(" ", unicodedata.normalize("NFC", text)))
