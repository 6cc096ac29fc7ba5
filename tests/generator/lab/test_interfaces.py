from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contract.errors import LackingError
from generator.lab.interfaces import default_route, forwarding, identity, inside, name, offloads_off, peer_of
from generator.lab.namespaces import Lab
from generator.lab.netlink import link


def test_another_namespace_is_asked_in_a_thread_of_its_own(lab: Lab) -> None:
    here = identity()
    assert inside("", identity) == here
    assert inside(lab.send_namespace, identity) != here
    assert identity() == here
    with pytest.raises(LackingError, match="tft-none"):
        inside("tft-none", identity)


def test_only_a_namespace_that_was_named_has_a_name(lab: Lab) -> None:
    assert name() == ""
    assert inside(lab.send_namespace, name) == lab.send_namespace


def test_a_way_out_is_seen(lab: Lab) -> None:
    def route(*words: str) -> None:
        subprocess.run(["ip", "-n", lab.send_namespace, *words, "default", "dev", lab.send_interface], check=True)

    assert not inside(lab.send_namespace, default_route)
    route("route", "add")
    assert inside(lab.send_namespace, default_route)
    route("route", "del")
    assert not inside(lab.send_namespace, default_route)


def test_a_way_out_over_ipv6_and_forwarding_are_seen(lab: Lab) -> None:
    def configure() -> None:
        Path(f"/proc/sys/net/ipv6/conf/{lab.listen_interface}/disable_ipv6").write_text("0")
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")

    inside(lab.listen_namespace, configure)
    assert inside(lab.listen_namespace, forwarding)
    assert not inside(lab.listen_namespace, default_route)
    route = ["ip", "-n", lab.listen_namespace, "-6", "route", "add", "default", "dev", lab.listen_interface]
    subprocess.run(route, check=True)
    assert inside(lab.listen_namespace, default_route)


def test_the_peer_is_the_other_end_and_no_namesake(lab: Lab) -> None:
    here = inside(lab.send_namespace, lambda: link(lab.send_interface))
    assert here is not None
    peer = inside(lab.send_namespace, lambda: peer_of(here))
    assert peer is not None
    assert (peer.namespace, peer.link.name) == (lab.listen_namespace, lab.listen_interface)
    back = inside(lab.listen_namespace, lambda: peer_of(peer.link))
    assert back is not None
    assert (back.namespace, back.link.name) == (lab.send_namespace, lab.send_interface)


def test_the_peer_in_the_same_namespace(lab: Lab) -> None:
    pair = ["link", "add", "tft-x", "type", "veth", "peer", "name", "tft-y"]
    subprocess.run(["ip", "-n", lab.send_namespace, *pair], check=True)

    def ask() -> tuple[str, str]:
        here = link("tft-x")
        assert here is not None
        peer = peer_of(here)
        assert peer is not None
        return peer.namespace, peer.link.name

    assert inside(lab.send_namespace, ask) == ("", "tft-y")
    subprocess.run(["ip", "-n", lab.send_namespace, "link", "del", "tft-x"], check=True)


def test_what_is_no_veth_has_no_peer() -> None:
    here = link("lo")
    assert here is not None
    assert peer_of(here) is None


def test_offloads_are_switched_off(lab: Lab) -> None:
    inside(lab.send_namespace, lambda: offloads_off(lab.send_interface))  # a second time is no error
    with pytest.raises(LackingError, match="tft-none: cannot switch"):
        offloads_off("tft-none")
