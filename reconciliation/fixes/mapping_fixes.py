"""Fixes that add a mapping and let the waiting work go: products and countries."""

import difflib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Preview, Target, Write, day, member, totals
from reconciliation.governance import impact
from reconciliation.governance.tables import TABLES
from reconciliation.models import ApprovalRequest, ExceptionCase, FixItem, FixRun
from sync import clock, nudges
from sync.mappings import country_names, in_force
from sync.models import CountryMapping, MappingRow, ProductMapping, WorkItem
from sync.money_text import plain
from sync.states import Condition


class ReleasesWorkItems(Fix):
    """What the mapping fixes share: waiting work items run again, in order."""

    takes_problem = True
    undo = "U1"

    def checks(self, case: ExceptionCase) -> str:
        return _(
            "Each released deal runs through the same checks again; its case closes only when it goes through, and the daily control compares both systems."
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        now = clock.now()
        WorkItem.objects.filter(
            pk__in=[item.case.work_item_id for item in items if item.case], condition=Condition.BLOCKED
        ).update(condition=Condition.DUE, due_at=now)
        nudges.nudge("ingest")
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        case = item.case
        assert case is not None
        if case.status == ExceptionCase.Status.CLOSED:
            stands = case.work_item.condition if case.work_item else Condition.SETTLED
            if stands == Condition.WAITING:
                return FixItem.Status.SUCCEEDED, "Went through; now waits for its customer"
            if stands == Condition.BLOCKED:
                return FixItem.Status.SUCCEEDED, "This is solved; something else stops it now"
            return FixItem.Status.SUCCEEDED, "Went through"
        if case.work_item and case.work_item.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "Stopped again for the same reason"
        return None


class MapProduct(ReleasesWorkItems):
    """A product name of the CRM is one of the products we know."""

    name = "map_product"
    label = "Map product and release the waiting deals"
    kind = "configuration"
    rule = "Product mappings set revenue, tax and items: finance approves them."

    def says(self, case: ExceptionCase) -> str:
        waiting = case.problem.cases.filter(status=ExceptionCase.Status.OPEN).count()
        return ngettext(
            "You choose which product “{value}” is; after finance approves, {waiting} waiting deal goes through by itself.",
            "You choose which product “{value}” is; after finance approves, {waiting} waiting deals go through by themselves, the oldest first.",
            waiting,
        ).format(value=case.value, waiting=waiting)

    def inputs(self, target: Target) -> list[Input]:
        known = _products_in_force()
        suggested, why = _closest(target.problem.value, list(known))
        earliest = min(
            (case.effective_on for case in target.open_cases() if case.effective_on), default=clock.now().date()
        )
        return [
            Input(
                name="product",
                label=f"“{target.problem.value}” is",
                kind="choice",
                initial=suggested,
                choices=tuple((name, name) for name in sorted(known)),
                help=why,
            ),
            Input(
                name="valid_from",
                label="Valid from",
                kind="date",
                initial=earliest.isoformat(),
                help="Proposed: the date of the earliest deal that waits.",
            ),
        ]

    def takes(self, target: Target, inputs: dict[str, str]) -> list[ExceptionCase]:
        """Deals from before the mapping's first day would only stop again."""
        valid_from = day(inputs.get("valid_from", ""), field_name="valid_from")
        return [case for case in target.open_cases() if case.effective_on is None or case.effective_on >= valid_from]

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        known = _products_in_force()
        product = known.get(inputs.get("product", ""))
        if product is None:
            raise InputError("product", f"Choose one of {', '.join(sorted(known))}.")
        valid_from = day(inputs.get("valid_from", ""), field_name="valid_from")
        written = target.problem.value
        _refuse_overlap(ProductMapping.objects.filter(crm_product=written), valid_from)
        cases = self.takes(target, inputs)
        row = {"crm_product": written, "currency": product.currency, "valid_from": valid_from, "valid_to": None}
        touched = impact.of(TABLES["products"], [row])
        change = {
            "table": "product mapping",
            "crm_product": written,
            "product_name": product.product_name,
            "list_price": str(product.list_price),
            "currency": product.currency,
            "billing_product": product.billing_product,
            "erp_item": product.erp_item,
            "revenue_treatment": product.revenue_treatment,
            "tax_class": product.tax_class,
            "destination": product.destination,
            "valid_from": valid_from.isoformat(),
        }
        return Preview(
            says=ngettext(
                "From {day}, deals that say “{written}” are billed as {product}. {n} waiting deal is released.",
                "From {day}, deals that say “{written}” are billed as {product}. {n} waiting deals are released in order of their date.",
                len(cases),
            ).format(day=valid_from, written=written, product=product.product_name, n=len(cases)),
            change=change,
            writes=(
                Write(
                    system="Portal",
                    record="Product mapping",
                    action="create",
                    field=written,
                    before="none",
                    after=product.product_name,
                ),
                Write(
                    system="Portal",
                    record=f"{touched.deals} deals and {touched.invoices} invoices of it carried since then",
                    action="list",
                    after="stay as they were carried",
                ),
                Write(
                    system="Stripe",
                    record=f"{len(cases)} subscriptions",
                    action="create",
                    field="product",
                    after=product.billing_product,
                ),
                Write(
                    system="NetSuite",
                    record="their invoices, as billing issues them",
                    action="create",
                    field="item",
                    after=product.erp_item,
                ),
            ),
            members=tuple(member(case) for case in cases),
            totals=totals(cases),
            period=_("Billed on the day of release, posted in the period open that day."),
            ledger_effect=_("Receivables against {product} revenue, when billing issues the invoices.").format(
                product=product.revenue_treatment
            ),
            reversible_by=_("End the mapping; what was billed meanwhile is credited, with its own approval."),
        )

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        assert request is not None
        change = request.change
        insert(
            ProductMapping(
                **approved_as(request),
                **{
                    name: change[name]
                    for name in (
                        "crm_product",
                        "product_name",
                        "list_price",
                        "currency",
                        "billing_product",
                        "erp_item",
                        "revenue_treatment",
                        "tax_class",
                        "destination",
                    )
                },
            )
        )


class MapCountry(ReleasesWorkItems):
    """A country as somebody wrote it is one we know."""

    name = "map_country"
    label = "Say which country this is and release what waits"
    kind = "configuration"
    rule = "A country decides selling company and tax: a second person approves it."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "You say which country “{value}” is; after a second person approves, the customer is set up and its deals go through by themselves."
        ).format(value=case.value)

    def inputs(self, target: Target) -> list[Input]:
        names = {name: code for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
        suggested, why = _closest(target.problem.value, list(names))
        return [
            Input(
                name="country",
                label=f"“{target.problem.value}” is",
                kind="choice",
                initial=names.get(suggested, ""),
                choices=tuple(sorted(((code, name) for name, code in names.items()), key=lambda pair: pair[1])),
                help=why,
            ),
            Input(
                name="valid_from",
                label="Valid from",
                kind="date",
                initial=_a_year_back().isoformat(),
                help="Customers have no date of their own; a year back covers what waits.",
            ),
        ]

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        code = inputs.get("country", "").upper()
        name = Locale("en").territories.get(code)
        if name is None or code.lower() not in country_names():
            raise InputError("country", "Choose a country from the list.")
        valid_from = day(inputs.get("valid_from", ""), field_name="valid_from")
        written = target.problem.value
        _refuse_overlap(CountryMapping.objects.filter(written=written), valid_from)
        cases = target.open_cases()
        waiting = list(
            WorkItem.objects.filter(
                condition=Condition.WAITING, waits_for__in=[case.reference for case in cases]
            ).order_by("effective_on", "reference")
        )
        sums: dict[str, Decimal] = {}
        for item in waiting:
            if item.amount is not None:
                sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.amount
        return Preview(
            says=ngettext(
                "“{written}” is {name}. Its customers are set up in billing and ERP, and {n} waiting deal follows.",
                "“{written}” is {name}. Its customers are set up in billing and ERP, and {n} waiting deals follow in order of their date.",
                len(waiting),
            ).format(written=written, name=name, n=len(waiting)),
            change={
                "table": "country mapping",
                "written": written,
                "country": code,
                "valid_from": valid_from.isoformat(),
            },
            writes=(
                Write(
                    system="Portal",
                    record="Country mapping",
                    action="create",
                    field=written,
                    before="none",
                    after=f"{name} ({code})",
                ),
                *(
                    Write(system=system, record=case.customer_name, action="create", field="country", after=code)
                    for case in cases
                    for system in ("Stripe", "NetSuite")
                ),
                Write(system="Stripe", record=f"{len(waiting)} subscriptions", action="create"),
            ),
            members=tuple(
                {
                    "case": "",
                    "document": item.title,
                    "customer": item.customer_name,
                    "amount": format(item.amount, "f") if item.amount is not None else "",
                    "currency": item.currency,
                    "effective_on": item.effective_on.isoformat() if item.effective_on else "",
                }
                for item in waiting
            ),
            totals={currency: plain(total, currency) for currency, total in sorted(sums.items())},
            period=_("Billed on the day of release, posted in the period open that day."),
            reversible_by=_("End the mapping and correct the customer in the CRM."),
        )

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        assert request is not None
        change = request.change
        insert(
            CountryMapping(
                written=change["written"],
                country=change["country"],
                **approved_as(request),
            )
        )


def _products_in_force() -> dict[str, ProductMapping]:
    """Products by name, from the mappings approved so far."""
    today = clock.now().date()
    rows: dict[str, ProductMapping] = {}
    for row in ProductMapping.objects.filter(status=MappingRow.Status.APPROVED).order_by("pk"):
        if in_force([row], on=today):
            rows.setdefault(row.product_name, row)
    return rows


def _closest(written: str, names: list[str]) -> tuple[str, str]:
    """The name most like what was written, and why we think so."""

    def squeeze(text: str) -> str:
        return "".join(text.lower().split())

    for name in names:
        if squeeze(name) == squeeze(written):
            return name, f"Suggested: “{written}” and “{name}” differ only in spaces or capitals."
    close = difflib.get_close_matches(squeeze(written), [squeeze(name) for name in names], n=1, cutoff=0.8)
    if close:
        name = next(name for name in names if squeeze(name) == close[0])
        return name, f"Suggested: “{name}” is spelled almost the same."
    return "", "No name is close enough to suggest one."


def _refuse_overlap(rows, valid_from: date) -> None:
    standing = [
        row
        for row in rows.filter(status=MappingRow.Status.APPROVED)
        if row.valid_to is None or row.valid_to > valid_from
    ]
    if standing:
        raise NotPossible(f"A mapping is already in force from {standing[0].valid_from}; end it before adding another.")


def approved_as(request: ApprovalRequest) -> dict[str, Any]:
    """What a row of a table people keep has of the approval it comes from: both people, since when, and why."""
    assert request.decided_by is not None
    return {
        "status": MappingRow.Status.APPROVED,
        "valid_from": date.fromisoformat(request.change["valid_from"]),
        "drafted_by": request.asked_by,
        "drafted_at": request.asked_at,
        "approved_by": request.decided_by,
        "approved_at": clock.now(),
        "note": f"{request.number}: {request.asked_because}"[:300],
    }


def insert(row: MappingRow) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NotPossible("A mapping for the same days was approved meanwhile. Review again.") from error


def _a_year_back() -> date:
    today = clock.now().date()
    return today.replace(year=today.year - 1, day=min(today.day, 28))
