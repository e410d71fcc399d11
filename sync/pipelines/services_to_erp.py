"""Services of a contract -> sales order in the ERP, which delivers and bills them; no event of its own leads here."""

from collections.abc import Sequence
from decimal import Decimal

from connectors.canonical import SalesOrder, SalesOrderLine, SubscriptionContract
from sync.models import LegalEntity, SalesOrderLineRecord, SalesOrderRecord
from sync.pipelines import records
from sync.pipelines.flow import Lookups, Owed

#: what a product mapping says of a line that goes this way
DESTINATION = "erp_sales_order"


def reference_of(contract_reference: str) -> str:
    """What the services of a contract are called in the ERP."""
    return f"order:{contract_reference.partition(':')[2]}"


def order_of(contract: SubscriptionContract, entity: LegalEntity) -> SalesOrder | None:
    """The contract's services as one order; None where it sells none."""
    services = [line for line in contract.lines if line.destination == DESTINATION]
    if not services:
        return None
    return SalesOrder(
        reference=reference_of(contract.reference),
        version=contract.version,
        correlation_id=contract.correlation_id,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        source_system=contract.source_system,
        source_event=contract.source_event,
        contract_reference=contract.reference,
        master_reference=contract.master_reference or contract.reference,
        customer_reference=contract.customer_reference,
        ordered_on=contract.signed_on,
        starts_on=min(line.starts_on for line in services),
        ends_on=max(line.ends_on for line in services),
        net=sum((line.amount for line in services), Decimal(0)),
        po_number=contract.po_number,
        lines=tuple(
            SalesOrderLine(
                line_id=line.line_id,
                description=line.description,
                quantity=line.quantity,
                net=line.amount,
                starts_on=line.starts_on,
                ends_on=line.ends_on,
                erp_item=line.erp_item,
                revenue_treatment=line.revenue_treatment,
                tax_class=line.tax_class,
                ship_to_reference=line.ship_to_reference,
                arrangement=line.arrangement,
                dimensions=tuple(sorted(entity.dimension_defaults.items())),
            )
            for line in services
        ),
    )


def store(orders: Sequence[SalesOrder], lookups: Lookups) -> None:
    """Write every version of these orders down, with its lines."""
    saved = records.put_versions(orders, SalesOrderRecord, lookups, stamp="created_at")
    SalesOrderLineRecord.objects.bulk_create(
        (
            SalesOrderLineRecord(
                order=saved[order.reference, order.version], **records.values_of(line, SalesOrderLineRecord)
            )
            for order in orders
            for line in order.lines
        ),
        ignore_conflicts=True,
    )


def owes(order: SalesOrder, lookups: Lookups) -> list[Owed]:
    """One order to the ERP, once the customer is there; an order posts nothing, so no period holds it up."""
    customer = lookups.customers[order.customer_reference]
    return [
        Owed(
            role="erp",
            subject=order,
            needs=(order.customer_reference,),
            document_date=order.ordered_on,
            amount=order.net,
            title=f"Services for {customer.name}",
            customer_name=customer.name,
        )
    ]
