"""Idempotency-Key: the first execution's answer, kept 24 hours of machine time and repeated."""

import hashlib
import json
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account
from connectors.sandbox.stripe_billing.errors import StripeError

KIND = "_idempotency"
KEPT_SECONDS = 24 * 3600
LONGEST = 255


class KeyStore:
    """Which keys are under way, and what the finished ones answered."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._under_way: set[str] = set()

    def claim(self, key: str, *, path: str, values: dict[str, Any]) -> Document | None:
        """The saved answer of an identical earlier request, or None and the key is now under way.

        Raises StripeError when the key was used for something else or is just being used.
        """
        if len(key) > LONGEST:
            raise StripeError(f"Idempotency keys must be at most {LONGEST} characters long.", param="Idempotency-Key")
        if key in self._under_way:
            raise StripeError(
                f"There is currently another in-progress request using this Idempotency Key (that probably means you "
                f"submitted twice, and the other request is still going through): {key}. Please try again later.",
                status=409,
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        saved = self._account.books.get(KIND, key)
        if saved and saved["created"] <= self._account.machine_now() - KEPT_SECONDS:
            self._account.drop(KIND, key)
            saved = None
        if saved is None:
            self._under_way.add(key)
            return None
        if saved["path"] != path:
            raise StripeError(
                f"Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{path}' vs '{saved['path']}'). Try using a key other than '{key}' if you meant to execute a "
                f"different request.",
                type="idempotency_error",
            )
        if saved["params"] != fingerprint(values):
            raise StripeError(
                f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return saved

    def save(self, key: str, *, path: str, values: dict[str, Any], status: int, body: str, request_id: str) -> None:
        """Keep an answer for repeats, and forget a few that are too old."""
        account = self._account
        oldest = account.index.entries(KIND)[:4]
        for created, old in oldest:
            if created <= account.machine_now() - KEPT_SECONDS:
                account.drop(KIND, old)
        document = {
            "id": key, "created": account.machine_now(), "path": path, "params": fingerprint(values),
            "status": status, "body": body, "request_id": request_id,
        }  # fmt: skip
        account.put(KIND, document)

    def release(self, key: str) -> None:
        self._under_way.discard(key)


def fingerprint(values: dict[str, Any]) -> str:
    """The same for the same parameters in any order."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
