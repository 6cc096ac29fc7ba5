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
    """All addresses in headers, tunnels, quotations, ARP, control messages and SCTP, as far as they can be read."""
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
        elif what == 17 and len(data) >= 8:
            waiting.extend(tunnelled(data))
        elif what == 2 and len(data) >= 8:
            yield from groups(data)
        elif what == 132:
            yield from associations(data)


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
        rest = data[40 if data[0] == 137 else 24 :]
        while len(rest) >= 8 and rest[1]:
            if rest[0] == 4 and len(rest) >= 8 * rest[1]:
                waiting.append((41, rest[8 : 8 * rest[1]]))
            rest = rest[8 * rest[1] :]


def tunnelled(data: bytes) -> Iterator[tuple[object, bytes]]:
    """The packet or frame in a datagram, where it is one that can be taken apart."""
    body, kinds = data[8:], {b"\x65\x58": "ethernet", b"\x08\0": 4, b"\x86\xdd": 41}
    for port in {int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")}:
        if port in (4789, 8472) and body[:1] in (b"\x08", b"\x88"):
            yield "ethernet", body[8:]
        elif port == 6081 and len(body) > 8:
            yield kinds.get(body[2:4]), body[8 + 4 * (body[0] & 63) :]
        elif port == 2152 and len(body) > 12 and body[0] >> 4 == 3 and body[1] == 255:
            at, follows = (12, body[11] * (body[0] >> 2 & 1)) if body[0] & 7 else (8, 0)
            while follows and at < len(body) and body[at]:
                at += 4 * body[at]
                follows = body[at - 1] if at <= len(body) else 0
            yield {4: 4, 6: 41}.get((body[at : at + 1] or b"\0")[0] >> 4), body[at:]
        elif port == 3544 and body[:1] and body[0] >> 4 == 6:
            yield 41, body


def groups(data: bytes) -> Iterator[bytes]:
    """What IGMP names, but for groups of multicast."""
    named = [] if data[0] == 0x22 else [data[4:8]]
    if data[0] == 0x11 and len(data) >= 12:
        named += [data[at : at + 4] for at in range(12, 12 + 4 * int.from_bytes(data[10:12], "big"), 4)]
    at = 8
    for _ in range(int.from_bytes(data[6:8], "big") if data[0] == 0x22 else 0):
        size = 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        named += [data[here : here + 4] for here in range(at + 4, at + 8 + size, 4)]
        at += 8 + size
    yield from (name for name in named if len(name) == 4 and name != bytes(4) and name[0] >> 4 != 14)


def associations(data: bytes) -> Iterator[bytes]:
    """The addresses that SCTP's first chunks list."""
    at = 12
    while len(data) - at >= 4 and (size := int.from_bytes(data[at + 2 : at + 4], "big")) >= 4:
        place, stop = at + 20, min(at + size, len(data))
        while (
            data[at] in (1, 2)
            and stop - place >= 4
            and (own := int.from_bytes(data[place + 2 : place + 4], "big")) >= 4
        ):
            width = {b"\0\5": 4, b"\0\6": 16}.get(data[place : place + 2], 0)
            if width and stop - place >= 4 + width:
                yield data[place + 4 : place + 4 + width]
            place += (own + 3) // 4 * 4
        at += (size + 3) // 4 * 4
