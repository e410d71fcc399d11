"""Locks and small files of the state directory."""

import subprocess
import sys

import pytest

from q2c_portal.local.state_dir import ROOT, AlreadyLockedError, Lock, StateDir, read_json, write_json

HOLD = """
import sys, time
from pathlib import Path
from q2c_portal.local.state_dir import Lock
Lock(Path(sys.argv[1])).take()
print("taken", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_holder(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_a_held_lock_refuses_a_second_holder_and_names_the_first(tmp_path, other_holder):
    lock = Lock(tmp_path / "lock")
    with pytest.raises(AlreadyLockedError, match=str(other_holder.pid)):
        lock.take()
    assert lock.holder() == other_holder.pid


def test_a_lock_is_free_again_when_its_holder_was_killed(tmp_path, other_holder):
    # given a holder that had no chance to clean up
    other_holder.kill()
    other_holder.wait()
    # when / then the next one gets it
    lock = Lock(tmp_path / "lock")
    assert lock.holder() is None
    with lock:
        pass


def test_a_lock_given_back_has_no_holder(tmp_path):
    lock = Lock(tmp_path / "lock")
    with lock:
        assert Lock(tmp_path / "lock").holder() is not None
    assert lock.holder() is None


def test_a_secret_stays_the_same_and_only_its_owner_reads_it(tmp_path):
    state = StateDir(tmp_path)
    secret = state.secret("secret_key")
    assert len(secret) >= 50
    assert state.secret("secret_key") == secret
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_small_files_are_replaced_whole(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"phase": "starting"})
    write_json(path, {"phase": "up"})
    assert read_json(path) == {"phase": "up"}
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]
