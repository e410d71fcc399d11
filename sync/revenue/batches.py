"""Journals of an entity whose revenue engine is the portal: sealed with their members, posted once, late ones next.

A batch is one entity, currency, day, movement and exchange rate: what is deferred is no money, and leaves the books at
the rate it entered them with. Sealing writes the batch and its members in one transaction; whoever
comes later for the same day gets the next sequence. The database refuses a batch where the portal is not the engine
(REVENUE_ENGINE_CONFLICT), and any change of a sealed member.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from connectors.canonical import JournalBatch, JournalLine, text
from connectors.errors import ConnectorError
from connectors.interface import Unsupported
from sync import blocks, clock, connections, keys
from sync.mappings import Tables
from sync.models import Delivery, JournalBatchRecord, LegalEntity, RevenueEngine, RevenueEventRecord
from sync.models.revenue import Engine, Movement
from sync.owing import owe_direct
from sync.revenue.schedules import engine_of

log = logging.getLogger(__name__)
#: movement -> (debited, credited) by what an account is for, while the amount is above zero
SIDES: dict[str, tuple[str, str]] = {
    Movement.DEFERRAL: ("revenue", "deferred"),
    Movement.RECOGNITION: ("deferred", "revenue"),
    Movement.TERMINATION: ("deferred", "revenue"),
    Movement.CREDIT: ("deferred", "revenue"),
    Movement.ACCRUAL: ("unbilled", "revenue"),
    Movement.ACCRUAL_REVERSAL: ("revenue", "unbilled"),
}
CONFLICT = "REVENUE_ENGINE_CONFLICT"
#: members of one batch; the next ones go to the next sequence
MOST_MEMBERS = 5000


def seal_due() -> int:
    """Seal and owe what is dated before each entity's business date; how many batches."""
    done = 0
    for entity in LegalEntity.objects.filter(pk__in=_waiting().values("legal_entity").distinct()):
        through = clock.business_date(entity) - timedelta(days=1)
        if _waiting().filter(legal_entity=entity, dated__lte=through).exists() and _may_begin(entity):
            done += seal(entity, through=through)
    return done


def _may_begin(entity: LegalEntity) -> bool:
    """Before an entity's first journal: whether its ERP leaves recognition to us. Where it does not, or cannot tell, a
    case stands on the ERP until it does.
    """
    if JournalBatchRecord.objects.filter(legal_entity=entity).exists():
        return True
    route = Tables().route(entity.pk, "erp", on=clock.business_date(entity))
    if route is None:
        return False
    try:
        items = connections.connector_for(route.connection, read_only=True).recognises()
    except Unsupported:
        items = ["the ERP cannot tell which"]
    except ConnectorError as error:
        log.warning("%s: the ERP did not say what it recognises: %s", entity.code, error)
        return False
    with transaction.atomic():
        if items:
            value = f"{entity.code}: {', '.join(items)}"
            blocks.put([blocks.Stop(connection=route.connection, reason=CONFLICT, field="items", value=value)])
        else:
            blocks.clear(connections=[route.connection.pk], reasons=[CONFLICT], note="The ERP recognises nothing now")
    return not items


def _waiting() -> QuerySet[RevenueEventRecord]:
    return RevenueEventRecord.objects.filter(batch=None, withdrawn_at=None)


@transaction.atomic
def seal(entity: LegalEntity, *, through: date) -> int:
    """Seal everything of an entity that is dated up to a day; how many batches. One at a time per entity."""
    LegalEntity.objects.select_for_update(no_key=True, of=("self",)).get(pk=entity.pk)
    rows = list(
        _waiting()
        .filter(legal_entity=entity, dated__lte=through)
        .select_for_update(of=("self",))
        .order_by("dated", "currency", "movement", "exchange_rate", "reference")
    )
    groups: dict[tuple[date, str, str, Decimal], list[RevenueEventRecord]] = {}
    for row in rows:
        groups.setdefault((row.dated, row.currency, row.movement, row.exchange_rate), []).append(row)
    engines: dict[date, RevenueEngine | None] = {}
    made = []
    for (dated, currency, movement, _rate), members in groups.items():
        engine = engines.setdefault(dated, engine_of(entity, on=dated))
        if engine is None or engine.engine != Engine.PORTAL:
            continue  # it was the portal's when it was worked out and is not on that day: finance decides
        for start in range(0, len(members), MOST_MEMBERS):
            part = members[start : start + MOST_MEMBERS]
            made.append(_batch(entity, engine, part, dated=dated, currency=currency, movement=movement))
    _owe(entity, made)
    return len(made)


def _batch(
    entity: LegalEntity,
    engine: RevenueEngine,
    members: Sequence[RevenueEventRecord],
    *,
    dated: date,
    currency: str,
    movement: str,
) -> JournalBatchRecord:
    same = JournalBatchRecord.objects.filter(
        legal_entity=entity, currency=currency, posting_date=dated, movement=movement
    )
    sequence = same.count() + 1
    net = sum((row.amount for row in members), Decimal(0))
    lines = journal_lines(net, movement, engine)
    batch = JournalBatchRecord.objects.create(
        reference=f"journal:{entity.code}:{currency}:{dated:%Y%m%d}:{movement}:{sequence}",
        version=1,
        correlation_id=f"revenue:{entity.code}:{dated:%Y-%m}",
        legal_entity=entity,
        currency=currency,
        source_system="revenue",
        source_event="",
        movement=movement,
        posting_date=dated,
        sequence=sequence,
        total=abs(net),
        exchange_rate=members[0].exchange_rate,
        members=len(members),
        lines=[
            {"account": line.account, "debit": f"{line.debit:f}", "credit": f"{line.credit:f}", "memo": line.memo}
            for line in lines
        ],
        created_at=clock.now(),
    )
    RevenueEventRecord.objects.filter(pk__in=[row.pk for row in members]).update(batch=batch)
    return batch


def journal_lines(net: Decimal, movement: str, engine: RevenueEngine) -> tuple[JournalLine, ...]:
    """Debit and credit of a summarised movement; a sum below zero turns the sides, a sum of zero has none."""
    if not net:
        return ()
    accounts = {
        "deferred": engine.deferred_account,
        "revenue": engine.revenue_account,
        "unbilled": engine.unbilled_account,
    }
    debited, credited = SIDES[movement] if net > 0 else reversed(SIDES[movement])
    amount, nothing, memo = abs(net), net - net, Movement(movement).label
    return (
        JournalLine(account=accounts[debited], debit=amount, credit=nothing, memo=memo),
        JournalLine(account=accounts[credited], debit=nothing, credit=amount, memo=memo),
    )


def shape_of(row: JournalBatchRecord) -> JournalBatch:
    return JournalBatch(
        reference=row.reference,
        version=row.version,
        correlation_id=row.correlation_id,
        legal_entity=row.legal_entity.code,
        currency=row.currency,
        source_system=row.source_system,
        source_event=row.source_event,
        movement=row.movement,
        posting_date=row.posting_date,
        sequence=row.sequence,
        total=row.total,
        exchange_rate=row.exchange_rate,
        members=row.members,
        lines=tuple(
            JournalLine(
                account=line["account"], debit=Decimal(line["debit"]), credit=Decimal(line["credit"]), memo=line["memo"]
            )
            for line in row.lines
        ),
    )


def _owe(entity: LegalEntity, rows: Sequence[JournalBatchRecord]) -> None:
    """A journal without an amount moves nothing and is not posted; its members stay listed under it."""
    tables, now = Tables(), clock.now()
    deliveries = []
    for row in rows:
        route = tables.route(entity.pk, "erp", on=row.posting_date)
        if not row.lines or route is None:
            continue
        subject = shape_of(row)
        frozen = text(subject)
        delivery = Delivery(
            target=route.connection,
            role="erp",
            queue="posting",
            kind=subject.kind,
            reference=row.reference,
            version=row.version,
            delivery_key=keys.delivery_key(row.reference, version=row.version, operation="put"),
            serial_key=row.reference,
            correlation_id=row.correlation_id,
            entity=entity,
            subject=frozen,
            subject_sha256=hashlib.sha256(frozen.encode()).hexdigest(),
            document_date=row.posting_date,
            posting_date=row.posting_date,
            amount=row.total,
            currency=row.currency,
            title=f"Revenue journal {Movement(row.movement).label.lower()}, {row.posting_date}"[:200],
            due_at=now,
            created_at=now,
        )
        deliveries.append((delivery, ()))
    owe_direct(deliveries)
