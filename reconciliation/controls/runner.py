"""Runs controls: reads both sides, compares, opens and heals breaks, keeps every run."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta

from django.db import connection as database
from django.db import transaction

from connectors.errors import ConnectorError
from reconciliation import cases, matching, staging
from reconciliation.controls import breaks, changed, listings, sides
from reconciliation.controls.control import Control, Finding
from reconciliation.controls.registry import CONTROLS, controls_of, first_day
from reconciliation.matches import keeping
from reconciliation.models import ControlRun, ControlStage, ExceptionCase
from reconciliation.models.controls import Side
from reconciliation.sign_offs import keeping as signatures
from sync import bill_dates, clock, journal, schedules
from sync.models import AccountingPeriod, LegalEntity, ScheduleClaim

log = logging.getLogger(__name__)


def run_due(*, entity: LegalEntity | None = None, look_back: bool = True) -> int:
    """Run every control for each business date that is due and was never run; how many runs.

    After that every date of the periods still open is read again, so that what was changed behind our back is found.
    """
    done = 0
    for row in LegalEntity.objects.filter(pk=entity.pk) if entity else LegalEntity.objects.all():
        # the day that goes on is not due: half of what belongs to it has not happened yet
        through = clock.business_date(row) - timedelta(days=1)
        with schedules.once(f"bill dates:{row.code}", through.isoformat()) as mine:
            if mine:
                bill_dates.look(row, on=through)
        for control in controls_of(row):
            dates = _dates_due(control, row, through)
            for business_date in dates:
                with schedules.once(f"control:{control.name}:{row.code}", business_date.isoformat()) as mine:
                    if mine:
                        run(control.name, entity=row, business_date=business_date)
                        done += 1
            # apart from the day's own window: reading weeks again may take long, and must not hold the day up
            if dates and look_back and not control.as_of:
                with _look_back(control, row) as mine:
                    if mine:
                        run(control.name, entity=row, business_date=dates[-1], look_back=True)
    return done


def still_due() -> int:
    """Controls and dates that ended and were not read to the end, by whomever."""
    today = {row: clock.business_date(row) - timedelta(days=1) for row in LegalEntity.objects.all()}
    return sum(len(_dates_due(control, row, through)) for row, through in today.items() for control in controls_of(row))


def _look_back(control: Control, entity: LegalEntity) -> AbstractContextManager[bool]:
    """Once an hour of machine time, however fast business days pass where they are moved by hand."""
    return schedules.once(f"look back:{control.name}:{entity.code}", f"{clock.now():%Y-%m-%dT%H}")


def _dates_due(control: Control, entity: LegalEntity, through: date) -> list[date]:
    """Dates that ended and have no finished window yet; a control starts with its entity's first route."""
    start = first_day(entity)
    if start is None or start > through:
        return []
    if control.as_of:
        start = through
    windows = ScheduleClaim.objects.filter(job=f"control:{control.name}:{entity.code}", finished_at__isnull=False)
    done = set(windows.values_list("window", flat=True))
    dates = (start + timedelta(days=n) for n in range((through - start).days + 1))
    return [day for day in dates if day.isoformat() not in done]


def run(name: str, *, entity: LegalEntity, business_date: date, look_back: bool = False) -> ControlRun:
    """One asking, and what it means for what was signed. It always leaves a run: where a side cannot be read, one that
    says `not run`, and a case.
    """
    row = _ask(CONTROLS[name], entity=entity, business_date=business_date, look_back=look_back)
    signatures.hold_against(row)
    signatures.certify_day(row)
    return row


def compare_again(name: str, *, entity: LegalEntity) -> ControlRun:
    """Compare what both sides said last, without asking them: what a match between documents leads to. A version more
    of the newest business date that was asked.
    """
    control = CONTROLS[name]
    newest = ControlRun.objects.filter(control=name, entity=entity).order_by("-business_date").first()
    day = newest.business_date if newest else clock.business_date(entity)
    row = _compare(_version(control, entity=entity, business_date=day), control, read=[])
    signatures.hold_against(row)
    signatures.certify_day(row)
    return row


def _version(control: Control, *, entity: LegalEntity, business_date: date) -> ControlRun:
    with transaction.atomic():
        # two askings of one date are two versions, the later one waits for its number
        LegalEntity.objects.select_for_update(no_key=True, of=("self",)).get(pk=entity.pk)
        version = (
            ControlRun.objects.filter(control=control.name, entity=entity, business_date=business_date).count() + 1
        )
        return ControlRun.objects.create(
            control=control.name,
            entity=entity,
            business_date=business_date,
            version=version,
            rule_version=control.rule_version,
            started_at=clock.now(),
        )


def _ask(control: Control, *, entity: LegalEntity, business_date: date, look_back: bool) -> ControlRun:
    row = _version(control, entity=entity, business_date=business_date)
    if control.lists is not None:
        return _list(row, control, control.lists, read=[business_date])
    dates = _open_dates(control, entity, business_date) if look_back else []
    dates = sorted({*dates, *changed.dates_changed(control, entity, before=business_date)})
    routes = sides.routes(entity)
    try:
        for day in (*dates, business_date):
            for side, role in ((Side.LEFT, control.left_role), (Side.RIGHT, control.right_role)):
                if side == Side.LEFT and control.left_reader is not None:
                    staging.keep_own(control, entity=entity, business_date=day, lines=control.left_reader(entity, day))
                    continue
                source = sides.source(entity, routes, role, on=day)
                staging.read_side(
                    control,
                    side,
                    entity=entity,
                    business_date=day,
                    source=source.connection,
                    company_code=source.company_code,
                )
    except (ConnectorError, LookupError) as error:
        log.warning("control %s for %s did not run: %s", control.name, business_date, error)
        return _not_run(row, control, error)
    except Exception as error:
        log.exception("control %s for %s failed on our side", control.name, business_date)
        return _not_run(row, control, error)
    row.looked_back_to = dates[0] if dates else None
    if control.judges is not None:
        return _list(row, control, control.judges, read=[*dates, business_date])
    return _compare(row, control, read=[*dates, business_date])


def _list(
    row: ControlRun, control: Control, find: Callable[[LegalEntity], Sequence[Finding]], *, read: Sequence[date]
) -> ControlRun:
    try:
        with transaction.atomic():
            listings.take_stock(row, control, find(row.entity))
            _close_earlier(row, control, read=read)
    except Exception as error:
        log.exception("control %s for %s failed on our side", control.name, row.business_date)
        return _not_run(row, control, error)
    return row


def _open_dates(control: Control, entity: LegalEntity, business_date: date) -> list[date]:
    """Earlier dates whose period is still open: all that were read, and all that should have been and could not be."""
    if control.as_of:
        return []
    first = (
        AccountingPeriod.objects.filter(
            entity=entity, state=AccountingPeriod.State.OPEN, ends_on__lte=business_date + timedelta(days=31)
        )
        .order_by("starts_on")
        .values_list("starts_on", flat=True)
        .first()
    )
    if first is None:
        first = business_date - timedelta(days=31)
    within = {
        "control": control.name, "entity": entity, "business_date__gte": first, "business_date__lt": business_date
    }  # fmt: skip
    read = ControlStage.objects.filter(is_current=True, **within).values_list("business_date", flat=True).distinct()
    asked = ControlRun.objects.filter(**within).values_list("business_date", flat=True).distinct()
    return sorted({*read, *asked})


def _not_run(row: ControlRun, control: Control, error: Exception) -> ControlRun:
    with transaction.atomic():
        row.trouble, row.finished_at = f"{error}"[:400], clock.now()
        row.save(update_fields=["trouble", "finished_at"])
        cases.open_cases(
            [
                cases.Opening(
                    target="control_run",
                    row=row,
                    reason="CONTROL_NOT_RUN",
                    system=getattr(error, "system", ""),
                    entity_id=row.entity_id,
                    document=control.title,
                    effective_on=row.business_date,
                    value=control.name,
                    evidence={"text": row.trouble},
                )
            ]
        )
    return row


@contextmanager
def _compared_alone(control: Control, entity: LegalEntity) -> Iterator[Callable[[], None]]:
    """Two comparisons at once would each find, and write down, the same breaks and matches: one waits for the other."""
    with transaction.atomic():
        with database.cursor() as cursor:
            name = f"comparing:{control.name}:{entity.pk}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        with matching.compared(control, entity=entity) as explain_again:
            yield explain_again


def _compare(row: ControlRun, control: Control, *, read: Sequence[date]) -> ControlRun:
    with _compared_alone(control, row.entity) as explain_again:
        matching.reconcile_matched(control)
        keeping.keep(row, control)
        changed = breaks.heal(row, control) or breaks.find(row, control)
        while changed:
            # cases were closed or opened: what is explained, and what no case explains any more, is asked once more
            explain_again()
            changed = breaks.find(row, control)
        sums = matching.totals()
    row.totals = matching.by_currency(sums)
    row.status = status_of(sums, open_breaks=breaks.still_open(control, row.entity).exists())
    row.finished_at = clock.now()
    said = f"{control.title}, {row.entity.code}, {row.business_date}: {row.get_status_display().lower()}."
    with transaction.atomic():
        row.save()
        _close_earlier(row, control, read=read)
        journal.note(
            [
                journal.Fact(
                    action="control run",
                    object_kind="control",
                    object_key=f"{row.control}@{row.business_date}v{row.version}",
                    text=said,
                    details={"totals": row.totals},
                )
            ]
        )
    return row


def _close_earlier(row: ControlRun, control: Control, *, read: Sequence[date]) -> None:
    """Cases of askings that could not run are over, now that the same dates were asked."""
    # what is compared as of today stands for every day before
    days = {"control_run__business_date__lte": row.business_date} if control.as_of else {
        "control_run__business_date__in": read
    }  # fmt: skip
    earlier = list(
        ExceptionCase.objects.filter(
            control_run__control=row.control,
            control_run__entity=row.entity,
            **days,
            reason="CONTROL_NOT_RUN",
            status=ExceptionCase.Status.OPEN,
        )
    )
    cases.close(earlier, note=f"The control has run: {row.get_status_display().lower()}")


def status_of(sums: list[matching.PeriodTotals], *, open_breaks: bool) -> str:
    """Unexplained beats open breaks beats explained items beats tied."""
    if any(one.unexplained_count for one in sums):
        return ControlRun.Status.UNEXPLAINED
    if open_breaks:
        return ControlRun.Status.OPEN_EXCEPTIONS
    if any(one.explained or one.held or one.in_flight or one.explained_count for one in sums):
        return ControlRun.Status.TIED_WITH_ITEMS
    return ControlRun.Status.TIED


def run_again_for(case: ExceptionCase) -> ControlRun | None:
    """Ask the control that found a break again, for the day of its document."""
    if case.break_row is None:
        return None
    found = case.break_row
    return run(found.control, entity=found.entity, business_date=found.document_date)
