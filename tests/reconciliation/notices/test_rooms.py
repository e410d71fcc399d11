"""Rooms: a message as Slack, Teams and a customer's program take it, told once, and given up with a reason."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from slack_sdk.models.blocks import Block
from standardwebhooks import Webhook, WebhookVerificationError

from reconciliation import approvals
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.habits.notices import rooms, telling, testing
from reconciliation.habits.notices.channels.channel import NotTaken
from reconciliation.models import ExceptionCase, Notice, NoticeRoom
from reconciliation.teams import Team
from sync import clock
from tests.reconciliation.notices.moments import Moment, at
from tests.reconciliation.notices.rooms_at_hand import Server
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
#: a Tuesday afternoon, far from any digest
NOW = datetime(2026, 5, 12, 15, 0, tzinfo=UTC)
NASTY = "<!channel> *Länder* & <https://evil.example|here> [x](https://evil.example) @everyone"


@pytest.fixture
def moment() -> Iterator[Moment]:
    with at(NOW) as made:
        yield made


def note(room: NoticeRoom, *, title: str = NASTY, text: str = NASTY, key: str = "x") -> Notice:
    now = clock.now()
    return Notice.objects.create(
        room=room, event="late", key=key, title=title, text=text, path="/p/PRB-1", noted_at=now, due_at=now
    )


def send(room: NoticeRoom) -> Notice:
    """A note that stays, whatever is found: straight to sending."""
    row = note(room)
    for one in telling._claim(clock.now()):
        telling._send(one, telling.Told())
    row.refresh_from_db()
    return row


# -- what each vendor gets ----------------------------------------------------------------------------
def test_slack_reads_no_call_link_or_mark_up_in_what_people_wrote(server: Server, moment: Moment) -> None:
    row = send(server.room())
    (one,) = server.taken
    assert row.sent_at == NOW and one.path == "/rooms/slack?sig=hidden-part"
    blocks = Block.parse_all(one.json["blocks"])
    for block in blocks:
        block.validate_json()
    header, text, link = one.json["blocks"]
    assert header["text"] == {"type": "plain_text", "text": NASTY, "emoji": False}
    assert text["text"]["type"] == "plain_text" and text["text"]["text"] == NASTY
    assert link["text"]["text"] == "<http://127.0.0.1:8000/p/PRB-1|Open it in the portal>"
    # this one Slack does read
    assert "<" not in one.json["text"] and "&lt;!channel&gt;" in one.json["text"]
    assert one.json["unfurl_links"] is False


def test_slack_gets_no_more_than_it_takes(server: Server, moment: Moment) -> None:
    room = server.room()
    note(room, title="t" * 200, text="x" * 9000)
    telling._send(telling._claim(NOW)[0], telling.Told())
    blocks = Block.parse_all(server.taken[0].json["blocks"])
    for block in blocks:
        block.validate_json()
    assert server.taken[0].json["blocks"][1]["text"]["text"].endswith("x…")


def test_teams_gets_a_card_whose_text_is_no_markdown(server: Server, moment: Moment) -> None:
    server.status, server.says = 202, ""
    row = send(server.room("teams"))
    (one,) = server.taken
    (attachment,) = one.json["attachments"]
    assert one.json["type"] == "message" and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    # a text run is shown as it is; a text block would be read as Markdown
    assert [block["type"] for block in card["body"]] == ["RichTextBlock", "RichTextBlock"]
    assert [run["text"] for block in card["body"] for run in block["inlines"]] == [NASTY, NASTY]
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open it in the portal", "url": "http://127.0.0.1:8000/p/PRB-1"}
    ]
    assert row.sent_at == NOW


def test_teams_gets_no_more_than_it_takes(server: Server, moment: Moment) -> None:
    note(server.room("teams"), text="\n".join("Ü" * 100 for _ in range(400)))
    telling._send(telling._claim(NOW)[0], telling.Told())
    assert len(server.taken[0].body) < 28_000


def test_a_program_checks_the_signature_with_a_library_of_the_standard(server: Server) -> None:
    room = server.room("webhook")
    row = send(room)
    (one,) = server.taken
    secret = room.secrets()["secret"]
    headers = {name.lower(): value for name, value in one.headers.items()}
    found = Webhook(secret).verify(one.body, headers)
    assert found["type"] == "notice.late" and found["data"]["title"] == NASTY
    assert found["data"]["link"] == "http://127.0.0.1:8000/p/PRB-1"
    assert headers["webhook-id"] == f"notice.{row.pk}"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(one.body.replace(b"late", b"rate"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(server.room("webhook", name="other").secrets()["secret"]).verify(one.body, headers)


def test_a_second_try_has_the_same_id_and_another_signature(server: Server, moment: Moment) -> None:
    server.status = 503
    room = server.room("webhook")
    row = send(room)
    assert row.sent_at is None and row.trouble == "Signed webhook answered 503"
    server.status = 200
    moment.now += timedelta(minutes=6)
    telling._send(telling._claim(moment.now)[0], telling.Told())
    first, second = ({name.lower(): value for name, value in one.headers.items()} for one in server.taken)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 360


# -- what a room is told ------------------------------------------------------------------------------
def is_late(count: int = 3) -> ExceptionCase:
    desk_people.company()
    ExceptionCase.objects.update(due_at=NOW + timedelta(days=3))
    case = desk_people.product_case()
    ExceptionCase.objects.filter(pk=case.pk).update(due_at=NOW - timedelta(hours=1))
    return case


def test_a_late_case_is_one_message_in_its_team_s_room_also_where_somebody_holds_it(
    server: Server, moment: Moment
) -> None:
    case = is_late()
    holder = desk_people.person("Billing operations", "holder")
    ExceptionCase.objects.filter(pk=case.pk).update(assignee=holder)
    mine, others = Team(case.team), [team for team in Team if team != case.team]
    server.room("slack", mine)
    server.room("teams", others[0])
    for _ in range(3):
        moment.later(minutes=1)
    assert [one.path.split("?")[0] for one in server.taken] == ["/rooms/slack"]
    assert server.taken[0].json["text"].startswith("Late: ")
    assert case.customer_name and case.customer_name not in server.taken[0].body.decode()


def asked() -> None:
    """Kim Lee asks for a decision over a customer's money."""
    is_late()
    kim = desk_people.person("Billing operations", "kim")
    kim.first_name, kim.last_name = "Kim", "Lee"
    kim.save()
    fix, target = FIXES["map_product"], Target(problem=desk_people.product_problem())
    inputs = {name: value for name, value in desk_people.INPUTS.items() if name != "fix"}
    sha256 = fix.preview(target, inputs, user=kim).sha256
    approvals.ask(fix, target, inputs, user=kim, sha256=sha256, because="Nordlicht GmbH waits for it")


@pytest.mark.parametrize("named", [False, True])
def test_customers_and_people_s_own_words_are_in_a_room_only_where_it_is_allowed(
    server: Server, moment: Moment, named: bool
) -> None:
    asked()
    server.room("slack", Team.FINANCE, names_customers=named)
    moment.later(minutes=1)
    (one,) = [one for one in server.taken if "decision" in one.json["text"]]
    body = one.body.decode()
    assert ("Nordlicht" in body) is named and ("Kim Lee" in body) is named
    if not named:
        assert one.json["text"].startswith("Waits for a decision: APR-")


def test_a_room_hears_only_what_was_chosen_and_nothing_where_nobody_of_its_team_decides(
    server: Server, moment: Moment
) -> None:
    asked()
    server.room("slack", Team.FINANCE, events=["late"])
    server.room("teams", Team.SALES_OPS)
    server.room("webhook", Team.FINANCE, is_on=False)
    moment.later(minutes=1)
    assert [one for one in server.taken if b"decision" in one.body] == []


def test_a_room_has_its_morning_in_its_own_zone(server: Server, moment: Moment) -> None:
    desk_people.company()
    ExceptionCase.objects.update(due_at=NOW + timedelta(days=9))
    case = desk_people.product_case()
    server.room("slack", Team(case.team), zone="America/New_York", events=["digest"])
    moment.now = datetime(2026, 5, 13, 11, 0, tzinfo=UTC)
    telling.tell_due()
    assert server.taken == []
    moment.later(hours=1, minutes=5)
    moment.later(hours=1)
    (one,) = server.taken
    assert one.json["text"].endswith("on 13 May 2026") and "1 open" in one.body.decode()


# -- what is not taken --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "status", "says", "words"),
    [
        ("slack", 410, "channel_is_archived", "Slack says no: its channel is archived"),
        ("slack", 404, "no_service", "Slack says no: its webhook was taken away"),
        ("slack", 403, "action_prohibited", "Slack says no: an administrator of the workspace forbids it"),
        ("teams", 400, '{"error":{"code":"WorkflowTriggerIsNotEnabled"}}', "its workflow is switched off"),
        ("webhook", 302, "", "Signed webhook answered 302"),
    ],
)
def test_a_no_is_said_in_words_and_not_tried_again(
    server: Server, moment: Moment, kind: str, status: int, says: str, words: str
) -> None:
    server.status, server.says = status, says
    room = server.room(kind)
    row = send(room)
    assert words in row.trouble and row.dropped_because == telling.GAVE_UP
    room.refresh_from_db()
    assert words in room.trouble and room.trouble_since == NOW
    # it takes messages again: the next one clears it
    server.status, server.says = 200, "ok"
    moment.now += timedelta(minutes=1)
    note(room, key="next")
    telling._send(telling._claim(moment.now)[0], telling.Told())
    room.refresh_from_db()
    assert (room.trouble, room.trouble_since) == ("", None)


def test_who_asks_for_time_gets_it_within_reason(server: Server, moment: Moment) -> None:
    server.status, server.headers = 429, {"retry-after": "1800"}
    row = send(server.room())
    assert row.due_at == NOW + timedelta(minutes=30) and row.dropped_at is None
    server.headers = {"retry-after": "999999999"}
    moment.now = row.due_at
    telling._send(telling._claim(moment.now)[0], telling.Told())
    row.refresh_from_db()
    assert row.due_at == moment.now + telling.LONGEST


def test_who_hangs_up_or_is_away_is_tried_again_and_then_given_up(server: Server, moment: Moment) -> None:
    server.hangs_up = True
    row = send(server.room())
    assert row.trouble.startswith("Slack gave no answer")
    for _ in range(50):
        moment.now += timedelta(minutes=30)
        for one in telling._claim(moment.now):
            telling._send(one, telling.Told())
    row.refresh_from_db()
    assert len(server.taken) == telling.TRIES and row.dropped_because == telling.GAVE_UP


def test_a_room_nobody_hears_from_is_told_to_who_may_change_it(server: Server, moment: Moment) -> None:
    admin = desk_people.person("Configuration admin")
    admin.email = "admin@example.com"
    admin.save()
    server.status, server.says = 410, "channel_is_archived"
    send(server.room(name="#billing"))
    (one,) = moment.later(minutes=1) + moment.later(minutes=16) + moment.later(hours=1)
    assert one.subject == "Messages do not reach #billing" and "its channel is archived" in one.body


def test_neither_log_nor_trouble_holds_the_address(
    server: Server, moment: Moment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = server.room()
    server.status = 500
    send(room)
    room.put_secrets(address="https://169.254.169.254/latest/hidden-part")
    room.save()
    row = send_again(room)
    assert row.trouble == "its address may not be called; type it in again"
    room.put_secrets(address="http://127.0.0.1:1/hidden-part")
    room.save()
    assert "cannot be reached" in send_again(room).trouble
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore", "httpx"))]
    kept = json.dumps([*Notice.objects.values("trouble"), *NoticeRoom.objects.values("trouble", "host")])
    assert "hidden-part" not in "".join(ours) + kept


def send_again(room: NoticeRoom) -> Notice:
    row = note(NoticeRoom.objects.get(pk=room.pk), key=f"again {Notice.objects.count()}")
    telling._send(Notice.objects.select_related("room").get(pk=row.pk), telling.Told())
    row.refresh_from_db()
    return row


def test_a_secret_sealed_under_another_key_is_said(server: Server, moment: Moment, settings: Any) -> None:
    room = server.room()
    settings.SECRET_KEY = "another"
    with pytest.raises(NotTaken, match="type it in again"):
        testing.send(room, user=desk_people.person("Configuration admin"))
    room.refresh_from_db()
    assert "cannot be read any more" in room.trouble


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("slack", "https://hooks.slack.com.evil.example/services/x"),
        ("slack", "http://hooks.slack.com/services/x"),
        ("slack", "https://user@hooks.slack.com/services/x"),
        ("teams", "https://acme.webhook.office.com/webhookb2/x"),
        ("webhook", "https://10.0.0.5/hook"),
        ("webhook", "https://169.254.169.254/latest/meta-data"),
        ("webhook", "ftp://example.com/x"),
        ("webhook", "not an address"),
        ("webhook", "https://[::1/x"),
    ],
)
def test_addresses_inside_or_of_somebody_else_are_refused(kind: str, address: str) -> None:
    with pytest.raises(rooms.AddressRefused, match="whole address that begins with https://"):
        rooms.host_of(kind, address)


def test_a_portal_people_use_calls_nothing_on_its_own_machine(server: Server, settings: Any) -> None:
    assert rooms.host_of("webhook", f"{server.address}/x") == "127.0.0.1"
    settings.TESTING = settings.DEMO = False
    with pytest.raises(rooms.AddressRefused):
        rooms.host_of("webhook", f"{server.address}/x")


def test_the_database_keeps_a_note_to_one_person_or_one_room_and_once(server: Server) -> None:
    room = server.room()
    row = note(room)
    with pytest.raises(IntegrityError, match="told_once_in_a_room"), transaction.atomic():
        note(room)
    with pytest.raises(IntegrityError, match="told_to_a_person_or_in_a_room"), transaction.atomic():
        Notice.objects.filter(pk=row.pk).update(person=desk_people.person("Auditor"))
    with pytest.raises(IntegrityError, match="told_to_a_person_or_in_a_room"), transaction.atomic():
        Notice.objects.filter(pk=row.pk).update(room=None)
    with pytest.raises(IntegrityError, match="a_room_has_an_address"), transaction.atomic():
        NoticeRoom.objects.update(sealed_secrets="")
