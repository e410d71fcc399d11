"""Every text of code and templates has a German translation with the same places, and nothing else is translated."""

from pathlib import Path

import polib
import pytest

from tests.languages import catalogue
from tests.languages.catalogue import Text, places

both = pytest.mark.parametrize("of", [catalogue.PAGES, catalogue.SCRIPTS], ids=["pages", "scripts"])


def book(of: Path) -> dict[Text, polib.POEntry]:
    return {catalogue.text_of(entry): entry for entry in catalogue.read(of)}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@both
def test_every_text_has_a_translation(of: Path) -> None:
    known = book(of)
    lacking = {
        text: where
        for text, where in catalogue.said(of).items()
        if text not in known or not all(translations(known[text]))
    }
    assert not lacking, "run `make messages` and translate what it adds"


@both
def test_nothing_is_translated_that_nothing_says_any_more(of: Path) -> None:
    assert not book(of).keys() - catalogue.said(of).keys(), "run `make messages`"


@both
def test_a_translation_has_the_places_of_its_text(of: Path) -> None:
    wrong = {
        text.msgid: said
        for text, entry in book(of).items()
        for said in translations(entry)
        # the singular may be without the number, and its plural need not be
        if places(said) not in (places(text.msgid), places(text.plural or text.msgid))
    }
    assert not wrong


@both
def test_what_is_compiled_is_what_was_written(of: Path) -> None:
    compiled = polib.mofile(str(of.with_suffix(".mo")))
    assert {(one.msgctxt, one.msgid): translations(one) for one in compiled} == {
        (one.msgctxt, one.msgid): translations(one) for one in catalogue.read(of) if one.translated()
    }, "run `make messages`"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{% load i18n %}{% translate 'A' %}", {Text("A")}),
        ('{% load i18n %}{% status "good" _("B (b)") %}', {Text("B (b)")}),
        ("{% load i18n %}{% blocktranslate with a=b %}C {{ a }}{% endblocktranslate %}", {Text("C %(a)s")}),
        (
            "{% load i18n %}{% blocktranslate count n=n trimmed %}\n1\n{% plural %}\n {{ n }}{% endblocktranslate %}",
            {Text("1", plural="%(n)s")},
        ),
        ("{% load i18n %}{% translate 'D' context \"date\" %}", {Text("D", context="date")}),
    ],
)
def test_texts_of_a_template_are_found(text: str, found: set[Text], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(text)
    assert set(catalogue._of_template(page)) == found
