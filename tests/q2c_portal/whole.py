"""A portal in which every table with a page has at least one row."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib import admin

from reconciliation import approvals
from reconciliation.controls import runner
from reconciliation.models import (
    ApprovalRequest,
    CaseAct,
    CaseComment,
    ExceptionCase,
    FixItem,
    FixRun,
    Notice,
    OwnershipRule,
    ReconcilingItem,
    SignOff,
    Snooze,
)
from sync import clock
from sync.models import (
    AccountingPeriod,
    ConflictingDuplicate,
    CountryMapping,
    CrmStatusRecord,
    Delivery,
    DunningRecord,
    EntityMapping,
    LatePosting,
    LearnedAnswer,
    PostingWindow,
    ProductMapping,
    RefusedCall,
    RevenueEngine,
    SourceEvent,
    SourceEventBody,
    StrayCalls,
)
from tests.any_row import any_row
from tests.reconciliation.views import story as told

#: tables of our own that have pages
OURS = [model for model in admin.site._registry if model._meta.app_label in ("sync", "reconciliation")]


def whole(monkeypatch: pytest.MonkeyPatch) -> told.Story:
    """At least one row of every table that has a page."""
    story = told.whole()
    sides = told.sides_of(story, posted="4281.00")
    monkeypatch.setattr(runner.staging, "read_side", sides.read_side)
    runner.run("invoices", entity=story.entity, business_date=told.DAY)
    drafter, approver = told.person("drafter", "Billing operations"), told.person("approver", "Finance approver")
    now = clock.now()
    approved: dict[str, Any] = {
        "status": "approved",
        "valid_from": date(2026, 1, 1),
        "drafted_by": drafter,
        "drafted_at": now,
        "approved_by": approver,
        "approved_at": now,
    }
    ProductMapping.objects.create(
        crm_product="GTX Pro",
        product_name="GTX Pro",
        list_price=4821,
        currency="USD",
        billing_product="prod",
        erp_item="1",
        revenue_treatment="ratable",
        tax_class="zero",
        **approved,
    )
    CountryMapping.objects.create(written="Korea, Republic", country="KR", **approved)
    LearnedAnswer.objects.create(system="netsuite", words="is locked by", reason="POSTING_ON_HOLD", **approved)
    EntityMapping.objects.create(country="*", entity=story.entity, **approved)
    event = SourceEvent.objects.first()
    assert event is not None
    SourceEventBody.objects.create(event=event, raw=b'{"a": 1}', headers={"content-type": "application/json"})
    ConflictingDuplicate.objects.create(event=event, body_sha256="1" * 64, raw=b"{}", received_at=now)
    RefusedCall.objects.create(connection=story.stripe, at=now, problem="id is missing", raw=b"{")
    StrayCalls.objects.create(door="salesforce", day=now.date(), count=1, last_at=now)
    CrmStatusRecord.objects.create(
        connection=story.salesforce,
        reference="feedback:Opportunity:1",
        correlation_id="deal:1",
        crm_object="Opportunity",
        crm_record_id="1",
        changed_at=now,
    )
    DunningRecord.objects.create(
        reference="dunning:1",
        version=1,
        correlation_id="deal:1",
        legal_entity=story.entity,
        currency="USD",
        invoice_reference="invoice:1",
        failed_tries=1,
        updated_at=now,
    )
    LatePosting.objects.create(
        delivery=Delivery.objects.filter(role="erp").first(),
        entity=story.entity,
        title="Invoice 1",
        amount=100,
        currency="USD",
        document_date=date(2026, 9, 30),
        posting_date=date(2026, 10, 1),
        crosses="quarter",
        moved_at=now,
    )
    AccountingPeriod.objects.create(
        entity=story.entity,
        connection=story.netsuite,
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 11, 30),
        state="open",
        external_id="1",
        mirrored_at=now,
    )
    PostingWindow.objects.create(entity=story.entity, kind="invoice")
    OwnershipRule.objects.create(reason="PERIOD_CLOSED", team="finance")
    case = ExceptionCase.objects.order_by("pk").first()
    assert case is not None
    CaseComment.objects.create(case=case, user=drafter, text="Looks known", at=now)
    request = ApprovalRequest.objects.create(
        kind="configuration",
        fix="map_product",
        title="Map GTXPro",
        problem=case.problem,
        change={},
        change_sha256="2" * 64,
        rule="Mappings",
        policy=approvals.policy(),
        asked_by=drafter,
        asked_at=now,
        expires_at=now,
    )
    run = FixRun.objects.create(
        fix="map_product", request=request, problem=case.problem, started_by=drafter, started_at=now
    )
    FixItem.objects.create(run=run, place=1, case=case)
    accounts = {f"{name}_account": "1" for name in ("deferred", "revenue", "unbilled")}
    any_row(RevenueEngine, entity=story.entity, engine="portal", **accounts, **approved)
    any_row(SignOff, prepared_by=drafter)
    any_row(ReconcilingItem, kind="rounding")
    any_row(Snooze, until=now + timedelta(days=1))
    any_row(Notice, person=drafter)
    any_row(CaseAct, before={"team": "sales_ops"}, after={"team": "finance"})
    for model in OURS:
        if not model._default_manager.exists():
            any_row(model)
    return story
