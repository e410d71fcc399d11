"""A program of the customer's own: JSON, signed as Standard Webhooks has it (standardwebhooks.com, 1.0).

Whoever takes it checks the signature with any library of that specification, and knows a second try by its id.
"""

import base64
import hashlib
import hmac
import json
import secrets as random_secrets
from collections.abc import Mapping
from datetime import datetime

from reconciliation.habits.notices.channels.channel import Channel, Message

#: what a secret begins with, so that people and scanners know one
PREFIX = "whsec_"


def new_secret() -> str:
    """A secret to sign with; 24 to 64 random bytes are asked for."""
    return PREFIX + base64.b64encode(random_secrets.token_bytes(32)).decode()


def write(message: Message, secrets: Mapping[str, str], now: datetime) -> tuple[bytes, dict[str, str]]:
    """Title, text and link. The signature is over id, time of this try, and body."""
    body = json.dumps(
        {
            "type": f"notice.{message.event}",
            "timestamp": message.noted_at.isoformat(),
            "data": {"title": message.title, "text": message.text, "link": message.link},
        },
        ensure_ascii=False,
    ).encode()
    at = str(int(now.timestamp()))
    key = base64.b64decode(secrets["secret"].removeprefix(PREFIX))
    signed = hmac.new(key, f"{message.id}.{at}.".encode() + body, hashlib.sha256).digest()
    return body, {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


CHANNEL = Channel(
    title="Signed webhook",
    wants="The https address of a program of yours",
    write=write,
    signs=True,
)
