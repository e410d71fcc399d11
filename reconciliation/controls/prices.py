"""Listing: what was billed at another price than any version of its contract agrees; a rebate somebody gave in billing
shows here, and so does a price raised there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, QuerySet

from connectors import segments
from connectors.canonical import EVERGREEN
from connectors.money import amount, minor_units, plain_text
from reconciliation.controls.control import Control, Finding, Type
from reconciliation.models import Break
from reconciliation.teams import Team
from sync import clock
from sync.models import ContractLineRecord, ContractRecord, CustomerRecord, InvoiceLineRecord, LegalEntity

NAME = "prices"
#: how far back invoices are looked at; what was found stays found beyond it
LOOKED_BACK = timedelta(days=92)
#: months of one billing period of a contract without an end, whose amounts are for one period
MONTHS = {"monthly": 1, "quarterly": 3, "annual_in_advance": 12}


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each line billed for whole months at an amount no version of its contract leads to, over the difference.

    Parts of months are left out: they follow from a change, whose sum the totals of the contract hold.
    """
    lines = list(_lines(entity))
    agreed = _agreed({line.contract_reference for line in lines})
    names = dict(
        CustomerRecord.objects.filter(reference__in={line.invoice.customer_reference for line in lines}).values_list(
            "reference", "name"
        )
    )
    return list(_found(lines, agreed, names))


def _lines(entity: LegalEntity) -> QuerySet[InvoiceLineRecord]:
    found_before = Break.objects.filter(control=NAME, entity=entity, healed_at=None).values_list("reference", flat=True)
    invoices = {reference.removeprefix("price:").rpartition(":")[0] for reference in found_before}
    lately = Q(invoice__document_date__gte=clock.business_date(entity) - LOOKED_BACK)
    return (
        InvoiceLineRecord.objects.filter(lately | Q(invoice__reference__in=invoices), net__gt=0, quantity__gt=0)
        .filter(invoice__legal_entity=entity)
        .exclude(invoice__status="void")
        .select_related("invoice")
        .order_by("invoice__document_date", "invoice__reference", "line_id")
    )


def _agreed(contracts: Iterable[str]) -> Mapping[tuple[str, str], list[ContractLineRecord]]:
    """Contract and product in billing -> that line in every version that was ever agreed."""
    found: dict[tuple[str, str], list[ContractLineRecord]] = defaultdict(list)
    rows = ContractLineRecord.objects.filter(contract__reference__in=contracts, destination="billing", quantity__gt=0)
    for row in rows.select_related("contract").order_by("-contract__version", "line_id"):
        found[row.contract.reference, row.billing_product].append(row)
    return found


def _found(
    lines: Iterable[InvoiceLineRecord],
    agreed: Mapping[tuple[str, str], list[ContractLineRecord]],
    names: Mapping[str, str],
) -> Iterator[Finding]:
    for line in lines:
        known = agreed.get((line.contract_reference, line.billing_product), [])
        prices = [price for row in known if (price := expected(line, row)) is not None]
        off = [line.net - price for price in prices]
        if off and all(abs(one) > _unit(line) for one in off):
            # the newest version is what should hold, unless an older one comes nearer
            yield _finding(line, min(off, key=abs), customer=names.get(line.invoice.customer_reference, ""))


def expected(line: InvoiceLineRecord, agreed: ContractLineRecord) -> Decimal | None:
    """What an invoice line's quantity costs for its months of service by this contract line, in major units; None where
    it is for no whole number of months, and not for the whole term either.
    """
    share = _share(line, agreed)
    if share is None:
        return None
    price = agreed.amount * line.quantity / agreed.quantity * share
    return price.quantize(_unit(line), rounding=ROUND_HALF_UP)


def _unit(line: InvoiceLineRecord) -> Decimal:
    """One minor unit: a price is rounded once per line."""
    return Decimal(1).scaleb(-minor_units(line.invoice.currency))


def _share(line: InvoiceLineRecord, agreed: ContractLineRecord) -> Decimal | None:
    """The part of the agreed amount its time of service has."""
    contract = agreed.contract
    own = (agreed.starts_on, agreed.ends_on) if agreed.own_dates else (contract.starts_on, contract.ends_on)
    if (line.service_starts_on, line.service_ends_on) == own:
        return Decimal(1)
    # both ends are counted from the contract's first day, so that short months do not add up
    begins = segments.months_between(contract.starts_on, line.service_starts_on - timedelta(days=1))
    ends = segments.months_between(contract.starts_on, line.service_ends_on)
    whole = _months(agreed)
    if begins is None or ends is None or not whole or ends <= begins:
        return None
    return Decimal(ends - begins) / Decimal(whole)


def _months(agreed: ContractLineRecord) -> int | None:
    """How many months the agreed amount of a line is for."""
    contract: ContractRecord = agreed.contract
    if agreed.own_dates:
        return segments.months_between(agreed.starts_on, agreed.ends_on)
    if contract.term_months == EVERGREEN:
        return MONTHS.get(contract.billing_frequency)
    return contract.term_months - contract.free_months


def _finding(line: InvoiceLineRecord, off: Decimal, *, customer: str) -> Finding:
    invoice = line.invoice
    billed, wanted = (plain_text(amount(one, invoice.currency)) for one in (line.net, line.net - off))
    return Finding(
        reference=f"price:{invoice.reference}:{line.line_id}"[:120],
        kind="PRICE_NOT_APPROVED",
        label=f"{invoice.number}: {line.description or line.billing_product}",
        cause=f"{billed} instead of {wanted} {invoice.currency}",
        customer=customer,
        currency=invoice.currency,
        dated=invoice.document_date,
        left={"net": wanted},
        right={"net": billed},
        difference=off,
    )


PRICES = Control(
    name=NAME,
    title="Prices and rebates are the approved ones",
    leg="",
    kind="invoice",
    left_role="portal",
    left_kind="contract",
    right_role="portal",
    right_kind="invoice",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Invoices of the last 92 days against every version of their contract",
    assertion="Accuracy",
    owner=Team.BILLING_OPS,
    is_key=False,
    lists=findings,
)
