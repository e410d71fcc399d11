"""Both sides of the controls, answered from memory in place of the network."""

from datetime import date
from decimal import Decimal
from typing import Any

from connectors.interface import ControlLine as Line
from reconciliation import staging
from sync.models import (
    Connection,
    LegalEntity,
)
from tests.reconciliation.views.company import DAY, Story


def line(reference: str, amount: str, external_id: str, *, label: str, day: date = DAY) -> Line:
    """One document as a system lists it."""
    value = Decimal(amount)
    return Line(
        reference=reference,
        external_id=external_id,
        document_date=day,
        currency="USD",
        net=value,
        tax=Decimal(0),
        gross=value,
        label=label,
        status="open",
        counterparty="Cancity",
    )


class Sides:
    """Both sides of every control, answered from memory in place of the network."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.lines: dict[tuple[str, str], list[Line]] = {}

    def read_side(
        self,
        control: Any,
        side: Any,
        *,
        entity: LegalEntity,
        business_date: date,
        source: Connection,
        company_code: str,
    ) -> Any:
        """Stands where reconciliation.staging.read_side does."""
        lines = [
            one
            for one in self.lines.get((control.name, side.value), [])
            if control.as_of or one.document_date == business_date
        ]
        return staging.stage(
            control,
            side,
            entity=entity,
            business_date=business_date,
            source=source,
            lines=lines,
            pages=1,
            source_count=len(lines),
            query=f"documents of {business_date}",
        )

    def deals(self, *, paid: str, blocked: str, waiting: str, doubt: str) -> None:
        """Leg one: four sold, two billed; the other two have a case or wait for one."""
        name = "committed_vs_contracted"
        sold = [(paid, "4821.00"), (blocked, "4821.00"), (waiting, "55.00"), (doubt, "550.00")]
        self.lines[name, "left"] = [line(f"contract:{own}", amount, own, label=f"Deal {own}") for own, amount in sold]
        self.lines[name, "right"] = [
            line(f"contract:{own}", amount, f"sub_{own}", label=f"Subscription sub_{own}")
            for own, amount in (sold[0], sold[3])
        ]

    def invoices(self, *, posted: str = "4821.00") -> None:
        """Leg two: two issued; one posted with this amount, the other in doubt."""
        self.lines["invoices", "left"] = [
            line("invoice:stripe:in_1", "4821.00", "in_1", label="ABC-0001"),
            line("invoice:stripe:in_4", "550.00", "in_4", label="ABC-0004"),
        ]
        self.lines["invoices", "right"] = [line("invoice:stripe:in_1", posted, "9001", label="ABC-0001")]
