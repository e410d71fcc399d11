"""A slice of the proof in every run: a few seeds with everything going wrong, and proof that the harness can fail.

The whole set is `make proof`; it takes hours and is resumable.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos import planted, proof, simulator, sweep
from tests.chaos.mishaps import named
from tests.chaos.results import ROOT

#: bugs whose seeds are found within seconds; all twenty are planted by `make planted`
QUICK = (
    "blind retry on timeout",
    # make stories
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("money as floats", "no unique key", "retry on a refusal")
    ),
)


def simulate(*words: str) -> "subprocess.CompletedProcess[str]":
    """The command as people call it, against the servers of this test run, in a database of its own."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "simulate", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "Q2C_TESTING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def report_of(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_with_everything_going_wrong_no_promise_is_broken_and_the_same_seed_gives_the_same_run() -> None:
    # beside each other, so that each disturbs the other: what depends on the machine's pace shows
    words = ("--json", "--seed", "1", "--flows", "6", "--faults", "all")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: simulate(*words), range(2))
    report = report_of(first)
    assert report["violations"] == [] and first.returncode == 0
    # something did go wrong, or this proves nothing
    assert report["figures"]["answers lost after the write"] > 0 and report["figures"]["documents posted"] > 0
    assert {**report, "seconds": 0} == {**report_of(second), "seconds": 0}
    assert never_looked_at() == []


def never_looked_at() -> list[str]:
    """Tables of the copied database without statistics: what the server learns of them later it learns when it likes,
    and its plans, and with them a whole run, change by that.
    """
    with psycopg.connect(simulator.dsn(), autocommit=True) as here:
        (template,) = here.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sim_q2c_migrated_%'").fetchone()
    with psycopg.connect(simulator.dsn(), dbname=template) as there:
        unknown = there.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples < 0")
        return [name for (name,) in unknown.fetchall()]


@pytest.mark.parametrize(("seed", "faults"), [("3001", "broker-off,network,order")])
def test_everything_completes_with_the_broker_away_for_the_whole_run(seed: str, faults: str) -> None:
    report = report_of(simulate("--json", "--seed", seed, "--flows", "8", "--faults", faults))
    assert report["violations"] == [] and report["figures"]["documents posted"] == report["figures"]["documents"] > 0


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_caught(name: str) -> None:
    bug = planted.BY_NAME[name]
    for seed in range(1, 6):
        words = ("--json", "--seed", str(seed), "--flows", str(bug.flows), "--faults", bug.faults, "--plant", name)
        if report_of(simulate(*words))["violations"]:
            return
    pytest.fail(f"{name} was not caught within five seeds")


def test_there_are_twenty_bugs_and_each_names_what_catches_it() -> None:
    assert len(planted.BUGS) == len(planted.BY_NAME) == 20
    for bug in planted.BUGS:
        assert (
            bug.caught_by in (planted.SIMULATOR, planted.CRASH_POINTS) or (ROOT / bug.caught_by.split("::")[0]).exists()
        )


def test_every_bug_can_still_be_planted() -> None:
    """The table follows the code: a text that is no longer there is found here, not on the day of the proof."""
    for bug in planted.BUGS:
        if bug.place:
            with planted.changed(bug):
                pass


def test_unknown_faults_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="earthquake.*there are all, none"):
        named("network,earthquake")


def test_the_release_set_is_what_it_says() -> None:
    everything = next(part for part in proof.PARTS if part.faults == "all")
    assert sum(part.wanted for part in proof.PARTS) == 100_000 and everything.wanted >= 80_000


#: runs the command, and prints every function of the portal's own pages and controls that it calls
WATCHED = """
import os, sys
from tests.chaos.results import CONTROLS, PAGES, ROOT
from fnmatch import fnmatch

left_out = [str(ROOT / "reconciliation" / place) + "*" for place in PAGES + CONTROLS]
seen, here = {}, str(ROOT / "reconciliation")

def watch(frame, event, argument):
    code = frame.f_code
    if not code.co_filename.startswith(here):
        return
    if code not in seen and any(fnmatch(code.co_filename, place) for place in left_out):
        up = frame
        while up and up.f_code.co_name != "<module>":
            up = up.f_back
        # what a file does while it is read is no part of a run
        if up and up.f_globals["__name__"] == "__main__":
            seen[code] = f"{code.co_filename}:{code.co_name}"

sys.argv = ["manage.py", *sys.argv[1:]]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "q2c_portal.settings")
from django.core.management import execute_from_command_line
# called for functions only, neither for what they return nor for what is written in C
sys.settrace(watch)
try:
    execute_from_command_line(sys.argv)
finally:
    sys.settrace(None)
    print("called", *seen.values(), sep="\\n")
"""


def test_no_simulated_run_meets_what_its_results_do_not_depend_on() -> None:
    """Else a change of it would leave results standing that it has made void."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WATCHED, "simulate", "--seed", "1", "--flows", "2", "--faults", "all"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "Q2C_TESTING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert "violations: 0" in done.stdout, done.stdout + done.stderr
    assert done.stdout.partition("called")[2].split() == []


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=120))
def test_a_sweep_dies_at_every_place_from_its_first_boundary_to_its_last(places: list[str]) -> None:
    numbers = sweep.chosen(places)
    assert numbers == sorted(set(numbers))
    for place in set(places):
        mine = [number for number, one in enumerate(places, start=1) if one == place]
        died = [number for number in numbers if places[number - 1] == place]
        assert len(died) == min(len(mine), sweep.MOST_AT_A_PLACE)
        assert (died[0], died[-1]) == (mine[0], mine[-1])


def test_what_a_sweep_found_can_be_kept_as_data() -> None:
    found = sweep.Coverage(boundaries={"a phase": 2}, places={"a phase": {"after commit": 1}}, kills=1)
    assert json.loads(json.dumps(asdict(found)))["places"] == {"a phase": {"after commit": 1}}
    assert "a phase: 2 boundaries, 1 places" in sweep.as_text(found)
