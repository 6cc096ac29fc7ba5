"""Decoding: the bytes of a frame become a row of PACKET, without trusting one of them.

IPv4 (RFC 791), IPv6 with extension headers (RFC 8200), TCP (RFC 9293), UDP, UDP-Lite, SCTP, ICMP, ICMPv6, ARP (RFC 826)
and any other IP protocol without ports. Lengths come from the headers, bounded by the length on the wire, so that
snapped frames count in full. An IP packet whose ports cannot be read counts to the flow without ports of its protocol.
"""

from __future__ import annotations

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.fragments import Fragments, later_fragment, remember
from detector.ipv6_chain import extensions
from detector.link import link_layer
from detector.packet import (
    ARP,
    BAD_ARP,
    BAD_IP_HEADER,
    CUT_IN_NETWORK_HEADER,
    IPV4,
    IPV6,
    NOT_IP,
    Bytes,
    Int,
    Record,
    be16,
    be32,
    be48,
    u8,
)
from detector.transport import MAPPED, set_ipv4_addresses, set_ipv6_addresses, transport


@lean_part
def decode(
    data: Bytes,
    start: Int,
    stop: Int,
    wire_len: Int,
    link: Int,
    ts: Int,
    row: Record,
    fragments: Fragments,
) -> Int:
    """Decode the frame ``data[start:stop]`` into ``row``; returns 0, or why it cannot be metered (``REASONS``).

    ``fragments`` carries ports from a first fragment to the later ones.
    """
    clear(row)
    at = link_layer(data, start, stop, link, row)
    if at < 0:
        return -at
    return network(data, at, stop, start + max(wire_len, stop - start), ts, row, fragments)


@lean_part
def network(data: Bytes, at: Int, stop: Int, wire_end: Int, ts: Int, row: Record, fragments: Fragments) -> Int:
    """Decode the packet of ``row["ethertype"]`` at ``at``; ``stop`` ends what was captured, ``wire_end`` what was sent.

    Returns as ``decode``.
    """
    kind = np.int64(row["ethertype"])
    if kind == IPV4:
        return _ipv4(data, at, stop, wire_end, ts, row, fragments)
    if kind == IPV6:
        return _ipv6(data, at, stop, wire_end, ts, row, fragments)
    if kind == ARP:
        return _arp(data, at, stop, row)
    return NOT_IP


@lean_part
def clear(row: Record) -> None:
    """Forget what an earlier frame left in the row, but for what the link and network layers always set."""
    row["port"][0] = np.uint16(0)
    row["port"][1] = np.uint16(0)
    row["key_port"][0] = np.uint16(0)
    row["key_port"][1] = np.uint16(0)
    row["flags"] = np.uint8(0)
    row["has_tcp"] = np.uint8(0)
    row["ttl"] = np.uint8(0)
    row["fragment"] = np.uint8(0)
    row["payload"] = np.uint32(0)
    row["payload_at"] = 0
    row["payload_captured"] = np.int32(0)
    row["mss"] = np.uint16(0)
    row["quoted"] = np.uint8(0)
    row["arp_operation"] = np.uint8(0)


@lean_part
def _ipv4(
    data: Bytes,
    at: Int,
    stop: Int,
    wire_end: Int,
    ts: Int,
    row: Record,
    fragments: Fragments,
) -> Int:
    if stop - at < 20:
        return CUT_IN_NETWORK_HEADER
    header = (u8(data, at) & 15) * 4
    if u8(data, at) >> 4 != 4 or header < 20:
        return BAD_IP_HEADER
    total = be16(data, at + 2)
    on_wire = wire_end - at
    if total == 0 or total > on_wire:  # 0: the sender's card cuts the segment up later (TSO)
        total = on_wire
    if total < header:
        return BAD_IP_HEADER
    row["version"] = np.uint8(4)
    row["size"] = np.uint32(total)
    row["ttl"] = np.uint8(u8(data, at + 8))
    row["protocol"] = np.uint16(u8(data, at + 9))
    set_ipv4_addresses(data, at + 12, row["address"])
    place = be16(data, at + 6)
    body, end = at + header, at + total
    if place & 0x1FFF:
        later_fragment(row, fragments, np.uint64(be16(data, at + 4)), ts, end - body)
        return 0
    transport(data, body, min(stop, end), end, row)
    if place & 0x2000:
        remember(row, fragments, np.uint64(be16(data, at + 4)), ts)
    return 0


@lean_kernel
def _ipv6(
    data: Bytes,
    at: Int,
    stop: Int,
    wire_end: Int,
    ts: Int,
    row: Record,
    fragments: Fragments,
) -> Int:
    if stop - at < 40:
        return CUT_IN_NETWORK_HEADER
    if u8(data, at) >> 4 != 6:
        return BAD_IP_HEADER
    total = 40 + be16(data, at + 4)
    on_wire = wire_end - at
    if total == 40 or total > on_wire:  # 0: a jumbogram (RFC 2675), TSO, or no payload at all
        total = on_wire if u8(data, at + 6) != 59 else min(total, on_wire)
    row["version"] = np.uint8(6)
    row["size"] = np.uint32(total)
    row["ttl"] = np.uint8(u8(data, at + 7))
    set_ipv6_addresses(data, at + 8, row["address"])
    end = at + total
    limit = min(stop, end)
    kind, body, place, identity = extensions(data, at + 40, limit, end, u8(data, at + 6))
    row["protocol"] = np.uint16(kind)
    if place & 0xFFF8:
        later_fragment(row, fragments, identity, ts, end - body)
        return 0
    transport(data, body, limit, end, row)
    if place & 1:
        remember(row, fragments, identity, ts)
    return 0


@lean_kernel
def _arp(data: Bytes, at: Int, stop: Int, row: Record) -> Int:
    if stop - at < 8:
        return CUT_IN_NETWORK_HEADER
    width = u8(data, at + 4)
    if be16(data, at + 2) != IPV4 or u8(data, at + 5) != 4 or not 1 <= width <= 8:
        return BAD_ARP
    if stop - at < 16 + 2 * width:
        return CUT_IN_NETWORK_HEADER
    row["version"] = np.uint8(4)
    row["protocol"] = np.uint16(ARP)
    row["size"] = np.uint32(16 + 2 * width)
    row["arp_operation"] = np.uint8(min(be16(data, at + 6), 255))
    row["arp_mac"] = be48(data, at + 8) if width == 6 else np.uint64(0)
    address = row["address"]
    address[0, 0] = np.uint64(0)
    address[0, 1] = np.uint64(MAPPED | be32(data, at + 8 + width))
    address[1, 0] = np.uint64(0)
    address[1, 1] = np.uint64(MAPPED | be32(data, at + 12 + 2 * width))
    return 0
