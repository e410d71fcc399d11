"""Summarised journals as NetSuite's `journalEntry`, and the balance of the deferred revenue account."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import JournalBatch
from connectors.errors import Misconfigured, Rejected
from connectors.interface import ControlLine, Receipt
from connectors.money import amount
from connectors.netsuite import account_balance, mapping

Settings = Mapping[str, Any]


def record(subject: JournalBatch, *, settings: Settings) -> dict[str, Any]:
    """A journal with a line per account; the posting date decides its period. Raises Rejected for one that does not
    balance: NetSuite would say so less clearly.
    """
    if sum((line.debit - line.credit for line in subject.lines), Decimal(0)):
        raise Rejected(
            f"{subject.reference} does not balance", reason="UNBALANCED", field="lines", value=str(subject.total),
            system="netsuite",
        )  # fmt: skip
    return {
        "tranDate": subject.posting_date,
        "memo": f"{subject.reference} ({subject.members} members)",
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        # without it NetSuite takes its own rate of the day, and something would be left on the deferred account
        **({"exchangeRate": subject.exchange_rate.normalize()} if subject.exchange_rate else {}),
        "approvalStatus": {"id": str(settings.get("journal_approval_status", "2"))},
        "line": {
            "items": [
                {
                    "account": {"id": line.account},
                    "memo": line.memo,
                    **({"debit": line.debit} if line.debit else {"credit": line.credit}),
                    **mapping.dimensions(settings.get("dimensions", {})),
                }
                for line in subject.lines
            ]
        },
    }


def receipt(found: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of a journal; one pending approval is in no ledger."""
    currency = mapping.currency_code(found.get("currency"), settings=settings)
    lines = (found.get("line") or {}).get("items") or []
    debits = sum((Decimal(str(line.get("debit") or 0)) for line in lines), Decimal(0))
    status = found.get("approvalStatus")
    pending = isinstance(status, Mapping) and str(status.get("id", "")) in ("1", "3")
    held = {
        "total": format(amount(debits, currency), "f"),
        "currency": currency,
        "tran_date": str(found.get("tranDate") or ""),
        "number": str(found.get("tranId") or ""),
    }
    return Receipt(external_id=str(found["id"]), posted=not pending, held=held)


def balance_query(settings: Settings, *, purpose: str, day: date, of_entity: str) -> str:
    """What stands on the account of `deferred` or `unbilled` revenue per transaction currency, up to and including a
    day. Raises Misconfigured where the settings name no such account.
    """
    account = str(settings.get(f"{purpose}_account") or "")
    if not account.isdigit():
        raise Misconfigured(f"netsuite: the setting {purpose}_account names no account id", system="netsuite")
    return account_balance.query([account], day=day, of_entity=of_entity)


def balance_line(row: Mapping[str, Any], *, purpose: str, entity: str, day: date, settings: Settings) -> ControlLine:
    """A liability stands on the credit side, which is negative there; what is deferred is shown above zero. What is
    unbilled is an asset, and above zero as it stands.
    """
    return account_balance.line(
        row,
        name=purpose,
        accounts=[str(settings.get(f"{purpose}_account"))],
        side=-1 if purpose == "deferred" else 1,
        label=f"{purpose.capitalize()} revenue of {entity}",
        day=day,
        settings=settings,
    )
