"""Told once, not at all where it was dealt with, never in quiet hours, and again where the mail did not go out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction

from q2c_portal.schedule import ROUTES, TIMETABLE
from reconciliation.habits import mentions
from reconciliation.habits.notices import choices, telling
from reconciliation.models import ExceptionCase, MutedProblem, Notice, Profile
from reconciliation.tasks import tell_people
from sync import clock
from tests.reconciliation.notices.moments import Moment, at
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
#: a Tuesday afternoon, far from any digest
NOW = datetime(2026, 5, 12, 15, 0, tzinfo=UTC)


@pytest.fixture
def moment() -> Iterator[Moment]:
    with at(NOW) as made:
        yield made


@pytest.fixture
def case(moment: Moment) -> ExceptionCase:
    """One case that is due tomorrow, and a colleague who has an address."""
    desk_people.company()
    kim = desk_people.person("Finance preparer", "kim.lee")
    kim.email = "kim@example.com"
    kim.save()
    ExceptionCase.objects.update(due_at=NOW + timedelta(days=1))
    return desk_people.product_case()


def say(case: ExceptionCase, text: str = "@kim.lee please look") -> None:
    mentions.comment(case.pk, user=desk_people.person("Billing operations"), text=text)


def kim() -> Any:
    return desk_people.person("Finance preparer", "kim.lee")


def test_who_is_named_is_told_after_a_quarter_of_an_hour_once(case: ExceptionCase, moment: Moment) -> None:
    say(case)
    assert moment.later(minutes=1) == [] and moment.later(minutes=13) == []
    (sent,) = moment.later(minutes=2)
    assert sent.to == ["kim@example.com"] and case.number in sent.subject
    assert "@kim.lee please look" in sent.body and f"/x/{case.number}" in sent.body
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert moment.later(hours=1) == [] and Notice.objects.get().sent_at is not None


def test_who_has_looked_by_then_is_not_told(case: ExceptionCase, moment: Moment) -> None:
    say(case)
    moment.later(minutes=5)
    mentions.read(kim(), case=case)
    assert moment.later(minutes=15) == []
    assert Notice.objects.get().dropped_because == telling.OVER


def test_an_event_somebody_does_not_want_is_not_even_noted(case: ExceptionCase, moment: Moment) -> None:
    choices.choose(kim(), events=["late"], quiet_from=None, quiet_until=None)
    say(case)
    assert moment.later(minutes=20) == [] and not Notice.objects.exists()


def test_a_muted_problem_is_quiet_until_it_is_unmuted(case: ExceptionCase, moment: Moment) -> None:
    choices.mute(case.problem_id, user=kim())
    choices.mute(case.problem_id, user=kim())
    say(case)
    assert moment.later(minutes=20) == [] and MutedProblem.objects.count() == 1
    choices.unmute(case.problem_id, user=kim())
    say(case, "@kim.lee again")
    moment.later(minutes=1)
    # both: the first was never told
    assert len(moment.later(minutes=16)) == 2


@pytest.mark.parametrize(
    ("zone", "first", "last", "goes_out"),
    [
        ("UTC", time(14), time(18), datetime(2026, 5, 12, 18, 0, tzinfo=UTC)),
        # over midnight, on the reader's clock: 15:15 UTC is 00:15 of the next day there
        ("Asia/Tokyo", time(22), time(7), datetime(2026, 5, 12, 22, 0, tzinfo=UTC)),
        ("America/New_York", time(22), time(7), NOW + timedelta(minutes=15)),
    ],
)
def test_quiet_hours_are_on_the_readers_clock(
    case: ExceptionCase, moment: Moment, zone: str, first: time, last: time, goes_out: datetime
) -> None:
    choices.choose(kim(), events=["named"], quiet_from=first, quiet_until=last)
    Profile.objects.update(zone=zone)
    say(case)
    telling.tell_due()
    moment.now = goes_out - timedelta(minutes=1)
    assert moment.later() == []
    assert len(moment.later(minutes=1)) == 1


def test_quiet_hours_chosen_meanwhile_hold_too_and_cost_no_try(case: ExceptionCase, moment: Moment) -> None:
    say(case)
    telling.tell_due()
    choices.choose(kim(), events=["named"], quiet_from=time(14), quiet_until=time(18))
    assert moment.later(minutes=16) == []
    assert Notice.objects.get().tries == 0
    assert len(moment.later(hours=3)) == 1


class Down:
    """A mail server that is away."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *_: Any, **__: Any) -> int:
        self.calls += 1
        raise ConnectionRefusedError("no mail server at hand")


def test_a_mail_that_does_not_go_out_is_tried_later_and_given_up_at_last(
    case: ExceptionCase, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(case)
    telling.tell_due()
    down = Down()
    with monkeypatch.context() as patched:
        patched.setattr(mail.EmailMessage, "send", down)
        moment.later(minutes=16)
        moment.later(minutes=1)
        assert down.calls == 1 and Notice.objects.get().trouble == "no mail server at hand"
    # it is back
    assert len(moment.later(minutes=5)) == 1
    say(case, "@kim.lee more")
    telling.tell_due()
    monkeypatch.setattr(mail.EmailMessage, "send", down)
    for _ in range(100):
        moment.later(minutes=5)
    assert down.calls == 1 + telling.TRIES
    assert Notice.objects.order_by("pk").last().dropped_because == telling.GAVE_UP


def test_the_database_refuses_to_tell_twice_or_to_drop_what_was_sent(case: ExceptionCase, moment: Moment) -> None:
    say(case)
    telling.tell_due()
    row = Notice.objects.get()
    with pytest.raises(IntegrityError, match="told_once"), transaction.atomic():
        Notice.objects.create(
            person=row.person, event=row.event, key=row.key, title="", path="/", noted_at=NOW, due_at=NOW
        )
    with pytest.raises(IntegrityError, match="sent_or_dropped"), transaction.atomic():
        Notice.objects.update(sent_at=NOW, dropped_at=NOW, dropped_because="both")


def test_a_title_of_several_lines_is_one_line_of_a_mail(case: ExceptionCase, moment: Moment) -> None:
    person = kim()
    person.email, case.value = "kim@example.com", "GTX\nBcc: everybody@example.com"
    desk_people.person("Billing operations").save()
    Notice.objects.create(
        person=person, event="named", key="x", title="a b", text="a\nb", path="/", noted_at=NOW, due_at=NOW
    )
    from reconciliation.habits.notices.event import Event, News

    event = Event(
        code="named",
        title="",
        because="",
        news=lambda _: [News(to=person, key="y", title=f"Late: {case.value}", path="/")],
    )
    found = {((person.pk, None), one.key): one for one in event.news(NOW)}
    telling._note(event, found, NOW)
    assert Notice.objects.get(key="y").title == "Late: GTX Bcc: everybody@example.com"


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several who tell at the same time."""

    def test_eight_who_tell_at_once_tell_once(self) -> None:
        desk_people.company()
        person = kim()
        person.email = "kim@example.com"
        person.save()
        now = clock.now()
        Notice.objects.bulk_create(
            Notice(person=person, event="digest", key=str(n), title="t", path="/", noted_at=now, due_at=now)
            for n in range(60)
        )

        def tell(_: int) -> int:
            try:
                return len(telling._claim(clock.now()))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            claimed = list(pool.map(tell, range(8)))
        assert sum(claimed) == 60
        assert set(Notice.objects.values_list("tries", flat=True)) == {1}


def test_what_there_is_no_time_for_is_sent_by_the_next_look(moment: Moment) -> None:
    desk_people.company()
    person = kim()
    person.email = "kim@example.com"
    person.save()
    Notice.objects.bulk_create(
        Notice(person=person, event="digest", key=str(n), title="t", path="/", noted_at=NOW, due_at=NOW)
        for n in range(5)
    )
    looks = chain([True] * 3, repeat(False))
    mail.outbox.clear()
    telling.tell_due(goes_on=lambda: next(looks))
    assert len(mail.outbox) == 2
    assert sorted(Notice.objects.filter(sent_at=None).values_list("tries", flat=True)) == [0, 0, 0]
    telling.tell_due()
    assert len(mail.outbox) == 5


def test_without_a_sender_nobody_is_noted_and_nothing_floods_them_later(
    case: ExceptionCase, moment: Moment, settings: Any
) -> None:
    say(case)
    settings.DEFAULT_FROM_EMAIL = ""
    assert moment.later(minutes=16) == [] and not Notice.objects.exists()


def test_the_timetable_tells_people(case: ExceptionCase, moment: Moment) -> None:
    say(case)
    tell_people()
    moment.passes(minutes=16)
    mail.outbox.clear()
    tell_people()
    assert len(mail.outbox) == 1
    assert "reconciliation.tasks.tell_people" in {entry["task"] for entry in TIMETABLE.values()}
    assert ROUTES["reconciliation.tasks.tell_people"] == {"queue": "notify"}
