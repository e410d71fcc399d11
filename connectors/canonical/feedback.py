"""What the CRM should show."""

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
