"""Fixes of a lost dispute, which finance decides: bad debt, or a credit memo; always with a second person."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils.translation import gettext as _

from connectors.canonical import CreditMemo, CreditMemoLine, DisputeLoss
from connectors.money import amount as minor
from connectors.money import minor_units, shares
from reconciliation.fixes.fix import NotPossible
from reconciliation.fixes.owing import OwesOne
from reconciliation.habits.languages import written
from reconciliation.models import ExceptionCase, FixItem
from sync import blocks, clock, keys
from sync.models import (
    AllocationRecord,
    DisputeLossRecord,
    DisputeOutcomeRecord,
    DisputeRecord,
    InvoiceLineRecord,
    InvoiceRecord,
)
from sync.money_text import money
from sync.pipelines import records
from sync.pipelines.flow import Owed

#: the network's reason of a dispute -> the reason billing takes for a credit memo; others are a change of the order
CREDIT_REASONS = {
    "fraudulent": "fraudulent",
    "duplicate": "duplicate",
    "product_unacceptable": "product_unsatisfactory",
}
DECIDED = "Finance has decided otherwise on this dispute already."


class GiveUpDispute(OwesOne):
    """A lost dispute becomes bad debt: the document was right, the customer took the money back."""

    treatment = "bad_debt"
    name = "give_up_dispute"
    label = "Book as bad debt"
    rule = "A write-off of a disputed receivable always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return _("After a second person approves, {amount} leaves disputed receivables as bad debt.").format(
            amount=written(money(case.amount, case.currency))
        )

    def writes_to(self, case: ExceptionCase) -> str:
        return "ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        return _("Bad debt rises by {amount}, disputed receivables fall by it; revenue and tax stay.").format(
            amount=written(money(entry.amount, entry.subject.currency))
        )

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        return _ended(_lost(case), case, treatment=self.treatment)

    def store(self, case: ExceptionCase, entry: Owed) -> None:
        subject = entry.subject
        assert isinstance(subject, DisputeLoss) and case.entity is not None
        values = records.values_of(subject, DisputeLossRecord, without={"legal_entity"})
        row, _ = DisputeLossRecord.objects.get_or_create(
            reference=subject.reference, defaults={**values, "legal_entity": case.entity, "created_at": clock.now()}
        )
        if row.treatment != self.treatment:
            raise NotPossible(DECIDED)

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        if case.status == ExceptionCase.Status.OPEN:
            blocks.clear(work_items=[case.work_item_id or 0], reasons={case.reason}, note="Booked as bad debt")
        return FixItem.Status.SUCCEEDED, "Booked as bad debt"


class CreditLostDispute(GiveUpDispute):
    """A lost dispute becomes a credit memo: price and tax go back, since the document was wrong. Billing makes it and
    tells us of it as of any other; the receivable is the customer's again meanwhile, so that the memo clears it.
    """

    name = "credit_dispute"
    label = "Give it back as a credit memo"
    rule = "A credit memo always needs two people."
    treatment = "credit_memo"

    def says(self, case: ExceptionCase) -> str:
        amount = money(case.amount, case.currency)
        return _(
            "After a second person approves, billing makes a credit memo over {amount} for what was disputed, and it flows to the ERP."
        ).format(amount=amount)

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        amount = money(entry.amount, entry.subject.currency)
        return _(
            "Disputed receivables fall by {amount}; revenue and tax fall by as much, at the rate they were charged at."
        ).format(amount=amount)

    def owed_with_it(self, case: ExceptionCase, entry: Owed) -> list[tuple[str, Owed]]:
        return [("Billing, then the ERP", one) for one in _credit_memos(_lost(case), case, day=entry.document_date)]

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        if case.status == ExceptionCase.Status.OPEN:
            blocks.clear(work_items=[case.work_item_id or 0], reasons={case.reason}, note="Given back by credit memo")
        return FixItem.Status.SUCCEEDED, "Given back by credit memo"


def _lost(case: ExceptionCase) -> DisputeOutcomeRecord:
    lost = DisputeOutcomeRecord.objects.select_related("legal_entity").filter(reference=case.reference).first()
    if lost is None or lost.outcome != "lost":
        raise NotPossible("The dispute is not lost.")
    return lost


def _ended(lost: DisputeOutcomeRecord, case: ExceptionCase, *, treatment: str) -> Owed:
    """The journal that takes it out of disputed receivables; one dispute ends one way."""
    before = DisputeLossRecord.objects.filter(dispute_reference=lost.dispute_reference).first()
    if before is not None and before.treatment != treatment:
        raise NotPossible(DECIDED)
    today = clock.business_date(lost.legal_entity)
    subject = DisputeLoss(
        reference=keys.reference("dispute_loss", *lost.dispute_reference.split(":")[1:]),
        version=1,
        correlation_id=lost.correlation_id,
        legal_entity=lost.legal_entity.code,
        currency=lost.currency,
        gateway_id=lost.gateway_id,
        dispute_reference=lost.dispute_reference,
        customer_reference=lost.customer_reference,
        decided_on=today,
        amount=lost.amount,
        treatment=treatment,
    )
    return Owed(
        role="erp",
        queue="posting",
        subject=subject,
        needs=(lost.customer_reference,),
        serial_key=f"open:{lost.payment_reference}",
        document_date=today,
        posting_date=today,
        amount=lost.amount,
        title=f"Lost dispute {lost.gateway_id}",
        customer_name=case.customer_name,
    )


def _credit_memos(lost: DisputeOutcomeRecord, case: ExceptionCase, *, day: date) -> list[Owed]:
    """One for each invoice the disputed payment paid, over what it paid there, until the dispute is used up."""
    rest, found = lost.amount, []
    paid = AllocationRecord.objects.filter(payment_reference=lost.payment_reference).order_by("applied_on", "pk")
    invoices = {
        row.reference: row
        for row in InvoiceRecord.objects.select_related("legal_entity")
        .prefetch_related("lines")
        .filter(reference__in=paid.values("invoice_reference"))
    }
    opened = DisputeRecord.objects.filter(reference=lost.dispute_reference).first()
    reason = CREDIT_REASONS.get(opened.dispute_reason if opened else "", "order_change")
    for allocation in paid:
        share = min(allocation.amount, rest)
        if share > 0:
            rest -= share
            memo = _credit_memo(invoices[allocation.invoice_reference], share, lost=lost, reason=reason, day=day)
            found.append(
                Owed(
                    role="billing",
                    subject=memo,
                    serial_key=f"open:{memo.refers_to}",
                    document_date=day,
                    amount=memo.total,
                    title=f"Credit memo for invoice {memo.number}",
                    customer_name=case.customer_name,
                )
            )
    if rest > 0:
        words = money(rest, lost.currency)
        raise NotPossible(f"{words} of the disputed payment paid no invoice, so no credit memo can give it back.")
    return found


def _credit_memo(
    invoice: InvoiceRecord, total: Decimal, *, lost: DisputeOutcomeRecord, reason: str, day: date
) -> CreditMemo:
    """A part of an invoice, or all of it."""
    currency = invoice.currency
    lines = credit_lines(list(invoice.lines.all()), minor(total, currency), currency)
    tax = sum((line.tax for line in lines), Decimal(0))
    own_id = invoice.reference.rpartition(":")[2]
    return CreditMemo(
        reference=keys.reference("credit_memo", "asked", own_id, lost.gateway_id),
        version=1,
        correlation_id=invoice.correlation_id,
        legal_entity=invoice.legal_entity.code,
        currency=currency,
        number=invoice.number,
        billing_id="",
        customer_reference=invoice.customer_reference,
        contract_reference=invoice.contract_reference,
        refers_to=invoice.reference,
        reason_code=reason,
        document_date=day,
        posting_date=day,
        tax_point=day,
        net=minor(total, currency) - tax,
        tax=tax,
        total=minor(total, currency),
        applied=Decimal(0),
        lines=lines,
    )


def credit_lines(billed: Sequence[InvoiceLineRecord], total: Decimal, currency: str) -> tuple[CreditMemoLine, ...]:
    """An amount given back over the lines of an invoice, by what each was billed at, with the tax each was charged; they
    sum to it.
    """
    weights = [max(one.net + one.tax, Decimal(0)) for one in billed]
    # whole steps are split like an amount without digits
    step = _step(total, currency)
    parts = [part * step for part in shares(total / step, weights, "JPY")]
    return tuple(
        CreditMemoLine(
            line_id=one.line_id,
            invoice_line_id=one.line_id,
            description=one.description,
            quantity=Decimal(1),
            net=part - (tax := _tax_within(part, one.net, one.tax, step)),
            tax=tax,
            tax_code=one.tax_code,
            service_starts_on=one.service_starts_on,
            service_ends_on=one.service_ends_on,
        )
        for one, part in zip(billed, parts, strict=True)
        if part
    )


def _tax_within(part: Decimal, net: Decimal, tax: Decimal, step: Decimal) -> Decimal:
    """The tax in a part of a line's gross amount, in whole steps."""
    if not tax:
        return part - part
    return (part * tax / (net + tax)).quantize(step, rounding=ROUND_HALF_EVEN)


def _step(total: Decimal, currency: str) -> Decimal:
    """The smallest amount cards are charged in: networks take no third digit (docs.stripe.com/currencies). An amount
    that has one was paid otherwise.
    """
    step = Decimal(1).scaleb(-min(minor_units(currency), 2))
    return Decimal(1).scaleb(-minor_units(currency)) if total % step else step
