"""What may go wrong, and how often: rates per call, per message, per boundary."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Chances between 0 and 1 unless said otherwise."""

    # per remote write
    #: refused for the moment; nothing was written
    unavailable: float = 0.0
    #: 429 with a time to wait, which binds the whole connection
    throttled: float = 0.0
    #: no answer, and nothing was written
    lost_call: float = 0.0
    #: written, and no answer: the outcome every double posting begins with
    lost_answer: float = 0.0
    #: no answer; written some time later, within the settle time
    late_commit: float = 0.0
    #: an error after which nobody knows, kept and repeated for the same request key
    stored_error: float = 0.0
    #: the sign-in is refused until somebody resumes the connection
    login: float = 0.0
    #: the answer takes so long that others take over the lease
    slow: float = 0.0
    #: written and not to be found for a while
    absent: float = 0.0
    #: the answer echoes another amount than was sent
    wrong_echo: float = 0.0
    #: an ERP refuses this document until somebody sets something right there
    refused: float = 0.0
    #: somebody at the target enters the same document by hand
    by_hand: float = 0.0

    # per message of the broker
    nudge_lost: float = 0.0
    nudge_twice: float = 0.0
    nudge_late: float = 0.0
    #: the broker is away for the whole run
    broker_off: bool = False
    #: 0, 1 or 2
    beats: int = 1

    # per callback of a source
    call_lost: float = 0.0
    call_twice: float = 0.0
    #: the same event id with other content
    call_altered: float = 0.0
    #: comes hours late, out of order
    call_late: float = 0.0

    # per flow
    unmapped: float = 0.0
    modified: float = 0.0
    moved: float = 0.0

    # per invoice: it is credited, voided, paid in parts or too much, given back or disputed, not just paid
    lives: float = 0.0

    # per step boundary
    crash: float = 0.0


NONE = Faults()
NETWORK = Faults(
    unavailable=0.05,
    throttled=0.01,
    lost_call=0.03,
    lost_answer=0.06,
    late_commit=0.03,
    stored_error=0.02,
    slow=0.005,
    absent=0.03,
)
BROKER = Faults(nudge_lost=0.2, nudge_twice=0.2, nudge_late=0.2, beats=2)
ORDER = Faults(call_lost=0.05, call_twice=0.2, call_altered=0.01, call_late=0.1, modified=0.25, moved=0.25)
PEOPLE = Faults(unmapped=0.08, login=0.0005, by_hand=0.002, refused=0.05)
LIVES = Faults(lives=0.8)
CRASHES = Faults(crash=0.001)
PRESETS = {
    "none": NONE,
    "network": NETWORK,
    "broker": BROKER,
    "order": ORDER,
    "people": PEOPLE,
    "crashes": CRASHES,
    "lives": LIVES,
    "broker-off": Faults(broker_off=True, beats=0),
    "timeouts": Faults(lost_answer=0.5),
    "storm": Faults(unavailable=0.3),
    "throttling": Faults(throttled=0.2),
}


def merged(*several: Faults) -> Faults:
    """The strongest of each."""
    both = several[0]
    for other in several[1:]:
        both = replace(
            both,
            **{one.name: getattr(other, one.name) for one in fields(Faults) if getattr(other, one.name) != one.default},
        )
    return both


ALL = merged(NETWORK, BROKER, ORDER, PEOPLE, LIVES, CRASHES)


def named(text: str) -> Faults:
    """Faults from names such as `network,order`. Raises ValueError naming those that exist."""
    if text == "all":
        return ALL
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in PRESETS]
    if unknown or not names:
        raise ValueError(
            f"faults: {', '.join(unknown) or 'nothing'} is not known; there are all, {', '.join(PRESETS)}."
        )
    return merged(*(PRESETS[name] for name in names))
