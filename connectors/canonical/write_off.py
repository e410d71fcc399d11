"""What a customer owes rightly and will not pay."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class WriteOff(Canonical):
    """An open balance given up: the document was right, so it is an expense and never lowers revenue or tax."""

    kind: ClassVar[str] = "write_off"

    invoice_reference: str
    #: number of that invoice
    number: str
    customer_reference: str
    contract_reference: str
    written_off_on: date
    posting_date: date
    #: what is still open, above zero
    amount: Decimal
    #: which account takes it: `bad_debt` or `small_difference`
    treatment: str = "bad_debt"
    #: why people are asked first; empty where the entity's caps allow it
    objection: str = ""
