"""The command line: `make bench`, or `make bench ARGS="--quick --only control"`."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmarks import place, sizes

RESULTS = Path(__file__).parent / "results" / "latest.json"


def main(arguments: Sequence[str]) -> int:
    """Measure, write the results down, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that every bench works, says nothing about speed"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=("callbacks", "refusals", "deliveries", "controls", "queue", "usage"),
        help="may be repeated",
    )
    parser.add_argument(
        "--output", type=Path, help="where to write; by default the results folder, and nowhere with --quick or --only"
    )
    chosen = parser.parse_args(arguments)
    # said by every process: nothing was collected for a run from the source folders, and in a container all is root's
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning")
    with place.own_place():
        # only now do the settings see the place
        from benchmarks import run

        found = run.run(sizes.QUICK if chosen.quick else sizes.FULL, only=chosen.only)
    output = chosen.output or (None if chosen.quick or chosen.only else RESULTS)
    if output:
        run.write(found, output)
    print(run.table(found))
    if output:
        print(f"\nWritten to {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
