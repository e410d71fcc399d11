"""Fixes that post again, correct, or post into another period: always with a second person, `find` before
anything is sent.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reconciliation.fixes.fix import Fix, NotPossible, Preview, Target, Write, member, totals
from reconciliation.habits.languages import number, written
from reconciliation.models import ApprovalRequest, ExceptionCase, FixItem, FixRun
from sync import calendar, rounds
from sync.models import Delivery
from sync.money_text import money
from sync.states import Condition, Lifecycle


class PostsAgain(Fix):
    """What the posting fixes share: one delivery begins a new round, and the control is asked again."""

    kind = "money"
    undo = "U2"
    #: what is done with {n} documents at once, in a sentence
    many: ClassVar[str] = ""

    def says_of_many(self, cases: Sequence[ExceptionCase]) -> str:
        return _(self.many).format(n=number(len(cases)))

    def part(self, change: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        keys = {move["delivery_key"] for move in now["moves"]}
        return {**change, "moves": [move for move in change["moves"] if move["delivery_key"] in keys]}

    def checks(self, case: ExceptionCase) -> str:
        return _(
            "We look it up in the ERP before sending, read it back after, and run the control for its day again; the case closes when both sides agree."
        )

    def delivery(self, case: ExceptionCase) -> Delivery:
        """The live delivery of the case's document. Raises NotPossible."""
        if case.delivery_id and case.delivery:
            return case.delivery
        row = (
            Delivery.objects.filter(reference=case.reference, role="erp", is_live=True)
            .exclude(condition__in=[Condition.WITHDRAWN, Condition.SUPERSEDED])
            .select_related("target", "entity")
            .order_by("-version")
            .first()
        )
        if row is None:
            raise NotPossible(f"{case.document} was never sent by the portal, so it cannot be posted again from here.")
        return row

    def posting_date(self, row: Delivery, inputs: dict[str, str]) -> date | None:
        return row.posting_date

    def sends(self, row: Delivery) -> str:
        """SHA-256 of what is sent, which the approval is bound to."""
        return row.subject_sha256

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        cases = target.open_cases()
        if not cases:
            raise NotPossible("The case is closed meanwhile; there is nothing to do.")
        moves, writes = [], []
        for case in cases:
            row = self.delivery(case)
            if row.condition in (Condition.CLAIMED, Condition.IN_DOUBT):
                raise NotPossible(f"{row.title} is under way or in doubt; wait until it is clear.")
            posting_date = self.posting_date(row, inputs)
            moves.append(
                {
                    "delivery_key": row.delivery_key,
                    "target": row.target.code,
                    "round": row.round + 1,
                    "subject_sha256": self.sends(row),
                    "posting_date": posting_date.isoformat() if posting_date else "",
                    "amount": format(row.amount, "f") if row.amount is not None else "",
                    "currency": row.currency,
                }
            )
            writes.append(self.write(case, row, posting_date))
        return Preview(
            says=self.says(cases[0]) if len(cases) == 1 else self.says_of_many(cases),
            change={"fix": self.name, "moves": moves},
            writes=tuple(writes),
            members=tuple(member(case) for case in cases),
            totals=totals(cases),
            period=_period(sorted({move["posting_date"] for move in moves if move["posting_date"]})),
            ledger_effect=self.ledger_effect(cases[0]) if len(cases) == 1 else self.effect_of_many(cases),
            reversible_by=_("A credit memo or reversal, as a new approved case. There is no undo."),
        )

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        raise TypeError(f"{type(self).__name__} must name its write")

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _("Receivables and revenue by {amount}, at the document's total.").format(
            amount=written(money(case.amount, case.currency))
        )

    def effect_of_many(self, cases: Sequence[ExceptionCase]) -> str:
        return _("Each as one alone would be, together {sums}.").format(sums=_sums(totals(cases)))

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        held = []
        for item in items:
            assert item.case is not None
            try:
                with transaction.atomic():
                    self.post(run, self.delivery(item.case))
            except rounds.UnderWay:
                # an earlier run, or a late answer, moved it meanwhile: its turn comes when that is known
                held.append(item)
            except NotPossible as error:
                # it changed since it was approved: nothing is sent
                item.status, item.note = FixItem.Status.REFUSED, str(error)[:400]
                item.save(update_fields=["status", "note"])
        return held

    def post(self, run: FixRun, row: Delivery) -> None:
        rounds.repost(row, operation_note=f"{self.label}, run {run.pk}")

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        case = item.case
        assert case is not None
        row = Delivery.objects.get(pk=self.delivery(case).pk)
        if row.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "The ERP refused it again"
        if row.condition == Condition.SETTLED and row.state in (Lifecycle.POSTED, Lifecycle.RECONCILED):
            if case.status == ExceptionCase.Status.CLOSED:
                return FixItem.Status.SUCCEEDED, "Posted and checked"
            if not case.break_row_id:
                return None
            from reconciliation.controls import runner

            runner.run_again_for(case)
            case.refresh_from_db()
            if case.status == ExceptionCase.Status.CLOSED:
                return FixItem.Status.SUCCEEDED, "Posted and checked"
            return FixItem.Status.REFUSED, "Posted, but the control still finds a difference"
        return None


def _period(days: Sequence[str]) -> str:
    if len(days) > 1:
        text = _("Posted on {n} days from {first} to {last}, each in its own day's period.")
        return text.format(n=len(days), first=days[0], last=days[-1])
    return _("Posted on {day}, in that day's period.").format(day=days[0]) if days else ""


def _sums(amounts: dict[str, str]) -> str:
    """A sum per currency in words; they are never added up."""
    each = [written(money(Decimal(amount), currency)) for currency, amount in amounts.items()]
    return _(" and ").join([", ".join(each[:-1]), each[-1]] if len(each) > 1 else each) or _("no amount of their own")


class PostAgain(PostsAgain):
    """A document that was in the ERP and is gone is posted again."""

    name = "post_again"
    label = "Post again"
    rule = "Financial replay by a person always needs two people."
    takes_problem = True
    many = gettext_noop(
        "After a second person approves, {n} documents are looked up in the ERP and, where they are not there, posted again, in order of their date; the first one alone, then the rest."
    )

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} over {amount} is looked up in the ERP and, if it is not there, posted again."
        ).format(document=case.document, amount=written(money(case.amount, case.currency)))

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        return Write(
            system=row.target.label,
            record=row.title,
            action="create",
            field="total",
            before="missing",
            after=money(row.amount, row.currency),
        )


class CorrectInErp(PostsAgain):
    """The ERP alone is wrong: it is brought back to what billing issued."""

    name = "correct_in_erp"
    label = "Correct the ERP to what billing issued"
    rule = "Changing a posted document always needs two people."
    takes_problem = True
    many = gettext_noop(
        "After a second person approves, {n} documents are brought back in the ERP to what billing issued, in order of their date; the first one alone, then the rest."
    )

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, the ERP's {document} is brought back to the amount billing issued; billing itself is not touched."
        ).format(document=case.document)

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        right: dict[str, Any] = case.break_row.right if case.break_row else {}
        return Write(
            system=row.target.label,
            record=row.title,
            action="update",
            field="total",
            before=f"{row.currency} {right.get('gross', '?')}",
            after=money(row.amount, row.currency),
        )

    def ledger_effect(self, case: ExceptionCase) -> str:
        difference = case.break_row.difference if case.break_row else case.amount
        return _("Receivables and revenue change by {amount}.").format(amount=written(money(difference, case.currency)))


class PostInFirstOpenPeriod(PostsAgain):
    """A document of a closed period is posted into the first open one; its document date stays."""

    name = "post_in_first_open_period"
    label = "Post in the first open period"
    rule = "Posting into another period than the document's always needs two people."
    takes_problem = True
    many = gettext_noop(
        "After a second person approves, {n} documents are posted into the first open period, each with its own document date, in order of their date; the first one alone, then the rest."
    )

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} is posted into the first open period; its document date stays {day}."
        ).format(document=case.document, day=case.effective_on)

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        for erp in {row.target.pk: row.target for row in map(self.delivery, target.open_cases())}.values():
            calendar.mirror(erp)
        return super().preview(target, inputs, user=user)

    def posting_date(self, row: Delivery, inputs: dict[str, str]) -> date | None:
        if row.entity is None or row.document_date is None:
            raise NotPossible(f"{row.title} has no date to post from.")
        found = calendar.first_open_day(row.entity, connection=row.target, after=row.document_date)
        if found is None:
            raise NotPossible("No period is open in the ERP. Ask the controller to open one.")
        return found

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        return Write(
            system=row.target.label,
            record=row.title,
            action="create",
            field="posting date",
            before=str(row.posting_date),
            after=str(posting_date),
        )

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        """Nothing beside the posting itself."""

    def post(self, run: FixRun, row: Delivery) -> None:
        assert run.request is not None
        moved = {move["delivery_key"]: move["posting_date"] for move in run.request.change["moves"]}
        rounds.move_posting(row, posting_date=date.fromisoformat(moved[row.delivery_key]))

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        row = Delivery.objects.get(pk=self.delivery(item.case).pk)
        if row.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "The ERP refused it again"
        if row.condition == Condition.SETTLED:
            return FixItem.Status.SUCCEEDED, f"Posted on {row.posting_date}"
        return None


class TryAgain(PostsAgain):
    """What stopped it was mended elsewhere: look it up, then send it again."""

    name = "try_again"
    label = "Look it up and try again"
    rule = "Financial replay by a person always needs two people."
    takes_problem = True
    many = gettext_noop(
        "After a second person approves, {n} documents are looked up there and, where they are not there, sent once more, in order of their date; the first one alone, then the rest."
    )

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, {document} is looked up there and, if it is not there, sent once more."
        ).format(document=case.document or _("it"))

    def write(self, case: ExceptionCase, row: Delivery, posting_date: date | None) -> Write:
        return Write(
            system=row.target.label,
            record=row.title,
            action="create",
            before="refused",
            after=money(row.amount, row.currency) or "sent",
        )

    def post(self, run: FixRun, row: Delivery) -> None:
        rounds.repost(row, operation_note=f"tried again, run {run.pk}")

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        row = Delivery.objects.get(pk=self.delivery(item.case).pk)
        if row.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "Refused again"
        return (FixItem.Status.SUCCEEDED, "Went through") if row.condition == Condition.SETTLED else None


class BillLateUsage(TryAgain):
    """Usage that came after its invoice goes to the next one, as a line that names its period."""

    name = "bill_late_usage"
    takes_problem = False
    label = "Bill it on the next invoice"
    rule = "Billing usage of an invoiced period above its limit always needs two people."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "After a second person approves, the next invoice gets a line of {amount} that names the period it was used in."
        ).format(amount=written(money(case.amount, case.currency)))

    def checks(self, case: ExceptionCase) -> str:
        return _(
            "We look the line up in billing before it is made; the case closes when billing has it at this amount."
        )

    def ledger_effect(self, case: ExceptionCase) -> str:
        return _("Receivables and revenue by {amount} with the next invoice; the issued one stays as it is.").format(
            amount=written(money(case.amount, case.currency))
        )
