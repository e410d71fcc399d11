"""What a sign-off says: both sides as they were read, their sums, and every item that lies between them.

A certificate is plain JSON with amounts as text in major units, so that its hash is the same wherever it is computed.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from reconciliation import matching
from reconciliation.controls import breaks
from reconciliation.controls.control import Control
from reconciliation.controls.registry import first_day
from reconciliation.models import Break, ControlLine, ControlRun, ControlStage, ExceptionCase
from reconciliation.models.controls import Side
from reconciliation.sign_offs import taking_on
from sync.models import LegalEntity
from sync.money_text import plain

#: an item expected to clear by itself, one somebody must clear, what a match leaves over, and what two people accepted
TIMING, ERROR, UNEXPLAINED = "timing", "error", "unexplained"
MATCHED, ACCEPTED = "matched", "accepted"
_KINDS = {
    "held": TIMING,
    "in_flight": TIMING,
    "explained": ERROR,
    "unexplained": UNEXPLAINED,
    "matched": MATCHED,
    "accepted": ACCEPTED,
}

Certificate = dict[str, Any]


def draw_up(control: Control, *, entity: LegalEntity, first: date, last: date) -> Certificate:
    """What this control comes to now for the documents of these days."""
    compared = control.is_compared
    totals, items = _compared(control, entity, first, last) if compared else ({}, _found(control, entity, first, last))
    return {
        "control": control.name,
        "title": control.title,
        "entity": entity.code,
        "company": entity.name,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "date_basis": control.date_basis,
        "assertion": control.assertion,
        "rule_version": control.rule_version,
        "days": _days(control, entity, first, last),
        "readings": readings(control, entity, first, last),
        "totals": totals,
        "items": items,
    }


def sha256(certificate: Certificate) -> str:
    """Over the certificate's canonical text: sorted keys, no spaces, UTF-8."""
    text = json.dumps(certificate, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def days_asked(control: Control, entity: LegalEntity, first: date, last: date) -> list[date]:
    """The days of the span this control answers for: every day since its company is connected; of one that reads
    everything as it stands, the last day it was asked.
    """
    start = first_day(entity)
    if start is None or start > last:
        return []
    if control.as_of:
        runs = ControlRun.objects.filter(control=control.name, entity=entity, business_date__range=(first, last))
        newest = runs.order_by("-business_date").values_list("business_date", flat=True).first()
        return [newest or last]
    first = max(first, start)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def readings(control: Control, entity: LegalEntity, first: date, last: date) -> list[dict[str, Any]]:
    """Both sides' readings in force, day by day, with their sums and the hash of their lines."""
    stages = ControlStage.objects.filter(
        control=control.name, entity=entity, business_date__range=(first, last), is_current=True
    ).select_related("connection")
    rows = list(stages.order_by("business_date", "side"))
    sums: dict[int, dict[str, dict[str, str]]] = {}
    found = ControlLine.objects.filter(stage__in=[row.pk for row in rows]).order_by().values("stage_id", "currency")
    for one in found.annotate(n=Count("pk"), of_net=Sum("net"), of_tax=Sum("tax"), of_gross=Sum("gross")):
        sums.setdefault(one["stage_id"], {})[one["currency"]] = {
            "count": str(one["n"]),
            **{name: plain(one[f"of_{name}"], one["currency"]) for name in ("net", "tax", "gross")},
        }
    return [
        {
            "date": row.business_date.isoformat(),
            "side": row.side,
            "from": row.connection.code if row.connection else "portal",
            "lines": row.line_count,
            "records": row.read_count,
            "source_count": row.source_count,
            "sha256": row.sha256,
            "sums": dict(sorted(sums.get(row.pk, {}).items())),
        }
        for row in rows
    ]


def _days(control: Control, entity: LegalEntity, first: date, last: date) -> list[dict[str, Any]]:
    """How each day was asked last; a day nobody asked stands there too."""
    newest: dict[date, ControlRun] = {}
    rows = ControlRun.objects.filter(control=control.name, entity=entity, business_date__range=(first, last))
    for row in rows.order_by("business_date", "version"):
        newest[row.business_date] = row
    # a day that could not be asked and was read again by a later asking is read
    read = set(
        ControlStage.objects.filter(
            control=control.name, entity=entity, business_date__range=(first, last), is_current=True, side=Side.RIGHT
        ).values_list("business_date", flat=True)
    )
    found = []
    for day in days_asked(control, entity, first, last):
        run = newest.get(day)
        asked = run is not None and run.status != ControlRun.Status.NOT_RUN
        found.append(
            {
                "date": day.isoformat(),
                "version": run.version if run else 0,
                "status": run.status if run else ControlRun.Status.NOT_RUN.value,
                "was_read": asked or (control.is_compared and day in read),
            }
        )
    return found


def _compared(control: Control, entity: LegalEntity, first: date, last: date) -> tuple[dict[str, Any], list[Any]]:
    with matching.compared(control, entity=entity):
        sums = matching.totals(first=first, last=last)
        differ = [one for one in matching.differences() if first <= one.document_date <= last]
        differ += [one for one in matching.left_over() if first <= one.document_date <= last]
    cases = ExceptionCase.objects.select_related("assignee").in_bulk({one.case_id for one in differ if one.case_id})
    accepted = [one.reference for one in differ if _KINDS[one.standing] == ACCEPTED]
    takers = taking_on.accepted(control, entity, accepted) if accepted else {}
    items = []
    for one in differ:
        case = cases.get(one.case_id or 0)
        # a document over nothing, which a policy lists instead of posting it, is no difference
        if one.standing == "explained" and case is None and not one.gap:
            continue
        items.append(
            _item(
                reference=one.reference,
                label=one.label,
                counterparty=one.counterparty,
                kind=_KINDS[one.standing],
                what=one.kind,
                dated=one.document_date,
                currency=one.currency,
                amount=plain(one.gap, one.currency),
                case=case,
                taken_on_by=takers.get(one.reference) or taking_on.by_case(case),
            )
        )
    return matching.by_currency(sums), items


def _found(control: Control, entity: LegalEntity, first: date, last: date) -> list[dict[str, Any]]:
    """What a listing found up to the last day and nobody has cleared; and what it found later about these days."""
    of_these = Q(found_in__business_date__lte=last) | Q(document_date__range=(first, last))
    found = Break.objects.filter(of_these, control=control.name, entity=entity, healed_at=None)
    rows = list(found.order_by("document_date", "reference"))
    cases = breaks.cases_of(rows, status=ExceptionCase.Status.OPEN)
    standing = set(breaks.still_open(control, entity).values_list("pk", flat=True))
    accepted = [row.reference for row in rows if row.pk not in standing]
    takers = taking_on.accepted(control, entity, accepted) if accepted else {}
    return [
        _item(
            reference=row.reference,
            label=row.label,
            counterparty=row.counterparty,
            kind=ACCEPTED if row.pk not in standing else ERROR if row.pk in cases else UNEXPLAINED,
            what=row.kind,
            dated=row.document_date,
            currency=row.currency,
            amount=plain(row.difference, row.currency),
            case=cases.get(row.pk),
            taken_on_by=takers.get(row.reference) or taking_on.by_case(cases.get(row.pk)),
        )
        for row in rows
    ]


def _item(*, dated: date, case: ExceptionCase | None, **values: str) -> dict[str, str]:
    return {
        **values,
        "dated": dated.isoformat(),
        "case": case.number if case else "",
        "case_opened": case.opened_at.date().isoformat() if case else "",
    }


def what_changed(before: Certificate, after: Certificate) -> list[str]:
    """Why a signature no longer holds, in sentences; nothing where it does.

    An item that was listed and has cleared since breaks no signature: that is what was expected of it. Everything
    else does: another content of the left side, and whatever differs now and did not then.
    """
    known = {_identity(item) for item in before["items"]}
    fresh = [item for item in after["items"] if _identity(item) not in known]
    said = [
        f"{item['label'] or item['reference']}: {item['currency']} {item['amount']} differs now and did not when signed"
        if item["reference"] not in {one["reference"] for one in before["items"]}
        else f"{item['label'] or item['reference']} is {_now(item)} now"
        for item in fresh
    ]
    earlier, now = _lines(before), _lines(after)
    for day, side in sorted(earlier.keys() | now.keys()):
        one, other = earlier.get((day, side)), now.get((day, side))
        if side != Side.LEFT or (one and other and one["sha256"] == other["sha256"]):
            continue
        said.append(f"{date.fromisoformat(day):%d %b %Y}: {_sides(one)} before, {_sides(other)} now")
    return said


def _identity(item: dict[str, str]) -> tuple[str, ...]:
    return item["reference"], item["kind"] if item["kind"] == UNEXPLAINED else "", item["currency"], item["amount"]


def _now(item: dict[str, str]) -> str:
    return "unexplained" if item["kind"] == UNEXPLAINED else f"{item['currency']} {item['amount']} off"


def _lines(certificate: Certificate) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["date"], row["side"]): row for row in certificate["readings"]}


def _sides(reading: dict[str, Any] | None) -> str:
    if reading is None:
        return "not read"
    sums = ", ".join(f"{code} {one['gross']}" for code, one in reading["sums"].items())
    count = f"{reading['lines']} document{'s' if reading['lines'] != 1 else ''}"
    return f"{count} over {sums}" if sums else count


def hashes(rows: Sequence[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """What readings are known by: day, side, hash of the lines."""
    return {(row["date"], row["side"], row["sha256"]) for row in rows}
