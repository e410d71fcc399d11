"""The tie-out: both legs, per entity, currency, kind and month of the left-hand document, from the newest readings; and
beside it, as a figure of its own, documents of other currencies in the company's own money.
"""

from dataclasses import dataclass
from decimal import Decimal

from reconciliation import functional, matching
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import ControlStage
from sync.models import LegalEntity
from sync.money_text import plain

#: the second figure stands under a leg of its own name; `rows` never has it
OWN_MONEY = "functional_currency"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the tie-out; gross for documents, net for contracts (which carry no tax), major units."""

    leg: str
    entity: str
    currency: str
    kind: str
    period: str
    left: Decimal
    right: Decimal
    in_flight: Decimal
    held: Decimal
    explained: Decimal
    unexplained: Decimal
    left_count: int
    right_count: int
    left_net: Decimal
    right_net: Decimal
    left_tax: Decimal
    right_tax: Decimal

    def as_data(self) -> dict[str, str]:
        """For machines: money as text with the currency's digits, never a float."""
        money = (
            "left",
            "right",
            "in_flight",
            "held",
            "explained",
            "unexplained",
            "left_net",
            "right_net",
            "left_tax",
            "right_tax",
        )
        return {
            name: plain(value, self.currency) if name in money else str(value)
            for name, value in ((field, getattr(self, field)) for field in self.__dataclass_fields__)
        }


def rows(*, entity: LegalEntity | None = None) -> list[Row]:
    """Every row of both legs, in the order of the legs."""
    found: list[Row] = []
    for one in [entity] if entity else LegalEntity.objects.all():
        for control in sorted((c for c in CONTROLS.values() if c.leg), key=lambda c: c.leg, reverse=True):
            if not ControlStage.objects.filter(control=control.name, entity=one).exists():
                continue
            with matching.compared(control, entity=one):
                found += [_row(control.leg, control.kind, one.code, sums) for sums in matching.totals()]
    return found


def own_money_rows(*, entity: LegalEntity | None = None) -> list[Row]:
    """Documents in another currency than their company's, both sides in its own money at the ERP's posted rate: only
    what is on both sides, since what is not posted has no posted rate. What is explained there is rounding, and what
    the legs show in the documents' own currency.
    """
    zero = Decimal(0)
    return [
        Row(
            leg=OWN_MONEY,
            entity=one.code,
            currency=sums.currency,
            kind=CONTROLS[sums.control].kind,
            period=sums.period,
            left=sums.left_gross,
            right=sums.right_gross,
            in_flight=zero,
            held=zero,
            explained=sums.explained,
            unexplained=sums.unexplained,
            left_count=sums.count,
            right_count=sums.count,
            left_net=sums.left_gross - sums.left_tax,
            right_net=sums.right_gross - sums.right_tax,
            left_tax=sums.left_tax,
            right_tax=sums.right_tax,
        )
        for one in ([entity] if entity else LegalEntity.objects.all())
        for sums in functional.sums(one)
    ]


def _row(leg: str, kind: str, entity: str, sums: matching.PeriodTotals) -> Row:
    return Row(
        leg=leg,
        entity=entity,
        currency=sums.currency,
        kind=kind,
        period=sums.period,
        left=sums.left_gross,
        right=sums.right_gross,
        in_flight=sums.in_flight,
        held=sums.held,
        explained=sums.explained,
        unexplained=sums.unexplained,
        left_count=sums.left_count,
        right_count=sums.right_count,
        left_net=sums.left_net,
        right_net=sums.right_net,
        left_tax=sums.left_tax,
        right_tax=sums.right_tax,
    )


def totals(found: list[Row]) -> list[Row]:
    """The same rows summed over months; never across currencies, entities or kinds."""
    sums: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in found:
        sums.setdefault((row.leg, row.entity, row.currency, row.kind), []).append(row)
    out = []
    for (leg, entity, currency, kind), group in sums.items():
        added = {
            name: sum((getattr(row, name) for row in group), Decimal(0))
            for name in (
                "left",
                "right",
                "in_flight",
                "held",
                "explained",
                "unexplained",
                "left_net",
                "right_net",
                "left_tax",
                "right_tax",
            )
        }
        out.append(
            Row(
                leg=leg,
                entity=entity,
                currency=currency,
                kind=kind,
                period="all",
                left_count=sum(row.left_count for row in group),
                right_count=sum(row.right_count for row in group),
                **added,
            )
        )
    return out
