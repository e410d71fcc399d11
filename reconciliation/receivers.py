"""Sync's news becomes cases, in the same transaction: both are saved or neither."""

from typing import Any

from django.dispatch import receiver

from reconciliation import cases
from sync.signals import blocked, unblocked


@receiver(blocked)
def open_cases(blocks: list[Any], **_: Any) -> None:
    cases.open_for_blocks(blocks)


@receiver(unblocked)
def close_cases(blocks: list[Any], note: str, user: Any, **_: Any) -> None:
    cases.close_for_blocks(blocks, note=note, user=user)
