"""From plan and template to bytes: one kernel says when each frame appears, another writes it.

Everything random is a function of (attempt's seed, what it is for), so that any frame can be written at any time, alone,
with the same result: frames that belong to a later chunk are held as 28 bytes, not as frames.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from generator.template import Template

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]

# What a random number is for; payload parts use their key shifted above these.
_GAP: Final = np.uint64(1 << 40)
_NUMBERS: Final = np.uint64(1 << 41)
_HOPS: Final = np.uint64(1 << 42)
_IPID: Final = np.uint64(1 << 43)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX2: Final = np.uint64(0x94D049BB133111EB)
_LOW: Final = np.uint64(0xFFFF)
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


class Due(NamedTuple):
    """Frames with their time, not yet written."""

    ts: I64
    attempt: I64
    frame: I32  # row of the template
    echo: I64  # when the frame whose TCP timestamp it echoes appeared, 0 where none

    def take(self, rows: npt.NDArray[Any] | slice) -> Due:
        """Some rows."""
        return Due(self.ts[rows], self.attempt[rows], self.frame[rows], self.echo[rows])


@kernel
def mix(value: np.uint64) -> np.uint64:
    """The finaliser of splitmix64: 64 bits in, 64 well mixed bits out."""
    value = (value ^ (value >> np.uint64(30))) * _MIX1
    value = (value ^ (value >> np.uint64(27))) * _MIX2
    return value ^ (value >> np.uint64(31))


@kernel
def schedule(template: Template, table: Table, low: int, high: int, end_ns: int, due: Due, flows: I64) -> int:
    """When each frame of the attempts ``low`` to ``high`` appears; those from ``end_ns`` on are left out.

    Fills ``due`` (room for all their frames) and returns how many. ``flows`` is int64 ``(high - low, 2, 3)``: first, last
    and count of frames of the attempt's own flow and of the ICMP errors about it.
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
            draw = mix(seed + (_GAP + number) * _GOLDEN) >> np.uint64(11)
            swing = np.float64(draw) * (2.0 / 9007199254740992.0) - 1.0
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
def stamp(template: Template, table: Table, due: Due, offsets: I32, out: U8) -> None:
    """Write the frames of ``due`` one behind the other: frame ``i`` to ``out[offsets[i]:offsets[i + 1]]``."""
    for i in range(len(due.ts)):
        frame, attempt = np.int64(due.frame[i]), due.attempt[i]
        at = np.int64(offsets[i])
        start, length = template.start[frame], np.int64(template.length[frame])
        for k in range(length):
            out[at + k] = template.blob[start + k]
        if template.version[frame] == 0:
            _write_arp(template, table, attempt, frame, out, at)
            continue
        _write_link(table, attempt, template.reverse[frame], out, at)
        addresses = _write_network(template, table, attempt, frame, out, at)
        random = _write_parts(template, table.seed[attempt], frame, out, at)
        _write_transport(template, table, attempt, frame, due.ts[i], due.echo[i], addresses, random, out, at)


@kernel
def _put(out: U8, at: int, value: np.uint64, size: int) -> None:
    for k in range(size):
        out[at + k] = np.uint8((value >> np.uint64(8 * (size - 1 - k))) & np.uint64(0xFF))


@kernel
def _fold(total: np.uint64) -> np.uint64:
    while total > _LOW:
        total = (total & _LOW) + (total >> np.uint64(16))
    return total


@kernel
def _word(data: U8, at: int) -> np.uint64:
    return np.uint64(data[at]) << np.uint64(8) | np.uint64(data[at + 1])


@kernel
def _write_link(table: Table, attempt: int, reverse: int, out: U8, at: int) -> None:
    towards = table.src_mac[attempt] if reverse else table.dst_mac[attempt]
    away = table.dst_mac[attempt] if reverse else table.src_mac[attempt]
    _put(out, at, towards, 6)
    _put(out, at + 6, away, 6)


@kernel
def _write_arp(template: Template, table: Table, attempt: int, frame: int, out: U8, at: int) -> None:
    reverse = template.reverse[frame]
    sender = table.dst_mac[attempt] if reverse else table.src_mac[attempt]
    target = table.src_mac[attempt] if reverse else table.dst_mac[attempt]
    if out[at] != 0xFF:
        _put(out, at, target, 6)
    _put(out, at + 6, sender, 6)
    _put(out, at + 22, sender, 6)
    for k in range(4):
        mine, theirs = table.src[attempt, 12 + k], table.dst[attempt, 12 + k]
        out[at + 28 + k] = theirs if reverse else mine
        out[at + 38 + k] = mine if reverse else theirs
    if out[at + 21] == 2:
        _put(out, at + 32, target, 6)


@kernel
def _routers(template: Template, table: Table, attempt: int, reverse: int) -> int:
    """How many routers have counted the TTL down on the way from the sender to the monitor."""
    hops = template.hops[table.variant[attempt]]
    least, most = np.int64(hops[2 * reverse]), np.int64(hops[2 * reverse + 1])
    # A host stays at its distance: drawn from its address, not from the attempt.
    address = table.dst[attempt] if reverse else table.src[attempt]
    host = np.uint64(0)
    for k in range(8, 16):
        host = host << np.uint64(8) | np.uint64(address[k])
    return least + np.int64(mix(host + _HOPS) % np.uint64(most - least + 1))


@kernel
def _identification(template: Template, seed: np.uint64, frame: int) -> np.uint64:
    policy = template.ipid[frame]
    if policy == 1:
        side = np.uint64(template.reverse[frame])
        return (mix(seed + (_IPID + side) * _GOLDEN) + np.uint64(template.step[frame])) & _LOW
    if policy == 2:
        return mix(seed + (_IPID + np.uint64(2) + np.uint64(frame)) * _GOLDEN) & _LOW
    return np.uint64(0)


@kernel
def _write_network(template: Template, table: Table, attempt: int, frame: int, out: U8, at: int) -> np.uint64:
    """The IP header; returns the one's complement sum of both addresses for the pseudo header."""
    reverse = np.int64(template.reverse[frame])
    routers = _routers(template, table, attempt, reverse)
    ip = at + _LINK
    if template.version[frame] == 6:
        out[ip + 7] = np.uint8(max(np.int64(out[ip + 7]) - routers, 1))
        _write_addresses(table, attempt, reverse, 0, out, ip + 8)
        return _sum_words(out, ip + 8, 32)
    ttl = max(np.int64(out[ip + 8]) - routers, 1)
    less = np.uint64(np.int64(out[ip + 8]) - ttl) << np.uint64(8)
    out[ip + 8] = np.uint8(ttl)
    identification = _identification(template, table.seed[attempt], frame)
    if template.ipid[frame] != 3:
        _put(out, ip + 4, identification, 2)
    _write_addresses(table, attempt, reverse, 12, out, ip + 12)
    addresses = _sum_words(out, ip + 12, 8)
    total = _fold(template.ip_sum[frame] + identification + addresses + (_LOW - _fold(less)))
    _put(out, ip + 10, total ^ _LOW, 2)
    return addresses


@kernel
def _write_addresses(table: Table, attempt: int, reverse: int, skip: int, out: U8, at: int) -> None:
    width = 16 - skip
    for k in range(width):
        mine, theirs = table.src[attempt, skip + k], table.dst[attempt, skip + k]
        out[at + k] = theirs if reverse else mine
        out[at + width + k] = mine if reverse else theirs


@kernel
def _sum_words(out: U8, at: int, size: int) -> np.uint64:
    total = np.uint64(0)
    for k in range(0, size - 1, 2):
        total += _word(out, at + k)
    if size % 2:
        total += np.uint64(out[at + size - 1]) << np.uint64(8)
    return total


@kernel
def _write_parts(template: Template, seed: np.uint64, frame: int, out: U8, at: int) -> np.uint64:
    """The random parts of the payload; returns their one's complement sum at their places in the frame."""
    even, odd = np.uint64(0), np.uint64(0)
    for part in range(template.part_first[frame], template.part_first[frame + 1]):
        place = np.int64(template.part_at[part])
        skip = np.int64(template.part_skip[part])
        base = mix(seed ^ (template.part_key[part] << np.uint64(8)))
        row = template.part_kind[part]
        word = np.uint64(0)
        for k in range(np.int64(template.part_length[part])):
            index = skip + k
            if k == 0 or index % 8 == 0:
                word = mix(base + np.uint64(index // 8) * _GOLDEN) >> np.uint64(8 * (index % 8))
            value = template.alphabet[row, word & np.uint64(0xFF)]
            word >>= np.uint64(8)
            out[at + place + k] = value
            if (place + k) % 2:
                odd += np.uint64(value)
            else:
                even += np.uint64(value)
    return (even << np.uint64(8)) + odd


@kernel
def _write_transport(
    template: Template,
    table: Table,
    attempt: int,
    frame: int,
    ts: int,
    echo: int,
    addresses: np.uint64,
    random: np.uint64,
    out: U8,
    at: int,
) -> None:
    kind = template.kind[frame]
    if kind == 255:
        return
    l4 = at + _LINK + (20 if template.version[frame] == 4 else 40)
    reverse = template.reverse[frame]
    mine = np.uint64(table.dst_port[attempt] if reverse else table.src_port[attempt])
    theirs = np.uint64(table.src_port[attempt] if reverse else table.dst_port[attempt])
    if kind == 6:
        total = template.sum[frame] + random + addresses + mine + theirs
        _put(out, l4, mine << np.uint64(16) | theirs, 4)
        total += _write_tcp(template, table, attempt, frame, ts, echo, out, at, l4)
        _put(out, l4 + 16, _fold(total) ^ _LOW, 2)
    elif kind == 17:
        total = template.sum[frame] + random + addresses + mine + theirs
        _put(out, l4, mine << np.uint64(16) | theirs, 4)
        checksum = _fold(total) ^ _LOW
        _put(out, l4 + 6, checksum or _LOW, 2)
    else:
        pseudo = np.uint64(0)
        size = at + np.int64(template.length[frame]) - l4
        if kind == 58:
            pseudo = addresses + np.uint64(58) + np.uint64(size)
        if template.quotes[frame]:
            _write_quote(template, table, attempt, frame, out, l4 + 8)
        _put(out, l4 + 2, _fold(_sum_words(out, l4, size) + pseudo) ^ _LOW, 2)


@kernel
def initial_number(seed: np.uint64, side: int) -> np.uint64:
    """The initial sequence number of client (0) or server (1)."""
    return mix(seed + (_NUMBERS + np.uint64(side)) * _GOLDEN) & np.uint64(0xFFFFFFFF)


@kernel
def _ticks(table: Table, attempt: int, side: int, ts: int) -> np.uint64:
    """A TCP timestamp: milliseconds from an offset that belongs to the pair of hosts (RFC 7323 section 5.4)."""
    host = np.uint64(side)
    for k in range(8, 16):
        host = host * np.uint64(1099511628211) + np.uint64(table.src[attempt, k]) * np.uint64(257)
        host += np.uint64(table.dst[attempt, k])
    return (mix(host) + np.uint64(ts // 1_000_000)) & np.uint64(0xFFFFFFFF)


@kernel
def _write_tcp(
    template: Template, table: Table, attempt: int, frame: int, ts: int, echo: int, out: U8, at: int, l4: int
) -> np.uint64:
    """Sequence and ACK number and timestamps; returns the sum of what it wrote."""
    side = np.int64(template.reverse[frame])
    seed, half = table.seed[attempt], np.uint64(16)
    number = (initial_number(seed, side) + np.uint64(template.seq[frame])) & np.uint64(0xFFFFFFFF)
    _put(out, l4 + 4, number, 4)
    total = (number >> half) + (number & _LOW)
    if template.has_ack[frame]:
        number = (initial_number(seed, 1 - side) + np.uint64(template.ack[frame])) & np.uint64(0xFFFFFFFF)
        _put(out, l4 + 8, number, 4)
        total += (number >> half) + (number & _LOW)
    option = np.int64(template.times_at[frame])
    if option:
        _put(out, at + option, _ticks(table, attempt, side, ts), 4)
        if echo:
            _put(out, at + option + 4, _ticks(table, attempt, 1 - side, echo), 4)
        # The option may stand at an odd place: two bytes of it then fall into different words.
        if option % 2:
            for k in range(8):
                total += np.uint64(out[at + option + k]) << np.uint64(0 if (option + k) % 2 else 8)
        else:
            total += _sum_words(out, at + option, 8)
    return total


@kernel
def _write_quote(template: Template, table: Table, attempt: int, frame: int, out: U8, ip: int) -> None:
    """The client's first frame as an ICMP error quotes it: addresses, identification, ports and sequence number."""
    first = template.first[table.variant[attempt]]
    four = template.version[frame] == 4
    _write_addresses(table, attempt, 0, 12 if four else 0, out, ip + (12 if four else 8))
    if four:
        identification = _identification(template, table.seed[attempt], first)
        if template.ipid[first] != 3:
            _put(out, ip + 4, identification, 2)
        _put(out, ip + 10, _fold(_sum_words(out, ip, 20)) ^ _LOW, 2)
    l4 = ip + (20 if four else 40)
    kind = template.kind[first]
    if kind in (6, 17):
        _put(out, l4, np.uint64(table.src_port[attempt]) << np.uint64(16) | np.uint64(table.dst_port[attempt]), 4)
    if kind == 6:
        number = initial_number(table.seed[attempt], 0) + np.uint64(template.seq[first])
        _put(out, l4 + 4, number & np.uint64(0xFFFFFFFF), 4)
