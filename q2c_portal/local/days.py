"""Business time of the demo: moved day by day through the pipeline; machine time is never touched."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from celery import current_app
from django.db import connection as database
from kombu.exceptions import OperationalError

from q2c_portal.local import company, loading
from q2c_portal.local.pipeline import Pipeline
from q2c_portal.local.sandboxes import NetSuiteAdmin, SalesforceAdmin, Sandbox, StripeWorld
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from sync import calendar, owing
from sync.models import Connection, Delivery, LegalEntity

#: the hour deals are won (after noon, where contracts start), and the hour the day's invoices have been issued
WINNING_HOUR, EVENING_HOUR = 13, 18
#: a month closes on this day of the next one, so that whatever is unpaid lies in an open period
CLOSING_DAY = 20
#: a day that has not come to rest after this is a fault of ours
PATIENCE_SECONDS = 300.0
_TIME_LOCK = 7_281_944_002

_UNDER_WAY = """
SELECT (SELECT count(*) FROM sync_sourceevent WHERE condition IN ('due', 'claimed'))
     + (SELECT count(*) FROM sync_workitem WHERE condition IN ('due', 'claimed'))
     + (SELECT count(*) FROM sync_usagesummaryrecord WHERE touched_at IS NOT NULL)
     + (SELECT count(*) FROM sync_usageperiod WHERE touched_at IS NOT NULL)
     + (SELECT count(*) FROM sync_delivery WHERE condition IN ('due', 'claimed', 'in_doubt') AND role <> 'crm')
"""

# what waits for something that is there already: released a moment later, by the sweeper
_MISSED = """
SELECT (SELECT count(*) FROM sync_workitem w WHERE condition = 'waiting' AND (
            EXISTS (SELECT 1 FROM sync_customerrecord r WHERE r.reference = w.waits_for)
            OR EXISTS (SELECT 1 FROM sync_contractrecord r WHERE r.reference = w.waits_for)
            OR EXISTS (SELECT 1 FROM sync_clearancerecord r WHERE r.reference = w.waits_for AND r.status = 'cleared')
            OR EXISTS (SELECT 1 FROM sync_creditmemorecord r WHERE r.reference = w.waits_for)
            OR EXISTS (SELECT 1 FROM sync_invoicerecord r WHERE r.reference = w.waits_for)
            OR EXISTS (SELECT 1 FROM sync_paymentrecord r WHERE r.reference = w.waits_for)
            OR EXISTS (SELECT 1 FROM sync_refundrecord r WHERE r.reference = w.waits_for)))
     + (SELECT count(*) FROM sync_delivery d WHERE condition = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM sync_deliveryneed n WHERE n.delivery_id = d.id AND NOT EXISTS (
                SELECT 1 FROM sync_externalidentity i
                WHERE i.connection_id = d.target_id AND i.reference = n.reference)))
"""


@dataclass
class World:
    """Everything outside the portal that moves with business time."""

    entity: LegalEntity
    salesforce: SalesforceAdmin
    stripe: StripeWorld
    netsuite: NetSuiteAdmin | None
    clock: str
    #: what else moves with business time: billing accounts of further companies
    others: list[Sandbox] = field(default_factory=list)

    @classmethod
    def meet(cls) -> "World":
        rows = {row.code: row for row in Connection.objects.all()}
        erp = rows.get("netsuite")
        return cls(
            entity=LegalEntity.objects.get(code=company.ENTITY),
            salesforce=SalesforceAdmin(rows["salesforce"].base_url),
            stripe=StripeWorld(rows["stripe"].base_url),
            netsuite=NetSuiteAdmin(erp.base_url) if erp else None,
            clock=rows["stripe"].settings["test_clock"],
        )

    def sandboxes(self) -> list[Sandbox]:
        return [self.salesforce, self.stripe, *self.others]


def under_way() -> int:
    """Objects the engine still has in hand; what waits, is held or blocked is not."""
    with database.cursor() as cursor:
        cursor.execute(_UNDER_WAY)
        found: int = cursor.fetchone()[0]
        if not found:
            cursor.execute(_MISSED)
            found = cursor.fetchone()[0]
        return found or len(owing.come(Delivery.objects.all()))


def come_to_rest(
    world: World, *, patience: float = PATIENCE_SECONDS, seen: Callable[[int], None] | None = None
) -> None:
    """Wait until no call is on its way to us and the engine has nothing in hand. Raises TimeoutError with
    what is left.
    """
    ends = time.monotonic() + patience
    calm = 0
    while calm < 2:
        left = under_way()
        calls = sum(sandbox.health()["calls_waiting"] for sandbox in world.sandboxes()) if not left else 1
        calm = calm + 1 if not left and not calls else 0
        if seen:
            seen(left)
        if time.monotonic() > ends:
            raise TimeoutError(f"{left} objects are still under way after {patience:.0f} seconds")
        if calm < 2:
            time.sleep(0.02)


def set_business_date(world: World, day: date) -> None:
    LegalEntity.objects.filter(pk=world.entity.pk).update(business_date=day)
    world.entity.business_date = day


def live_through(world: World, day: date, *, wins: Iterable[dict[str, str]], losses: Iterable[dict[str, str]]) -> None:
    """One business day: deals are won, contracts set up, invoices issued and posted, customers pay."""
    set_business_date(world, day)
    if day.day == CLOSING_DAY and world.netsuite:
        last_month = day.replace(day=1) - timedelta(days=1)
        if world.netsuite.close_month(last_month):
            calendar.mirror(Connection.objects.get(code="netsuite"))
    world.stripe.advance(world.clock, company.at(day, WINNING_HOUR))
    changes = [*wins, *losses]
    if changes:
        world.salesforce.update("Opportunity", changes)
        come_to_rest(world)
    world.stripe.advance(world.clock, company.at(day, EVENING_HOUR))
    come_to_rest(world)


def live_on(world: World, pipeline: Pipeline, *, today: date, told: Callable[[date], None] | None = None) -> None:
    """Every business day from where the company stands up to `today`; each is told when it begins."""
    wins, losses = loading.by_day(world.salesforce, pipeline)
    day = world.entity.business_date or pipeline.first_day
    come_to_rest(world)
    while day <= today:
        if told:
            told(day)
        won = [change for on in list(wins) if on <= day for change in wins.pop(on)]
        lost = [change for on in list(losses) if on <= day for change in losses.pop(on)]
        live_through(world, day, wins=won, losses=lost)
        if day < today:
            end_day(world, day)
        day += timedelta(days=1)


def end_day(world: World, day: date) -> None:
    """The next business day begins; the controls of the one that ended are due, and run while it goes on."""
    set_business_date(world, day + timedelta(days=1))
    # without a broker the timetable asks for them later
    with suppress(OperationalError):
        current_app.send_task("reconciliation.tasks.run_due_controls", queue="control", retry=False)


def issue_drafts(world: World) -> bool:
    """Let an hour of Stripe's clock pass within the day, so that drafts are issued; True when there were any."""
    if not any(world.stripe.get("invoices", status="draft", limit=1)["data"]):
        return False
    now = world.stripe.time_of(world.clock)
    midnight = int(company.at(world.entity.business_date or date.today(), 23, 59).timestamp())
    settings = world.stripe.see_settings()
    step = int(settings["draft_seconds"]) + 60
    if now + step >= midnight:
        # the day is nearly over on Stripe's clock: shorter drafts, so that nothing slips into tomorrow
        step = max((midnight - now) // 8, 5)
        world.stripe.settings(draft_seconds=max(step - 3, 1))
    world.stripe.advance(world.clock, datetime.fromtimestamp(now + step, UTC))
    return True


@contextmanager
def moving_time(*, wait: bool = True) -> Iterator[bool]:
    """Only one process moves business time; with `wait` off, False when another does."""
    with database.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_TIME_LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_TIME_LOCK])
            if not cursor.fetchone()[0]:
                yield False
                return
    try:
        yield True
    finally:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_TIME_LOCK])


def settle_controls(world: World) -> None:
    """Run what is due, wait for what a worker runs just now, then ask the controls of the current day."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while runner.run_due() or runner.still_due():
        if time.monotonic() > ends:
            raise TimeoutError(f"{runner.still_due()} controls are still due after {PATIENCE_SECONDS:.0f} seconds")
        time.sleep(0.2)
    ask_controls(world)


def ask_controls(world: World) -> None:
    """Ask every control for the current business date, reading again every date of the open periods."""
    for entity in LegalEntity.objects.all():
        for control in controls_of(entity):
            runner.run(control.name, entity=entity, business_date=entity.business_date or date.today(), look_back=True)
