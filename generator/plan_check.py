"""The first of two independent layers: refuses a plan, its addresses and what its templates carry, before all else.

Works on what is planned, in plain Python and numpy; knows nothing of finished frames and of the gate, which reads them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.addresses import Networks
from contract.errors import UnsafeError
from contract.safety import TUNNEL_PORTS, Target, allowed
from generator.conversation import Conversation
from generator.exchange import ARP, FRAGMENT, ICMP, ICMPV6, OTHER, TCP, UDP, Frame
from generator.headers import LINK
from generator.template import Template

Addresses = npt.NDArray[np.uint8]
_KINDS: Final = (ARP, ICMP, ICMPV6, TCP, UDP, OTHER, FRAGMENT)
_V4_IN, _V6_IN, _GRE = 4, 41, 47
# Protocols that may be wrapped, or stand behind IP: those that are read here, TCP, nothing, and experiments (RFC 3692).
_IGMP: Final = 2
_KNOWN: Final = frozenset({ICMP, _IGMP, _V4_IN, TCP, UDP, _V6_IN, _GRE, ICMPV6, 59, 253, 254})
_IPV4_LEAST, _UDP_SIZE = 20, 8
_DEPTH: Final = 3  # packets within packets


class _ForeignError(Exception):
    """What stands in a template that must not."""


def outside(addresses: Addresses, target: Target = Target.WIRE) -> npt.NDArray[np.bool_]:
    """Which rows of ``(n, 16)`` may not stand in a frame for that target: bool ``(n,)``."""
    return ~Networks([str(network) for network in allowed(target)]).contains(addresses)


def check_addresses(src: Addresses, dst: Addresses, family: str, target: Target = Target.WIRE) -> None:
    """Raise ``UnsafeError`` where one of a family's attempts has an end outside the allowed ranges."""
    bad = int(np.count_nonzero(outside(src, target)) + np.count_nonzero(outside(dst, target)))
    if bad:
        ranges = ", ".join(str(network) for network in allowed(target))
        raise UnsafeError(f"{family}: {bad} planned addresses lie outside {ranges}")


def check_templates(conversations: Iterable[Conversation], family: str, target: Target = Target.WIRE) -> None:
    """Raise ``UnsafeError`` where a template wraps or quotes a packet with other addresses, or one unreadable here."""
    reader = _Reader(target)
    for conversation in conversations:
        for version in (4, 6):
            for frame in conversation.frames(version):
                if frame.kind in (TCP, UDP, ARP):
                    continue
                try:
                    reader.frame(frame)
                except _ForeignError as error:
                    raise UnsafeError(f"{family}: a template {error}") from None


def carriers(template: Template) -> npt.NDArray[np.bool_]:
    """Which variants have a datagram that is long enough for a packet, or comes in pieces."""
    frames = template.frames
    room = LINK + np.where(frames["version"] == 4, 20, 40) + _UDP_SIZE + _IPV4_LEAST
    could = ((frames["kind"] == UDP) & (frames["length"] >= room)) | (frames["kind"] == FRAGMENT)
    before = np.r_[0, np.cumsum(could)]
    found: npt.NDArray[np.bool_] = before[template.first[1:]] > before[template.first[:-1]]
    return found


def check_ports(
    src_port: npt.NDArray[np.uint16], dst_port: npt.NDArray[np.uint16], could: npt.NDArray[np.bool_], family: str
) -> None:
    """Raise ``UnsafeError`` where a datagram that could hold a packet has the port of a tunnel."""
    tunnels = sorted(TUNNEL_PORTS)
    bad = int(np.count_nonzero((np.isin(src_port, tunnels) | np.isin(dst_port, tunnels)) & could))
    if bad:
        raise UnsafeError(f"{family}: {bad} planned conversations could be taken for tunnels by their UDP ports")


class _Reader:
    """Walks through what a frame carries. Each method raises ``_ForeignError``."""

    def __init__(self, target: Target) -> None:
        self._ranges = allowed(target)

    def frame(self, frame: Frame) -> None:
        if frame.whole is not None:
            if frame.whole.kind == OTHER or frame.kind != FRAGMENT:
                raise _ForeignError("cuts up what cannot be read in pieces")
            self.frame(frame.whole)
            return
        if frame.kind not in _KINDS:
            raise _ForeignError(f"has frames of an unknown kind {frame.kind}")
        four = frame.version == 4
        size = 20 if four else 40
        ip = frame.header[LINK : LINK + size]
        if four and ip[0] != 0x45:
            raise _ForeignError("has IP options")
        body = _Bytes(frame)
        protocol = ip[9] if four else ip[6]
        if frame.kind in (ICMP, ICMPV6):
            if protocol != frame.kind:
                raise _ForeignError(f"says protocol {protocol} over ICMP")
            if not frame.quotes:  # what it quotes is written by the stamp, from the attempt's own first frame
                self._icmp(protocol, body)
        else:
            self._protocol(protocol, body, 0)

    def _protocol(self, protocol: int, body: _Bytes, depth: int) -> None:
        if depth > _DEPTH:
            raise _ForeignError("wraps packets in packets too deeply")
        if protocol not in _KNOWN:
            raise _ForeignError(f"carries protocol {protocol}, which cannot be read")
        if protocol in (_V4_IN, _V6_IN):
            self._packet(4 if protocol == _V4_IN else 6, body, depth)
        elif protocol == _GRE:
            self._gre(body, depth)
        elif protocol in (ICMP, ICMPV6):
            self._icmp(protocol, body, depth)
        elif protocol == _IGMP:
            self._igmp(body)
        elif protocol == UDP:
            self._udp(body)

    @staticmethod
    def _udp(body: _Bytes) -> None:
        if body.rest() >= _UDP_SIZE + _IPV4_LEAST and TUNNEL_PORTS & {body.number(2), body.number(2)}:
            raise _ForeignError("wraps a tunnel over UDP")

    def _igmp(self, body: _Bytes) -> None:
        kind = body.take(4)[0]
        group = body.take(4)
        if kind not in (0x11, 0x12, 0x16, 0x17) or body.rest():
            raise _ForeignError(f"carries IGMP of type {kind:#x}, which cannot be read")
        if group != bytes(4) and group[0] >> 4 != 14:  # a group of multicast is nobody's address
            self._address(group)

    def _packet(self, version: int, body: _Bytes, depth: int) -> None:
        size = 20 if version == 4 else 40
        header = body.take(size)
        if header[0] >> 4 != version or (version == 4 and header[0] != 0x45):
            raise _ForeignError("carries a packet that cannot be read")
        if version == 4 and (header[6] & 0x3F or header[7]):
            raise _ForeignError("wraps a fragment")
        ends = (header[12:16], header[16:20]) if version == 4 else (header[8:24], header[24:40])
        for end in ends:
            self._address(end)
        self._protocol(header[9] if version == 4 else header[6], body, depth + 1)

    def _gre(self, body: _Bytes, depth: int) -> None:
        flags, kind = body.number(2), body.number(2)
        if flags & 0x4FFF or kind not in (0x0800, 0x86DD):
            raise _ForeignError("carries GRE that cannot be read")
        body.take(4 * ((flags >> 15) + (flags >> 13 & 1) + (flags >> 12 & 1)))
        self._packet(4 if kind == 0x0800 else 6, body, depth)

    def _icmp(self, protocol: int, body: _Bytes, depth: int = 0) -> None:
        kind = body.take(4)[0]
        if protocol == ICMP and kind == 5:
            self._address(body.take(4))
        elif (protocol == ICMP and kind in (3, 11, 12)) or (protocol == ICMPV6 and kind in (1, 3)):
            if body.take(4)[1 if protocol == ICMP else 0]:
                raise _ForeignError("carries something behind a quoted packet")
        else:
            body.skip(4)
        if protocol == ICMP:
            if kind == 9 or kind > 18:
                raise _ForeignError(f"carries ICMP of type {kind}, which lists addresses or cannot be read")
            if kind in (3, 4, 5, 11, 12):
                self._packet(4, body, depth + 1)
        elif kind < 128:
            self._packet(6, body, depth + 1)
        elif kind in (133, 135, 136, 137):
            for _ in range({133: 0, 137: 2}.get(kind, 1)):
                self._address(body.take(16))
            if body.rest():
                raise _ForeignError("carries options of neighbour discovery")
        elif kind not in (128, 129):
            raise _ForeignError(f"carries ICMPv6 of type {kind}, which cannot be read")

    def _address(self, packed: bytes) -> None:
        address = ipaddress.ip_address(packed)
        if not any(address in network for network in self._ranges if network.version == address.version):
            raise _ForeignError(f"carries the address {address}")


class _Bytes:
    """What stands behind a frame's IP header, to be taken from the front; random parts cannot be read."""

    def __init__(self, frame: Frame) -> None:
        begin = LINK + (20 if frame.version == 4 else 40)
        self._data = (frame.header + frame.content.data)[begin:]
        shift = len(frame.header) - begin
        self._random = [(part.at + shift, part.at + shift + part.length) for part in frame.content.parts]
        self._at = 0

    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def skip(self, size: int) -> None:
        """Pass over the next bytes."""
        self._at += size
        if self._at > len(self._data):
            raise _ForeignError("carries a packet that ends too early to be read")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        low, high = self._at, self._at + size
        self.skip(size)
        if any(begin < high and end > low for begin, end in self._random):
            raise _ForeignError("has random bytes where a header is to be read")
        return self._data[low:high]

    def number(self, size: int) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size), "big")
