"""Reads the words of a PDF back, page by page, without the library that drew it."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages(content: bytes) -> list[str]:
    """The words of each page, in the order they were written, a line for each piece."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    letters = _letters(objects)
    kids = next(body for body in objects.values() if b"/Type /Pages" in body)
    found = []
    for number in re.findall(rb"(\d+) 0 R", kids.split(b"/Kids")[1].split(b"]")[0]):
        reference = re.search(rb"/Contents (\d+) 0 R", objects[int(number)])
        assert reference
        found.append(_words(_stream(objects[int(reference[1])]), letters))
    return found


def words(content: bytes) -> str:
    """All pages as one text with single spaces."""
    return re.sub(r"\s+", " ", " ".join(pages(content)))


def _letters(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """Name of a font -> what each of its codes means."""
    found = {}
    for fonts in re.findall(rb"/Font <<(.*?)>>", b"\n".join(objects.values()), re.DOTALL):
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", fonts):
            reference = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
            assert reference
            pairs = _PAIR.findall(_stream(objects[int(reference[1])]))
            found[name] = {
                int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
                for code, text in pairs
                if len(code) == 4
            }
    return found


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _words(stream: bytes, letters: dict[bytes, dict[int, str]]) -> str:
    font, lines = b"", []
    for name, text in _SHOWN.findall(stream):
        if name:
            font = name
            continue
        raw = re.sub(rb"\\(.)", lambda one: _ESCAPED.get(one[1], one[1]), text, flags=re.DOTALL)
        codes = [int.from_bytes(raw[place : place + 2]) for place in range(0, len(raw), 2)]
        lines.append("".join(letters[font].get(code, "?") for code in codes))
    return "\n".join(lines)
