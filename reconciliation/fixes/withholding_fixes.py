"""Fixes of withheld tax: book it as a receivable against the tax office, and keep its certificate; two people each."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db.models import Max
from django.utils.translation import gettext as _

from connectors.canonical import Withholding
from connectors.money import amount as minor
from reconciliation.controls import runner as controls
from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Preview, Target, Write, day, member, totals
from reconciliation.fixes.owing import OwesOne, only
from reconciliation.habits.languages import written
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import clock, keys, open_items
from sync.models import AllocationRecord, InvoiceRecord, WithholdingRecord
from sync.money_text import money
from sync.pipelines import records, short_payments
from sync.pipelines.flow import Owed

LONGEST_NUMBER = 60


def certificate_of(inputs: dict[str, str], *, must: bool) -> tuple[str, date | None]:
    """Number and day of a certificate as typed: both, or neither where it may come later. Raises InputError."""
    number, dated = (inputs.get(name, "").strip() for name in ("certificate_number", "certificate_date"))
    if not number and not dated and not must:
        return "", None
    if not number or len(number) > LONGEST_NUMBER:
        raise InputError("certificate_number", f"Give the certificate's number, {LONGEST_NUMBER} characters at most.")
    if not dated:
        raise InputError("certificate_date", "Give the day the certificate was issued, such as 2026-01-31.")
    return number, day(dated, field_name="certificate_date")


def _certificate_inputs(hint: str, *, required: bool) -> list[Input]:
    return [
        Input(name="certificate_number", label="Certificate number", help=hint, required=required),
        Input(name="certificate_date", label="Certificate date", kind="date", help=hint, required=required),
    ]


class BookWithholding(OwesOne):
    """What the customer withheld is owed by the tax office: the invoice has nothing left, in the ERP and in billing."""

    name = "book_withholding"
    label = "Book as withheld tax"
    rule = "Booking withheld tax always needs two people."

    def says(self, case: ExceptionCase) -> str:
        amount = money(case.amount, case.currency)
        return _(
            "After a second person approves, {amount} of {document} becomes a receivable against the tax office, and nothing is left to collect."
        ).format(amount=amount, document=case.document)

    def writes_to(self, case: ExceptionCase) -> str:
        return "ERP"

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        amount = money(entry.amount, entry.subject.currency)
        return _(
            "Withholding tax receivable rises and the customer's receivable falls by {amount}; revenue and tax stay."
        ).format(amount=amount)

    def inputs(self, target: Target) -> list[Input]:
        return _certificate_inputs(
            "Leave both empty where it is not here yet; it stays listed until it is.", required=False
        )

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        invoice = InvoiceRecord.objects.select_related("legal_entity").filter(reference=case.reference).first()
        if invoice is None:
            raise NotPossible("The portal does not hold this invoice.")
        subject = _booked(invoice) or _to_book(invoice, certificate_of(inputs, must=False))
        return Owed(
            role="erp",
            queue="posting",
            subject=subject,
            needs=(subject.customer_reference, subject.invoice_reference),
            serial_key=f"open:{subject.invoice_reference}",
            document_date=subject.booked_on,
            posting_date=subject.booked_on,
            amount=subject.amount,
            title=f"Withheld tax of invoice {invoice.number}",
            customer_name=case.customer_name,
        )

    def owed_with_it(self, case: ExceptionCase, entry: Owed) -> list[tuple[str, Owed]]:
        """Billing is told that nobody pays this part to us, so that nobody is reminded of it."""
        told = Owed(
            role="billing",
            subject=entry.subject,
            serial_key=entry.serial_key,
            document_date=entry.document_date,
            amount=entry.amount,
            title=entry.title,
            customer_name=entry.customer_name,
        )
        return [("Billing", told)]

    def store(self, case: ExceptionCase, entry: Owed) -> None:
        subject = entry.subject
        assert isinstance(subject, Withholding) and case.entity is not None
        values = records.values_of(subject, WithholdingRecord, without={"legal_entity"})
        WithholdingRecord.objects.get_or_create(
            reference=subject.reference, defaults={**values, "legal_entity": case.entity, "created_at": clock.now()}
        )

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        short_payments.review([case.reference])
        return FixItem.Status.SUCCEEDED, "Booked as withheld tax"


def _booked(invoice: InvoiceRecord) -> Withholding | None:
    """What was approved before for this invoice: asked again, it is the same once more."""
    row = WithholdingRecord.objects.filter(invoice_reference=invoice.reference).first()
    if row is None:
        return None
    return _shape(invoice, amount=row.amount, on=row.booked_on, certificate=("", None))


def _to_book(invoice: InvoiceRecord, certificate: tuple[str, date | None]) -> Withholding:
    """Booked on the day of the short payment: that is when the customer withheld it."""
    item = open_items.of_invoices([invoice.reference])[invoice.reference]
    if item.left <= 0 or not short_payments.is_withheld(item):
        raise NotPossible("What is left of the invoice is not what customers of that country may withhold.")
    paid = AllocationRecord.objects.filter(invoice_reference=invoice.reference).aggregate(on=Max("applied_on"))["on"]
    return _shape(invoice, amount=item.left, on=paid or invoice.document_date, certificate=certificate)


def _shape(invoice: InvoiceRecord, *, amount: Decimal, on: date, certificate: tuple[str, date | None]) -> Withholding:
    return Withholding(
        reference=keys.reference("withholding", *invoice.reference.split(":")[1:]),
        version=1,
        correlation_id=invoice.correlation_id,
        legal_entity=invoice.legal_entity.code,
        currency=invoice.currency,
        invoice_reference=invoice.reference,
        number=invoice.number,
        customer_reference=invoice.customer_reference,
        booked_on=on,
        amount=minor(amount, invoice.currency),
        certificate_number=certificate[0],
        certificate_date=certificate[1],
    )


class KeepCertificate(Fix):
    """The certificate of what was booked without one has come: its number and day are kept."""

    name = "keep_certificate"
    label = "Enter the certificate"
    kind = "money"
    rule = "The proof of withheld tax always needs two people."
    undo = "U0"

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, the certificate is kept with the {amount} withheld; nothing is sent."
        ).format(amount=written(money(case.amount, case.currency)))

    def checks(self, case: ExceptionCase) -> str:
        return _("The list of certificates outstanding is made again, and the case closes.")

    def inputs(self, target: Target) -> list[Input]:
        return _certificate_inputs("As printed on the certificate.", required=True)

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = only(target)
        number, dated = certificate_of(inputs, must=True)
        row = _outstanding(case)
        if row is None:
            raise NotPossible("Its certificate is here already.")
        return Preview(
            says=self.says(case),
            change={
                "fix": self.name,
                "withholding": row.reference,
                "certificate_number": number,
                "certificate_date": f"{dated}",
            },
            writes=(
                Write(
                    system="Portal",
                    record=f"Withheld tax of invoice {row.number}",
                    action="update",
                    field="certificate",
                    before="outstanding",
                    after=f"{number} of {dated}",
                ),
            ),
            members=(member(case),),
            totals=totals([case]),
            ledger_effect=_("None: the receivable against the tax office stands already."),
            reversible_by=_("A correction by finance; the approved request stays as evidence."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None
            row = _outstanding(item.case)
            if row is not None:
                row.certificate_number, row.certificate_date = certificate_of(run.inputs, must=True)
                row.save(update_fields=["certificate_number", "certificate_date"])
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        kept = _outstanding(item.case) is None
        return (FixItem.Status.SUCCEEDED, "Kept") if kept else (FixItem.Status.REFUSED, "Not kept")

    def verify(self, run: FixRun) -> None:
        for item in run.items.select_related("case__break_row__entity"):
            if item.case is not None and item.case.break_row is not None:
                found = item.case.break_row
                controls.run(found.control, entity=found.entity, business_date=clock.business_date(found.entity))


def _outstanding(case: ExceptionCase) -> WithholdingRecord | None:
    return WithholdingRecord.objects.filter(reference=case.reference, certificate_number="").first()
