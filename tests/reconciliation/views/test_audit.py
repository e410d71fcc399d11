"""The audit page: how far the journal is sealed, anchored and verified; its entries by person, action, object, day."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reconciliation import audit, figures_audit
from sync import anchors, journal, sealing
from sync.models import JournalCheck
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import text_of
from tests.small_company import Company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


def note(key: str, *, action: str = "looked", kind: str = "page", trail: str = "", user: User | None = None) -> None:
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind=kind,
                object_key=key,
                text=f"It happened to {kind} {key}.",
                correlation_id=trail,
                user=user,
            )
        ]
    )


def shown(**chosen: str) -> list[str]:
    """Keys of the entries these filters show, the newest first."""
    return [row.entry.object_key for row in figures_audit.entries(figures_audit.Filters(chosen))[0]]


def test_before_anything_happened_the_page_says_so(company: Company, auditor: Client) -> None:
    page = text_of(auditor, "/audit/")
    assert "Nothing happened yet." in page and "Nothing is sealed yet" in page and "Nothing waits" in page
    assert "the first anchor is written within the hour" in page and "verified once a day" in page


def test_seals_anchor_and_verification_are_shown(company: Company, machine: Any, auditor: Client) -> None:
    # given two sealed entries, an anchor, a verification, and an entry that has just been written
    note("1")
    note("2")
    sealing.seal_due()
    anchor = anchors.anchor()
    audit.verify(by="the timetable")
    note("3")
    standing = figures_audit.standing()
    assert standing.last and standing.last.number == 2 and standing.waiting == 1 and not standing.is_slow
    assert standing.anchor == anchor and standing.check and standing.check.is_good
    page = text_of(auditor, "/audit/")
    assert "Number 2, " in page and standing.last.sha256 in page and "1, written within the last minute" in page
    assert "Unbroken" in page and "by the timetable" in page and "Anchors that agree: 1." in page
    assert "waits" in page and "All verifications of late" in page


def test_what_is_late_is_said(company: Company, machine: Any, auditor: Client) -> None:
    note("1")
    sealing.seal_due()
    anchors.anchor()
    audit.verify(by="the timetable")
    note("2")
    machine.passes(hours=27)
    page = text_of(auditor, "/audit/")
    assert "1, the oldest for 1 d 3 h" in page
    assert "1 d 3 h ago; expected every hour" in page and "Unbroken, but 1 d 3 h ago" in page


def test_anchors_that_never_came_are_said(company: Company, machine: Any, auditor: Client) -> None:
    note("1")
    sealing.seal_due()
    assert "the first anchor is written within the hour" in text_of(auditor, "/audit/")
    machine.passes(hours=3)
    assert "No anchor is here, and one is expected every hour" in text_of(auditor, "/audit/")


def test_a_broken_journal_stands_above_everything_with_its_case(company: Company, auditor: Client) -> None:
    # given a chain whose end was anchored and is gone
    note("1")
    sealing.seal_due()
    anchors.anchor()
    text = anchors.path().read_text()
    anchors.path().write_text(text.replace('"number": 1', '"number": 7'))
    audit.verify(by="the timetable")
    page = text_of(auditor, "/audit/")
    case = figures_audit.standing().case
    assert case and "The journal does not verify." in page and f"{case.number}</a> is open for" in page
    assert "The end of the chain is missing: it ends at number 1, and number 7 was anchored" in page


def test_anchors_that_cannot_be_read_are_said_in_words(company: Company, auditor: Client) -> None:
    anchors.path().mkdir(parents=True)
    assert "The anchors cannot be read here: Is a directory." in text_of(auditor, "/audit/")


def test_entries_are_found_by_person_action_object_and_day(company: Company, machine: Any) -> None:
    jo = person("jo", "Auditor")
    note("1", user=jo)
    note("EXC-1", kind="case", action="case taken", trail="deal:1", user=jo)
    machine.passes(days=1)
    note("2", trail="deal:1")
    assert shown() == ["2", "EXC-1", "1"]
    assert shown(person=str(jo.pk)) == ["EXC-1", "1"] and shown(person="portal") == ["2"]
    assert shown(action="case taken") == ["EXC-1"]
    assert shown(kind="page") == ["2", "1"] and shown(key="EXC-1") == ["EXC-1"]
    assert shown(key="deal:1") == ["2", "EXC-1"] and shown(key="deal:1", kind="case") == ["EXC-1"]
    assert shown(since="2026-05-15") == ["2"] and shown(until="2026-05-14") == ["EXC-1", "1"]
    assert shown(since="2026-05-14", until="2026-05-14", person=str(jo.pk), action="looked") == ["1"]


@pytest.mark.parametrize(
    "query",
    [
        "person=nobody",
        "person=99999999999999999999",
        "action=x%00",
        "since=2026-13-01",
        "until=9999-12-31",
        "until=yesterday",
        "before=-1",
        "before=99999999999999999999",
        "key=%00",
    ],
)
def test_what_makes_no_sense_is_left_out(company: Company, auditor: Client, query: str) -> None:
    note("1")
    assert "It happened to page 1." in text_of(auditor, f"/audit/?{query}")


def test_nothing_that_fits_is_said_with_a_way_back(company: Company, auditor: Client) -> None:
    note("1")
    assert "Nothing matches." in text_of(auditor, "/audit/?key=EXC-9")


def test_a_long_journal_is_paged_by_what_came_before(
    company: Company, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given five entries, two to a page, and more that come in while somebody reads
    monkeypatch.setattr(figures_audit, "PAGE", 2)
    for number in range(5):
        note(str(number))
    filters, seen, after = figures_audit.Filters({"kind": "page"}), [], ""
    while True:
        rows, following = figures_audit.entries(filters, before=after)
        seen += [row.entry.object_key for row in rows]
        note("new")
        if following is None:
            break
        after = str(following)
    assert seen == ["4", "3", "2", "1", "0"]
    page = text_of(auditor, f"/audit/?kind=page&before={after}")
    assert 'href="?kind=page">First page' in page and "Next page" not in page


def test_only_who_may_see_the_journal_may_look_and_nobody_writes(company: Company, client: Client) -> None:
    for role in ("Executive", "User admin"):
        assert desk_people.signed_in(role).get("/audit/").status_code == 403
        assert "/audit/" not in desk_people.signed_in(role).get("/admin/").content.decode()
    client.force_login(person("auditor", "Auditor"))
    assert client.post("/audit/").status_code == 405
    assert 'href="/audit/"' in client.get("/admin/").content.decode()


def test_only_the_newest_verifications_are_listed(company: Company, machine: Any) -> None:
    for _ in range(figures_audit.CHECKS + 2):
        machine.passes(timedelta(days=1).total_seconds())
        audit.verify(by="the timetable")
    assert JournalCheck.objects.count() == figures_audit.CHECKS + 2
    assert len(figures_audit.standing().checks) == figures_audit.CHECKS
