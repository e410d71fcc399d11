"""A company with three systems, and how a row of each table is made."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User

from connectors.interface import ControlLine as Line
from connectors.salesforce.ids import full_id
from q2c_portal.roles import make_roles
from sync.models import (
    Attempt,
    Connection,
    ConnectionHealth,
    Delivery,
    EntityRoute,
    ExternalIdentity,
    LegalEntity,
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
            connection=source,
            source_event_id=f"event-{self.events}",
            body_sha256="0" * 64,
            kind=kind,
            object_id=object_id,
            received_at=at,
            via="callback",
            due_at=at,
            condition="settled",
            read_at=at,
            outcome="",
        )

    def item(self, flow: str, reference: str, *, event: SourceEvent, **values: Any) -> WorkItem:
        at = event.received_at
        done = values.get("condition", "settled") == "settled"
        common: dict[str, Any] = {
            "version": 1,
            "event": event,
            "entity": self.entity if done else None,
            "state": "transformed" if done else "received",
            "condition": "settled",
            "subject": {},
            "due_at": at,
            "created_at": at,
            "currency": "USD",
            "validated_at": at + timedelta(seconds=1) if done else None,
            "transformed_at": at + timedelta(seconds=1) if done else None,
        }
        return WorkItem.objects.create(flow=flow, reference=reference, **{**common, **values})

    def deliver(
        self, item: WorkItem | None, target: Connection, *, kind: str, reference: str, external_id: str, **values: Any
    ) -> Delivery:
        at = item.created_at + timedelta(seconds=2) if item else START + timedelta(seconds=9)
        settled = values.get("condition", "settled") == "settled"
        common: dict[str, Any] = {
            "target": target,
            "role": target.role,
            "queue": "deliver",
            "work_item": item,
            "kind": kind,
            "reference": reference,
            "version": 1,
            "delivery_key": f"{reference}@{values.get('version', 1)}:put",
            "serial_key": reference,
            "correlation_id": item.correlation_id if item else "",
            "entity": self.entity,
            "subject": "{}",
            "subject_sha256": "0" * 64,
            "amount": item.amount if item else None,
            "currency": item.currency if item else "",
            "title": item.title if item else "",
            "customer_name": item.customer_name if item else "",
            "state": "acknowledged" if settled else "transformed",
            "condition": "settled",
            "due_at": at,
            "created_at": at,
            "delivered_at": at if settled else None,
            "external_id": external_id,
            "attempts": 1,
            "document_date": DAY,
        }
        row = Delivery.objects.create(**{**common, **values})
        if external_id:
            ExternalIdentity.objects.create(
                connection=target, kind=kind, reference=reference, external_id=external_id, since=at
            )
            Attempt.objects.create(
                delivery=row,
                round=1,
                generation=1,
                fence=1,
                request_key="q2c-key",
                started_at=at,
                finished_at=at,
                outcome="receipt",
                http_status=200,
            )
        return row


def begin() -> Story:
    """Three connections, one company, one customer."""
    salesforce, stripe, netsuite = (
        Connection(
            code="salesforce",
            label="Salesforce",
            system="salesforce",
            role="crm",
            base_url="http://127.0.0.1:9",
            is_sandbox=True,
            settings={"organization_id": sf_id("00D", 1)},
        ),
        Connection(
            code="stripe",
            label="Stripe",
            system="stripe_billing",
            role="billing",
            base_url="http://127.0.0.1:9",
            is_sandbox=True,
        ),
        Connection(
            code="netsuite",
            label="NetSuite",
            system="netsuite",
            role="erp",
            base_url="http://127.0.0.1:9",
            is_sandbox=True,
            settings={"account": "TSTDRV1", "sign_in": "tba"},
        ),
    )
    salesforce.put_secrets(client_id="id", client_secret="not told")
    stripe.put_secrets(api_key="sk_test_not_told", read_key="rk_test_not_told")
    netsuite.put_secrets(**TOKENS)
    for row in (salesforce, stripe, netsuite):
        row.save()
        ConnectionHealth.objects.create(connection=row, last_success_at=START)
    entity = LegalEntity.objects.create(
        code="US01",
        name="United States",
        functional_currency="USD",
        country="US",
        time_zone="America/New_York",
        business_date=DAY,
    )
    for row in (salesforce, stripe, netsuite):
        EntityRoute.objects.create(
            entity=entity, role=row.role, connection=row, company_code="1", valid_from=date(2026, 1, 1)
        )
    PollCursor.objects.create(connection=stripe, stream="events", cursor="evt_100", polled_at=START, found=2)
    return Story(salesforce=salesforce, stripe=stripe, netsuite=netsuite, entity=entity)
