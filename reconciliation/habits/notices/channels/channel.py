"""What every way out shares: the message, and what is known of one that was not taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """One piece of news, in words, with the link to where it is looked at. Nothing is decided by opening it."""

    #: the same for every try, so that who gets it twice can tell
    id: str
    event: str
    title: str
    text: str
    link: str
    noted_at: datetime


class NotTaken(Exception):
    """It did not go out; the message says why, for people, and never holds the address it was to go to."""

    def __init__(self, words: str, *, wait: float | None = None, for_good: bool = False) -> None:
        super().__init__(words)
        #: seconds the other side asks us to wait
        self.wait = wait
        #: the same message will not be taken later either
        self.for_good = for_good


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A kind of room."""

    title: str
    #: how the admin asks for its address
    wants: str
    #: endings of the vendor's own hosts; none where the address is the customer's own
    hosts: tuple[str, ...] = ()
    #: the request's body and headers; what is secret besides the address comes with it
    write: Callable[[Message, Mapping[str, str], datetime], tuple[bytes, dict[str, str]]]
    #: the vendor's short word for a refusal -> the same for people
    refusals: Mapping[str, str] = field(default_factory=dict)
    #: it is given a secret to check our signature with
    signs: bool = False
