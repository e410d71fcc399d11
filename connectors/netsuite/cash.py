"""Refunds, payouts and disputes as NetSuite records: `customerRefund`, or a balanced `journalEntry`; pure functions."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import Canonical, Payout, Refund, Withholding, entries
from connectors.errors import Misconfigured, Rejected
from connectors.interface import ControlLine, Receipt
from connectors.netsuite import account_balance, mapping
from connectors.netsuite.mapping import Known, Settings

#: where older settings keep an account
NAMED_BEFORE = {"clearing": "clearing_account", "receivable": "ar_account"}


def account_id(purpose: str, currency: str, *, settings: Settings) -> str:
    """The account of this chart that serves a purpose in a currency. Raises Rejected WRONG_ACCOUNT where none is set.

    The setting `accounts` maps a purpose to an account id, or to one per currency.
    """
    found = settings.get("accounts", {}).get(purpose) or settings.get(NAMED_BEFORE.get(purpose, ""))
    if isinstance(found, Mapping):
        found = found.get(currency)
    if not found:
        raise Rejected(
            f"no NetSuite account is set for {purpose} in {currency}", reason="WRONG_ACCOUNT",
            field=f"accounts.{purpose}", value=f"{purpose} {currency}", system="netsuite",
        )  # fmt: skip
    return str(found)


def account_ids(purpose: str, *, settings: Settings) -> list[str]:
    """Every account that serves a purpose, whatever the currency; at least one, which nothing is booked on."""
    found = settings.get("accounts", {}).get(purpose) or settings.get(NAMED_BEFORE.get(purpose, "")) or "0"
    values = found.values() if isinstance(found, Mapping) else (found,)
    return sorted({str(value) for value in values if str(value).isdigit()}) or ["0"]


def refund_record(subject: Refund, *, known: Known, settings: Settings) -> dict[str, Any]:
    """Money given back as a `customerRefund` out of the clearing account, applied to what it pays back."""
    lines = [
        {
            "apply": True,
            "doc": {"id": mapping.target_id(cause, known=known, reason="REFUND_WITHOUT_CAUSE", field="apply")},
            "amount": Decimal(share),
        }
        for cause, share in subject.causes
    ]
    return {
        "customer": {
            "id": mapping.target_id(
                subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="customer"
            )
        },
        **_head(subject, settings=settings),
        "arAcct": {"id": account_id("receivable", subject.currency, settings=settings)},
        "account": {"id": account_id("clearing", subject.currency, settings=settings)},
        "apply": {"items": lines},
    }


def journal_record(subject: Canonical, *, known: Known, settings: Settings) -> dict[str, Any]:
    """A movement of cash as one approved `journalEntry`; its lines sum to nothing."""
    lines = []
    for entry in entries(subject):
        line: dict[str, Any] = {
            "account": {"id": account_id(entry.purpose, subject.currency, settings=settings)},
            "debit" if entry.debit else "credit": abs(entry.amount),
            "memo": subject.reference,
        }
        if entry.customer_reference:
            # NetSuite takes a receivables line only with its customer
            line["entity"] = {
                "id": mapping.target_id(
                    entry.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="line.entity"
                )
            }
        lines.append(line)
    # the gateway's own rate, where one side is in the company's money; without one NetSuite would take its own table's
    rate = getattr(subject, "exchange_rate", Decimal(0))
    rated = {"exchangeRate": rate.normalize()} if rate else {}
    return {**_head(subject, settings=settings), **rated, "approved": True, "line": {"items": lines}}


def _head(subject: Any, *, settings: Settings) -> dict[str, Any]:
    return {
        "tranDate": subject.posts_on,
        "memo": memo(subject),
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        **mapping.own_fields(subject, settings=settings),
    }


def memo(subject: Any) -> str:
    """What people find it by: the gateway's id, and what the bank's statement shows of a payout; of withheld tax the
    invoice and the certificate.
    """
    if isinstance(subject, Withholding):
        certificate = f"certificate {subject.certificate_number} of {subject.certificate_date}"
        return f"{subject.number}, {certificate if subject.certificate_number else 'certificate outstanding'}"
    trace = subject.bank_trace if isinstance(subject, Payout) else ""
    return " ".join(part for part in (subject.gateway_id, trace) if part)


def refund_receipt(record: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of a refund."""
    currency = mapping.currency_code(record.get("currency"), settings=settings)
    held = {
        "total": mapping.money_text(record.get("total"), currency), "currency": currency,
        "tran_date": str(record.get("tranDate") or ""), "number": str(record.get("tranId") or ""),
    }  # fmt: skip
    return Receipt(
        external_id=str(record["id"]),
        posted=True,
        version=mapping.own_version(record, kind="refund", settings=settings),
        held=held,
    )


def journal_receipt(record: Mapping[str, Any], *, settings: Settings) -> Receipt:
    """What NetSuite holds of a journal. One that is not approved is in no ledger."""
    held = {
        "currency": mapping.currency_code(record.get("currency"), settings=settings),
        "tran_date": str(record.get("tranDate") or ""), "number": str(record.get("tranId") or ""),
    }  # fmt: skip
    return Receipt(external_id=str(record["id"]), posted=record.get("approved") in (True, "T"), held=held)


def named_account_ids(purpose: str, *, settings: Settings) -> list[str]:
    """Every account that serves a purpose, where there must be one. Raises Misconfigured."""
    found = account_ids(purpose, settings=settings)
    if found == ["0"]:
        raise Misconfigured(f"netsuite: the setting accounts.{purpose} names no account id", system="netsuite")
    return found


def balance_query(*, day: date, of_entity: str, settings: Settings) -> str:
    """What stands on the clearing accounts per transaction currency, up to and including a day. Raises Misconfigured
    where no clearing account is set.
    """
    return account_balance.query(named_account_ids("clearing", settings=settings), day=day, of_entity=of_entity)


def balance_line(row: Mapping[str, Any], *, entity: str, day: date, settings: Settings) -> ControlLine:
    """One currency's balance; debits, which is what the gateway owes, above zero."""
    return account_balance.line(
        row,
        name="clearing",
        accounts=account_ids("clearing", settings=settings),
        side=1,
        label=f"Clearing account of {entity}",
        day=day,
        settings=settings,
    )
