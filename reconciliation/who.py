"""Who acts: the person behind a request, and how people read their name."""

from django.contrib.auth.models import AbstractUser, User


def person_of(user: AbstractUser) -> User:
    """The same person as the row our own rows point to; nobody who has not signed in gets this far."""
    assert isinstance(user, User)
    return user


def full_name(user: AbstractUser) -> str:
    """Full name, else what they sign in with."""
    return user.get_full_name() or user.get_username()
