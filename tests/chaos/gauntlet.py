"""Plants every bug in turn and sees it caught by what should catch it; prints the table.

A test catches a bug when it passes without it and fails with it; the simulator when it finds a violation within 200
seeds; the crash points when a sweep does.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.chaos.planted import BUGS, CRASH_POINTS, SIMULATOR, Planted
from tests.chaos.results import PLANTED, RESULTS, ROOT, commit, kept

SEEDS = 200
#: one run of a simulation or a test; the longest takes a third of it on two busy cores
MOST_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Caught:
    """What became of one planted bug."""

    name: str
    by: str
    caught: bool
    how: str
    seconds: float


def plant_and_see(bug: Planted) -> Caught:
    """Plant one bug where something should notice."""
    began = time.monotonic()
    try:
        if bug.caught_by == SIMULATOR:
            caught, how = _by_simulator(bug)
        elif bug.caught_by == CRASH_POINTS:
            caught, how = _by_crash_points(bug)
        else:
            caught, how = _by_test(bug)
    except subprocess.TimeoutExpired:
        caught, how = False, f"did not end within {MOST_SECONDS} s"
    return Caught(name=bug.name, by=bug.caught_by, caught=caught, how=how, seconds=time.monotonic() - began)


def _by_simulator(bug: Planted) -> tuple[bool, str]:
    for seed in range(1, SEEDS + 1):
        words = ("--json", "--seed", str(seed), "--flows", str(bug.flows), "--faults", bug.faults)
        done = _command("manage.py", "simulate", *words, "--plant", bug.name)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            return False, f"the run broke: {done.stderr.strip()[-300:]}"
        violations = json.loads(lines[-1])["violations"]
        if violations:
            return True, f"seed {seed}, {len(violations)} violations: {violations[0][:120]}"
    return False, f"not within {SEEDS} seeds"


def _by_crash_points(bug: Planted) -> tuple[bool, str]:
    done = _command("manage.py", "simulate", "--crash-points", "--phase", "invoice_to_erp", "--plant", bug.name)
    lines = [line.strip() for line in done.stdout.splitlines()]
    where = next((place for place, line in enumerate(lines) if line.startswith("violations:")), None)
    if where is None:
        return False, f"the sweep broke: {done.stderr.strip()[-300:]}"
    return lines[where] != "violations: 0", " ".join(lines[where : where + 2])[:160]


def _by_test(bug: Planted) -> tuple[bool, str]:
    words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", bug.caught_by)
    without = _command(*words)
    if without.returncode:
        return False, f"fails without the bug: {without.stdout.strip().splitlines()[-1:]}"
    planted = _command(*words, plant=bug.name)
    failed = [line for line in planted.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return planted.returncode == 1 and bool(failed), (failed or ["passes with the bug"])[0][:160]


def _command(*words: str, plant: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "Q2C_TESTING": "1", "Q2C_PLANT": plant},
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )


def main() -> None:
    wanted = sys.argv[1:]
    found = []
    rows = [row for path in kept(PLANTED)[-1:] for row in json.loads(path.read_text())]
    caught_before = {row["name"] for row in rows if row["caught"]}
    for bug in BUGS:
        if wanted and not any(word in bug.name for word in wanted):
            continue
        if not wanted and bug.name in caught_before:
            print(f"caught before on this code  {bug.name}", flush=True)
            continue
        found.append(plant_and_see(bug))
        one = found[-1]
        print(
            f"{'caught' if one.caught else 'MISSED'}  {one.name}: {one.by}; {one.how} ({one.seconds:.0f} s)", flush=True
        )
        keep([one])
    caught = sum(one.caught for one in found)
    print(f"{caught} of {len(found)} planted bugs were caught")
    sys.exit(0 if caught == len(found) else 1)


def keep(found: list[Caught]) -> None:
    """Beside what earlier runs of this commit have found: bugs can be planted a few at a time."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{commit()}{PLANTED}"
    rows = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    rows |= {one.name: vars(one) for one in found}
    path.write_text(json.dumps(list(rows.values()), indent=1))


if __name__ == "__main__":
    main()
