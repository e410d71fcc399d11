"""Flow callouts: JSON posts that tell of new and changed accounts, signed in by client credentials."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from connectors.sandbox.books import Books, Document
from connectors.sandbox.outgoing import Outgoing
from connectors.sandbox.salesforce.fields import to_json
from connectors.sandbox.salesforce.objects import OBJECTS
from connectors.sandbox.salesforce.records import Change

MOST_EVENTS = 200
#: a token is fetched anew this many seconds before it runs out
MARGIN = 30.0


class Callouts:
    """Queues one call per transaction (more above 200 accounts) and signs calls when they leave."""

    def __init__(self, books: Books, outgoing: Outgoing, settings: Callable[[], Mapping[str, Any]]) -> None:
        self.books = books
        self.outgoing = outgoing
        self.settings = settings
        self._random = random.Random(0)
        self._fetching = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0
        #: how often a token was fetched; a refused call names the token it went out with
        self._generation = 0

    def queue(self, changes: list[Change], settings: Mapping[str, Any]) -> None:
        url = settings["callout_url"]
        accounts = {
            change.key: change.after for change in changes if change.kind == "Account" and change.after is not None
        }
        if not url or not accounts:
            return
        gone = {change.key for change in changes if change.kind == "Account" and change.after is None}
        events = [_event(after) for key, after in accounts.items() if key not in gone]
        for start in range(0, len(events), MOST_EVENTS):
            self._add(url, json.dumps({"events": events[start : start + MOST_EVENTS]}), settings)

    def _add(self, url: str, body: str, settings: Mapping[str, Any]) -> None:
        number = self.books.next_number("callouts")
        every = int(settings["duplicate_every"] or 0)
        for _ in range(2 if every and number % every == 0 else 1):
            call = self.outgoing.add(
                url,
                body,
                headers={"Content-Type": "application/json; charset=UTF-8"},
                signed=True,
                number=number,
                most_tries=int(settings["callout_tries"] or 0),
            )
            if settings["reorder"]:
                call["not_before"] = time.time() + self._random.uniform(0, 1.5)

    async def sign(self, document: Document) -> dict[str, str]:
        """The Authorization header of a callout. Raises httpx.HTTPError when no token is to be had."""
        if not document.get("signed") or not self.settings()["callout_token_url"]:
            return {}
        async with self._fetching:
            refused = document.get("last_answer") == 401 and document.get("token_generation") == self._generation
            if refused or time.time() >= self._good_until:
                await self._fetch()
            document["token_generation"] = self._generation
            return {"Authorization": f"Bearer {self._token}"}

    async def _fetch(self) -> None:
        settings = self.settings()
        form = {
            "grant_type": "client_credentials",
            "client_id": settings["callout_client_id"],
            "client_secret": settings["callout_client_secret"],
        }
        async with httpx.AsyncClient(timeout=10.0) as client:
            response = await client.post(settings["callout_token_url"], data=form)
        response.raise_for_status()
        try:
            answer = response.json()
            self._token = str(answer["access_token"])
            self._good_until = time.time() + float(answer.get("expires_in") or 3600) - MARGIN
        except (KeyError, TypeError, ValueError) as error:
            raise httpx.DecodingError(f"no token in the answer: {error}", request=response.request) from None
        self._generation += 1


def _event(record: Document) -> dict[str, Any]:
    kind = OBJECTS["Account"]
    return {
        "eventId": str(uuid.uuid4()),
        "objectType": "Account",
        "recordId": record["Id"],
        "systemModstamp": record["SystemModstamp"],
        "record": {name: to_json(field, record.get(name)) for name, field in kind.fields.items()},
    }
