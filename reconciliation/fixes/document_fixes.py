"""Fixes for credit memos, voids and write-offs that need people: what is sent is shown, hashed, and sent as shown."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.canonical import Canonical, load, text
from reconciliation.fixes.fix import NotPossible, Preview, Target, Write
from reconciliation.fixes.posting_fixes import PostsAgain
from reconciliation.habits.languages import written
from reconciliation.models import ExceptionCase, FixRun
from sync import calendar, open_items, rounds
from sync.models import Delivery
from sync.money_text import money, plain


class SendsDecided(PostsAgain):
    """Sends a document the way it was decided, once a second person has approved exactly that."""

    def decided(self, row: Delivery) -> Canonical:
        """What is sent. Raises NotPossible."""
        return load(json.loads(row.subject))

    def sends(self, row: Delivery) -> str:
        return hashlib.sha256(text(self.decided(row)).encode()).hexdigest()

    def posting_date(self, row: Delivery, inputs: dict[str, str]) -> date | None:
        return getattr(self.decided(row), "posting_date", row.posting_date)

    def after(self, row: Delivery) -> str:
        """The reference its target must hold again first; empty where nothing is waited for."""
        return ""

    def post(self, run: FixRun, row: Delivery) -> None:
        assert run.request is not None
        subject = self.decided(row)
        approved = {move["delivery_key"]: move["subject_sha256"] for move in run.request.change["moves"]}
        if approved[row.delivery_key] != self.sends(row):
            raise NotPossible(f"{row.title} is not what was approved any more; ask again.")
        rounds.let_go(
            row,
            subject=subject,
            posting_date=getattr(subject, "posting_date", None),
            serial_key=_serial_key(subject),
            after=self.after(row),
            operation_note=f"{self.label}, run {run.pk}",
        )

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        return Write(
            system=row.target.label,
            record=row.title,
            action="create",
            field="total",
            before="not sent",
            after=money(row.amount, row.currency),
        )


class ApproveWriteOff(SendsDecided):
    """An invoice billing has given up becomes an expense."""

    name = "approve_write_off"
    label = "Write it off"
    rule = "A write-off always needs two people."
    takes_problem = True
    many = gettext_noop(
        "After a second person approves, {n} documents are written off: posted to bad debt and taken off their invoices, in order of their date; the first one alone, then the rest."
    )

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {amount} is posted to bad debt and taken off the invoice; revenue and tax stay as they are."
        ).format(amount=written(money(case.amount, case.currency)))

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _("Bad debt rises and receivables fall by {amount}; revenue and tax stay as they are.").format(
            amount=written(money(case.amount, case.currency))
        )


class PostReversal(SendsDecided):
    """A void that may not be done as such is posted as a reversal in the first open period."""

    name = "post_reversal"
    label = "Reverse it in the first open period"
    rule = "A void always needs two people; so does posting into another period than the document's."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} is posted as a reversal in the first open period. What was paid or credited before stays on the customer's account."
        ).format(document=case.document)

    def decided(self, row: Delivery) -> Canonical:
        subject: Any = load(json.loads(row.subject))
        if row.entity is None:
            raise NotPossible(f"{row.title} has no selling company.")
        day = calendar.first_open_day(row.entity, connection=row.target, after=subject.voided_on)
        item = open_items.of_invoices([subject.invoice_reference]).get(subject.invoice_reference)
        # this void is among what lowers the balance already
        left = item.left + subject.applied if item and subject.voided_kind == "invoice" else subject.applied
        return replace(
            subject, posting_date=day or subject.voided_on, applied=max(min(left, subject.total), left - left)
        )

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        for case in target.open_cases():
            calendar.mirror(self.delivery(case).target)
        return super().preview(target, inputs, user=user)

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _("Receivables, revenue and tax go back by {amount}, as they were posted.").format(
            amount=written(money(case.amount, case.currency))
        )


class PostOnAccount(SendsDecided):
    """A credit memo whose invoice cannot take it stays on the customer's account."""

    name = "post_on_account"
    label = "Post it on account"
    rule = "A credit memo posted otherwise than billing issued it always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} over {amount} is posted on the customer's account, applied to no invoice."
        ).format(document=case.document, amount=written(money(case.amount, case.currency)))

    def decided(self, row: Delivery) -> Canonical:
        subject: Any = load(json.loads(row.subject))
        if not hasattr(subject, "applied"):
            raise NotPossible(f"{row.title} cannot stand on account.")
        return replace(subject, applied=subject.applied - subject.applied)

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        subject: Any = load(json.loads(row.subject))
        return Write(
            system=row.target.label,
            record=row.title,
            action="create",
            field="applied to the invoice",
            before=f"{row.currency} {plain(subject.applied, row.currency)}",
            after=f"{row.currency} {plain(subject.applied - subject.applied, row.currency)}",
        )


class PostInvoiceFirst(SendsDecided):
    """The invoice a credit memo corrects is gone from the ERP: it is posted again, then the credit memo."""

    name = "post_invoice_first"
    label = "Post the invoice first, then the credit memo"
    rule = "Financial replay by a person always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, the invoice is looked up in the ERP and, if it is not there, posted again; then {document} is applied to it."
        ).format(document=case.document)

    def after(self, row: Delivery) -> str:
        return self._invoice(row).reference

    def post(self, run: FixRun, row: Delivery) -> None:
        rounds.repost(self._invoice(row), operation_note=f"{self.label}, run {run.pk}")
        super().post(run, row)

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        invoice = self._invoice(row)
        return Write(
            system=row.target.label,
            record=f"{invoice.title}, then {row.title}",
            action="create",
            field="total",
            before="missing",
            after=f"{money(invoice.amount, invoice.currency)}, less {money(row.amount, row.currency)}",
        )

    def _invoice(self, row: Delivery) -> Delivery:
        subject: Any = load(json.loads(row.subject))
        reference = getattr(subject, "refers_to", "") or getattr(subject, "invoice_reference", "")
        found = (
            Delivery.objects.filter(reference=reference, target=row.target, is_live=True).order_by("-version").first()
        )
        if found is None:
            raise NotPossible(f"The portal never sent the invoice {row.title} refers to; post the credit on account.")
        return found


def _serial_key(subject: Any) -> str:
    corrects = getattr(subject, "refers_to", "") or getattr(subject, "invoice_reference", "")
    return f"open:{corrects}" if corrects else ""
