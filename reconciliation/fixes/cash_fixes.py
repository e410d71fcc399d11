"""Fixes of cash: apply it, pay it back, keep it on account; always with a second person."""

from collections.abc import Sequence
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from connectors.canonical import Allocation, Refund
from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Preview, Target, Write, member, totals
from reconciliation.fixes.owing import OwesOne, only
from reconciliation.habits.languages import written
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import blocks, keys, open_items
from sync.models import PaymentRecord
from sync.money_text import money
from sync.open_items import OpenItem
from sync.pipelines.cash import left_of
from sync.pipelines.flow import Owed


class ApplyCash(OwesOne):
    """Money on account pays an invoice that is open: applied in billing, which tells us, and we the ERP."""

    name = "apply_cash"
    label = "Apply to an open invoice"
    rule = "Matching cash by hand always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} is applied to the invoice you choose, up to what is open on it."
        ).format(document=case.document)

    def writes_to(self, case: ExceptionCase) -> str:
        return "Billing, then the ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        return _("Unapplied cash and open receivables both fall by {amount}.").format(
            amount=written(money(entry.amount, entry.subject.currency))
        )

    def inputs(self, target: Target) -> list[Input]:
        found = open_for(_receipt(only(target)))
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
        return _("After a second person approves, {amount} of {document} goes back to the customer.").format(
            amount=written(money(case.amount, case.currency)), document=case.document
        )

    def writes_to(self, case: ExceptionCase) -> str:
        return "Billing, then the ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        amount = money(entry.amount, entry.subject.currency)
        return _(
            "The customer's account and the clearing account both fall by {amount}; revenue is not touched."
        ).format(amount=amount)

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


class LeaveAsItIs(Fix):
    """Finance knows and accepts it: the money stays on account, or is chased; the ledger already says so."""

    name = "leave_as_it_is"
    label = "Leave it on the customer's account"
    kind = "money"
    rule = "An accepted item always needs two people."
    undo = "U0"

    def says(self, case: ExceptionCase) -> str:
        return _("After a second person approves, the case over {amount} closes as accepted; nothing is sent.").format(
            amount=written(money(case.amount, case.currency))
        )

    def checks(self, case: ExceptionCase) -> str:
        return _("Nothing changes in any ledger; a later movement of this money is looked at anew.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = only(target)
        return Preview(
            says=self.says(case),
            change={"fix": self.name, "case": case.number, "amount": format(case.amount or Decimal(0), "f")},
            writes=(Write(system="Portal", record=case.document, action="update", field="case", after="accepted"),),
            members=(member(case),),
            totals=totals([case]),
            ledger_effect=_("None: the ledger shows it on the customer's account already."),
            reversible_by=_("Its next movement opens a new case."),
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


def _receipt(case: ExceptionCase) -> PaymentRecord:
    found = PaymentRecord.objects.select_related("legal_entity").filter(reference=case.reference).first()
    if found is None:
        raise NotPossible("The portal does not hold this receipt: tell whose it is first.")
    return found
