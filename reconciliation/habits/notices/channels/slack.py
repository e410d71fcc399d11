"""Slack: an incoming webhook, docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

import json
from collections.abc import Mapping
from datetime import datetime

from django.utils.text import Truncator

from reconciliation.habits.notices.channels.channel import Channel, Message

#: Block Kit's limits: a header's and a section's text
HEADER, SECTION = 150, 3000


def write(message: Message, secrets: Mapping[str, str], now: datetime) -> tuple[bytes, dict[str, str]]:
    """Title and text as plain text, in which Slack reads no mark-up, link or call to everybody."""
    blocks = [
        {"type": "header", "text": _plain(message.title, HEADER)},
        *([{"type": "section", "text": _plain(message.text, SECTION)}] if message.text else []),
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<{_escaped(message.link)}|Open it in the portal>"},
        },
    ]
    # the text is what a phone shows of it before it is opened, and is read as mark-up
    body = {"text": _escaped(message.title), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
    return json.dumps(body).encode(), {"content-type": "application/json"}


def _plain(text: str, most: int) -> dict[str, object]:
    return {"type": "plain_text", "text": Truncator(text).chars(most), "emoji": False}


def _escaped(text: str) -> str:
    """Slack's three characters of control, docs.slack.dev/messaging/formatting-message-text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


CHANNEL = Channel(
    title="Slack",
    wants="The address of an incoming webhook, such as https://hooks.slack.com/services/…",
    hosts=("hooks.slack.com", "hooks.slack-gov.com"),
    write=write,
    refusals={
        "channel_is_archived": "its channel is archived",
        "channel_not_found": "its channel is gone",
        "no_service": "its webhook was taken away",
        "no_service_id": "its webhook was taken away",
        "invalid_token": "its webhook was taken away",
        "no_team": "its workspace is gone",
        "team_disabled": "its workspace is switched off",
        "action_prohibited": "an administrator of the workspace forbids it",
        "posting_to_general_channel_denied": "an administrator of the workspace keeps this channel to some people",
        "user_not_found": "the person the webhook speaks for is gone",
    },
)
