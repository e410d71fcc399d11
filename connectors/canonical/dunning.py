"""How collecting an invoice goes."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class Dunning(Canonical):
    """The latest word of billing on collecting one invoice; its version is the number of tries that failed."""

    kind: ClassVar[str] = "dunning"
    state_like: ClassVar[bool] = True

    invoice_reference: str
    customer_reference: str = ""
    failed_tries: int
    #: empty: billing does not try again by itself
    next_try_on: date | None = None
