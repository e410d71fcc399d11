"""A small company with three systems: one deal all the way to cash, one stopped, one waiting, one in doubt."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User

from connectors.interface import ControlLine as Line
from connectors.salesforce.ids import full_id
from q2c_portal.roles import make_roles
from reconciliation import staging
from sync import blocks, journal
from sync.models import (
    AllocationRecord,
    Attempt,
    Connection,
    ConnectionHealth,
    ContractLineRecord,
    ContractRecord,
    CustomerRecord,
    Delivery,
    EntityRoute,
    ExternalIdentity,
    InvoiceRecord,
    LegalEntity,
    PaymentRecord,
    PollCursor,
    SourceEvent,
    WorkItem,
)

DAY = date(2026, 11, 18)
START = datetime(2026, 11, 18, 5, 12, tzinfo=UTC)
TOKENS = {"consumer_key": "key", "consumer_secret": "secret", "token_id": "id", "token_secret": "secret"}


def sf_id(prefix: str, number: int) -> str:
    """A Salesforce id with its true suffix."""
    return full_id(f"{prefix}{number:012d}")


ACCOUNT, PAID, BLOCKED, WAITING, DOUBT = sf_id("001", 1), sf_id("006", 1), sf_id("006", 2), sf_id("006", 3), sf_id("006", 4)
STUCK_ACCOUNT = sf_id("001", 2)


def person(name: str, role: str) -> User:
    """Somebody with one role."""
    if not Group.objects.filter(name=role).exists():
        make_roles()
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True, "first_name": role})
    user.set_password("demo-demo-demo")
    user.save()
    user.groups.set([Group.objects.get(name=role)])
    return user


@dataclass
class Story:
    """What the tests look at."""

    salesforce: Connection
    stripe: Connection
    netsuite: Connection
    entity: LegalEntity
    events: int = 0
    lines: dict[tuple[str, str], list[Line]] = field(default_factory=dict)

    def event(self, source: Connection, kind: str, object_id: str, at: datetime) -> SourceEvent:
        self.events += 1
        return SourceEvent.objects.create(
            connection=source, source_event_id=f"event-{self.events}", body_sha256="0" * 64, kind=kind, object_id=object_id,
            received_at=at, via="callback", due_at=at, condition="settled", read_at=at, outcome="",
        )

    def item(self, flow: str, reference: str, *, event: SourceEvent, **values: Any) -> WorkItem:
        at = event.received_at
        done = values.get("condition", "settled") == "settled"
        common: dict[str, Any] = {
            "version": 1, "event": event, "entity": self.entity if done else None, "state": "transformed" if done else "received",
            "condition": "settled", "subject": {}, "due_at": at, "created_at": at, "currency": "USD",
            "validated_at": at + timedelta(seconds=1) if done else None, "transformed_at": at + timedelta(seconds=1) if done else None,
        }
        return WorkItem.objects.create(flow=flow, reference=reference, **{**common, **values})

    def deliver(self, item: WorkItem | None, target: Connection, *, kind: str, reference: str, external_id: str, **values: Any) -> Delivery:
        at = item.created_at + timedelta(seconds=2) if item else START + timedelta(seconds=9)
        settled = values.get("condition", "settled") == "settled"
        common: dict[str, Any] = {
            "target": target, "role": target.role, "queue": "deliver", "work_item": item, "kind": kind, "reference": reference,
            "version": 1, "delivery_key": f"{reference}@{values.get('version', 1)}:put", "serial_key": reference,
            "correlation_id": item.correlation_id if item else "", "entity": self.entity, "subject": "{}", "subject_sha256": "0" * 64,
            "amount": item.amount if item else None, "currency": item.currency if item else "", "title": item.title if item else "",
            "customer_name": item.customer_name if item else "", "state": "acknowledged" if settled else "transformed",
            "condition": "settled", "due_at": at, "created_at": at, "delivered_at": at if settled else None,
            "external_id": external_id, "attempts": 1, "document_date": DAY,
        }
        row = Delivery.objects.create(**{**common, **values})
        if external_id:
            ExternalIdentity.objects.create(connection=target, kind=kind, reference=reference, external_id=external_id, since=at)
            Attempt.objects.create(
                delivery=row, round=1, generation=1, fence=1, request_key="q2c-key", started_at=at, finished_at=at, outcome="receipt",
                http_status=200,
            )
        return row


def begin() -> Story:
    """Three connections, one company, one customer."""
    salesforce, stripe, netsuite = (
        Connection(code="salesforce", label="Salesforce", system="salesforce", role="crm", base_url="http://127.0.0.1:9", is_sandbox=True, settings={"organization_id": sf_id("00D", 1)}),
        Connection(code="stripe", label="Stripe", system="stripe_billing", role="billing", base_url="http://127.0.0.1:9", is_sandbox=True),
        Connection(code="netsuite", label="NetSuite", system="netsuite", role="erp", base_url="http://127.0.0.1:9", is_sandbox=True, settings={"account": "TSTDRV1", "sign_in": "tba"}),
    )
    salesforce.put_secrets(client_id="id", client_secret="not told")
    stripe.put_secrets(api_key="sk_test_not_told", read_key="rk_test_not_told")
    netsuite.put_secrets(**TOKENS)
    for row in (salesforce, stripe, netsuite):
        row.save()
        ConnectionHealth.objects.create(connection=row, last_success_at=START)
    entity = LegalEntity.objects.create(
        code="US01", name="United States", functional_currency="USD", country="US", time_zone="America/New_York", business_date=DAY,
    )
    for row in (salesforce, stripe, netsuite):
        EntityRoute.objects.create(entity=entity, role=row.role, connection=row, company_code="1", valid_from=date(2026, 1, 1))
    PollCursor.objects.create(connection=stripe, stream="events", cursor="evt_100", polled_at=START, found=2)
    return Story(salesforce=salesforce, stripe=stripe, netsuite=netsuite, entity=entity)


def customer(story: Story) -> None:
    """A customer in every system, and one whose country nobody knows."""
    reference = f"customer:{ACCOUNT}"
    common = {"correlation_id": reference, "title": "Cancity", "customer_reference": reference, "customer_name": "Cancity"}
    item = story.item("customer_sync", reference, event=story.event(story.salesforce, "account", ACCOUNT, START), **common)
    CustomerRecord.objects.create(
        reference=reference, version=1, correlation_id=reference, legal_entity=story.entity, currency="USD", source_system="salesforce",
        source_event="1", crm_account_id=ACCOUNT, name="Cancity", address={"country": "US"}, updated_at=START,
    )
    story.deliver(item, story.stripe, kind="customer", reference=reference, external_id="cus_1")
    story.deliver(item, story.netsuite, kind="customer", reference=reference, external_id="501")
    stuck = f"customer:{STUCK_ACCOUNT}"
    story.item(
        "customer_sync", stuck, event=story.event(story.salesforce, "account", STUCK_ACCOUNT, START), correlation_id=stuck, title="Bioholding",
        customer_reference=stuck, customer_name="Bioholding", condition="blocked",
    )
    blocks.put([blocks.Stop(work_item=WorkItem.objects.get(reference=stuck), reason="COUNTRY_UNKNOWN", field="Billing country", value="Philipines")])


def deal(story: Story, own_id: str, amount: str, **values: Any) -> WorkItem:
    """A won deal as it came."""
    named = {"customer_reference": f"customer:{ACCOUNT}", "customer_name": "Cancity", **values}
    return story.item(
        "closed_won_to_billing", f"contract:{own_id}", event=story.event(story.salesforce, "opportunity", own_id, START),
        correlation_id=f"deal:{own_id}", title=f"Deal {own_id}", amount=Decimal(amount), effective_on=DAY, **named,
    )


def paid_deal(story: Story) -> None:
    """Opportunity to cash: contract, subscription, invoice, payment, application, status in the CRM."""
    reference, cid = f"contract:{PAID}", f"deal:{PAID}"
    item = deal(story, PAID, "4821.00")
    shared = {"version": 1, "correlation_id": cid, "legal_entity": story.entity, "currency": "USD", "source_event": "1", "created_at": START}
    contract = ContractRecord.objects.create(
        reference=reference, source_system="salesforce", crm_opportunity_id=PAID, customer_reference=f"customer:{ACCOUNT}",
        modification_kind="new", modification_number=1, record_revision=1, signed_on=DAY, starts_on=DAY, ends_on=DAY + timedelta(days=364),
        amount=Decimal("4821"), billing_frequency="annual_in_advance", payment_terms_days=30, **shared,
    )
    ContractLineRecord.objects.create(
        contract=contract, line_id="1", crm_product="GTX Pro", description="GTX Pro", quantity=1, unit_price=4821, amount=4821, list_amount=5482,
        discount=661, starts_on=DAY, ends_on=DAY + timedelta(days=364), billing_product="prod_1", erp_item="GTXPRO",
        revenue_treatment="ratable", tax_class="zero", destination="billing",
    )
    story.deliver(item, story.stripe, kind="contract", reference=reference, external_id="sub_1", state="reconciled", reconciled_at=START + timedelta(hours=3))
    invoice = "invoice:stripe:in_1"
    invoice_item = story.item(
        "invoice_to_erp", invoice, event=story.event(story.stripe, "invoice.finalized", "in_1", START + timedelta(minutes=1)), correlation_id=cid,
        title="Invoice ABC-0001", amount=Decimal("4821"), effective_on=DAY, customer_reference=f"customer:{ACCOUNT}", customer_name="Cancity",
    )
    InvoiceRecord.objects.create(
        reference=invoice, source_system="stripe_billing", number="ABC-0001", billing_id="in_1", customer_reference=f"customer:{ACCOUNT}",
        contract_reference=reference, document_date=DAY, posting_date=DAY, tax_point=DAY, due_on=DAY + timedelta(days=30), net=4821, tax=0,
        total=4821, status="issued", **shared,
    )
    story.deliver(
        invoice_item, story.netsuite, kind="invoice", reference=invoice, external_id="9001", state="reconciled", posting_date=DAY,
        posted_at=START + timedelta(minutes=2), reconciled_at=START + timedelta(hours=3),
    )
    payment, allocation = "payment:stripe:pi_1", "allocation:stripe:inpay_1"
    payment_item = story.item(
        "payment_to_erp", payment, event=story.event(story.stripe, "invoice.paid", "in_1", START + timedelta(minutes=3)), correlation_id=cid,
        title="Payment pi_1", amount=Decimal("4821"), effective_on=DAY,
    )
    PaymentRecord.objects.create(
        reference=payment, source_system="stripe_billing", gateway_id="pi_1", customer_reference=f"customer:{ACCOUNT}", origin="gateway",
        received_on=DAY, amount=4821, **shared,
    )
    story.deliver(payment_item, story.netsuite, kind="payment", reference=payment, external_id="9002", state="posted", posted_at=START + timedelta(minutes=4))
    applied = story.item("cash_application", allocation, event=payment_item.event, correlation_id=cid, title="Cash application", amount=Decimal("4821"), effective_on=DAY)
    AllocationRecord.objects.create(
        reference=allocation, source_system="stripe_billing", payment_reference=payment, invoice_reference=invoice,
        customer_reference=f"customer:{ACCOUNT}", applied_on=DAY, amount=4821, **shared,
    )
    story.deliver(applied, story.netsuite, kind="allocation", reference=allocation, external_id="9002:9001", state="posted", posted_at=START + timedelta(minutes=5))
    story.deliver(None, story.salesforce, kind="feedback", reference=f"feedback:Opportunity:{PAID}", external_id=PAID, correlation_id=cid, is_required=False)
    journal.note([journal.Fact(action="carried", object_kind="contract", object_key=reference, correlation_id=cid, text=f"Deal {PAID} was checked, mapped and handed to the outbox.")])


def troubled_deals(story: Story) -> None:
    """One blocked by its product, one waiting for its customer, one whose invoice nobody knows to have arrived."""
    item = deal(story, BLOCKED, "4821.00", condition="blocked")
    blocks.put([blocks.Stop(work_item=item, reason="PRODUCT_UNMAPPED", field="Product", value="GTXPro")])
    stuck = f"customer:{STUCK_ACCOUNT}"
    deal(story, WAITING, "55.00", condition="waiting", state="validated", waits_for=stuck, customer_reference=stuck, customer_name="Bioholding")
    item = deal(story, DOUBT, "550.00")
    story.deliver(item, story.stripe, kind="contract", reference=f"contract:{DOUBT}", external_id="sub_4")
    invoice = story.item(
        "invoice_to_erp", "invoice:stripe:in_4", event=story.event(story.stripe, "invoice.finalized", "in_4", START), correlation_id=f"deal:{DOUBT}",
        title="Invoice ABC-0004", amount=Decimal("550"), effective_on=DAY,
    )
    row = story.deliver(
        invoice, story.netsuite, kind="invoice", reference="invoice:stripe:in_4", external_id="", condition="in_doubt", in_doubt_since=START,
    )
    Attempt.objects.create(delivery=row, round=1, generation=1, fence=1, request_key="q2c-4", started_at=START, outcome="unknown", text="read timed out")


def whole() -> Story:
    """Everything above."""
    story = begin()
    customer(story)
    paid_deal(story)
    troubled_deals(story)
    return story


# -- controls -----------------------------------------------------------------------------------------
def line(reference: str, amount: str, external_id: str, *, label: str, day: date = DAY) -> Line:
    """One document as a system lists it."""
    value = Decimal(amount)
    return Line(
        reference=reference, external_id=external_id, document_date=day, currency="USD", net=value, tax=Decimal(0), gross=value, label=label,
        status="open", counterparty="Cancity",
    )


class Sides:
    """Both sides of every control, answered from memory in place of the network."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.lines: dict[tuple[str, str], list[Line]] = {}

    def read_side(self, control: Any, side: Any, *, entity: LegalEntity, business_date: date, source: Connection, company_code: str) -> Any:
        """Stands where reconciliation.staging.read_side does."""
        lines = [one for one in self.lines.get((control.name, side.value), []) if control.as_of or one.document_date == business_date]
        return staging.stage(
            control, side, entity=entity, business_date=business_date, source=source, lines=lines, pages=1, source_count=len(lines),
            query=f"documents of {business_date}",
        )

    def deals(self) -> None:
        """Leg one: four sold, two billed; the other two have a case or wait for one."""
        name = "committed_vs_contracted"
        sold = [(PAID, "4821.00"), (BLOCKED, "4821.00"), (WAITING, "55.00"), (DOUBT, "550.00")]
        self.lines[name, "left"] = [line(f"contract:{own}", amount, own, label=f"Deal {own}") for own, amount in sold]
        self.lines[name, "right"] = [line(f"contract:{own}", amount, f"sub_{own}", label=f"Subscription sub_{own}") for own, amount in (sold[0], sold[3])]

    def invoices(self, *, posted: str = "4821.00") -> None:
        """Leg two: two issued; one posted with this amount, the other in doubt."""
        self.lines["invoices", "left"] = [line("invoice:stripe:in_1", "4821.00", "in_1", label="ABC-0001"), line("invoice:stripe:in_4", "550.00", "in_4", label="ABC-0004")]
        self.lines["invoices", "right"] = [line("invoice:stripe:in_1", posted, "9001", label="ABC-0001")]


