"""What a company's document policy says of an invoice before it is posted: cleared first, or not posted at all."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.canonical import Invoice
from sync import clock
from sync.errors import Waits
from sync.models import DocumentPolicy, UnpostedDocument
from sync.pipelines.clearance import CLEARED
from sync.pipelines.flow import Lookups


def policy_of(invoice: Invoice, lookups: Lookups) -> DocumentPolicy:
    """The policy of the selling company on the day of the document."""
    return lookups.tables.document_policy(lookups.entities[invoice.legal_entity], on=invoice.document_date)


def be_cleared(invoice: Invoice, lookups: Lookups) -> Invoice:
    """Where the company's electronic invoices are posted on clearance, one that is not cleared waits for it."""
    if not invoice.legal_entity:
        return invoice  # an earlier step has said why
    policy = policy_of(invoice, lookups)
    name = f"clearance:{invoice.reference}"
    found = lookups.clearances.get(name)
    if policy.e_invoices == DocumentPolicy.EInvoices.NOT_REQUIRED:
        return invoice
    status = found.status if found else "pending"
    if policy.e_invoices == DocumentPolicy.EInvoices.ON_CLEARANCE and status != CLEARED:
        raise Waits(name)
    return replace(invoice, e_invoice_status=status, legal_number=found.legal_number if found else invoice.legal_number)


def is_only_listed(invoice: Invoice, lookups: Lookups) -> bool:
    """Whether an invoice over nothing stays out of the ledger."""
    return not invoice.total and policy_of(invoice, lookups).zero_totals == DocumentPolicy.ZeroTotals.LIST


def list_unposted(invoices: Sequence[Invoice], lookups: Lookups) -> None:
    """Write down what is not posted, so that the control counts it."""
    UnpostedDocument.objects.bulk_create(
        (
            UnpostedDocument(
                reference=invoice.reference,
                legal_entity=lookups.entities[invoice.legal_entity],
                kind=invoice.kind,
                number=invoice.number,
                document_date=invoice.document_date,
                currency=invoice.currency,
                because="zero_total",
                created_at=clock.now(),
            )
            for invoice in invoices
            if is_only_listed(invoice, lookups)
        ),
        ignore_conflicts=True,
    )
