"""What can be said of a page without a browser: every element ends, ids are unique, tables have headers, words have no
gaps.
"""

import re
from html.parser import HTMLParser

from django.test import Client

#: elements that have no end
VOID = frozenset("area base br col embed hr img input link meta source track wbr path circle rect line".split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        own = values.get("id")
        if own:
            if own in self.ids:
                self.problems.append(f"id {own} twice")
            self.ids.add(own)
        if tag == "th" and values.get("scope") not in ("col", "row"):
            self.problems.append("a header without a scope")
        if tag == "a" and not values.get("href"):
            self.problems.append("a link to nowhere")
        if values.get("role") == "region" and not values.get("aria-label"):
            self.problems.append("a region without a name")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> ends {self.open[-1:] or 'nothing'}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)


def problems(page: str) -> list[str]:
    """What is wrong with the part of a page between `<main` and `</main>`."""
    start, end = page.index("<main"), page.index("</main>") + len("</main>")
    reader = _Reader()
    reader.feed(page[start:end])
    found = list(reader.problems) + [f"<{tag}> never ends" for tag in reader.open]
    said = " ".join(reader.words)
    found += [f"words: {mark}" for mark in ("{{", "{%", "None", "Decimal(", "  ,") if mark in " ".join(said.split())]
    return found


def text_of(client: Client, path: str, *, status: int = 200) -> str:
    """A page's text with single spaces, opened by somebody; fails where its status or its markup is wrong."""
    answer = client.get(path)
    assert answer.status_code == status, path
    assert problems(answer.content.decode()) == [], path
    return re.sub(r"\s+", " ", answer.content.decode())


def words_of(page: str) -> str:
    """What is read, without the marks."""
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))
