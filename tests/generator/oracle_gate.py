"""Which addresses a frame names, found in plain Python unlike the gate by a list of what is still to read."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

LAB4, LAB6 = ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("2001:2::/48")
ROUTED = (7, 68, 131, 137)  # IPv4 options that list addresses


def escapes(frame: bytes) -> bool:
    """Whether one of its addresses lies outside the lab."""
    return any(not inside(packed) for packed in addresses(frame))


def inside(packed: bytes) -> bool:
    if len(packed) == 4:
        return int.from_bytes(packed, "big") >> 17 == int(LAB4.network_address) >> 17
    return packed[:6] == LAB6.network_address.packed[:6]


def addresses(frame: bytes) -> Iterator[bytes]:
    """All addresses in headers, tunnels, quotations, ARP and neighbour discovery, as far as they can be read."""
    waiting: list[tuple[object, bytes]] = [("ethernet", frame)]
    while waiting:
        what, data = waiting.pop()
        if what == "ethernet":
            kind, rest = data[12:14], data[14:]
            while kind in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
                kind, rest = rest[2:4], rest[4:]
            if kind == b"\x08\x06":
                yield from (a for a in (rest[14:18], rest[24:28]) if a != bytes(4))
            waiting.append(({b"\x08\x00": 4, b"\x86\xdd": 41}.get(kind), rest))
        elif what == 4 and len(data) >= 20:
            yield data[12:16]
            yield data[16:20]
            head = (data[0] & 15) * 4
            yield from options(data[20:head])
            if not (data[6] & 31 or data[7]):
                waiting.append((data[9], data[head:]))
        elif what == 41 and len(data) >= 40:
            yield data[8:24]
            yield data[24:40]
            waiting.append((("six", data[6]), data[40:]))
        elif isinstance(what, tuple):
            yield from extension(what[1], data, waiting)
        elif what == 47 and len(data) >= 4 and not data[0] & 0x40:
            head = 4 + 4 * sum(data[0] >> bit & 1 for bit in (7, 5, 4))
            kind = {b"\x08\x00": 4, b"\x86\xdd": 41, b"\x65\x58": "ethernet"}.get(data[2:4])
            waiting.append((kind, data[head:]))
        elif what in (1, 58) and len(data) >= 8:
            yield from control(what, data, waiting)


def extension(kind: int, data: bytes, waiting: list) -> Iterator[bytes]:
    """IPv6 extension headers: those with addresses, those that are passed over, and what is none of them."""
    if kind in (0, 60) and len(data) >= 2:
        waiting.append((("six", data[0]), data[8 + 8 * data[1] :]))
    elif kind == 43 and len(data) >= 8:
        yield from (data[at : at + 16] for at in range(8, 8 + 8 * data[1], 16))
        waiting.append((("six", data[0]), data[8 + 8 * data[1] :]))
    elif kind == 44 and len(data) >= 8:
        if not (data[2] or data[3] & 0xF8):
            waiting.append((("six", data[0]), data[8:]))
    else:
        waiting.append((kind, data))


def options(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data) and data[at]:
        size = 1 if data[at] == 1 else (data[at + 1] if at + 1 < len(data) else 0)
        if data[at] in ROUTED:
            yield bytes(4)  # whatever it lists: not in the lab
        at += max(size, 1)


def control(what: int, data: bytes, waiting: list) -> Iterator[bytes]:
    if what == 1:
        if data[0] == 5:
            yield data[4:8]
        if data[0] in (3, 4, 5, 11, 12):
            waiting.append((4, data[8:]))
    elif data[0] < 128:
        waiting.append((41, data[8:]))
    elif data[0] in (135, 136, 137):
        yield from (data[at : at + 16] for at in ((8, 24) if data[0] == 137 else (8,)))
