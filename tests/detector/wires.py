"""A real wire for tests: two network namespaces of their own, joined by a veth pair."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from contract.lab import enter

_T = TypeVar("_T")
SEND, LISTEN = "tfxa", "tfxb"
WORKS = os.geteuid() == 0 and shutil.which("ip") is not None and Path("/proc/self/ns/net").exists()
needs_wire = pytest.mark.skipif(not WORKS, reason="network namespaces need Linux, root and iproute2")


@dataclass(frozen=True)
class Wire:
    """Names of the two namespaces; the interfaces in them are ``SEND`` and ``LISTEN``."""

    sending: str
    listening: str

    def sender(self) -> socket.socket:
        """A packet socket at the sending end."""

        def opened() -> socket.socket:
            found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            found.bind((SEND, 0))
            return found

        return inside(self.sending, opened)


def inside(namespace: str, call: Callable[[], _T]) -> _T:
    """Call something in a namespace: in a thread, for a thread alone moves there. What it opens stays there."""
    found: list[_T] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            enter(namespace)
            found.append(call())
        except Exception as error:  # noqa: BLE001 - it is raised again, in the thread that asked
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


@contextmanager
def wire() -> Iterator[Wire]:
    """Make the namespaces and the pair, quiet (no IPv6 of their own), and take them away at the end."""
    names = [f"tfx-live-{os.getpid()}-{end}" for end in "ab"]
    try:
        for name in names:
            _ip("netns", "add", name)
        _ip("link", "add", SEND, "netns", names[0], "type", "veth", "peer", "name", LISTEN, "netns", names[1])
        for name, interface in zip(names, (SEND, LISTEN), strict=True):
            quiet = Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
            inside(name, lambda quiet=quiet: quiet.write_text("1") if quiet.exists() else 0)
            _ip("-n", name, "link", "set", interface, "up")
        yield Wire(*names)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
