"""Who may open and do what: every address, everybody there is, against a table somebody agreed to.

`WRITE_TABLE=1 make test PYTEST="tests/q2c_portal/permissions -m 'slow or not slow' -n 0"` writes the table anew, to be
read as a change like any other.
"""

import os
import re

import pytest

from tests.q2c_portal.permissions import crossing
from tests.q2c_portal.permissions.crossing import IN, METHODS, MISSING, NOBODY, PEOPLE, Address
from tests.q2c_portal.whole import whole

pytestmark = pytest.mark.django_db
LOOKS_ONLY = ("Auditor", "Executive")
#: what people of every role do for themselves, and what changes nothing
OWN = (
    *("profile/", "mentions/", "queue/views/", "people", "palette", "admin/password_change/", "admin/logout/"),
    *("admin/login/", "api/v1/absences/", "x/EXC-<pk>/here", "p/PRB-<pk>/mute", "x/EXC-<pk>/watch", "o/"),
)


#: these first ask whether what was seen is still what is there, and only then who asks; their own tests say who
SEEN_FIRST = {
    *(f"approvals/APR-<pk>/{word}" for word in ("approve", "refuse", "withdraw")),
    *(f"api/v1/matches/<number>/{word}" for word in ("approve", "keep", "undo", "withdraw")),
    *("api/v1/matches", "api/v1/reconciling-items", "controls/items/ITM-<pk>/withdraw", "queue/several/reverse"),
    *(f"sign-off/<control>/<entity>/<first>/<last>/{word}" for word in ("sign", "return")),
    *("tables/<name>/draft", "tables/<name>/try"),
}


def differences(found: dict[tuple[str, str], dict[str, str]]) -> list[str]:
    """Where somebody gets another answer than was agreed."""
    agreed = crossing.agreed()
    return [
        f"{method} {label}: {who} {mark}, agreed {agreed[label, method][PEOPLE.index(who)]}"
        for (label, method), marks in found.items()
        for who, mark in marks.items()
        if agreed[label, method][PEOPLE.index(who)] != mark
    ]


def test_every_address_is_in_the_table_and_no_other() -> None:
    there = {(one.label, method) for one in crossing.addresses() for method in METHODS}
    assert there == set(crossing.agreed()), "write the table anew, and read what changed"


def test_nobody_comes_in_without_signing_in_and_who_only_looks_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice for every run: all addresses without a sign-in, and the portal's own doors for an auditor's hand."""
    story = whole(monkeypatch)
    found = crossing.tried(story, [NOBODY])
    found |= crossing.tried(story, ["Auditor"], chosen=lambda one, method: method == "POST" and _is_ours(one))
    assert differences(found) == []


@pytest.mark.slow  # make stories
@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_what_was_agreed(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = crossing.tried(whole(monkeypatch), [who])
    broken = [f"{method} {label}" for (label, method), marks in found.items() if crossing.BROKEN in marks.values()]
    assert not broken, "\n".join(broken)
    if os.environ.get("WRITE_TABLE"):
        _write(who, found)
    assert differences(found) == []


def _write(who: str, found: dict[tuple[str, str], dict[str, str]]) -> None:
    rows = crossing.agreed() if crossing.TABLE.exists() else {}
    place = PEOPLE.index(who)
    for key, marks in found.items():
        before = rows.get(key, MISSING * len(PEOPLE))
        rows[key] = before[:place] + marks[who] + before[place + 1 :]
    crossing.TABLE.write_text(crossing.written({key: rows[key] for key in found}))


def _is_ours(one: Address) -> bool:
    return not one.label.startswith("admin/")


# -- what the table says ------------------------------------------------------------------------------
def marks_of(who: str, method: str) -> dict[str, str]:
    place = PEOPLE.index(who)
    return {label: marks[place] for (label, way), marks in crossing.agreed().items() if way == method}


@pytest.mark.parametrize("who", LOOKS_ONLY)
def test_who_only_looks_does_nothing_but_their_own(who: str) -> None:
    does = {label for label, mark in marks_of(who, "POST").items() if mark == IN and not label.startswith(OWN)}
    does -= SEEN_FIRST
    # lists, histories and searches of the admin only show, however they are asked
    shows = ("<object_id>/", "/history/", "/history/([^/]+)/", "search/")
    lists = re.compile(r"(admin/)?|admin/\w+/(\w+/)?")
    assert {label for label in does if not label.endswith(shows) and not lists.fullmatch(label)} == set()


def test_without_a_sign_in_only_what_is_meant_for_it_is_open() -> None:
    is_open = {label for method in METHODS for label, mark in marks_of(NOBODY, method).items() if mark == IN}
    # the way to sign in and out, and the doors where machines show who they are
    ways = {"", "admin/login/", "admin/logout/", "o/token/", "o/revoke_token/"}
    assert is_open == {"healthz", "readyz", *ways}


def test_without_a_role_nothing_of_the_business_is_open() -> None:
    is_open = {label for label, mark in marks_of(crossing.NO_ROLE, "GET").items() if mark == IN}
    assert not {label for label in is_open if label.startswith(("x/", "p/", "t/", "approvals/APR", "api/v1/cases"))}


def test_nobody_both_asks_and_decides() -> None:
    """Where a door asks first who comes: who may prepare may not sign, who puts together does not accept."""
    for who in PEOPLE:
        may = {label for label, mark in marks_of(who, "POST").items() if mark == IN}
        assert not {"api/v1/sign-offs", "api/v1/sign-offs/<number>/sign"} <= may, who
        assert not {"api/v1/matches/<number>/take-up", "api/v1/reconciling-items/<number>/accept"} <= may, who
