"""Fixes that say which of our companies sells: this one contract, or a rule for all like it."""

from datetime import date

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation.fixes.fix import Input, InputError, NotPossible, Preview, Target, Write, day, member, totals
from reconciliation.fixes.mapping_fixes import ReleasesWorkItems, approved_as, insert
from reconciliation.governance import impact
from reconciliation.governance.table import Values
from reconciliation.governance.tables import TABLES
from reconciliation.habits.languages import spoken, within
from reconciliation.models import ApprovalRequest, ExceptionCase
from sync import clock
from sync.models import EntityMapping, LegalEntity, MappingRow

Basis = EntityMapping.Basis
_TABLE = TABLES["selling-companies"]


class SayWhoSells(ReleasesWorkItems):
    """One of our companies sells: for this contract alone, for whoever signed, for the account, or for its country."""

    name = "say_who_sells"
    label = "Say which of our companies sells, and release what waits"
    kind = "configuration"
    rule = "The company that sells decides books, tax and bank: finance approves it."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "You choose which of our companies sells, for this one or for all like it; after finance approves, what waits goes through by itself."
        )

    def inputs(self, target: Target) -> list[Input]:
        entities = [(row.code, f"{row.code} {row.name}") for row in LegalEntity.objects.all()]
        kinds = [(value, Basis(value).label) for value in _possible(target)]
        cases = target.open_cases()
        earliest = min((case.effective_on for case in cases if case.effective_on), default=clock.now().date())
        return [
            Input(name="entity", label="The company that sells", kind="choice", choices=tuple(entities)),
            Input(
                name="basis",
                label="This holds for",
                kind="choice",
                initial=kinds[0][0] if kinds else "",
                choices=tuple(kinds),
                help="The signed contract goes before every other rule; only a rule for one contract goes before it.",
            ),
            Input(
                name="valid_from",
                label="Valid from",
                kind="date",
                initial=earliest.isoformat(),
                help="Proposed: the date of the earliest deal that waits.",
            ),
        ]

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        entity = LegalEntity.objects.filter(code=inputs.get("entity", "")).first()
        if entity is None:
            raise InputError("entity", "Choose one of our companies.")
        basis = inputs.get("basis", "")
        if basis not in _possible(target):
            raise InputError("basis", "Choose what this holds for.")
        valid_from = day(inputs.get("valid_from", ""), field_name="valid_from")
        country, key = _key(target, basis)
        if rule := _standing(basis, country, key, valid_from).first():
            raise NotPossible(f"{rule}, since {rule.valid_from}. End that rule before adding another.")
        cases = self.takes(target, inputs)
        row: Values = {
            "basis": basis, "country": country, "key": key, "entity": entity, "valid_from": valid_from, "valid_to": None,
            "note": "",
        }  # fmt: skip
        touched = impact.of(_TABLE, [row])
        return Preview(
            says=ngettext(
                "From {day}, {entity} sells: {basis} ({key}). {n} waiting object is released.",
                "From {day}, {entity} sells: {basis} ({key}). {n} waiting objects are released in order of their date.",
                len(cases),
            ).format(
                day=valid_from,
                entity=entity.name,
                basis=within(spoken(Basis(basis).label)),
                key=key or country,
                n=len(cases),
            ),
            change={
                "table": "selling company",
                "basis": basis,
                "country": country,
                "key": key,
                "entity": entity.code,
                "valid_from": valid_from.isoformat(),
            },
            writes=(
                Write(
                    system="Portal",
                    record="Selling company",
                    action="create",
                    field=key or country,
                    before="none",
                    after=entity.code,
                ),
                Write(
                    system="Portal",
                    record=f"{touched.deals} deals and {touched.invoices} invoices carried since then",
                    action="list",
                    after="stay as they were carried",
                ),
            ),
            members=tuple(member(case) for case in cases),
            totals=totals(cases),
            period=_("Billed on the day of release, in the books of that company."),
            ledger_effect=_("Receivables and revenue of {entity}.").format(entity=entity.name),
            reversible_by=_(
                "End the rule; what was billed meanwhile is credited and billed again by the other company."
            ),
        )

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        assert request is not None
        change = request.change
        insert(
            EntityMapping(
                basis=change["basis"],
                country=change["country"],
                key=change["key"],
                entity=LegalEntity.objects.get(code=change["entity"]),
                **approved_as(request),
            )
        )


def _possible(target: Target) -> list[str]:
    """What a rule may go by here: the first one is the narrowest."""
    by_signature = target.problem.field == "Selling company"
    one = len(target.open_cases()) == 1
    if by_signature:
        return [*([Basis.CONTRACT] if one else []), Basis.SIGNATORY]
    if target.problem.field != "Billing country":
        # a system that is not connected, or refuses the company: no rule of ours mends that
        return []
    is_country = len(target.problem.value) == 2
    return [*([Basis.ACCOUNT, Basis.HIERARCHY] if one else []), *([Basis.COUNTRY] if is_country else [])]


def _key(target: Target, basis: str) -> tuple[str, str]:
    """Country and key of the rule."""
    if basis == Basis.COUNTRY:
        return target.problem.value, ""
    if basis == Basis.SIGNATORY:
        return "", target.problem.value
    return "", target.open_cases()[0].reference


def _standing(basis: str, country: str, key: str, valid_from: date) -> QuerySet[EntityMapping]:
    rows = EntityMapping.objects.filter(basis=basis, country=country, key=key, status=MappingRow.Status.APPROVED)
    return rows.exclude(valid_to__lte=valid_from)
