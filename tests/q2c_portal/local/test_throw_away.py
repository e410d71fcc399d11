"""Servers that live as long as one command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from q2c_portal.local import processes
from q2c_portal.local.state_dir import ROOT
from q2c_portal.local.throw_away import run_with_servers

ASK = """
import os, sys
from pathlib import Path
import psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    fsync = connection.execute("SHOW fsync").fetchone()[0]
with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
    broker.ping()
Path(sys.argv[1]).write_text(f"{fsync} {os.environ['Q2C_STATE_DIR']}")
sys.exit(3)
"""


@pytest.fixture(autouse=True)
def no_servers_given(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.mark.parametrize(("durable", "fsync"), [(False, "off"), (True, "on")])
def test_the_command_meets_both_servers_its_exit_code_comes_back_and_nothing_stays(tmp_path, durable, fsync):
    # when
    code = run_with_servers([sys.executable, "-c", ASK, str(tmp_path / "told")], durable=durable)
    # then
    assert code == 3
    told, folder = (tmp_path / "told").read_text().split()
    assert told == fsync
    assert not Path(folder).exists()


def test_an_interrupted_run_ends_its_servers_too(tmp_path):
    # given a run under way in a process of its own
    told = tmp_path / "told"
    wait = f"import os, time; open({str(told)!r}, 'w').write(os.environ['Q2C_STATE_DIR'] + chr(10)); time.sleep(60)"
    command = [sys.executable, "-m", "q2c_portal.local", "with", "--", sys.executable, "-c", wait]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as launcher:
        until = time.monotonic() + 30
        while not (told.exists() and told.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.05)
        folder = Path(told.read_text().strip())
        server = next(pid for pid in running() if str(folder) in processes.command_line(pid))
        # when
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(timeout=30) == 130
    # then
    assert processes.birth_mark(server) is None
    assert not folder.exists()


def running() -> list[int]:
    if Path("/proc/self").exists():
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in listed.split()]
