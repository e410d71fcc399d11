"""Number series of documents, per company and kind: who draws the numbers, what is missing, used twice or voided."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KT

from connectors.canonical import CreditMemo, Invoice
from sync import clock
from sync.mappings import Tables
from sync.models import CreditMemoRecord, InvoiceRecord, LegalEntity, VoidRecord, WorkItem
from sync.pipelines.registry import FLOWS

#: numbers listed per gap; more are counted
LONGEST_GAP = 50
_NUMBER = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,15})", re.ASCII | re.DOTALL)
_RECORDS: dict[str, Any] = {Invoice.kind: InvoiceRecord, CreditMemo.kind: CreditMemoRecord}


@dataclass(frozen=True, kw_only=True)
class Series:
    """Documents of one kind whose numbers begin alike and count up."""

    entity: str
    kind: str
    prefix: str
    #: the system that draws the numbers: billing or erp
    owner: str
    first: str
    last: str
    count: int
    #: numbers between the first and the last that no document has
    gaps: tuple[str, ...]
    duplicates: tuple[str, ...]
    #: numbers whose document was voided: kept, not gaps
    voids: tuple[str, ...]
    #: numbers that do not count up at all
    odd: tuple[str, ...] = ()


def series_of(entity: LegalEntity) -> list[Series]:
    """All series of a company, by kind and prefix, of documents of ended days. What is known and not stored yet is no
    gap: it has its own case; nor is a number another company of the same billing account has.
    """
    today = clock.business_date(entity)
    policy = Tables().document_policy(entity, on=today)
    owners = {Invoice.kind: policy.invoice_numbers_from, CreditMemo.kind: policy.credit_memo_numbers_from}
    voids = set(VoidRecord.objects.filter(legal_entity=entity).values_list("number", flat=True))
    found: list[Series] = []
    for kind, model in _RECORDS.items():
        records = model._default_manager.filter(document_date__lt=today)
        stored = Counter(records.filter(legal_entity=entity).values_list("number", flat=True))
        heard = set(
            WorkItem.objects.filter(flow=FLOWS[kind].name)
            .exclude(condition__in=["settled", "superseded"])
            .annotate(number=KT("subject__number"))
            .exclude(number=None)
            .values_list(F("number"), flat=True)
        )
        heard |= set(model._default_manager.exclude(legal_entity=entity).values_list("number", flat=True))
        found += _series(entity.code, kind, str(owners[kind]), stored, heard, voids)
    return found


def _series(entity: str, kind: str, owner: str, stored: Counter[str], heard: set[str], voids: set[str]) -> list[Series]:
    groups: dict[str, dict[int, str]] = {}
    odd: list[str] = []
    for text in stored:
        if matched := _NUMBER.fullmatch(text):
            groups.setdefault(matched["prefix"], {})[int(matched["number"])] = text
        else:
            odd.append(text)
    found = []
    for prefix, numbers in sorted(groups.items()):
        first, last = min(numbers), max(numbers)
        width = min(len(text) - len(prefix) for text in numbers.values())
        missing = (f"{prefix}{n:0{width}d}" for n in _between(sorted(numbers)))
        mine = set(numbers.values())
        found.append(
            Series(
                entity=entity,
                kind=kind,
                prefix=prefix,
                owner=owner,
                first=numbers[first],
                last=numbers[last],
                count=len(numbers),
                gaps=tuple(text for text in missing if text not in heard),
                duplicates=tuple(sorted(text for text in mine if stored[text] > 1)),
                voids=tuple(sorted(mine & voids)),
            )
        )
    if odd:
        found.append(
            Series(
                entity=entity, kind=kind, prefix="", owner=owner, first="", last="", count=len(odd), gaps=(),
                duplicates=(), voids=(), odd=tuple(sorted(odd)),
            )
        )  # fmt: skip
    return found


def _between(numbers: list[int]) -> list[int]:
    """What lies between the neighbours, at most so many per gap: a jump of a million is one finding, not a million."""
    return [
        missing
        for one, other in zip(numbers, numbers[1:], strict=False)
        for missing in range(one + 1, min(other, one + 1 + LONGEST_GAP))
    ]
