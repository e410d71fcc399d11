"""Bundles explode: one line of a deal becomes the lines of its parts, whose amounts sum to it."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.canonical import ContractLine, SubscriptionContract
from connectors.shares import split
from sync.mappings import in_force
from sync.models import BundleMapping
from sync.pipelines.flow import Lookups


def explode_bundles(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Every bundle as its parts, by the row in force when the deal was signed; a part is never a bundle again."""
    lines: list[ContractLine] = []
    for line in contract.lines:
        row = in_force(lookups.tables.bundles.get(line.crm_product, ()), on=contract.signed_on)
        lines += _parts(line, row, contract.currency) if row else [line]
    return replace(contract, lines=tuple(lines))


def _parts(line: ContractLine, row: BundleMapping, currency: str) -> Sequence[ContractLine]:
    """The line's parts under names of their own, each with its share of the amount to the minor unit."""
    amounts = split(line.amount, row.shares, currency)
    return [
        replace(
            line,
            line_id=f"{line.line_id}.{place}",
            crm_product=product,
            amount=amount,
            unit_price=(amount / line.quantity if line.quantity else amount),
        )
        for place, (product, amount) in enumerate(zip(row.parts, amounts, strict=True), start=1)
    ]
