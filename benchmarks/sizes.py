"""How much each bench takes on: the full sizes, and tiny ones that only show that a bench works."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts per bench; `rounds` is how often both sides are taken in turn."""

    name: str
    #: signed calls per round, and calls with a batch of 200 events per round
    calls: int
    batches: int
    call_rounds: int
    #: refused calls per round and way to be wrong
    refusals: int
    refusal_rounds: int
    #: deliveries and empty tasks per round
    deliveries: int
    delivery_rounds: int
    #: documents a side of the control, and lines staged per round
    lines: int
    line_rounds: int
    #: whether other people's comparers are taken beside it
    peers: bool
    staged: int
    #: open cases, and requests per page in all
    cases: int
    requests: int
    request_rounds: int
    #: usage events per round
    usage_events: int
    usage_rounds: int


FULL = Sizes(
    name="full",
    calls=2_000,
    batches=20,
    call_rounds=5,
    refusals=2_000,
    refusal_rounds=5,
    deliveries=2_000,
    delivery_rounds=5,
    lines=1_000_000,
    line_rounds=3,
    peers=True,
    staged=100_000,
    cases=100_000,
    requests=200,
    request_rounds=5,
    usage_events=100_000,
    usage_rounds=5,
)
QUICK = Sizes(
    name="quick",
    calls=40,
    batches=2,
    call_rounds=2,
    refusals=20,
    refusal_rounds=2,
    deliveries=40,
    delivery_rounds=2,
    lines=2_000,
    line_rounds=2,
    peers=False,
    staged=500,
    cases=300,
    requests=10,
    request_rounds=2,
    usage_events=200,
    usage_rounds=2,
)
