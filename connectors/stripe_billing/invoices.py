"""Stripe's invoices as our shapes: issued, taken back, given up, and what a tax authority says of them; pure."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import Canonical, Clearance, Invoice, InvoiceLine
from connectors.canonical.clearance import RANK
from connectors.errors import Rejected
from connectors.stripe_billing import corrections
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.reading import SYSTEM, currency_of, day_at, id_at, need, quantity_of, sum_of, total_of

ONE_DAY = timedelta(days=1)
#: characters of a reference, as records keep them
LONGEST_REFERENCE = 120


def invoice(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A finalised invoice; one below zero is a credit memo. Raises Rejected ORPHAN_INVOICE when no subscription of
    ours is behind it.
    """
    found = _issued(record, version=version, zone=zone)
    return [corrections.of_negative_invoice(found) if found.total < 0 else found]


def voided_invoice(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """An invoice that was taken back. One that is none of ours was never posted, so there is nothing to take back."""
    if not _is_ours(record):
        return []
    return corrections.of_voided_invoice(_issued(record, version=version, zone=zone), record, zone=zone)


def uncollectible_invoice(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """An invoice that was given up, where it is one of ours."""
    if not _is_ours(record):
        return []
    return corrections.of_uncollectible_invoice(_issued(record, version=version, zone=zone), record, zone=zone)


def _issued(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> Invoice:
    ours = _our_metadata(record)
    own_id, number, currency = id_at(record, "id"), str(need(record, "number", str)), currency_of(record)
    if len(number) > 60:
        raise fields.unreadable("number", number, "has more than 60 characters", system=SYSTEM)
    # a metered subscription of a contract is billed under the contract
    contract = ours.get("q2c_contract") or ours["q2c_reference"]
    issued = day_at(record, "status_transitions.finalized_at", zone)
    due = record.get("due_date")
    total = from_sent(need(record, "total", int), currency)
    tax = sum_of(record, "total_taxes", currency)
    untaxed = record.get("total_excluding_tax")
    net = total - tax if untaxed is None else from_sent(untaxed, currency)
    lines = tuple(
        _invoice_line(line, currency=currency, contract=contract, zone=zone)
        for line in (need(record, "lines.data", list) and fields.rows(record, "lines.data", system=SYSTEM))
    )
    _must_agree(record, "total", net + tax, total)
    _must_agree(record, "lines", sum((line.net for line in lines), Decimal(0)), net)
    return Invoice(
        reference=f"invoice:stripe:{own_id}",
        version=version,
        correlation_id=ours.get("q2c_correlation", "")[:80],
        currency=currency,
        source_system=SYSTEM,
        number=number,
        billing_id=own_id,
        customer_reference=ours["q2c_customer"],
        contract_reference=contract,
        document_date=issued,
        posting_date=issued,
        tax_point=issued,
        due_on=issued if due is None else day_at(record, "due_date", zone),
        net=net,
        tax=tax,
        total=total,
        preceding_reference=_preceding(record, ours),
        lines=lines,
    )


def _preceding(record: Mapping[str, Any], ours: Mapping[str, str]) -> str:
    """The invoice a debit memo charges more for, where somebody named one on it."""
    named = ours.get("q2c_debits", "")
    return f"invoice:stripe:{id_at({'id': named, 'object': 'invoice'}, 'id')}" if named else ""


def e_invoice(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """What an e-invoicing service wrote on an issued invoice: its status, legal number and words.

    Stripe has no status of its own; such services write `e_invoice_status`, `e_invoice_number` and `e_invoice_text`
    into the invoice's metadata.
    """
    if not _is_ours(record):
        return []
    said = fields.group(record, "metadata", system=SYSTEM)
    status = fields.text(said, "e_invoice_status", system=SYSTEM)
    if not status:
        return []
    if status not in RANK:
        wanted = f"must be one of {', '.join(RANK)}"
        raise fields.unreadable("metadata.e_invoice_status", status, wanted, system=SYSTEM)
    own_id, ours = id_at(record, "id"), _our_metadata(record)
    return [
        Clearance(
            reference=f"clearance:invoice:stripe:{own_id}",
            version=RANK[status],
            correlation_id=ours.get("q2c_correlation", "")[:80],
            currency=currency_of(record),
            source_system=SYSTEM,
            invoice_reference=f"invoice:stripe:{own_id}",
            contract_reference=ours.get("q2c_contract") or ours["q2c_reference"],
            number=str(need(record, "number", str))[:60],
            status=status,
            legal_number=fields.text(said, "e_invoice_number", system=SYSTEM)[:60],
            words=fields.text(said, "e_invoice_text", system=SYSTEM)[:300],
        )
    ]


def _is_ours(record: Mapping[str, Any]) -> bool:
    """Whether an invoice bills a subscription made from a contract. Raises Rejected for what is no invoice."""
    id_at(record, "id")
    found = _written_by_us(record)
    return all(0 < len(found.get(name, "")) <= LONGEST_REFERENCE for name in ("q2c_reference", "q2c_customer"))


def _written_by_us(record: Mapping[str, Any]) -> dict[str, str]:
    """What we wrote on the subscription; before API version 2025-03-31 it stood one level higher."""
    details = fields.group(record, "parent.subscription_details", system=SYSTEM)
    details = details or fields.group(record, "subscription_details", system=SYSTEM)
    found = fields.group(details, "metadata", system=SYSTEM)
    if not found.get("q2c_reference"):
        # made by hand, for a contract of ours: a debit memo, mostly
        found = fields.group(record, "metadata", system=SYSTEM)
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _our_metadata(record: Mapping[str, Any]) -> Mapping[str, str]:
    """What we wrote. Raises Rejected ORPHAN_INVOICE."""
    ours = _written_by_us(record)
    for name in ("q2c_reference", "q2c_customer"):
        if not 0 < len(ours.get(name, "")) <= LONGEST_REFERENCE:
            raise Rejected(
                f"invoice {fields.short(record.get('number') or record.get('id'))}"
                " belongs to no subscription made from a contract",
                reason="ORPHAN_INVOICE",
                field=f"parent.subscription_details.metadata.{name}",
                value=fields.short(record.get("id", "")),
                system=SYSTEM,
            )
    return ours


def _invoice_line(line: Mapping[str, Any], *, currency: str, contract: str, zone: ZoneInfo) -> InvoiceLine:
    taxes = fields.rows(line, "taxes", system=SYSTEM)
    inclusive = [tax for tax in taxes if tax.get("tax_behavior") == "inclusive"]
    credits = "pretax_credit_amounts" if line.get("pretax_credit_amounts") else "discount_amounts"
    starts = day_at(line, "period.start", zone)
    # Periods run from noon to noon, so the end falls on the day after the last day of service.
    ends = day_at(line, "period.end", zone) - ONE_DAY
    codes = [fields.text(tax, "tax_rate_details.tax_rate", system=SYSTEM) for tax in taxes]
    charged = from_sent(need(line, "amount", int), currency)
    return InvoiceLine(
        line_id=id_at(line, "id"),
        description=fields.text(line, "description", system=SYSTEM)[:400],
        quantity=quantity_of(line),
        net=charged - sum_of(line, credits, currency) - total_of(inclusive, currency),
        tax=total_of(taxes, currency),
        tax_code=",".join(dict.fromkeys(code for code in codes if code)),
        service_starts_on=starts,
        service_ends_on=max(starts, ends),
        contract_reference=_contract_of(line) or contract,
        billing_product=(
            fields.text(line, "pricing.price_details.product", system=SYSTEM)
            # an item priced without a product of Stripe's says itself which it is
            or fields.text(line, "metadata.q2c_product", system=SYSTEM)
        )[:LONGEST_REFERENCE],
    )


def _contract_of(line: Mapping[str, Any]) -> str:
    """The contract a line names itself; lines of metered subscriptions name their plan beside it."""
    named = fields.text(line, "metadata.q2c_contract", system=SYSTEM)
    named = named or fields.text(line, "metadata.q2c_reference", system=SYSTEM)
    return named[:LONGEST_REFERENCE] if named.startswith("contract:") else ""


def _must_agree(record: Mapping[str, Any], field: str, ours: Decimal, theirs: Decimal) -> None:
    if ours != theirs:
        raise Rejected(
            f"invoice {fields.short(record.get('number'))}: {field} add up to {ours}, the invoice says {theirs}",
            reason="AMOUNT_MISMATCH",
            field=field,
            value=str(ours),
            system=SYSTEM,
        )
