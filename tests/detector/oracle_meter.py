"""The meter again, in plain Python with struct and a dictionary: slow, short, written apart from the kernels.

It follows the rules stated in the docstrings of detector.meter, detector.decode, detector.fragments and of the table's
fields, and knows nothing of their code.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

ARP = 0x0806
FIN, SYN, RST, ACK = 1, 2, 4, 16
MAPPED = bytes(10) + b"\xff\xff"


class RefusedError(Exception):
    """A frame that is not metered; the argument is the reason."""


@dataclass
class Packet:
    src: bytes = b""
    dst: bytes = b""
    protocol: int = 0
    version: int = 4
    ports: tuple[int, int] = (0, 0)
    key_ports: tuple[int, int] = (0, 0)
    size: int = 0
    payload_len: int = 0
    payload: bytes = b""
    ttl: int = 0
    flags: int | None = None
    seq: int = 0
    window: int = 0
    mss: int = 0
    macs: tuple[int, int] = (0, 0)
    vlan: int = 0
    arp_operation: int = 0
    arp_mac: int = 0
    fragment: int = 0
    error: str = ""  # class of an ICMP error


@dataclass
class Flow:
    number: int
    key: tuple
    src: tuple[bytes, int]
    dst: tuple[bytes, int]
    protocol: int
    version: int
    first: int
    last: int
    macs: tuple[int, int]
    vlan: int
    arp_operation: int
    ports: tuple[int, int]
    ended: int | None = None
    packets: list[int] = field(default_factory=lambda: [0, 0])
    bytes: list[int] = field(default_factory=lambda: [0, 0])
    payload: list[int] = field(default_factory=lambda: [0, 0])
    payload_packets: list[int] = field(default_factory=lambda: [0, 0])
    sizes_all: list[list[int]] = field(default_factory=lambda: [[], []])
    times: list[list[int]] = field(default_factory=lambda: [[], []])
    flags: list[int] = field(default_factory=lambda: [0, 0])
    flag_count: list[list[int]] = field(default_factory=lambda: [[0] * 8, [0] * 8])
    no_flags: int = 0
    next_seq: list[int] = field(default_factory=lambda: [0, 0])
    retransmissions: list[int] = field(default_factory=lambda: [0, 0])
    out_of_order: list[int] = field(default_factory=lambda: [0, 0])
    zero_windows: list[int] = field(default_factory=lambda: [0, 0])
    mss: list[int] = field(default_factory=lambda: [0, 0])
    ttl_first: list[int] = field(default_factory=lambda: [0, 0])
    syn_at: list[int] = field(default_factory=lambda: [-1, -1])
    rtt: list[int] = field(default_factory=lambda: [-1, -1])
    response: int = -1
    established: bool = False
    fins: list[bool] = field(default_factory=lambda: [False, False])
    rsts: list[bool] = field(default_factory=lambda: [False, False])
    closed_at: int | None = None
    sizes: list[int] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=lambda: [b"", b""])
    turns: int = 0
    last_sender: int | None = None
    fragments: list[int] = field(default_factory=lambda: [0, 0])
    errors: dict[str, int] = field(default_factory=dict)
    idle_periods: list[float] = field(default_factory=list)
    active_periods: list[float] = field(default_factory=list)
    active_since: int | None = None
    arp_requests: int = 0
    arp_replies: int = 0
    arp_gratuitous: int = 0
    arp_macs: list[int] = field(default_factory=lambda: [0, 0])
    arp_mac_changes: int = 0

    @property
    def closing(self) -> bool:
        return any(self.rsts) or all(self.fins)


def mapped(address: bytes) -> bytes:
    return MAPPED + address if len(address) == 4 else address


def link(frame: bytes, kind: int, packet: Packet) -> tuple[int, bytes]:
    """EtherType and network packet of a frame."""
    if kind == 1:
        if len(frame) < 14:
            raise RefusedError("cut_in_link_header")
        packet.macs = int.from_bytes(frame[6:12], "big"), int.from_bytes(frame[:6], "big")
        return tags(struct.unpack("!H", frame[12:14])[0], frame[14:], packet)
    if kind == 113:
        if len(frame) < 16:
            raise RefusedError("cut_in_link_header")
        if frame[4:6] == b"\x00\x06":
            packet.macs = int.from_bytes(frame[6:12], "big"), 0
        return tags(struct.unpack("!H", frame[14:16])[0], frame[16:], packet)
    if kind == 276:
        if len(frame) < 20:
            raise RefusedError("cut_in_link_header")
        if frame[11] == 6:
            packet.macs = int.from_bytes(frame[12:18], "big"), 0
        return tags(struct.unpack("!H", frame[:2])[0], frame[20:], packet)
    if kind in (101, 12, 14, 228, 229):
        return bare(frame)
    if kind in (0, 108):
        if len(frame) < 4:
            raise RefusedError("cut_in_link_header")
        family = min(struct.unpack("!I", frame[:4])[0], struct.unpack("<I", frame[:4])[0] & 0xFFFF)
        if struct.unpack("!I", frame[:4])[0] < 65536:
            family = struct.unpack("!I", frame[:4])[0]
        else:
            family = struct.unpack("<H", frame[:2])[0]
        if family == 2:
            return 0x0800, frame[4:]
        if family in (10, 23, 24, 28, 30):
            return 0x86DD, frame[4:]
        raise RefusedError("not_ip")
    if kind == 51:
        return tags(0x8864, frame, packet)
    if kind in (9, 50, 104, 166, 204):
        return tags(*serial(frame, kind), packet)
    if kind in (105, 119, 127, 163, 192):
        return tags(0, in_the_air(frame, kind, packet), packet)
    raise RefusedError("unknown_link")


def serial(frame: bytes, kind: int) -> tuple[int, bytes]:
    """PPP and Cisco's HDLC."""
    if len(frame) < 4:
        raise RefusedError("cut_in_link_header")
    if kind == 104 or (kind == 50 and frame[0] in (15, 143)):
        return struct.unpack("!H", frame[2:4])[0], frame[4:]
    rest = {166: frame[2:], 204: frame[1:]}.get(kind, frame)
    if kind != 166:
        rest = rest.removeprefix(b"\xff\x03")
    if len(rest) < 2:
        raise RefusedError("cut_in_link_header")
    width = 1 if rest[0] % 2 else 2
    number = int.from_bytes(rest[:width], "big")
    if number not in (0x21, 0x57, 0x281, 0x283):
        raise RefusedError("not_ip")
    return {0x21: 0x0800, 0x57: 0x86DD}.get(number, 0x8847), rest[width:]


def in_the_air(frame: bytes, kind: int, packet: Packet) -> bytes:
    """What a frame of IEEE 802.11 carries, from LLC on."""
    padded = False
    if kind != 105:
        if len(frame) < 8:
            raise RefusedError("cut_in_link_header")
        if kind == 119:
            (size,) = struct.unpack("<I", frame[4:8])
            size = size if size < 65536 else struct.unpack(">I", frame[4:8])[0]
        elif kind == 163:
            (size,) = struct.unpack(">I", frame[4:8])
        else:
            version, size, inner = struct.unpack("<BxHI", frame[:8])
            if version or (kind == 192 and inner != 105):
                raise RefusedError("not_ip")
        if not 8 <= size <= len(frame):
            raise RefusedError("cut_in_link_header")
        notes = radiotap(frame[:size]) if kind == 127 else 0
        if notes & 0x40:
            raise RefusedError("bad_check_sequence")
        padded = bool(notes & 0x20)
        frame = frame[size:]
    if len(frame) < 2:
        raise RefusedError("cut_in_link_header")
    control, to, of = frame[0], frame[1] & 1, frame[1] & 2
    if control % 16 != 8 or control & 0x40:
        raise RefusedError("not_ip")
    if frame[1] & 0x40:
        raise RefusedError("encrypted")
    header = 30 if to and of else 24
    quality = header
    if control & 0x80:
        header += 6 if frame[1] & 0x80 else 2
    if padded and header % 4:
        header += 4 - header % 4
    if len(frame) < header:
        raise RefusedError("cut_in_link_header")
    if frame[22] % 16 or (control & 0x80 and frame[quality] & 0x80):
        raise RefusedError("not_one_packet")
    one, two, three, four = (int.from_bytes(frame[at : at + 6], "big") for at in (4, 10, 16, 24))
    packet.macs = {(0, 0): (two, one), (0, 2): (three, one), (1, 0): (two, three), (1, 2): (four, three)}[to, of]
    return frame[header:]


def radiotap(header: bytes) -> int:
    """Its field of flags, 0 without one."""
    words = 1
    while header[4 * words + 3] & 0x80:
        words += 1
        if 4 + 4 * words > len(header):
            return 0
    at = 4 + 4 * words
    if header[4] & 1:
        at = -(-at // 8) * 8 + 8
    return header[at] if header[4] & 2 and at < len(header) else 0


def bare(body: bytes) -> tuple[int, bytes]:
    if not body:
        raise RefusedError("cut_in_link_header")
    if body[0] >> 4 not in (4, 6):
        raise RefusedError("not_ip")
    return (0x0800 if body[0] >> 4 == 4 else 0x86DD), body


def tags(ethertype: int, body: bytes, packet: Packet) -> tuple[int, bytes]:
    outer = True
    while ethertype in (0x8100, 0x88A8, 0x9100):
        if len(body) < 4:
            raise RefusedError("cut_in_link_header")
        identity, ethertype = struct.unpack("!HH", body[:4])
        if outer:
            packet.vlan = identity & 0xFFF
        outer = False
        body = body[4:]
    if ethertype < 0x600:
        if len(body) < 8 or body[:6] != b"\xaa\xaa\x03\0\0\0":
            raise RefusedError("not_ip")
        ethertype, body = struct.unpack("!H", body[6:8])[0], body[8:]
    if ethertype == 0x8864:
        if len(body) < 8:
            raise RefusedError("cut_in_link_header")
        if body[:2] != b"\x11\0":
            raise RefusedError("not_ip")
        inner = struct.unpack("!H", body[6:8])[0]
        return {0x21: 0x0800, 0x57: 0x86DD}.get(inner, 0), body[8:]
    if ethertype in (0x8847, 0x8848):
        while True:
            if len(body) < 4:
                raise RefusedError("cut_in_link_header")
            bottom, body = body[2] & 1, body[4:]
            if bottom:
                return bare(body)
    return ethertype, body


def carried(packet: Packet) -> tuple[int, int] | None:
    """EtherType of what a tunnel carries (0x6558: an Ethernet frame) and how far it lies behind the tunnel's header."""
    if packet.fragment:
        return None
    if packet.protocol in (4, 41):
        return (0x0800 if packet.protocol == 4 else 0x86DD), 0
    data = packet.payload
    if len(data) < 8:
        return None
    if packet.protocol == 47:
        flags, kind = struct.unpack("!HH", data[:4])
        if flags & 0x4007:
            return None
        size = 4 + 4 * sum(1 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
        if kind == 0x88BE:
            kind, size = 0x6558, size + (8 if flags & 0x1000 else 0)
        if kind == 0x22EB:
            if len(data) < size + 12:
                return None
            kind, size = 0x6558, size + (20 if data[size + 11] & 1 else 12)
    elif packet.protocol == 17 and packet.ports[1] == 6081:
        size, kind = 8 + (data[0] & 63) * 4, struct.unpack("!H", data[2:4])[0]
        if data[0] >> 6:
            return None
    elif packet.protocol == 17 and packet.ports[1] in (4789, 8472) and data[0] & 8:
        size, kind = 8, 0x6558
    else:
        return None
    return None if kind < 0x600 or len(data) < size else (kind, size)


def chain(following: int, rest: bytes, left: int) -> tuple[int, bytes, int, int, int, int]:
    """Behind IPv6 extension headers: protocol, captured bytes, bytes sent; offset, more and identity of a fragment."""
    offset = more = identity = 0
    while following in (0, 43, 44, 51, 60, 135, 139, 140) and len(rest) >= 8 and not offset:
        if following == 44:
            _, _, place, identity = struct.unpack("!BBHI", rest[:8])
            extent, new_offset, new_more = 8, place & 0xFFF8, place & 1
        else:
            extent = (rest[1] + 2) * 4 if following == 51 else (rest[1] + 1) * 8
            new_offset, new_more = offset, more
        if extent > left:
            if following == 44:
                offset, more = new_offset, new_more
            break
        offset, more = new_offset, new_more
        following, rest, left = rest[0], rest[extent:], left - extent
    return following, rest, left, offset, more, identity


def request(version: int, kind: int) -> int:
    """The ICMP type of the request to a reply."""
    pairs = {4: {0: 8, 9: 10, 14: 13, 16: 15, 18: 17}, 6: {129: 128, 131: 130, 134: 133, 136: 135, 145: 144}}
    return pairs[version].get(kind, kind)


def error_class(version: int, kind: int, code: int) -> str:
    """The name of a class of ICMP errors, '' of other messages."""
    if version == 6:
        return {1: "unreachable", 2: "too_big", 3: "time_exceeded", 4: "parameter_problem"}.get(kind, "")
    if (kind, code) == (3, 4):
        return "too_big"
    names = {3: "unreachable", 4: "source_quench", 5: "redirect", 11: "time_exceeded", 12: "parameter_problem"}
    return names.get(kind, "")


class Oracle:
    """``frame`` counts a frame; ``expire`` and ``finish`` end flows; ``done`` holds them in the order of their end."""

    def __init__(self, idle: float = 60, active: float = 1800, linger: float = 2, tunnels: str = "outer") -> None:
        self.levels = 4 if tunnels == "inner" else 0
        self.idle, self.active, self.linger = int(idle * 1e9), int(active * 1e9), int(linger * 1e9)
        self.flows: dict[tuple, Flow] = {}
        self.done: list[Flow] = []
        self.dropped: dict[str, int] = {}
        self.first_fragments: dict[tuple, tuple] = {}
        self.backwards = 0
        self.number = 0

    # decoding

    def decode(self, ts: int, frame: bytes, wire_len: int, kind: int) -> Packet:
        packet = Packet()
        wire_len = max(wire_len, len(frame))
        ethertype, body = link(frame, kind, packet)
        self.network(ts, ethertype, body, wire_len - (len(frame) - len(body)), packet)
        for _ in range(self.levels):
            found = carried(packet)
            if found is None:
                break
            inner = Packet(macs=packet.macs, vlan=packet.vlan)
            kind, frame = found[0], packet.payload[found[1] :]
            before = dict(self.first_fragments)
            try:
                if kind == 0x6558:
                    inner.vlan = 0
                    ethertype, body = link(frame, 1, inner)
                else:
                    ethertype, body = tags(kind, frame, inner)
                on_wire = packet.payload_len - found[1] - (len(frame) - len(body))
                self.network(ts, ethertype, body, on_wire, inner)
            except RefusedError:
                self.first_fragments = before
                break
            packet = inner
        return packet

    def network(self, ts: int, ethertype: int, body: bytes, on_wire: int, packet: Packet) -> None:
        if ethertype == 0x0800:
            self.ipv4(ts, body, on_wire, packet)
        elif ethertype == 0x86DD:
            self.ipv6(ts, body, on_wire, packet)
        elif ethertype == ARP:
            self.arp(body, packet)
        else:
            raise RefusedError("not_ip")

    def arp(self, body: bytes, packet: Packet) -> None:
        if len(body) < 8:
            raise RefusedError("cut_in_network_header")
        _, protocol, width, length, operation = struct.unpack("!HHBBH", body[:8])
        if protocol != 0x0800 or length != 4 or not 1 <= width <= 8:
            raise RefusedError("bad_arp")
        if len(body) < 16 + 2 * width:
            raise RefusedError("cut_in_network_header")
        mac, body = body[8 : 8 + width], body[8 + width :]
        packet.src, packet.dst = mapped(body[:4]), mapped(body[4 + width : 8 + width])
        packet.protocol, packet.size = ARP, 16 + 2 * width
        packet.arp_operation = min(operation, 255)
        packet.arp_mac = int.from_bytes(mac, "big") if width == 6 else 0

    def ipv4(self, ts: int, body: bytes, on_wire: int, packet: Packet) -> None:
        if len(body) < 20:
            raise RefusedError("cut_in_network_header")
        first, _, total, identity, place, ttl, protocol, _, src, dst = struct.unpack("!BBHHHBBH4s4s", body[:20])
        header = (first & 15) * 4
        if first >> 4 != 4 or header < 20:
            raise RefusedError("bad_ip_header")
        size = on_wire if total == 0 else min(total, on_wire)
        if size < header:
            raise RefusedError("bad_ip_header")
        packet.src, packet.dst, packet.protocol = mapped(src), mapped(dst), protocol
        packet.size, packet.ttl = size, ttl
        key = (packet.src, packet.dst, protocol, identity)
        self.fragment_or_transport(ts, packet, key, place & 0x1FFF, place & 0x2000, body[header:size], size - header)

    def ipv6(self, ts: int, body: bytes, on_wire: int, packet: Packet) -> None:
        if len(body) < 40:
            raise RefusedError("cut_in_network_header")
        _, length, following, ttl, src, dst = struct.unpack("!IHBB16s16s", body[:40])
        if body[0] >> 4 != 6:
            raise RefusedError("bad_ip_header")
        size = min(length + 40, on_wire)
        if length == 0 and following != 59:
            size = on_wire
        packet.version, packet.src, packet.dst, packet.size, packet.ttl = 6, src, dst, size, ttl
        rest, left = body[40:size], size - 40
        following, rest, left, offset, more, identity = chain(following, rest, left)
        packet.protocol = following
        self.fragment_or_transport(ts, packet, (src, dst, following, identity), offset, more, rest, left)

    def fragment_or_transport(
        self, ts: int, packet: Packet, key: tuple, offset: int, more: int, body: bytes, length: int
    ) -> None:
        if offset:
            packet.fragment, packet.payload_len = 2, length
            known = self.first_fragments.get(key)
            if known and abs(ts - known[0]) <= 30_000_000_000:
                packet.ports, packet.key_ports = known[1:]
            return
        self.transport(packet, body, length)
        if more:
            packet.fragment = 1
            self.first_fragments[key] = ts, packet.ports, packet.key_ports

    def transport(self, packet: Packet, body: bytes, length: int) -> None:
        header = 0
        if packet.protocol in (6, 17, 33, 132, 136) and len(body) >= 4:
            packet.ports = packet.key_ports = struct.unpack("!HH", body[:4])
        if packet.protocol == 6:
            header = 20
            if len(body) >= 16:
                packet.seq = struct.unpack("!I", body[4:8])[0]
                packet.flags = body[13]
                packet.window = struct.unpack("!H", body[14:16])[0]
                header = max(20, (body[12] >> 4) * 4)
                if packet.flags & SYN:
                    packet.mss = mss(body[20:header])
        elif packet.protocol in (17, 136):
            header = 8
            if packet.protocol == 17 and len(body) >= 6:
                said = struct.unpack("!H", body[4:6])[0]
                if 8 <= said < length:
                    length = said
        elif packet.protocol in (33, 132):
            header = 12
        elif packet.protocol in (1, 58):
            header = 8
            if len(body) >= 2:
                self.icmp(packet, body)
        packet.payload_len = max(0, length - header)
        packet.payload = body[header:length]

    def icmp(self, packet: Packet, body: bytes) -> None:
        kind, code = body[0], body[1]
        packet.ports = kind, code
        word = request(packet.version, kind) << 8 | code
        packet.key_ports = word, word
        packet.error = error_class(packet.version, kind, code)

    def quote(self, ts: int, packet: Packet) -> tuple | None:
        """(source, destination, key ports, protocol) of the packet that an ICMP error quotes."""
        quoted = self.quoted(ts, packet.payload, 0x0800 if packet.version == 4 else 0x86DD)
        if quoted is None:
            return None
        for _ in range(self.levels):
            found = carried(quoted)
            if found is None:
                break
            kind, frame = found[0], quoted.payload[found[1] :]
            try:
                kind, body = link(frame, 1, Packet()) if kind == 0x6558 else tags(kind, frame, Packet())
            except RefusedError:
                break
            inner = self.quoted(ts, body, kind)
            if inner is None:
                break
            quoted = inner
        return quoted.src, quoted.dst, quoted.key_ports, quoted.protocol

    def quoted(self, ts: int, data: bytes, kind: int) -> Packet | None:
        packet = Packet()
        if kind == 0x0800 and len(data) >= 20 and data[0] >> 4 == 4 and data[0] & 15 >= 5:
            packet.src, packet.dst, packet.protocol = mapped(data[12:16]), mapped(data[16:20]), data[9]
            identity, place = struct.unpack("!HH", data[4:8])
            offset, body = place & 0x1FFF, data[(data[0] & 15) * 4 :]
        elif kind == 0x86DD and len(data) >= 40 and data[0] >> 4 == 6:
            packet.src, packet.dst, packet.version = data[8:24], data[24:40], 6
            rest = data[40:]
            packet.protocol, body, _, offset, _, identity = chain(data[6], rest, len(rest))
        else:
            return None
        if offset:
            known = self.first_fragments.get((packet.src, packet.dst, packet.protocol, identity))
            packet.fragment = 2
            if known and abs(ts - known[0]) <= 30_000_000_000:
                packet.ports, packet.key_ports = known[1:]
            return packet
        if packet.protocol in (6, 17, 33, 132, 136):
            if len(body) < 4:
                return None
            packet.ports = packet.key_ports = struct.unpack("!HH", body[:4])
            packet.payload = body[8:]
        elif packet.protocol in (1, 58):
            if len(body) < 2:
                return None
            word = request(4 if kind == 0x0800 else 6, body[0]) << 8 | body[1]
            packet.key_ports = word, word
        else:
            packet.payload = body
        return packet

    # metering

    def frame(self, ts: int, frame: bytes, wire_len: int, kind: int) -> None:
        self.number += 1
        try:
            packet = self.decode(ts, frame, wire_len, kind)
        except RefusedError as refused:
            reason = refused.args[0]
            self.dropped[reason] = self.dropped.get(reason, 0) + 1
            return
        quote = self.quote(ts, packet) if packet.error else None
        ends = (packet.src, packet.key_ports[0]), (packet.dst, packet.key_ports[1])
        key = (*sorted(ends), packet.protocol)
        flow = self.flows.get(key)
        side = None
        if flow is not None:
            side = 0 if flow.src == ends[0] and flow.dst == ends[1] else 1
            bare_syn = packet.flags is not None and packet.flags & (SYN | ACK | RST | FIN) == SYN
            if ts >= self.deadline(flow):
                self.end(flow, self.reason(flow))
                flow = None
            elif ts - flow.first >= self.active:
                self.end(flow, 1)
                flow = self.begin(key, ends, packet, side, ts)
            elif bare_syn and (any(flow.fins) or any(flow.rsts)):
                self.end(flow, self.reason(flow))
                flow = None
            elif bare_syn and flow.syn_at == [-1, -1]:
                self.end(flow, 0)
                flow = None
        if flow is None:
            side = self.starter(packet)
            flow = self.begin(key, ends, packet, side, ts)
        assert side is not None
        self.count(flow, side, packet, ts)
        if quote:
            src, dst, ports, protocol = quote
            other = self.flows.get((*sorted(((src, ports[0]), (dst, ports[1]))), protocol))
            if other:
                other.errors[packet.error] = other.errors.get(packet.error, 0) + 1

    def starter(self, packet: Packet) -> int:
        if packet.flags is None:
            return 0
        if packet.flags & SYN:
            return 1 if packet.flags & ACK else 0
        return 1 if packet.ports[0] < 1024 <= packet.ports[1] else 0

    def begin(self, key: tuple, ends: tuple, packet: Packet, side: int, ts: int) -> Flow:
        one, two = (ends[0], ends[1]) if side == 0 else (ends[1], ends[0])
        turn = 1 if side == 0 else -1
        flow = Flow(
            self.number, key, one, two, packet.protocol, packet.version, ts, ts,
            packet.macs[::turn], packet.vlan, packet.arp_operation, packet.ports[::turn],
        )  # fmt: skip
        self.flows[key] = flow
        return flow

    def deadline(self, flow: Flow) -> int:
        if flow.closed_at is not None:
            return flow.closed_at + min(self.linger, self.idle)
        return flow.last + self.idle

    def reason(self, flow: Flow) -> int:
        return 3 if any(flow.rsts) else 2 if all(flow.fins) else 0

    def end(self, flow: Flow, reason: int) -> None:
        flow.ended = reason
        del self.flows[flow.key]
        self.done.append(flow)

    def expire(self, now: int) -> None:
        for flow in list(self.flows.values()):
            if self.deadline(flow) <= now:
                self.end(flow, self.reason(flow))

    def finish(self) -> None:
        for flow in list(self.flows.values()):
            self.end(flow, 4)

    def count(self, flow: Flow, side: int, packet: Packet, ts: int) -> None:
        if ts - flow.last > 5_000_000_000:
            began = flow.first if flow.active_since is None else flow.active_since
            flow.active_periods.append((flow.last - began) / 1e9)
            flow.idle_periods.append((ts - flow.last) / 1e9)
            flow.active_since = ts
        if not flow.packets[side]:
            flow.ttl_first[side] = packet.ttl
            if side == 1 and flow.packets[0]:
                flow.response = max(ts - flow.first, 0)
        flow.packets[side] += 1
        flow.bytes[side] += packet.size
        flow.sizes_all[side].append(packet.size)
        flow.times[side].append(ts)
        if ts < flow.last:
            self.backwards += 1
            flow.first = min(flow.first, ts)
        flow.last = max(ts, flow.last)
        flow.fragments[side] += bool(packet.fragment)
        repeated = False
        closing = flow.closing
        if packet.flags is not None:
            repeated = self.sequence(flow, side, packet)
            self.tcp(flow, side, packet, ts)
        if packet.protocol == ARP:
            flow.arp_requests += packet.arp_operation == 1
            flow.arp_replies += packet.arp_operation == 2
            flow.arp_gratuitous += packet.src == packet.dst
            flow.arp_mac_changes += flow.arp_macs[side] not in (0, packet.arp_mac)
            flow.arp_macs[side] = packet.arp_mac
        if flow.closing and not closing:
            flow.closed_at = flow.last
        if packet.payload_len:
            flow.payload[side] += packet.payload_len
            flow.payload_packets[side] += 1
            if not repeated:
                if flow.last_sender not in (None, side):
                    flow.turns += 1
                flow.last_sender = side
                short = min(packet.payload_len, 32767)
                flow.sizes = [*flow.sizes, -short if side else short][:16]
                flow.kept[side] = (flow.kept[side] + packet.payload)[:128]

    def sequence(self, flow: Flow, side: int, packet: Packet) -> bool:
        assert packet.flags is not None
        length = packet.payload_len + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        after = (packet.seq + length) % 2**32
        if packet.flags & RST:
            return False
        if flow.packets[side] == 1:
            flow.next_seq[side] = after
            return False
        if length and distance(after, flow.next_seq[side]) <= 0:
            if length == 1 and not packet.flags & (SYN | FIN):
                return False
            flow.retransmissions[side] += 1
            return True
        if distance(packet.seq, flow.next_seq[side]) > 0:
            flow.out_of_order[side] += 1
        if distance(after, flow.next_seq[side]) > 0:
            flow.next_seq[side] = after
        return False

    def tcp(self, flow: Flow, side: int, packet: Packet, ts: int) -> None:
        flags = packet.flags
        assert flags is not None
        flow.no_flags += flags == 0
        flow.flags[side] |= flags
        for bit in range(8):
            flow.flag_count[side][bit] += flags >> bit & 1
        if flags & SYN:
            flow.mss[side] = flow.mss[side] or packet.mss
            if not flags & ACK and side == 0:
                flow.syn_at[0] = ts
            if flags & ACK and side == 1 and flow.syn_at[1] < 0:
                flow.syn_at[1] = ts
                if flow.syn_at[0] >= 0:
                    flow.rtt[0] = max(0, ts - flow.syn_at[0])
        elif not flags & RST:
            flow.zero_windows[side] += packet.window == 0
            if flags & ACK and side == 0 and flow.syn_at[1] >= 0 and not flow.established:
                flow.established = True
                flow.rtt[1] = max(0, ts - flow.syn_at[1])
        flow.fins[side] |= bool(flags & FIN)
        flow.rsts[side] |= bool(flags & RST)


def distance(one: int, other: int) -> int:
    away = (one - other) % 2**32
    return away - 2**32 if away >= 2**31 else away


def mss(options: bytes) -> int:
    while options:
        if options[0] == 0:
            return 0
        if options[0] == 1:
            options = options[1:]
            continue
        if len(options) < 2 or options[1] < 2:
            return 0
        if options[0] == 2:
            return struct.unpack("!H", options[2:4])[0] if len(options) >= 4 else 0
        options = options[options[1] :]
    return 0
