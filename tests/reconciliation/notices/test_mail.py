"""A mail as a mail server that is not ours takes it: one message, plain text, told once for every try."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from reconciliation.habits.notices import telling
from reconciliation.models import Notice
from sync import clock
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db


class Office:
    """Takes every mail, but refuses whom it does not know, as it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.refuses:
            return "550 5.1.1 nobody of this name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 OK"


@pytest.fixture
def office(settings: Any) -> Iterator[Office]:
    made = Office()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    server = Controller(made, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    yield made
    server.stop()


def note(
    email: str, *, title: str = "Länder: “Österreich” nicht erkannt", text: str = "Bitte ansehen – danke"
) -> Notice:
    person = desk_people.person("Billing operations", "mine")
    person.email = email
    person.save()
    now = clock.now()
    return Notice.objects.create(
        person=person, event="digest", key=title, title=title, text=text, path="/x/EXC-1", noted_at=now, due_at=now
    )


def tell_at(moment: datetime) -> None:
    with clock.use(lambda: moment):
        telling.tell_due()


def test_a_mail_arrives_as_it_was_written(office: Office, settings: Any) -> None:
    row = note("mine@example.com")
    telling.tell_due()
    (one,) = office.mails
    assert one["Subject"] == row.title and one["To"] == "mine@example.com"
    body = one.get_content().replace("\r\n", "\n")
    assert one.get_content_type() == "text/plain"
    assert body.startswith(f"{row.text}\n\n{settings.PORTAL_URL}/x/EXC-1\n\n--\nYou get this because")
    assert f"{settings.PORTAL_URL}/profile/#mail" in body
    assert one["Message-ID"] == f"<notice.{row.pk}@127.0.0.1>" and one["Auto-Submitted"] == "auto-generated"


def test_an_address_nobody_has_is_given_up_and_holds_up_no_other(office: Office) -> None:
    note("mine@example.com", title="first")
    office.refuses = "mine@example.com"
    for hours in range(telling.TRIES + 2):
        tell_at(clock.now() + timedelta(hours=2 * hours))
    row = Notice.objects.get()
    assert (row.tries, row.sent_at, row.dropped_because) == (telling.TRIES, None, telling.GAVE_UP)
    assert "nobody of this name here" in row.trouble and office.mails == []
    note("known@example.com", title="second")
    telling.tell_due()
    assert [one["To"] for one in office.mails] == ["known@example.com"]
