"""Credit memo -> what the corrected invoice had -> posted in the ERP and applied to that invoice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical import CreditMemo, CreditMemoLine
from sync.errors import StepError, Waits
from sync.models import ContractLineRecord, ContractRecord, CreditMemoLineRecord, CreditMemoRecord
from sync.pipelines import correcting, records, short_payments
from sync.pipelines.flow import Flow, Lookups, Owed, of_each
from sync.revenue import schedules


def find_document(memo: CreditMemo, lookups: Lookups) -> CreditMemo:
    """Customer, company and story come from the document it corrects; on account, from the contract."""
    if memo.refers_to:
        return correcting.take_over(memo, correcting.invoice_of(memo.refers_to, lookups))
    contract = _contract(memo, lookups)
    if contract.currency != memo.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{memo.currency}; the contract is in {contract.currency}"
        )
    return replace(
        memo,
        customer_reference=contract.customer_reference,
        legal_entity=contract.legal_entity.code,
        correlation_id=contract.correlation_id,
    )


def enrich_lines(memo: CreditMemo, lookups: Lookups) -> CreditMemo:
    """Each line gives back what its line of the invoice, or its product of the contract, was booked as."""
    if memo.refers_to:
        invoice = lookups.invoices.get(memo.refers_to)
        if invoice is None or invoice.currency != memo.currency:
            return memo
        return replace(memo, lines=correcting.lines_as_billed(memo.lines, invoice, memo.currency))
    contract = lookups.contracts.get(memo.contract_reference)
    if contract is None:
        return memo
    versions = lookups.ladders.get(contract.reference) or {contract.version: contract}
    # the newest version that sold it says what it is; what was taken away since is still credited
    sold = {row.billing_product: row for _, version in sorted(versions.items()) for row in version.lines.all()}
    return replace(memo, lines=of_each(memo.lines, lambda line: _as_sold(line, contract, sold)))


def _contract(memo: CreditMemo, lookups: Lookups) -> ContractRecord:
    if not memo.contract_reference:
        raise StepError("CREDIT_WITHOUT_INVOICE", field="Credit memo", value=memo.number)
    contract = lookups.contracts.get(memo.contract_reference)
    if contract is None:
        raise Waits(memo.contract_reference)
    return contract


def _as_sold(
    line: CreditMemoLine, contract: ContractRecord, sold_by: Mapping[str, ContractLineRecord]
) -> CreditMemoLine:
    sold = sold_by.get(line.billing_product)
    if sold is None:
        raise StepError("ITEM_UNKNOWN", field="Product", value=line.billing_product)
    return replace(
        line,
        description=line.description or sold.description,
        erp_item=sold.erp_item,
        revenue_treatment=sold.revenue_treatment,
        tax_code=line.tax_code or sold.tax_class,
        contract_reference=contract.reference,
        dimensions=tuple(sorted(contract.legal_entity.dimension_defaults.items())),
    )


def store(memos: Sequence[CreditMemo], lookups: Lookups) -> None:
    saved = records.put(memos, CreditMemoRecord, lookups, stamp="created_at")
    CreditMemoLineRecord.objects.bulk_create(
        (
            CreditMemoLineRecord(credit_memo=saved[memo.reference], **records.values_of(line, CreditMemoLineRecord))
            for memo in memos
            for line in memo.lines
        ),
        ignore_conflicts=True,
    )
    lookups.credit_memos.update(saved)
    schedules.store_credits(memos, lookups)


def owes(memo: CreditMemo, lookups: Lookups) -> list[Owed]:
    """One posting, after what it corrects is there, and one at a time with all that changes that balance."""
    customer = lookups.customers[memo.customer_reference]
    corrects = (memo.refers_to,) if memo.refers_to else ()
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=memo,
            needs=(memo.customer_reference, *corrects),
            serial_key=f"open:{memo.refers_to}" if memo.refers_to else "",
            document_date=memo.document_date,
            posting_date=memo.posting_date,
            amount=memo.total,
            title=f"Credit memo {memo.number}",
            customer_name=customer.name,
        )
    ]


def describe(memo: CreditMemo) -> dict[str, Any]:
    return {
        "title": f"Credit memo {memo.number}",
        "customer_reference": memo.customer_reference,
        "amount": memo.total,
        "currency": memo.currency,
        "effective_on": memo.document_date,
    }


def look_over(memos: Sequence[CreditMemo], lookups: Lookups) -> None:
    """What was short may be short of less now, or of nothing."""
    short_payments.review_corrected(memo.refers_to for memo in memos)


CREDIT_MEMO_TO_ERP = Flow(
    name="credit_memo_to_erp",
    kind=CreditMemo.kind,
    steps=(find_document, enrich_lines),
    store=store,
    owes=owes,
    describe=describe,
    afterwards=look_over,
)
