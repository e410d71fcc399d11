"""Where an electronic invoice stands with the tax authority."""

from dataclasses import dataclass
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class Clearance(Canonical):
    """The latest word on one electronic invoice; a later status replaces an earlier one, and cleared is the last."""

    kind: ClassVar[str] = "clearance"
    state_like: ClassVar[bool] = True

    invoice_reference: str
    contract_reference: str
    number: str
    #: pending, rejected or cleared
    status: str
    legal_number: str = ""
    #: what the authority said
    words: str = ""


#: status -> version: how far an electronic invoice got
RANK = {"pending": 1, "rejected": 2, "cleared": 3}
