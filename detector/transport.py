"""The transport layer: ports, TCP's header, ICMP and its errors, where the payload lies."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.packet import Bytes, Int, Record, be16, be32, be64, u8
from detector.rare_facts import PARAMETER_PROBLEM, REDIRECT, SOURCE_QUENCH, TIME_EXCEEDED, TOO_BIG, UNREACHABLE

MAPPED: Final = 0xFFFF_0000_0000  # ::ffff:0:0 in the lower word of an IPv4 address
_SYN: Final = 2
_HAS_PORTS: Final = (132, 136, 33)  # SCTP, UDP-Lite, DCCP
PORTED: Final = (6, 17, *_HAS_PORTS)


@lean_part
def set_ipv4_addresses(data: Bytes, at: Int, address: Record) -> None:
    """Source and destination of an IPv4 header, which begin at ``at``, as words of mapped addresses."""
    address[0, 0] = np.uint64(0)
    address[0, 1] = np.uint64(MAPPED | be32(data, at))
    address[1, 0] = np.uint64(0)
    address[1, 1] = np.uint64(MAPPED | be32(data, at + 4))


@lean_part
def set_ipv6_addresses(data: Bytes, at: Int, address: Record) -> None:
    """Source and destination of an IPv6 header, which begin at ``at``, as words."""
    address[0, 0] = be64(data, at)
    address[0, 1] = be64(data, at + 8)
    address[1, 0] = be64(data, at + 16)
    address[1, 1] = be64(data, at + 24)


@lean_part
def transport(data: Bytes, at: Int, limit: Int, end: Int, row: Record) -> None:
    """Ports and payload of what lies at ``at``; ``limit`` ends what was captured of the packet, ``end`` the packet."""
    protocol = np.int64(row["protocol"])
    captured = limit - at
    header = 0
    if protocol == 6:
        header = _tcp(data, at, captured, row)
    elif protocol == 17 or protocol in _HAS_PORTS:
        if captured >= 4:
            _set_ports(row, be16(data, at), be16(data, at + 2))
        header = 12 if protocol in (33, 132) else 8
        if protocol == 17 and captured >= 6:
            length = be16(data, at + 4)
            if 8 <= length < end - at:
                end = at + length  # what follows is padding
    elif protocol in (1, 58):
        header = _icmp(data, at, limit, row)
    payload = max(end - at - header, 0)
    row["payload"] = np.uint32(payload)
    row["payload_at"] = at + header
    row["payload_captured"] = np.int32(min(max(limit - at - header, 0), payload))


@lean_part
def _set_ports(row: Record, sender: Int, receiver: Int) -> None:
    row["port"][0] = np.uint16(sender)
    row["port"][1] = np.uint16(receiver)
    row["key_port"][0] = np.uint16(sender)
    row["key_port"][1] = np.uint16(receiver)


@lean_part
def _tcp(data: Bytes, at: Int, captured: Int, row: Record) -> Int:
    """Read what was captured of a TCP header; returns its length."""
    if captured >= 4:
        _set_ports(row, be16(data, at), be16(data, at + 2))
    if captured < 16:
        return 20
    row["has_tcp"] = np.uint8(1)
    row["seq"] = np.uint32(be32(data, at + 4))
    row["ack"] = np.uint32(be32(data, at + 8))
    row["flags"] = np.uint8(u8(data, at + 13))
    row["window"] = np.uint16(be16(data, at + 14))
    header = max((u8(data, at + 12) >> 4) * 4, 20)
    if u8(data, at + 13) & _SYN:
        row["mss"] = np.uint16(_mss(data, at + 20, at + min(header, captured)))
    return header


@lean_kernel
def _mss(data: Bytes, at: Int, end: Int) -> Int:
    """The MSS option (RFC 9293 section 3.7.1), 0 where there is none."""
    while at < end:
        kind = np.uint8(u8(data, at))
        if kind == 0:
            return 0
        if kind == 1:
            at += 1
            continue
        if end - at < 2 or u8(data, at + 1) < 2:
            return 0
        if kind == 2:
            return be16(data, at + 2) if end - at >= 4 else 0
        at += u8(data, at + 1)
    return 0


@lean_part
def request_of(version: Int, kind: Int) -> Int:
    """The ICMP type of the request to a reply, so that both meet in one biflow; other types stand for themselves."""
    if version == 4:
        if kind == 0:
            return 8  # echo
        if kind == 9:
            return 10  # router
        if kind in (14, 16, 18):  # timestamp, information, address mask
            return kind - 1
        return kind
    if kind in (129, 131, 134, 136, 145):  # echo, listener, router, neighbour, home agent
        return kind - 1
    return kind


@lean_kernel
def _icmp(data: Bytes, at: Int, limit: Int, row: Record) -> Int:
    """Type and code as ports, and which class of error it is; ``detector.quotes`` reads what it quotes. Returns 8."""
    if limit - at < 2:
        return 8
    version = np.int64(row["version"])
    kind, code = u8(data, at), u8(data, at + 1)
    row["port"][0] = np.uint16(kind)
    row["port"][1] = np.uint16(code)
    key = np.uint16((request_of(version, kind) << 8) | code)
    row["key_port"][0] = key
    row["key_port"][1] = key
    row["quoted"] = np.uint8(_error(version, kind, code))
    return 8


@lean_part
def _error(version: Int, kind: Int, code: Int) -> Int:
    """The class of an ICMP error (``detector.rare_facts``), 0 where it is none."""
    if version == 6:
        if kind == 1:
            return UNREACHABLE
        if kind == 2:
            return TOO_BIG
        if kind == 3:
            return TIME_EXCEEDED
        return PARAMETER_PROBLEM if kind == 4 else 0
    if kind == 3:
        return TOO_BIG if code == 4 else UNREACHABLE  # 4: fragmentation needed and not allowed (RFC 1191)
    if kind == 11:
        return TIME_EXCEEDED
    if kind == 12:
        return PARAMETER_PROBLEM
    if kind == 5:
        return REDIRECT
    return SOURCE_QUENCH if kind == 4 else 0
