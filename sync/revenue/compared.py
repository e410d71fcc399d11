"""Our schedules month by month, as they are compared with those of an ERP that recognises revenue by itself."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal

from connectors.canonical.revenue import compared_from, period_reference
from connectors.interface import ControlLine
from sync import clock
from sync.mappings import in_force
from sync.models import Delivery, EntityRoute, InvoiceLineRecord, InvoiceRecord, LegalEntity, RevenueScheduleRecord
from sync.models.connection import Role
from sync.models.revenue import Engine
from sync.rates import converted
from sync.revenue.parts import parts_of
from sync.revenue.schedules import engine_name
from sync.states import Condition

#: setting of an ERP's connection: it makes schedules of its own and tells them
TELLS = "revenue_schedules"
#: how long an ERP may take to make its schedule of a document it has
PATIENCE = timedelta(days=1)


def is_compared(entity: LegalEntity) -> bool:
    """Whether a company's revenue is another engine's, and its ERP's connection tells schedules."""
    today = clock.business_date(entity)
    if engine_name(entity, on=today) == Engine.PORTAL:
        return False
    routes = EntityRoute.objects.filter(entity=entity, role=Role.ERP, is_shadow=False).select_related("connection")
    route = in_force(routes, on=today)
    return route is not None and bool(route.connection.settings.get(TELLS))


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """Every month of schedules that are another engine's and not over for long, of documents the ERP has had for a day:
    in the company's own money, at the rate the document was sent with. The status names the arrangement.
    """
    rows = list(
        RevenueScheduleRecord.objects.filter(legal_entity=entity, ends_on__gte=compared_from(day))
        .exclude(engine=Engine.PORTAL)
        .order_by("reference")
    )
    named = {row.invoice_reference for row in rows}
    invoices = {row.reference: row for row in InvoiceRecord.objects.filter(reference__in=named).exclude(status="void")}
    there = _there(named)
    items = {
        (invoice, line): item
        for invoice, line, item in InvoiceLineRecord.objects.filter(invoice__reference__in=named).values_list(
            "invoice__reference", "line_id", "erp_item"
        )
    }
    found = []
    for row in rows:
        invoice = invoices.get(row.invoice_reference)
        if invoice is None or row.invoice_reference not in there:
            continue
        item = items.get((row.invoice_reference, row.line_id), "")
        found += _months(row, invoice, item, entity)
    return found


def _there(references: Collection[str]) -> set[str]:
    """Which documents the ERP has had for long enough."""
    rows = Delivery.objects.filter(
        reference__in=references,
        role=Role.ERP,
        kind="invoice",
        condition=Condition.SETTLED,
        delivered_at__lte=clock.now() - PATIENCE,
    )
    return set(rows.values_list("reference", flat=True))


def numbers_there(entity: LegalEntity, numbers: Collection[str]) -> set[str]:
    """Of these numbers, the invoices of ours that stand and that the ERP has had for long enough."""
    rows = InvoiceRecord.objects.filter(legal_entity=entity, number__in=numbers).exclude(status="void")
    by_reference = dict(rows.values_list("reference", "number"))
    return {by_reference[reference] for reference in _there(by_reference)}


def _months(row: RevenueScheduleRecord, invoice: InvoiceRecord, item: str, entity: LegalEntity) -> list[ControlLine]:
    own = entity.functional_currency
    rate = invoice.exchange_rate or Decimal(1)
    found, earned, before = [], Decimal(0), Decimal(0)
    for part in parts_of(row):
        earned += part.amount
        # what is earned so far is converted, so that the months sum to the whole whatever was rounded
        so_far = converted(earned, rate, own)
        found.append(
            ControlLine(
                reference=period_reference(
                    number=invoice.number,
                    item=item,
                    starts_on=row.starts_on,
                    ends_on=row.ends_on,
                    period=part.starts_on.replace(day=1),
                ),
                external_id=row.reference,
                document_date=part.starts_on.replace(day=1),
                currency=own,
                net=so_far - before,
                tax=Decimal(0),
                gross=so_far - before,
                label=f"{row.obligation} of {invoice.number}"[:200],
                status=row.arrangement_reference[:60],
            )
        )
        before = so_far
    return found
