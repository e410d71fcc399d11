"""What flows of documents that lower an invoice share: finding it, and giving each line what the corrected line had."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from connectors.canonical import CreditMemo, CreditMemoLine, DocumentVoid, WriteOff
from connectors.money import minor_units, shares
from sync.errors import StepError, Waits
from sync.models import InvoiceLineRecord, InvoiceRecord
from sync.pipelines.flow import Lookups, of_each

Correction = TypeVar("Correction", CreditMemo, DocumentVoid, WriteOff)


def take_over(subject: Correction, invoice: InvoiceRecord) -> Correction:
    """Customer, company, contract and story of the invoice. Raises StepError where the currencies differ."""
    if invoice.currency != subject.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{subject.currency}; the invoice is in {invoice.currency}"
        )
    return replace(
        subject,
        customer_reference=invoice.customer_reference,
        contract_reference=invoice.contract_reference,
        legal_entity=invoice.legal_entity.code,
        correlation_id=invoice.correlation_id,
    )


def invoice_of(reference: str, lookups: Lookups) -> InvoiceRecord:
    """The invoice a document lowers. Raises Waits until we have it."""
    invoice = lookups.invoices.get(reference)
    if invoice is None:
        raise Waits(reference)
    return invoice


def lines_as_billed(
    lines: Sequence[CreditMemoLine], invoice: InvoiceRecord, currency: str
) -> tuple[CreditMemoLine, ...]:
    """Item, revenue treatment, dimensions, tax code and service period of the lines that are corrected; what names no
    line is shared out over all of them, by what each was billed at. Raises StepErrors.
    """
    billed = {line.line_id: line for line in invoice.lines.all()}
    spread = [
        part
        for line in lines
        for part in ([line] if line.invoice_line_id else _spread(line, list(billed.values()), currency))
    ]
    return of_each(spread, lambda line: _as_billed(line, billed.get(line.invoice_line_id), currency))


def same_lines(rows: Iterable[Any]) -> tuple[CreditMemoLine, ...]:
    """Stored lines of an invoice or credit memo as the lines that take them back."""
    return tuple(
        CreditMemoLine(
            line_id=row.line_id,
            invoice_line_id=getattr(row, "invoice_line_id", row.line_id),
            description=row.description,
            quantity=row.quantity,
            net=row.net,
            tax=row.tax,
            tax_code=row.tax_code,
            service_starts_on=row.service_starts_on,
            service_ends_on=row.service_ends_on,
            contract_reference=row.contract_reference,
            billing_product=row.billing_product,
            erp_item=row.erp_item,
            revenue_treatment=row.revenue_treatment,
            dimensions=tuple((name, value) for name, value in row.dimensions),
        )
        for row in rows
    )


def _as_billed(line: CreditMemoLine, billed: InvoiceLineRecord | None, currency: str) -> CreditMemoLine:
    if billed is None:
        raise StepError("ITEM_UNKNOWN", field="Invoice line", value=line.invoice_line_id)
    _be_taxed_alike(line, billed, currency)
    return replace(
        line,
        description=line.description or billed.description,
        tax_code=billed.tax_code,
        service_starts_on=billed.service_starts_on,
        service_ends_on=billed.service_ends_on,
        contract_reference=billed.contract_reference,
        billing_product=billed.billing_product,
        erp_item=billed.erp_item,
        revenue_treatment=billed.revenue_treatment,
        dimensions=tuple((name, value) for name, value in billed.dimensions),
    )


def _be_taxed_alike(line: CreditMemoLine, billed: InvoiceLineRecord, currency: str) -> None:
    """Tax goes back at the rate it was charged at, to one minor unit."""
    expected = billed.tax * line.net / billed.net if billed.net else Decimal(0)
    if abs(line.tax - expected) > Decimal(1).scaleb(-minor_units(currency)):
        charged = f"{billed.tax} on {billed.net}"
        raise StepError(
            "TAX_MISMATCH", field="Tax", value=f"{line.tax} on {line.net} {currency}; charged was {charged}"
        )


def _spread(line: CreditMemoLine, billed: Sequence[InvoiceLineRecord], currency: str) -> list[CreditMemoLine]:
    if not billed:
        raise StepError("ITEM_UNKNOWN", field="Invoice line", value="the invoice has no lines")
    nets = shares(line.net, [max(one.net, Decimal(0)) for one in billed], currency)
    taxes = shares(line.tax, [max(one.tax, Decimal(0)) for one in billed], currency)
    several = len(billed) > 1
    return [
        replace(
            line,
            line_id=f"{line.line_id[:70]}:{place}" if several else line.line_id,
            invoice_line_id=one.line_id,
            quantity=Decimal(1) if several else line.quantity,
            net=net,
            tax=tax,
        )
        for place, (one, net, tax) in enumerate(zip(billed, nets, taxes, strict=True), start=1)
        if net or tax
    ]
