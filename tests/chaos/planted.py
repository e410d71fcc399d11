"""Bugs to plant, one at a time: a harness that does not find them proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bug(name: str) -> Iterator[None]:
    """Run with this bug in the product; an empty name plants nothing."""
    yield
