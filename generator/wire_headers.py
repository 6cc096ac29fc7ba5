"""Kernels that complete one header each, on bytes that came from a template."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from generator.wire import GOLDEN, LOW, Number, fold, low_half, mix, put16, put32, put48, put_addresses

U8 = npt.NDArray[np.uint8]
MASK32: Final = np.uint64(0xFFFFFFFF)


@kernel
def ipv4(
    out: U8, ip: Number, sender: U8, receiver: U8, routers: Number, identification: Number, known: Number
) -> Number:
    """Complete an IPv4 header whose other fields sum to ``known``; returns the sum of the addresses."""
    before = np.int64(out[ip + 8])
    ttl = before - routers
    ttl = max(ttl, 1)
    out[ip + 8] = np.uint8(ttl)
    if identification:
        put16(out, ip + 4, identification)
    addresses = put_addresses(out, ip + 12, sender, receiver, 12)
    less = LOW - (np.uint64(before - ttl) << np.uint64(8))  # the TTL is the high byte of its word
    put16(out, ip + 10, fold(known + identification + addresses + less) ^ LOW)
    return addresses


@kernel
def ipv6(out: U8, ip: Number, sender: U8, receiver: U8, routers: Number) -> Number:
    """Complete an IPv6 header; returns the sum of the addresses."""
    limit = np.int64(out[ip + 7]) - routers
    limit = max(limit, 1)
    out[ip + 7] = np.uint8(limit)
    return put_addresses(out, ip + 8, sender, receiver, 0)


@kernel
def arp(out: U8, at: Number, sender: U8, receiver: U8, near: Number, far: Number) -> None:
    """Complete an ARP frame: addresses, MACs ``near`` (the sender's, unless the template lies) and ``far``."""
    if out[at] != 0xFF:
        put48(out, at, far)
    if out[at + 22] == 0x02:
        put48(out, at + 22, near)
    for k in range(6):
        out[at + 6 + k] = out[at + 22 + k]
    for k in range(4):
        out[at + 28 + k] = sender[12 + k]
        out[at + 38 + k] = receiver[12 + k]
    if out[at + 21] == 2:
        put48(out, at + 32, far)


@kernel
def _ticks(sender: U8, receiver: U8, ts: Number) -> Number:
    """A TCP timestamp: milliseconds from an offset that belongs to the pair of hosts (RFC 7323 section 5.4)."""
    return (mix(low_half(sender) * GOLDEN + low_half(receiver)) + np.uint64(ts // 1_000_000)) & MASK32


@kernel
def timestamps(out: U8, at: Number, option: Number, sender: U8, receiver: U8, ts: Number, echo: Number) -> Number:
    """The timestamps option; returns its sum. It may stand at an odd place."""
    put32(out, at + option, _ticks(sender, receiver, ts))
    if echo:
        put32(out, at + option + 4, _ticks(receiver, sender, echo))
    total = np.uint64(0)
    for k in range(8):
        total += np.uint64(out[at + option + k]) << np.uint64(0 if (option + k) % 2 else 8)
    return total


@kernel
def selective(out: U8, at: Number, base: Number) -> Number:
    """Move the edges of a selective ACK (RFC 2018), which stand relative, by ``base``; returns what the sum gains.

    The option's length stands before its first edge. The edges stand at an even place.
    """
    gained = np.uint64(0)
    for place in range(at, at + np.int64(out[at - 1]) - 2, 4):
        old = np.uint64(0)
        for k in range(4):
            old = old << np.uint64(8) | np.uint64(out[place + k])
        new = (old + base) & MASK32
        put32(out, place, new)
        gained += (new >> np.uint64(16)) + (new & LOW) + (LOW - (old >> np.uint64(16))) + (LOW - (old & LOW))
    return gained
