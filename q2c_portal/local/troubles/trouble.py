"""One cause of a case: what goes wrong outside the portal, so that the portal finds it by itself."""

from collections.abc import Callable
from dataclasses import dataclass

from q2c_portal.local.troubles.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A reason of the catalogue, and how it comes about."""

    reason: str
    #: what happened, for whoever reads along
    story: str
    cause: Callable[[Stage], object]
