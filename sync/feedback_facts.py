"""Which facts sellers are shown on which CRM record: after the work, after a receipt, as cases come and go."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from connectors.canonical import (
    Canonical,
    CreditMemo,
    Customer,
    Dispute,
    DisputeOutcome,
    DocumentVoid,
    Invoice,
    PaymentReturn,
    SubscriptionContract,
    Withholding,
    WriteOff,
)
from connectors.interface import Receipt
from sync import clock, disputed, open_items, schedules, standing
from sync.feedback import Note, put
from sync.mappings import in_force
from sync.models import ContractRecord, Delivery, EntityRoute, LegalEntity, WorkItem
from sync.money_text import money
from sync.open_items import OpenItem


def after_work(done: Iterable[tuple[WorkItem, Canonical]]) -> None:
    """Facts known once an object was mapped."""
    done = list(done)
    crms = _crms({item.entity_id for item, _ in done})
    notes = []
    for item, subject in done:
        crm = crms.get(item.entity_id)
        if crm is None:
            continue
        match subject:
            case SubscriptionContract():
                # of a split deal another part may still have its case
                whole = subject.master_reference in ("", subject.reference)
                fields = {"billing_status": "Accepted, being set up", **({"case": ""} if whole else {})}
                notes.append(_deal(crm, subject.crm_opportunity_id, item, **fields))
            case Invoice():
                notes.append(
                    _deal(
                        crm,
                        _deal_id(subject.contract_reference),
                        item,
                        invoice_number=subject.number,
                        invoice_status=f"Issued {subject.document_date}",
                    )
                )
            case CreditMemo() if subject.contract_reference:
                given = f"Credited {money(subject.total, subject.currency)} on {subject.document_date}"
                notes.append(_deal(crm, _deal_id(subject.contract_reference), item, invoice_status=given))
            case DocumentVoid() if subject.voided_kind == Invoice.kind:
                taken_back = f"Voided {subject.voided_on}"
                notes.append(_deal(crm, _deal_id(subject.contract_reference), item, invoice_status=taken_back))
            case Customer():
                notes.append(_account(crm, subject.crm_account_id, item, status="Being set up"))
    named = {name for _, subject in done if (name := _about(subject))}
    # what changes what a payment is worth changes what it paid
    paid = {one.payment_reference for _, one in done if isinstance(one, Dispute | DisputeOutcome | PaymentReturn)}
    tell_standing(open_items.of_invoices(named | disputed.invoices_paid_by(paid)).values(), also=notes)


def _about(subject: Canonical) -> str:
    """The invoice whose standing an object changes, or nothing."""
    if isinstance(subject, Invoice):
        return subject.reference
    return getattr(subject, "invoice_reference", "") or getattr(subject, "refers_to", "")


def tell_standing(touched: Collection[OpenItem], *, also: Sequence[Note] = ()) -> None:
    """What sellers see of the deals and customers of these invoices, and whatever else there is to say."""
    crms = _crms({item.entity_id for item in touched})
    told = [item for item in touched if item.entity_id in crms]
    deals = {_deal_id(item.contract_reference): item for item in told if item.contract_reference}
    customers = {item.customer_reference: item for item in told if item.customer_reference}

    def note(item: OpenItem, crm_object: str, reference: str, shown: dict[str, str]) -> Note:
        return _note(crms[item.entity_id], crm_object, reference, shown)

    def as_it_stands() -> Iterator[Note]:
        parts = _parts_of(item.contract_reference for item in deals.values())
        of_deals = standing.read(open_items.of_contracts({name for names in parts.values() for name in names}))
        for deal, item in deals.items():
            shown = _of_deal(standing.of_contracts(of_deals, parts[deal]))
            yield note(item, "Opportunity", item.contract_reference, shown)
        of_customers = standing.read(open_items.of_customers(customers))
        for reference, item in customers.items():
            shown = _of_customer(standing.of_customer(of_customers, reference), reference)
            yield note(item, "Account", reference, shown)

    records = [
        *(note(item, "Opportunity", item.contract_reference, {}) for item in deals.values()),
        *(note(item, "Account", reference, {}) for reference, item in customers.items()),
    ]
    put([*also, *records], once_locked=as_it_stands)


def _parts_of(references: Iterable[str]) -> dict[str, set[str]]:
    """Id of a deal -> all contracts it was split into, the given ones among them."""
    found: dict[str, set[str]] = {}
    for reference in references:
        found.setdefault(_deal_id(reference), set()).add(reference)
    masters = [f"contract:{deal}" for deal in found]
    rows = ContractRecord.objects.filter(master_reference__in=masters).values_list("master_reference", "reference")
    for master, reference in rows:
        found[_deal_id(master)].add(reference)
    return found


def _of_deal(reading: standing.Reading) -> dict[str, str]:
    return {"payment_status": standing.payment_status(reading), "collections": standing.collections(reading)}


def _of_customer(reading: standing.Reading, reference: str) -> dict[str, str]:
    return {
        "balance": standing.balance(reading),
        "ageing": standing.ageing(reading),
        "collections": standing.collections(reading),
        "renewal_risk": standing.renewal_risk(reading, customer_reference=reference),
    }


def tell_new_day() -> int:
    """Everything open is a day older: told once per entity and business date; how many invoices were looked at."""
    told = 0
    for entity in LegalEntity.objects.order_by("pk"):
        with schedules.once(f"standing:{entity.code}", clock.business_date(entity).isoformat()) as mine:
            if mine:
                items = [item for item in open_items.of_everyone() if item.entity_id == entity.pk]
                tell_standing(items)
                told += len(items)
    return told


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
                notes += [
                    _deal(
                        crm,
                        deal,
                        row,
                        billing_status=_contract_status(subject),
                        subscription=receipt.external_id,
                        link=f"{settings.PORTAL_URL}/t/{row.correlation_id}",
                    )
                    for deal in _deals_of(subject)
                ]
            case Invoice() if receipt.posted:
                notes.append(
                    _deal(
                        crm, _deal_id(subject.contract_reference), row, invoice_status=f"Posted {subject.posting_date}"
                    )
                )
            case WriteOff() if receipt.posted:
                words = f"Written off {subject.posting_date}"
                notes.append(_deal(crm, _deal_id(subject.contract_reference), row, invoice_status=words))
            case Customer():
                field = "billing_customer" if row.role == "billing" else "erp_customer"
                notes.append(
                    _account(crm, subject.crm_account_id, row, status="Set up", **{field: receipt.external_id})
                )
    # a write-off counts once it is posted, and so does what was withheld
    posted = {
        subject.invoice_reference
        for _, subject, receipt in done
        if isinstance(subject, WriteOff | Withholding) and receipt.posted
    }
    tell_standing(open_items.of_invoices(posted).values(), also=notes)


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """An object whose open cases have changed."""

    entity_id: int | None
    #: the CRM it came from, where that is known
    connection_id: int | None
    reference: str
    correlation_id: str


def say_cases(lines: Sequence[CaseLine], *, sentences: Callable[[Collection[str]], Mapping[str, str]]) -> None:
    """Show open cases on the records they are about. Called by reconciliation; sync never asks upwards.

    `sentences` gives the open case of deals and customers by their reference, in the seller's words; who has no open
    case is left out.
    """
    crms = _crms({line.entity_id for line in lines if line.connection_id is None})
    records = {}
    for line in lines:
        crm = line.connection_id or crms.get(line.entity_id)
        kind = line.reference.partition(":")[0]
        if crm is None or kind not in ("contract", "customer"):
            continue
        # a part of a split deal shows on the deal
        record_id = _deal_id(line.reference)
        records[f"{kind}:{record_id}"] = Note(
            connection_id=crm,
            crm_object="Opportunity" if kind == "contract" else "Account",
            record_id=record_id,
            correlation_id=line.correlation_id,
            fields={},
        )

    def as_they_stand() -> Iterator[Note]:
        found = sentences(records)
        for reference, note in records.items():
            said = found.get(reference, "")
            yield replace(
                note, fields={"case": said} if note.crm_object == "Opportunity" else {"status": said or "Set up"}
            )

    put(list(records.values()), once_locked=as_they_stand)


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


def _deals_of(contract: SubscriptionContract) -> list[str]:
    """The first deal, and the one that changed it; an assignment's own deal speaks of the contract it begins."""
    first = _deal_id(contract.reference)
    if contract.modification_kind == "assignment":
        return [first]
    return list(dict.fromkeys([first, contract.crm_opportunity_id]))


def _contract_status(contract: SubscriptionContract) -> str:
    """What sellers read of a contract once billing has taken its last change."""
    effective = contract.effective_on or contract.starts_on
    if contract.modification_number > 1 and contract.modification_kind == "assignment":
        return f"Assigned to another customer from {effective}"
    return {"cancellation": f"Ends before {effective}", "suspension": f"Suspended from {effective}"}.get(
        contract.modification_kind, "Active"
    )


def _deal_id(contract_reference: str) -> str:
    # a part of a split deal carries the account it is billed to after the deal
    return contract_reference.partition(":")[2].partition(":")[0]


def _note(crm: int, crm_object: str, reference: str, shown: dict[str, str]) -> Note:
    kind, record_id = reference.partition(":")[0], _deal_id(reference)
    story = f"deal:{record_id}" if kind == "contract" else reference
    return Note(connection_id=crm, crm_object=crm_object, record_id=record_id, correlation_id=story, fields=shown)


def _crms(entity_ids: set[int | None]) -> dict[int | None, int]:
    """The CRM that serves each entity today."""
    today = clock.now().date()
    rows: dict[int | None, list[EntityRoute]] = {}
    for route in EntityRoute.objects.filter(role="crm", entity_id__in=[pk for pk in entity_ids if pk], is_shadow=False):
        rows.setdefault(route.entity_id, []).append(route)
    found = {pk: in_force(routes, on=today) for pk, routes in rows.items()}
    return {pk: route.connection_id for pk, route in found.items() if route}
