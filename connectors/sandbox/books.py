"""The books of a sandbox: documents by kind and id, in memory, written through to one SQLite file.

Each request runs to its end without interruption (one event loop, no awaits inside a handler), and its
writes reach the file in one transaction before the answer leaves: what a client was told survives a kill.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Books:
    """Documents by kind and id. Money inside is text or whole minor units, never a float."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )
        self._kinds: dict[str, dict[str, Document]] = {}
        self._dirty: set[tuple[str, str]] = set()
        for kind, key, body in self._file.execute("SELECT kind, id, body FROM document"):
            self._kinds.setdefault(kind, {})[key] = json.loads(body)

    def get(self, kind: str, key: str) -> Document | None:
        """The live document; change it only together with `put`."""
        return self._kinds.get(kind, {}).get(key)

    def put(self, kind: str, key: str, document: Document) -> Document:
        self._kinds.setdefault(kind, {})[key] = document
        self._dirty.add((kind, key))
        return document

    def delete(self, kind: str, key: str) -> Document | None:
        self._dirty.add((kind, key))
        return self._kinds.get(kind, {}).pop(key, None)

    def rows(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, oldest first within a run; sort where order matters."""
        return iter(list(self._kinds.get(kind, {}).values()))

    def kinds(self) -> dict[str, int]:
        return {kind: len(documents) for kind, documents in self._kinds.items()}

    def next_number(self, series: str, first: int = 1) -> int:
        """A counter that survives restarts and never repeats."""
        number = (self.get("_series", series) or {"last": first - 1})["last"] + 1
        self.put("_series", series, {"last": number})
        return number

    def commit(self) -> None:
        """Write what changed since the last commit, all or nothing."""
        if not self._dirty:
            return
        with self._file:
            for kind, key in self._dirty:
                document = self._kinds.get(kind, {}).get(key)
                if document is None:
                    self._file.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, key))
                else:
                    self._file.execute(
                        "INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, json.dumps(document))
                    )
        self._dirty.clear()

    def reset(self) -> None:
        self._file.execute("DELETE FROM document")
        self._file.commit()
        self._kinds.clear()
        self._dirty.clear()

    def close(self) -> None:
        self.commit()
        self._file.close()
