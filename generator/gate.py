"""The second of two independent layers: reads finished bytes again, refuses addresses outside the lab's ranges.

Knows nothing of plans and templates. Looks at Ethernet with VLAN tags, ARP, and all that ``generator.gate_inner`` walks
through, control messages (``gate_control``) and tunnels (``gate_tunnels``) included. What is not named there it
refuses, and what could be put together into something that it has not read.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import UnsafeError
from contract.jit import lean_kernel, lean_part
from contract.safety import Target
from generator import memory
from generator.gate_control import icmp, icmpv6, igmp
from generator.gate_inner import (
    ETHERNET,
    GRE,
    ICMP,
    ICMPV6,
    IGMP,
    IPV4,
    IPV6,
    NOTHING,
    OK,
    OUTSIDE_V4,
    REASONS,
    SCTP,
    SHORT,
    TOO_DEEP,
    UDP_FIRST,
    UNKNOWN_TYPE,
    ipv4,
    ipv6,
    may_v4,
)
from generator.gate_tunnels import gre, sctp, tunnel_port, udp
from generator.wire import Number

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

__all__ = ["OK", "REASONS", "check", "inspect", "survey"]
_DEPTH: Final = 9  # headers behind the first one
_TAGS: Final = 4
_LAB_V4: Final = (np.uint64(0xFFFE0000FFFE0000), np.uint64(0xC6120000C6120000))  # both addresses at once
_LAB_V6: Final = (np.uint64(0xFFFFFFFFFFFF0000), np.uint64(0x2001000200000000))


def check(data: U8, offsets: I32, target: Target = Target.WIRE) -> None:
    """Read frames ``data[offsets[i]:offsets[i + 1]]``. Raises ``UnsafeError`` for the first that must not leave.

    For a file documentation ranges pass as well.
    """
    found, _ = survey(data, offsets, target is Target.WIRE)
    if found >= 0:
        refuse(data, offsets, found, target)


def refuse(data: U8, offsets: I32, frame: int, target: Target = Target.WIRE) -> None:
    """Raise ``UnsafeError`` for a frame that must not leave."""
    at, end = int(offsets[frame]), int(offsets[frame + 1])
    within = at >= 0 and end <= len(data)
    reason = inspect(data, at, end, target is Target.WIRE) if within else SHORT
    raise UnsafeError(f"the gate stopped frame {frame} of a batch: it {REASONS[reason]}")


@lean_kernel
def survey(data: U8, offsets: I32, wire: Number) -> tuple[int, int]:
    """The first frame that must not leave (-1 where all may), and how many must not."""
    return search(data, offsets, 0, len(offsets) - 1, wire)


@lean_part
def search(data: U8, offsets: I32, low: Number, high: Number, wire: Number) -> tuple[int, int]:
    """The first of the frames ``low`` to ``high`` that must not leave (-1 where all may), and how many must not."""
    first, count = -1, 0
    for i in range(low, high):
        at, end = np.int64(offsets[i]), np.int64(offsets[i + 1])
        if at >= 0 and end <= len(data) and (_usual(data, at, end) or inspect(data, at, end, wire) == OK):
            continue
        first = i if first < 0 else first
        count += 1
    return first, count


@lean_part
def _usual(data: U8, at: Number, end: Number) -> Number:
    """Whether a frame is untagged, unfragmented TCP or UDP over IP without options within the lab: nearly all are.

    And no tunnel's datagram.
    """
    if end - at < 62:
        return end - at >= 38 and memory.get16(data, at + 12) == 0x0800 and _usual_v4(data, at)
    if memory.get16(data, at + 12) != 0x86DD:
        return _usual_v4(data, at)
    mask, lab = _LAB_V6
    return (
        _plain(memory.get8(data, at + 20), memory.get32(data, at + 54))
        and memory.get8(data, at + 14) >> 4 == 6
        and memory.get64(data, at + 22) & mask == lab
        and memory.get64(data, at + 38) & mask == lab
    )


@lean_part
def _usual_v4(data: U8, at: Number) -> Number:
    mask, lab = _LAB_V4
    return (
        memory.get32(data, at + 12) >> 8 == 0x080045
        and _plain(memory.get8(data, at + 23), memory.get32(data, at + 34))
        and memory.get16(data, at + 20) & 0x3FFF == 0
        and memory.get64(data, at + 26) & mask == lab
    )


@lean_part
def _plain(protocol: Number, ports: Number) -> Number:
    """Whether it is TCP, or UDP without a tunnel's port; without a branch, which ports would make hard to foresee."""
    tunnel = tunnel_port(np.int64(ports >> 16)) | tunnel_port(np.int64(ports & 0xFFFF))
    return (protocol == 6) | ((protocol == 17) & (tunnel == 0))


@lean_kernel
def inspect(data: U8, at: Number, end: Number, wire: Number = True) -> Number:  # noqa: FBT002 - kernels have no keyword-only
    """Why the frame at ``data[at:end]`` must not leave; 0 where it may."""
    what = ETHERNET
    for _ in range(_DEPTH):
        if what == ETHERNET:
            reason, at, what = _ethernet(data, at, end, wire)
        elif what == IPV4:
            reason, at, what = ipv4(data, at, end, wire)
        elif what == IPV6:
            reason, at, what = ipv6(data, at, end, wire)
        elif what == ICMP:
            reason, at, what = icmp(data, at, end, wire)
        elif what == ICMPV6:
            reason, at, what = icmpv6(data, at, end, wire)
        elif what == GRE:
            reason, at, what = gre(data, at, end)
        elif what == IGMP:
            reason, at, what = igmp(data, at, end, wire)
        elif what == SCTP:
            reason, at, what = sctp(data, at, end, wire)
        else:
            reason, at, what = udp(data, at, end, what == UDP_FIRST)
        if reason != OK or what == NOTHING:
            return reason
    return TOO_DEEP


@lean_part
def _ethernet(data: U8, at: Number, end: Number, wire: Number) -> tuple[Number, Number, Number]:
    if end - at < 14:
        return SHORT, at, NOTHING
    kind = memory.get16(data, at + 12)
    at += 14
    for _ in range(_TAGS):
        if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:  # noqa: PLR1714 - a tuple would be made
            break
        if end - at < 4:
            return SHORT, at, NOTHING
        kind = memory.get16(data, at + 2)
        at += 4
    if kind == 0x0800:
        return OK, at, IPV4
    if kind == 0x86DD:
        return OK, at, IPV6
    return (_arp(data, at, end, wire) if kind == 0x0806 else UNKNOWN_TYPE), at, NOTHING


@lean_part
def _arp(data: U8, at: Number, end: Number, wire: Number) -> Number:
    if end - at < 28:
        return SHORT
    if memory.get64(data, at) >> 16 != 0x000108000604:
        return UNKNOWN_TYPE
    sender = memory.get32(data, at + 14)
    # An ARP probe asks from 0.0.0.0 (RFC 5227).
    inside = (sender == 0 or may_v4(sender, wire)) and may_v4(memory.get32(data, at + 24), wire)
    return OK if inside else OUTSIDE_V4
