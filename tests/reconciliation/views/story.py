"""What happened there: one deal all the way to cash, one stopped, one waiting, one in doubt."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sync import blocks, journal
from sync.models import (
    AllocationRecord,
    Attempt,
    ContractLineRecord,
    ContractRecord,
    CustomerRecord,
    InvoiceRecord,
    PaymentRecord,
    WorkItem,
)
from tests.reconciliation.views.company import DAY, START, Story, begin, person, sf_id
from tests.reconciliation.views.sides import Sides

__all__ = ["DAY", "START", "Sides", "Story", "person", "sf_id"]
ACCOUNT, PAID, BLOCKED, WAITING, DOUBT = (
    sf_id("001", 1),
    sf_id("006", 1),
    sf_id("006", 2),
    sf_id("006", 3),
    sf_id("006", 4),
)
STUCK_ACCOUNT = sf_id("001", 2)


def customer(story: Story) -> None:
    """A customer in every system, and one whose country nobody knows."""
    reference = f"customer:{ACCOUNT}"
    common = {
        "correlation_id": reference,
        "title": "Cancity",
        "customer_reference": reference,
        "customer_name": "Cancity",
    }
    item = story.item(
        "customer_sync", reference, event=story.event(story.salesforce, "account", ACCOUNT, START), **common
    )
    CustomerRecord.objects.create(
        reference=reference,
        version=1,
        correlation_id=reference,
        legal_entity=story.entity,
        currency="USD",
        source_system="salesforce",
        source_event="1",
        crm_account_id=ACCOUNT,
        name="Cancity",
        address={"country": "US"},
        updated_at=START,
    )
    story.deliver(item, story.stripe, kind="customer", reference=reference, external_id="cus_1")
    story.deliver(item, story.netsuite, kind="customer", reference=reference, external_id="501")
    stuck = f"customer:{STUCK_ACCOUNT}"
    story.item(
        "customer_sync",
        stuck,
        event=story.event(story.salesforce, "account", STUCK_ACCOUNT, START),
        correlation_id=stuck,
        title="Bioholding",
        customer_reference=stuck,
        customer_name="Bioholding",
        condition="blocked",
    )
    blocks.put(
        [
            blocks.Stop(
                work_item=WorkItem.objects.get(reference=stuck),
                reason="COUNTRY_UNKNOWN",
                field="Billing country",
                value="Philipines",
            )
        ]
    )


def deal(story: Story, own_id: str, amount: str, **values: Any) -> WorkItem:
    """A won deal as it came."""
    named = {"customer_reference": f"customer:{ACCOUNT}", "customer_name": "Cancity", **values}
    return story.item(
        "closed_won_to_billing",
        f"contract:{own_id}",
        event=story.event(story.salesforce, "opportunity", own_id, START),
        correlation_id=f"deal:{own_id}",
        title=f"Deal {own_id}",
        amount=Decimal(amount),
        effective_on=DAY,
        **named,
    )


def paid_deal(story: Story) -> None:
    """Opportunity to cash: contract, subscription, invoice, payment, application, status in the CRM."""
    reference, cid = f"contract:{PAID}", f"deal:{PAID}"
    item = deal(story, PAID, "4821.00")
    shared = {
        "version": 1,
        "correlation_id": cid,
        "legal_entity": story.entity,
        "currency": "USD",
        "source_event": "1",
        "created_at": START,
    }
    contract = ContractRecord.objects.create(
        reference=reference,
        source_system="salesforce",
        crm_opportunity_id=PAID,
        customer_reference=f"customer:{ACCOUNT}",
        modification_kind="new",
        modification_number=1,
        record_revision=1,
        signed_on=DAY,
        starts_on=DAY,
        ends_on=DAY + timedelta(days=364),
        amount=Decimal("4821"),
        billing_frequency="annual_in_advance",
        payment_terms_days=30,
        **shared,
    )
    ContractLineRecord.objects.create(
        contract=contract,
        line_id="1",
        crm_product="GTX Pro",
        description="GTX Pro",
        quantity=1,
        unit_price=4821,
        amount=4821,
        list_amount=5482,
        discount=661,
        starts_on=DAY,
        ends_on=DAY + timedelta(days=364),
        billing_product="prod_1",
        erp_item="GTXPRO",
        revenue_treatment="ratable",
        tax_class="zero",
        destination="billing",
    )
    story.deliver(
        item,
        story.stripe,
        kind="contract",
        reference=reference,
        external_id="sub_1",
        state="reconciled",
        reconciled_at=START + timedelta(hours=3),
    )
    invoice = "invoice:stripe:in_1"
    invoice_item = story.item(
        "invoice_to_erp",
        invoice,
        event=story.event(story.stripe, "invoice.finalized", "in_1", START + timedelta(minutes=1)),
        correlation_id=cid,
        title="Invoice ABC-0001",
        amount=Decimal("4821"),
        effective_on=DAY,
        customer_reference=f"customer:{ACCOUNT}",
        customer_name="Cancity",
    )
    InvoiceRecord.objects.create(
        reference=invoice,
        source_system="stripe_billing",
        number="ABC-0001",
        billing_id="in_1",
        customer_reference=f"customer:{ACCOUNT}",
        contract_reference=reference,
        document_date=DAY,
        posting_date=DAY,
        tax_point=DAY,
        due_on=DAY + timedelta(days=30),
        net=4821,
        tax=0,
        total=4821,
        status="issued",
        **shared,
    )
    story.deliver(
        invoice_item,
        story.netsuite,
        kind="invoice",
        reference=invoice,
        external_id="9001",
        state="reconciled",
        posting_date=DAY,
        posted_at=START + timedelta(minutes=2),
        reconciled_at=START + timedelta(hours=3),
    )
    payment, allocation = "payment:stripe:pi_1", "allocation:stripe:inpay_1"
    payment_item = story.item(
        "payment_to_erp",
        payment,
        event=story.event(story.stripe, "invoice.paid", "in_1", START + timedelta(minutes=3)),
        correlation_id=cid,
        title="Payment pi_1",
        amount=Decimal("4821"),
        effective_on=DAY,
    )
    PaymentRecord.objects.create(
        reference=payment,
        source_system="stripe_billing",
        gateway_id="pi_1",
        customer_reference=f"customer:{ACCOUNT}",
        origin="gateway",
        received_on=DAY,
        amount=4821,
        **shared,
    )
    story.deliver(
        payment_item,
        story.netsuite,
        kind="payment",
        reference=payment,
        external_id="9002",
        state="posted",
        posted_at=START + timedelta(minutes=4),
    )
    applied = story.item(
        "cash_application",
        allocation,
        event=payment_item.event,
        correlation_id=cid,
        title="Cash application",
        amount=Decimal("4821"),
        effective_on=DAY,
    )
    AllocationRecord.objects.create(
        reference=allocation,
        source_system="stripe_billing",
        payment_reference=payment,
        invoice_reference=invoice,
        customer_reference=f"customer:{ACCOUNT}",
        applied_on=DAY,
        amount=4821,
        **shared,
    )
    story.deliver(
        applied,
        story.netsuite,
        kind="allocation",
        reference=allocation,
        external_id="9002:9001",
        state="posted",
        posted_at=START + timedelta(minutes=5),
    )
    story.deliver(
        None,
        story.salesforce,
        kind="feedback",
        reference=f"feedback:Opportunity:{PAID}",
        external_id=PAID,
        correlation_id=cid,
        is_required=False,
    )
    journal.note(
        [
            journal.Fact(
                action="carried",
                object_kind="contract",
                object_key=reference,
                correlation_id=cid,
                text=f"Deal {PAID} was checked, mapped and handed to the outbox.",
            )
        ]
    )


def troubled_deals(story: Story) -> None:
    """One blocked by its product, one waiting for its customer, one whose invoice nobody knows to have arrived."""
    item = deal(story, BLOCKED, "4821.00", condition="blocked")
    blocks.put([blocks.Stop(work_item=item, reason="PRODUCT_UNMAPPED", field="Product", value="GTXPro")])
    stuck = f"customer:{STUCK_ACCOUNT}"
    deal(
        story,
        WAITING,
        "55.00",
        condition="waiting",
        state="validated",
        waits_for=stuck,
        customer_reference=stuck,
        customer_name="Bioholding",
    )
    item = deal(story, DOUBT, "550.00")
    story.deliver(item, story.stripe, kind="contract", reference=f"contract:{DOUBT}", external_id="sub_4")
    invoice = story.item(
        "invoice_to_erp",
        "invoice:stripe:in_4",
        event=story.event(story.stripe, "invoice.finalized", "in_4", START),
        correlation_id=f"deal:{DOUBT}",
        title="Invoice ABC-0004",
        amount=Decimal("550"),
        effective_on=DAY,
    )
    row = story.deliver(
        invoice,
        story.netsuite,
        kind="invoice",
        reference="invoice:stripe:in_4",
        external_id="",
        condition="in_doubt",
        in_doubt_since=START,
    )
    Attempt.objects.create(
        delivery=row,
        round=1,
        generation=1,
        fence=1,
        request_key="q2c-4",
        started_at=START,
        outcome="unknown",
        text="read timed out",
    )


def more_unmapped(story: Story, count: int) -> None:
    """More deals that stopped for the same unknown product."""
    items = [
        deal(story, f"006MORE{number:011}", f"{number}00.00", condition="blocked") for number in range(1, count + 1)
    ]
    blocks.put(
        [blocks.Stop(work_item=item, reason="PRODUCT_UNMAPPED", field="Product", value="GTXPro") for item in items]
    )


def whole() -> Story:
    """Everything above."""
    story = begin()
    customer(story)
    paid_deal(story)
    troubled_deals(story)
    return story


def sides_of(story: Story, *, posted: str = "4821.00") -> Sides:
    """What the systems of this story list: four sold, two billed, one posted with this amount."""
    sides = Sides(story)
    sides.deals(paid=PAID, blocked=BLOCKED, waiting=WAITING, doubt=DOUBT)
    sides.invoices(posted=posted)
    return sides
