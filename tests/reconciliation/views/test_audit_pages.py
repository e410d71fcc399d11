"""The auditor's review of access and samples: who holds what must not meet, and the same draw for the same seed."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from reconciliation import figures_access, figures_sample
from sync import clock
from sync.models import Delivery, JournalEntry
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db
DAYS = {"first": f"{told.START - timedelta(days=5):%Y-%m-%d}", "last": f"{told.START + timedelta(days=5):%Y-%m-%d}"}


@pytest.fixture
def auditor() -> Client:
    told.whole()
    return desk_people.signed_in("Auditor")


@pytest.mark.parametrize("role", ["Finance approver", "Billing operations", "Integration support", "Executive"])
def test_both_are_for_auditors_and_configuration_admins(role: str) -> None:
    client = desk_people.signed_in(role)
    drawn = "?of=cases&seed=1"
    for path in ("access", f"sample{drawn}", "access/export.csv", f"sample/export.csv{drawn}"):
        assert client.get(f"/audit/{path}").status_code == 403, path
    assert "/audit/access" not in client.get("/audit/").content.decode()


def test_no_role_alone_holds_what_must_not_meet() -> None:
    for group in Group.objects.all():
        rights = set(group.permissions.values_list("codename", flat=True))
        assert not [words for both, words in figures_access.CONFLICTS.items() if rights.issuperset(both)], group.name


def test_who_holds_two_roles_that_must_not_meet_comes_first_and_is_named(auditor: Client) -> None:
    # given people of one role, one of two, a superuser, one with a right of their own, one who left
    both = desk_people.person("Finance preparer", "aa_both")
    both.groups.add(Group.objects.get(name="Finance approver"))
    User.objects.create_superuser("root", password="x")
    own = desk_people.person("Executive", "own_right")
    own.user_permissions.add(Permission.objects.get(codename="approve_money"))
    gone = desk_people.person("Finance approver", "gone")
    gone.groups.add(Group.objects.get(name="Finance preparer"))
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.filter(username="auditor").update(last_login=clock.now() - timedelta(days=100))
    # when access is reviewed
    found = {one.user.username: one for one in figures_access.people()}
    # then each is told apart
    assert next(iter(found)) == "aa_both" and list(found)[-1] == "gone"
    assert set(found["aa_both"].conflicts) == {
        "could ask for money to move and approve such requests",
        "could ask for mappings and settings and approve such requests",
        "could prepare reconciliations and sign them",
        "could begin to close a period and finish it",
    }
    assert "is a superuser" in found["root"].remarks[0]
    assert "holds rights of their own beside roles" in found["own_right"].remarks
    assert found["auditor"].remarks == ("did not sign in for 100 days",)
    # who cannot sign in is in nobody's way
    assert (found["gone"].conflicts, found["gone"].remarks) == ((), ())
    text = auditor.get("/audit/access").content.decode()
    assert "1 person holds rights that must not meet." in text
    assert "Could prepare reconciliations and sign them" in text
    taken = auditor.get("/audit/access/export.csv")
    assert "aa_both" in taken.content.decode() and taken.status_code == 200
    assert JournalEntry.objects.filter(object_kind="export").count() == 1


def test_a_sample_is_what_its_recipe_says(auditor: Client) -> None:
    population = figures_sample.POPULATIONS["postings"]
    first, last = (told.START + timedelta(days=days) for days in (-5, 5))
    posted = list(Delivery.objects.filter(posted_at__isnull=False).values_list("pk", flat=True))
    assert len(posted) >= 3
    for seed in ("1", "2", "a longer one, Ü"):
        by_hand = sorted(posted, key=lambda pk: hashlib.sha256(f"{seed}:postings:{pk}".encode()).hexdigest())
        for size in (2, 100):
            drawn = figures_sample.draw(population, first=first.date(), last=last.date(), seed=seed, size=size)
            assert drawn.out_of == len(posted)
            expected = [Delivery.objects.get(pk=pk) for pk in by_hand[:size]]
            assert [one.number for one in drawn.items] == [one.external_id or one.reference for one in expected]


@pytest.mark.parametrize("name", figures_sample.POPULATIONS)
def test_every_population_can_be_drawn_from(auditor: Client, name: str) -> None:
    answer = auditor.get("/audit/sample", {"of": name, "seed": "7", **DAYS})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Draw" in text and ("of 0:" not in text or "Nothing to draw from." in text)


def test_a_day_counts_from_midnight_to_midnight(auditor: Client) -> None:
    population = figures_sample.POPULATIONS["postings"]
    row = Delivery.objects.filter(posted_at__isnull=False).first()
    assert row is not None
    day = told.START.date() + timedelta(days=40)
    for hours, inside in ((0, True), (23.9999, True), (24, False), (-0.0001, False)):
        moment = told.START.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=40, hours=hours)
        Delivery.objects.filter(pk=row.pk).update(posted_at=moment)
        found = figures_sample.draw(population, first=day, last=day, seed="1", size=9).out_of
        assert found == int(inside), hours


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"first": "soon"}, "Give a date such as 2026-05-14."),
        ({"first": "2026-05-14", "last": "2026-05-13"}, "This day is before the first one."),
        ({"size": "0"}, "Give a number from 1 to 250."),
        ({"size": "251"}, "Give a number from 1 to 250."),
        ({"size": "-1"}, "Give a number from 1 to 250."),
        ({"size": "٣"}, "Give a number from 1 to 250."),
        ({"of": "people"}, "Choose one of the list."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(auditor: Client, given: dict[str, str], words: str) -> None:
    asked = {"of": "cases", "seed": "1"} | given
    text = auditor.get("/audit/sample", asked).content.decode()
    assert words in text and "aria-invalid" in text and "drawn-title" not in text
    assert auditor.get("/audit/sample/export.csv", asked).status_code == 404


def test_without_a_seed_the_form_offers_one_by_chance(auditor: Client) -> None:
    first, second = (auditor.get("/audit/sample").content.decode() for _ in range(2))
    assert "drawn-title" not in first
    assert first != second


def test_a_sample_as_a_file_says_how_it_was_drawn(auditor: Client) -> None:
    asked = {"of": "postings", "seed": "42", "size": "2", **DAYS}
    rows = list(csv.reader(io.StringIO(auditor.get("/audit/sample/export.csv", asked).content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[-2:]] == ["1", "2"]
    entry = JournalEntry.objects.get(object_kind="export")
    assert "seed 42" in entry.text and "seed=42" in entry.details["address"]
