"""What an event is: something people, or a room, may be told of, and what there is to tell at a moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from reconciliation.models import NoticeRoom

#: what is older is not told any more: the digest says what is left of it
LATELY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class News:
    """Something one person, or one room, should know. Told once for each key, however often it is found."""

    to: User | NoticeRoom
    #: what it is about, the same each time it is found
    key: str
    title: str
    #: the title where customers may not be named; given where title or text may name one, or quote somebody
    plain: str = ""
    text: str = ""
    #: where it is looked at, from the portal's root
    path: str
    #: the problem it belongs to, which a person may have muted
    problem: int | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """A kind of news."""

    code: str
    #: as the profile lists it
    title: str
    #: why a person gets it, as the mail ends
    because: str
    #: what there is to tell at this moment; what is found no more was dealt with, and is not told
    news: Callable[[datetime], Iterable[News]]
    #: what has to be remembered of this moment before its news can be told
    remember: Callable[[datetime], None] | None = None
    #: how long it is waited for the person to see it by themselves
    wait: timedelta = timedelta()
    #: it is told although it is found no more, because it tells of a moment that is over
    stays: bool = False
    #: as it is called where a room is told of it; empty for what is only somebody's own
    in_rooms: str = ""
