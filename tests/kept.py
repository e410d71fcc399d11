"""What a whole module of tests reads: written once, and taken back after the last of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def rows(blocker: DjangoDbBlocker) -> Iterator[None]:
    """What is written within stays for every test of the module, each of which takes back only its own.

    For a fixture of the module's scope; tests that commit cannot use it.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
