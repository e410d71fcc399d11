"""Ports of local servers: the same at every start, and never somebody else's."""

import socket

from q2c_portal.local import ports
from q2c_portal.local.state_dir import read_json


def listen_on(port: int = 0) -> socket.socket:
    taken = socket.socket()
    taken.bind((ports.LOOPBACK, port))
    taken.listen()
    return taken


def test_every_name_gets_a_port_of_its_own():
    chosen = ports.assign(["postgres", "valkey", "stripe"])
    assert len(set(chosen.values())) == 3


def test_a_second_start_keeps_the_addresses_of_the_first(tmp_path):
    # given a first start
    remembered_in = tmp_path / "ports.json"
    first = ports.assign(["postgres", "valkey"], remembered_in=remembered_in)
    # when it starts again
    second = ports.assign(["postgres", "valkey"], remembered_in=remembered_in)
    # then nothing moved
    assert second == first


def test_a_remembered_port_taken_by_somebody_else_is_replaced_and_the_new_one_remembered(tmp_path):
    # given a remembered port on which somebody else listens by now
    remembered_in = tmp_path / "ports.json"
    first = ports.assign(["postgres", "valkey"], remembered_in=remembered_in)
    with listen_on(first["postgres"]):
        # when it starts again
        second = ports.assign(["postgres", "valkey"], remembered_in=remembered_in)
    # then only that one moved, for good
    assert second["postgres"] != first["postgres"]
    assert second["valkey"] == first["valkey"]
    assert read_json(remembered_in) == second


def test_the_web_server_takes_its_wish_only_when_it_is_free(monkeypatch):
    with listen_on() as taken:
        wish = taken.getsockname()[1]
        monkeypatch.setitem(ports.WISHES, "web", wish)
        # while taken: another one
        assert ports.assign(["web"])["web"] != wish
    # once free: the wish
    assert ports.assign(["web"])["web"] == wish


def test_a_broken_memory_is_forgotten(tmp_path):
    remembered_in = tmp_path / "ports.json"
    remembered_in.write_text('{"web": ')
    assert ports.assign(["valkey"], remembered_in=remembered_in)["valkey"] in ports.CANDIDATES
