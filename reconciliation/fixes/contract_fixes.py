"""Decisions on contracts: deals edited in the CRM after they were carried, and changes dated back too far to be billed
by themselves.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from connectors.canonical import SubscriptionContract, load, text
from reconciliation.fixes.fix import Fix, NotPossible, Preview, Target, Write, member
from reconciliation.fixes.posting_fixes import TryAgain
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import blocks, rounds
from sync.models import Delivery
from sync.states import Lifecycle


class KeepSigned(Fix):
    """Billing and ledger keep what was signed; the CRM is mended there, or the change is sold as a change."""

    name = "keep_signed"
    label = "Keep what was signed"
    undo = "U0"

    REASONS: ClassVar[frozenset[str]] = frozenset(
        {"DEAL_CHANGED_AFTER_BILLING", "DEAL_REOPENED", "CUSTOMER_MERGED", "STALE_VERSION"}
    )
    #: states in which billing has it, or is about to
    CARRIED: ClassVar[frozenset[str]] = frozenset({Lifecycle.TRANSFORMED, Lifecycle.RECONCILED})

    def says(self, case: ExceptionCase) -> str:
        return _(
            "Billing and ledger keep {document} as it was signed. Nothing is written in another system; a change that is meant needs a change of its own in the CRM, with its number."
        ).format(document=case.document)

    def checks(self, case: ExceptionCase) -> str:
        return _("The case closes. Another edit of the deal in the CRM opens it again.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        cases = [case for case in target.open_cases() if case.work_item_id]
        if not cases:
            raise NotPossible("The deal stands again as it was signed; there is nothing to decide.")
        return Preview(
            says=self.says(cases[0]),
            change={"fix": self.name, "cases": [case.number for case in cases]},
            writes=tuple(
                Write(
                    system="Portal", record=case.document, action="update", field="case", before="open", after="closed"
                )
                for case in cases
            ),
            members=tuple(member(case) for case in cases),
            ledger_effect=_("None."),
            reversible_by=_("Sell the change as a numbered change of the contract."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None and item.case.work_item_id is not None
            blocks.clear(
                work_items=[item.case.work_item_id],
                note="What was signed is kept",
                user=run.started_by,
                reasons={item.case.reason},
            )
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        if item.case.status == ExceptionCase.Status.CLOSED:
            return FixItem.Status.SUCCEEDED, "Kept as signed"
        return FixItem.Status.REFUSED, "Could not be closed"


class DatedBack(TryAgain):
    """What is done with one change that holds from before the period billed now, where its company has no rule."""

    rule = "Billing for earlier periods always needs two people."
    #: each change is looked at by itself
    takes_problem = False
    #: one of connectors.canonical.BACKDATING
    backdating: ClassVar[str]
    #: what is done, in a few words
    does: ClassVar[str]

    def subject(self, row: Delivery) -> SubscriptionContract:
        """The change as it is handed over. Raises NotPossible."""
        found = load(json.loads(row.subject))
        if not isinstance(found, SubscriptionContract):
            raise NotPossible(f"{row.title} is no change of a contract.")
        return replace(found, backdating=self.backdating)

    def sends(self, row: Delivery) -> str:
        return hashlib.sha256(text(self.subject(row)).encode()).hexdigest()

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        effective = self.subject(row).effective_on
        return Write(
            system=row.target.label,
            record=row.title,
            action="update",
            field=f"change effective {effective}",
            before="stopped",
            after=self.does,
        )

    def checks(self, case: ExceptionCase) -> str:
        return _(
            "We look the change up in billing before anything is sent; the case closes when billing has it. Its documents are posted as every invoice and credit memo is."
        )

    def post(self, run: FixRun, row: Delivery) -> None:
        rounds.let_go(row, subject=self.subject(row), operation_note=f"{self.does}, run {run.pk}")


class CreditAndRebill(DatedBack):
    """Earlier periods are corrected in billing: credited, and billed again as agreed."""

    name = "credit_and_rebill"
    label = "Credit and bill earlier periods again"
    backdating = "credit_and_rebill"
    does = "earlier periods credited and billed again"

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, billing credits what it charged since {value} and charges what was agreed instead, period by period; {document} holds from that day."
        ).format(value=case.value, document=case.document)

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _(
            "Receivables, revenue and tax by the difference of each earlier period, with the next document of billing; issued ones stay as they are."
        )


class BillFromToday(DatedBack):
    """The change counts from today; what was billed before stays."""

    name = "bill_from_today"
    label = "Bill the change from today"
    backdating = "from_today"
    does = "billed from today"

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, billing charges {document} from today on; what was billed since {value} stays as it is."
        ).format(document=case.document, value=case.value)

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _("Receivables and revenue by the change of the running period from today on.")
