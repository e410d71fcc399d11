"""Documents that lower what an invoice claims: credit memos, reversals of voids, write-offs, withheld tax."""

from collections.abc import Mapping
from typing import Any

from connectors.canonical import Canonical, CreditMemo, DocumentVoid, Invoice, Withholding, WriteOff
from connectors.errors import OutcomeUnknown, Rejected
from connectors.interface import Connector, Parcel, Receipt
from connectors.netsuite import cash, credits, mapping, withholding

KINDS = frozenset({CreditMemo.kind, DocumentVoid.kind, WriteOff.kind, Withholding.kind})
_REFUSED_AS = {CreditMemo.kind: "CREDIT_WITHOUT_INVOICE", DocumentVoid.kind: "VOID_NOT_ALLOWED"}


class Documents(Connector):
    """The part of the NetSuite connector that puts and finds these; every write is an upsert by our reference."""

    def put_document(self, parcel: Parcel) -> Receipt:
        """Raises the outbound errors; Rejected where the invoice is not there or has less open than is applied."""
        subject, settings, known = parcel.subject, self.setup.settings, parcel.known
        try:
            match subject:
                case CreditMemo():
                    corrected = self._corrected(subject, subject.refers_to)
                    record = credits.credit_memo_record(subject, known=known, settings=settings, corrected=corrected)
                case DocumentVoid() if subject.voided_kind == Invoice.kind:
                    corrected = self._corrected(subject, subject.voids)
                    record = credits.reversal_record(subject, known=known, settings=settings, corrected=corrected)
                case DocumentVoid():
                    return self._take_credit_back(subject, parcel)
                case WriteOff():
                    corrected = self._corrected(subject, subject.invoice_reference)
                    record = credits.write_off_record(subject, known=known, settings=settings, corrected=corrected)
                case Withholding():
                    return self._withhold(subject, parcel)
                case _:
                    raise TypeError(f"{subject.kind} is no such document")
            # without it a repeat would add its lines to those it has
            return self._put(parcel, "creditMemo", record, replace="item,apply")
        except Rejected as error:
            raise credits.refused(error, reason=_REFUSED_AS.get(subject.kind, error.reason)) from error

    def find_document(self, *, kind: str, reference: str) -> list[Receipt]:
        """What NetSuite holds of one. A voided credit memo counts as taken back once it pays its reversal."""
        settings = self.setup.settings
        if kind == Withholding.kind:
            return self._find_withheld(reference)
        record = self._get("creditMemo", reference=reference)
        if record is None and kind == DocumentVoid.kind:
            record = self._get("invoice", reference=reference)
            if record is not None and mapping.number(record.get("amountRemaining")):
                return []
        return [credits.receipt(record, kind=kind, settings=settings)] if record else []

    def _take_credit_back(self, subject: DocumentVoid, parcel: Parcel) -> Receipt:
        """The reversal first, then the memo is moved onto it: cut short in between, a repeat does the rest."""
        memo = self._get("creditMemo", reference=subject.voids)
        if memo is None:
            raise _not_there(subject, subject.voids)
        body = credits.reversal_invoice(subject, known=parcel.known, settings=self.setup.settings, memo_record=memo)
        receipt = self._put(parcel, "invoice", body, replace="item")
        self._write(
            "PATCH",
            self._record("creditMemo", reference=subject.voids),
            body=credits.taken_over(subject, reversal_id=receipt.external_id),
            params={"replace": "apply"},
        )
        return receipt

    def _withhold(self, subject: Withholding, parcel: Parcel) -> Receipt:
        """The journal first, then it is laid on the invoice: cut short in between, a repeat does the rest."""
        settings, known = self.setup.settings, parcel.known
        body = withholding.journal_record(subject, known=known, settings=settings)
        receipt = self._put(parcel, "journalEntry", body, replace="line")
        body = withholding.application_record(subject, journal_id=receipt.external_id, known=known, settings=settings)
        path = self._record("customerPayment", reference=withholding.application_reference(subject.reference))
        self._write("PUT", path, body=body, params={"replace": "apply,credit"})
        return receipt

    def _find_withheld(self, reference: str) -> list[Receipt]:
        """The journal counts once it is laid on its invoice."""
        record = self._get("journalEntry", reference=reference)
        payment = self._get("customerPayment", reference=withholding.application_reference(reference), expand=True)
        if record is None or not withholding.is_applied(payment):
            return []
        return [cash.journal_receipt(record, settings=self.setup.settings)]

    def _corrected(self, subject: Canonical, reference: str) -> dict[str, Any] | None:
        """The invoice a document lowers, as NetSuite has it now; None for one that names none."""
        if not reference:
            return None
        record = self._get("invoice", reference=reference)
        if record is None:
            raise _not_there(subject, reference)
        return record

    def _put(self, parcel: Parcel, record_type: str, body: dict[str, Any], *, replace: str) -> Receipt:
        path = self._record(record_type, reference=parcel.reference)
        response = self._write("PUT", path, body=body, params={"replace": replace})
        external_id = mapping.id_from_location(response.headers.get("location", ""))
        external_id = external_id or parcel.known.get(parcel.reference, "")
        if not external_id:
            raise OutcomeUnknown("NetSuite took it and did not say under which id", system=self.name)
        return Receipt(external_id=external_id, posted=True)

    # -- what the connector itself brings ---------------------------------------------------------
    def _record(self, record_type: str, *, reference: str) -> str:
        raise NotImplementedError

    def _get(self, record_type: str, *, reference: str, expand: bool = False) -> dict[str, Any] | None:
        raise NotImplementedError

    def _write(self, method: str, path: str, *, body: Any, params: Mapping[str, str] | None = None) -> Any:
        raise NotImplementedError


def _not_there(subject: Canonical, reference: str) -> Rejected:
    return Rejected(
        f"{reference} is not in NetSuite",
        reason="CREDIT_WITHOUT_INVOICE",
        field="apply.items[0].doc",
        value=reference,
        system="netsuite",
    )
