"""How a sale is taxed, by approved rows: four different facts may stand in the way, and none is ever guessed.

Sources: place of supply of services to businesses is where the customer is, who then accounts for the tax (Council
Directive 2006/112/EC, articles 44 and 196); the reverse charge needs a customer identified for VAT (article 214), which
we hold to be so only by a check dated at the supply.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connectors.money import minor_units
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import (
    ContractRecord,
    CustomerRecord,
    LegalEntity,
    TaxCertificate,
    TaxCode,
    TaxIdCheck,
    TaxRegistration,
)
from sync.models.tax import Treatment

#: what a product mapping says of a product that is never taxed
UNTAXED = "zero"
#: members of the EU's VAT area (Greece writes EL before its numbers, and is GR here)
EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
#: countries whose tax is decided by their parts
BY_PART = frozenset({"US", "CA"})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How one line is taxed."""

    jurisdiction: str
    treatment: str
    #: nothing where no tax is charged and no code is kept for that
    code: TaxCode | None = None


class TaxRules:
    """The approved rows of all companies, read once per batch."""

    def __init__(
        self,
        *,
        codes: Iterable[TaxCode] = (),
        registrations: Iterable[TaxRegistration] = (),
        certificates: Iterable[TaxCertificate] = (),
        checks: Iterable[TaxIdCheck] = (),
        untaxed: Iterable[ContractRecord] = (),
    ) -> None:
        self.codes: dict[tuple[int, str, str, str], list[TaxCode]] = {}
        for code in codes:
            key = (code.entity_id, code.jurisdiction, code.tax_class, code.treatment)
            self.codes.setdefault(key, []).append(code)
        self.registrations: dict[tuple[int, str], list[TaxRegistration]] = {}
        for one in registrations:
            self.registrations.setdefault((one.entity_id, one.jurisdiction), []).append(one)
        self.certificates: dict[tuple[str, str], list[TaxCertificate]] = {}
        for certificate in certificates:
            key_ = (certificate.customer_reference, certificate.jurisdiction)
            self.certificates.setdefault(key_, []).append(certificate)
        self.checks: dict[str, list[TaxIdCheck]] = {}
        for check in checks:
            self.checks.setdefault(check.customer_reference, []).append(check)

        #: company, jurisdiction, year of supply, currency -> net sold there untaxed, by the newest version of each deal
        self.untaxed: dict[tuple[int, str, int, str], Decimal] = {}
        for contract in {row.reference: row for row in untaxed}.values():
            for line in contract.lines.all():
                if line.tax_treatment == Treatment.NOT_REGISTERED:
                    place = (contract.legal_entity_id, line.tax_jurisdiction, line.starts_on.year, contract.currency)
                    self.untaxed[place] = self.untaxed.get(place, Decimal(0)) + line.amount

    @classmethod
    def read(cls) -> "TaxRules":
        """All rows in force or past; small tables by nature."""
        approved = {"status": "approved"}
        registrations = list(TaxRegistration.objects.filter(**approved))
        watched = any(one.standing == TaxRegistration.Standing.BELOW_THRESHOLD for one in registrations)
        untaxed = ContractRecord.objects.filter(lines__tax_treatment=Treatment.NOT_REGISTERED) if watched else None
        return cls(
            codes=TaxCode.objects.filter(**approved),
            registrations=registrations,
            certificates=TaxCertificate.objects.filter(**approved),
            checks=TaxIdCheck.objects.filter(**approved),
            untaxed=untaxed.distinct().order_by("version").prefetch_related("lines") if untaxed is not None else (),
        )

    def decide(
        self, tax_class: str, *, entity: LegalEntity, ship_to: CustomerRecord, on: date, jurisdiction: str = ""
    ) -> Decision:
        """How a class of products is taxed for whoever uses it, at the day of supply: where the customer is, or where
        it was when that was decided.

        Raises StepError EXEMPTION_EXPIRED, VAT_ID_INVALID, NOT_REGISTERED or TAX_CODE_MISSING.
        """
        jurisdiction = jurisdiction or jurisdiction_of(ship_to)
        if tax_class == UNTAXED:
            return Decision(jurisdiction=jurisdiction, treatment=Treatment.STANDARD)
        treatment = self._treatment(jurisdiction, entity=entity, ship_to=ship_to, on=on)
        if treatment == Treatment.NOT_REGISTERED:
            return Decision(jurisdiction=jurisdiction, treatment=treatment)
        code = self.code_of(tax_class, entity=entity, jurisdiction=jurisdiction, treatment=treatment, on=on)
        if code is None:
            words = f"{tax_class} in {jurisdiction}"
            if treatment != Treatment.STANDARD:
                words = f"{words}, {Treatment(treatment).label.lower()}"
            raise StepError(
                "TAX_CODE_MISSING",
                field="Tax code",
                value=words,
                evidence={"company": entity.code, "tax class": tax_class, "treatment": treatment},
            )
        return Decision(jurisdiction=jurisdiction, treatment=treatment, code=code)

    def code_of(
        self, tax_class: str, *, entity: LegalEntity, jurisdiction: str, treatment: str, on: date
    ) -> TaxCode | None:
        """The row in force for a class of products, treated so, in a jurisdiction."""
        return in_force(self.codes.get((entity.pk, jurisdiction, tax_class, treatment), ()), on=on)

    def _treatment(self, jurisdiction: str, *, entity: LegalEntity, ship_to: CustomerRecord, on: date) -> str:
        held = self.certificates.get((ship_to.reference, jurisdiction), [])
        if in_force(held, on=on):
            return Treatment.EXEMPT
        ended = [one for one in held if one.valid_to is not None and one.valid_to <= on]
        if ended:
            last = max(ended, key=lambda one: one.valid_from)
            raise StepError(
                "EXEMPTION_EXPIRED",
                field="Exemption",
                value=f"{last.number}, which ended before {last.valid_to}",
                evidence={"customer": ship_to.name, "jurisdiction": jurisdiction},
            )
        country = jurisdiction[:2]
        if entity.country in EU and country in EU and country != entity.country and ship_to.tax_id:
            check = in_force(self.checks.get(ship_to.reference, ()), on=on)
            if check is None or check.tax_id != ship_to.tax_id:
                raise StepError(
                    "VAT_ID_INVALID",
                    field="Tax number",
                    value=ship_to.tax_id,
                    evidence={"customer": ship_to.name, "confirmed": check.tax_id if check else "", "on": f"{on}"},
                )
            return Treatment.REVERSE_CHARGE
        registration = in_force(self.registrations.get((entity.pk, jurisdiction), ()), on=on)
        if registration is None:
            raise StepError(
                "NOT_REGISTERED",
                field="Place of use",
                value=jurisdiction,
                evidence={"company": entity.code, "customer": ship_to.name},
            )
        if registration.standing == TaxRegistration.Standing.BELOW_THRESHOLD:
            self._watch(registration, on=on)
            return Treatment.NOT_REGISTERED
        return Treatment.STANDARD

    def _watch(self, row: TaxRegistration, *, on: date) -> None:
        """The year's sales in the threshold's own currency count towards it; from there on people decide again."""
        sold = self.untaxed.get((row.entity_id, row.jurisdiction, on.year, row.threshold_currency), Decimal(0))
        if row.threshold is not None and sold >= row.threshold:
            raise StepError(
                "NOT_REGISTERED",
                field="Place of use",
                value=row.jurisdiction,
                evidence={
                    "sold untaxed this year": f"{sold:f} {row.threshold_currency}",
                    "threshold": f"{row.threshold:f} {row.threshold_currency}",
                },
            )


def jurisdiction_of(customer: CustomerRecord) -> str:
    """Where a customer uses what it bought: its country, or the part of it where parts tax for themselves."""
    country, part = customer.address.get("country", ""), customer.address.get("state", "").strip().upper()
    return f"{country}-{part}" if country in BY_PART and 1 <= len(part) <= 3 else str(country)


def tax_on(net: Decimal, percent: Decimal, currency: str) -> Decimal:
    """The tax on a net amount, to the minor unit, halves away from zero."""
    unit = Decimal(1).scaleb(-minor_units(currency))
    return (net * percent / 100).quantize(unit, rounding=ROUND_HALF_UP)


def agrees(charged: Decimal, *, net: Decimal, percent: Decimal, currency: str) -> bool:
    """Whether tax as charged is within one minor unit of tax recomputed: what was charged is never changed for it."""
    return abs(charged - tax_on(net, percent, currency)) <= Decimal(1).scaleb(-minor_units(currency))
