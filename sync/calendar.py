"""When may this be posted: periods as the ERP has them, and our own windows."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from sync import blocks, bulk, clock, connections
from sync.models import AccountingPeriod, Connection, Delivery, EntityRoute, LegalEntity
from sync.states import Condition


def admit(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Of claimed postings, those whose period is open; it stays locked FOR SHARE until the claim commits.

    The others are blocked with PERIOD_CLOSED. Where no period is mirrored, the ERP itself decides.
    """
    postings = [row for row in deliveries if row.posting_date and row.entity_id]
    if not postings:
        return list(deliveries)
    periods = _share({(row.entity_id, row.target_id) for row in postings if row.entity_id})
    closed = []
    for row in postings:
        period = _covering(periods, row)
        if period and period.state != AccountingPeriod.State.OPEN:
            row.condition, row.blocked_reason, row.lease_until = Condition.BLOCKED, "PERIOD_CLOSED", None
            closed.append(row)
    if closed:
        bulk.update(closed, ["condition", "blocked_reason", "lease_until"])
        blocks.put(
            [
                blocks.Stop(
                    delivery=row,
                    reason="PERIOD_CLOSED",
                    field="posting date",
                    value=f"{row.posting_date:%Y-%m}",
                    evidence={"text": "The period is closed in the ERP, as mirrored; nothing was sent."},
                )
                for row in closed
            ]
        )
    stopped = {row.pk for row in closed}
    return [row for row in deliveries if row.pk not in stopped]


def _share(pairs: set[tuple[int, int]]) -> list[AccountingPeriod]:
    """Lock the periods of these entities against closing while claims are written."""
    rows = AccountingPeriod.objects.raw(
        "SELECT * FROM sync_accountingperiod WHERE entity_id = ANY(%s) AND connection_id = ANY(%s) AND module = 'ar'"
        " FOR SHARE",
        [[entity for entity, _ in pairs], [target for _, target in pairs]],
    )
    return list(rows)


def _covering(periods: Sequence[AccountingPeriod], row: Delivery) -> AccountingPeriod | None:
    for period in periods:
        if (
            period.entity_id == row.entity_id
            and period.connection_id == row.target_id
            and row.posting_date is not None
            and period.starts_on <= row.posting_date <= period.ends_on
        ):
            return period
    return None


def first_open_day(entity: LegalEntity, *, connection: Connection, after: date) -> date | None:
    """The first day on or after a date that lies in an open period: the document's own day where that is open."""
    for period in AccountingPeriod.objects.filter(
        entity=entity, connection=connection, module="ar", ends_on__gte=after
    ).order_by("starts_on"):
        if period.state == AccountingPeriod.State.OPEN:
            return max(after, period.starts_on)
    return None


def mirror(connection: Connection) -> int:
    """Copy the ERP's periods and their states; how many changed."""
    connector = connections.connector_for(connection)
    if "periods" not in connector.capabilities:
        return 0
    changed = 0
    for route in EntityRoute.objects.filter(connection=connection, role="erp").select_related("entity"):
        rows = list(connector.periods(entity=route.company_code))
        with transaction.atomic():
            known = {
                (row.module, row.starts_on): row
                for row in AccountingPeriod.objects.select_for_update().filter(
                    entity=route.entity, connection=connection
                )
            }
            for period in rows:
                row = known.get((period.module, period.starts_on))
                if row is None:
                    AccountingPeriod.objects.create(
                        entity=route.entity,
                        connection=connection,
                        module=period.module,
                        starts_on=period.starts_on,
                        ends_on=period.ends_on,
                        state=period.state,
                        external_id=period.external_id,
                        mirrored_at=clock.now(),
                    )
                    changed += 1
                elif row.state != period.state:
                    row.state, row.mirrored_at = period.state, clock.now()
                    row.save(update_fields=["state", "mirrored_at"])
                    changed += 1
    return changed
