"""Pages in German: nothing on them that has a German text is said in English; what is kept stays in English."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from q2c_portal.roles import ROLES
from reconciliation.controls import runner
from reconciliation.models import ExceptionCase, Profile
from sync.models import JournalEntry
from tests.browser import pages
from tests.languages import catalogue
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db

#: attributes people see or hear
_SPOKEN = ("aria-label", "title", "placeholder", "data-offer", "data-label", "alt")
#: what is the same word in both languages, or a name
_ALIKE = re.compile(r"[\W\d_]*$")


class _Words(HTMLParser):
    """Every piece of text of a page, and every attribute that is read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "pre"):
            self._inside.append(tag)
        classes = dict(attrs).get("class") or ""
        self._icon = "material-symbols" in classes
        self.found |= {" ".join((value or "").split()) for name, value in attrs if name in _SPOKEN}

    def handle_endtag(self, tag: str) -> None:
        self._icon = False
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and not self._icon:
            self.found.add(" ".join(data.split()))

    _icon = False


def words(page: str) -> set[str]:
    """Of the page itself; the sidebar ends with the names of tables, which are as Django has them."""
    reader = _Words()
    reader.feed(page[page.index("<main") : page.index("</main>")])
    return {word for word in reader.found if not _ALIKE.match(word)}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """Every main page with work on it: name -> role and address."""
    story = desk_people.company()
    told.paid_deal(story)
    sides = told.sides_of(story)
    monkeypatch.setattr(runner.staging, "read_side", sides.read_side)

    def lost_invoice() -> str:
        sides.lines["invoices", "right"] = []
        runner.run("invoices", entity=story.entity, business_date=told.DAY)
        return f"/x/{ExceptionCase.objects.get(reason='MISSING_IN_TARGET').number}"

    return pages.main_pages(lost_invoice)


def german(role: str) -> Client:
    """Somebody who has chosen German."""
    client = desk_people.signed_in(role)
    assert client.post("/profile/", {"language": "de"}).status_code == 302
    return client


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    """Every text without places that is another one in German -> the German one."""
    return {
        " ".join(entry.msgid.split()): entry.msgstr
        for entry in catalogue.read()
        if not entry.msgid_plural and entry.msgstr and entry.msgstr != entry.msgid and not catalogue.places(entry.msgid)
    }


def test_no_page_says_in_english_what_there_is_in_german(
    desk: dict[str, tuple[str, str]], english: dict[str, str]
) -> None:
    # names of roles are rows, and are called the same by everybody; the others are a vendor's word for an invoice, and
    # what a preview was kept with
    same_in_german = set(english.values()) | set(ROLES) | {"open", "none"}
    left: dict[str, list[str]] = {}
    for name, (role, path) in desk.items():
        answer = german(role).get(path)
        assert answer.status_code == 200, name
        assert answer.headers["Content-Language"] == "de" and '<html lang="de"' in answer.content.decode()
        shown = words(answer.content.decode())
        if found := sorted((shown & english.keys()) - same_in_german):
            left[name] = found
    assert not left, "\n".join(f"{name}: {found}" for name, found in left.items())


def test_what_somebody_does_on_a_german_page_is_kept_in_english(desk: dict[str, tuple[str, str]]) -> None:
    before = set(JournalEntry.objects.values_list("pk", flat=True))
    case = ExceptionCase.objects.get(reason="MISSING_IN_TARGET")
    client = german("Finance preparer")

    def version() -> str:
        found = re.search(r'data-version="([^"]+)"', client.get(f"/x/{case.number}").content.decode())
        assert found
        return found[1]

    client.post(f"/x/{case.number}/take", {"version": version()})
    client.post(f"/x/{case.number}/comment", {"version": version(), "text": "Bitte ansehen"})
    entries = JournalEntry.objects.exclude(pk__in=before)
    assert entries
    translated = {entry.msgstr for entry in catalogue.read() if entry.msgstr != entry.msgid}
    assert not {one.text for one in entries} & translated
    assert all(re.search(r"\b(took|taken|commented|wrote|takes)\b", one.text) for one in entries), [
        one.text for one in entries
    ]


def test_what_goes_to_a_file_is_in_english(desk: dict[str, tuple[str, str]]) -> None:
    plain = desk_people.signed_in("Finance preparer").get("/queue/export.csv").content
    assert german("Finance preparer").get("/queue/export.csv").content == plain


def test_a_chosen_language_is_remembered_for_every_page_and_the_next_sign_in(desk: dict[str, tuple[str, str]]) -> None:
    client = desk_people.signed_in("Finance preparer")
    assert client.get("/queue/").headers["Content-Language"] == "en"
    client.post("/profile/", {"language": "de"})
    for path in ("/queue/", "/admin/", "/words.js"):
        assert client.get(path).headers["Content-Language"] == "de"
    again = desk_people.signed_in("Finance preparer")
    assert again.get("/queue/").headers["Content-Language"] == "de"
    assert "Warteschlange" in again.get("/words.js").content.decode()
    again.post("/profile/", {"language": "en"})
    assert again.get("/queue/").headers["Content-Language"] == "en"


def test_an_unknown_language_is_refused_in_words(desk: dict[str, tuple[str, str]]) -> None:
    answer = desk_people.signed_in("Finance preparer").post("/profile/", {"language": "xx"})
    assert answer.status_code == 422 and "Choose one of the list" in answer.content.decode()
    assert not Profile.objects.filter(language="xx").exists()
