"""Somebody outside the lab who listens: another namespace, joined to the machine's own, and the machine's way out."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.lab.interfaces import inside
from tests.generator.lab.helpers import ALL, LAB_FRAME, SO_RCVBUFFORCE

SO_ATTACH_FILTER = 26
LAB4, LAB6 = 0xC6120000, 0x20010002
# What of the machine's own traffic is the lab's, as classic BPF: (code, jump if true, jump if false, constant).
PICK = [
    (0x28, 0, 0, 12), (0x15, 0, 4, 0x86DD),  # IPv6: the first four bytes of either address
    (0x20, 0, 0, 22), (0x15, 9, 0, LAB6), (0x20, 0, 0, 38), (0x15, 7, 6, LAB6),
    (0x20, 0, 0, 26), (0x54, 0, 0, 0xFFFE0000), (0x15, 4, 0, LAB4),  # else as in IPv4
    (0x20, 0, 0, 30), (0x54, 0, 0, 0xFFFE0000), (0x15, 1, 0, LAB4),
    (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFF),
]  # fmt: skip


class Outside:
    """Listens at both ends of its own pair, where nothing at all should be heard, and at the machine's way out."""

    def __init__(self, namespace: str, near: str, far: str) -> None:
        self.near = _listening(near)
        self.far = inside(namespace, lambda: _listening(far))
        self.ways = [_listening(name, picking=True) for name in _ways_out()]

    def heard(self) -> list[bytes]:
        """All frames that anybody has heard since it was last asked."""
        return [frame for one in (self.near, self.far, *self.ways) for frame in _drained(one)]

    def shout(self) -> None:
        """Let a frame of the lab out on purpose, and wait until it has been heard: silence means something."""
        self.near.send(LAB_FRAME)
        self.far.settimeout(60)
        assert self.far.recv(2000, socket.MSG_PEEK)

    def close(self) -> None:
        for one in (self.near, self.far, *self.ways):
            one.close()


def _ways_out() -> set[str]:
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    return {fields[0] for fields in map(str.split, routes) if fields[1] == "00000000"}


def _listening(interface: str, *, picking: bool = False) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if picking:
        steps = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in PICK))
        # struct sock_fprog points at the steps.
        found.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(PICK), ctypes.addressof(steps)))
    found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    found.bind((interface, socket.ntohs(ALL)))
    return found


def _drained(one: socket.socket) -> list[bytes]:
    one.setblocking(False)
    found = []
    try:
        while True:
            found.append(one.recv(2000))
    except BlockingIOError:
        return found


@contextmanager
def outside(word: str) -> Iterator[Outside]:
    """Make the namespace and its pair, quiet, and take them away at the end."""
    name, near, far = f"tft-{os.getpid()}-{word}", f"tfo{os.getpid()}{word}a"[:15], f"tfo{os.getpid()}{word}b"[:15]
    try:
        _ip("netns", "add", name)
        _ip("link", "add", near, "type", "veth", "peer", "name", far)
        _ip("link", "set", far, "netns", name)
        _hush(near)
        inside(name, lambda: _hush(far))
        _ip("link", "set", near, "up")
        _ip("-n", name, "link", "set", far, "up")
        listener = Outside(name, near, far)
        try:
            yield listener
        finally:
            listener.close()
    finally:
        subprocess.run(["ip", "link", "del", near], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _hush(interface: str) -> None:
    """No neighbour discovery of its own."""
    quiet = Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
    if quiet.exists():
        quiet.write_text("1")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
