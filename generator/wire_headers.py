"""Kernels that complete one header each, on bytes that came from a template. Addresses come as big-endian words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.jit import lean_part
from generator import memory
from generator.wire import GOLDEN, LOW, MASK32, Number, fold, halves, mix, put16, put48

U8 = npt.NDArray[np.uint8]


@lean_part
def link(out: U8, at: Number, near: Number, far: Number, vlan: Number) -> None:
    """Write both MACs, and an 802.1Q tag behind them where ``vlan`` is not 0."""
    memory.put64(out, at, far << np.uint64(16) | near >> np.uint64(32))
    memory.put32(out, at + 8, near)
    if vlan:
        memory.put32(out, at + 12, np.uint64(0x81000000) | np.uint64(vlan))


@lean_part
def ipv4(
    out: U8, ip: Number, sender: Number, receiver: Number, routers: Number, identification: Number, known: Number
) -> Number:
    """Complete an IPv4 header whose other fields sum to ``known``; returns the sum of the addresses.

    Of ``sender`` and ``receiver`` (uint64) the low 32 bits count.
    """
    before = np.int64(memory.get8(out, ip + 8))
    ttl = max(before - routers, 1)
    memory.put8(out, ip + 8, ttl)
    if identification:
        put16(out, ip + 4, identification)
    sender, receiver = sender & MASK32, receiver & MASK32
    memory.put64(out, ip + 12, sender << np.uint64(32) | receiver)
    addresses = sender + receiver
    less = LOW - (np.uint64(before - ttl) << np.uint64(8))  # the TTL is the high byte of its word
    put16(out, ip + 10, fold(known + identification + addresses + less) ^ LOW)
    return addresses


@lean_part
def ipv6(
    out: U8, ip: Number, sender: tuple[Number, Number], receiver: tuple[Number, Number], routers: Number
) -> Number:
    """Complete an IPv6 header; each address is its high and low half. Returns the sum of the addresses."""
    limit = np.int64(memory.get8(out, ip + 7)) - routers
    memory.put8(out, ip + 7, max(limit, 1))
    memory.put64(out, ip + 8, sender[0])
    memory.put64(out, ip + 16, sender[1])
    memory.put64(out, ip + 24, receiver[0])
    memory.put64(out, ip + 32, receiver[1])
    return halves(sender[0]) + halves(sender[1]) + halves(receiver[0]) + halves(receiver[1])


@lean_part
def label(out: U8, ip: Number, value: Number) -> None:
    """Write an IPv6 flow label (RFC 6437): 20 bits, which no checksum covers."""
    memory.put8(
        out, ip + 1, np.uint64(memory.get8(out, ip + 1)) & np.uint64(0xF0) | value >> np.uint64(16) & np.uint64(15)
    )
    put16(out, ip + 2, value & LOW)


@lean_part
def arp(out: U8, at: Number, sender: Number, receiver: Number, near: Number, far: Number, vlan: Number) -> None:
    """Complete an ARP frame: addresses, MACs ``near`` (the sender's, unless the template lies) and ``far``.

    The template's bytes stand at ``at``, four further on where a tag of ``vlan`` goes before them.
    """
    body = at + 4 if vlan else at
    to = np.uint64(0xFFFFFFFFFFFF) if memory.get8(out, body) == 0xFF else far
    if memory.get8(out, body + 22) == 0x02:
        put48(out, body + 22, near)
    claimed = memory.get64(out, body + 22) >> np.uint64(16)
    link(out, at, claimed, to, vlan)
    memory.put32(out, body + 28, sender)
    memory.put32(out, body + 38, receiver)
    if memory.get8(out, body + 21) == 2:
        put48(out, body + 32, far)


@lean_part
def _ticks(sender: Number, receiver: Number, ts: Number) -> Number:
    """A TCP timestamp: milliseconds from an offset that belongs to the pair of hosts (RFC 7323 section 5.4)."""
    return (mix(sender * GOLDEN + receiver) + np.uint64(ts) // np.uint64(1_000_000)) & MASK32


@lean_part
def timestamps(
    out: U8, at: Number, option: Number, sender: Number, receiver: Number, ts: Number, echo: Number
) -> Number:
    """The timestamps option, ``option`` bytes into the frame at ``at``; returns its sum. It may stand at an odd place.

    Of the addresses the low halves count.
    """
    value = _ticks(sender, receiver, ts)
    back = _ticks(receiver, sender, echo) if echo else np.uint64(0)
    memory.put64(out, at + option, value << np.uint64(32) | back)
    return (value + back) << np.uint64(8 * (option & 1))


@lean_part
def selective(out: U8, at: Number, base: Number) -> Number:
    """Move the edges of a selective ACK (RFC 2018), which stand relative, by ``base``; returns what the sum gains.

    The option's length stands before its first edge. The edges stand at an even place.
    """
    gained = np.uint64(0)
    for place in range(at, at + np.int64(memory.get8(out, at - 1)) - 2, 4):
        old = memory.get32(out, place)
        new = (old + base) & MASK32
        memory.put32(out, place, new)
        gained += new + (MASK32 - old)
    return gained
