"""Listing: tax lines that the rows in force on their day do not bear out, and untaxed sales whose proof is missing or
ends soon. It changes nothing: what was charged stands.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.models import Break
from sync import clock, recomputed_tax
from sync.models import AccountingPeriod, LegalEntity, TaxCertificate, TaxIdCheck
from sync.money_text import plain

NAME = "tax_recomputed"
#: where no accounting periods are known, documents are looked at this long
LOOK_BACK = timedelta(days=31)


def lines_off(entity: LegalEntity) -> Sequence[Finding]:
    """Tax lines of documents of the periods that are still open, and of those found before."""
    lines = recomputed_tax.differences(entity, since=_since(entity), also=_found_before(entity))
    return [_of_line(one) for one in lines]


def proofs_ending(entity: LegalEntity) -> Sequence[Finding]:
    """What running contracts rest on to be untaxed, as of the company's day."""
    return [_of_proof(one) for one in recomputed_tax.ending_proofs(entity, on=clock.business_date(entity))]


def _needs_proofs(entity: LegalEntity) -> bool:
    """Nothing is sold without tax on a proof, where none was ever approved."""
    return any(model.objects.filter(status="approved").exists() for model in (TaxCertificate, TaxIdCheck))


def _since(entity: LegalEntity) -> date:
    first = (
        AccountingPeriod.objects.filter(entity=entity, state=AccountingPeriod.State.OPEN)
        .order_by("starts_on")
        .values_list("starts_on", flat=True)
        .first()
    )
    today = clock.business_date(entity)
    return min(first, today) if first else today - LOOK_BACK


def _found_before(entity: LegalEntity) -> set[str]:
    """Documents with an open difference stay in sight when their period is closed."""
    rows = Break.objects.filter(control=NAME, entity=entity, healed_at=None)
    return {left["document"] for left in rows.values_list("left", flat=True) if left.get("document")}


def _of_line(line: recomputed_tax.TaxLine) -> Finding:
    charged = f"charged {plain(line.charged, line.currency)}"
    said = "" if line.expected is None else f", by our rows {plain(line.expected, line.currency)}"
    return Finding(
        reference=f"tax:{line.reference}:{line.line_id}"[:120],
        kind="TAX_PROOF_MISSING" if line.lacks_proof else "TAX_OFF_THE_RULES",
        label=f"{line.line_id} of {line.number}: {charged}{said}",
        cause=line.why[:300],
        customer=line.customer,
        currency=line.currency,
        dated=line.dated,
        left=_side(line, line.charged) | {"external_id": line.billing_id, "document": line.reference},
        right={} if line.expected is None else _side(line, line.expected),
        difference=line.charged - (line.expected or Decimal(0)),
    )


def _side(line: recomputed_tax.TaxLine, tax: Decimal) -> dict[str, str]:
    figures = {"net": line.net, "tax": tax, "gross": line.net + tax}
    return {"external_id": ""} | {name: plain(value, line.currency) for name, value in figures.items()}


def _of_proof(proof: recomputed_tax.EndingProof) -> Finding:
    name = f"{proof.treatment}:{proof.jurisdiction}:{proof.customer_reference.partition(':')[2]}"
    return Finding(
        reference=f"tax_proof:{name}"[:120],
        kind="TAX_PROOF_ENDS",
        label=f"of {proof.customer} in {proof.jurisdiction}",
        cause=proof.words,
        customer=proof.customer,
    )


TAX_RECOMPUTED = Control(
    name=NAME,
    title="Tax is what our rows say",
    leg="",
    kind="tax line",
    left_role="billing",
    left_kind="invoice",
    right_role="erp",
    right_kind="invoice",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Tax point of the document; for what is given back, of the document it corrects",
    assertion="Accuracy",
    lists=lines_off,
)
TAX_PROOFS = Control(
    name="tax_proofs",
    title="Proofs for untaxed sales hold",
    leg="",
    kind="proof",
    left_role="billing",
    left_kind="invoice",
    right_role="erp",
    right_kind="invoice",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="As they stand, thirty days ahead",
    assertion="Existence",
    applies=_needs_proofs,
    lists=proofs_ending,
)
