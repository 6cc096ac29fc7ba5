"""A packet writer in plain Python that shares no code with the generator or the detector.

``Traffic`` gathers the frames of one capture, each with its time in seconds from the start; ``save`` writes them as a
pcap with microseconds. Hosts are in 198.18.0.0/15: by convention the sites in its first quarter, far hosts above.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

CLIENT: Final = 0
SERVER: Final = 1
FIN: Final = 1
SYN: Final = 2
RST: Final = 4
ACK: Final = 0x10
PUSH_ACK: Final = 0x18
MORE_FRAGMENTS: Final = 0x2000
BROADCAST: Final = b"\xff" * 6
SYN_OPTIONS: Final = bytes.fromhex("020405b40402080a001122330000000001030307")
UDP_MOST: Final = 1472  # bytes of payload in an Ethernet frame of 1,500
FRAGMENT: Final = 1480
SEGMENT_MOST: Final = 1448
TTLS: Final = (64, 128, 64, 128, 57, 118, 50, 243)

Port = tuple[str, int]  # address and port
Step = tuple[int, bytes, float]  # who speaks (CLIENT or SERVER), what, after how many seconds


class Header(NamedTuple):
    """What a frame carries other than usual; ``None`` is what the host always has."""

    flags: int = 0x4000  # and the fragment's offset in units of 8 bytes
    ttl: int | None = None
    identification: int | None = None
    source_mac: bytes | None = None
    destination_mac: bytes | None = None


class Segment(NamedTuple):
    """A TCP segment."""

    sequence: int
    acknowledged: int
    flags: int
    data: bytes = b""
    window: int = 64240
    options: bytes = b""


class Reply(NamedTuple):
    """A DNS answer: ``data`` of its one record and ``delay`` in seconds; ``None`` is drawn."""

    code: int = 0
    data: bytes | None = None
    delay: float | None = None


USUAL: Final = Header()
RESOLVED: Final = Reply()


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): a sum with end-around carry is the remainder by 65,535."""
    padded = data + b"\0" * (len(data) % 2)
    return 0xFFFF - (int.from_bytes(padded, "big") % 0xFFFF or 0xFFFF)


class Traffic:
    """The frames of one capture in the making. The same ``seed`` gives the same bytes on every machine."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # a text is hashed with SHA-512, not with hash()
        self.frames: list[tuple[float, bytes]] = []
        self._macs: dict[str, bytes] = {}
        self._identifications: dict[str, int] = {}
        self._ttls: dict[str, int] = {}

    def noise(self, size: int) -> bytes:
        """Random bytes."""
        return self.random.randbytes(size)

    def port(self, low: int = 1024) -> int:
        """A random port from ``low`` on."""
        return self.random.randrange(low, 65000)

    def stranger(self) -> str:
        """A random far host: from 198.18.128.0 to 198.19.255.255."""
        second, third = divmod(128 + self.random.randrange(384), 256)
        return f"198.{18 + second}.{third}.{self.random.randrange(1, 255)}"

    def strangers(self, count: int) -> list[str]:
        """Several random far hosts."""
        return [self.stranger() for _ in range(count)]

    def arrivals(self, seconds: float, rate: float) -> Iterator[float]:
        """Times of a Poisson process of ``rate`` a second."""
        at = 0.0
        while at < seconds:
            yield at
            at += self.random.expovariate(rate)

    def paced(self, count: int, shortest: float, longest: float) -> Iterator[float]:
        """``count`` times with pauses between ``shortest`` and ``longest`` seconds."""
        at = 0.0
        for _ in range(count):
            yield at
            at += self.random.uniform(shortest, longest)

    def visits(self, count: int, rate: float) -> Iterator[float]:
        """``count`` times of a Poisson process of ``rate`` a second."""
        at = 0.0
        for _ in range(count):
            yield at
            at += self.random.expovariate(rate)

    def mac(self, host: str) -> bytes:
        """The host's Ethernet address."""
        if host not in self._macs:
            self._macs[host] = b"\x3c\x52\x82" + self.noise(3)
        return self._macs[host]

    def ip(self, at: float, source: str, destination: str, protocol: int, body: bytes, header: Header = USUAL) -> None:
        """An IPv4 packet."""
        identification = header.identification
        if identification is None:
            identification = self._identifications.get(source, self.random.randrange(65536))
        self._identifications[source] = (identification + 1) & 0xFFFF
        ttl = header.ttl
        if ttl is None:
            ttl = self._ttls.setdefault(source, self.random.choice(TTLS))
        ends = socket.inet_aton(source) + socket.inet_aton(destination)
        fixed = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(body), identification, header.flags, ttl, protocol)
        summed = fixed + struct.pack("!H", checksum(fixed + b"\0\0" + ends)) + ends
        link = (header.destination_mac or self.mac(destination)) + (header.source_mac or self.mac(source))
        frame = link + b"\x08\x00" + summed + body
        self.frames.append((at, frame.ljust(60, b"\0")))

    def udp(self, at: float, source: Port, destination: Port, data: bytes, header: Header = USUAL) -> None:
        """A UDP datagram without a checksum, in fragments where it is long."""
        datagram = struct.pack("!HHHH", source[1], destination[1], 8 + len(data), 0) + data
        if len(data) <= UDP_MOST:
            self.ip(at, source[0], destination[0], 17, datagram, header)
            return
        identification = self.random.randrange(65536)
        for offset in range(0, len(datagram), FRAGMENT):
            more = MORE_FRAGMENTS if offset + FRAGMENT < len(datagram) else 0
            fragment = header._replace(flags=more | offset // 8, identification=identification)
            part = datagram[offset : offset + FRAGMENT]
            self.ip(at + offset * 1e-8, source[0], destination[0], 17, part, fragment)

    def icmp(self, at: float, source: str, destination: str, kind: tuple[int, int], rest: bytes) -> None:
        """An ICMP message of a type and code."""
        head = struct.pack("!BB", *kind)
        message = head + struct.pack("!H", checksum(head + b"\0\0" + rest)) + rest
        self.ip(at, source, destination, 1, message)

    def arp(self, at: float, operation: int, sender: tuple[bytes, str], target: tuple[bytes, str], to: bytes) -> None:
        """An ARP message (1 asks, 2 tells) between pairs of Ethernet and IPv4 address."""
        frame = to + sender[0] + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, operation)
        for mac, address in (sender, target):
            frame += mac + socket.inet_aton(address)
        self.frames.append((at, frame + b"\0" * 18))

    def segment(self, at: float, source: Port, destination: Port, segment: Segment, header: Header = USUAL) -> None:
        """A TCP segment."""
        words = (20 + len(segment.options)) // 4
        numbers = (segment.sequence & 0xFFFFFFFF, segment.acknowledged & 0xFFFFFFFF)
        ports = (source[1], destination[1])
        fixed = struct.pack("!HHIIBBH", *ports, *numbers, words << 4, segment.flags, segment.window)
        rest = b"\0\0" + segment.options + segment.data
        ends = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
        pseudo = ends + struct.pack("!BBH", 0, 6, len(fixed) + 2 + len(rest))
        total = checksum(pseudo + fixed + b"\0\0" + rest)
        self.ip(at, source[0], destination[0], 6, fixed + struct.pack("!H", total) + rest, header)

    def syn(self, at: float, source: Port, destination: Port, window: int = 64240, options: bytes = b"") -> None:
        """The first segment of a connection, from a random sequence number."""
        self.segment(at, source, destination, Segment(self.random.randrange(1 << 32), 0, SYN, b"", window, options))

    def connection(
        self,
        at: float,
        client: str,
        server: Port,
        talk: Sequence[Step],
        rtt: float | None = None,
        end: str = "fin",
        closer: int = CLIENT,
    ) -> None:
        """A TCP connection with a whole conversation. ``end`` is ``fin``, ``rst`` or ``none`` (it stays open)."""
        ends = ((client, self.random.randrange(32768, 61000)), server)
        rtt = rtt or self.random.uniform(0.0004, 0.03)
        numbers = [self.random.randrange(1 << 32), self.random.randrange(1 << 32)]

        def send(when: float, who: int, flags: int, data: bytes = b"") -> None:
            segment = Segment(numbers[who], numbers[1 - who], flags, data)
            self.segment(when, ends[who], ends[1 - who], segment)
            numbers[who] += len(data) + (flags & FIN)

        self.segment(at, *ends, Segment(numbers[CLIENT], 0, SYN, options=SYN_OPTIONS))
        numbers[CLIENT] += 1
        accepted = Segment(numbers[SERVER], numbers[CLIENT], SYN | ACK, window=65160, options=SYN_OPTIONS)
        self.segment(at + rtt, *ends[::-1], accepted)
        numbers[SERVER] += 1
        at += rtt + 2e-5
        send(at, CLIENT, ACK)
        last = CLIENT
        for who, data, delay in talk:
            at += delay + (rtt / 2 if who != last else 0)
            last = who
            for sent, offset in enumerate(range(0, len(data), SEGMENT_MOST), 1):
                send(at, who, PUSH_ACK, data[offset : offset + SEGMENT_MOST])
                at += 1.2e-5 * self.random.uniform(0.8, 2)
                if sent % 2 == 0 or offset + SEGMENT_MOST >= len(data):
                    send(at + rtt / 2, 1 - who, ACK)
            at += rtt / 2
        if end == "fin":
            send(at, closer, FIN | ACK)
            send(at + (rtt if closer == CLIENT else rtt / 2), 1 - closer, FIN | ACK)
            send(at + rtt + (2e-5 if closer == CLIENT else 0), closer, ACK)
        elif end == "rst":
            self.segment(at, *ends, Segment(numbers[CLIENT], 0, RST))

    def dns(
        self, at: float, client: str, server: str, name: str, kind: int = 1, reply: Reply | None = RESOLVED
    ) -> None:
        """A DNS query of a type and its answer, where there is one."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = labels + b"\0" + struct.pack("!HH", kind, 1)
        number, port = self.random.randrange(65536), self.random.randrange(1025, 65535)
        self.udp(at, (client, port), (server, 53), struct.pack("!HHHHHH", number, 0x100, 1, 0, 0, 0) + question)
        if reply is None:
            return
        data = self.noise(4) if reply.data is None else reply.data
        answers = 0 if reply.code else 1
        record = b"" if reply.code else b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 300, len(data)) + data
        head = struct.pack("!HHHHHH", number, 0x8180 | reply.code, 1, answers, 0, 0)
        delay = reply.delay or self.random.uniform(0.002, 0.04)
        self.udp(at + delay, (server, 53), (client, port), head + question + record)

    def save(self, path: Path) -> int:
        """Write the frames in the order of their times, from a random date on. Returns how many there are."""
        base = self.random.uniform(1.5e9, 1.78e9)
        self.frames.sort(key=lambda timed: timed[0])
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for at, frame in self.frames:
                seconds, micros = divmod(int((base + at) * 1e6), 1_000_000)
                file.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
        return len(self.frames)
