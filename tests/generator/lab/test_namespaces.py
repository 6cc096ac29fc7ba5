"""Up, down and status on a real kernel, with names of our own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest

from contract.errors import InputError, LackingError
from contract.lab import exists
from generator.lab import namespaces
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from tests.generator.lab.helpers import own_lab


@pytest.fixture
def names() -> Iterator[Lab]:
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a lab needs root and iproute2")
    mine = own_lab("own")
    yield mine
    for namespace, _ in mine.ends:
        if exists(namespace):
            subprocess.run(["ip", "netns", "del", namespace], check=True)
        (namespaces.NOTES / namespace).unlink(missing_ok=True)


def test_up_twice_is_up_once_and_down_leaves_nothing(names: Lab) -> None:
    assert not namespaces.status(names)["up"]
    first = namespaces.up(names)
    assert first["up"]
    assert first == namespaces.up(names) == namespaces.status(names)
    for end in (first["send"], first["listen"]):
        assert (end["mtu"], end["default_route"], end["forwarding"], end["ours"]) == (1500, False, False, True)
    assert namespaces.up(names, mtu=1400)["listen"]["mtu"] == 1400
    after = namespaces.down(names)
    assert not after["up"]
    assert not after["send"]["exists"]
    assert not after["listen"]["exists"]
    assert not any((namespaces.NOTES / namespace).exists() for namespace, _ in names.ends)
    assert namespaces.down(names) == after


def test_the_wire_is_silent_until_somebody_sends(names: Lab) -> None:
    """Bringing the pair up sends nothing: no address detection, no router solicitation, no group reports."""
    namespaces.up(names)
    frame = bytes(12) + b"\x88\xb5" + bytes(46)

    def send() -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((names.send_interface, 0))
            wire.send(frame)

    inside(names.send_namespace, send)
    state = namespaces.status(names)
    assert (state["send"]["sent"], state["send"]["received"]) == (1, 0)
    assert (state["listen"]["received"], state["listen"]["sent"]) == (1, 0)


def test_half_a_lab_is_made_whole(names: Lab) -> None:
    namespaces.up(names)
    subprocess.run(["ip", "-n", names.listen_namespace, "link", "del", names.listen_interface], check=True)
    assert not namespaces.status(names)["up"]
    assert namespaces.up(names)["up"]


def test_what_we_did_not_make_is_left_alone(names: Lab) -> None:
    subprocess.run(["ip", "netns", "add", names.listen_namespace], check=True)
    with pytest.raises(InputError, match="did not make"):
        namespaces.up(names)
    with pytest.raises(InputError, match="left alone"):
        namespaces.down(names)
    assert exists(names.listen_namespace)


def test_a_namesake_made_later_by_another_hand_is_not_ours(names: Lab) -> None:
    namespaces.up(names)
    for namespace, _ in names.ends:
        subprocess.run(["ip", "netns", "del", namespace], check=True)
    # What keeps the old namespace's number from being used again while it is compared.
    subprocess.run(["ip", "netns", "add", f"{names.send_namespace}-0"], check=True)
    subprocess.run(["ip", "netns", "add", names.send_namespace], check=True)
    subprocess.run(["ip", "netns", "del", f"{names.send_namespace}-0"], check=True)
    state = namespaces.status(names)
    assert state["send"]["exists"]
    if not state["send"]["ours"]:  # the kernel may number the new namespace as the old one
        with pytest.raises(InputError, match="left alone"):
            namespaces.down(names)


def test_without_root_or_ip_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LackingError, match="root"):
        namespaces.up()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LackingError, match="iproute2"):
        namespaces.down()


@pytest.mark.parametrize("mtu", [67, 9001])
def test_an_mtu_that_is_none(mtu: int) -> None:
    with pytest.raises(InputError, match="--mtu"):
        namespaces.up(own_lab("mtu"), mtu)
