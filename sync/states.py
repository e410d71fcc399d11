"""Where an object stands in its life, and separately what the engine is waiting for."""

from django.db import models


class Lifecycle(models.TextChoices):
    """The seven states every object passes, forward only; a failure never changes them."""

    RECEIVED = "received", "Received"
    VALIDATED = "validated", "Validated"
    TRANSFORMED = "transformed", "Transformed"
    DELIVERED = "delivered", "Delivered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    POSTED = "posted", "Posted"
    RECONCILED = "reconciled", "Reconciled"


#: after so many crashes over one thing it becomes a case; all others go on
POISON_AFTER = 3
#: things that did not come to an end before, taken up per pass after all others, each alone
SUSPECTS_A_PASS = 20
ORDER = {state: place for place, state in enumerate(Lifecycle)}


class Condition(models.TextChoices):
    """What happens next to a row: waiting is expected, in doubt is being looked up, blocked needs people."""

    DUE = "due", "Due"
    WAITING = "waiting", "Waiting for another object"
    HELD = "held", "Held until a known time"
    CLAIMED = "claimed", "Under way"
    IN_DOUBT = "in_doubt", "In doubt, being looked up"
    BLOCKED = "blocked", "Blocked"
    SETTLED = "settled", "Done"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded by a newer version"


#: conditions in which something is still owed
UNFINISHED = (
    Condition.DUE,
    Condition.WAITING,
    Condition.HELD,
    Condition.CLAIMED,
    Condition.IN_DOUBT,
    Condition.BLOCKED,
)


def may_move(before: str, after: str, *, new_round: bool = False) -> bool:
    """Whether a lifecycle move is legal: forward by any number of steps, or (new round only) back to transformed.

    The database refuses the others too (migration lifecycle_moves_forward_only).
    """
    forward = ORDER[Lifecycle(after)] >= ORDER[Lifecycle(before)]
    return forward or (new_round and after == Lifecycle.TRANSFORMED)


def further(one: str, other: str) -> Lifecycle:
    """The later of two states."""
    return max(Lifecycle(one), Lifecycle(other), key=ORDER.__getitem__)
