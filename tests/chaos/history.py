"""What callers know of the events they sent, as the checker reads it; the engine writes it down."""

from dataclasses import dataclass, field

from tests.chaos.sources import Said

#: carried by every callback; must be found nowhere afterwards
CANARY = "canary-4f1d9e"


@dataclass
class Heard:
    """What a caller knows of one event it sent: Jepsen's ok, fail and info."""

    said: Said
    ok: int = 0
    fail: int = 0
    info: int = 0
    altered_ok: int = 0
    altered_refused: int = 0
    tracking: set[str] = field(default_factory=set)
    #: answered 2xx at a moment when nothing was stored
    early: int = 0
