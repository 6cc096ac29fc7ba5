"""Denied by default: each reason on a real kernel, each fault of a lab file in a real file."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from contract.errors import InputError, UnsafeError
from contract.safety import LAB
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from generator.lab.permission import LAB_CEILING, Permission, permit, read_lab_file

GOOD = """
interface = "tft-send"
prefixes = ["198.18.4.0/22", "2001:2:0:4::/64"]
frames_per_second = 20000
expires = 2999-07-01T00:00:00Z
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def asked(lab: Lab, interface: str = "", file: Path = Path("/nowhere/lab.toml")) -> Permission:
    return inside(lab.send_namespace, lambda: permit(interface or lab.send_interface, file))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root can write a lab file")
    path = tmp_path / "lab.toml"
    path.write_text(GOOD)
    path.chmod(0o600)
    return path


def test_a_veth_that_leads_nowhere_is_a_wire(lab: Lab) -> None:
    found = asked(lab)
    assert found.peer is not None
    assert found.peer.link.name == lab.listen_interface
    assert (found.prefixes, found.frames_per_second, found.expires_ns) == (LAB, LAB_CEILING, None)


def test_an_interface_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(InputError, match=f"tft-none: there is no such interface in {lab.send_namespace}"):
        asked(lab, "tft-none")
    with pytest.raises(InputError, match="this namespace"):
        permit("tft-none")


def test_what_is_no_veth_is_refused(lab: Lab) -> None:
    with pytest.raises(UnsafeError, match=r"real interface, not a veth; another one needs the lab file /nowhere"):
        asked(lab, "lo")
    ip("-n", lab.send_namespace, "link", "add", "tft-br", "type", "bridge")
    with pytest.raises(UnsafeError, match="a bridge, not a veth"):
        asked(lab, "tft-br")
    ip("-n", lab.send_namespace, "link", "del", "tft-br")


def test_a_bridge_at_either_end_is_a_way_out(lab: Lab) -> None:
    for (namespace, interface), words in zip(lab.ends, ("it belongs to", "other end belongs to"), strict=True):
        ip("-n", namespace, "link", "add", "tft-br", "type", "bridge")
        ip("-n", namespace, "link", "set", interface, "master", "tft-br")
        with pytest.raises(UnsafeError, match=words):
            asked(lab)
        ip("-n", namespace, "link", "del", "tft-br")
    assert asked(lab).peer


def test_a_default_route_or_forwarding_at_either_end_is_a_way_out(lab: Lab) -> None:
    switch = Path("/proc/sys/net/ipv4/ip_forward")
    for namespace, interface in lab.ends:
        ip("-n", namespace, "route", "add", "default", "dev", interface)
        with pytest.raises(UnsafeError, match=f"the namespace {namespace} has a default route"):
            asked(lab)
        ip("-n", namespace, "route", "del", "default", "dev", interface)
        inside(namespace, lambda: switch.write_text("1"))
        with pytest.raises(UnsafeError, match=f"the namespace {namespace} forwards packets"):
            asked(lab)
        inside(namespace, lambda: switch.write_text("0"))
    assert asked(lab).peer


def test_a_veth_of_the_machines_own_namespace_or_with_an_end_there_is_refused(lab: Lab) -> None:
    name = f"tft{os.getpid()}"
    ip("link", "add", name, "type", "veth", "peer", "name", "tft-in", "netns", lab.send_namespace)
    with pytest.raises(UnsafeError, match="not in a named network namespace"):
        permit(name)
    with pytest.raises(UnsafeError, match="other end is in no named"):
        asked(lab, "tft-in")
    ip("link", "del", name)


def test_the_lab_file_allows_one_interface_for_a_while(lab: Lab, file: Path) -> None:
    ip("-n", lab.send_namespace, "route", "add", "default", "dev", lab.send_interface)
    found = asked(lab, file=file)
    assert found.peer is None
    assert [str(prefix) for prefix in found.prefixes] == ["198.18.4.0/22", "2001:2:0:4::/64"]
    assert found.frames_per_second == 20_000
    assert found.expires_ns is not None
    assert found.expires_ns > time.time_ns()
    with pytest.raises(UnsafeError, match="allows tft-send, not lo"):
        asked(lab, "lo", file)
    ip("-n", lab.send_namespace, "route", "del", "default", "dev", lab.send_interface)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('prefixes = ["198.18.4.0/22"', 'prefixes = ["10.0.0.0/8"', "outside the ranges"),
        ('prefixes = ["198.18.4.0/22"', 'prefixes = ["192.0.2.0/24"', "outside the ranges"),  # documentation
        ('prefixes = ["198.18.4.0/22"', 'prefixes = ["198.0.0.0/8"', "outside the ranges"),
        ('"198.18.4.0/22", "2001:2:0:4::/64"', "", "allows nothing"),
        ("20000", "0", "allows nothing"),
        ("20000", "true", "frames_per_second is no int"),
        ("20000", '"many"', "frames_per_second is no int"),
        ("2999-07-01T00:00:00Z", "2020-07-01T00:00:00Z", "expired"),
        ("2999-07-01T00:00:00Z", "2999-07-01T00:00:00", "offset"),
        ("2999-07-01T00:00:00Z", '"never"', "expires is no datetime"),
        ("expires = 2999-07-01T00:00:00Z", "", "must say"),
        ('interface = "tft-send"', 'interface = "tft-send"\nevery = true', "must say"),
        ('interface = "tft-send"', "interface =", "no TOML"),
    ],
)
def test_a_lab_file_that_does_not_say_it_all_allows_nothing(file: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(UnsafeError, match=words):
        read_lab_file(file)


def test_a_lab_file_that_another_may_have_written_allows_nothing(file: Path, tmp_path: Path) -> None:
    assert read_lab_file(file)["frames_per_second"] == 20_000
    for mode in (0o620, 0o602):
        file.chmod(mode)
        with pytest.raises(UnsafeError, match="written by others"):
            read_lab_file(file)
    file.chmod(0o600)
    os.chown(file, 12345, -1)
    with pytest.raises(UnsafeError, match="does not belong to root"):
        read_lab_file(file)
    os.chown(file, 0, -1)
    tmp_path.chmod(0o777)  # whoever may write the folder may put another file there
    with pytest.raises(UnsafeError, match="written by others"):
        read_lab_file(file)
    tmp_path.chmod(0o700)
    assert read_lab_file(file)


def test_a_lab_file_that_is_no_file_allows_nothing(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(UnsafeError, match="symbolic links"):
        read_lab_file(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UnsafeError, match="no regular file"):
        read_lab_file(tmp_path / "pipe")
    with pytest.raises(UnsafeError, match="No such file"):
        read_lab_file(tmp_path / "none")
