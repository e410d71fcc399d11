"""The catalogue of German texts: what code and templates say, what has a translation, and bringing both together.

`make messages` writes new texts into the catalogue, without a translation, takes out what nothing says any more, and
compiles it. xgettext is not needed: Python is read as Python, templates by Django's own reader of them.
"""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django
import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
_HERE = ROOT / "reconciliation" / "locale" / "de" / "LC_MESSAGES"
#: of what the portal itself draws, and of what its scripts say
PAGES, SCRIPTS = _HERE / "django.po", _HERE / "djangojs.po"
PACKAGES = ("reconciliation", "q2c_portal")
_CALLS = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
}
_IN_TEMPLATE = re.compile(r"\b(_|gettext|ngettext|pgettext|npgettext)\(")
_IN_SCRIPT = re.compile(r'\b(n?gettext|words)\(("(?:[^"\\]|\\.)*")(?:, ("(?:[^"\\]|\\.)*"))?')
#: places values are put into: `%(name)s`, `%s` and `{name}`, also `{name:…}`
_PLACES = re.compile(r"%\((\w+)\)s|\{(\w*)(?:[.!:][^{}]*)?\}|(%s)")


@dataclass(frozen=True, order=True)
class Text:
    """One text as gettext is asked for it."""

    msgid: str
    context: str = ""
    plural: str = ""


def said(catalogue: Path) -> dict[Text, list[str]]:
    """Every text a catalogue is of, and where it is said."""
    found: dict[Text, list[str]] = {}
    for path in _files(catalogue):
        for text in _READERS[path.suffix](path):
            found.setdefault(text, []).append(path.relative_to(ROOT).as_posix())
    if catalogue == PAGES:
        from tests.languages.labels import labels

        for words, place in labels():
            found.setdefault(Text(words), []).append(place)
    return found


def _files(catalogue: Path) -> list[Path]:
    if catalogue == SCRIPTS:
        return sorted((ROOT / "templates").rglob("*.js"))
    code = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [*code, *sorted((ROOT / "templates").rglob("*.html"))]


def places(text: str) -> list[str]:
    """Names of the values a text has room for; what goes by its place alone as often as it is there."""
    found = ["".join(one) for one in _PLACES.findall(text.replace("%%", ""))]
    return sorted(set(found) - {"%s"}) + ["%s"] * found.count("%s")


def read(catalogue: Path = PAGES) -> polib.POFile:
    return polib.pofile(str(catalogue), wrapwidth=118)


def text_of(entry: polib.POEntry) -> Text:
    return Text(entry.msgid, entry.msgctxt or "", entry.msgid_plural or "")


def bring_together(catalogue: Path) -> tuple[int, int]:
    """Texts that are said into a catalogue, what is said no more out of it; how many joined and left."""
    wanted, book = said(catalogue), read(catalogue)
    known = {text_of(entry): entry for entry in book}
    for text in sorted(wanted.keys() - known.keys()):
        plural = {"msgid_plural": text.plural, "msgstr_plural": {0: "", 1: ""}} if text.plural else {}
        book.append(polib.POEntry(msgid=text.msgid, msgctxt=text.context or None, **plural))
    gone = known.keys() - wanted.keys()
    for text in gone:
        book.remove(known[text])
    for entry in book:
        entry.occurrences = [(place, "") for place in sorted(set(wanted[text_of(entry)]))]
        entry.flags = []
    book.sort(key=lambda entry: (entry.occurrences[0][0], entry.msgid, entry.msgctxt or ""))
    book.save(str(catalogue), newline="\n")
    book.save_as_mofile(str(catalogue.with_suffix(".mo")))
    return len(wanted.keys() - known.keys()), len(gone)


def _of_python(path: Path) -> Iterator[Text]:
    return _of_calls(ast.parse(path.read_text(encoding="utf-8")))


def _of_template(path: Path) -> Iterator[Text]:
    """Django turns a template into calls of gettext for this very purpose; each is read by itself."""
    source = templatize(path.read_text(encoding="utf-8"), origin=path.name)
    for call in _IN_TEMPLATE.finditer(source):
        yield from _of_calls(ast.parse(_whole_call(source, call.start())))


def _of_script(path: Path) -> Iterator[Text]:
    for name, text, plural in _IN_SCRIPT.findall(path.read_text(encoding="utf-8")):
        yield Text(json.loads(text), plural=json.loads(plural) if name == "ngettext" else "")


def _whole_call(source: str, start: int) -> str:
    """From the name of a function to the bracket that ends its call."""
    depth, quote, at = 0, "", source.index("(", start)
    while True:
        letter = source[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if not depth:
                return source[start : at + 1]
        at += 1


def _of_calls(tree: ast.AST) -> Iterator[Text]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in _CALLS:
            continue
        name = node.func.id.removesuffix("_lazy").removesuffix("_noop")
        words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if name in ("_", "gettext") and len(words) == 1:
            yield Text(words[0])
        elif name == "ngettext" and len(words) == 2:
            yield Text(words[0], plural=words[1])
        elif name == "pgettext" and len(words) == 2:
            yield Text(words[1], context=words[0])
        elif name == "npgettext" and len(words) == 3:
            yield Text(words[1], context=words[0], plural=words[2])


_READERS: dict[str, Callable[[Path], Iterator[Text]]] = {
    ".py": _of_python,
    ".html": _of_template,
    ".js": _of_script,
}


def main() -> int:
    django.setup()
    for catalogue in (PAGES, SCRIPTS):
        joined, gone = bring_together(catalogue)
        lacking = sum(not entry.translated() for entry in read(catalogue))
        print(f"{catalogue.relative_to(ROOT)}: {joined} texts joined, {gone} left; {lacking} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
