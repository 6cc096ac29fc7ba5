"""Slow and stuck clients against a real server, over plain sockets."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading

import pytest

from api.connections import Bounds, room
from store.writer import StoreWriter
from tests.api.conftest import finish
from tests.api.helpers import alert, make_run, until
from tests.api.raw import GET, QUICK, Running, read

STREAM = b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ID = re.compile(rb'"alert_id":"(\d+)"')


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Running(tmp_path_factory.mktemp("connections"), QUICK)
    until(found.answers)
    yield found
    found.server.should_exit = True
    found.thread.join(30)
    assert not found.thread.is_alive()


@pytest.mark.parametrize("sent", [b"", b"G", GET, GET + b"X-A: ", b"\r\n"])
def test_a_head_that_does_not_end_is_cut_off(running, sent):
    with running.connect() as link:
        link.sendall(sent)
        assert read(link).startswith(b"HTTP/1.1 408")


def trickle(link: socket.socket, parts) -> bytes:
    """Send a part every tenth of a second until the server has enough; what it said."""
    link.settimeout(0.05)
    found = b""
    for part in parts:
        with contextlib.suppress(TimeoutError, ConnectionError):
            link.sendall(part)
            got = link.recv(65536)
            found += got
            if not got:
                return found
        if found:
            return found
    raise AssertionError("it was never cut off")


@pytest.mark.parametrize("head", [GET, b"\r\n"])
def test_a_head_a_byte_at_a_time_is_cut_off(running, head):
    with running.connect() as link:
        link.sendall(head)
        assert trickle(link, (b"X-%d: a\r\n" % n if head == GET else b"\r\n" for n in range(400))).startswith(
            b"HTTP/1.1 408"
        )


def test_a_second_request_may_not_be_slower_than_the_first(running):
    with running.connect() as link:
        link.sendall(GET + b"\r\n")
        assert link.recv(65536).startswith(b"HTTP/1.1 200")
        link.sendall(b"GET /heal")
        assert read(link).startswith(b"HTTP/1.1 408")


def test_a_body_a_byte_at_a_time_is_cut_off(running):
    head = b"POST /v1/campaigns HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n"
    before = running.desk.cut.get("slow body", 0)
    with running.connect() as link:
        link.sendall(head)
        # Its answer may be lost: what is sent meanwhile resets the connection.
        trickle(link, (b" " for _ in range(400)))
    assert running.desk.cut["slow body"] == before + 1


def test_who_does_not_read_is_cut_off(running):
    before = running.desk.cut.get("slow reader", 0)
    with running.connect() as link:
        link.sendall(b"GET /v1/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until(lambda: running.desk.cut.get("slow reader", 0) > before, 60)
    assert running.desk.cut["slow reader"] == before + 1
    assert running.answers()


def test_others_are_served_while_slow_ones_wait_for_their_end(running):
    """Many of each kind at once, slow in sending a head, a body, or in reading: each is cut off, nobody waits."""
    slow = {
        "slow head": GET + b"X-A: ",
        "slow body": b"POST /v1/campaigns HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n{",
        "slow reader": b"GET /v1/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    }
    before = dict(running.desk.cut)
    with contextlib.ExitStack() as held:
        for sent in (sent for sent in slow.values() for _ in range(4)):
            held.enter_context(running.connect()).sendall(sent)
        assert running.answers()
        until(lambda: running.answers() and all(running.desk.cut.get(why, 0) >= before.get(why, 0) + 4 for why in slow))


def test_who_takes_nothing_of_the_stream_is_cut_off_and_harms_nobody(tmp_path):
    finish(make_run(tmp_path / "one", alerts=3, seconds=1, per_second=5))
    server = Running(tmp_path, Bounds(), patience_s=0.8, heartbeat_s=0.1)
    wanted = {str(number) for number in range(100, 400)}

    def listen_to(heard: list[bytes]) -> None:
        with server.connect() as link:
            link.sendall(STREAM)
            while not {found.decode() for found in ID.findall(b"".join(heard))} >= wanted:
                heard.append(link.recv(1 << 16))

    try:
        stuck = socket.socket()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", server.port))
        stuck.sendall(STREAM)
        heard: list[list[bytes]] = [[], [], []]
        readers = [threading.Thread(target=listen_to, args=(one,), daemon=True) for one in heard]
        for reader in readers:
            reader.start()
        until(lambda: all(b"event: tick" in b"".join(one) for one in heard), 30)
        with StoreWriter(tmp_path / "one", compact_after=0) as writer:
            for number in range(100, 400, 20):
                writer.commit(alerts=[alert(number + more) for more in range(20)])
        for reader in readers:
            reader.join(30)
            assert not reader.is_alive()
        assert not any(b"event: gap" in b"".join(one) for one in heard)
        gone = select.poll()
        gone.register(stuck, select.POLLERR)
        assert gone.poll(30_000)  # without reading: it was told, and nothing is kept for it
        assert server.desk.cut == {"slow reader": 1}
        until(lambda: server.open == 0, 30)
        stuck.close()
    finally:
        server.server.should_exit = True
        server.thread.join(20)


def test_a_large_head_is_refused(running):
    for data in (GET + b"X: " + b"a" * 9000 + b"\r\n\r\n", GET + b"X: " + b"a" * 9000, b"GET /" + b"a" * 9000,
                 GET + b"".join(b"X%d: a\r\n" % n for n in range(3000)) + b"\r\n"):  # fmt: skip
        assert running.ask(data).startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")), data[:40]


def test_the_body_of_a_refused_request_is_not_read_for_ever(running):
    head = b"POST /v1/campaigns HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n"
    with running.connect() as link:
        link.sendall(head)
        with pytest.raises(ConnectionError):
            link.sendall(bytes(64 << 20))
    assert running.answers()


def test_many_half_open_connections_keep_nobody_out(tmp_path):
    patient = Running(tmp_path, Bounds(most=40, head_s=600.0))
    held = []
    try:
        until(patient.answers)
        for number in range(300):
            link = patient.connect()
            link.sendall(GET + b"X: ")
            held.append(link)
            if number % 50 == 49:
                assert patient.answers()
        assert patient.open <= 41
        until(lambda: patient.desk.cut.get("room", 0) >= 255)
        assert patient.answers()
    finally:
        for link in held:
            link.close()
        patient.server.should_exit = True
        patient.thread.join(30)


def test_answers_under_way_are_not_cut_for_newcomers(tmp_path):
    small = Running(tmp_path, Bounds(most=5))
    try:
        until(small.answers)
        busy = [small.connect() for _ in range(5)]
        for link in busy:
            link.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert link.recv(100).startswith(b"HTTP/1.1 200")
        assert small.ask(GET + b"\r\n") == b""
        for link in busy:
            link.settimeout(10)
            assert link.recv(100)
            link.close()
        until(small.answers)
    finally:
        small.server.should_exit = True
        small.thread.join(30)


def test_thousands_of_requests_on_one_connection_are_bounded(running):
    data = (GET + b"\r\n") * 5000
    with running.connect() as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(data)
        reply = read(link)
    assert reply.count(b'"status":"ok"') <= 5000
    assert running.answers()


def test_no_connection_stays_behind(running):
    until(lambda: running.open == 0, 20)
    assert not running.desk.waiting


def test_there_is_room_for_connections_and_files():
    import resource

    assert 16 <= room() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
