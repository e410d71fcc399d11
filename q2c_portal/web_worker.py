"""gunicorn's thread worker with an end to slow callers: a request that does not arrive in time is cut off."""

import errno
import os
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from django.urls import get_resolver
from gunicorn import http
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

#: seconds in which a request, head and body, must have arrived; one megabyte in it is 50 kB a second
READ_SECONDS = float(os.environ.get("Q2C_READ_SECONDS", "20"))


class TimedUnreader(SocketUnreader):
    """Reads from a socket until a moment and not beyond; gunicorn's own waits for ever for the second byte."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.by = time.monotonic() + READ_SECONDS

    def chunk(self, size_hint: int | None = None) -> bytes:
        left = self.by - time.monotonic()
        if left <= 0:
            raise _cut_off()
        before = self.sock.gettimeout()
        self.sock.settimeout(left if before is None else min(left, before))
        try:
            return bytes(super().chunk(size_hint))
        except TimeoutError:
            raise _cut_off() from None
        finally:
            self.sock.settimeout(before)


class BoundedThreads(ThreadWorker):
    """The thread worker, each request of it with a moment by which it must be here."""

    def load_wsgi(self) -> None:
        """Reads every page and door before the first call, which would wait for that else."""
        super().load_wsgi()
        list(get_resolver().url_patterns)

    def accept(self, listener: Any) -> None:
        """Who only opens a connection gets no thread: it waits among the idle ones until something is said on it."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, sock, client, listener.getsockname())
        conn.timeout = time.monotonic() + max(self.cfg.keepalive, 1)
        self.pending_conns.append(conn)
        self.poller.register(sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: Any) -> Any:
        if conn.parser is None and not self.cfg.is_ssl:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader = TimedUnreader(conn.sock)
        reader = getattr(conn.parser, "unreader", None)
        if isinstance(reader, TimedUnreader):
            reader.by = time.monotonic() + READ_SECONDS
        return super().handle(conn)


def _cut_off() -> TimeoutError:
    # with the number of a reset connection gunicorn closes without a page of traceback in the log
    return TimeoutError(errno.ECONNRESET, "the request did not arrive in time")
