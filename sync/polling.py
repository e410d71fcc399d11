"""Asks every source for what calls may have missed."""

import logging

from connectors.errors import ConnectorError, Misconfigured
from sync import clock, connections, inbox
from sync.models import Connection, PollCursor

log = logging.getLogger(__name__)
#: which streams of a system are asked for
STREAMS = {"salesforce": ("account", "opportunity"), "stripe_billing": ("events",)}


def poll_all() -> int:
    """Poll each stream of each running connection; how many events no call had brought."""
    found = 0
    for row in Connection.objects.filter(system__in=STREAMS, health__paused_at=None):
        for stream in STREAMS[row.system]:
            try:
                found += poll(row, stream)
            except Misconfigured as error:
                connections.pause(row, reason=error.reason, text=error.text)
            except ConnectorError as error:
                log.warning("polling %s %s: %s", row.code, stream, error)
    return found


def poll(row: Connection, stream: str) -> int:
    """Ask one stream from its cursor on. The cursor moves only after the events are stored."""
    cursor, _ = PollCursor.objects.get_or_create(connection=row, stream=stream)
    events, following = connections.connector_for(row).poll(stream=stream, cursor=cursor.cursor, now=clock.now())
    taken = inbox.take_in(row, events, via="poll")
    cursor.cursor, cursor.polled_at, cursor.found = following, clock.now(), sum(one.is_new for one in taken)
    cursor.save()
    return cursor.found
