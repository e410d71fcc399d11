"""What is in an evidence pack, file by file, read from the database row by row so that memory stays flat.

Amounts are text in major units, times UTC. Times of whole months are the days of the company.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection as database
from django.db import models
from django.db.models import Max, Min, Q, QuerySet

from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.evidence import verify
from reconciliation.models import (
    ApprovalLimits,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalYes,
    Break,
    ControlRun,
    ControlStage,
    ExceptionCase,
    FixRun,
    SignOff,
    SignOffPolicy,
)
from reconciliation.staging import said
from sync import chain
from sync.models import AccountingPeriod, DocumentPolicy, LegalEntity
from sync.money_text import plain

#: rows fetched at once
CHUNK = 2000
_LINES = """
SELECT reference, external_id, document_date, currency, net, tax, gross, label, status, counterparty, customer,
    other_account
FROM reconciliation_controlline WHERE stage_id = %s AND business_date = %s
ORDER BY reference COLLATE "C", external_id COLLATE "C", document_date, currency COLLATE "C", net, tax, gross,
    label COLLATE "C", status COLLATE "C", counterparty COLLATE "C", customer COLLATE "C", other_account COLLATE "C"
"""
_HEADER = (
    *("reference", "external_id", "document_date", "currency", "net", "tax", "gross", "label", "status"),
    *("counterparty", "customer", "other_account"),
)
_JOURNAL = f"""
SELECT s.number, s.sealed_at, s.previous_sha256, s.sha256, {chain.COLUMNS}
FROM sync_journalseal s JOIN sync_journalentry e ON e.id = s.entry_id
WHERE s.number BETWEEN %s AND %s ORDER BY s.number
"""  # noqa: S608 - columns of our own


@dataclass(frozen=True, kw_only=True)
class Span:
    """Whose evidence, and of which days."""

    entity: LegalEntity
    first: date
    last: date


#: name of a file -> its text in pieces
File = tuple[str, Iterable[str]]


def files(span: Span) -> Iterator[File]:
    """Every file but the manifest, in the order they are written."""
    days = (span.first, span.last)
    yield "README.txt", [_README.format(company=span.entity.name, code=span.entity.code, first=days[0], last=days[1])]
    yield "verify.py", [Path(verify.__file__).read_text(encoding="utf-8")]
    yield "controls.jsonl", (_json(_rule(control)) for control in CONTROLS.values())
    yield "policies.jsonl", _policies(span)
    yield (
        "periods.jsonl",
        _rows(AccountingPeriod.objects.filter(entity=span.entity, starts_on__lte=span.last, ends_on__gte=span.first)),
    )
    runs = ControlRun.objects.filter(entity=span.entity, business_date__range=days)
    yield "runs.jsonl", _rows(runs.order_by("business_date", "control", "version"))
    stages = ControlStage.objects.filter(entity=span.entity, business_date__range=days)
    stages = stages.select_related("connection").order_by("business_date", "control", "side", "pk")
    yield "readings.jsonl", (_json(_reading(stage)) for stage in stages.iterator(CHUNK))
    for stage in stages.iterator(CHUNK):
        yield _file_of(stage), _population(stage)
    breaks = Break.objects.filter(
        Q(document_date__range=days) | Q(found_in__business_date__range=days) | Q(healed_in__business_date__range=days),
        entity=span.entity,
    ).order_by("pk")
    yield "breaks.jsonl", _rows(breaks)
    told_in = breaks.exclude(told_in=None).values("told_in")
    cases = ExceptionCase.objects.filter(
        Q(break_row__in=breaks) | Q(pk__in=told_in) | Q(effective_on__range=days) | Q(control_run__in=runs),
        Q(entity=span.entity) | Q(pk__in=told_in),
    ).order_by("pk")
    yield "cases.jsonl", _rows(cases)
    about = Q(case__in=cases) | Q(problem__in=cases.values("problem"))
    yield "approvals.jsonl", _rows(ApprovalRequest.objects.filter(about).order_by("pk"))
    asked = ApprovalRequest.objects.filter(about).values("pk")
    yield "approval_yeses.jsonl", _rows(ApprovalYes.objects.filter(request__in=asked).order_by("pk"))
    yield "fix_runs.jsonl", _rows(FixRun.objects.filter(about).order_by("pk"))
    signed = SignOff.objects.filter(entity=span.entity, starts_on__lte=span.last, ends_on__gte=span.first)
    yield "sign_offs.jsonl", _rows(signed.order_by("control", "starts_on", "version"))
    yield "journal.jsonl", _journal(span)


def _rule(control: Control) -> dict[str, Any]:
    """A control as it is defined: everything of it that is data."""
    values = {one.name: getattr(control, one.name) for one in fields(control)}
    return {name: value for name, value in values.items() if not callable(value)}


def _policies(span: Span) -> Iterator[str]:
    for model in (SignOffPolicy, DocumentPolicy, ApprovalLimits):
        for line in _rows(model._default_manager.filter(entity=span.entity).order_by("pk")):
            yield f'{{"table": "{model._meta.verbose_name_plural}", {line[1:]}'
    for line in _rows(ApprovalPolicy.objects.order_by("version")):
        yield f'{{"table": "approval policies", {line[1:]}'


def _rows(rows: QuerySet[Any]) -> Iterator[str]:
    """Each row as one JSON object of its columns; people by their user name."""
    people = [one.name for one in rows.model._meta.concrete_fields if _is_person(one)]
    for row in rows.select_related(*people).iterator(CHUNK):
        values = {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields}
        values |= {name: getattr(row, name).username if getattr(row, name) else None for name in people}
        yield _json(values)


def _is_person(column: "models.Field[Any, Any]") -> bool:
    return bool(column.is_relation and column.related_model and column.related_model._meta.label_lower == "auth.user")


def _reading(stage: ControlStage) -> dict[str, Any]:
    return {
        "id": stage.pk,
        "control": stage.control,
        "date": stage.business_date,
        "side": stage.side,
        "from": stage.connection.code if stage.connection else "portal",
        "read_at": stage.read_at,
        "query": stage.query,
        "pages": stage.pages,
        "lines": stage.line_count,
        "records": stage.read_count,
        "source_count": stage.source_count,
        "sha256": stage.sha256,
        "is_current": stage.is_current,
        "file": _file_of(stage),
    }


def _file_of(stage: ControlStage) -> str:
    return f"populations/{stage.control}/{stage.business_date}-{stage.side}-{stage.pk}.csv"


def _population(stage: ControlStage) -> Iterator[str]:
    """The lines as they were compared, in the order their hash was made in."""
    yield _csv(_HEADER)
    with database.chunked_cursor() as cursor:
        cursor.execute(_LINES, [stage.pk, stage.business_date])
        while rows := cursor.fetchmany(CHUNK):
            for reference, external_id, dated, currency, net, tax, gross, *words in rows:
                sums = [plain(value, currency) for value in (net, tax, gross)]
                yield _csv(said((reference, external_id, dated.isoformat(), currency, *sums, *words)))


def _journal(span: Span) -> Iterator[str]:
    """The part of the chain that was sealed from the first day on: contiguous, so that it can be recomputed."""
    first, last = _numbers(span)
    if first is None:
        return
    with database.chunked_cursor() as cursor:
        cursor.execute(_JOURNAL, [first, last])
        while rows := cursor.fetchmany(CHUNK):
            for number, sealed_at, previous, sha256, *entry in rows:
                line = chain.line(number, sealed_at, chain.Entry(*entry))
                yield _json({"number": number, "previous_sha256": previous, "sha256": sha256, "line": line})


def _numbers(span: Span) -> tuple[int | None, int | None]:
    """First and last seal of the work on these days: from the first thing written about them until now."""
    from sync.models import JournalSeal

    runs = ControlRun.objects.filter(entity=span.entity, business_date__range=(span.first, span.last))
    begun = runs.aggregate(at=Min("started_at"))["at"]
    if begun is None:
        return None, None
    found = JournalSeal.objects.filter(sealed_at__gte=begun).aggregate(first=Min("number"), last=Max("number"))
    return found["first"], found["last"]


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, default=_text, ensure_ascii=False, separators=(",", ":")) + "\n"


def _text(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _csv(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


_README = """\
Evidence of {company} ({code}), {first} to {last}.

python3 verify.py THIS.zip   says whether one byte of it is not as it was written; give it the hash the portal shows as
a second word to know that this very pack was not written anew. It needs Python and nothing else, and no network.

controls.jsonl      every control, as it was defined when this was written
policies.jsonl      policies of the company, with who drafted and who approved them
periods.jsonl       accounting periods, with who began to close and who closed them
runs.jsonl          every asking of a control for one of these days; those that did not run too
readings.jsonl      every reading of a system's own list: query, time, pages, the source's own count, hash of its lines
populations/        the lines of each reading, as they were compared
breaks.jsonl        differences found, on these days or about them, and when they healed
cases.jsonl         their cases: owner, times, who ended them, how
approvals.jsonl     what was asked, by whom, and who decided
fix_runs.jsonl      what was carried out
sign_offs.jsonl     every version of every sign-off, with its certificate
journal.jsonl       the audit journal from the first work on these days until now, sealed entry by entry
manifest.json       size and SHA-256 of each of these files

Each .jsonl file has one JSON object in a line. Amounts are text in major units of their currency. Times are UTC.
"""
