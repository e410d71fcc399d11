"""Issued invoice -> enriched with what only the ERP side knows -> posted to receivables at its total."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import Invoice, InvoiceLine
from sync.errors import StepError, Waits
from sync.models import ContractLineRecord, ContractRecord, InvoiceLineRecord, InvoiceRecord
from sync.pipelines import issuing, records
from sync.pipelines.flow import Flow, Lookups, Owed, of_each
from sync.pipelines.rates import rate_invoice
from sync.revenue import schedules
from sync.usage import cut_off


def find_contract(invoice: Invoice, lookups: Lookups) -> Invoice:
    """The contract gives customer, selling company and story; an invoice of none of ours is an orphan."""
    if not invoice.contract_reference:
        raise StepError("ORPHAN_INVOICE", field="Invoice", value=invoice.number)
    contract = lookups.contracts.get(invoice.contract_reference)
    if contract is None:
        raise Waits(invoice.contract_reference)
    if contract.currency != invoice.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{invoice.currency}; the contract is in {contract.currency}"
        )
    return replace(
        invoice,
        customer_reference=contract.customer_reference,
        legal_entity=contract.legal_entity.code,
        correlation_id=contract.correlation_id,
    )


def enrich_lines(invoice: Invoice, lookups: Lookups) -> Invoice:
    """ERP item, revenue treatment, tax code and dimensions per line; tax amounts stay as charged."""
    contract = lookups.contracts.get(invoice.contract_reference)
    if contract is None:
        return invoice
    versions = lookups.ladders.get(contract.reference) or {contract.version: contract}
    # the newest version that sold it says what it is; what was taken away since is still credited
    sold = {row.billing_product: row for _, version in sorted(versions.items()) for row in version.lines.all()}
    return replace(invoice, lines=of_each(invoice.lines, lambda line: _enriched(line, invoice, contract, sold)))


def _enriched(
    line: InvoiceLine, invoice: Invoice, contract: ContractRecord, sold_by: Mapping[str, ContractLineRecord]
) -> InvoiceLine:
    sold = sold_by.get(line.billing_product)
    if sold is None:
        raise StepError("ITEM_UNKNOWN", field="Product", value=line.billing_product)
    if line.tax != 0 and sold.tax_class == "zero":
        raise StepError("TAX_MISMATCH", field="Tax", value=f"{line.tax} {invoice.currency} on a product without tax")
    return replace(
        line,
        description=line.description or sold.description,
        erp_item=sold.erp_item,
        revenue_treatment=sold.revenue_treatment,
        tax_code=line.tax_code or sold.tax_class,
        contract_reference=contract.reference,
        arrangement_reference=schedules.arrangement_reference(contract.reference),
        obligation=sold.crm_product,
        standalone_price=sold.list_amount,
        dimensions=tuple(sorted(contract.legal_entity.dimension_defaults.items())),
    )


def code_taxes(invoice: Invoice, lookups: Lookups) -> Invoice:
    """What the ERP calls each line's tax, by the approved rows; where none was decided, its own set-up says it."""
    contract = lookups.contracts.get(invoice.contract_reference)
    if contract is None:
        return invoice
    sold = {line.billing_product: line for line in contract.lines.all() if line.tax_treatment}

    def coded(line: InvoiceLine) -> InvoiceLine:
        found = sold.get(line.billing_product)
        if found is None:
            return line
        code = lookups.taxes.code_of(
            found.tax_class,
            entity=contract.legal_entity,
            jurisdiction=found.tax_jurisdiction,
            treatment=found.tax_treatment,
            on=invoice.tax_point,
        )
        return replace(line, tax_code=code.erp_code) if code else line

    return replace(invoice, lines=of_each(invoice.lines, coded))


def store(invoices: Sequence[Invoice], lookups: Lookups) -> None:
    saved = records.put(invoices, InvoiceRecord, lookups, stamp="created_at")
    InvoiceLineRecord.objects.bulk_create(
        (
            InvoiceLineRecord(invoice=saved[invoice.reference], **records.values_of(line, InvoiceLineRecord))
            for invoice in invoices
            for line in invoice.lines
        ),
        ignore_conflicts=True,
    )
    issuing.list_unposted(invoices, lookups)
    lookups.invoices.update(saved)
    cut_off.freeze(invoices)
    schedules.store(invoices, lookups)


def owes(invoice: Invoice, lookups: Lookups) -> list[Owed]:
    """One posting to the ledger that keeps the entity's books on the document date."""
    if issuing.is_only_listed(invoice, lookups):
        return []
    customer = lookups.customers[invoice.customer_reference]
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=invoice,
            # a debit memo comes after the document it charges more for
            needs=tuple(filter(None, (invoice.customer_reference, invoice.preceding_reference))),
            document_date=invoice.document_date,
            posting_date=invoice.posting_date,
            amount=invoice.total,
            title=f"Invoice {invoice.number}",
            customer_name=customer.name,
        )
    ]


def describe(invoice: Invoice) -> dict[str, Any]:
    return {
        "title": f"Invoice {invoice.number}",
        "customer_reference": invoice.customer_reference,
        "amount": invoice.total,
        "currency": invoice.currency,
        "effective_on": invoice.document_date,
    }


INVOICE_TO_ERP = Flow(
    name="invoice_to_erp",
    kind=Invoice.kind,
    steps=(find_contract, enrich_lines, code_taxes, rate_invoice, issuing.be_cleared),
    store=store,
    owes=owes,
    describe=describe,
)
