"""A small company for tests: one entity, three systems on paper, approved mappings, people, and shapes to carry."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from connectors.canonical import (
    Address,
    Allocation,
    Canonical,
    ContractLine,
    CreditMemo,
    CreditMemoLine,
    Customer,
    DocumentVoid,
    Invoice,
    InvoiceLine,
    Payment,
    SubscriptionContract,
    WriteOff,
)
from connectors.interface import Period
from q2c_portal.roles import make_roles
from sync import clock, outbox, work
from sync.connections import health_of
from sync.models import (
    AccountingPeriod,
    Connection,
    Delivery,
    EntityMapping,
    EntityRoute,
    LegalEntity,
    ProductMapping,
    SourceEvent,
    SourceEventBody,
    WorkItem,
)
from tests.paper_erp import books

DAY = date(2026, 5, 13)
FIRST_DAY = date(2026, 5, 1)


def person(name: str, *roles: str, superuser: bool = False) -> User:
    """Somebody with these roles."""
    if roles and not Group.objects.filter(name=roles[0]).exists():
        make_roles()
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": superuser})
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def account_id(number: int) -> str:
    return f"001{number:015d}"


def deal_id(number: int) -> str:
    return f"006{number:015d}"


def customer(number: int = 1, **values: Any) -> Customer:
    """An account as the CRM has it: the country as people wrote it."""
    country = values.pop("country", "United States")
    key = account_id(number)
    plain = Customer(
        reference=f"customer:{key}",
        version=1,
        correlation_id=f"customer:{key}",
        crm_account_id=key,
        name=f"Customer {number}",
        address=Address(country=country),
        source_system="paper_crm",
    )
    return replace(plain, **values)


def deal(
    number: int = 1, *, of: int = 1, amount: str = "100.00", product: str = "Basic", **values: Any
) -> SubscriptionContract:
    """A won deal with one line over its whole amount."""
    key, signed = deal_id(number), values.pop("signed_on", DAY)
    ends, money = signed + timedelta(days=364), Decimal(amount)
    one = ContractLine(
        line_id="1",
        crm_product=product,
        description="",
        quantity=Decimal(1),
        unit_price=money,
        amount=money,
        list_amount=Decimal(0),
        discount=Decimal(0),
        starts_on=signed,
        ends_on=ends,
    )
    plain = SubscriptionContract(
        reference=f"contract:{key}",
        version=1,
        correlation_id=f"deal:{key}",
        currency="USD",
        crm_opportunity_id=key,
        customer_reference=f"customer:{account_id(of)}",
        modification_kind="new",
        modification_number=1,
        record_revision=1,
        signed_on=signed,
        starts_on=signed,
        ends_on=ends,
        amount=money,
        lines=(one,),
        commitment=(("is_won", "true"), ("approval", "Approved")),
        source_system="paper_crm",
    )
    return replace(plain, **values)


def invoice(
    number: int = 1, *, of_deal: int = 1, amount: str = "100.00", product: str = "basic", **values: Any
) -> Invoice:
    """An invoice as billing issued it, of one line."""
    money, day = Decimal(amount), values.pop("day", DAY)
    one = InvoiceLine(
        line_id="1",
        description="One year",
        quantity=Decimal(1),
        net=money,
        tax=Decimal("0.00"),
        tax_code="",
        service_starts_on=day,
        service_ends_on=day + timedelta(days=364),
        billing_product=product,
    )
    plain = Invoice(
        reference=f"invoice:paper:in_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        number=f"INV-{number:04d}",
        billing_id=f"in_{number}",
        customer_reference="",
        contract_reference=f"contract:{deal_id(of_deal)}",
        document_date=day,
        posting_date=day,
        tax_point=day,
        due_on=day + timedelta(days=30),
        net=money,
        tax=Decimal("0.00"),
        total=money,
        lines=(one,),
        source_system="paper_billing",
    )
    return replace(plain, **values)


def payment(number: int = 1, *, of_invoice: int = 1, amount: str = "100.00") -> Payment:
    return Payment(
        reference=f"payment:paper:pi_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        gateway_id=f"pi_{number}",
        customer_reference="",
        origin="gateway",
        received_on=DAY,
        amount=Decimal(amount),
        pays_reference=f"invoice:paper:in_{of_invoice}",
        source_system="paper_billing",
    )


def allocation(number: int = 1, *, of_invoice: int = 1, amount: str = "100.00") -> Allocation:
    return Allocation(
        reference=f"allocation:paper:pi_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        payment_reference=f"payment:paper:pi_{number}",
        invoice_reference=f"invoice:paper:in_{of_invoice}",
        customer_reference="",
        applied_on=DAY,
        amount=Decimal(amount),
        source_system="paper_billing",
    )


def credit_memo(
    number: int = 1, *, of_invoice: int = 1, amount: str = "40.00", line: str = "1", **values: Any
) -> CreditMemo:
    """A credit memo of one line, as billing issued it: what only the invoice knows is empty."""
    money, day = Decimal(amount), values.pop("day", DAY)
    one = CreditMemoLine(
        line_id="1",
        invoice_line_id=line,
        description="",
        quantity=Decimal(1),
        net=money,
        tax=Decimal("0.00"),
        tax_code="",
        service_starts_on=day,
        service_ends_on=day,
    )
    plain = CreditMemo(
        reference=f"credit_memo:paper:cn_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        number=f"CN-{number:04d}",
        billing_id=f"cn_{number}",
        customer_reference="",
        contract_reference="",
        refers_to=f"invoice:paper:in_{of_invoice}",
        reason_code="order_change",
        document_date=day,
        posting_date=day,
        tax_point=day,
        net=money,
        tax=Decimal("0.00"),
        total=money,
        applied=money,
        lines=(one,),
        source_system="paper_billing",
    )
    return replace(plain, **values)


def void(number: int = 1, *, of: Invoice | CreditMemo | None = None, day: date = DAY, **values: Any) -> DocumentVoid:
    """The void of a document, by default of invoice 1."""
    document = of or invoice(number)
    invoice_reference = document.reference if isinstance(document, Invoice) else document.refers_to
    plain = DocumentVoid(
        reference=f"void:paper:{document.billing_id}",
        version=1,
        correlation_id="",
        currency=document.currency,
        voids=document.reference,
        voided_kind=document.kind,
        number=document.number,
        invoice_reference=invoice_reference,
        customer_reference="",
        contract_reference="",
        voided_on=day,
        posting_date=day,
        net=document.net,
        tax=document.tax,
        total=document.total,
        applied=document.total,
        source_system="paper_billing",
    )
    return replace(plain, **values)


def write_off(number: int = 1, *, amount: str = "100.00", day: date = DAY, **values: Any) -> WriteOff:
    """An invoice billing has given up."""
    plain = WriteOff(
        reference=f"write_off:paper:in_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        invoice_reference=f"invoice:paper:in_{number}",
        number=f"INV-{number:04d}",
        customer_reference="",
        contract_reference="",
        written_off_on=day,
        posting_date=day,
        amount=Decimal(amount),
        source_system="paper_billing",
    )
    return replace(plain, **values)


@dataclass
class Company:
    """What a test starts from."""

    entity: LegalEntity
    crm: Connection
    billing: Connection
    erp: Connection
    drafter: User
    approver: User
    events: int = field(default=0)

    def event(
        self, *, source: Connection | None = None, kind: str = "object", object_id: str = "1", **values: Any
    ) -> SourceEvent:
        """An event in the inbox, as taken in."""
        self.events += 1
        now = clock.now()
        row = SourceEvent.objects.create(
            connection=source or self.crm,
            source_event_id=f"event-{self.events}",
            body_sha256="0" * 64,
            kind=kind,
            object_id=object_id,
            received_at=now,
            via="callback",
            due_at=now,
            **values,
        )
        SourceEventBody.objects.create(event=row, raw=json.dumps({"event": self.events}).encode())
        return row

    def hears(self, *shapes: Canonical, source: Connection | None = None, revision: int = 0) -> list[WorkItem]:
        """These shapes are said, each by an event of its own, and worked at once; the items they concern."""
        heard = [(self.event(source=source, revision=revision, condition="settled"), shape) for shape in shapes]
        with transaction.atomic():
            items, _ = work.register(heard)
        work.work(items)
        return list(WorkItem.objects.filter(reference__in=[shape.reference for shape in shapes]).order_by("pk"))

    def carries(self, *queues: str) -> int:
        return sum(outbox.carry_due(queue) for queue in queues or ("deliver", "posting"))

    def settles(self) -> None:
        """Work and carry until nothing moves any more."""
        while work.work_due() or self.carries():
            pass

    def sells(self, number: int = 1, *, amount: str = "100.00", **values: Any) -> None:
        """A customer with a deal that is set up everywhere."""
        self.hears(customer(values.get("of", 1)))
        self.hears(deal(number, amount=amount, **values))
        self.settles()

    def bills(self, number: int = 1, *, of_deal: int = 1, amount: str = "100.00", **values: Any) -> Delivery:
        """An invoice, issued and owed to the ERP, not carried yet."""
        shape = invoice(number, of_deal=of_deal, amount=amount, **values)
        self.hears(shape, source=self.billing)
        return Delivery.objects.get(reference=shape.reference)

    def period(self, state: str, *, starts: date = FIRST_DAY, ends: date = date(2026, 5, 31)) -> AccountingPeriod:
        """One period of the ERP's receivables, as mirrored and as the ERP itself has it."""
        books(self.erp.code).periods.append(
            Period(external_id=f"{starts:%Y-%m}", module="ar", starts_on=starts, ends_on=ends, state=state)
        )
        return AccountingPeriod.objects.create(
            entity=self.entity,
            connection=self.erp,
            starts_on=starts,
            ends_on=ends,
            state=state,
            external_id=f"{starts:%Y-%m}",
            mirrored_at=clock.now(),
        )

    def map_product(
        self, crm_product: str, *, name: str = "Basic", price: str = "100.00", **values: Any
    ) -> ProductMapping:
        now = clock.now()
        common: dict[str, Any] = {
            "status": "approved",
            "valid_from": date(2025, 1, 1),
            "drafted_by": self.drafter,
            "drafted_at": now,
            "approved_by": self.approver,
            "approved_at": now,
            "currency": "USD",
            "tax_class": "zero",
        }
        return ProductMapping.objects.create(
            crm_product=crm_product,
            product_name=name,
            list_price=Decimal(price),
            billing_product=name.lower(),
            erp_item=name.lower(),
            revenue_treatment="ratable_over_term",
            **{**common, **values},
        )


def found_company() -> Company:
    """Make it all."""
    entity = LegalEntity.objects.create(
        code="US01",
        name="Test company",
        functional_currency="USD",
        country="US",
        time_zone="America/New_York",
        business_date=DAY + timedelta(days=1),
        dimension_defaults={"department": "4"},
    )
    rows = {}
    for role in ("crm", "billing", "erp"):
        row = Connection(
            code=role,
            label=f"Paper {role.upper()}",
            system=f"paper_{role}",
            role=role,
            base_url="http://127.0.0.1:9",
            is_sandbox=True,
            rate_per_second=1000,
            concurrency=16,
        )
        row.save()
        health_of(row)
        rows[role] = row
        EntityRoute.objects.create(entity=entity, role=role, connection=row, company_code="1", valid_from=FIRST_DAY)
    drafter, approver = person("drafter"), person("approver.of.mappings")
    found = Company(entity=entity, drafter=drafter, approver=approver, **rows)
    found.map_product("Basic")
    now = datetime(2025, 1, 1, tzinfo=UTC)
    EntityMapping.objects.create(
        country="*",
        entity=entity,
        status="approved",
        valid_from=date(2025, 1, 1),
        drafted_by=drafter,
        drafted_at=now,
        approved_by=approver,
        approved_at=now,
    )
    return found
