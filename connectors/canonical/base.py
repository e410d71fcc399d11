"""What every canonical object carries."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Canonical:
    """What every canonical object carries."""

    kind: ClassVar[str] = ""
    #: state-like: a newer version makes an older undelivered one pointless; documents are never skipped
    state_like: ClassVar[bool] = False

    #: kind and business key, the same for all versions, e.g. `invoice:stripe:in_123`
    reference: str
    version: int
    #: ties opportunity, contract, subscription, invoice and payment into one story
    correlation_id: str
    legal_entity: str = ""
    #: ISO 4217
    currency: str = ""
    source_system: str = ""
    #: tracking id of the inbox event this came from
    source_event: str = ""


@dataclass(frozen=True, kw_only=True)
class CashMovement(Canonical):
    """Money that moved on a day of its own; the ledger counts it on that day, or, where its period was closed and
    finance said so, on another one.
    """

    #: the field that holds its own day
    own_day: ClassVar[str] = ""

    #: the day it counts in the ledger, where that is not its own
    posting_date: date | None = None

    @property
    def posts_on(self) -> date:
        """The day it counts in the ledger."""
        own: date = getattr(self, self.own_day)
        return self.posting_date or own
