"""A message to see whether a room hears us, sent at once and kept nowhere."""

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser

from reconciliation.habits.notices import rooms
from reconciliation.habits.notices.channels.channel import Message
from reconciliation.models import NoticeRoom
from reconciliation.who import full_name
from sync import clock


def send(room: NoticeRoom, *, user: AbstractUser) -> None:
    """Raises NotTaken."""
    message = Message(
        id=f"test.{uuid.uuid4()}",
        event="test",
        title=f"{room.get_team_display()} is told here from now on",
        text=f"{full_name(user)} sent this to see whether it arrives. There is nothing to do.",
        link=f"{settings.PORTAL_URL}/",
        noted_at=clock.now(),
    )
    rooms.send(room, message)
