"""What our companies owe each other: what the one's ledger says it is owed is what the other's says it owes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding, Type
from reconciliation.models import ControlStage
from reconciliation.models.controls import Side
from sync.models import LegalEntity
from sync.money_text import plain

NAME = "between_companies"


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One per other company and currency for which the two ledgers do not cancel out. The other company's ledger is as
    its own control read it last; one that was never read says nothing.
    """
    read = ControlStage.objects.filter(control=NAME, is_current=True).values("entity")
    others = {one.code: one for one in LegalEntity.objects.filter(pk__in=read).exclude(pk=entity.pk)}
    mine, found = _balances(entity), []
    for code, other in sorted(others.items()):
        theirs = _balances(other)[entity.code]
        for currency in sorted({*mine[code], *theirs}):
            owed, owes = mine[code].get(currency, Decimal(0)), theirs.get(currency, Decimal(0))
            if owed + owes:
                found.append(_finding(entity, other, currency, owed, owes))
    return found


def _balances(entity: LegalEntity) -> Mapping[str, dict[str, Decimal]]:
    """Per other company and currency, what it owes by this ledger."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for line in readings.newest(NAME, entity, Side.RIGHT):
        # between:DE01:EUR
        _, code, currency = line.reference.split(":")
        found[code][currency] = line.gross
    return found


def _finding(entity: LegalEntity, other: LegalEntity, currency: str, owed: Decimal, owes: Decimal) -> Finding:
    here, there = plain(owed, currency), plain(-owes, currency)
    return Finding(
        reference=f"between:{entity.code}:{other.code}:{currency}",
        kind="COMPANIES_DISAGREE",
        label=f"between {entity.code} and {other.code}",
        cause=f"{other.code} owes {here} {currency} by this ledger, and {there} by its own",
        currency=currency,
        left={"status": entity.code, "gross": here},
        right={"status": other.code, "gross": there},
        difference=owed + owes,
    )


BETWEEN_COMPANIES = Control(
    name=NAME,
    title="What our companies owe each other agrees",
    leg="",
    kind="balance",
    left_role="portal",
    left_kind="between_companies",
    right_role="erp",
    right_kind="between_companies",
    type=Type.BALANCE,
    as_of=True,
    compares=(),
    date_basis="Posting date, up to the day that ended, in both ledgers",
    assertion="Completeness and accuracy",
    is_key=False,
    needs_setting="intercompany",
    left_reader=readings.none_of_ours,
    judges=findings,
)
