"""Decisions on deals that were edited in the CRM after they were carried: no money moves, what was signed stays."""

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.auth.models import AbstractUser

from reconciliation.fixes.fix import Fix, NotPossible, Preview, Target, Write, member
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import blocks
from sync.states import Lifecycle


class KeepSigned(Fix):
    """Billing and ledger keep what was signed; the CRM is mended there, or the change is sold as a change."""

    name = "keep_signed"
    label = "Keep what was signed"
    undo = "U0"

    REASONS: ClassVar[frozenset[str]] = frozenset({"DEAL_CHANGED_AFTER_BILLING", "DEAL_REOPENED", "CUSTOMER_MERGED"})
    #: states in which billing has it, or is about to
    CARRIED: ClassVar[frozenset[str]] = frozenset({Lifecycle.TRANSFORMED, Lifecycle.RECONCILED})

    def says(self, case: ExceptionCase) -> str:
        return (
            f"Billing and ledger keep {case.document} as it was signed. Nothing is written in another system; a change"
            " that is meant needs a change of its own in the CRM, with its number."
        )

    def checks(self, case: ExceptionCase) -> str:
        return "The case closes. Another edit of the deal in the CRM opens it again."

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
            ledger_effect="None.",
            reversible_by="Sell the change as a numbered change of the contract.",
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
