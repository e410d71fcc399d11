"""Microsoft Teams: the address of a workflow that posts what it is sent, as an Adaptive Card.

The older connectors of Office 365 (webhook.office.com) are retired and not offered.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from django.utils.text import Truncator

from reconciliation.habits.notices.channels.channel import Channel, Message

#: a message of Teams may have 28 KB; this leaves room for the card around it, whatever the letters
TEXT = 4000


def write(message: Message, secrets: Mapping[str, str], now: datetime) -> tuple[bytes, dict[str, str]]:
    """A card of title, text and a button. Text runs, because a text block would read its text as Markdown."""
    body = [
        _paragraph(message.title, weight="Bolder", size="Medium"),
        *(_paragraph(line) for line in Truncator(message.text).chars(TEXT).splitlines() if line.strip()),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open it in the portal", "url": message.link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}).encode(), {"content-type": "application/json"}


def _paragraph(text: str, **style: str) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


CHANNEL = Channel(
    title="Microsoft Teams",
    wants="The address a workflow of Teams is started at (“when a Teams webhook request is received”)",
    hosts=("api.powerplatform.com", "logic.azure.com"),
    write=write,
    refusals={
        "WorkflowTriggerIsNotEnabled": "its workflow is switched off",
        "WorkflowNotFound": "its workflow is gone",
        "DirectApiAuthorizationRequired": "its address is not whole, or was made anew",
    },
)
