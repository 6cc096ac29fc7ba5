"""What mutations begin with: one small sound frame, capture or stream of each kind, and how bytes are spoiled."""

from __future__ import annotations

import random
import struct

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from tests.detector.captured import A6, ACK, B6, PSH, SYN, A, B, C, arp, batch_of, eth, icmp, ip4, ip6, tcp, udp

START = 1_600_000_000_000_000_000
QUERY = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x03www\x07example\x03org\0" + struct.pack("!HH", 1, 1)
REQUEST = b"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: x\r\n\r\n"
HELLO = bytes.fromhex("16030100500100004c0303") + bytes(range(32)) + bytes.fromhex("00000613011302130301000013000000")


def sound() -> list[tuple[int, bytes]]:
    """(link type, frame): one of each kind that is decoded."""
    four = [
        ip4(A, B, 6, tcp(40_000, 443, SYN, options=b"\x02\x04\x05\xb4\x01\x03\x03\x07")),
        ip4(B, A, 6, tcp(443, 40_000, SYN | ACK)),
        ip4(A, B, 6, tcp(40_000, 443, PSH | ACK, HELLO, 1)),
        ip4(A, C, 6, tcp(40_001, 80, PSH | ACK, REQUEST, 1)),
        ip4(A, C, 17, udp(40_002, 53, QUERY)),
        ip4(C, A, 17, udp(53, 40_002, QUERY)),
        ip4(A, B, 17, udp(5, 6, bytes(30)), 9, 0x2000),
        ip4(A, B, 17, bytes(24), 9, 0x2004),
        ip4(A, B, 1, icmp(8, 0, bytes(32))),
        ip4(B, A, 1, icmp(3, 3, ip4(A, B, 17, udp(1, 2)))),
        ip4(A, B, 47, struct.pack("!HH", 0, 0x0800) + ip4(C, B, 17, udp(3, 4, b"inner"))),
        ip4(A, B, 4, ip4(C, B, 6, tcp(3, 4, SYN))),
        ip4(A, B, 17, udp(4000, 4789, struct.pack("!II", 0x08000000, 7 << 8) + eth(ip4(C, B, 17, udp(5, 6))))),
        ip4(A, B, 132, struct.pack("!HHII", 9, 10, 0, 0)),
        ip4(A, B, 6, tcp(1, 2, ACK), options=b"\x94\x04\0\0"),
    ]
    six = [
        ip6(A6, B6, 6, tcp(40_000, 22, PSH | ACK, b"SSH-2.0-x\r\n")),
        ip6(A6, B6, 17, udp(40_002, 53, QUERY)),
        ip6(A6, B6, 58, icmp(128, 0, bytes(8))),
        ip6(A6, B6, 0, struct.pack("!BB6x", 60, 0) + struct.pack("!BB6x", 17, 0) + udp(8, 9, b"ext")),
        ip6(A6, B6, 44, struct.pack("!BBHI", 17, 0, 1, 77) + udp(8, 9, bytes(16))),
        ip6(A6, B6, 44, struct.pack("!BBHI", 17, 0, 8, 77) + bytes(16)),
        ip6(A6, B6, 51, struct.pack("!BBHII4x", 6, 2, 0, 1, 1) + tcp(1, 2, SYN)),
    ]
    frames = [(1, eth(packet)) for packet in four] + [(1, eth(packet, 0x86DD)) for packet in six]
    frames += [(1, eth(arp(1, A, B), 0x0806)), (1, eth(arp(2, B, A), 0x0806))]
    tags = struct.pack("!HHHH", 0x88A8, 5, 0x8100, 6)
    mac = bytes(range(2, 14))
    frames += [
        (1, mac + tags + b"\x08\x00" + four[4]),
        (1, mac + struct.pack("!H", 8 + len(four[0])) + b"\xaa\xaa\x03\0\0\0\x08\x00" + four[0]),
        (1, eth(struct.pack("!BBHHH", 0x11, 0, 1, len(four[0]) + 2, 0x21) + four[0], 0x8864)),
        (1, eth(struct.pack("!II", 16 << 12 | 255, 17 << 12 | 1 << 8 | 255) + four[0], 0x8847)),
        (1, eth(bytes(46), 0x88CC)),
        (113, struct.pack("!HHH8sH", 0, 1, 6, bytes(8), 0x0800) + four[0]),
        (276, struct.pack("!HHIHBB8s", 0x86DD, 0, 1, 1, 0, 6, bytes(8)) + six[0]),
        (101, four[0]),
        (228, four[4]),
        (229, six[0]),
        (0, struct.pack("<I", 2) + four[0]),
        (108, struct.pack("!I", 30) + six[1]),
        (51, struct.pack("!BBHHH", 0x11, 0, 1, len(four[0]) + 2, 0x21) + four[0]),
        (9, b"\x21" + four[0]),
        (50, b"\xff\x03\x00\x57" + six[0]),
        (50, b"\x0f\0\x08\x00" + four[4]),
        (104, b"\x8f\0\x86\xdd" + six[1]),
        (166, b"\x01\x03\x00\x21" + four[1]),
        (204, b"\0\xff\x03\x02\x81" + struct.pack("!I", 16 << 12 | 1 << 8 | 255) + four[4]),
    ]
    return frames + wireless(four[0], six[1])


def wireless(four: bytes, six: bytes) -> list[tuple[int, bytes]]:
    """Data frames of IEEE 802.11: to and from an access point and between two, with and without quality of service."""
    ends = bytes(range(2, 20))
    snap = b"\xaa\xaa\x03\0\0\0"
    plain = b"\x08\x01\0\0" + ends + b"\x10\0" + snap + b"\x08\x00" + four
    quality = b"\x88\x02\0\0" + ends + b"\x20\0" + b"\0\0" + snap + b"\x86\xdd" + six
    between = b"\x88\x83\0\0" + ends + b"\x20\0" + bytes(6) + b"\0\0" + bytes(4) + snap + b"\x08\x00" + four
    padded = b"\x88\x00\0\0" + ends + b"\x20\0" + b"\0\0" + bytes(2) + snap + b"\x08\x00" + four
    return [
        (105, plain),
        (105, quality),
        (105, b"\x08\x41" + plain[2:]),
        (105, quality[:24] + b"\x80\0" + bytes(30)),
        (105, b"\x80\0" + plain[2:]),
        (119, struct.pack("<II", 0x44, 24) + bytes(16) + plain),
        (127, struct.pack("<BBHIQB", 0, 0, 17, 3, 5, 0) + quality),
        (127, struct.pack("<BBHIIIB3x", 0, 0, 20, 0x8000_0002, 0x8000_0000, 0, 0x20) + padded),
        (127, struct.pack("<BBHIB", 0, 0, 9, 2, 0x40) + plain),
        (163, struct.pack(">II", 0x80211001, 16) + bytes(8) + between),
        (192, struct.pack("<BBHI", 0, 0, 8, 105) + plain),
    ]


def mutated_frames(count: int, seed: int) -> pa.RecordBatch:
    """``count`` frames as FRAMES: most have a few bytes changed, some are cut off, some of another link type, some
    longer on the wire than captured; times go on, stand still and go back.
    """
    rng = np.random.default_rng(seed)
    kinds = sound()
    chosen = rng.integers(0, len(kinds), count)
    lengths = np.array([len(frame) for _, frame in kinds])[chosen]
    cut = rng.random(count) < 0.25
    lengths = np.where(cut, (lengths * rng.random(count)).astype(np.int64), lengths)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    data = np.frombuffer(
        b"".join(kinds[kind][1][:size] for kind, size in zip(chosen.tolist(), lengths.tolist(), strict=True)), np.uint8
    ).copy()
    spoil(rng, data, offsets)
    links = np.array([link for link, _ in kinds], np.uint16)[chosen]
    links = np.where(rng.random(count) < 0.02, rng.integers(0, 300, count), links).astype(np.uint16)
    longer = np.where(rng.random(count) < 0.2, rng.integers(0, 1 << 32, count), lengths)
    steps = rng.choice([0, 1, 1000, 1_000_000, -1_000_000, 100_000_000], count, p=[0.2, 0.3, 0.3, 0.15, 0.045, 0.005])
    return pa.record_batch(
        [
            pa.array(START + np.cumsum(steps)).view(TIME),
            pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)]),
            pa.array(longer.astype(np.uint32)),
            pa.array(links),
        ],
        schema=FRAMES,
    )


def spoil(rng: np.random.Generator, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32]) -> None:
    """Change up to four bytes in each of nine frames of ten, more often in the headers than behind them."""
    starts, lengths = offsets[:-1].astype(np.int64), np.diff(offsets)
    for share in (0.9, 0.6, 0.3, 0.15):
        hit = np.flatnonzero((rng.random(len(starts)) < share) & (lengths > 0))
        reach = np.where(rng.random(len(hit)) < 0.7, np.minimum(lengths[hit], 60), lengths[hit])
        at = starts[hit] + (rng.random(len(hit)) * reach).astype(np.int64)
        edge = rng.choice(np.array([0, 1, 0x7F, 0x80, 0xFF, 0x45, 6, 17, 44], np.uint8), len(hit))
        flipped = data[at] ^ (1 << rng.integers(0, 8, len(hit))).astype(np.uint8)
        anything = rng.integers(0, 256, len(hit)).astype(np.uint8)
        data[at] = np.choose(rng.integers(0, 3, len(hit)), [edge, flipped, anything])


def pcap() -> bytes:
    """Six frames."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for number, (_, frame) in enumerate(sound()[:6]):
        out += struct.pack("<IIII", 1_600_000_000, number, len(frame), len(frame)) + frame
    return out


def block(kind: int, body: bytes, order: str) -> bytes:
    """One pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def pcapng(order: str = "<") -> bytes:
    """Two interfaces with options; enhanced, simple and old packet blocks; a block of another kind."""
    frames = [frame for _, frame in sound()]
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    out += block(1, struct.pack(order + "HHIHHB3xHH", 1, 0, 200, 9, 1, 9, 0, 0), order)
    out += block(1, struct.pack(order + "HHIHHqHH", 1, 0, 0, 14, 8, 3, 0, 0), order)
    for number, frame in enumerate(frames[:4]):
        ticks = 1_600_000_000 * 10 ** (9 - 3 * (number % 2))
        head = struct.pack(order + "IIIII", number % 2, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        out += block(6, head + frame, order)
    out += block(5, bytes(16), order) + block(3, struct.pack(order + "I", len(frames[5])) + frames[5], order)
    return out + block(2, struct.pack(order + "HHIIII", 0, 0, 0, 9, 60, 60) + frames[0].ljust(60), order)


def small_batch() -> pa.RecordBatch:
    """Six frames as they come in an Arrow stream."""
    return batch_of([frame for _, frame in sound()[:6]])


def mutated(draw: random.Random, data: bytes) -> bytes:
    """A few bytes changed; sometimes cut off, or a piece doubled, moved or taken out."""
    out = bytearray(data)
    for _ in range(draw.choice((0, 1, 1, 2, 4, 8))):
        at = draw.randrange(len(out))
        out[at] = draw.choice((draw.getrandbits(8), out[at] ^ 1 << draw.randrange(8), 0, 0xFF, 0x7F, 0x80))
    turn = draw.random()
    if turn < 0.15:
        del out[draw.randrange(len(out) + 1) :]
    elif turn < 0.25:
        at, size = draw.randrange(len(out)), draw.randrange(1, 64)
        out[at:at] = out[draw.randrange(len(out)) :][:size]
    elif turn < 0.35:
        at = draw.randrange(len(out))
        del out[at : at + draw.randrange(1, 64)]
    return bytes(out)
