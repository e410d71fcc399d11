"""What every canonical object carries."""

from dataclasses import dataclass
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
