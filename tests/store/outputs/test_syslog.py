from __future__ import annotations

import json
import re
import socket
import threading

import pytest

from contract.errors import InputError
from store.formats.base import Origin
from store.outputs.base import RefusedError, UnavailableError
from store.outputs.syslog import KIND, Syslog
from tests.store.outputs.helpers import batch, framed, listener, settings

FORM = re.compile(
    rb"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S+) tenfold (\d+) alerts "
    rb'\[origin software="Tenfold" swVersion="[^"]+"\]\[meta sequenceId="(\d+)"\] (.*)'
)


def target(address, transport, **more):
    return Syslog(settings("syslog", address=address, transport=transport, **more), Origin("r", "sensor-1"))


def again(sender, given):
    for _ in range(50):
        sender.deliver(given)


def parsed(message):
    found = FORM.fullmatch(message)
    assert found, message
    return int(found[1]), found[3], int(found[5]), json.loads(found[6])["n"]


def test_udp_carries_a_message_a_datagram():
    with listener(socket.SOCK_DGRAM) as (receiver, address):
        sender = target(address, "udp")
        sender.deliver(batch(2, level="critical"))
        sender.deliver(batch(1, 2, level="informational"))
        found = [parsed(receiver.recv(65_536)) for _ in range(3)]
        sender.close()
    local0 = 16 * 8
    assert found == [(local0 + 2, b"sensor-1", 1, 0), (local0 + 2, b"sensor-1", 2, 1), (local0 + 6, b"sensor-1", 3, 2)]


def test_a_port_on_which_nobody_listens_is_told_of():
    with listener(socket.SOCK_DGRAM) as (_, address):
        pass
    sender = target(address, "udp")
    with pytest.raises(UnavailableError, match="refused"):
        again(sender, batch(2))  # the answer to one datagram is the error of a later one


def test_tcp_counts_octets_and_connects_again_when_the_server_went_away():
    with listener(socket.SOCK_STREAM) as (server, address):
        sender = target(address, "tcp")
        for first in (0, 10):
            found = []

            def take(found=found):
                peer, _ = server.accept()
                with peer, peer.makefile("rb") as stream:
                    found += [framed(stream) for _ in range(3)]

            thread = threading.Thread(target=take)
            thread.start()
            sender.deliver(batch(3, first))
            thread.join()
            assert [parsed(message)[3] for message in found] == [first, first + 1, first + 2]
        sender.close()


def test_one_connection_carries_batch_after_batch():
    """Whether the server has closed is asked without waiting: a wait ended in a time-out and a new connection."""
    with listener(socket.SOCK_STREAM) as (server, address):
        sender = target(address, "tcp", timeout_s=0.3)
        sender.deliver(batch(2))
        link, _ = server.accept()
        with link:
            sender.deliver(batch(2, 2))
            stream = link.makefile("rb")
            assert [parsed(framed(stream))[3] for _ in range(4)] == [0, 1, 2, 3]
            stream.close()
        sender.close()


def test_a_server_that_takes_nothing_is_unavailable():
    with listener(socket.SOCK_STREAM) as (server, address):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sender = target(address, "tcp", timeout_s=0.2)
        with pytest.raises(UnavailableError):
            again(sender, batch(20_000))  # nobody reads: buffers fill, and what is not taken is not delivered


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_unix_socket_of_either_kind(tmp_path, kind):
    with listener(kind, tmp_path / "log") as (receiver, address):
        sender = target(address, "unix")
        sender.deliver(batch(1, 4))
        if kind == socket.SOCK_DGRAM:
            message = receiver.recv(65_536)
        else:
            peer, _ = receiver.accept()
            with peer, peer.makefile("rb") as stream:
                message = framed(stream)
        sender.close()
    assert parsed(message)[3] == 4


def test_a_message_that_is_too_long_is_refused():
    with listener(socket.SOCK_DGRAM) as (_, address), pytest.raises(RefusedError, match="longer than max_bytes"):
        target(address, "udp", max_bytes=100).deliver(batch(1))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"address": "host"}, "is not HOST:PORT"),
        ({"address": "host:99999"}, "is not HOST:PORT"),
        ({"transport": "unix", "address": "dev/log"}, "absolute path of a socket"),
    ],
)
def test_what_does_not_fit_together(values, words):
    with pytest.raises(InputError, match=words):
        KIND.check(settings("syslog") | values)


@pytest.mark.parametrize("transport", ["udp", "tcp", "unix"])
def test_certificates_that_nobody_would_look_at_are_refused(transport):
    values = settings("syslog", transport=transport, address="127.0.0.1:1", ca_file="ca.pem")
    with pytest.raises(InputError, match=f"ca_file: with transport {transport} nothing is verified; take tls"):
        KIND.check(values)
    KIND.check(values | {"transport": "tls"})
