"""Month end, where the portal is the revenue engine: what was accrued for usage is taken back the next day, is what the
ERP's account shows, and is what the invoice that came for it has.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from connectors.money import minor_units
from reconciliation.controls.control import Control, Finding, Type
from reconciliation.controls.deferred_revenue import is_ours
from reconciliation.models import Break
from reconciliation.teams import Team
from sync import clock
from sync.models import LegalEntity, UsagePlanRecord
from sync.money_text import plain
from sync.revenue import accrued, roll_forward
from sync.revenue.accrued import Accrued

NAME = "accruals"
#: accruals of the last month ends are looked at, and those with an open finding
LOOK_BACK = timedelta(days=100)
#: journals of a day are sealed and posted by then
SEALED_BY = timedelta(days=2)


def _accrues(entity: LegalEntity) -> bool:
    return is_ours(entity) and UsagePlanRecord.objects.filter(legal_entity=entity).exists()


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One finding an accrual: not taken back, never invoiced, or invoiced at another amount."""
    today = clock.business_date(entity)
    open_now = Break.objects.filter(control=NAME, entity=entity, healed_at=None).values_list("reference", flat=True)
    found = []
    for one in accrued.accruals(entity, since=today - LOOK_BACK, also=list(open_now)):
        taken_back = one.reversed == one.accrued and (
            one.is_booked_alike or today <= one.month_end + timedelta(days=1) + SEALED_BY
        )
        if not taken_back:
            back = one.reversed if one.is_booked_alike else None
            found.append(_finding("ACCRUAL_NOT_REVERSED", one, back, word="taken back"))
        elif one.came is None:
            if today > one.due_on:
                found.append(_finding("ACCRUAL_NOT_INVOICED", one, None, word="invoiced"))
        elif abs(one.accrued - one.came) > max(one.allowed, Decimal(1).scaleb(-minor_units(one.currency))):
            found.append(_finding("ACCRUAL_OFF", one, one.came, word="invoiced"))
    return found


def _finding(kind: str, one: Accrued, other: Decimal | None, *, word: str) -> Finding:
    said = "nothing" if other is None else plain(other, one.currency)
    amounts = {"net": plain(one.accrued, one.currency)}
    return Finding(
        reference=one.reference,
        kind=kind,
        label=f"of {one.meter}, {one.month_end:%b %Y}: accrued {plain(one.accrued, one.currency)}, {said} {word}",
        cause=f"{one.meter} of {one.customer or one.customer_reference}",
        customer=one.customer,
        currency=one.currency,
        dated=one.month_end,
        left={"external_id": one.plan_reference, **amounts},
        right={} if other is None else {"external_id": ", ".join(one.invoices), "net": said},
        difference=one.accrued - (other or Decimal(0)),
    )


UNBILLED_REVENUE = Control(
    name="unbilled_revenue",
    title="Unbilled revenue is the balance of its account",
    leg="",
    kind="unbilled revenue",
    left_role="portal",
    left_kind="unbilled",
    right_role="erp",
    right_kind="unbilled",
    type=Type.BALANCE,
    as_of=True,
    compares=("net",),
    date_basis="Posting date on both sides, up to the business date",
    assertion="Completeness, accuracy, cut-off",
    applies=_accrues,
    left_reader=roll_forward.unbilled_lines,
)
ACCRUALS = Control(
    name=NAME,
    title="Accrued usage is taken back and invoiced",
    leg="",
    kind="accrual",
    left_role="portal",
    left_kind="accrual",
    right_role="billing",
    right_kind="invoice",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Usage up to the month's end in the company's zone; invoices dated after it",
    assertion="Accuracy and cut-off",
    owner=Team.FINANCE,
    applies=_accrues,
    lists=findings,
)
