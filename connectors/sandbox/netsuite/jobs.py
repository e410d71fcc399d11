"""Asynchronous requests: accepted with 202, done when their time has come, their result kept to be fetched."""

import time
from collections.abc import Callable
from typing import Any

from connectors.sandbox.books import Books, Document
from connectors.sandbox.netsuite.archive import stamp
from connectors.sandbox.netsuite.refusals import Refusal

PATH = "/services/rest/async/v1/job"
#: does one kept request: document -> (status, headers, body)
Perform = Callable[[Document], tuple[int, dict[str, str], Any]]


class Jobs:
    """The list of accepted requests. Nothing is done before `async_seconds` have passed, as at the vendor."""

    def __init__(self, books: Books, perform: Perform) -> None:
        self.books = books
        self._perform = perform
        self._waiting: set[str] | None = None

    def forget(self) -> None:
        self._waiting = None

    def accept(self, request: Document, *, key: str, seconds: float, base: str) -> str:
        """Keep a request and answer the job's address. Raises Refusal (IDEMPOTENCY_ERROR) for a key seen before."""
        if key:
            known = self.books.get("idempotencyKey", key)
            if known:
                raise Refusal("same_key", answer_headers={"Location": f"{base}{PATH}/{known['job']}"})
        number = str(self.books.next_number("job", 101))
        self.books.put(
            "job",
            number,
            {"id": number, "request": request, "due": time.time() + seconds, "accepted": stamp(), "outcome": None},
        )
        if key:
            self.books.put("idempotencyKey", key, {"id": key, "job": number})
        self._open().add(number)
        return f"{base}{PATH}/{number}"

    def run_due(self) -> None:
        """Do what has come due. Called before every request, so nobody ever sees a job late."""
        now = time.time()
        for number in sorted(self._open(), key=int):
            job = self.books.get("job", number)
            if job is None:
                self._open().discard(number)
            elif job["due"] <= now:
                status, headers, body = self._perform(job["request"])
                outcome = {"status": status, "headers": headers, "body": body, "ended": stamp()}
                self.books.put("job", number, {**job, "outcome": outcome})
                self._open().discard(number)

    def _open(self) -> set[str]:
        if self._waiting is None:
            self._waiting = {job["id"] for job in self.books.rows("job") if job["outcome"] is None}
        return self._waiting

    # -- reading ----------------------------------------------------------------------------------
    def read(self, parts: list[str], *, base: str) -> tuple[int, dict[str, str], Any]:
        """GET job/{id}, job/{id}/task, job/{id}/task/1 and job/{id}/task/1/result."""
        job = self.books.get("job", parts[0]) if parts else None
        if job is None:
            raise Refusal("no_such_record")
        own = f"{base}{PATH}/{job['id']}"
        outcome = job["outcome"]
        progress = "pending" if outcome is None else "succeeded" if outcome["status"] < 400 else "failed"
        match parts[1:]:
            case []:
                body = {
                    "links": [{"rel": "self", "href": own}],
                    "completed": outcome is not None,
                    "id": job["id"],
                    "progress": progress,
                    "task": {"links": [{"rel": "self", "href": f"{own}/task"}]},
                }
            case ["task"]:
                item = {"links": [{"rel": "self", "href": f"{own}/task/1"}], "id": "1"}
                body = {
                    "links": [{"rel": "self", "href": f"{own}/task"}],
                    "count": 1,
                    "hasMore": False,
                    "items": [item],
                    "offset": 0,
                    "totalResults": 1,
                }
            case ["task", "1"]:
                body = {
                    "links": [{"rel": "self", "href": f"{own}/task/1"}],
                    "completed": outcome is not None,
                    "id": "1",
                    "progress": progress,
                    "startTime": job["accepted"],
                    "result": {"links": [{"rel": "self", "href": f"{own}/task/1/result"}]},
                }
                if outcome:
                    body["endTime"] = outcome["ended"]
            case ["task", "1", "result"]:
                if outcome is None:
                    raise Refusal("not_ready")
                return outcome["status"], outcome["headers"], outcome["body"]
            case _:
                raise Refusal("no_such_path", value="/".join(parts))
        return 200, {}, body
