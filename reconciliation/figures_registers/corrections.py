"""What was given back or given up in a month: credit memos, voids, refunds and write-offs, with state, reason and who
approved it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.figures_registers import decided
from reconciliation.figures_registers.register import Line, Register, customers
from reconciliation.habits.languages import spoken
from sync.models import CreditMemoRecord, Delivery, LegalEntity, RefundFailureRecord, RefundRecord, VoidRecord
from sync.models import WriteOffRecord as WriteOff
from sync.states import Condition

#: a refund is of one of these; the beginning of what it names -> words
_CAUSES = {
    "payment": gettext_lazy("What was paid too much"),
    "credit_memo": gettext_lazy("A credit memo"),
    "refund_failure": gettext_lazy("A refund that came home"),
}
#: reasons as codes have them, for the catalogue of languages; others, such as an operator's own, stay as they are
_REASONS = (
    gettext_lazy("Bad debt"),
    gettext_lazy("Duplicate"),
    gettext_lazy("Fraudulent"),
    gettext_lazy("Negative total"),
    gettext_lazy("Not given"),
    gettext_lazy("Order change"),
    gettext_lazy("Product unsatisfactory"),
    gettext_lazy("Proposed by billing"),
    gettext_lazy("Small difference"),
)


@dataclass(frozen=True, kw_only=True)
class _Document:
    kind: str
    reference: str
    number: str
    customer: str
    day: date
    amount: Decimal
    currency: str
    why: str
    trail: str
    #: what an approval may name instead: a refund is asked for at its receipt
    also: str = ""


def _documents(entity: LegalEntity, first: date, last: date) -> Iterable[_Document]:
    span = (first, last)
    for memo in CreditMemoRecord.objects.filter(legal_entity=entity, document_date__range=span):
        yield _Document(
            kind=_("Credit memo"), reference=memo.reference, number=memo.number, customer=memo.customer_reference,
            day=memo.document_date, amount=memo.total, currency=memo.currency, trail=memo.correlation_id,
            why=_words(memo.reason_code),
        )  # fmt: skip
    for void in VoidRecord.objects.filter(legal_entity=entity, voided_on__range=span):
        yield _Document(
            kind=_("Void"), reference=void.reference, number=void.number, customer=void.customer_reference,
            day=void.voided_on, amount=void.total, currency=void.currency, trail=void.correlation_id,
            why=_("Invoice taken back") if void.voided_kind == "invoice" else _("Credit memo taken back"),
        )  # fmt: skip
    for refund in RefundRecord.objects.filter(legal_entity=entity, refunded_on__range=span):
        causes = sorted({cause.partition(":")[0] for cause, _sum in refund.causes})
        yield _Document(
            kind=_("Refund"), reference=refund.reference, number=refund.gateway_id, customer=refund.customer_reference,
            day=refund.refunded_on, amount=refund.amount, currency=refund.currency, trail=refund.correlation_id,
            why=", ".join(str(_CAUSES.get(cause) or _words(cause)) for cause in causes), also=refund.payment_reference,
        )  # fmt: skip
    for row in WriteOff.objects.filter(legal_entity=entity, written_off_on__range=span):
        yield _Document(
            kind=_("Small difference") if row.treatment == "small_difference" else _("Write-off"),
            reference=row.reference, number=row.number, customer=row.customer_reference, day=row.written_off_on,
            amount=row.amount, currency=row.currency, trail=row.correlation_id,
            why=_words(row.objection) if row.objection else spoken(row.get_treatment_display()),
        )  # fmt: skip


def find(entity: LegalEntity, first: date, last: date) -> Sequence[Line]:
    documents = sorted(_documents(entity, first, last), key=lambda one: (one.day, one.kind, one.number))
    references = [one.reference for one in documents]
    names = customers([one.customer for one in documents])
    approved = decided.of([*references, *(one.also for one in documents if one.also)])
    states = _states(references)
    return [
        Line(
            words={
                "Document": f"{one.kind} {one.number}",
                "Date": one.day.isoformat(),
                "Customer": names[one.customer],
                "State": states.get(one.reference) or _("Not in the ERP"),
                "Why": one.why,
                "Approved by": approved.get(one.reference) or approved.get(one.also) or str(decided.NOBODY),
            },
            money={"Amount": one.amount},
            currency=one.currency,
            trail=one.trail,
        )
        for one in documents
    ]


def _states(references: Sequence[str]) -> dict[str, str]:
    """How far each is in the ERP, in words; a refund that came home says so first."""
    found = {}
    rows = Delivery.objects.filter(reference__in=references, role="erp").order_by("pk")
    for reference, state, condition in rows.values_list("reference", "state", "condition"):
        if condition == Condition.BLOCKED:
            found[reference] = _("Stopped, see its case")
        elif state in ("posted", "reconciled"):
            found[reference] = _("Posted and reconciled") if state == "reconciled" else _("Posted")
        else:
            found[reference] = _("On its way")
    home = RefundFailureRecord.objects.filter(refund_reference__in=references)
    found |= dict.fromkeys(home.values_list("refund_reference", flat=True), _("Came home"))
    return found


def _words(code: str) -> str:
    return _(code.replace("_", " ").capitalize())


CORRECTIONS = Register(
    name="corrections",
    title="Given back and given up",
    lead=gettext_lazy(
        "Credit memos, voids, refunds, write-offs and small differences of the month, with how far each is, why, and "
        "who approved it."
    ),
    words=("Document", "Date", "Customer", "State", "Why", "Approved by"),
    money=("Amount",),
    find=find,
    days=("Date",),
)
