"""From plan and template to bytes: one kernel says when each frame appears, another writes it.

Everything random is a function of (attempt's seed, what it is for), so that any frame can be written at any time,
alone, with the same result: frames that belong to a later chunk are held as 28 bytes, not as frames.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from generator.template import Template
from generator.wire import (
    LOW,
    Number,
    draw,
    fold,
    low_half,
    mix,
    put16,
    put32,
    put48,
    put_random,
    sum_words,
)
from generator.wire_headers import arp, ipv4, ipv6, selective, timestamps

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
_MASK32: Final = np.uint64(0xFFFFFFFF)
_LINK: Final = 14


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
        return cls(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int32), np.zeros(n, np.int64))

    def take(self, rows: npt.NDArray[Any] | slice) -> Due:
        """Some rows."""
        return Due(self.ts[rows], self.attempt[rows], self.frame[rows], self.echo[rows])


@kernel
def schedule(template: Template, table: Table, low: Number, high: Number, end_ns: Number, due: Due, flows: I64) -> int:
    """When each frame of the attempts ``low`` to ``high`` appears; those from ``end_ns`` on are left out.

    Fills ``due`` (room for all their frames) and returns how many. ``flows`` is int64 ``(high - low, 2, 3)``: first,
    last and count of frames of the attempt's own flow and of the ICMP errors about it.
    """
    n = 0
    for attempt in range(low, high):
        variant = table.variant[attempt]
        seed = table.seed[attempt]
        rtt = np.float64(table.rtt_ns[attempt])
        at = np.float64(0)
        begun = n
        for frame in range(template.first[variant], template.first[variant + 1]):
            number = np.uint64(frame - template.first[variant])
            bits = draw(seed, _GAP + number) >> np.uint64(11)
            swing = np.float64(bits) * (2.0 / 9007199254740992.0) - 1.0
            at += template.gap_rtt[frame] * rtt
            at += template.gap_ns[frame] * (1.0 + template.jitter[frame] * swing)
            ts = table.intended[attempt] + np.int64(at)
            if ts >= end_ns:
                break
            due.ts[n] = ts
            due.attempt[n] = attempt
            due.frame[n] = frame
            back = template.echo[frame]
            due.echo[n] = due.ts[n - back] if back > 0 and n - back >= begun else 0
            lane = np.int64(template.quotes[frame])
            row = attempt - low
            if flows[row, lane, 2] == 0:
                flows[row, lane, 0] = ts
            flows[row, lane, 1] = ts
            flows[row, lane, 2] += 1
            n += 1
    return n


@kernel
def stamp(  # noqa: PLR0915, C901 - one pass over scalars; handing the arrays to helpers would copy their descriptors
    template: Template, table: Table, due: Due, offsets: I32, out: U8
) -> None:
    """Write the frames of ``due`` one behind the other: frame ``i`` to ``out[offsets[i]:offsets[i + 1]]``."""
    scratch = np.empty(_longest(template.length), np.uint8)
    for step in range(2 * len(due.ts)):
        i = step // 2
        attempt, seed = due.attempt[i], table.seed[due.attempt[i]]
        # An ICMP error takes two steps: the frame that it quotes is written aside first.
        quoted = step % 2 == 0
        if quoted and not template.quotes[due.frame[i]]:
            continue
        frame = template.first[table.variant[attempt]] if quoted else np.int64(due.frame[i])
        buffer = scratch if quoted else out
        at = np.int64(0) if quoted else np.int64(offsets[i])
        end = at + np.int64(template.length[frame])
        ts = table.intended[attempt] if quoted else due.ts[i]
        echo = np.int64(0) if quoted else due.echo[i]
        start = template.start[frame]
        buffer[at:end] = template.blob[start : start + end - at]
        kind, version = template.kind[frame], template.version[frame]
        side = np.int64(template.reverse[frame])
        if side == 0:
            sender, receiver = table.src[attempt], table.dst[attempt]
            near, far = table.src_mac[attempt], table.dst_mac[attempt]
            ports = np.uint64(table.src_port[attempt]) << np.uint64(16) | np.uint64(table.dst_port[attempt])
        else:
            sender, receiver = table.dst[attempt], table.src[attempt]
            near, far = table.dst_mac[attempt], table.src_mac[attempt]
            ports = np.uint64(table.dst_port[attempt]) << np.uint64(16) | np.uint64(table.src_port[attempt])
        if version == 0:
            arp(buffer, at, sender, receiver, near, far)
            continue
        put48(buffer, at, far)
        put48(buffer, at + 6, near)
        # The network header, and the checksum of what is written so far.
        hops = template.hops[table.variant[attempt]]
        routers = _routers(sender, np.int64(hops[2 * side]), np.int64(hops[2 * side + 1]))
        if version == 4:
            identification = _identification(template.ipid[frame], seed, side, np.int64(template.step[frame]))
            addresses = ipv4(buffer, at + _LINK, sender, receiver, routers, identification, template.ip_sum[frame])
            l4 = at + _LINK + 20
        else:
            addresses = ipv6(buffer, at + _LINK, sender, receiver, routers)
            l4 = at + _LINK + 40
        total = template.sum[frame]
        for part in range(template.part_first[frame], template.part_first[frame + 1]):
            base = mix(seed ^ (template.part_key[part] << np.uint64(8)))
            place = np.int64(template.part_at[part])
            total += put_random(
                buffer[at:end],
                place,
                np.int64(template.part_length[part]),
                np.int64(template.part_skip[part]),
                base,
                template.alphabet[template.part_kind[part]],
            )
        # The transport.
        if kind == 6:
            total += addresses + (ports >> np.uint64(16)) + (ports & LOW)
            put32(buffer, l4, ports)
            number = (initial_number(seed, side) + np.uint64(template.seq[frame])) & _MASK32
            total += _number(buffer, l4 + 4, number)
            if template.has_ack[frame]:
                number = (initial_number(seed, 1 - side) + np.uint64(template.ack[frame])) & _MASK32
                total += _number(buffer, l4 + 8, number)
            option = np.int64(template.times_at[frame])
            if option:
                total += timestamps(buffer, at, option, sender, receiver, ts, echo)
            edges = np.int64(template.sack_at[frame])
            if edges:
                total += selective(buffer, at + edges, initial_number(seed, 1 - side))
            put16(buffer, l4 + 16, fold(total) ^ LOW)
        elif kind == 17:
            total += addresses + (ports >> np.uint64(16)) + (ports & LOW)
            put32(buffer, l4, ports)
            checksum = fold(total) ^ LOW
            put16(buffer, l4 + 6, checksum or LOW)
        elif kind != 255:
            if template.quotes[frame]:
                into, size = l4 + 8, end - l4 - 8
                buffer[into:end] = scratch[_LINK : _LINK + size]
                total = sum_words(buffer, l4, end - l4)
                total += np.uint64(58) + np.uint64(end - l4) if kind == 58 else np.uint64(0)
            if kind == 58:
                total += addresses
            put16(buffer, l4 + 2, fold(total) ^ LOW)


@kernel
def _longest(lengths: I32) -> Number:
    longest = np.int64(0)
    for length in lengths:
        longest = max(longest, np.int64(length))
    return longest


@kernel
def initial_number(seed: Number, side: Number) -> Number:
    """The initial sequence number of client (0) or server (1)."""
    return draw(seed, _NUMBERS + np.uint64(side)) & _MASK32


@kernel
def _number(out: U8, at: Number, number: Number) -> Number:
    put32(out, at, number)
    return (number >> np.uint64(16)) + (number & LOW)


@kernel
def _routers(sender: U8, least: Number, most: Number) -> Number:
    """How many routers have counted the TTL down; drawn from the address, as a host stays at its distance."""
    return least + np.int64(mix(low_half(sender) + _HOPS) % np.uint64(most - least + 1))


@kernel
def _identification(policy: Number, seed: Number, side: Number, step: Number) -> Number:
    """The IPv4 identification; what is fixed stands in the template already and gives 0 here."""
    if policy == 1:
        return (draw(seed, _IPID + np.uint64(side)) + np.uint64(step)) & LOW
    if policy == 2:
        return draw(seed, _IPID + np.uint64(2 + 2 * step + side)) & LOW
    return np.uint64(0)
