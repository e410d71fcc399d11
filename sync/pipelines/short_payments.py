"""An invoice that was paid in part and not in full, or whose bank payment did not hold, is one case, closed when the
rest is here.

Short by exactly what customers of that country may withhold is a claim with a certificate, no fee: it is told apart.
"""

from collections.abc import Collection, Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from connectors.money import minor_units
from sync import blocks, open_items
from sync.models import AllocationRecord, CustomerRecord, LegalEntity, PaymentReturnRecord
from sync.open_items import OpenItem
from sync.pipelines import records

REASONS = frozenset({"UNDERPAYMENT", "WHT_SHORT_PAY", "PAYMENT_RETURNED"})


def review(references: Iterable[str]) -> None:
    """Open or close the cases of these invoices by what is left of them now. Needs a transaction."""
    wanted = set(references)
    items = records.items_of("invoice_to_erp", wanted)
    found = open_items.of_invoices(wanted)
    returned = _returned(wanted)
    stops: list[blocks.Stop] = []
    for reference, invoice in sorted(found.items()):
        item = items.get(reference)
        if item is None:
            continue
        short = 0 < invoice.left < invoice.total or (reference in returned and invoice.left > 0)
        reason = _reason(invoice, is_returned=reference in returned) if short else ""
        note = "Another part of it is left" if short else "Nothing of it is left"
        # whatever was said before is said anew: the amount has changed
        blocks.clear(work_items=[item.pk], reasons=REASONS, note=note)
        if short:
            share = (invoice.left / invoice.total * 100).quantize(Decimal("0.1"))
            stops.append(
                blocks.Stop(
                    work_item=item,
                    reason=reason,
                    field="Left of the invoice",
                    value=f"{share} % of {invoice.number}",
                    evidence={"amount": format(invoice.left, "f"), "total": format(invoice.total, "f")},
                )
            )
    blocks.put(stops)


def _returned(references: Collection[str]) -> set[str]:
    """Of these invoices those a bank payment of which did not hold."""
    back = PaymentReturnRecord.objects.values("payment_reference")
    rows = AllocationRecord.objects.filter(invoice_reference__in=references, payment_reference__in=back)
    return set(rows.values_list("invoice_reference", flat=True))


def _reason(invoice: OpenItem, *, is_returned: bool) -> str:
    if is_returned:
        return "PAYMENT_RETURNED"
    return "WHT_SHORT_PAY" if is_withheld(invoice) else "UNDERPAYMENT"


def review_corrected(references: Iterable[str]) -> None:
    """The same for what lowers invoices without paying them: where nothing was paid, nothing is short of it. Needs a
    transaction.
    """
    wanted = set(references)
    # before looking who was paid: another payment may be on its way in
    records.items_of("invoice_to_erp", wanted)
    paid = AllocationRecord.objects.filter(invoice_reference__in=wanted)
    review(paid.values_list("invoice_reference", flat=True))


def is_withheld(invoice: OpenItem) -> bool:
    """Whether what is left is exactly a rate of the total that the entity knows for the customer's country."""
    entity = LegalEntity.objects.get(pk=invoice.entity_id)
    customer = CustomerRecord.objects.filter(reference=invoice.customer_reference).first()
    country = (customer.address or {}).get("country", "") if customer else ""
    digits = Decimal(1).scaleb(-minor_units(invoice.currency))
    return any(
        (invoice.total * Decimal(str(rate))).quantize(digits, rounding=ROUND_HALF_EVEN) == invoice.left
        for rate in entity.withholding_rates.get(country, ())
    )
