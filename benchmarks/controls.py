"""A whole control over two staged sides next to the bare SQL join, and staging next to bare COPY."""

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction

from benchmarks import control_lines, machine, peers
from benchmarks.company import FIRST_DAY, Company
from benchmarks.figures import Comparison, Series, taken_in_turn
from benchmarks.sizes import Sizes
from connectors.interface import ControlLine as Line
from reconciliation import matching, matching_joins, staging
from reconciliation.controls import runner
from reconciliation.controls.invoices import INVOICES
from reconciliation.controls.receipts import RECEIPTS
from reconciliation.models import Break, ControlLine, ControlStage
from reconciliation.models.controls import Side

#: what anybody would write: one join, the rows that differ, nothing else
_BARE_JOIN = """
CREATE TEMP TABLE bare_difference ON COMMIT DROP AS
SELECT reference, l.currency AS left_currency, l.net AS left_net, l.tax AS left_tax, l.gross AS left_gross,
    r.currency AS right_currency, r.net AS right_net, r.tax AS right_tax, r.gross AS right_gross
FROM (SELECT * FROM reconciliation_controlline WHERE stage_id = ANY(%(left)s)) AS l
FULL OUTER JOIN (SELECT * FROM reconciliation_controlline WHERE stage_id = ANY(%(right)s)) AS r USING (reference)
WHERE l.gross IS NULL OR r.gross IS NULL OR l.currency <> r.currency
    OR l.net <> r.net OR l.tax <> r.tax OR l.gross <> r.gross
"""

_BARE_COPY = (
    "COPY reconciliation_controlline (stage_id, business_date, reference, external_id, document_date, currency, net,"
    " tax, gross, label, status, counterparty) FROM STDIN"
)


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """Matching with totals in seconds, staging in lines a second."""
    return [*_matching(company, sizes), _staging(company, sizes)]


def _matching(company: Company, sizes: Sizes) -> list[Comparison]:
    expected = control_lines.stage_both(INVOICES, company, lines=sizes.lines)
    stages = {
        side: list(ControlStage.objects.filter(control=INVOICES.name, side=side).values_list("pk", flat=True))
        for side in Side
    }

    def control() -> float:
        start = time.perf_counter()
        with matching.compared(INVOICES, entity=company.entity):
            sums = matching.totals()
            seconds = time.perf_counter() - start
            found = len(matching.differences())
        _must_be(found, expected, "differences")
        _must_be(sum(one.left_count for one in sums), sizes.lines, "lines on the left")
        _must_be(sum(one.right_count for one in sums), sizes.lines, "lines on the right")
        return seconds

    def join(*, on_every_core: bool = False) -> float:
        start = time.perf_counter()
        with transaction.atomic(), database.cursor() as cursor:
            if on_every_core:
                cursor.execute(matching_joins.EVERY_CORE)
            cursor.execute(_BARE_JOIN, {"left": stages[Side.LEFT], "right": stages[Side.RIGHT]})
            seconds = time.perf_counter() - start
            cursor.execute("SELECT count(*) FROM bare_difference")
            _must_be(cursor.fetchone()[0], expected, "rows of the bare join")
        return seconds

    def whole() -> float:
        """An asking after its reading: breaks, their cases and the run itself written, and taken back."""
        start = time.perf_counter()
        with transaction.atomic():
            runner.compare_again(INVOICES.name, entity=company.entity)
            seconds = time.perf_counter() - start
            _must_be(Break.objects.count(), expected, "breaks")
            transaction.set_rollback(True)
        return seconds

    join()  # brings both sides into memory, for both
    ours, written, bare, widest = taken_in_turn(
        sizes.line_rounds, control, whole, join, lambda: join(on_every_core=True)
    )
    details = {"lines_per_side": sizes.lines, "readings_per_side": control_lines.DAYS, "differences": expected}
    bare_join = Series(label="bare FULL OUTER JOIN of the differing rows", values=bare)
    bare_on_cores = Series(label="the same join, told to take every core as matching does", values=widest)
    matched = Series(label="matching with standings and totals", values=ours)
    all_written = Series(label="matching, breaks and cases written", values=written)
    found = [
        Comparison(name=name, unit="s", better="less", portal=portal, bare=beside, details=details)
        for name, portal, beside in (
            ("control over two sides", matched, bare_join),
            ("whole run of a control", all_written, bare_join),
            ("control, the join on every core", matched, bare_on_cores),
            ("whole run, the join on every core", all_written, bare_on_cores),
        )
    ]
    if sizes.peers and peers.are_there():
        found += _beside_peers(whole, sizes, expected, details)
    ControlLine.objects.all()._raw_delete(using="default")
    return found


def _beside_peers(whole: Callable[[], float], sizes: Sizes, expected: int, details: dict[str, Any]) -> list[Comparison]:
    """The whole run beside what others need to only find the same rows in the same database."""
    peers.give_tables(INVOICES.name)
    memory: dict[str, int] = {}

    def peer(name: str) -> Callable[[], float]:
        def compare() -> float:
            found = peers.compare(name)
            _must_be(found["found"], expected, f"differences by {name}")
            memory[name] = found["mb"]
            return float(found["seconds"])

        return compare

    ours, *theirs = taken_in_turn(sizes.line_rounds, whole, *(peer(name) for name in peers.NAMES))
    return [
        Comparison(
            name=f"whole run beside {label}",
            unit="s",
            better="less",
            portal=Series(label="matching, breaks and cases written", values=ours),
            bare=Series(label=f"{label}, reading both sides and counting what differs", values=values),
            details={**details, "mb_held_by_the_other": memory[name], "mb_held_by_the_portal": machine.memory()},
        )
        for (name, label), values in zip(peers.NAMES.items(), theirs, strict=True)
    ]


def _staging(company: Company, sizes: Sizes) -> Comparison:
    lines = [
        Line(
            reference=f"payment:stripe:py_{number:012d}",
            external_id=f"py_{number}",
            document_date=FIRST_DAY,
            currency="USD",
            net=Decimal(number),
            tax=Decimal("0.10"),
            gross=Decimal(number) + Decimal("0.10"),
            label=f"Receipt {number}",
            status="paid",
            counterparty=f"Customer {number % 5000}",
        )
        for number in range(sizes.staged)
    ]
    days = iter(range(10_000))

    def stage() -> float:
        day = FIRST_DAY + timedelta(days=next(days))
        start = time.perf_counter()
        staging.stage(
            RECEIPTS,
            Side.LEFT,
            entity=company.entity,
            business_date=day,
            source=company.billing,
            lines=lines,
            pages=1,
            source_count=len(lines),
            query="",
        )
        return len(lines) / (time.perf_counter() - start)

    target = ControlStage.objects.filter(control=INVOICES.name)[0]

    def copy() -> float:
        start = time.perf_counter()
        with transaction.atomic(), database.cursor() as cursor, cursor.copy(_BARE_COPY) as out:
            for line in lines:
                out.write_row(
                    (
                        target.pk,
                        target.business_date,
                        line.reference,
                        line.external_id,
                        line.document_date,
                        line.currency,
                        line.net,
                        line.tax,
                        line.gross,
                        line.label,
                        line.status,
                        line.counterparty,
                    )
                )
        return len(lines) / (time.perf_counter() - start)

    ours, bare = taken_in_turn(sizes.line_rounds, stage, copy)
    _must_be(ControlLine.objects.count(), sizes.staged * sizes.line_rounds * 2, "staged lines")
    ControlLine.objects.all()._raw_delete(using="default")
    return Comparison(
        name="staging a reading",
        unit="lines/s",
        better="more",
        portal=Series(label="amounts checked, hashed, copied", values=ours),
        bare=Series(label="bare COPY, row by row from Python", values=bare),
        details={"lines_per_round": sizes.staged},
    )


def _must_be(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise RuntimeError(f"{expected} {what} expected, {found} found: a wrong answer is not worth timing")
