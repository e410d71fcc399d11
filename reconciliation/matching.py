"""The set-based engine: both sides' current readings, matched by reference in SQL; what differs is put in its place.

Each left-hand document counts once, at the first that fits: matched by reference; matched by people or by an approved
rule; accepted by two people as a reconciling item; explained (its own open case, else the case it waits for); held; in
flight. What fits none, and what exists only on the right, is unexplained.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction

from reconciliation import matching_causes, matching_joins, matching_standing
from reconciliation.controls.control import Control
from reconciliation.matches import cascade
from reconciliation.models import ControlStage, MatchRule
from reconciliation.models.controls import Side
from sync import calendar, clock
from sync.models import LegalEntity
from sync.money_text import plain

#: years back in which a document may be dated and still be told from one of the next period
YEARS_MET = 12

# whom the two do not agree on, by name and number
_CALLED = (
    "CASE kind WHEN 'CUSTOMER_MISMATCH' THEN coalesce((SELECT known.name || ', ' || split_part(known.reference, ':', 2)"
    " FROM sync_customerrecord known WHERE known.reference = {side}_customer), {side}_customer) END"
)

_TOTALS = """
SELECT currency, to_char(document_date, 'YYYY-MM') AS period, sum(left_count)::bigint, sum(right_count)::bigint,
    coalesce(sum(left_net), 0), coalesce(sum(right_net), 0), coalesce(sum(left_tax), 0), coalesce(sum(right_tax), 0),
    coalesce(sum(left_gross), 0), coalesce(sum(right_gross), 0),
    -- what a tolerance let pass, and what is in two currencies, is explained by its match; all else in one is nothing
    coalesce(sum(gap - rest) FILTER (WHERE standing IN ('explained', 'matched', 'accepted')), 0),
    coalesce(sum(gap) FILTER (WHERE standing = 'held'), 0),
    coalesce(sum(gap) FILTER (WHERE standing = 'in_flight'), 0),
    coalesce(sum(gap) FILTER (WHERE standing = 'unexplained'), 0) + coalesce(sum(rest), 0),
    count(*) FILTER (WHERE standing = 'unexplained' OR rest <> 0),
    count(*) FILTER (WHERE standing IN ('explained', 'accepted'))
FROM (
    SELECT currency, document_date, left_count, right_count, left_net, right_net, left_tax, right_tax,
        left_gross, right_gross, NULL::numeric AS gap, 'agrees' AS standing, 0 AS rest
    FROM joined WHERE left_line IS NULL AND right_line IS NULL
    UNION ALL
    SELECT left_currency, document_date, 1, (right_currency IS NOT DISTINCT FROM left_currency)::int, left_net,
        right_net * same, left_tax, right_tax * same, left_gross, right_gross * same,
        gap, standing, CASE WHEN standing = 'explained' AND covers < abs(gap) THEN gap - sign(gap) * covers ELSE 0 END
    FROM (
        SELECT *, left_gross - coalesce(right_gross * same, 0) AS gap
        FROM (SELECT *, CASE WHEN right_currency = left_currency THEN 1 END AS same FROM different) d
    ) d
    WHERE left_currency IS NOT NULL
    UNION ALL
    -- what the right side has alone, or in another currency, counts in its own: never summed across currencies
    SELECT right_currency, document_date, 0, 1, NULL, right_net, NULL, right_tax, NULL, right_gross, -right_gross,
        standing, 0
    FROM different WHERE right_currency IS NOT NULL AND left_currency IS DISTINCT FROM right_currency
) rows
WHERE document_date BETWEEN coalesce(%(first)s, '-infinity'::date) AND coalesce(%(last)s, 'infinity'::date)
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class PeriodTotals:
    """One currency and one month of the left-hand documents: both sides, and what lies between. Gross, major units."""

    currency: str
    period: str
    left_count: int
    right_count: int
    left_net: Decimal
    right_net: Decimal
    left_tax: Decimal
    right_tax: Decimal
    left_gross: Decimal
    right_gross: Decimal
    explained: Decimal
    held: Decimal
    in_flight: Decimal
    unexplained: Decimal
    unexplained_count: int
    explained_count: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One document on which the sides do not agree, and where it stands."""

    reference: str
    currency: str
    document_date: date
    kind: str
    #: matched, accepted, explained, held, in_flight or unexplained
    standing: str
    case_id: int | None
    label: str
    counterparty: str
    left: dict[str, str]
    right: dict[str, str]
    #: left less right, gross, signed
    gap: Decimal
    #: each side's own; empty where it shows nothing
    left_currency: str
    right_currency: str
    #: what probably went wrong, and with which document or company
    cause: str
    cause_with: str


@contextmanager
def compared(
    control: Control, *, entity: LegalEntity, rules: Sequence[MatchRule] | None = None
) -> Iterator[Callable[[], None]]:
    """Within this block temporary tables hold the comparison: sums of what agrees, and row by row what differs.

    `rules` stand in for the approved ones, to try what others would come to. What it gives says once more where each
    difference stands, over the same lines: for cases that were opened or closed within the block.
    """
    readings = {side: _current(control, entity, side) for side in Side}
    days = [day for found in readings.values() for day in found.values()]
    values = {
        "control": control.name,
        "entity": entity.pk,
        "left_role": control.left_role,
        "right_role": control.right_role,
        "left_stages": list(readings[Side.LEFT]),
        "right_stages": list(readings[Side.RIGHT]),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "today": clock.business_date(entity),
        "money": bool(control.compares),
        "break_kind": control.break_kind,
        "explained_by": [control.name, *control.explained_by],
        **{column: column in control.compares for column in ("net", "tax", "gross")},
        **{what: what in control.also_compares for what in ("customer", "account", "period")},
        "periods": _periods(entity) if "period" in control.also_compares else [],
    }
    with transaction.atomic(), database.cursor() as cursor:
        matching_joins.join(cursor, control, values)

        _explain(cursor, control, entity, values, rules=rules)
        yield lambda: matching_standing.say(cursor, values)
        matching_joins.clear(cursor)


def _explain(
    cursor: Any, control: Control, entity: LegalEntity, values: dict[str, Any], *, rules: Sequence[MatchRule] | None
) -> None:
    """Bring together what differs, name its cause and say where it stands."""
    cascade.begin(cursor)
    cursor.execute("SELECT EXISTS (SELECT FROM different)")
    # most days everything agrees: nothing is left to bring together or to explain
    if not cursor.fetchone()[0]:
        return
    cursor.execute("ANALYZE different")
    cascade.bring_together(cursor, control, entity, rules=cascade.rules_of(control, entity) if rules is None else rules)
    matching_causes.name_them(cursor, values)
    matching_standing.say(cursor, values)


def _current(control: Control, entity: LegalEntity, side: Side) -> dict[int, date]:
    """The readings in force and their days: found first, so that the big table is reached by key."""
    rows = ControlStage.objects.filter(control=control.name, entity=entity, side=side, is_current=True)
    return dict(rows.values_list("pk", "business_date"))


def _periods(entity: LegalEntity) -> list[date]:
    """First days of the periods a document of today may meet."""
    today = clock.business_date(entity)
    return calendar.starts_of_periods(
        entity, first=today - YEARS_MET * timedelta(days=366), last=today + timedelta(days=366)
    )


def totals(*, first: date | None = None, last: date | None = None) -> list[PeriodTotals]:
    """Per currency and month, of all documents or those dated within these days; only inside `compared`."""
    names = list(PeriodTotals.__dataclass_fields__)
    with database.cursor() as cursor:
        cursor.execute(_TOTALS, {"first": first, "last": last})
        return [PeriodTotals(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def by_currency(sums: Sequence[PeriodTotals]) -> dict[str, dict[str, str]]:
    """These totals per currency, all months together, as text: gross in major units, and counts of documents."""
    out: dict[str, dict[str, str]] = {}
    for currency in sorted({one.currency for one in sums}):
        mine = [one for one in sums if one.currency == currency]
        out[currency] = {
            "left": plain(sum((one.left_gross for one in mine), Decimal(0)), currency),
            "right": plain(sum((one.right_gross for one in mine), Decimal(0)), currency),
            "explained": plain(sum((one.explained for one in mine), Decimal(0)), currency),
            "held": plain(sum((one.held for one in mine), Decimal(0)), currency),
            "in_flight": plain(sum((one.in_flight for one in mine), Decimal(0)), currency),
            "unexplained": plain(sum((one.unexplained for one in mine), Decimal(0)), currency),
            "left_count": str(sum(one.left_count for one in mine)),
            "right_count": str(sum(one.right_count for one in mine)),
        }
    return out


def differences(*, standing: str | None = None, limit: int | None = None) -> list[Difference]:
    """Documents that differ, without those that were matched all the same; only inside `compared`."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT reference, currency, document_date, kind, standing, case_id, coalesce(left_label, right_label),"
            " coalesce(left_counterparty, right_counterparty, ''), left_id, left_net, left_tax, left_gross,"
            " left_status, right_id, right_net, right_tax, right_gross, right_status, left_currency, right_currency,"
            f" cause, cause_with, {_CALLED.format(side='left')}, {_CALLED.format(side='right')}, left_date, right_date,"
            " other_account FROM different"
            " WHERE standing = coalesce(%(standing)s, standing) AND (standing <> 'matched' OR %(standing)s = 'matched')"
            " ORDER BY document_date, reference LIMIT %(limit)s",
            {"standing": standing, "limit": limit},
        )
        return [_difference(row) for row in cursor.fetchall()]


def left_over() -> list[Difference]:
    """Documents that met by their reference and still differ: what a tolerance let pass, and two currencies."""
    return [one for one in differences(standing="matched") if one.left and one.right and one.gap]


def _difference(row: tuple[Any, ...]) -> Difference:
    sides = []
    for start in (8, 13):
        external_id, net, tax, gross, status = row[start : start + 5]
        sides.append(
            {}
            if gross is None
            else {
                "external_id": external_id,
                "net": _digits(net, row[1]),
                "tax": _digits(tax, row[1]),
                "gross": _digits(gross, row[1]),
                "status": status,
            }
        )
    return Difference(
        reference=row[0],
        currency=row[1],
        document_date=row[2],
        kind=row[3],
        standing=row[4],
        case_id=row[5],
        label=row[6],
        counterparty=row[7],
        left=sides[0] | _said(row[3], row[22], row[24], ""),
        right=sides[1] | _said(row[3], row[23], row[25], row[26]),
        # amounts in two currencies have no difference: the left one is missing there, whole
        gap=(row[11] or Decimal(0)) - (Decimal(0) if row[3] == "CURRENCY_MISMATCH" else row[16] or Decimal(0)),
        left_currency=row[18] or "",
        right_currency=row[19] or "",
        cause=row[20],
        cause_with=row[21],
    )


def _said(kind: str, customer: str | None, dated: date | None, account: str | None) -> dict[str, str]:
    """What a side says of the very thing the two do not agree on, where that is no amount."""
    if kind == "CUSTOMER_MISMATCH":
        return {"customer": customer or ""}
    if kind == "PERIOD_MISMATCH":
        return {"dated": dated.isoformat() if dated else ""}
    return {"account": account} if kind == "ACCOUNT_MISMATCH" and account else {}


def _digits(amount: Decimal, currency: str) -> str:
    """In the currency's own digits; with more where the other side's currency has more."""
    shown = plain(amount, currency)
    return shown if Decimal(shown) == amount else str(amount)


def reconcile_matched(control: Control) -> int:
    """Deliveries whose documents both sides show alike have reached the end of their life; only inside `compared`."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE sync_delivery SET state = 'reconciled', reconciled_at = %s
            WHERE role = %s AND condition = 'settled' AND state IN ('acknowledged', 'posted')
              AND reference IN (
                SELECT reference FROM reconciliation_controlline
                WHERE stage_id = ANY(ARRAY(SELECT stage_id FROM left_readings))
                  AND business_date BETWEEN (SELECT min(business_date) FROM left_readings)
                    AND (SELECT max(business_date) FROM left_readings))
              AND NOT EXISTS (
                SELECT 1 FROM different WHERE different.reference = sync_delivery.reference AND standing <> 'matched')
            """,
            [clock.now(), control.right_role],
        )
        return cursor.rowcount
