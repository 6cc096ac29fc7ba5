"""The kernels that read, rewrite and write frames; ``generator.replay.frames`` wraps them for Arrow batches."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from contract.jit import lean_kernel, lean_part
from generator import gate, memory
from generator.gate_inner import OK, OUTSIDE_V4, OUTSIDE_V6
from generator.gate_inner import PROTOCOL as UNREAD
from generator.gate_inner import TUNNEL as UNREAD_TUNNEL
from generator.gate_tunnels import tunnel_port
from generator.replay import links
from generator.replay.checksums import mend
from generator.replay.lookup import Map, made_mac, map_mac, replace
from generator.replay.octets import I32, I64, U8, U16, U32, Int, be16, be32, be64, mix, put16, put48
from generator.replay.reasons import (
    CUT_IN_HEADER,
    CUT_OFF,
    STOPPED_BY_GATE,
    TOO_LONG,
    TUNNEL,
    UNMAPPED_ADDRESS,
    UNREAD_PROTOCOL,
)
from generator.replay.tables import FILLED, MOST, Seen, note
from generator.replay.trail import (
    BODY,
    END,
    HEADER,
    LEVELS,
    MAC,
    PAYLOAD,
    PIECE,
    PROTOCOL,
    SENDER4,
    SITES,
    V4,
    VERSION,
    WHOLE,
    Trail,
)
from generator.replay.walk import walk

# What becomes of a frame that was cut by a snap length
KEEP: Final = 0
FILL: Final = 1
DROP: Final = 2
CUTS: Final = ("keep", "fill", "drop")
LONGEST: Final = 65_535  # of an IP packet
ROOM: Final = 66_000  # bytes for any frame that is not too long
EXTRA: Final = 14 + 4 * 4  # a link header with tags, at most


class Frames(NamedTuple):
    """A FRAMES batch as arrays: frame ``i`` is ``data[offsets[i]:offsets[i + 1]]``."""

    ts: I64
    offsets: I32
    data: U8
    wire_len: U32
    link: U16


class Found(NamedTuple):
    """Addresses of a capture: IPv4 hosts, first halves of IPv6 addresses."""

    hosts: Seen
    nets: Seen


class Tried(NamedTuple):
    """What the survey needs to try frames, and what it says of each."""

    table: Map  # one in which all hosts meet
    out: U8  # (``ROOM``,)
    reasons: U8  # (frames,) why each will be left out, or 0


class Made(NamedTuple):
    """Room for rewritten frames, and what became of those of the capture."""

    offsets: I32  # (frames + 1,)
    out: U8
    wire_len: U32  # (frames,)
    reasons: U8  # (frames,) of those of the capture: why each was left out, or 0


@lean_part
def _read(frames: Frames, i: Int, cut: Int, spot: I64, trail: Trail) -> Int:
    """Find everything in frame ``i``; 0, or why it is left out. ``spot`` and ``trail`` count from the batch's start."""
    at, end = np.int64(frames.offsets[i]), np.int64(frames.offsets[i + 1])
    snapped = np.int64(frames.wire_len[i]) > end - at
    if snapped and cut == DROP:
        return CUT_OFF
    reason = links.find(frames.data, at, end, np.int64(frames.link[i]), spot)
    if reason != 0:
        return reason
    if max(np.int64(frames.wire_len[i]), end - at) - (spot[links.NETWORK] - at) > LONGEST:
        return TOO_LONG
    reason = walk(frames.data, spot[links.NETWORK], end, spot[links.KIND], trail)
    if reason == 0 and snapped and cut == FILL and trail.state[WHOLE] == 0:
        return CUT_IN_HEADER
    return reason


@lean_kernel
def survey(frames: Frames, low: int, cut: int, found: Found, spot: I64, trail: Trail, tried: Tried) -> int:
    """Count the addresses of the frames from ``low`` on, and say of each frame why it will be left out, or 0.

    Stops, and returns where, when a table wants to grow.
    """
    for i in range(low, len(frames.ts)):
        if _full(found.hosts) or _full(found.nets):
            return i
        reason = _read(frames, i, cut, spot, trail)
        sites: Int = trail.state[SITES]
        if reason == 0 and not _plain(frames.data, np.int64(frames.offsets[i + 1]), spot, trail):
            reason = _try(frames, i, cut, spot, trail, tried)
        tried.reasons[i] = np.uint8(reason)
        if reason != 0:
            continue
        for n in range(sites):
            at, what = trail.sites[n, 0], trail.sites[n, 1]
            if what in (V4, SENDER4):
                note(found.hosts, np.uint64(be32(frames.data, at)), 1)
            elif what != MAC:
                note(found.nets, be64(frames.data, at), 1)
    return len(frames.ts)


@lean_part
def _plain(data: U8, end: Int, spot: I64, trail: Trail) -> Int:
    """Whether it is TCP or UDP that wraps nothing: the gate has nothing but its addresses to say about."""
    level = trail.levels[0]
    if level[PROTOCOL] == 17 and (
        end - level[BODY] < 4 or tunnel_port(be16(data, level[BODY])) or tunnel_port(be16(data, level[BODY] + 2))
    ):
        return False
    one = trail.state[LEVELS] == 1 and trail.state[SITES] == 2 and spot[links.TAGS] == 0
    return (
        one
        and level[PIECE] == 0
        and level[PROTOCOL] in (6, 17)
        and level[BODY] - level[HEADER] == (20 if level[VERSION] == 4 else 40)
    )


@lean_kernel
def _try(frames: Frames, i: int, cut: int, spot: I64, trail: Trail, tried: Tried) -> Int:
    """Rewrite a frame as if all hosts were one, and ask the gate about it; 0, or why it would be stopped."""
    stop = _write(frames, i, cut, tried.table, spot, trail, 0, tried.out)
    return _asked(tried.out, 0, stop)


@lean_part
def _asked(out: U8, at: Int, stop: Int) -> Int:
    """What the gate says of a rewritten frame; 0, or why it is left out."""
    word = gate.inspect(out, at, stop, True)  # noqa: FBT003 - a kernel
    if word == OK:
        return 0
    if word == UNREAD:
        return UNREAD_PROTOCOL
    if word == UNREAD_TUNNEL:
        return TUNNEL
    return UNMAPPED_ADDRESS if word == OUTSIDE_V4 or word == OUTSIDE_V6 else STOPPED_BY_GATE  # noqa: PLR1714, SIM109 - no tuple


@lean_part
def _full(seen: Seen) -> Int:
    """Whether the addresses of one more packet might not fit; a table that may not grow is never full."""
    return (seen.state[FILLED] + 200) * 8 >= len(seen.key) * 5 and len(seen.key) < MOST


@lean_kernel
def rewrite(frames: Frames, low: int, cut: int, table: Map, spot: I64, trail: Trail, made: Made) -> int:
    """Write the frames from ``low`` on with lab addresses, as many as ``made.reasons`` has room for.

    Returns how many were not left out; ``made`` holds those, and why the others were.
    """
    written = 0
    made.offsets[0] = 0
    for i in range(low, low + len(made.reasons)):
        place: Int = np.int64(made.offsets[written])
        reason = _read(frames, i, cut, spot, trail)
        stop = place
        if reason == 0:
            stop = _write(frames, i, cut, table, spot, trail, place, made.out)
            reason = _asked(made.out, place, stop)
        made.reasons[i - low] = np.uint8(reason)
        if reason == 0:
            lost = spot[links.NETWORK] - np.int64(frames.offsets[i]) - (14 + 4 * spot[links.TAGS])
            made.wire_len[written] = np.uint32(max(np.int64(frames.wire_len[i]) - lost, stop - place))
            written += 1
            made.offsets[written] = np.int32(stop)
    return written


@lean_kernel
def _write(frames: Frames, i: int, cut: int, table: Map, spot: I64, trail: Trail, place: Int, out: U8) -> Int:
    """Write one frame at ``out[place]``; returns where it ends."""
    begin, end = np.int64(frames.offsets[i]), np.int64(frames.offsets[i + 1])
    source = spot[links.NETWORK]
    network = place + 14 + 4 * spot[links.TAGS]
    shift = source - network  # from a place in ``out`` to that in the batch
    stop = _copied(frames.data, source, end, out, network)
    for n in range(trail.state[SITES]):
        replace(table, out, trail.sites[n, 0] - shift, trail.sites[n, 1])
    _link(frames.data, spot, table, place, network, out)
    known = stop
    missing: Int = max(np.int64(frames.wire_len[i]) - (end - begin), 0)
    if cut == FILL:
        stop = _filled(out, trail.state[PAYLOAD] - shift, stop, stop + missing)
        missing = 0
    for n in range(trail.state[LEVELS]):
        level = trail.levels[n]
        level[HEADER] -= shift
        level[BODY] -= shift
        if level[END] > 0:
            level[END] -= shift
        elif n == 0:
            _set_length(out, level, stop + missing)
    mend(frames.data, shift, known, out, stop, trail)
    return stop


@lean_part
def _copied(data: U8, at: Int, end: Int, out: U8, into: Int) -> Int:
    """Copy ``data[at:end]``; where the copy ends."""
    while at + 32 <= end:
        memory.move32(out, into, data, at)
        at += 32
        into += 32
    while at < end:
        out[into] = data[at]
        at += 1
        into += 1
    return into


@lean_part
def _set_length(out: U8, level: I64, stop: Int) -> None:
    """Give a packet that was captured before a network card cut it up (length 0) its true length."""
    level[END] = stop
    if level[VERSION] == 4:
        put16(out, level[HEADER] + 2, stop - level[HEADER])
    else:
        put16(out, level[HEADER] + 4, stop - level[HEADER] - 40)


@lean_part
def _filled(out: U8, payload: Int, stop: Int, end: Int) -> Int:
    """Restore ``out[stop:end]``: what was captured of the payload again and again, so that text stays text."""
    period = stop - payload
    for k in range(stop, end):
        out[k] = out[k - period] if period > 0 else np.uint8(mix(np.uint64(k - stop + 1)) & np.uint64(0xFF))
    return end


@lean_part
def _link(data: U8, spot: I64, table: Map, place: Int, network: Int, out: U8) -> None:
    """Write an Ethernet header with the frame's own VLAN tags; addresses are in ``out`` already."""
    kind = spot[links.KIND]
    src, size = network + 12, 4
    dst = network + 16
    if kind == links.IPV6:
        src, dst, size = network + 8, network + 24, 16
    elif kind == links.ARP:
        src, dst = network + 14, network + 24
    sender, receiver = spot[links.SENDER], spot[links.RECEIVER]
    sender = made_mac(out, src, size) if sender == links.NO_MAC else map_mac(table, sender)
    receiver = made_mac(out, dst, size) if receiver == links.NO_MAC else map_mac(table, receiver)
    put48(out, place, receiver)
    put48(out, place + 6, sender)
    at = place + 12
    tag = spot[links.TAG_TYPE]
    body = spot[links.TAG_BODY]
    for _ in range(spot[links.TAGS]):
        put16(out, at, 0x88A8 if tag == 0x9100 else tag)
        put16(out, at + 2, be16(data, body))
        tag = be16(data, body + 2)
        at += 4
        body += 4
    put16(out, at, kind)
