"""What the CRM should show."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class CrmStatus(Canonical):
    """What the CRM should show on one of its records; latest wins."""

    kind: ClassVar[str] = "feedback"
    state_like: ClassVar[bool] = True

    crm_object: str
    crm_record_id: str
    #: our field name, text
    fields: tuple[tuple[str, str], ...] = ()


def shown_digest(shown: Mapping[str, str]) -> str:
    """What a record shows, by our names, as one comparable word; neither what is empty counts nor white space."""
    said = "\x1f".join(f"{name}={value.strip()}" for name, value in sorted(shown.items()) if value.strip())
    return hashlib.sha256(said.encode()).hexdigest()[:32]
