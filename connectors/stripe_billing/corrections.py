"""Credit notes, voids and invoices given up, as our shapes; pure functions.

Sources: docs.stripe.com/api/credit_notes/object, docs.stripe.com/invoicing/overview (statuses of an invoice).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import Canonical, CreditMemo, CreditMemoLine, DocumentVoid, Invoice, WriteOff
from connectors.errors import Rejected
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.reading import SYSTEM, currency_of, day_at, id_at, need, quantity_of, sum_of, total_of

#: what Stripe gives where nobody chose a reason
NO_REASON = "not_given"
LONGEST_NUMBER = 60


def credit_note(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """An issued credit note. What only its invoice knows (customer, contract, items, service period) stays empty.

    `pre_payment_amount` lowers what the customer still has to pay; the rest goes to the customer's balance or back,
    which is on account in the ledger.
    """
    own_id, currency = id_at(record, "id"), currency_of(record)
    net, tax, total = _amounts(record, currency)
    applied = _applied(record, total, currency)
    if not total:
        return []
    issued = day_at(record, "created", zone)
    lines = tuple(
        _line(line, currency=currency, day=issued)
        for line in (need(record, "lines.data", list) and fields.rows(record, "lines.data", system=SYSTEM))
    )
    _must_agree(record, "lines", sum((line.net for line in lines), Decimal(0)), net)
    _must_agree(record, "taxes of the lines", sum((line.tax for line in lines), Decimal(0)), tax)
    return [
        CreditMemo(
            reference=f"credit_memo:stripe:{own_id}",
            version=version,
            correlation_id="",
            currency=currency,
            source_system=SYSTEM,
            number=_number(record),
            billing_id=own_id,
            customer_reference="",
            contract_reference="",
            refers_to=f"invoice:stripe:{id_at(record, 'invoice')}",
            reason_code=fields.text(record, "reason", system=SYSTEM)[:60] or NO_REASON,
            document_date=issued,
            posting_date=issued,
            tax_point=issued if record.get("effective_at") is None else day_at(record, "effective_at", zone),
            net=net,
            tax=tax,
            total=total,
            applied=applied,
            lines=lines,
        )
    ]


def of_negative_invoice(invoice: Invoice) -> CreditMemo:
    """An invoice whose total is below zero gives money back: a credit memo on account, under the same reference."""
    return CreditMemo(
        reference=invoice.reference,
        version=invoice.version,
        correlation_id=invoice.correlation_id,
        currency=invoice.currency,
        source_system=invoice.source_system,
        number=invoice.number,
        billing_id=invoice.billing_id,
        customer_reference=invoice.customer_reference,
        contract_reference=invoice.contract_reference,
        reason_code="negative_total",
        document_date=invoice.document_date,
        posting_date=invoice.posting_date,
        tax_point=invoice.tax_point,
        net=-invoice.net,
        tax=-invoice.tax,
        total=-invoice.total,
        applied=invoice.total - invoice.total,
        lines=tuple(
            CreditMemoLine(**{**vars(line), "net": -line.net, "tax": -line.tax, "invoice_line_id": line.line_id})
            for line in invoice.lines
        ),
    )


def voided_credit_note(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A credit note taken back: what it had taken off its invoice is owed again."""
    own_id, currency = id_at(record, "id"), currency_of(record)
    net, tax, total = _amounts(record, currency)
    applied = _applied(record, total, currency)
    if not total:
        return []
    voided = day_at(record, "voided_at", zone)
    return [
        DocumentVoid(
            reference=f"void:stripe:{own_id}",
            version=version,
            correlation_id="",
            currency=currency,
            source_system=SYSTEM,
            voids=f"credit_memo:stripe:{own_id}",
            voided_kind=CreditMemo.kind,
            number=_number(record),
            invoice_reference=f"invoice:stripe:{id_at(record, 'invoice')}",
            customer_reference="",
            contract_reference="",
            voided_on=voided,
            posting_date=voided,
            net=net,
            tax=tax,
            total=total,
            applied=applied,
        )
    ]


def of_voided_invoice(invoice: Invoice, record: Mapping[str, Any], *, zone: ZoneInfo) -> list[Canonical]:
    """An invoice taken back as a whole. One over nothing has nothing to take back."""
    if invoice.total <= 0:
        return []
    voided = day_at(record, "status_transitions.voided_at", zone)
    return [
        DocumentVoid(
            reference=f"void:stripe:{invoice.billing_id}",
            version=invoice.version,
            correlation_id=invoice.correlation_id,
            currency=invoice.currency,
            source_system=SYSTEM,
            voids=invoice.reference,
            voided_kind=Invoice.kind,
            number=invoice.number,
            invoice_reference=invoice.reference,
            customer_reference=invoice.customer_reference,
            contract_reference=invoice.contract_reference,
            voided_on=voided,
            posting_date=voided,
            net=invoice.net,
            tax=invoice.tax,
            total=invoice.total,
            applied=invoice.total,
        )
    ]


def of_uncollectible_invoice(invoice: Invoice, record: Mapping[str, Any], *, zone: ZoneInfo) -> list[Canonical]:
    """The open balance of an invoice that was given up; where nothing is open, nothing is written off."""
    given_up = day_at(record, "status_transitions.marked_uncollectible_at", zone)
    remaining = from_sent(need(record, "amount_remaining", int), invoice.currency)
    if remaining <= 0:
        return []
    return [
        WriteOff(
            reference=f"write_off:stripe:{invoice.billing_id}",
            version=invoice.version,
            correlation_id=invoice.correlation_id,
            currency=invoice.currency,
            source_system=SYSTEM,
            invoice_reference=invoice.reference,
            number=invoice.number,
            customer_reference=invoice.customer_reference,
            contract_reference=invoice.contract_reference,
            written_off_on=given_up,
            posting_date=given_up,
            amount=remaining,
        )
    ]


# -- small parts ------------------------------------------------------------------------------------
def _amounts(record: Mapping[str, Any], currency: str) -> tuple[Decimal, Decimal, Decimal]:
    """Net, tax and total of a credit note. Raises Rejected where they do not agree."""
    total = from_sent(need(record, "total", int), currency)
    tax = sum_of(record, "total_taxes", currency)
    untaxed = record.get("total_excluding_tax")
    net = total - tax if untaxed is None else from_sent(untaxed, currency)
    _must_agree(record, "total", net + tax, total)
    if total < 0:
        raise fields.unreadable("total", total, "is below zero, which no credit note is", system=SYSTEM)
    return net, tax, total


def _applied(record: Mapping[str, Any], total: Decimal, currency: str) -> Decimal:
    applied = from_sent(need(record, "pre_payment_amount", int), currency)
    if not 0 <= applied <= total:
        raise fields.unreadable("pre_payment_amount", applied, "must be from 0 to the total", system=SYSTEM)
    return applied


def _line(line: Mapping[str, Any], *, currency: str, day: date) -> CreditMemoLine:
    taxes = fields.rows(line, "taxes", system=SYSTEM)
    inclusive = [tax for tax in taxes if tax.get("tax_behavior") == "inclusive"]
    credits = "pretax_credit_amounts" if line.get("pretax_credit_amounts") else "discount_amounts"
    codes = [fields.text(tax, "tax_rate_details.tax_rate", system=SYSTEM) for tax in taxes]
    charged = from_sent(need(line, "amount", int), currency)
    return CreditMemoLine(
        line_id=id_at(line, "id"),
        invoice_line_id=fields.text(line, "invoice_line_item", system=SYSTEM)[:80],
        description=fields.text(line, "description", system=SYSTEM)[:400],
        quantity=quantity_of(line),
        net=charged - sum_of(line, credits, currency) - total_of(inclusive, currency),
        tax=total_of(taxes, currency),
        tax_code=",".join(dict.fromkeys(code for code in codes if code)),
        # the period of the line it corrects takes this place
        service_starts_on=day,
        service_ends_on=day,
    )


def _number(record: Mapping[str, Any]) -> str:
    number = str(need(record, "number", str))
    if len(number) > LONGEST_NUMBER:
        raise fields.unreadable("number", number, f"has more than {LONGEST_NUMBER} characters", system=SYSTEM)
    return number


def _must_agree(record: Mapping[str, Any], field: str, ours: Decimal, theirs: Decimal) -> None:
    if ours != theirs:
        raise Rejected(
            f"credit note {fields.short(record.get('number'))}: {field} add up to {ours}, the note says {theirs}",
            reason="AMOUNT_MISMATCH",
            field=field,
            value=str(ours),
            system=SYSTEM,
        )
