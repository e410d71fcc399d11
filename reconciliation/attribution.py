"""Whose document it is: a CRM knows deals and accounts, not which of our companies sells, nor what the ERP bills.

What nobody has decided yet counts with the company that serves everybody without a rule of their own, and as billed by
billing, so that every document of the CRM counts exactly once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.canonical import CrmStatus
from connectors.interface import ControlLine
from reconciliation.controls.control import Control
from sync.mappings import in_force
from sync.models import ContractRecord, CustomerRecord, EntityMapping, EntityRoute, LegalEntity, MappingRow
from sync.pipelines.services_to_erp import DESTINATION, reference_of


def own_references(references: Iterable[str], *, entity: LegalEntity, on: date) -> set[str]:
    """Of deals, accounts and what is shown of them, those that are this company's."""
    about = {reference: _about(reference) for reference in references}
    customers = _sellers_of_customers([name for name in about.values() if name.startswith("customer:")])
    contracts = ContractRecord.objects.filter(reference__in=about.values()).order_by("version")
    owners = customers | {name: {owner} for name, owner in contracts.values_list("reference", "legal_entity_id")}
    nobody = {_falls_to(on)}
    return {reference for reference, name in about.items() if entity.pk in owners.get(name, nobody)}


def _about(reference: str) -> str:
    """The deal or account that a status is shown on; any other reference is itself."""
    kind, _, rest = reference.partition(":")
    crm_object, _, key = rest.partition(":")
    if kind != CrmStatus.kind:
        return reference
    return f"contract:{key}" if crm_object == "Opportunity" else f"customer:{key}"


def own_lines(control: Control, lines: Sequence[ControlLine], *, entity: LegalEntity, on: date) -> list[ControlLine]:
    """Of what a CRM lists, the lines that are this company's and this control's."""
    names = own_references([line.reference for line in lines], entity=entity, on=on)
    mine = [line for line in lines if line.reference in names]
    # what is judged, and customers, stand for no amount
    if control.judges is not None or control.left_kind == "customer":
        return mine
    contracts = _newest_contracts(mine)
    services = {
        reference: sum((line.amount for line in row.lines.all() if line.destination == DESTINATION), Decimal(0))
        for reference, row in contracts.items()
    }
    sold = {
        reference: any(line.destination != DESTINATION for line in row.lines.all())
        for reference, row in contracts.items()
    }
    if control.kind == "order":
        return [_worth(line, services[line.reference], order=True) for line in mine if services.get(line.reference)]
    return [
        _worth(line, line.net - services.get(line.reference, Decimal(0)))
        for line in mine
        # what is only services is billed by the ERP alone
        if sold.get(line.reference, True) or line.net != services[line.reference]
    ]


def _worth(line: ControlLine, amount: Decimal, *, order: bool = False) -> ControlLine:
    reference = reference_of(line.reference) if order else line.reference
    return replace(line, reference=reference, net=amount, tax=amount - amount, gross=amount)


def _newest_contracts(lines: Sequence[ControlLine]) -> dict[str, ContractRecord]:
    rows = ContractRecord.objects.filter(reference__in=[line.reference for line in lines])
    return {row.reference: row for row in rows.order_by("version").prefetch_related("lines")}


def _sellers_of_customers(wanted: Sequence[str]) -> dict[str, set[int]]:
    """Every company of ours that has an account for a customer: its own, and those that sold to it."""
    found: dict[str, set[int]] = {}
    homes = CustomerRecord.objects.filter(reference__in=wanted).values_list("reference", "legal_entity_id")
    sales = ContractRecord.objects.filter(customer_reference__in=wanted).values_list(
        "customer_reference", "legal_entity_id"
    )
    for reference, entity_id in (*homes, *sales):
        found.setdefault(reference, set()).add(entity_id)
    return found


def _falls_to(on: date) -> int:
    """The company that serves everybody else on a day; without such a rule, the first one with a CRM."""
    rows = EntityMapping.objects.filter(
        basis=EntityMapping.Basis.COUNTRY, country="*", status=MappingRow.Status.APPROVED
    )
    row = in_force(rows, on=on)
    if row is not None:
        return row.entity_id
    routes = EntityRoute.objects.filter(role="crm", is_shadow=False).order_by("entity__code")
    return routes.values_list("entity_id", flat=True).first() or 0
