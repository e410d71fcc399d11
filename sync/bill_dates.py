"""Listings of running contracts: service that nobody billed, service billed after its end, renewals nobody decided.

Read from what was carried: newest version of each contract, lines of issued invoices. What is found is a case at the
contract's or invoice's own item, and closes by itself once it is so no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from connectors.canonical import NO_END
from sync import blocks
from sync.models import ContractRecord, Delivery, ExternalIdentity, InvoiceLineRecord, LegalEntity, WorkItem
from sync.pipelines.modifications import ENDING
from sync.states import UNFINISHED, Condition

#: days a bill may be on its way: a draft is issued within hours, its event may be late
PATIENCE = timedelta(days=2)
#: how long before its end a contract's renewal should be decided
RENEWAL_NOTICE = timedelta(days=30)
_OVER = Q(modification_kind__in=ENDING, modification_number__gt=1)
CONTRACTS, INVOICES = "closed_won_to_billing", "invoice_to_erp"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look found, by reference."""

    not_billed: tuple[str, ...]
    billed_after_end: tuple[str, ...]
    undecided: tuple[str, ...]


def look(entity: LegalEntity, *, on: date) -> Found:
    """Look at all contracts of an entity as of the end of a business day; opens and closes their cases."""
    with transaction.atomic():
        newest = list(
            ContractRecord.objects.filter(legal_entity=entity)
            .order_by("reference", "-version")
            .distinct("reference")
            .values_list("pk", flat=True)
        )
        rows = ContractRecord.objects.filter(pk__in=newest)
        found = Found(
            not_billed=_not_billed(rows, on=on),
            billed_after_end=_billed_after_end(rows),
            undecided=_undecided(rows, on=on),
        )
        _say("NOT_BILLED", CONTRACTS, found.not_billed, entity, value=f"no invoice covers {on}")
        _say("BILLED_AFTER_END", INVOICES, found.billed_after_end, entity, value="service after the agreed end")
        _say("RENEWAL_UNDECIDED", CONTRACTS, found.undecided, entity, value="")
    return found


def _not_billed(rows: QuerySet[ContractRecord], *, on: date) -> tuple[str, ...]:
    """Running contracts that billing has, of which no issued invoice covers the day; none on its way either."""
    covered = InvoiceLineRecord.objects.filter(
        contract_reference=OuterRef("reference"), service_starts_on__lte=on, service_ends_on__gte=on
    )
    held = ExternalIdentity.objects.filter(reference=OuterRef("reference"), kind="contract")
    under_way = Delivery.objects.filter(reference=OuterRef("reference"), condition__in=UNFINISHED)
    stuck = (
        WorkItem.objects.filter(flow=INVOICES)
        .exclude(condition=Condition.SETTLED)
        .annotate(bills=KT("subject__contract_reference"))
        .filter(bills=OuterRef("reference"))
    )
    return tuple(
        rows.filter(starts_on__lte=on - PATIENCE, ends_on__gte=on, amount__gt=0)
        .exclude(_OVER | Q(modification_kind="suspension"))
        .filter(Exists(held), ~Exists(covered), ~Exists(under_way), ~Exists(stuck))
        .order_by("reference")
        .values_list("reference", flat=True)
    )


def _billed_after_end(rows: QuerySet[ContractRecord]) -> tuple[str, ...]:
    """Invoices with a charge for service that begins after the contract's last day."""
    ends = rows.filter(reference=OuterRef("contract_reference"), ends_on__lt=OuterRef("service_starts_on"))
    lines = InvoiceLineRecord.objects.filter(Exists(ends), net__gt=0)
    # a charge that was taken back in the same document is none
    return tuple(lines.order_by("invoice__reference").values_list("invoice__reference", flat=True).distinct())


def _undecided(rows: QuerySet[ContractRecord], *, on: date) -> tuple[str, ...]:
    """Contracts that end soon, and nobody has said whether they go on."""
    return tuple(
        rows.filter(ends_on__gte=on, ends_on__lte=on + RENEWAL_NOTICE, amount__gt=0)
        .exclude(ends_on=NO_END)
        # a term shorter than two notices is decided when it is sold
        .filter(ends_on__gt=F("starts_on") + 2 * RENEWAL_NOTICE)
        .exclude(_OVER | Q(modification_kind="renewal"))
        .order_by("reference")
        .values_list("reference", flat=True)
    )


def _say(reason: str, flow: str, references: Sequence[str], entity: LegalEntity, *, value: str) -> None:
    """A case for each of these at its newest item; those that are no longer found close."""
    items = list(
        WorkItem.objects.filter(flow=flow, reference__in=references)
        .order_by("reference", "-version")
        .distinct("reference")
    )
    blocks.put([blocks.Stop(work_item=item, reason=reason, value=value) for item in items])
    gone = WorkItem.objects.filter(Q(entity=entity) & Q(blocks__reason=reason, blocks__cleared_at=None)).exclude(
        pk__in=[item.pk for item in items]
    )
    blocks.clear(work_items=list(gone.values_list("pk", flat=True)), note="It is so no more", reasons={reason})
