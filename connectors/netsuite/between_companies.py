"""What companies of one group owe each other in NetSuite: the accounts a connection's settings name for each of them.

Setting `intercompany`: code of the other company -> ids of the accounts on which what it owes, and is owed, stands.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from connectors.errors import Misconfigured
from connectors.interface import ControlLine
from connectors.netsuite import account_balance
from connectors.netsuite.mapping import Settings


def queries(*, entity: str, day: date, of_entity: str, settings: Settings) -> list[tuple[str, Any]]:
    """Per other company, what it owes up to and including a day; what is owed to it is below zero. Raises
    Misconfigured.
    """
    found = []
    for other, accounts in sorted(_accounts(settings).items()):
        # nobody owes anything to itself
        if other == entity:
            continue
        asked = account_balance.query(accounts, day=day, of_entity=of_entity)
        read = partial(_line, other=other, accounts=accounts, day=day, settings=settings)
        found.append((asked, read))
    return found


def _accounts(settings: Settings) -> Mapping[str, list[str]]:
    named = settings.get("intercompany")
    if not isinstance(named, Mapping) or not named:
        raise Misconfigured("netsuite: the setting intercompany names no accounts", system="netsuite")
    found = {str(other): [str(one) for one in accounts] for other, accounts in named.items()}
    for other, accounts in found.items():
        if not accounts or not all(one.isdigit() for one in accounts):
            raise Misconfigured(
                f"netsuite: the setting intercompany names no account ids for {other}", system="netsuite"
            )
    return found


def _line(row: Mapping[str, Any], *, other: str, accounts: list[str], day: date, settings: Settings) -> ControlLine:
    return account_balance.line(
        row, name=f"between:{other}", accounts=accounts, side=1, label=f"Owed by {other}", day=day, settings=settings
    )
