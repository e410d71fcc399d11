"""Which deals and invoices a change would touch: carried ones that used such a row, waiting ones it would let go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from reconciliation.governance.table import Table, Values
from reconciliation.matches import trying
from reconciliation.matches.cascade import Member
from reconciliation.models import ExceptionCase, MatchRule
from reconciliation.models.controls import Side
from sync.models import ContractRecord, CustomerRecord, InvoiceRecord
from sync.money_text import plain

#: rows of each kind that are listed by name; all are counted
MOST_LISTED = 50


@dataclass(frozen=True, kw_only=True)
class Touched:
    """One document a change would touch."""

    kind: str
    reference: str
    title: str
    customer: str
    amount: str
    currency: str
    dated: str


@dataclass(kw_only=True)
class Impact:
    """What a change would touch, counted and summed whole, listed in part."""

    #: what matching rules would bring together of what both sides said last; other rows bring nothing together
    matched: int | None = None
    suggested: int | None = None
    deals: int = 0
    invoices: int = 0
    waiting: int = 0
    #: kind -> currency -> sum, as text; never across currencies
    totals: dict[str, dict[str, str]] = field(default_factory=dict)
    listed: list[Touched] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return {
            "matched": self.matched,
            "suggested": self.suggested,
            "deals": self.deals,
            "invoices": self.invoices,
            "waiting": self.waiting,
            "totals": self.totals,
            "listed": [vars(one) for one in self.listed],
        }


def of(table: Table, rows: Sequence[Values]) -> Impact:
    """What these rows would touch, from the day each of them begins."""
    if table.model is MatchRule:
        return _of_rules(rows)
    impact = Impact()
    deals = _deals(table, rows)
    newest: dict[str, ContractRecord] = {}
    for row in deals.order_by("version"):
        newest[row.reference] = row
    names = dict(
        CustomerRecord.objects.filter(reference__in={row.customer_reference for row in newest.values()}).values_list(
            "reference", "name"
        )
    )
    invoices = list(_invoices(table, rows, set(newest)).order_by("document_date", "number"))
    impact.deals, impact.invoices = len(newest), len(invoices)
    _sum(impact, "deals", [(row.currency, row.amount) for row in newest.values()])
    _sum(impact, "invoices", [(row.currency, row.total) for row in invoices])
    cases = list(waiting_cases(table, rows).order_by("effective_on", "reference"))
    impact.waiting = len(cases)
    _sum(impact, "waiting", [(case.currency, case.amount) for case in cases if case.amount is not None])
    impact.listed = [
        *(
            _touched("waiting", case.reference, case.document, case.customer_name, case.amount, case.currency,
                     case.effective_on)
            for case in cases[:MOST_LISTED]
        ),
        *(
            _touched("deal", row.reference, row.name or row.reference, names.get(row.customer_reference, ""),
                     row.amount, row.currency, row.signed_on)
            for row in list(newest.values())[:MOST_LISTED]
        ),
        *(
            _touched("invoice", row.reference, f"Invoice {row.number}", names.get(row.customer_reference, ""),
                     row.total, row.currency, row.document_date)
            for row in invoices[:MOST_LISTED]
        ),
    ]  # fmt: skip
    return impact


def _of_rules(rows: Sequence[Values]) -> Impact:
    """What matching rules would do to what differs between the newest readings of both sides."""
    impact, sums = Impact(), []
    found = list(trying.would_match([MatchRule(**row) for row in rows]))
    impact.matched = sum(met.is_matched for _, _, met in found)
    impact.suggested = len(found) - impact.matched
    for control, entity, met in found:
        left = [one for one in met.members if one.side == Side.LEFT] or met.members
        amount = sum((one.gross for one in left), Decimal(0))
        kind = "matched" if met.is_matched else "suggested"
        sums.append((kind, met.currency, amount))
        if len(impact.listed) < MOST_LISTED:
            title = " with ".join(_names(met.members, side) for side in Side if _names(met.members, side))
            impact.listed.append(
                _touched(kind, f"{entity.code}: {control.title}", title, left[0].counterparty, amount, met.currency,
                         left[0].document_date)
            )  # fmt: skip
    for kind in ("matched", "suggested"):
        _sum(impact, kind, [(currency, amount) for name, currency, amount in sums if name == kind])
    return impact


def _names(members: Sequence[Member], side: Side) -> str:
    return ", ".join(one.label or one.reference for one in members if one.side == side)


def waiting_cases(table: Table, rows: Sequence[Values]) -> QuerySet[ExceptionCase]:
    """Open cases these rows may end."""
    wanted = Q(pk__in=[])
    for reason, field_name in table.ends:
        about = Q(reason=reason)
        if field_name:
            about &= Q(value__in=[str(row[field_name]) for row in rows if row[field_name]])
        wanted |= about
    return ExceptionCase.objects.filter(wanted, status=ExceptionCase.Status.OPEN).exclude(reference="")


def _deals(table: Table, rows: Sequence[Values]) -> QuerySet[ContractRecord]:
    """Carried contracts that such rows speak of and that are signed from their first day on."""
    wanted = Q(pk__in=[])
    for row in rows:
        since = Q(signed_on__gte=row["valid_from"])
        if row["valid_to"] is not None:
            since &= Q(signed_on__lt=row["valid_to"])
        wanted |= since & _about(table, row)
    return ContractRecord.objects.filter(wanted).distinct()


def _about(table: Table, row: Values) -> Q:
    """Contracts one row of a table speaks of."""
    match table.name:
        case "products":
            return Q(lines__crm_product=row["crm_product"], currency=row["currency"])
        case "bundles":
            return Q(lines__crm_product__in=[row["crm_product"], *row["parts"]])
        case "countries":
            return Q(customer_reference__in=_customers(address__country=row["country"]))
        case "selling-companies":
            return _sold_by(row)
        case "tax-codes":
            return Q(legal_entity=row["entity"], lines__tax_class=row["tax_class"])
        case "tax-registrations":
            place = row["jurisdiction"][:2]
            return Q(legal_entity=row["entity"], customer_reference__in=_customers(address__country=place))
        case "document-policies":
            return Q(legal_entity=row["entity"])
        case "tax-certificates" | "tax-numbers":
            return Q(customer_reference=row["customer_reference"])
        case "sign-off-policies" | "approval-limits" | "answers":
            # it is about what people sign or are told, and touches no document
            return Q(pk__in=[])
        case "rates":
            return Q(currency=row["from_currency"], legal_entity__functional_currency=row["to_currency"])
        case other:
            raise LookupError(f"nobody said what rows of {other} touch")


def _sold_by(row: Values) -> Q:
    match row["basis"]:
        case "contract":
            return Q(reference=row["key"])
        case "signatory":
            return Q(signatory=row["key"])
        case "account":
            return Q(customer_reference=row["key"])
        case "hierarchy":
            below = CustomerRecord.objects.filter(parent_reference=row["key"]).values("reference")
            return Q(customer_reference=row["key"]) | Q(customer_reference__in=below)
        case _:
            everybody = {} if row["country"] == "*" else {"address__country": row["country"]}
            return Q(customer_reference__in=_customers(**everybody))


def _customers(**filters: Any) -> QuerySet[CustomerRecord, Any]:
    return CustomerRecord.objects.filter(**filters).values("reference")


def _invoices(table: Table, rows: Sequence[Values], contracts: set[str]) -> QuerySet[InvoiceRecord]:
    """Invoices of those contracts; of rates, those issued while such a rate holds."""
    if table.name != "rates":
        return InvoiceRecord.objects.filter(contract_reference__in=contracts)
    wanted = Q(pk__in=[])
    for row in rows:
        until = {} if row["valid_to"] is None else {"document_date__lt": row["valid_to"]}
        wanted |= Q(
            currency=row["from_currency"],
            legal_entity__functional_currency=row["to_currency"],
            document_date__gte=row["valid_from"],
            **until,
        )
    return InvoiceRecord.objects.filter(wanted)


def _sum(impact: Impact, kind: str, amounts: Sequence[tuple[str, Decimal]]) -> None:
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    impact.totals[kind] = {currency: plain(total, currency) for currency, total in sorted(sums.items())}


def _touched(
    kind: str, reference: str, title: str, customer: str, amount: Decimal | None, currency: str, dated: date | None
) -> Touched:
    return Touched(
        kind=kind,
        reference=reference,
        title=title,
        customer=customer,
        amount=plain(amount, currency) if amount is not None and currency else "",
        currency=currency,
        dated=dated.isoformat() if dated else "",
    )
