"""Fixes of cash: apply it, pay it back, keep it on account, give up a lost dispute; always with a second person.

Each owes exactly one document, shown and hashed before it is approved; what is sent later must be that, byte for byte.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from connectors.canonical import Allocation, DisputeLoss, Refund, text
from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Preview, Target, Write, member, totals
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import blocks, clock, keys, open_items, outbox
from sync.mappings import Tables
from sync.models import Delivery, DisputeLossRecord, DisputeOutcomeRecord, PaymentRecord
from sync.money_text import money
from sync.open_items import OpenItem
from sync.pipelines import records
from sync.pipelines.cash import left_of
from sync.pipelines.flow import Owed
from sync.states import Condition


class OwesOne(Fix):
    """What these share: one case, one document, the same from preview to sending."""

    kind = "money"
    undo = "U2"

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        """The one document. Raises InputError or NotPossible; asked twice it gives the same."""
        raise TypeError(f"{type(self).__name__} must say what it owes")

    def writes_to(self, case: ExceptionCase) -> str:
        raise TypeError(f"{type(self).__name__} must say where it writes")

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        raise TypeError(f"{type(self).__name__} must say what it does to the ledger")

    def checks(self, case: ExceptionCase) -> str:
        return "We look it up there before sending, and the case closes only when what it led to is booked."

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = _only(target)
        entry = self.owed(case, inputs)
        return Preview(
            says=self.says(case),
            change=_change(self, entry),
            writes=(
                Write(
                    system=self.writes_to(case),
                    record=entry.title,
                    action="create",
                    field="amount",
                    before="",
                    after=money(entry.amount, entry.subject.currency),
                ),
            ),
            members=(member(case),),
            totals=totals([case]),
            period=f"Dated {entry.document_date}.",
            ledger_effect=self.effect(case, entry),
            reversible_by="A reversal, as a new approved case. There is no undo.",
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None and item.case.work_item is not None and run.request is not None
            try:
                entry = self.owed(item.case, run.inputs)
                if _change(self, entry) != run.request.change:
                    raise NotPossible("What it would book is not what was approved any more; ask again.")
            except (InputError, NotPossible) as error:
                item.status, item.note = FixItem.Status.REFUSED, str(error)[:400]
                item.save(update_fields=["status", "note"])
                continue
            with transaction.atomic():
                outbox.owe([(item.case.work_item, entry)], Tables())
                self.store(item.case, entry)
        return ()

    def store(self, case: ExceptionCase, entry: Owed) -> None:
        """Keep what was decided, where no source will tell us of it."""

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        case, run = item.case, item.run
        assert case is not None and run.request is not None
        row = Delivery.objects.filter(delivery_key=run.request.change["delivery_key"]).first()
        if row is None:
            return FixItem.Status.REFUSED, item.note or "Nothing was sent"
        if row.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "Refused there"
        if row.condition != Condition.SETTLED:
            return None
        return self.follow_up(case)

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        """It was taken: what it led to comes back by itself, and closes the case."""
        case.refresh_from_db()
        return (FixItem.Status.SUCCEEDED, "Booked") if case.status == ExceptionCase.Status.CLOSED else None


class ApplyCash(OwesOne):
    """Money on account pays an invoice that is open: applied in billing, which tells us, and we the ERP."""

    name = "apply_cash"
    label = "Apply to an open invoice"
    rule = "Matching cash by hand always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return f"After a second person approves, {case.document} is applied to the invoice you choose, up to what is open on it."

    def writes_to(self, case: ExceptionCase) -> str:
        return "Billing, then the ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        return f"Unapplied cash and open receivables both fall by {money(entry.amount, entry.subject.currency)}."

    def inputs(self, target: Target) -> list[Input]:
        found = open_for(_receipt(_only(target)))
        choices = tuple((item.reference, f"{item.number}: {money(item.left, item.currency)} open") for item in found)
        return [Input(name="invoice", label="Invoice", choices=choices, initial=choices[0][0] if choices else "")]

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        payment = _receipt(case)
        if not payment.reference.startswith("payment:stripe:"):
            raise NotPossible("Finance applies bank receipts in the ERP; billing follows by itself.")
        chosen = next((item for item in open_for(payment) if item.reference == inputs.get("invoice")), None)
        if chosen is None:
            raise InputError("invoice", "Choose an open invoice of this customer in the same currency.")
        intent, own = payment.gateway_id, chosen.reference.rpartition(":")[2]
        amount = min(left_of([payment.reference])[payment.reference], chosen.left)
        subject = Allocation(
            reference=keys.reference("allocation", "stripe", intent, own),
            version=case.pk,
            correlation_id=payment.correlation_id,
            legal_entity=payment.legal_entity.code,
            currency=payment.currency,
            payment_reference=payment.reference,
            invoice_reference=chosen.reference,
            customer_reference=payment.customer_reference,
            applied_on=payment.received_on,
            amount=amount,
        )
        return Owed(
            role="billing",
            subject=subject,
            serial_key=f"open:{chosen.reference}",
            document_date=payment.received_on,
            amount=amount,
            title=f"Payment {payment.gateway_id} for invoice {chosen.number}",
            customer_name=case.customer_name,
        )


class RefundRest(OwesOne):
    """What was paid too much goes back the way it came; the ERP books it when the gateway has moved it."""

    name = "refund_rest"
    label = "Pay it back"
    rule = "A refund always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return f"After a second person approves, {money(case.amount, case.currency)} of {case.document} goes back to the customer."

    def writes_to(self, case: ExceptionCase) -> str:
        return "Billing, then the ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        amount = money(entry.amount, entry.subject.currency)
        return f"The customer's account and the clearing account both fall by {amount}; revenue is not touched."

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        payment = _receipt(case)
        if payment.origin != "gateway":
            raise NotPossible("A bank receipt is paid back from the bank, in the ERP.")
        amount = left_of([payment.reference])[payment.reference]
        if amount <= 0:
            raise NotPossible("Nothing of it is left over any more.")
        subject = Refund(
            reference=keys.reference("refund", "asked", payment.gateway_id, str(case.pk)),
            version=1,
            correlation_id=payment.correlation_id,
            legal_entity=payment.legal_entity.code,
            currency=payment.currency,
            gateway_id="",
            payment_reference=payment.reference,
            customer_reference=payment.customer_reference,
            refunded_on=payment.received_on,
            amount=amount,
            causes=((payment.reference, format(amount, "f")),),
        )
        return Owed(
            role="billing",
            subject=subject,
            serial_key=f"open:{payment.reference}",
            document_date=payment.received_on,
            amount=amount,
            title=f"Refund of payment {payment.gateway_id}",
            customer_name=case.customer_name,
        )


class GiveUpDispute(OwesOne):
    """A lost dispute becomes bad debt: the document was right, the customer took the money back."""

    name = "give_up_dispute"
    label = "Book as bad debt"
    rule = "A write-off of a disputed receivable always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return f"After a second person approves, {money(case.amount, case.currency)} leaves disputed receivables as bad debt."

    def writes_to(self, case: ExceptionCase) -> str:
        return "ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        return f"Bad debt rises by {money(entry.amount, entry.subject.currency)}, disputed receivables fall by it; revenue and tax stay."

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        lost = DisputeOutcomeRecord.objects.select_related("legal_entity").filter(reference=case.reference).first()
        if lost is None or lost.outcome != "lost":
            raise NotPossible("The dispute is not lost.")
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

    def store(self, case: ExceptionCase, entry: Owed) -> None:
        subject = entry.subject
        assert isinstance(subject, DisputeLoss) and case.entity is not None
        values = records.values_of(subject, DisputeLossRecord, without={"legal_entity"})
        DisputeLossRecord.objects.get_or_create(
            reference=subject.reference, defaults={**values, "legal_entity": case.entity, "created_at": clock.now()}
        )

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        if case.status == ExceptionCase.Status.OPEN:
            blocks.clear(work_items=[case.work_item_id or 0], reasons={case.reason}, note="Booked as bad debt")
        return FixItem.Status.SUCCEEDED, "Booked as bad debt"


class LeaveAsItIs(Fix):
    """Finance knows and accepts it: the money stays on account, or is chased; the ledger already says so."""

    name = "leave_as_it_is"
    label = "Leave it on the customer's account"
    kind = "money"
    rule = "An accepted item always needs two people."
    undo = "U0"

    def says(self, case: ExceptionCase) -> str:
        return f"After a second person approves, the case over {money(case.amount, case.currency)} closes as accepted; nothing is sent."

    def checks(self, case: ExceptionCase) -> str:
        return "Nothing changes in any ledger; a later movement of this money is looked at anew."

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = _only(target)
        return Preview(
            says=self.says(case),
            change={"fix": self.name, "case": case.number, "amount": format(case.amount or Decimal(0), "f")},
            writes=(Write(system="Portal", record=case.document, action="update", field="case", after="accepted"),),
            members=(member(case),),
            totals=totals([case]),
            ledger_effect="None: the ledger shows it on the customer's account already.",
            reversible_by="Its next movement opens a new case.",
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None
            note = "Accepted: it stays as the ledger shows it"
            blocks.clear(work_items=[item.case.work_item_id or 0], reasons={item.case.reason}, note=note)
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        return FixItem.Status.SUCCEEDED, "Accepted"


def open_for(payment: PaymentRecord) -> list[OpenItem]:
    """Open invoices of the payer in the receipt's currency and company, the best guess first: the same amount."""
    found = [
        item
        for item in open_items.of_customers([payment.customer_reference])
        if item.left > 0 and item.currency == payment.currency and item.entity_id == payment.legal_entity_id
    ]
    return sorted(found, key=lambda item: (item.left != payment.amount, item.due_on, item.reference))


def _only(target: Target) -> ExceptionCase:
    cases = target.open_cases()
    if len(cases) != 1:
        raise NotPossible("This is decided case by case, and the case must be open.")
    return cases[0]


def _receipt(case: ExceptionCase) -> PaymentRecord:
    found = PaymentRecord.objects.select_related("legal_entity").filter(reference=case.reference).first()
    if found is None:
        raise NotPossible("The portal does not hold this receipt: tell whose it is first.")
    return found


def _change(fix: Fix, entry: Owed) -> dict[str, str]:
    subject = entry.subject
    return {
        "fix": fix.name,
        "role": entry.role,
        "delivery_key": keys.delivery_key(subject.reference, version=subject.version, operation=entry.operation),
        "subject_sha256": hashlib.sha256(text(subject).encode()).hexdigest(),
        "amount": format(entry.amount, "f"),
        "currency": subject.currency,
    }
