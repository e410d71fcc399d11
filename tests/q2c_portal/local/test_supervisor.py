"""The supervisor with small stand-ins for the real processes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from q2c_portal.local import processes
from q2c_portal.local.children import Child, Step, Tier
from q2c_portal.local.stack import Stack
from q2c_portal.local.state_dir import ROOT, StateDir, read_json
from q2c_portal.local.supervisor import StartError, Supervisor, end_leftovers, kept_up

LIVE = "import time; time.sleep(120)"


@pytest.fixture
def state(tmp_path):
    state = StateDir(tmp_path)
    state.create()
    return state


def python(name, code, *, tier=Tier.SERVERS, **more):
    return Child(name=name, command=(sys.executable, "-c", code), tier=tier, settles=0.1, **more)


def recorded(state, name):
    return read_json(state.status)["children"][name]


def look_until(supervisor, condition, *, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        supervisor.look_after()
        time.sleep(0.05)


def test_a_process_that_was_killed_is_started_again(state):
    with kept_up(Stack([python("worker", LIVE)]), state=state) as supervisor:
        first = recorded(state, "worker")
        # when
        os.kill(first["pid"], signal.SIGKILL)
        # then
        look_until(supervisor, lambda: recorded(state, "worker")["deaths"] == 1)
        look_until(supervisor, lambda: recorded(state, "worker")["state"] == "ready")
        assert recorded(state, "worker")["pid"] != first["pid"]


def test_what_lived_a_while_starts_again_at_once_and_what_falls_over_waits_longer_each_time(state, monkeypatch):
    monkeypatch.setattr("q2c_portal.local.supervisor.HEALTHY_AFTER", 0.5)
    supervisor = Supervisor(Stack([python("worker", LIVE)]), state=state)
    supervisor.start()
    (worker,) = supervisor.running

    def pause_after(seconds):
        worker.started_at = time.monotonic() - seconds
        worker.process.kill()
        worker.process.wait()
        supervisor.look_after()
        found = worker.pause
        look_until(supervisor, lambda: worker.state == "ready")
        return found

    try:
        # given deaths that come at once, then ones after a life, then again at once
        assert [pause_after(seconds) for seconds in (0, 0, 1, 1, 0)] == [0.5, 1.0, 0.0, 0.0, 0.5]
    finally:
        supervisor.stop()


def test_leaving_ends_every_process_and_says_so(state):
    with kept_up(Stack([python("web", LIVE), python("worker", LIVE)]), state=state):
        pids = [recorded(state, name)["pid"] for name in ("web", "worker")]
    assert [processes.birth_mark(pid) for pid in pids] == [None, None]
    assert read_json(state.status)["phase"] == "stopped"


def test_a_process_deaf_to_polite_signals_is_killed_with_what_it_started(state, tmp_path):
    # given a process that ignores SIGTERM and has a child that does too
    code = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {LIVE!r}])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
time.sleep(120)
"""
    deaf = python("deaf", code, ready=(tmp_path / "pid").exists, stop_seconds=0.3)
    # when
    with kept_up(Stack([deaf]), state=state):
        pass
    # then neither is left
    assert wait_for_death(int((tmp_path / "pid").read_text()))


def test_the_next_tier_waits_for_the_one_before_and_for_the_steps(state, tmp_path):
    told = tmp_path / "told"
    say = "open({told!r}, 'a').write('{word} ')"
    step = Step("migrate", (sys.executable, "-c", say.format(told=str(told), word="migrate")))
    children = [
        python("server", f"{say.format(told=str(told), word='server')}; {LIVE}", ready=told.exists),
        python(
            "web",
            f"{say.format(told=str(told), word='web')}; {LIVE}",
            tier=Tier.APPLICATION,
            ready=lambda: "web" in told.read_text(),
        ),
    ]
    with kept_up(Stack(children, steps=[step]), state=state):
        assert told.read_text().split() == ["server", "migrate", "web"]


def test_a_start_that_fails_leaves_nothing_running(state, tmp_path):
    # given a good server, and an application that always falls over
    pid_file = tmp_path / "pid"
    good = python(
        "good", f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid())); {LIVE}", ready=pid_file.exists
    )
    bad = python("bad", "raise SystemExit(7)", tier=Tier.APPLICATION, ready=lambda: False)
    # when
    with pytest.raises(StartError, match="bad does not start"), kept_up(Stack([good, bad]), state=state):
        raise AssertionError("must not get here")
    # then
    assert processes.birth_mark(int(pid_file.read_text())) is None


def test_a_step_that_fails_stops_the_start_and_names_its_log(state):
    step = Step("migrate", (sys.executable, "-c", "print('no such table'); raise SystemExit(1)"))
    with (
        pytest.raises(StartError, match=r"migrate failed: see .*migrate\.log"),
        kept_up(Stack([], [step]), state=state),
    ):
        raise AssertionError("must not get here")
    assert "no such table" in (state.logs / "migrate.log").read_text()


def test_what_a_killed_supervisor_left_behind_is_ended_at_the_next_start(state):
    # given a supervisor killed without warning, and a child that outlived it
    supervisor = Supervisor(Stack([python("worker", LIVE)]), state=state)
    supervisor.start()
    pid, process = recorded(state, "worker")["pid"], supervisor.running[0].process
    # when
    ended = end_leftovers(state)
    # then
    assert process is not None
    process.wait()
    assert ended == ["worker"]
    assert processes.birth_mark(pid) is None


def test_somebody_elses_process_with_a_number_we_once_had_is_left_alone(state):
    with subprocess.Popen([sys.executable, "-c", LIVE]) as somebody:
        try:
            assert not processes.end(somebody.pid, mark="another-boot:123")
            assert somebody.poll() is None
        finally:
            somebody.kill()


def test_children_end_with_a_supervisor_that_is_killed(state, tmp_path):
    if sys.platform != "linux":
        pytest.skip("only Linux tells children of their parent's death")
    # given a supervisor in a process of its own
    code = f"""
import sys
from pathlib import Path
from q2c_portal.local.children import Child, Tier
from q2c_portal.local.stack import Stack
from q2c_portal.local.state_dir import StateDir
from q2c_portal.local.supervisor import kept_up
worker = Child("worker", (sys.executable, "-c", {LIVE!r}), Tier.SERVERS, settles=0.1)
with kept_up(Stack([worker]), state=StateDir(Path({str(tmp_path)!r}))) as supervisor:
    print("up", flush=True)
    supervisor.watch()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        pid = recorded(state, "worker")["pid"]
        # when
        supervisor.kill()
    # then
    assert wait_for_death(pid)


def wait_for_death(pid, *, seconds=10):
    until = time.monotonic() + seconds
    while processes.birth_mark(pid) is not None and time.monotonic() < until:
        time.sleep(0.05)
    return processes.birth_mark(pid) is None
