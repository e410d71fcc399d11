"""What Salesforce should show: noted where facts happen, coalesced per record, sent in collections; never a ledger."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from connectors.canonical import Allocation, Canonical, CrmStatus, Customer, Invoice, SubscriptionContract, text
from connectors.interface import Receipt
from sync import bulk, clock, keys, outbox
from sync.mappings import in_force
from sync.models import CrmStatusRecord, Delivery, EntityRoute, InvoiceRecord, WorkItem

#: a record is sent this long after its last change, so that what changes in one go is one update
COALESCE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class Note:
    """Some fields one CRM record should show from now on."""

    connection_id: int
    crm_object: str
    record_id: str
    correlation_id: str
    fields: dict[str, str]

    @property
    def reference(self) -> str:
        return keys.reference("feedback", self.crm_object, self.record_id)


def put(notes: Sequence[Note]) -> None:
    """Merge these fields into the wanted state of their records; a version rises only when something changes."""
    if not notes:
        return
    merged: dict[str, Note] = {}
    fields: dict[str, dict[str, str]] = {}
    for note in notes:
        merged[note.reference] = note
        fields.setdefault(note.reference, {}).update(note.fields)
    now = clock.now()
    with transaction.atomic():
        CrmStatusRecord.objects.bulk_create(
            (
                CrmStatusRecord(
                    connection_id=note.connection_id,
                    reference=reference,
                    correlation_id=note.correlation_id,
                    crm_object=note.crm_object,
                    crm_record_id=note.record_id,
                    changed_at=now,
                )
                for reference, note in sorted(merged.items())
            ),
            ignore_conflicts=True,
        )
        rows = CrmStatusRecord.objects.select_for_update().filter(reference__in=list(merged)).order_by("reference")
        changed = []
        for row in rows:
            wanted = {**row.fields, **fields[row.reference]}
            if wanted != row.fields:
                row.fields, row.version, row.changed_at = wanted, row.version + 1, now
                changed.append(row)
        bulk.update(changed, ["fields", "version", "changed_at"])


def owe_due(limit: int = 2000) -> int:
    """Owe every record whose wanted state has rested for a moment and was not sent yet; how many."""
    now = clock.now()
    with transaction.atomic():
        rows = list(
            CrmStatusRecord.objects.select_for_update(skip_locked=True)
            .filter(version__gt=F("sent_version"), changed_at__lte=now - COALESCE)
            .order_by("changed_at")[:limit]
        )
        owed = []
        for row in rows:
            shape = CrmStatus(
                reference=row.reference,
                version=row.version,
                correlation_id=row.correlation_id,
                crm_object=row.crm_object,
                crm_record_id=row.crm_record_id,
                fields=tuple(sorted(row.fields.items())),
            )
            frozen = text(shape)
            owed.append(
                (
                    Delivery(
                        target_id=row.connection_id,
                        role="crm",
                        queue="notify",
                        kind=shape.kind,
                        reference=row.reference,
                        version=row.version,
                        delivery_key=keys.delivery_key(row.reference, version=row.version, operation="put"),
                        serial_key=row.reference,
                        correlation_id=row.correlation_id,
                        is_required=False,
                        is_state_like=True,
                        subject=frozen,
                        subject_sha256=hashlib.sha256(frozen.encode()).hexdigest(),
                        due_at=now,
                        created_at=now,
                        title=f"Status of {row.crm_object} {row.crm_record_id}",
                    ),
                    (),
                )
            )
            row.sent_version = row.version
        outbox.owe_direct(owed)
        bulk.update(rows, ["sent_version"])
    return len(rows)


# -- what to show, and when ---------------------------------------------------------------------------
def after_work(done: Iterable[tuple[WorkItem, Canonical]]) -> None:
    """Facts known once an object was mapped."""
    done = list(done)
    crms = _crms({item.entity_id for item, _ in done})
    deals = _deals_paid([subject for _, subject in done if isinstance(subject, Allocation)])
    notes = []
    for item, subject in done:
        crm = crms.get(item.entity_id)
        if crm is None:
            continue
        match subject:
            case SubscriptionContract():
                notes.append(
                    _deal(crm, subject.crm_opportunity_id, item, billing_status="Accepted, being set up", case="")
                )
            case Invoice():
                notes.append(
                    _deal(
                        crm,
                        _deal_id(subject.contract_reference),
                        item,
                        invoice_number=subject.number,
                        invoice_status=f"Issued {subject.document_date}",
                        payment_status=f"Due {subject.due_on}",
                        collections="Not due",
                    )
                )
            case Allocation() if subject.invoice_reference in deals:
                notes.append(
                    _deal(
                        crm,
                        deals[subject.invoice_reference],
                        item,
                        payment_status=f"Paid {subject.applied_on}",
                        collections="None",
                    )
                )
            case Customer():
                notes.append(_account(crm, subject.crm_account_id, item, status="Being set up"))
    put(notes)


def after_delivery(done: Iterable[tuple[Delivery, Canonical, Receipt]]) -> None:
    """Facts known once a target gave its receipt."""
    done = list(done)
    crms = _crms({row.entity_id for row, _, _ in done})
    notes = []
    for row, subject, receipt in done:
        crm = crms.get(row.entity_id)
        if crm is None:
            continue
        match subject:
            case SubscriptionContract():
                notes.append(
                    _deal(
                        crm,
                        subject.crm_opportunity_id,
                        row,
                        billing_status="Active",
                        subscription=receipt.external_id,
                        link=f"{settings.PORTAL_URL}/t/{row.correlation_id}",
                    )
                )
            case Invoice() if receipt.posted:
                notes.append(
                    _deal(
                        crm, _deal_id(subject.contract_reference), row, invoice_status=f"Posted {subject.posting_date}"
                    )
                )
            case Customer():
                field = "billing_customer" if row.role == "billing" else "erp_customer"
                notes.append(
                    _account(crm, subject.crm_account_id, row, status="Set up", **{field: receipt.external_id})
                )
    put(notes)


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """The open case of one object in the seller's words; an empty sentence takes it away."""

    entity_id: int | None
    #: the CRM it came from, where that is known
    connection_id: int | None
    reference: str
    correlation_id: str
    sentence: str


def say_cases(lines: Sequence[CaseLine]) -> None:
    """Show open cases on the records they are about. Called by reconciliation; sync never asks upwards."""
    crms = _crms({line.entity_id for line in lines if line.connection_id is None})
    notes = []
    for line in lines:
        crm = line.connection_id or crms.get(line.entity_id)
        kind, _, rest = line.reference.partition(":")
        if crm is None or kind not in ("contract", "customer"):
            continue
        deal = kind == "contract"
        notes.append(
            Note(
                connection_id=crm,
                crm_object="Opportunity" if deal else "Account",
                record_id=rest,
                correlation_id=line.correlation_id,
                fields={"case": line.sentence} if deal else {"status": line.sentence or "Set up"},
            )
        )
    put(notes)


def _deal(crm: int, opportunity_id: str, about: WorkItem | Delivery, **fields: str) -> Note:
    return Note(
        connection_id=crm,
        crm_object="Opportunity",
        record_id=opportunity_id,
        correlation_id=about.correlation_id,
        fields=fields,
    )


def _account(crm: int, account_id: str, about: WorkItem | Delivery, **fields: str) -> Note:
    return Note(
        connection_id=crm,
        crm_object="Account",
        record_id=account_id,
        correlation_id=about.correlation_id,
        fields=fields,
    )


def _deal_id(contract_reference: str) -> str:
    return contract_reference.partition(":")[2]


def _deals_paid(allocations: Sequence[Allocation]) -> dict[str, str]:
    """Invoice reference -> opportunity id of the deal it bills."""
    rows = InvoiceRecord.objects.filter(reference__in=[one.invoice_reference for one in allocations])
    return {
        reference: _deal_id(contract) for reference, contract in rows.values_list("reference", "contract_reference")
    }


def _crms(entity_ids: set[int | None]) -> dict[int | None, int]:
    """The CRM that serves each entity today."""
    today = clock.now().date()
    rows: dict[int | None, list[EntityRoute]] = {}
    for route in EntityRoute.objects.filter(role="crm", entity_id__in=[pk for pk in entity_ids if pk], is_shadow=False):
        rows.setdefault(route.entity_id, []).append(route)
    found = {pk: in_force(routes, on=today) for pk, routes in rows.items()}
    return {pk: route.connection_id for pk, route in found.items() if route}
