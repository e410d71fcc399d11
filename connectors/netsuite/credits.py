"""Credit memos, reversals and write-offs as NetSuite's records, and its answers to ours: pure functions.

NetSuite's REST services know no verb that voids (only SuiteScript's N/transaction does), so a void is posted as a
reversal of its own: docs.oracle.com, SuiteTalk REST, "Credit Memo".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.canonical import CreditMemo, DocumentVoid, WriteOff
from connectors.canonical.invoice import InvoiceLine
from connectors.errors import Misconfigured, Rejected
from connectors.interface import Receipt
from connectors.netsuite import mapping
from connectors.netsuite.mapping import Known, Settings

#: longest `tranId`
LONGEST_NUMBER = 45


def credit_memo_record(
    subject: CreditMemo, *, known: Known, settings: Settings, corrected: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A credit memo as NetSuite's `creditMemo`, applied to the invoice it corrects as far as billing applied it.

    `corrected` is that invoice as NetSuite has it; its rate of exchange is the memo's.
    """
    return _reduction(
        subject,
        number=subject.number,
        memo=f"{subject.reason_code}; {subject.refers_to or 'on account'}; {subject.contract_reference}",
        lines=mapping.item_lines(subject.lines, settings=settings),
        known=known,
        settings=settings,
        corrected=corrected,
        applied=subject.applied,
    )


def reversal_record(
    subject: DocumentVoid, *, known: Known, settings: Settings, corrected: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The reversal of an invoice: its own lines again, as a `creditMemo` applied to it."""
    return _reduction(
        subject,
        number=_with_suffix(subject.number, "-VOID"),
        memo=f"Void of {subject.voids}; {subject.contract_reference}",
        lines=mapping.item_lines(subject.lines, settings=settings),
        known=known,
        settings=settings,
        corrected=corrected,
        applied=subject.applied,
    )


def write_off_record(
    subject: WriteOff, *, known: Known, settings: Settings, corrected: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A write-off as a `creditMemo` of one item whose account is an expense. Raises Misconfigured without such an item:
    it must never fall back on one that would lower revenue.
    """
    item = (settings.get("write_off_items") or {}).get(subject.treatment)
    if not item:
        raise Misconfigured(
            f"netsuite: the setting write_off_items names no item for {subject.treatment}", system="netsuite"
        )
    line = InvoiceLine(
        line_id="1",
        description=f"{subject.treatment.replace('_', ' ').capitalize()}, invoice {subject.number}",
        quantity=Decimal(1),
        net=subject.amount,
        tax=subject.amount - subject.amount,
        tax_code="",
        service_starts_on=subject.written_off_on,
        service_ends_on=subject.written_off_on,
        erp_item=str(item),
    )
    (row,) = mapping.item_lines((line,), settings=settings)
    # an expense is booked at once
    row = {name: value for name, value in row.items() if not name.startswith("revRec")}
    return _reduction(
        subject,
        number=_with_suffix(subject.number, "-WO"),
        memo=f"{subject.treatment}; {subject.invoice_reference}; {subject.contract_reference}",
        lines=[row],
        known=known,
        settings=settings,
        corrected=corrected,
        applied=subject.amount,
    )


def _reduction(
    subject: CreditMemo | DocumentVoid | WriteOff,
    *,
    number: str,
    memo: str,
    lines: list[dict[str, Any]],
    known: Known,
    settings: Settings,
    corrected: Mapping[str, Any] | None,
    applied: Decimal,
) -> dict[str, Any]:
    customer = mapping.target_id(subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="entity")
    record: dict[str, Any] = {
        "entity": {"id": customer},
        "tranId": number[:LONGEST_NUMBER],
        "tranDate": subject.posting_date,
        "memo": memo,
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        **mapping.dimensions(settings.get("dimensions", {})),
        **mapping.own_fields(subject, settings=settings),
        "autoApply": False,
        "item": {"items": lines},
        "apply": {"items": []},
    }
    if settings.get("ar_account"):
        record["account"] = {"id": str(settings["ar_account"])}
    if corrected is not None:
        # what was billed leaves the books at the rate it entered them with
        record["exchangeRate"] = Decimal(str(corrected.get("exchangeRate") or 1))
        if applied:
            record["apply"] = {"items": [{"apply": True, "doc": {"id": str(corrected["id"])}, "amount": applied}]}
    return record


def reversal_invoice(
    subject: DocumentVoid, *, known: Known, settings: Settings, memo_record: Mapping[str, Any]
) -> dict[str, Any]:
    """The reversal of a credit memo: its own lines again, as an `invoice` the memo will be applied to."""
    customer = mapping.target_id(subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="entity")
    return {
        "entity": {"id": customer},
        "tranId": _with_suffix(subject.number, "-VOID"),
        "tranDate": subject.posting_date,
        "dueDate": subject.posting_date,
        "memo": f"Void of {subject.voids}; {subject.contract_reference}",
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        "exchangeRate": Decimal(str(memo_record.get("exchangeRate") or 1)),
        **mapping.dimensions(settings.get("dimensions", {})),
        **mapping.own_fields(subject, settings=settings),
        "item": {"items": mapping.item_lines(subject.lines, settings=settings)},
    }


def taken_over(subject: DocumentVoid, *, reversal_id: str) -> dict[str, Any]:
    """The voided credit memo pays its own reversal from now on, and no invoice any more."""
    return {"apply": {"items": [{"apply": True, "doc": {"id": reversal_id}, "amount": subject.total}]}}


def _with_suffix(number: str, suffix: str) -> str:
    return number[: LONGEST_NUMBER - len(suffix)] + suffix


def receipt(record: Mapping[str, Any], *, kind: str, settings: Settings) -> Receipt:
    """What NetSuite holds of a credit memo, reversal or write-off."""
    found = mapping.invoice_receipt(record, settings=settings)
    return Receipt(
        external_id=found.external_id,
        posted=found.posted,
        version=mapping.own_version(record, kind=kind, settings=settings),
        held=found.held,
    )


def refused(error: Rejected, *, reason: str) -> Rejected:
    """A refusal about the invoice it should be applied to, under the reason people know it by."""
    if error.reason == "UNAPPLIED_CASH" or "apply" in error.field.lower():
        error.reason = reason
    return error
