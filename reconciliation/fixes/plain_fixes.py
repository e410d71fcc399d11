"""Fixes that move no money and need no second person: reconnect, read again, run a control."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.errors import ConnectorError
from reconciliation.fixes.fix import Fix, NotPossible, Preview, Target, Write, member
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync import clock, connections, nudges
from sync.models import SourceEvent, WorkItem
from sync.states import Condition


class Reconnect(Fix):
    """Sign in again and let the waiting calls go."""

    name = "reconnect"
    label = "Test the connection and resume"

    def says(self, case: ExceptionCase) -> str:
        return _("We sign in to {document} now. If that works, everything that waits for it goes on by itself.").format(
            document=case.document
        )

    def checks(self, case: ExceptionCase) -> str:
        return _("A test call must succeed; then the backlog drains and this case closes.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = (target.open_cases() or [None])[0]
        if case is None or case.connection is None:
            raise NotPossible("The connection works again; there is nothing to do.")
        waiting = connections.unfinished_of(case.connection)
        paused = connections.health_of(case.connection).paused_at is not None
        return Preview(
            says=ngettext(
                "We test {connection} and resume it; {waiting} waiting delivery goes on.",
                "We test {connection} and resume it; {waiting} waiting deliveries go on.",
                waiting,
            ).format(connection=case.connection.label, waiting=waiting),
            change={"fix": self.name, "connection": case.connection.code},
            writes=(
                Write(
                    system=case.connection.label,
                    record="Connection",
                    action="update",
                    field="paused" if paused else "left alone after failures",
                    before="yes",
                    after="no",
                ),
            ),
            reversible_by=_("Pause it again."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        for item in items:
            assert item.case is not None and item.case.connection is not None
            row = item.case.connection
            try:
                connections.connector_for(row).check()
            except ConnectorError as error:
                item.status, item.note = FixItem.Status.REFUSED, f"Still refused: {error.text}"[:400]
                item.save(update_fields=["status", "note"])
                continue
            connections.resume(row, note="Reconnected and tested", user=run.started_by)
            nudges.nudge("ingest", "deliver", "posting", "notify")
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        if item.case.status == ExceptionCase.Status.CLOSED:
            return FixItem.Status.SUCCEEDED, "Works again"
        return FixItem.Status.REFUSED, item.note or "Still refused"


class ReadAgain(Fix):
    """The source was corrected: fetch it and check it again."""

    name = "read_again"
    label = "Fetch it again and check"
    takes_problem = True

    def says(self, case: ExceptionCase) -> str:
        return _(
            "We fetch {document} again from the system it comes from and run all checks on what is there now."
        ).format(document=case.document)

    def checks(self, case: ExceptionCase) -> str:
        return _("The case closes only when it goes through.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        cases = target.open_cases()
        if not cases:
            raise NotPossible("Everything went through meanwhile; there is nothing to do.")
        return Preview(
            says=self.says(cases[0])
            if len(cases) == 1
            else _("We fetch {n} objects again and check them.").format(n=len(cases)),
            change={"fix": self.name, "cases": [case.number for case in cases]},
            writes=tuple(Write(system="Portal", record=case.document, action="release") for case in cases[:20]),
            members=tuple(member(case) for case in cases),
            reversible_by=_("Nothing is changed by reading."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        now = clock.now()
        cases = [item.case for item in items if item.case]
        SourceEvent.objects.filter(
            pk__in=[case.event_id for case in cases if case.event_id], condition=Condition.BLOCKED
        ).update(condition=Condition.DUE, due_at=now, crashes=0)
        works = [case.work_item_id for case in cases if case.work_item_id]
        WorkItem.objects.filter(pk__in=works, condition=Condition.BLOCKED).update(
            condition=Condition.DUE, due_at=now, crashes=0
        )
        # the source may say something newer than what the item holds
        SourceEvent.objects.filter(work_items__in=works).update(condition=Condition.DUE, due_at=now)
        nudges.nudge("ingest")
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        case = item.case
        assert case is not None
        if case.status == ExceptionCase.Status.CLOSED:
            return FixItem.Status.SUCCEEDED, "Went through"
        row = case.work_item or case.event
        if row is not None and row.condition == Condition.BLOCKED:
            return FixItem.Status.REFUSED, "Stopped again"
        return None


class RunControl(Fix):
    """A control that did not run is run now."""

    name = "run_control"
    label = "Run the control now"

    def says(self, case: ExceptionCase) -> str:
        return _("We read both sides for {day} now and compare them.").format(day=case.effective_on)

    def checks(self, case: ExceptionCase) -> str:
        return _("The case closes when the control has run, whatever it finds; what it finds gets cases of its own.")

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        case = (target.open_cases() or [None])[0]
        if case is None:
            raise NotPossible("The control has run meanwhile; there is nothing to do.")
        return Preview(
            says=self.says(case),
            change={"fix": self.name, "case": case.number},
            writes=(Write(system="Portal", record=case.document, action="create", field="control run"),),
            reversible_by=_("Nothing is changed by reading."),
        )

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        from reconciliation.controls import runner

        for item in items:
            assert item.case is not None and item.case.control_run is not None
            missed = item.case.control_run
            runner.run(missed.control, entity=missed.entity, business_date=missed.business_date)
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        if item.case.status == ExceptionCase.Status.CLOSED:
            return FixItem.Status.SUCCEEDED, "Has run"
        return FixItem.Status.REFUSED, "Could not run again"
