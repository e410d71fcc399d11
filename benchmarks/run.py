"""Runs the benches one after the other, writes what was found as JSON and as a table."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

django.setup()

from benchmarks import callbacks, company, controls, deliveries, machine, queue_page, refusals, usage  # noqa: E402 - they need Django
from benchmarks.figures import Comparison  # noqa: E402
from benchmarks.sizes import Sizes  # noqa: E402

BENCHES: dict[str, Callable[[company.Company, Sizes], list[Comparison]]] = {
    "callbacks": callbacks.measure,
    "refusals": refusals.measure,
    "deliveries": deliveries.measure,
    "controls": controls.measure,
    "queue": queue_page.measure,
    "usage": usage.measure,
}


def run(sizes: Sizes, *, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure in the database that is configured; everything one needs to read the figures again later."""
    start, before = time.monotonic(), machine.load()
    ours = company.set_up()
    found: list[dict[str, Any]] = []
    for name, measure in BENCHES.items():
        if only and name not in only:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        began, load = time.monotonic(), machine.load()
        rows = [one.as_data() for one in measure(ours, sizes)]
        took = round(time.monotonic() - began, 1)
        found += [
            {**row, "bench": name, "bench_seconds": took, "load_before": load, "load_after": machine.load()}
            for row in rows
        ]
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "sizes": sizes.name,
        "seconds": round(time.monotonic() - start, 1),
        "load_average": {"before": before, "after": machine.load()},
        "machine": machine.facts(),
        "results": found,
    }


def write(found: dict[str, Any], path: Path) -> None:
    """Keep the results where the next run replaces them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")


def table(found: dict[str, Any]) -> str:
    """The results for people."""
    facts, commit = found["machine"], found["commit"]
    before, after = (", ".join(map(str, found["load_average"][when])) for when in ("before", "after"))
    lines = [
        f"{facts['cores']} cores ({facts['processor']}), Python {facts['python']}, PostgreSQL {facts['postgresql']},"
        f" fsync {facts['postgresql_settings']['fsync']}",
        f"commit {commit['id'][:12] or 'unknown'}{' with changes' if commit['changed'] else ''},"
        f" {found['sizes']} sizes, {found['seconds']:.0f} s",
        f"load average before {before}; after {after} (other work on the machine widens the spread)",
        "",
        _row("", "portal", "least-most", "bare", "least-most", "portal/bare", "least-most", "unit"),
    ]
    for row in found["results"]:
        cells = [
            cell for name in ("portal", "bare", "ratio") for cell in (_number(row[name]["median"]), _range(row[name]))
        ]
        lines.append(_row(row["name"], *cells, f"{row['unit']}, {row['better']} is better"))
    return "\n".join(lines)


def _row(name: str, *cells: str) -> str:
    *numbers, unit = cells
    widths = (10, 17, 10, 17, 13, 13)
    return f"{name:40}" + "".join(f"{cell:>{width}}" for cell, width in zip(numbers, widths, strict=True)) + f"  {unit}"


def _range(series: dict[str, Any]) -> str:
    return f"{_number(series['least'])}-{_number(series['most'])}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
