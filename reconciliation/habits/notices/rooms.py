"""Rooms: where a team is told together. Sends one message to one, and says in words why it was not taken.

A message whose answer never came is sent again: told twice is better than not at all, and a program can tell by its id.
"""

from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _

from connectors.errors import ConnectorError, Misconfigured
from connectors.http import Http, retry_after
from reconciliation.habits.notices.channels import slack, teams, webhook
from reconciliation.habits.notices.channels.channel import Channel, Message, NotTaken
from reconciliation.models import NoticeRoom
from sync import clock

CHANNELS: dict[str, Channel] = {
    NoticeRoom.Kind.SLACK: slack.CHANNEL,
    NoticeRoom.Kind.TEAMS: teams.CHANNEL,
    NoticeRoom.Kind.WEBHOOK: webhook.CHANNEL,
}
#: statuses after which the same message may be taken later (RFC 9110); Slack and Teams use no others so
_LATER = {408, 425, 429}


class AddressRefused(ValueError):
    """An address messages may not go to; the message says what would be right and does not repeat it."""


def host_of(kind: str, address: str) -> str:
    """The host of an address that may be used for this kind of room. Raises AddressRefused."""
    channel = CHANNELS[kind]
    try:
        _door(channel, address).close()
    except (Misconfigured, ValueError):  # what no reader of addresses takes for one is a ValueError
        if channel.hosts:
            wanted = _("Give a whole address that begins with https:// and is at {hosts}.")
            raise AddressRefused(wanted.format(hosts=_(" or ").join(channel.hosts))) from None
        raise AddressRefused(
            _("Give a whole address that begins with https:// and is public: nothing inside our network is called.")
        ) from None
    return urlsplit(address).hostname or ""


def send(room: NoticeRoom, message: Message) -> None:
    """Whether it was taken shows at the room, and since when it takes none. Raises NotTaken."""
    rows = NoticeRoom.objects.filter(pk=room.pk)
    try:
        _post(room, message)
    except NotTaken as error:
        words = str(error)[:300]
        # since when it has been like that stays as it is
        rows.filter(trouble="").update(trouble_since=clock.now(), trouble=words)
        rows.exclude(trouble="").update(trouble=words)
        raise
    rows.exclude(trouble="").update(trouble="", trouble_since=None)


def _post(room: NoticeRoom, message: Message) -> None:
    channel = CHANNELS[room.kind]
    try:
        secrets = room.secrets()
    except InvalidToken:
        raise NotTaken("its address cannot be read any more; type it in again", for_good=True) from None
    body, headers = channel.write(message, secrets, clock.now())
    try:
        door = _door(channel, secrets["address"])
        try:
            answer = door.send("POST", secrets["address"], content=body, headers=headers)
        finally:
            door.close()
    except Misconfigured:
        raise NotTaken("its address may not be called; type it in again", for_good=True) from None
    except ConnectorError as error:
        raise NotTaken(str(error)) from None
    if answer.is_success:
        return
    said = next((words for code, words in channel.refusals.items() if code in answer.text[:2000]), "")
    later = answer.status_code in _LATER or answer.status_code >= 500
    raise NotTaken(
        f"{channel.title} says no: {said}" if said else f"{channel.title} answered {answer.status_code}",
        wait=retry_after(answer.headers.get("retry-after"), now=clock.now()) if later else None,
        for_good=not later,
    )


def _door(channel: Channel, address: str) -> Http:
    """A client for that address alone. What follows its question mark, a secret of Teams, is no part of the place."""
    place = urlsplit(address)._replace(query="").geturl()
    return Http(
        system=channel.title,
        base_url=place,
        # tests and the demo have a room on this machine; a portal people use has none inside its own network
        sandbox=(settings.TESTING or settings.DEMO) and urlsplit(address).hostname == "127.0.0.1",
        hosts=channel.hosts,
    )
