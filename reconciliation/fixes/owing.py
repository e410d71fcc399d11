"""What fixes share that owe documents: shown and hashed before they are approved; what is sent later must be that, byte
for byte.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from connectors.canonical import text
from reconciliation.fixes.fix import Fix, InputError, NotPossible, Preview, Target, Write, member, totals
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import keys, outbox
from sync.mappings import Tables
from sync.models import Delivery
from sync.money_text import money
from sync.pipelines.flow import Owed
from sync.states import Condition


class OwesOne(Fix):
    """What these share: one case, its document and what goes with it, the same from preview to sending."""

    kind = "money"
    undo = "U2"

    def owed(self, case: ExceptionCase, inputs: dict[str, str]) -> Owed:
        """The one document. Raises InputError or NotPossible; asked twice it gives the same."""
        raise TypeError(f"{type(self).__name__} must say what it owes")

    def owed_with_it(self, case: ExceptionCase, entry: Owed) -> list[tuple[str, Owed]]:
        """What is owed together with the one document, each with the system people know it goes to."""
        return []

    def writes_to(self, case: ExceptionCase) -> str:
        raise TypeError(f"{type(self).__name__} must say where it writes")

    def effect(self, case: ExceptionCase, entry: Owed) -> str:
        raise TypeError(f"{type(self).__name__} must say what it does to the ledger")

    def checks(self, case: ExceptionCase) -> str:
        return _("We look it up there before sending, and the case closes only when what it led to is booked.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = only(target)
        entry = self.owed(case, inputs)
        also = self.owed_with_it(case, entry)
        return Preview(
            says=self.says(case),
            change=_change(self, entry, [one for _, one in also]),
            writes=tuple(
                Write(
                    system=system,
                    record=one.title,
                    action="create",
                    field="amount",
                    before="",
                    after=money(one.amount, one.subject.currency),
                )
                for system, one in ((self.writes_to(case), entry), *also)
            ),
            members=(member(case),),
            totals=totals([case]),
            period=_("Dated {day}.").format(day=entry.document_date),
            ledger_effect=self.effect(case, entry),
            reversible_by=_("A reversal, as a new approved case. There is no undo."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None and item.case.work_item is not None and run.request is not None
            try:
                entry = self.owed(item.case, run.inputs)
                also = [one for _, one in self.owed_with_it(item.case, entry)]
                if _change(self, entry, also) != run.request.change:
                    raise NotPossible("What it would book is not what was approved any more; ask again.")
                with transaction.atomic():
                    outbox.owe([(item.case.work_item, one) for one in (entry, *also)], Tables())
                    self.store(item.case, entry)
            except (InputError, NotPossible) as error:
                item.status, item.note = FixItem.Status.REFUSED, str(error)[:400]
                item.save(update_fields=["status", "note"])
        return ()

    def store(self, case: ExceptionCase, entry: Owed) -> None:
        """Keep what was decided, where no source will tell us of it. Raises NotPossible where it was decided otherwise
        meanwhile; then nothing is owed.
        """

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        case, run = item.case, item.run
        assert case is not None and run.request is not None
        rows = self.sent(run)
        if not rows:
            return FixItem.Status.REFUSED, item.note or "Nothing was sent"
        if any(row.condition == Condition.BLOCKED for row in rows):
            return FixItem.Status.REFUSED, "Refused there"
        if any(row.condition != Condition.SETTLED for row in rows):
            return None
        return self.follow_up(case)

    def sent(self, run: FixRun) -> list[Delivery]:
        """The deliveries of what was approved."""
        assert run.request is not None
        change = run.request.change
        wanted = [change, *change.get("also", [])]
        rows = Delivery.objects.filter(delivery_key__in=[one["delivery_key"] for one in wanted]).order_by("pk")
        return [row for row in rows if any(_is(row, one) for one in wanted)]

    def follow_up(self, case: ExceptionCase) -> tuple[str, str] | None:
        """It was taken: what it led to comes back by itself, and closes the case."""
        case.refresh_from_db()
        return (FixItem.Status.SUCCEEDED, "Booked") if case.status == ExceptionCase.Status.CLOSED else None


def only(target: Target) -> ExceptionCase:
    cases = target.open_cases()
    if len(cases) != 1:
        raise NotPossible("This is decided case by case, and the case must be open.")
    return cases[0]


def _is(row: Delivery, one: dict[str, Any]) -> bool:
    return (row.role, row.delivery_key) == (one["role"], one["delivery_key"])


def _change(fix: Fix, entry: Owed, also: Sequence[Owed]) -> dict[str, Any]:
    together = {"also": [_one(one) for one in also]} if also else {}
    return {"fix": fix.name, **_one(entry), **together}


def _one(entry: Owed) -> dict[str, str]:
    subject = entry.subject
    return {
        "role": entry.role,
        "delivery_key": keys.delivery_key(subject.reference, version=subject.version, operation=entry.operation),
        "subject_sha256": hashlib.sha256(text(subject).encode()).hexdigest(),
        "amount": format(entry.amount, "f"),
        "currency": subject.currency,
    }
