"""Which namespace an interface lives in, who its peer is, whether there is a way out: facts that the rails rest on.

All of it is asked of the calling thread's namespace; ``inside`` asks in another one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from contract.errors import LackingError
from contract.lab import NAMESPACES, enter
from generator.lab.netlink import Link, link, namespace_number

T = TypeVar("T")
_HERE: Final = Path("/proc/thread-self")
_REJECT: Final = 0x0200  # a route that refuses; the kernel lists one for ::/0 where there is no other
_SIOCETHTOOL: Final = 0x8946
# Checksums and segments that the kernel leaves to a card: on a veth they change what the receiver sees.
_OFFLOADS: Final = {"rx": 0x15, "tx": 0x17, "sg": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}


class Peer(NamedTuple):
    """The other end of a veth: the name of its namespace ("" for the same one) and what it is."""

    namespace: str
    link: Link


def inside(namespace: str, ask: Callable[[], T]) -> T:
    """What ``ask`` says in that namespace, in a thread of its own; "" is the namespace where we are."""
    if not namespace:
        return ask()
    answers: list[T] = []
    errors: list[Exception] = []

    def body() -> None:
        try:
            enter(namespace)
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - carried over to the asking thread
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]


def identity() -> tuple[int, int]:
    """What tells this namespace from all others."""
    stat = (_HERE / "ns/net").stat()
    return stat.st_dev, stat.st_ino


def name() -> str:
    """The name of this namespace, as `ip netns` shows it; "" for one without, such as the machine's own."""
    here = identity()
    for path in sorted(NAMESPACES.iterdir()) if NAMESPACES.is_dir() else []:
        with suppress(OSError):
            stat = path.stat()
            if (stat.st_dev, stat.st_ino) == here:
                return path.name
    return ""


def default_route() -> bool:
    """A route to everywhere exists, so packets could leave for the world."""
    for line in (_HERE / "net/route").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == fields[7] == "00000000":
            return True
    with suppress(FileNotFoundError):  # a kernel without IPv6
        for line in (_HERE / "net/ipv6_route").read_text().splitlines():
            fields = line.split()
            if fields[1] == "00" and int(fields[0], 16) == 0 and not int(fields[8], 16) & _REJECT:
                return True
    return False


def forwarding() -> bool:
    """Whether this namespace passes packets on between interfaces."""
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        with suppress(FileNotFoundError):
            if (Path("/proc/sys/net") / setting).read_text().strip() != "0":
                return True
    return False


def peer_of(here: Link) -> Peer | None:
    """The other end of a veth of this namespace, where it is in the same or in a named namespace."""
    if here.kind != "veth":
        return None
    if here.peer_namespace < 0:
        other = link(number=here.peer)
        return Peer("", other) if other else None
    for path in sorted(NAMESPACES.iterdir()) if NAMESPACES.is_dir() else []:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            number = namespace_number(fd)
        finally:
            os.close(fd)
        if number == here.peer_namespace:
            other = inside(path.name, lambda: link(number=here.peer))
            return Peer(path.name, other) if other else None
    return None


def offloads_off(interface: str) -> None:
    """Let the kernel do itself what it would leave to a card. Raises ``LackingError`` where it refuses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for what, command in _OFFLOADS.items():
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sQ16x", interface.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(asker, _SIOCETHTOOL, request)
            except OSError as error:
                if what != "rx":  # a veth of an old kernel has no such switch
                    raise LackingError(f"{interface}: cannot switch {what} off: {error.strerror}") from None
