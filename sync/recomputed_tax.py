"""Tax as charged beside tax recomputed by the approved rows of its day, and the proofs untaxed sales rest on.

A control asks here and nothing is changed by it: what was charged on an issued document stays.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, islice
from typing import Any

from django.db.models import Q

from connectors.money import minor_units
from sync.errors import StepError
from sync.mappings import in_force
from sync.models import (
    ContractLineRecord,
    ContractRecord,
    CreditMemoRecord,
    CustomerRecord,
    InvoiceRecord,
    LegalEntity,
    TaxCertificate,
    TaxCode,
    TaxIdCheck,
    TaxRegistration,
)
from sync.models.tax import Treatment
from sync.taxes import UNTAXED, TaxRules, tax_on

#: proofs are asked for anew this long before they end
ASK_AHEAD = timedelta(days=30)
#: documents looked at in one go
CHUNK = 500
_PROOFS = ("EXEMPTION_EXPIRED", "VAT_ID_INVALID")


@dataclass(frozen=True, kw_only=True)
class TaxLine:
    """One tax line that does not stand by the rows of its day. Amounts in major units, as the document shows them."""

    #: of the document
    reference: str
    billing_id: str
    number: str
    line_id: str
    currency: str
    dated: date
    customer_reference: str
    customer: str
    net: Decimal
    charged: Decimal
    #: what the rows say; None where they do not say
    expected: Decimal | None
    #: where and at what percent, or what is missing; the same for all lines of one cause
    why: str
    #: no tax was charged, and what would prove that right does not hold
    lacks_proof: bool = False


@dataclass(frozen=True, kw_only=True)
class EndingProof:
    """What proves that a customer is not taxed, and will not for long, while a contract runs on it."""

    customer_reference: str
    customer: str
    jurisdiction: str
    treatment: str
    words: str
    #: the first day without it; None where there never was one
    ends: date | None


def without_thresholds() -> TaxRules:
    """The approved rows; how much was sold below a threshold decides about the next sale, not about a past one."""
    approved = {"status": "approved"}
    return TaxRules(
        codes=TaxCode.objects.filter(**approved),
        registrations=TaxRegistration.objects.filter(**approved),
        certificates=TaxCertificate.objects.filter(**approved),
        checks=TaxIdCheck.objects.filter(**approved),
    )


# -- documents ----------------------------------------------------------------------------------------
def differences(entity: LegalEntity, *, since: date, also: Collection[str] = ()) -> Iterator[TaxLine]:
    """Tax lines of issued documents, taxed on or after a day or named by reference, that the rows do not bear out.

    Voided documents claim nothing and are left out. Each tax line may be one minor unit off.
    """
    rules = without_thresholds()
    for model in (InvoiceRecord, CreditMemoRecord):
        rows = (
            model._default_manager.filter(legal_entity=entity)
            .filter(Q(tax_point__gte=since) | Q(reference__in=list(also)))
            .exclude(status="void")
            .order_by("pk")
            .prefetch_related("lines")
        )
        documents = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(documents, CHUNK)):
            yield from _of_chunk(chunk, entity, rules)


def _of_chunk(documents: Sequence[Any], entity: LegalEntity, rules: TaxRules) -> Iterator[TaxLine]:
    sold = _Sold.read(documents)
    points = dict(
        InvoiceRecord.objects.filter(
            reference__in=[one.refers_to for one in documents if getattr(one, "refers_to", "")]
        ).values_list("reference", "tax_point")
    )
    for document in documents:
        is_credit = isinstance(document, CreditMemoRecord)
        # what is given back is taxed as it was when it was charged
        on = points.get(document.refers_to, document.tax_point) if is_credit else document.tax_point
        for line_id, lines in _tax_lines(document):
            found = [
                _judge(sold_line, lines, rules=rules, entity=entity, currency=document.currency, on=on)
                for sold_line in sold.lines(lines[0], on=on)
            ]
            # a product sold twice under one contract may be used in two places: one of them bears it out
            if not found or any(one is None for one in found):
                continue
            expected, why, lacks_proof = next(one for one in found if one is not None)
            if lacks_proof and is_credit:
                continue  # its invoice is the one without proof
            customer = sold.customers.get(document.customer_reference)
            yield TaxLine(
                reference=document.reference,
                billing_id=document.billing_id,
                number=document.number,
                line_id=line_id,
                currency=document.currency,
                dated=document.document_date,
                customer_reference=document.customer_reference,
                customer=customer.name if customer else "",
                net=sum((line.net for line in lines), Decimal(0)),
                charged=sum((line.tax for line in lines), Decimal(0)),
                expected=expected,
                why=why,
                lacks_proof=lacks_proof,
            )


def _tax_lines(document: Any) -> Iterator[tuple[str, list[Any]]]:
    """Lines as the source wrote them: what we shared out over the lines of an invoice is one tax line there."""
    lines = sorted(document.lines.all(), key=lambda line: (line.line_id.rpartition(":")[0], line.line_id))
    if not isinstance(document, CreditMemoRecord):
        yield from ((line.line_id, [line]) for line in lines)
        return
    for _, group in groupby(lines, key=lambda line: line.line_id.rpartition(":")[0] or line.line_id):
        members = list(group)
        # products may be taxed differently, so each is judged by its own rows
        for product in dict.fromkeys(line.billing_product for line in members):
            mine = [line for line in members if line.billing_product == product]
            yield mine[0].line_id, mine


@dataclass(frozen=True, kw_only=True)
class _Sold:
    """What the documents of a chunk bill: contract lines and the customers who use them."""

    #: contract -> its versions, oldest first
    versions: Mapping[str, Sequence[ContractRecord]]
    customers: Mapping[str, CustomerRecord]

    @classmethod
    def read(cls, documents: Sequence[Any]) -> "_Sold":
        named = {one.contract_reference for one in documents}
        named |= {line.contract_reference for one in documents for line in one.lines.all()}
        versions: dict[str, list[ContractRecord]] = {}
        rows = ContractRecord.objects.filter(reference__in=named - {""}).order_by("version").prefetch_related("lines")
        for row in rows:
            versions.setdefault(row.reference, []).append(row)
        people = {one.customer_reference for one in documents}
        for several in versions.values():
            people |= {row.customer_reference for row in several}
            people |= {line.ship_to_reference for row in several for line in row.lines.all()}
        customers = CustomerRecord.objects.filter(reference__in=people - {""})
        return cls(versions=versions, customers={row.reference: row for row in customers})

    def lines(self, billed: Any, *, on: date) -> list[tuple[ContractLineRecord, CustomerRecord | None]]:
        """The contract lines a document line may bill: of the newest version in effect by then that sold its product,
        else of the newest one that did; each with who uses it.
        """
        versions = self.versions.get(billed.contract_reference, ())
        in_effect = [row for row in versions if (row.effective_on or row.starts_on) <= on]
        for row in (*reversed(in_effect), *reversed(versions)):
            mine = [line for line in row.lines.all() if line.billing_product == billed.billing_product]
            if mine:
                return [(line, self.customers.get(line.ship_to_reference or row.customer_reference)) for line in mine]
        return []


def _judge(
    sold: tuple[ContractLineRecord, CustomerRecord | None],
    lines: Sequence[Any],
    *,
    rules: TaxRules,
    entity: LegalEntity,
    currency: str,
    on: date,
) -> tuple[Decimal | None, str, bool] | None:
    """Nothing where the rows bear the charged tax out; else what they say, in which words, and whether proof lacks."""
    line, ship_to = sold
    charged = sum((one.tax for one in lines), Decimal(0))
    if line.tax_class in ("", UNTAXED):
        return None if not charged else (charged - charged, "a product that is not taxed", False)
    if ship_to is None or not any(one.net or one.tax for one in lines):
        return None
    place = line.tax_jurisdiction
    try:
        decided = rules.decide(line.tax_class, entity=entity, ship_to=ship_to, on=on, jurisdiction=place)
        code, place = decided.code, decided.jurisdiction
    except StepError as problem:
        if not charged or problem.reason not in _PROOFS:
            lacks_proof = problem.reason in _PROOFS
            return None, f"{'' if lacks_proof else 'no row in force for '}{problem.value}", lacks_proof
        # who cannot prove to be untaxed is taxed as everybody there
        code = rules.code_of(line.tax_class, entity=entity, jurisdiction=place, treatment=Treatment.STANDARD, on=on)
        if code is None:
            return None, f"no row in force for {line.tax_class} in {place}", False
    percent = code.percent if code else Decimal(0)
    expected = tax_on(sum((one.net for one in lines), Decimal(0)), percent, currency)
    # one minor unit per line, since each of them was rounded
    if abs(charged - expected) <= len(lines) * Decimal(1).scaleb(-minor_units(currency)):
        return None
    return expected, f"{line.tax_class} in {place} at {percent.normalize():f} percent", False


# -- proofs -------------------------------------------------------------------------------------------
def ending_proofs(entity: LegalEntity, *, on: date) -> list[EndingProof]:
    """Certificates and confirmed tax numbers that running contracts rest on, which have ended or end within 30 days."""
    rules = without_thresholds()
    newest: dict[str, ContractRecord] = {}
    running = ContractRecord.objects.filter(legal_entity=entity).order_by("version").prefetch_related("lines")
    untaxed = Q(lines__tax_treatment__in=(Treatment.EXEMPT, Treatment.REVERSE_CHARGE))
    named = ContractRecord.objects.filter(untaxed, legal_entity=entity).values("reference")
    for row in running.filter(reference__in=named):
        newest[row.reference] = row
    #: customer, jurisdiction, treatment -> the last day it is needed for
    needed: dict[tuple[str, str, str], date] = {}
    for row in newest.values():
        last = on + ASK_AHEAD if not row.term_months else min(row.ends_on, on + ASK_AHEAD)
        if last < on:
            continue
        for line in row.lines.all():
            if line.tax_treatment in (Treatment.EXEMPT, Treatment.REVERSE_CHARGE):
                key = (line.ship_to_reference or row.customer_reference, line.tax_jurisdiction, line.tax_treatment)
                needed[key] = max(last, needed.get(key, last))
    customers = CustomerRecord.objects.filter(reference__in={key[0] for key in needed})
    names = {row.reference: row for row in customers}
    found = []
    for (reference, jurisdiction, treatment), last in sorted(needed.items()):
        customer = names.get(reference)
        proof = _proof(rules, reference, jurisdiction, treatment)
        if in_force(proof, on=on) is None or in_force(proof, on=last) is None:
            newest_one = max(proof, key=lambda one: one.valid_from, default=None)
            found.append(
                EndingProof(
                    customer_reference=reference,
                    customer=customer.name if customer else reference,
                    jurisdiction=jurisdiction,
                    treatment=treatment,
                    words=_words(newest_one, jurisdiction, treatment),
                    ends=newest_one.valid_to if newest_one else None,
                )
            )
    return found


def _proof(rules: TaxRules, reference: str, jurisdiction: str, treatment: str) -> Sequence[Any]:
    if treatment == Treatment.EXEMPT:
        return rules.certificates.get((reference, jurisdiction), [])
    return rules.checks.get(reference, [])


def _words(row: TaxCertificate | TaxIdCheck | None, jurisdiction: str, treatment: str) -> str:
    kind = "certificate" if treatment == Treatment.EXEMPT else "confirmed tax number"
    if row is None:
        return f"no {kind} for {jurisdiction}"
    name = row.number if isinstance(row, TaxCertificate) else row.tax_id
    return f"{kind} {name} for {jurisdiction} holds until before {row.valid_to}"
