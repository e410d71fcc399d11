"""The embedded PostgreSQL and Valkey, really started."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis

from q2c_portal.local import environment, ports, postgres, processes, stack
from q2c_portal.local.state_dir import StateDir, read_json
from q2c_portal.local.supervisor import kept_up


@pytest.fixture
def state(monkeypatch):
    # Not the servers these tests themselves may have been given.
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with tempfile.TemporaryDirectory(prefix="q2c-portal-") as folder:
        # PostgreSQL may run as another user, who must be able to pass through.
        Path(folder).chmod(0o711)
        state = StateDir(Path(folder).resolve())
        state.create()
        yield state
        shutil.rmtree(postgres.far_room(state), ignore_errors=True)


def servers(state, *, chosen):
    children, addresses = stack.servers(state, chosen=chosen, durable=True)
    return stack.Stack(children, addresses=addresses, environment=environment.base(state))


def test_data_outlive_a_stop_and_a_kill(state):
    chosen = ports.assign(["postgres", "valkey"])
    # given servers with something in them
    with kept_up(servers(state, chosen=chosen), state=state) as supervisor:
        addresses = supervisor.stack.addresses
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('Äpfel')")
        with redis.Redis.from_url(addresses["REDIS_URL"]) as broker:
            broker.set("word", "kept")
            # wait until the broker's own file has it: it writes every second
            broker.execute_command("WAITAOF", 1, 0, 5000)
        # when both are killed without warning
        pids = {name: facts["pid"] for name, facts in read_json(state.status)["children"].items()}
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while any(one.deaths == 0 or one.state != "ready" for one in supervisor.running):
            assert time.monotonic() < until
            supervisor.look_after()
            time.sleep(0.05)
    # and started once more after an orderly end
    with kept_up(servers(state, chosen=chosen), state=state):
        # then all is there, and letters beyond ASCII have an upper case
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT upper(word) FROM kept").fetchone() == ("ÄPFEL",)
        with redis.Redis.from_url(addresses["REDIS_URL"]) as broker:
            assert broker.get("word") == b"kept"


def test_a_wrong_password_is_refused_by_both(state):
    chosen = ports.assign(["postgres", "valkey"])
    with kept_up(servers(state, chosen=chosen), state=state):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=ports.LOOPBACK, port=chosen["postgres"], user="postgres", password="wrong")
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=chosen["valkey"]) as broker:
            broker.ping()


def test_a_leftover_pid_file_with_somebody_elses_number_does_not_stop_the_start(state):
    # given a data directory whose pid file names a process that is not PostgreSQL
    chosen = ports.assign(["postgres", "valkey"])
    with kept_up(servers(state, chosen=chosen), state=state):
        pass
    data = postgres.serve(state, port=chosen["postgres"], durable=True).data
    leftover = data / "postmaster.pid"
    leftover.write_text(f"{os.getpid()}\n{data}\n")
    # when / then it starts, and that process lives
    with kept_up(servers(state, chosen=chosen), state=state) as supervisor:
        assert all(one.state == "ready" for one in supervisor.running)
    assert processes.birth_mark(os.getpid())


def test_servers_whose_addresses_are_given_are_not_started(state, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example.com/q2c")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example.com/0")
    children, addresses = stack.servers(state, chosen={}, durable=True)
    assert children == []
    assert addresses["DATABASE_URL"] == "postgres://db.example.com/q2c"
