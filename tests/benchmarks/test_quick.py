"""Every bench at its tiny size: that it runs, checks its own answers and writes what it found. Nothing about speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "signed callbacks",
    "batched callbacks",
    "401: no signature",
    "401: a signature cut short",
    "401: a signature of ten minutes ago",
    "401: a signature of other bytes",
    "401: a connection that does not exist",
    "deliveries",
    "control over two sides",
    "whole run of a control",
    "control, the join on every core",
    "whole run, the join on every core",
    "staging a reading",
    "queue by problem",
    "queue one by one",
    "usage intake and bare INSERT",
    "usage intake and bare COPY",
]


@pytest.mark.slow  # make stories
@pytest.mark.skipif(
    not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")), reason="needs servers: make test starts them"
)
def test_every_bench_runs_at_its_tiny_size_and_writes_ratios(tmp_path: Path) -> None:
    # given
    output = tmp_path / "latest.json"
    environment = {name: value for name, value in os.environ.items() if name != "Q2C_TESTING"}
    environment |= {"DJANGO_SETTINGS_MODULE": "q2c_portal.settings", "Q2C_STATE_DIR": str(tmp_path)}

    # when
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--output", str(output)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    # then
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(output.read_text())
    assert [row["name"] for row in found["results"]] == NAMES
    for row in found["results"]:
        assert row["ratio"]["least"] <= row["ratio"]["median"] <= row["ratio"]["most"]
        assert row["portal"]["median"] > 0
        assert row["bare"]["median"] > 0
        assert row["name"] in done.stdout
    assert found["sizes"] == "quick"
    assert found["machine"]["postgresql"]
    assert len(found["load_average"]["before"]) == 3
