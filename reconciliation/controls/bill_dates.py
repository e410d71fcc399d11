"""Listing: service nobody billed, service billed after its end, renewals nobody decided; found by sync.bill_dates."""

from collections.abc import Sequence

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.controls.told import told
from reconciliation.teams import Team
from sync.models import LegalEntity


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """What was found of the company's running contracts at the end of its last business day."""
    return told(entity, "NOT_BILLED", "BILLED_AFTER_END", "RENEWAL_UNDECIDED")


BILL_DATES = Control(
    name="bill_dates",
    title="Running contracts are billed, ended ones are not",
    leg="",
    kind="contract",
    left_role="portal",
    left_kind="contract",
    right_role="portal",
    right_kind="contract",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Service dates of the contract and of the lines billed, as they stand",
    assertion="Completeness, existence",
    owner=Team.BILLING_OPS,
    lists=findings,
)
