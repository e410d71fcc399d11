"""Makes text harmless for spreadsheets: nothing somebody typed into another system is ever run as a formula."""

import re

#: what begins a formula, also as East Asian keyboards type it
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
#: what a program may pass over before it looks whether there is a formula; `\s` knows all spaces and line ends
_UNSEEN = "\\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
#: a cell begins at the text's begin, and, for a program that reads semicolons or ignores quotes, after these as well
_STARTS = re.compile(rf"(?:\A|(?<=[;\t\r\n]))(?=[{_UNSEEN}]*[{_SIGNS}])|\A(?=[\t\r\n])")
#: the writer of XLSX files takes such a text for markup of its own
_MARKUP = re.compile(r"\A(?=<r>)")
PREFIX = "'"


def harmless(text: str) -> str:
    """The text, with an apostrophe before whatever a spreadsheet would run. Numbers of ours never come here."""
    return _MARKUP.sub(PREFIX, _STARTS.sub(PREFIX, text))
