"""The rates documents were sent to the ERP with: what its own posting is compared with."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from connectors.interface import ControlLine
from sync.models import (
    CreditMemoRecord,
    ExchangeRate,
    InvoiceRecord,
    LegalEntity,
    PaymentRecord,
    VoidRecord,
    WriteOffRecord,
)
from sync.rates import converted


def sells_abroad(entity: LegalEntity) -> bool:
    """Whether documents of a company may be in another currency than its own: none is, without an approved rate."""
    return ExchangeRate.objects.filter(status="approved", to_currency=entity.functional_currency).exists()


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """Documents posted on a day in another currency than the company's own: amounts in its own money at the rate sent;
    the status says currency, rate and the day the rate stood: `EUR 0.92 2026-03-02`.

    What lowers or ends an invoice leaves the books at the rate that invoice entered them with.
    """
    found = [
        *(
            _line(row, row.posting_date, row.net, row.tax, rate=row.exchange_rate, as_of=row.rate_as_of, of=entity)
            for row in InvoiceRecord.objects.filter(legal_entity=entity, posting_date=day, exchange_rate__gt=0)
        ),
        *(
            _line(row, row.received_on, row.amount, Decimal(0), rate=row.exchange_rate, as_of=row.rate_as_of, of=entity)
            for row in PaymentRecord.objects.filter(legal_entity=entity, received_on=day, exchange_rate__gt=0)
        ),
    ]
    foreign = Q(legal_entity=entity, posting_date=day) & ~Q(currency=entity.functional_currency)
    memos = list(CreditMemoRecord.objects.filter(foreign).exclude(refers_to=""))
    voids = list(VoidRecord.objects.filter(foreign))
    losses = list(WriteOffRecord.objects.filter(foreign))
    rates = _rates(
        [
            *(memo.refers_to for memo in memos),
            *(void.invoice_reference for void in voids),
            *(loss.invoice_reference for loss in losses),
        ]
    )
    found += [
        _line(row, day, -row.net, -row.tax, rate=rates[row.refers_to], as_of=None, of=entity)
        for row in memos
        if row.refers_to in rates
    ]
    for row in voids:
        if row.invoice_reference in rates:
            sign = -1 if row.voided_kind == "invoice" else 1
            rate = rates[row.invoice_reference]
            found.append(_line(row, day, sign * row.net, sign * row.tax, rate=rate, as_of=None, of=entity))
    found += [
        _line(row, day, -row.amount, Decimal(0), rate=rates[row.invoice_reference], as_of=None, of=entity)
        for row in losses
        if row.invoice_reference in rates
    ]
    return found


def _rates(invoices: Iterable[str]) -> dict[str, Decimal]:
    rows = InvoiceRecord.objects.filter(reference__in=set(invoices) - {""}, exchange_rate__gt=0)
    return dict(rows.values_list("reference", "exchange_rate"))


def _line(
    row: Any, day: date, net: Decimal, tax: Decimal, *, rate: Decimal, as_of: date | None, of: LegalEntity
) -> ControlLine:
    own = of.functional_currency
    gross, charged = converted(net + tax, rate, own), converted(tax, rate, own)
    return ControlLine(
        reference=row.reference,
        external_id="",
        document_date=day,
        currency=own,
        net=gross - charged,
        tax=charged,
        gross=gross,
        label=str(row)[:200],
        status=f"{row.currency} {rate.normalize():f}{f' {as_of}' if as_of else ''}",
    )
