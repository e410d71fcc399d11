"""Stripe's webhooks: the signature over the raw body, and the event inside."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from connectors import strict_json
from connectors.errors import NotAuthentic
from connectors.fields import short
from connectors.interface import SourceEvent
from connectors.stripe_billing.transport import API_VERSION, SYSTEM

MAX_BYTES, MAX_DEPTH = 1_000_000, 32
#: seconds a signature may be away from now (Stripe's own default)
TOLERANCE = 300
#: measured with where there is no secret; what it fits is refused all the same
_NO_SECRET = "no secret"
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_EVENT_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
#: as long as the inbox keeps them; the longest Stripe sends have 66 and 56 characters
_ID = re.compile(r"[A-Za-z0-9_]{1,120}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_.]{1,60}", re.ASCII)
#: no event is older than the company or later than any clock: 2000 to 2100
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800

#: what `poll` asks for; Stripe takes up to 20 types
POLLED = (
    "invoice.finalized",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice_payment.paid",
    "invoice.payment_failed",
    "customer.subscription.deleted",
    "credit_note.created",
    "credit_note.voided",
    "charge.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payout.paid",
    "payout.reconciliation_completed",
    "payout.failed",
)


def signature_of(headers: Mapping[str, str]) -> str:
    """The header Stripe signs with, empty where it is missing."""
    return next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")


def turn_away(headers: Mapping[str, str], *, body: bytes, now: datetime) -> None:
    """Check what cannot fit, for the time it takes."""
    with suppress(NotAuthentic):
        check_signature(header=signature_of(headers), body=body, secrets=(), now=now)


def check_signature(*, header: str, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise NotAuthentic unless one live secret made one of the v1 signatures, within 300 seconds of now.

    HMAC-SHA256 over "{t}.{body}" (docs.stripe.com/webhooks/signature). The SDK's check reads the wall clock itself
    and decodes the body first, so the rule stands here. A header without sense is measured against the body like any
    other, and so is a call where no secret is set: how long a refusal takes tells nothing.
    """
    parts = [item.partition("=") for item in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value.encode(errors="backslashreplace") for name, _, value in parts if name == "v1"]
    readable = len(stamps) == 1 and bool(_SECONDS.fullmatch(stamps[0])) and bool(given)
    stamp = stamps[0] if readable else "0"
    signed = stamp.encode() + b"." + body
    matches = 0
    for secret in secrets or (_NO_SECRET,):
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        for signature in given or (b"",):
            matches += hmac.compare_digest(expected, signature)
    if not secrets:
        raise NotAuthentic("no webhook secret is set", system=SYSTEM)
    if not readable:
        raise NotAuthentic("Stripe-Signature: there must be one t= and at least one v1=", system=SYSTEM)
    if not matches:
        raise NotAuthentic("Stripe-Signature: no signature fits this body", system=SYSTEM)
    if abs(now.timestamp() - int(stamps[0])) > TOLERANCE:
        raise NotAuthentic(f"Stripe-Signature: signed more than {TOLERANCE} seconds away from now", system=SYSTEM)


def read_event(body: bytes, *, live: bool) -> SourceEvent:
    """The event of a signed body. Raises ValueError naming what is wrong."""
    event = _read(body)
    if event.get("object") != "event":
        raise ValueError(f"object: {short(event.get('object'))!r} is not a snapshot event ('event')")
    if event.get("livemode") is not live:
        wanted = "live" if live else "test"
        raise ValueError(f"livemode: this connection takes events of {wanted} mode only")
    return as_source_event(event, raw=body)


def as_source_event(event: Mapping[str, Any], *, raw: bytes) -> SourceEvent:
    """An event object, pushed or listed. Raises ValueError naming the field that cannot be read."""
    event_id, kind, created = event.get("id"), event.get("type"), event.get("created")
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise ValueError("id: must be an event id such as 'evt_1'")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise ValueError("type: must be an event type such as 'invoice.finalized'")
    if isinstance(created, bool) or not isinstance(created, int) or not _EARLIEST <= created < _LATEST:
        raise ValueError("created: must be seconds since 1970, between the years 2000 and 2100")
    data = event.get("data")
    record = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(record, Mapping):
        raise ValueError("data.object: must be the object the event is about")
    object_id = record.get("id", "")
    if not isinstance(object_id, str) or (object_id and not _ID.fullmatch(object_id)):
        raise ValueError("data.object.id: must be an id")
    lines = record.get("lines")
    cut = isinstance(lines, Mapping) and bool(lines.get("has_more"))
    # The snapshot has the shape of the endpoint's version, which was fixed when the endpoint was made.
    other_shape = event.get("api_version") != API_VERSION
    return SourceEvent(
        event_id=event_id,
        kind=kind,
        object_id=object_id,
        record=None if cut or other_shape else record,
        raw=raw,
        occurred_at=datetime.fromtimestamp(created, UTC),
    )


def _read(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise ValueError(f"body: {len(body)} bytes are more than {MAX_BYTES}")
    event = strict_json.loads(body, max_depth=MAX_DEPTH, exponents=True)
    if not isinstance(event, dict):
        raise ValueError("body: must be one event object")
    strict_json.refuse_unstorable(event, max_depth=MAX_DEPTH)
    return event
