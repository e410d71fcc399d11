"""Voided document -> its own lines again -> a reversal in the ERP, where nothing stands against it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connectors.canonical import CreditMemo, DocumentVoid, Invoice
from sync.errors import StepError, Waits
from sync.models import CreditMemoRecord, InvoiceRecord, VoidRecord
from sync.pipelines import correcting, records, short_payments
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.revenue import changes


def find_document(void: DocumentVoid, lookups: Lookups) -> DocumentVoid:
    """The document taken back gives customer, company, story and lines; its amounts must be the ones we know."""
    invoice = correcting.invoice_of(void.invoice_reference, lookups)
    document = _document(void, invoice, lookups)
    if (document.net, document.tax, document.total) != (void.net, void.tax, void.total):
        raise StepError(
            "AMOUNT_MISMATCH", field="Total", value=f"{void.total} {void.currency}; we know it at {document.total}"
        )
    return replace(
        correcting.take_over(void, invoice), number=document.number, lines=correcting.same_lines(document.lines.all())
    )


def look_for_objections(void: DocumentVoid, lookups: Lookups) -> DocumentVoid:
    """An invoice may be voided only while nothing was paid or credited on it, and in the period it was posted in."""
    invoice = lookups.invoices.get(void.invoice_reference)
    if invoice is None:
        return void
    item = lookups.open_items.get(void.invoice_reference)
    against = []
    if void.voided_kind == Invoice.kind and item is not None and item.left != item.total:
        against.append("paid or credited")
    if void.voided_kind == Invoice.kind and invoice.e_invoice_status == "cleared":
        against.append("reported for tax")
    document = lookups.credit_memos.get(void.voids) if void.voided_kind == CreditMemo.kind else invoice
    if document is not None and not _same_period(document.posting_date, void.posting_date, lookups, invoice):
        against.append("another period")
    return replace(void, objection=", ".join(against))


def _document(void: DocumentVoid, invoice: InvoiceRecord, lookups: Lookups) -> InvoiceRecord | CreditMemoRecord:
    if void.voided_kind == Invoice.kind:
        return invoice
    memo = lookups.credit_memos.get(void.voids)
    if memo is None:
        raise Waits(void.voids)
    return memo


def _same_period(posted: date, voided: date, lookups: Lookups, invoice: InvoiceRecord) -> bool:
    """By the ERP's own periods; where none is mirrored, by the calendar month."""
    for period in lookups.periods:
        if period.entity_id == invoice.legal_entity_id and period.starts_on <= posted <= period.ends_on:
            return period.starts_on <= voided <= period.ends_on
    return (posted.year, posted.month) == (voided.year, voided.month)


def store(voids: Sequence[DocumentVoid], lookups: Lookups) -> None:
    records.put(voids, VoidRecord, lookups, stamp="created_at")
    for model, kind in ((InvoiceRecord, Invoice.kind), (CreditMemoRecord, CreditMemo.kind)):
        named = sorted(void.voids for void in voids if void.voided_kind == kind)
        model._default_manager.filter(reference__in=named).update(status="void")
    for void in voids:
        changes.take_back(void.voids, void=void.reference, on=void.voided_on)


def owes(void: DocumentVoid, lookups: Lookups) -> list[Owed]:
    """The reversal; where something stands against it, finance is asked before anything is sent."""
    customer = lookups.customers[void.customer_reference]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=void,
            needs=tuple(dict.fromkeys((void.customer_reference, void.voids, void.invoice_reference))),
            serial_key=f"open:{void.invoice_reference}",
            document_date=void.voided_on,
            posting_date=void.posting_date,
            amount=void.total,
            title=f"Void of {void.number}",
            customer_name=customer.name,
            asks="VOID_NOT_ALLOWED" if void.objection else "",
            asks_because=void.objection,
        )
    ]


def describe(void: DocumentVoid) -> dict[str, Any]:
    return {
        "title": f"Void of {void.number}",
        "customer_reference": void.customer_reference,
        "amount": void.total,
        "currency": void.currency,
        "effective_on": void.voided_on,
    }


def look_over(voids: Sequence[DocumentVoid], lookups: Lookups) -> None:
    """What is taken back is short of nothing; a credit memo that is taken back leaves more open."""
    short_payments.review_corrected(void.invoice_reference for void in voids)


VOID_TO_ERP = Flow(
    name="void_to_erp",
    kind=DocumentVoid.kind,
    steps=(find_document, look_for_objections),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
