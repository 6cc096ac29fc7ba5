from __future__ import annotations

import os
import socket
from pathlib import Path

from contract.lab import NAMESPACES
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.netlink import link, namespace_number


def test_the_loopback_is_what_every_machine_has() -> None:
    found = link("lo")
    assert found is not None
    assert (found.name, found.number, found.mac) == ("lo", socket.if_nametoindex("lo"), "00:00:00:00:00:00")
    assert found == link(number=found.number)._replace(received=found.received, sent=found.sent)  # type: ignore[union-attr] # it is there
    assert found.mtu == int(Path("/sys/class/net/lo/mtu").read_text())
    assert (found.kind, found.peer, found.peer_namespace) == ("", 0, -1)


def test_what_is_not_there_is_none() -> None:
    assert link("tft-none") is None
    assert link(number=2**30) is None


def test_a_veth_and_its_peer(lab: Lab) -> None:
    here = inside(lab.send_namespace, lambda: link(lab.send_interface))
    there = inside(lab.listen_namespace, lambda: link(lab.listen_interface))
    assert here is not None
    assert there is not None
    assert (here.kind, here.up, here.carrier, here.mtu, here.xdp, here.master) == ("veth", True, True, 1500, False, 0)
    assert (here.peer, there.peer) == (there.number, here.number)
    with (NAMESPACES / lab.listen_namespace).open() as other:
        numbered = inside(lab.send_namespace, lambda: namespace_number(other.fileno()))
    assert numbered == here.peer_namespace >= 0


def test_a_namespace_without_a_number_has_none(lab: Lab) -> None:
    with Path("/proc/self/ns/net").open() as own:
        assert inside(lab.send_namespace, lambda: namespace_number(own.fileno())) == -1
    assert os.geteuid() == 0
