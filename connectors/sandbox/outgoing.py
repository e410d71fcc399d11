"""Calls a vendor makes to us (webhooks, callouts): kept in the books until answered, repeated with back-off."""

import asyncio
import inspect
import re
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx

from connectors.sandbox.books import Books, Document

KIND = "_outgoing"
#: calls given up after their last try; the vendor has forgotten them
DROPPED = "_outgoing_dropped"
SOAP_ACK = re.compile(rb"<(?:[\w.-]+:)?Ack(?:\s[^>]*)?>\s*(?:true|1)\s*</")


class Outgoing:
    """The vendor's own outbox. A subclass or caller decides what counts as an acknowledgement.

    Documents: id, url, headers, body (text), tries, not_before (epoch seconds), accepts ("2xx" or "soap_ack");
    and where wanted most_tries, give_up_at (epoch seconds) and back_off (seconds between tries).
    """

    #: seconds between tries; the last one repeats
    BACK_OFF = (0.5, 1, 2, 5, 15, 60, 300)
    #: calls under way at once
    CONCURRENCY = 8

    def __init__(self, books: Books) -> None:
        self.books = books
        self._awake = asyncio.Event()
        self._under_way: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        #: set by the sandbox to sign at sending time: document -> headers, or an awaitable of them
        self.sign: Any = None
        #: set by the sandbox to write the body at sending time; None means there is nothing left to say
        self.compose: Callable[[Document], str | None] | None = None
        #: set by the sandbox to hold everything back
        self.paused: Callable[[], bool] = lambda: False

    def add(
        self, url: str, body: str, *, headers: dict[str, str] | None = None, accepts: str = "2xx", **extra: Any
    ) -> Document:
        number = self.books.next_number(KIND)
        key = f"{number:012d}"
        return self.books.put(
            KIND,
            key,
            {
                "id": key,
                "url": url,
                "body": body,
                "headers": headers or {},
                "accepts": accepts,
                "tries": 0,
                "not_before": 0.0,
                **extra,
            },
        )

    def wake(self) -> None:
        self._awake.set()

    def untouched(self, key: str) -> Document | None:
        """A call no try of which has begun, so that more may be put into it."""
        document = self.books.get(KIND, key)
        if document is None or document["tries"] or key in self._under_way:
            return None
        return self.books.put(KIND, key, document)

    def waiting(self) -> int:
        return sum(1 for _ in self.books.rows(KIND))

    async def run(self) -> None:
        limits = httpx.Limits(max_connections=self.CONCURRENCY, max_keepalive_connections=self.CONCURRENCY)
        async with httpx.AsyncClient(timeout=30.0, limits=limits) as client:
            while True:
                now = time.time()
                free = 0 if self.paused() else self.CONCURRENCY - len(self._under_way)
                due = self._due(now, most=free) if free else []
                for document in due:
                    self._under_way.add(document["id"])
                    task = asyncio.create_task(self._send(client, document))
                    # The event loop itself keeps no strong reference to a task.
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                self._awake.clear()
                try:
                    await asyncio.wait_for(self._awake.wait(), timeout=0.25)
                except TimeoutError:
                    pass

    def _due(self, now: float, *, most: int) -> list[Document]:
        """The first few calls that may go out now; it stops looking then, as tens of thousands may wait."""
        waiting = (d for d in self.books.rows(KIND) if d["not_before"] <= now and d["id"] not in self._under_way)
        return list(islice(waiting, most))

    async def _send(self, client: httpx.AsyncClient, document: Document) -> None:
        answered = False
        try:
            body = self.compose(document) if self.compose else document["body"]
            if body is None:
                answered = True
                return
            signed = self.sign(document) if self.sign else {}
            if inspect.isawaitable(signed):
                signed = await signed
            headers = {**document["headers"], **signed}
            response = await client.post(document["url"], content=body.encode(), headers=headers)
            answered = response.is_success and (
                document["accepts"] == "2xx" or SOAP_ACK.search(response.content) is not None
            )
            document["last_answer"] = response.status_code
        except httpx.HTTPError as error:
            document["last_answer"] = repr(error)
        finally:
            # A reset of the sandbox meanwhile has forgotten the call; its number may be somebody else's now.
            if self.books.get(KIND, document["id"]) is document:
                self._note(document, answered=answered)
            self.books.commit()
            self._under_way.discard(document["id"])
            self._awake.set()

    def _note(self, document: Document, *, answered: bool) -> None:
        if answered:
            self.books.delete(KIND, document["id"])
            return
        steps = document.get("back_off") or self.BACK_OFF
        pause = steps[min(document["tries"], len(steps) - 1)]
        document.update(tries=document["tries"] + 1, not_before=time.time() + pause)
        given_up = time.time() > document.get("give_up_at", float("inf"))
        if given_up or 0 < document.get("most_tries", 0) <= document["tries"]:
            self.books.delete(KIND, document["id"])
            self.books.put(DROPPED, document["id"], document)
        else:
            self.books.put(KIND, document["id"], document)
