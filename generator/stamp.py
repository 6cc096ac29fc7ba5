"""From plan and template to bytes: one kernel says when each frame appears, another writes it.

Everything random is a function of (attempt's seed, what it is for), so that any frame can be written at any time,
alone, with the same result: frames that belong to a later chunk are held as 28 bytes, not as frames.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator import memory
from generator.template import Template
from generator.wire import LOW, MASK32, Number, copy, draw, fold, mix, put16, put32, put_random, sum_words
from generator.wire_headers import arp, ipv4, ipv6, label, link, selective, timestamps

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]

# What a random number is for; a payload part's key is mixed in another way.
_GAP: Final = np.uint64(1 << 40)
_NUMBERS: Final = np.uint64(1 << 41)
_HOPS: Final = np.uint64(1 << 42)
_IPID: Final = np.uint64(1 << 43)
_LABEL: Final = np.uint64(1 << 44)
_LINK: Final = 14
_AHEAD: Final = 8  # frames
_FRAGMENT: Final = 254  # generator.exchange.FRAGMENT


class Table(NamedTuple):
    """All attempts of a campaign, sorted by ``intended``; a row's number is the attempt's number."""

    intended: I64
    src: U8  # (n, 16)
    dst: U8  # (n, 16)
    src_port: U16
    dst_port: U16
    src_mac: U64
    dst_mac: U64
    variant: I32
    rtt_ns: I64
    seed: U64
    family: npt.NDArray[np.int16]
    vlan: U16  # the 802.1Q tag (priority and VLAN) with which its frames are seen, 0 where untagged

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """Some rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Table(*columns)


class Due(NamedTuple):
    """Frames with their time, not yet written."""

    ts: I64
    attempt: I64
    frame: I32  # row of the template
    echo: I64  # when the frame whose TCP timestamp it echoes appeared, 0 where none

    @classmethod
    def room(cls, n: int) -> Due:
        """Room for ``n`` frames."""
        return cls(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.int64))

    def take(self, rows: npt.NDArray[Any] | slice) -> Due:
        """Some rows."""
        return Due(self.ts[rows], self.attempt[rows], self.frame[rows], self.echo[rows])


@lean_kernel
def schedule(template: Template, table: Table, low: Number, high: Number, end_ns: Number, due: Due, flows: I64) -> int:
    """When each frame of the attempts ``low`` to ``high`` appears; those from ``end_ns`` on are left out.

    Fills ``due`` (room for all their frames) and returns how many. ``flows`` is int64 ``(high - low, 2, 3)``, zeros
    before: first, last and count of frames of the attempt's own flow and of the ICMP errors about it.
    """
    n = 0
    for attempt in range(low, high):
        variant = np.int64(table.variant[attempt])
        first = template.first[variant]
        seed = table.seed[attempt]
        intended = table.intended[attempt]
        rtt = np.float64(table.rtt_ns[attempt])
        at = np.float64(0)
        begun = n
        for frame in range(first, template.first[variant + 1]):
            if frame > first:
                bits = draw(seed, _GAP + np.uint64(frame - first)) >> np.uint64(11)
                swing = np.float64(np.int64(bits)) * (2.0 / 9007199254740992.0) - 1.0
                at += template.gap_rtt[frame] * rtt
                at += template.gap_ns[frame] * (1.0 + template.jitter[frame] * swing)
            ts = intended + np.int64(at)
            if ts >= end_ns:
                break
            due.ts[n] = ts
            due.attempt[n] = attempt
            due.frame[n] = frame
            back = np.int64(template.echo[frame])
            due.echo[n] = due.ts[n - back] if back > 0 and n - back >= begun else 0
            _note(flows, attempt - low, np.int64(template.quotes[frame]), ts)
            n += 1
    return n


@lean_part
def _note(flows: I64, row: Number, lane: Number, ts: Number) -> None:
    """One more frame of that attempt in that flow."""
    if flows[row, lane, 2] == 0:
        flows[row, lane, 0] = ts
    flows[row, lane, 1] = ts
    flows[row, lane, 2] += 1


@lean_kernel
def measure(template: Template, table: Table, due: Due, offsets: I32) -> Number:
    """Fill ``offsets`` (int32, frames + 1) with where each frame will stand; returns the bytes of all, exact."""
    total = np.int64(0)
    for i in range(len(due.ts)):
        offsets[i] = np.int32(total)
        total += np.int64(template.length[due.frame[i]])
        total += 4 if table.vlan[due.attempt[i]] else 0
    offsets[len(due.ts)] = np.int32(total)
    return total


def scratch(template: Template) -> U8:
    """Room for ``stamp`` to write a frame aside of which another one carries a piece."""
    return np.empty(int(template.length.max(initial=0)) + 8, np.uint8)


@lean_part
def stamp(
    template: Template, table: Table, due: Due, offsets: I32, low: Number, high: Number, aside: U8, out: U8
) -> None:
    """Write the frames ``low`` to ``high`` of ``due``: frame ``i`` to ``out[offsets[i]:offsets[i + 1]]``, no further.

    ``aside`` is a ``scratch``. Part of whichever kernel calls it.
    """
    for i in range(low, high):
        _expect(table, due.attempt[min(i + _AHEAD, high - 1)])
        start = template.start[due.frame[min(i + _AHEAD, high - 1)]]
        memory.prefetch(template.blob, start)
        memory.prefetch(template.blob, start + 64)
        attempt, row = due.attempt[i], np.int64(due.frame[i])
        whole = np.int64(template.aside[row])
        if whole >= 0:
            _write_aside(template, table, attempt, whole, aside)
        vlan = np.uint64(table.vlan[attempt])
        _write(template, table, attempt, row, due.ts[i], due.echo[i], vlan, out, np.int64(offsets[i]), aside)


@lean_part
def _expect(table: Table, attempt: Number) -> None:
    """Ask for what is known of an attempt before its frame is due: neighbours in time stand far apart in the table."""
    memory.prefetch(table.src, 16 * attempt)
    memory.prefetch(table.dst, 16 * attempt)
    memory.prefetch(table.src_port, 2 * attempt)
    memory.prefetch(table.dst_port, 2 * attempt)
    memory.prefetch(table.src_mac, 8 * attempt)
    memory.prefetch(table.dst_mac, 8 * attempt)
    memory.prefetch(table.variant, 4 * attempt)
    memory.prefetch(table.seed, 8 * attempt)
    memory.prefetch(table.vlan, 2 * attempt)


@lean_kernel
def _write_aside(template: Template, table: Table, attempt: Number, row: Number, aside: U8) -> None:
    """Write a frame, untagged, of which another one carries a piece."""
    at, echo = np.int64(0), np.int64(0)
    _write(template, table, attempt, row, table.intended[attempt], echo, np.uint64(0), aside, at, aside)


@lean_part
def _write(  # noqa: PLR0913, PLR0917 - arrays that a kernel cannot find by itself
    template: Template,
    table: Table,
    attempt: Number,
    row: Number,
    ts: Number,
    echo: Number,
    vlan: Number,
    out: U8,
    at: Number,
    aside: U8,
) -> None:
    """Write one frame at ``at``."""
    body = at + 4 if vlan else at
    end = body + np.int64(template.length[row])
    copy(out, body, template.blob, template.start[row], end - body)
    side = np.int64(template.reverse[row])
    # All that both directions share is loaded once and turned round with two selections a pair.
    near, far = table.src_mac[attempt], table.dst_mac[attempt]
    here, there = memory.get64(table.src, attempt * 16 + 8), memory.get64(table.dst, attempt * 16 + 8)
    one, other = np.uint64(table.src_port[attempt]), np.uint64(table.dst_port[attempt])
    if side:
        near, far, here, there, one, other = far, near, there, here, other, one
    ports = one << np.uint64(16) | other
    version = template.version[row]
    if version == 0:
        arp(out, at, here, there, near, far, vlan)
        return
    link(out, at, near, far, vlan)
    seed, ip = table.seed[attempt], body + _LINK
    hops = 4 * np.int64(table.variant[attempt]) + 2 * side
    routers = _routers(here, np.int64(memory.get8(template.hops, hops)), np.int64(memory.get8(template.hops, hops + 1)))
    if version == 4:
        step = np.uint64(template.step[row])
        identification = _identification(template.ipid[row], seed, side, step, here, ts)
        addresses = ipv4(out, ip, here, there, routers, identification, template.ip_sum[row])
        l4 = ip + 20
    else:
        above, beyond = memory.get64(table.src, attempt * 16), memory.get64(table.dst, attempt * 16)
        if side:
            above, beyond = beyond, above
        addresses = ipv6(out, ip, (above, here), (beyond, there), routers)
        if template.ipid[row] == 1:
            label(out, ip, draw(seed, _LABEL + np.uint64(side)))
        l4 = ip + 40
    kind = template.kind[row]
    total = template.sum[row]
    for part in range(template.part_first[row], template.part_first[row + 1]):
        total += _part(template, part, seed, out, body)
    if kind == 6:
        total += addresses + ports + _numbers(template, row, seed, side, ports, out, l4)
        option = np.int64(template.times_at[row])
        if option:
            total += timestamps(out, body, option, here, there, ts, echo)
        if template.sack_at[row]:
            total += selective(out, body + np.int64(template.sack_at[row]), initial_number(seed, 1 - side))
        put16(out, l4 + 16, fold(total) ^ LOW)
    elif kind == 17:
        put32(out, l4, ports)
        checksum = fold(total + addresses + ports) ^ LOW
        put16(out, l4 + 6, checksum or LOW)
    elif kind == _FRAGMENT:
        _piece(template, row, seed, side, out, l4, end, aside)
    elif kind != 255:
        _message(template, row, total, addresses, out, l4, end, aside)


@lean_part
def _message(
    template: Template, row: Number, total: Number, addresses: Number, out: U8, l4: Number, end: Number, aside: U8
) -> None:
    """Complete an ICMP message whose words sum to ``total``; an error takes what it quotes first."""
    six = template.kind[row] == 58
    if template.quotes[row]:
        copy(out, l4 + 8, aside, np.int64(template.aside_at[row]), end - l4 - 8)
        total = sum_words(out, l4, end - l4)
        total += np.uint64(58) + np.uint64(end - l4) if six else np.uint64(0)
    total += addresses if six else np.uint64(0)
    put16(out, l4 + 2, fold(total) ^ LOW)


@lean_part
def _part(template: Template, part: Number, seed: Number, out: U8, body: Number) -> Number:
    """Write one random part of a frame; returns what it adds to the sum."""
    base = mix(seed ^ (template.part_key[part] << np.uint64(8)))
    place, length = np.int64(template.part_at[part]), np.int64(template.part_length[part])
    skip, kind = np.int64(template.part_skip[part]), np.int64(template.part_kind[part])
    return put_random(out, body + place, length, skip, base, template.alphabet, kind, place & 1)


@lean_part
def _numbers(template: Template, row: Number, seed: Number, side: Number, ports: Number, out: U8, l4: Number) -> Number:
    """Write ports, sequence and acknowledgement number; returns the sum of the numbers."""
    number = (initial_number(seed, side) + np.uint64(template.seq[row])) & MASK32
    memory.put64(out, l4, ports << np.uint64(32) | number)
    if not template.has_ack[row]:
        return number
    back = (initial_number(seed, 1 - side) + np.uint64(template.ack[row])) & MASK32
    put32(out, l4 + 8, back)
    return number + back


@lean_part
def _piece(
    template: Template, row: Number, seed: Number, side: Number, out: U8, l4: Number, end: Number, aside: U8
) -> None:
    """Complete a fragment: its identification where the IPv6 fragment header has it, and its piece of the whole."""
    if template.version[row] == 6:
        step = np.uint64(template.step[row])
        put32(out, l4 + 4, draw(seed, _IPID + np.uint64(2) + np.uint64(2) * step + np.uint64(side)))
        l4 += 8
    copy(out, l4, aside, np.int64(template.aside_at[row]), end - l4)


@lean_part
def initial_number(seed: Number, side: Number) -> Number:
    """The initial sequence number of client (0) or server (1)."""
    return draw(seed, _NUMBERS + np.uint64(side)) & MASK32


@lean_part
def _routers(sender: Number, least: Number, most: Number) -> Number:
    """How many routers have counted the TTL down; drawn from the address, as a host stays at its distance."""
    bits = mix(sender + _HOPS) >> np.uint64(32)
    return least + np.int64((bits * np.uint64(most - least + 1)) >> np.uint64(32))


@lean_part
def _identification(policy: Number, seed: Number, side: Number, step: Number, sender: Number, ts: Number) -> Number:
    """The IPv4 identification; what is fixed stands in the template already and gives 0 here."""
    if policy == 1:
        return (draw(seed, _IPID + np.uint64(side)) + step) & LOW
    if policy == 2:
        return draw(seed, _IPID + np.uint64(2) + np.uint64(2) * step + np.uint64(side)) & LOW
    if policy == 4:  # one counter for all that the host sends, some 250 packets a second
        return (mix(sender + _IPID) + np.uint64(ts // 4_000_000) + step) & LOW
    return np.uint64(0)
