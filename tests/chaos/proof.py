"""The release set: many seeds, resumable; results are kept by commit and seed range, a report says what is covered."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.results import PLANTED, RESULTS, ROOT, commit, kept, same_code


@dataclass(frozen=True, kw_only=True)
class Part:
    """One kind of run in the release set."""

    name: str
    faults: str
    flows: int
    seeds: int
    first_seed: int = 1

    @property
    def wanted(self) -> int:
        return self.flows * self.seeds


#: what a release asks for; figures for smaller sets say so
PARTS = (
    Part(name="everything at once", faults="all", flows=250, seeds=320),
    Part(name="timeouts after the commit", faults="timeouts", flows=1000, seeds=10, first_seed=1001),
    Part(name="storms of 503", faults="storm", flows=500, seeds=10, first_seed=2001),
    Part(name="broker away", faults="broker-off,network,order", flows=500, seeds=10, first_seed=3001),
)


#: real kills a release asks for, PostgreSQL's among them, and the chaos runs they are spread over
KILLS, KILLS_OF_POSTGRES, KILL_SEEDS = 300, 50, (1, 2, 3)
#: what a run that ended without a result leaves; it runs again
BROKE = "the run itself broke"

#: ending of the files in which the sweep keeps what it found, a line for each phase
SWEPT = "-swept.jsonl"


def results_file() -> Path:
    return RESULTS / f"{commit()}.jsonl"


def done() -> list[dict[str, Any]]:
    """Results for this code so far; of a seed that broke and ran again, the later one."""
    rows = (
        json.loads(line)
        for path in kept(".jsonl")
        if not path.name.endswith(SWEPT)
        for line in path.read_text().splitlines()
    )
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        key = (row["part"], row["seed"])
        if key not in found or found[key]["violations"] == [BROKE]:
            found[key] = row
    return list(found.values())


def missing(part: Part, have: list[dict[str, Any]]) -> Iterator[int]:
    """Seeds of a part that have not run on this commit."""
    ran = {(row["part"], row["seed"]) for row in have if row["violations"] != [BROKE]}
    for seed in range(part.first_seed, part.first_seed + part.seeds):
        if (part.name, seed) not in ran:
            yield seed


def work(minutes: float, *, parts: Sequence[Part] = PARTS, workers: int = 2) -> None:
    """Run what is missing for so long, in processes of their own; what they find is kept."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    have = done()
    waiting = [(part, seed) for part in parts for seed in missing(part, have)]
    # every part gets its turn early
    waiting.sort(key=lambda one: (one[1] - one[0].first_seed, one[0].name))
    ends, running = time.monotonic() + minutes * 60, []
    while (waiting and time.monotonic() < ends) or running:
        while waiting and len(running) < workers and time.monotonic() < ends:
            part, seed = waiting.pop(0)
            words = ("--seed", str(seed), "--flows", str(part.flows), "--faults", part.faults)
            running.append((part, seed, _simulate(*words)))
        for one in [one for one in running if one[2].poll() is not None]:
            running.remove(one)
            _keep(*one)
        time.sleep(0.2)


def _simulate(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate", "--json", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )


def _printed(process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    assert process.stdout is not None
    return [json.loads(line) for line in process.stdout.read().splitlines() if line.startswith("{")]


def _keep(part: Part, seed: int, process: "subprocess.Popen[str]") -> None:
    row = (_printed(process) or [{"seed": seed, "violations": [BROKE]}])[-1]
    row["part"], row["faults"] = part.name, part.faults
    with results_file().open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(f"{part.name}, seed {seed}: {len(row['violations'])} violations, {row.get('seconds', 0):.0f} s", flush=True)


def phases() -> list[str]:
    """What the sweep of crash points plays: each phase for each kind of ERP, a run of its own."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "q2c_portal.settings")
    django.setup()
    from tests.chaos.sweep import plays

    return list(plays())


def swept() -> dict[str, dict[str, Any]]:
    """Phase -> what dying once at each of its boundaries has found, for this code."""
    rows = [json.loads(line) for path in kept(SWEPT) for line in path.read_text().splitlines()]
    return {row["phase"]: row for row in rows}


def sweep_crash_points(*, workers: int = 2) -> None:
    """Die once at every boundary of every phase not yet swept on this code; what is found is kept."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    waiting = [phase for phase in phases() if phase not in swept()]
    running: list[tuple[str, subprocess.Popen[str]]] = []
    while waiting or running:
        while waiting and len(running) < workers:
            phase = waiting.pop(0)
            running.append((phase, _simulate("--crash-points", "--phase", phase)))
        for one in [one for one in running if one[1].poll() is not None]:
            running.remove(one)
            _keep_phase(*one)
        time.sleep(0.2)


def _keep_phase(phase: str, process: "subprocess.Popen[str]") -> None:
    rows = _printed(process)
    if not rows:
        raise RuntimeError(f"the sweep of {phase} broke")
    with (RESULTS / f"{commit()}{SWEPT}").open("a") as file:
        file.write(json.dumps({"phase": phase, **rows[-1]}) + "\n")
    print(f"{phase}: {rows[-1]['kills']} deaths, {len(rows[-1]['violations'])} violations", flush=True)


def _of_others() -> Iterator[str]:
    """What the sweep, the planted bugs and the chaos runs have left for this commit."""
    if rows := swept():
        places = {place for row in rows.values() for phase in row["places"].values() for place in phase}
        yield (
            f"  crash points: {sum(row['kills'] for row in rows.values()):,} deaths at {len(places)} places in"
            f" {len(rows)} of {len(phases())} phases, {sum(len(row['violations']) for row in rows.values())} violations"
        )
    for path in kept(PLANTED)[-1:]:
        bugs = json.loads(path.read_text())
        missed = [bug["name"] for bug in bugs if not bug["caught"]]
        yield f"  planted bugs: {len(bugs) - len(missed)} of {len(bugs)} caught" + (
            f"; missed {missed}" if missed else ""
        )
    runs = chaos_runs()
    kills: Counter[str] = Counter()
    for one in runs:
        kills.update(one.get("kills", {}))
    yield (
        f"  real kills: {sum(kills.values())} of {KILLS}, {kills['postgres']} of {KILLS_OF_POSTGRES} of PostgreSQL,"
        f" seeds {_ranges(sorted(one['seed'] for one in runs))},"
        f" {sum(len(one['violations']) for one in runs)} violations,"
        f" {sum(len(one['troubles']) for one in runs)} troubles"
    )
    older = {path.name.partition("-")[0].partition(".")[0] for path in RESULTS.glob("*.jsonl")}
    if others := sorted(name for name in older if not same_code(name)):
        yield f"  of older code, and no proof of this one: {', '.join(others)}"


def chaos_runs() -> list[dict[str, Any]]:
    """Results of chaos runs with kills, for this code."""
    runs = (json.loads(path.read_text()) for path in sorted(RESULTS.glob("chaos-*.json")))
    return [one for one in runs if same_code(one["commit"]) and one.get("kills")]


def seeds_to_kill() -> list[int]:
    """Chaos runs of the release set that are still missing."""
    ran = {one["seed"] for one in chaos_runs()}
    return [seed for seed in KILL_SEEDS if seed not in ran]


def report() -> str:
    """What is covered on this commit, part by part."""
    have = done()
    lines = [f"commit {commit()}"]
    for part in PARTS:
        rows = [row for row in have if row["part"] == part.name]
        seeds = sorted(row["seed"] for row in rows)
        flows = sum(row.get("flows", 0) for row in rows)
        figures: Counter[str] = Counter()
        for row in rows:
            for name in ("events", "remote writes", "answers lost after the write", "deaths"):
                figures[name] += row.get("figures", {}).get(name, 0)
        lines.append(
            f"  {part.name}: {flows:,} of {part.wanted:,} flows, seeds {_ranges(seeds)}, "
            f"{sum(len(row['violations']) for row in rows)} violations; "
            + ", ".join(f"{count:,} {name}" for name, count in figures.items())
        )
    lines += _of_others()
    lines += [f"  violation, seed {row['seed']}: {text}" for row in have for text in row["violations"]]
    return "\n".join(lines)


def _ranges(numbers: list[int]) -> str:
    if not numbers:
        return "none"
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low}-{high}" if low != high else f"{low}" for low, high in spans)


def main() -> None:
    if sys.argv[1:2] == ["report"]:
        print(report())
        return
    if sys.argv[1:2] == ["seeds-to-kill"]:
        print(*seeds_to_kill())
        return
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.proof", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=10_000.0, help="start nothing new after so long")
    parser.add_argument("--only", default="", help="a word of the part's name, or 'crash points'")
    parser.add_argument("--workers", type=int, default=2, help="seeds at a time")
    chosen = parser.parse_args()
    parts = [part for part in PARTS if chosen.only in part.name]
    if chosen.only in "crash points":
        sweep_crash_points(workers=chosen.workers)
    work(chosen.minutes, parts=parts, workers=chosen.workers)
    print(report())
    # what an earlier run found on this code counts as well
    sys.exit(1 if any(row["violations"] for row in (*done(), *swept().values())) else 0)


if __name__ == "__main__":
    main()
