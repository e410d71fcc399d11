"""Small differences: what may be given up without asking, until the caps of company and customer are used up."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from connectors.canonical import WriteOff
from sync.models import Delivery, DocumentPolicy, InvoiceRecord, LegalEntity, WriteOffRecord
from sync.money_text import plain

SMALL, BAD_DEBT = "small_difference", "bad_debt"


class SmallDifferences:
    """What was given up already; what is claimed in a batch counts for the next of the batch."""

    def __init__(self, write_offs: Iterable[WriteOff] = ()) -> None:
        years = {write_off.written_off_on.year for write_off in write_offs}
        self._rows: list[tuple[str, str, str, date, Decimal]] = []
        if years:
            posted = Delivery.objects.filter(reference=OuterRef("reference"), state__in=["posted", "reconciled"])
            rows = WriteOffRecord.objects.filter(
                Q(objection="") | Q(Exists(posted)), treatment=SMALL, written_off_on__year__in=years
            )
            self._rows += rows.values_list(
                "reference", "legal_entity__code", "customer_reference", "written_off_on", "amount"
            )

    def treatment(
        self, write_off: WriteOff, *, invoice: InvoiceRecord, entity: LegalEntity, policy: DocumentPolicy
    ) -> str:
        """Small enough in itself? In another currency than the company's own nothing is: no rate decides here."""
        small = (
            write_off.currency == entity.functional_currency
            and write_off.amount <= policy.small_difference_most
            and write_off.amount * 100 <= invoice.total * policy.small_difference_percent
        )
        return SMALL if small else BAD_DEBT

    def claim(self, write_off: WriteOff, *, policy: DocumentPolicy) -> str:
        """Why people are asked; empty where it fits the caps, of which it then is a part."""
        day = write_off.written_off_on
        others = [row for row in self._rows if row[0] != write_off.reference]
        month = sum(
            (
                amount
                for _, entity, _, on, amount in others
                if entity == write_off.legal_entity and (on.year, on.month) == (day.year, day.month)
            ),
            Decimal(0),
        )
        customer = sum(
            (
                amount
                for _, entity, name, on, amount in others
                if (entity, name, on.year) == (write_off.legal_entity, write_off.customer_reference, day.year)
            ),
            Decimal(0),
        )
        if month + write_off.amount > policy.small_difference_month:
            most = plain(policy.small_difference_month, write_off.currency)
            return f"small differences of {day:%Y-%m} would pass {most}"
        if customer + write_off.amount > policy.small_difference_customer_year:
            most = plain(policy.small_difference_customer_year, write_off.currency)
            return f"small differences of this customer in {day.year} would pass {most}"
        self._rows.append(
            (write_off.reference, write_off.legal_entity, write_off.customer_reference, day, write_off.amount)
        )
        return ""
