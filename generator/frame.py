"""One frame's bytes: a copy out of the template, and in it all that differs from attempt to attempt.

A frame is a function of (template row, attempt, its time, the time that it echoes), whoever asks and whenever.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator import memory, noise
from generator.fragments import HEADERS
from generator.strokes import strokes
from generator.template import Template
from generator.wire import LOW, MASK32, Number, copy, draw, fold, mix, put16, put32, sum_words
from generator.wire_headers import arp, ipv4, ipv6, label, link, selective, timestamps

U8 = npt.NDArray[np.uint8]

# What is known of an attempt: one cache line. Addresses as big-endian words, of an IPv4 address the low 32 bits.
ENDS: Final = np.dtype(
    [
        ("src_high", "u8"),
        ("src_low", "u8"),
        ("dst_high", "u8"),
        ("dst_low", "u8"),
        ("src_mac", "u8"),
        ("dst_mac", "u8"),
        ("seed", "u8"),
        ("src_port", "u2"),
        ("dst_port", "u2"),
        ("vlan", "u2"),
        ("unused", "u2"),
    ],
    align=True,
)
# What a random number is for; a payload part's key is mixed in another way.
_NUMBERS: Final = np.uint64(1 << 41)
_HOPS: Final = np.uint64(1 << 42)
_IPID: Final = np.uint64(1 << 43)
_LABEL: Final = np.uint64(1 << 44)
_LINK: Final = 14
_FRAGMENT: Final = 254  # generator.exchange.FRAGMENT


@lean_part
def stands_aside(frame: Any) -> Number:  # noqa: ANN401 - a record
    """Whether a frame takes its piece from one written aside: as it shows headers, which are not in the template."""
    if frame.aside < 0:
        return False
    headers = _LINK + (20 if frame.version == 4 else 40) + HEADERS
    return frame.kind != _FRAGMENT or frame.aside_at < headers


@lean_kernel
def write_aside(template: Template, one: Any, row: Number, intended: Number, aside: U8) -> None:  # noqa: ANN401 - a record
    """Write, untagged, the frame of which the frame ``row`` carries a piece: as much of it as that takes."""
    frame = template.frames[np.uint64(row)]
    whole = template.frames[np.uint64(frame.aside)]
    at, echo, size = np.int64(0), np.int64(0), np.int64(whole.length)
    if whole.part_first == whole.part_end:  # else its checksum is not known before all is written
        size = min(size, max(np.int64(frame.aside_at) + np.int64(frame.length), np.int64(3 * HEADERS)))
    write(template, one, np.uint64(frame.aside), intended, echo, np.uint64(0), aside, at, aside, size, len(aside))


@lean_part
def write(  # noqa: PLR0913, PLR0917 - arrays that a kernel cannot find by itself
    template: Template,
    one: Any,  # noqa: ANN401 - a record
    row: Number,
    ts: Number,
    echo: Number,
    vlan: Number,
    out: U8,
    at: Number,
    aside: U8,
    size: Number,
    limit: Number,
) -> None:
    """Write the template's frame ``row`` at ``at``, as attempt ``one`` (a record of ``ENDS``) sends it.

    ``aside`` holds the frame of which this one carries a piece. ``size`` says how much of it
    is wanted, which is all unless it is written aside itself. Behind the frame up to 31 bytes may be written, too, as
    far as ``limit``: whatever stands there is written later.
    """
    frame = template.frames[row]
    body = at + 4 if vlan else at
    end = body + np.int64(frame.length)
    copy(out, body, template.blob, frame.start, size)
    side = np.int64(frame.reverse)
    # All that both directions share is loaded once and turned round with two selections a pair.
    near, far = one.src_mac, one.dst_mac
    here, there = one.src_low, one.dst_low
    ports = np.uint64(one.src_port) << np.uint64(16) | np.uint64(one.dst_port)
    if side:
        near, far, here, there = far, near, there, here
        ports = np.uint64(one.dst_port) << np.uint64(16) | np.uint64(one.src_port)
    if frame.version == 0:
        arp(out, at, here, there, near, far, vlan)
        return
    link(out, at, near, far, vlan)
    seed, ip = one.seed, body + _LINK
    routers = _routers(here, np.int64(frame.hops_least), np.int64(frame.hops_most))
    if frame.version == 4:
        identification = _identification(frame, seed, here, ts)
        addresses = ipv4(out, ip, here, there, routers, identification, np.uint64(frame.ip_sum))
        l4 = ip + 20
    else:
        above, beyond = one.src_high, one.dst_high
        if side:
            above, beyond = beyond, above
        addresses = ipv6(out, ip, (above, here), (beyond, there), routers)
        if frame.ipid == 1:
            label(out, ip, draw(seed, _LABEL + np.uint64(side)))
        l4 = ip + 40
    total = np.uint64(frame.sum) + _random(template, frame, seed, out, body, limit)
    _transport(template, row, seed, (total, addresses, ports), (here, there, ts, echo), (body, l4, end), out, aside)


@lean_part
def _transport(
    template: Template,
    row: Number,
    seed: Number,
    sums: tuple[Number, Number, Number],
    clock: tuple[Number, Number, Number, Number],
    places: tuple[Number, Number, Number],
    out: U8,
    aside: U8,
) -> None:
    """Complete what stands behind the IP header. ``sums``: of what is written so far, the addresses, the ports."""
    frame = template.frames[row]
    total, addresses, ports = sums
    body, l4, end = places
    if frame.kind == 6:
        total += addresses + ports + _numbers(frame, seed, ports, out, l4)
        option = np.int64(frame.times_at)
        if option:
            here, there, ts, echo = clock
            total += timestamps(out, body, option, here, there, ts, echo)
        if frame.sack_at:
            base = initial_number(seed, 1 - np.int64(frame.reverse))
            total += selective(out, body + np.int64(frame.sack_at), base)
        put16(out, l4 + 16, fold(total) ^ LOW)
    elif frame.kind == 17:
        put32(out, l4, ports)
        checksum = fold(total + addresses + ports) ^ LOW
        put16(out, l4 + 6, checksum or LOW)
    elif frame.kind == _FRAGMENT:
        _piece(frame, seed, out, l4, end, aside)
    elif frame.kind != 255:
        _message(frame, total, addresses, out, l4, end, aside)


@lean_part
def _message(frame: Any, total: Number, addresses: Number, out: U8, l4: Number, end: Number, aside: U8) -> None:  # noqa: ANN401 - a record
    """Complete an ICMP message whose words sum to ``total``; an error takes what it quotes first."""
    six = frame.kind == 58
    if frame.quotes:
        copy(out, l4 + 8, aside, np.int64(frame.aside_at), end - l4 - 8)
        total = sum_words(out, l4, end - l4)
        total += np.uint64(58) + np.uint64(end - l4) if six else np.uint64(0)
    total += addresses if six else np.uint64(0)
    put16(out, l4 + 2, fold(total) ^ LOW)


@lean_part
def _random(template: Template, frame: Any, seed: Number, out: U8, body: Number, limit: Number) -> Number:  # noqa: ANN401 - a record
    """Write a frame's random parts, in order: one may write text over what follows it. What they add to the sum."""
    total, part, end = np.uint64(0), np.int64(frame.part_first), np.int64(frame.part_end)
    while part < end:
        more, left = strokes(
            out,
            body,
            limit,
            template.parts,
            part,
            end,
            seed,
            template.masks,
            template.blob,
            frame.start,
            template.spelling,
        )
        total += np.uint64(more)
        if left == part:
            total += _part(template, template.parts[np.uint64(part)], frame.start, seed, out, body, limit)
            left += 1
        part = left
    return total


@lean_part
def _part(template: Template, part: Any, start: Number, seed: Number, out: U8, body: Number, limit: Number) -> Number:  # noqa: ANN401 - a record
    """Write one random part of a frame; returns what it adds to the sum."""
    key = mix(seed ^ (part.key << np.uint64(8)))
    place = np.int64(part.at)
    into = body + place
    little = noise.fill(
        out,
        into,
        part.length,
        limit - into,
        key,
        part.skip,
        part.kind,
        template.masks,
        part.mask,
        template.blob,
        start + place,
        template.spelling,
    )
    # Words read in the other byte order sum to the sum with its bytes swapped (RFC 1071 section 2).
    return little << np.uint64(8 * (1 - (place & 1)))


@lean_part
def _numbers(frame: Any, seed: Number, ports: Number, out: U8, l4: Number) -> Number:  # noqa: ANN401 - a record
    """Write ports, sequence and acknowledgement number; returns the sum of the numbers."""
    both = draw(seed, _NUMBERS)
    if frame.reverse:
        both = both >> np.uint64(32) | both << np.uint64(32)
    number = (both + np.uint64(frame.seq)) & MASK32
    memory.put64(out, l4, ports << np.uint64(32) | number)
    if not frame.has_ack:
        return number
    back = ((both >> np.uint64(32)) + np.uint64(frame.ack)) & MASK32
    put32(out, l4 + 8, back)
    return number + back


@lean_part
def _piece(frame: Any, seed: Number, out: U8, l4: Number, end: Number, aside: U8) -> None:  # noqa: ANN401 - a record
    """Complete a fragment: its identification where the IPv6 fragment header has it, and its piece of the whole, if
    that is not its own payload.
    """
    if frame.version == 6:
        put32(out, l4 + 4, _each(frame, seed))
        l4 += 8
    if stands_aside(frame):
        copy(out, l4, aside, np.int64(frame.aside_at), end - l4)


@lean_part
def initial_number(seed: Number, side: Number) -> Number:
    """The initial sequence number of client (0) or server (1)."""
    return draw(seed, _NUMBERS) >> np.uint64(32 * side) & MASK32


@lean_part
def _routers(sender: Number, least: Number, most: Number) -> Number:
    """How many routers have counted the TTL down; drawn from the address, as a host stays at its distance."""
    bits = mix(sender + _HOPS) >> np.uint64(32)
    return least + np.int64((bits * np.uint64(most - least + 1)) >> np.uint64(32))


@lean_part
def _each(frame: Any, seed: Number) -> Number:  # noqa: ANN401 - a record
    """A number for each frame of its sender on its own."""
    return draw(seed, _IPID + np.uint64(2) + np.uint64(2) * np.uint64(frame.step) + np.uint64(frame.reverse))


@lean_part
def _identification(frame: Any, seed: Number, sender: Number, ts: Number) -> Number:  # noqa: ANN401 - a record
    """The IPv4 identification; what is fixed stands in the template already and gives 0 here."""
    step = np.uint64(frame.step)
    if frame.ipid == 1:
        return (draw(seed, _IPID + np.uint64(frame.reverse)) + step) & LOW
    if frame.ipid == 2:
        return _each(frame, seed) & LOW
    if frame.ipid == 4:  # one counter for all that the host sends, some 250 packets a second
        return (mix(sender + _IPID) + np.uint64(ts // 4_000_000) + step) & LOW
    return np.uint64(0)
