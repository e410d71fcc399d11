"""Who acts: the person behind a request, and how people read their name."""

from django.contrib.auth.models import AbstractUser, User
from django.db.models import QuerySet


def person_of(user: AbstractUser) -> User:
    """The same person as the row our own rows point to; nobody who has not signed in gets this far."""
    assert isinstance(user, User)
    return user


def full_name(user: AbstractUser) -> str:
    """Full name, else what they sign in with."""
    return user.get_full_name() or user.get_username()


def holders(permission: str) -> QuerySet[User]:
    """Everybody who signs in here and has this permission of the desk through a role; a superuser's implied rights do
    not count.
    """
    through = {
        "groups__permissions__content_type__app_label": "reconciliation",
        "groups__permissions__codename": permission,
    }
    return User.objects.filter(**through, is_active=True, is_staff=True, is_superuser=False).distinct()


def by_name(people: QuerySet[User]) -> QuerySet[User]:
    """In the order people look for a name."""
    return people.order_by("first_name", "last_name", "username")
