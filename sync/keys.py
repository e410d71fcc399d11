"""Names by which an object is known everywhere: pure functions, derived, never random."""

import hashlib

#: the longest name any connector of ours may have to store; longer ones are shortened by a stable hash
LONGEST = 120


def reference(kind: str, *parts: str) -> str:
    """Kind and business key, the same for all versions: `invoice:stripe:in_1`."""
    name = ":".join((kind, *parts))
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 17]}#{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def delivery_key(object_reference: str, *, version: int, operation: str, kept_for: str = "") -> str:
    """What is owed: reference, version, operation; and for which further company of ours, where several keep one."""
    return f"{object_reference}@{version}:{operation}{f':{kept_for}' if kept_for else ''}"


def request_key(owed: str, *, target: str, round_number: int, generation: int) -> str:
    """The vendor's idempotency header: at most 64 characters, the same after a restore."""
    digest = hashlib.sha256(f"{target}|{owed}|{round_number}|{generation}".encode()).hexdigest()
    return f"q2c-{digest[:48]}"


def modification(reference: str, number: int) -> str:
    """The name of one modification of an object, as what waits for it calls it."""
    return f"{reference}@{number}"
