"""A packet socket with a ring that the kernel fills: AF_PACKET, TPACKET_V3 (the kernel's packet_mmap.rst).

Nothing here needs numpy: the ring is opened, and the rights that it took given up, before a library starts a thread.
"""

from __future__ import annotations

import mmap
import select
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.errors import InputError, LackingError
from contract.lab import enter
from detector.capture.live_filter import REFUSE_ALL, attach, compiled, keep_all

SOL_PACKET: Final = 263
_ADD_MEMBERSHIP, _DROP_MEMBERSHIP, _RX_RING, _STATISTICS, _VERSION = 1, 2, 5, 6, 10
_FANOUT, _IGNORE_OUTGOING = 18, 23
_TPACKET_V3: Final = 2
_PROMISCUOUS: Final = 1
# The kernel's symmetric flow hash: both directions of a flow come to one socket.
_FANOUT_HASH: Final = 0
# Fragments are put together first, so that a datagram comes whole to where its flow is: detectors of their own need it.
# Rings of one detector do not, and see each fragment as it was on the wire.
_DEFRAGMENT: Final = 0x8000
_NEW_GROUP: Final = 0x2000  # the kernel picks a number that nobody uses
_ETH_P_ALL: Final = 3
_SIOCGIFHWADDR: Final = 0x8927
# ARPHRD -> link type as in pcap: Ethernet, loopback (which carries an Ethernet header of zeros), and bare IP.
_LINKS: Final = {1: 1, 772: 1, 519: 101, 65534: 101}
_FRAME_BYTES: Final = 2048  # the kernel asks for it and uses it for nothing in a ring of blocks
_MOST_SNAPLEN: Final = 262_144
_MOST_RINGS: Final = 64
BLOCK_BYTES: Final = 1 << 18  # small: the ring lasts for at most blocks times RETIRE_MS, however little comes
RETIRE_MS: Final = 10  # a block with few frames is handed over after so long


@dataclass(frozen=True)
class Options:
    """What to listen to, and how.

    interface, namespace: its name, and that of the network namespace (`ip netns`) in which it is; "" for this one
    filter_text: in the syntax of tcpdump, "" for everything
    snaplen: bytes of a frame that are kept at most
    promiscuous: take also what is addressed to others (a veth hands that over anyhow)
    fanout: sockets with the same number above 0 share the frames of an interface, flow by flow
    ring_bytes: memory of the ring; what comes while it is full is dropped by the kernel, and counted
    rings: how many rings share the memory and the frames, flow by flow, each read by a thread of its own
    """

    interface: str
    namespace: str = ""
    filter_text: str = ""
    snaplen: int = _MOST_SNAPLEN
    promiscuous: bool = False
    fanout: int = 0
    ring_bytes: int = 64 << 20
    block_bytes: int = BLOCK_BYTES
    rings: int = 1

    def __post_init__(self) -> None:
        if not 1 <= len(self.interface.encode()) <= 15 or any(c in "/ " for c in self.interface):
            raise InputError(f"{self.interface!r} is no name of an interface")
        if not 64 <= self.snaplen <= _MOST_SNAPLEN:
            raise InputError(f"a snap length of {self.snaplen} is not between 64 and {_MOST_SNAPLEN:,}")
        if not 0 <= self.fanout <= 65_535:
            raise InputError(f"a fanout group of {self.fanout} is not between 0 and 65535")
        if self.ring_bytes < self.block_bytes * self.rings or self.ring_bytes > 8 << 30:
            raise InputError(f"a ring of {self.ring_bytes:,} bytes is not between {self.block_bytes:,} and 8 GiB")
        if not 1 <= self.rings <= _MOST_RINGS:
            raise InputError(f"{self.rings} rings are not between 1 and {_MOST_RINGS}")
        if self.rings > 1 and self.fanout:
            raise InputError(
                "several rings share an interface among themselves, and with no other process: no --fanout"
            )


class Ring:
    """An open ring, empty until ``start``. ``memory`` holds ``blocks`` blocks of ``block_bytes``; ``link`` is the link
    type as in pcap.

    ``packets`` are the frames that the kernel had for us, dropped ones among them, and ``drops`` those for which the
    ring had no room; ``count`` brings both up to date.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.packets = self.drops = 0
        self._membership = b""
        self.block_bytes = options.block_bytes
        self.blocks = options.ring_bytes // options.rings // options.block_bytes
        self._socket = _open(options)
        try:
            self.link = _link(self._socket, options.interface)
            self._set_up(options)
            self.memory = mmap.mmap(self._socket.fileno(), self.blocks * self.block_bytes)
        except OSError as error:
            self._socket.close()
            raise LackingError(f"{options.interface}: cannot capture: {error.strerror or error}") from None
        except InputError:
            self._socket.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLERR)

    def start(self) -> None:
        """Let frames in: from now on the ring must be read. It takes no rights. Raises ``LackingError``."""
        options = self.options
        self.join(options.fanout, (_FANOUT_HASH | _DEFRAGMENT) if options.fanout else None)
        self.let_in()

    def join(self, group: int, way: int | None) -> int:
        """Be there without letting anything in, in a group of sockets where there is a ``way`` to share; its number."""
        options = self.options
        try:
            # Whoever joins is alone for a moment, and would take what the others take as well.
            attach(self._socket, REFUSE_ALL)
            self._socket.bind((options.interface, _ETH_P_ALL))
            if way is None:
                return 0
            self._socket.setsockopt(SOL_PACKET, _FANOUT, struct.pack("I", group | way << 16))
            return self._socket.getsockopt(SOL_PACKET, _FANOUT) & 0xFFFF
        except OSError as error:
            raise LackingError(f"{options.interface}: cannot capture: {error.strerror or error}") from None

    def let_in(self) -> None:
        """Let frames in that the filter wants."""
        attach(self._socket, self._program)

    def _set_up(self, options: Options) -> None:
        sock = self._socket
        program = compiled(options.filter_text, self.link, options.snaplen)
        self._program = program or keep_all(options.snaplen)
        sock.setsockopt(SOL_PACKET, _VERSION, _TPACKET_V3)
        sock.setsockopt(SOL_PACKET, _IGNORE_OUTGOING, 1)
        frames = self.block_bytes // _FRAME_BYTES * self.blocks
        request = struct.pack("7I", self.block_bytes, self.blocks, _FRAME_BYTES, frames, RETIRE_MS, 0, 0)
        sock.setsockopt(SOL_PACKET, _RX_RING, request)
        if options.promiscuous:
            index = socket.if_nametoindex(options.interface)
            self._membership = struct.pack("iHH8s", index, _PROMISCUOUS, 0, b"")
            sock.setsockopt(SOL_PACKET, _ADD_MEMBERSHIP, self._membership)

    def wait(self, seconds: float) -> bool:
        """Wait until a block may be ready; false where nothing came. Raises ``InputError`` where the interface went."""
        found = self._poll.poll(max(0, round(seconds * 1000)))
        for _, events in found:
            if events & select.POLLERR:
                code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise InputError(f"{self.options.interface}: the interface is down or gone")
        return bool(found)

    def count(self) -> None:
        """Add what the kernel counted since the last call."""
        packets, drops, _ = struct.unpack("3I", self._socket.getsockopt(SOL_PACKET, _STATISTICS, 12))
        self.packets += packets
        self.drops += drops

    def shut(self) -> None:
        """Let nothing more in. What the ring holds can still be read, and is handed over after ``RETIRE_MS``."""
        attach(self._socket, REFUSE_ALL)

    def close(self) -> None:
        """Give the socket back; the memory goes when nobody looks at it any more, and the kernel's side with it."""
        self._poll.unregister(self._socket)
        if self._membership:
            self._socket.setsockopt(SOL_PACKET, _DROP_MEMBERSHIP, self._membership)
        self._socket.close()


def open_rings(options: Options) -> list[Ring]:
    """The rings of ``options``, one or more. Raises ``InputError`` and ``LackingError``; then none is open."""
    rings: list[Ring] = []
    try:
        # A thread stays in the namespace that it entered.
        rings.extend(Ring(options if not n else replace(options, namespace="")) for n in range(options.rings))
    except (InputError, LackingError):
        for ring in rings:
            ring.close()
        raise
    return rings


def start_rings(rings: Sequence[Ring]) -> None:
    """Let frames in: from now on all rings must be read. It takes no rights. Raises ``LackingError``."""
    if len(rings) == 1:
        rings[0].start()
        return
    group = rings[0].join(0, _FANOUT_HASH | _NEW_GROUP)
    for ring in rings[1:]:
        ring.join(group, _FANOUT_HASH)
    for ring in rings:
        ring.let_in()


def _open(options: Options) -> socket.socket:
    if not sys.platform.startswith("linux"):
        raise LackingError("live capture needs Linux: it reads the ring of an AF_PACKET socket")
    if options.namespace:
        enter(options.namespace)
    where = f" in namespace {options.namespace}" if options.namespace else ""
    try:
        socket.if_nametoindex(options.interface)
    except OSError:
        names = ", ".join(name for _, name in socket.if_nameindex()) or "none"
        raise InputError(f"no interface is called {options.interface!r}{where}; there are {names}") from None
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError:
        raise LackingError(
            f"{options.interface}: no right to capture: run as root, or give the interpreter cap_net_raw"
        ) from None


def _link(sock: socket.socket, interface: str) -> int:
    import fcntl

    answer = fcntl.ioctl(sock, _SIOCGIFHWADDR, struct.pack("16s16x", interface.encode()))
    kind = struct.unpack_from("H", answer, 16)[0]
    if kind not in _LINKS:
        raise InputError(f"{interface}: frames of link type {kind} (ARPHRD) cannot be read; Ethernet and bare IP can")
    return _LINKS[kind]
