"""A slice of the chaos run: real processes killed and a faulty network in between; the books must be right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from q2c_portal.local.state_dir import ROOT

pytestmark = pytest.mark.slow


def test_a_few_real_kills_behind_a_faulty_network_leave_right_books(tmp_path: Path) -> None:
    # when
    words = ["--seed", "11", "--deals", "30", "--minutes", "3", "--kills", "12"]
    environment = {**os.environ, "Q2C_STATE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.rig", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # then
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (stored,) = (tmp_path / "results").glob("chaos-*-11-*.json")
    result = json.loads(stored.read_text())
    assert result["violations"] == [] and result["won deals"] == 30
    # and it was not a quiet walk
    assert sum(result["kills"].values()) >= 10 and result["kills"]["postgres"] >= 1
    assert all(result["faults"][name]["calls"] > 50 for name in ("salesforce", "stripe", "netsuite", "portal"))
