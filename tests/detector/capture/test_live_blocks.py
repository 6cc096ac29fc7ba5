"""The walk through a ring's block against a plain reading of the kernel's structures."""

from __future__ import annotations

import struct
from ipaddress import ip_address, ip_network

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from detector.capture.live_blocks import block_batch, is_foreign, new_found
from tests.detector.streams import arp, tcp

BLOCK = 1 << 16
HEADER = struct.Struct("<IIIIIIHHIIHH8x")  # struct tpacket3_hdr
LAB = (ip_network("198.18.0.0/15"), ip_network("2001:2::/48"))
KNOWN = [tcp("198.18.0.1", "198.19.0.1", 1, 2), arp(1, "10.0.0.1", "10.0.0.2")]
Frame = tuple[int, int, bytes, int, int, int, int]  # seconds, ns, bytes, wire length, status, tag, tag type

frames = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1),
        st.integers(0, 999_999_999),
        st.binary(max_size=200)
        | st.sampled_from([tcp("198.18.0.1", "198.19.0.1", 1, 2), arp(1, "10.0.0.1", "10.0.0.2")]),
        st.integers(0, 70_000),
        st.sampled_from([1, 1 | 1 << 4, 1 | 1 << 4 | 1 << 6, 1 | 1 << 8]),
        st.integers(0, 65_535),
        st.sampled_from([0x8100, 0x88A8]),
    ),
    max_size=30,
)


def block(listed: list[Frame], gap: int = 0) -> bytes:
    """A block as the kernel writes it (include/uapi/linux/if_packet.h)."""
    body = b""
    for number, (seconds, ns, data, wire, status, tci, tpid) in enumerate(listed):
        mac = 82 + gap  # header, address, room so that the network header is aligned
        size = (mac + len(data) + 15) // 16 * 16
        step = 0 if number == len(listed) - 1 else size
        head = HEADER.pack(step, seconds, ns, len(data), wire, status, mac, mac + 14, 7, tci, tpid, 0)
        body += (head + bytes(mac - len(head)) + data).ljust(size, b"\xee")
    head = struct.pack("<IIIIIIQ", 1, 0, 1, len(listed), 48, 48 + len(body), 5).ljust(48, b"\0")
    return (head + body).ljust(BLOCK, b"\xdd")


def plain(listed: list[Frame], shift: int, *, lab: bool) -> tuple[list[tuple[int, bytes, int]], int]:
    """The same frames as a FRAMES batch should hold them, and how many are foreign."""
    rows, foreign = [], 0
    for seconds, ns, data, wire, status, tci, tpid in listed:
        if lab and outside(data):
            foreign += 1
            continue
        tag = b""
        if status & 16 and len(data) >= 12:
            kind = tpid if status & 64 else 0x8100
            tag = struct.pack("!HH", kind, tci)
        whole = data[:12] + tag + data[12:]
        rows.append((seconds * 10**9 + ns + shift, whole, max(wire, len(data)) + len(tag)))
    return rows, foreign


def outside(data: bytes) -> bool:
    at, kind = 14, data[12:14]
    while kind in (b"\x81\x00", b"\x88\xa8") and len(data) >= at + 4:
        kind, at = data[at + 2 : at + 4], at + 4
    size, begin, end = {b"\x08\x06": (28, 24, 28), b"\x08\x00": (20, 12, 16), b"\x86\xdd": (40, 8, 24)}.get(
        kind, (1 << 20, 0, 0)
    )
    if len(data) < at + size:
        return True
    address = ip_address(data[at + begin : at + end])
    return not any(address in network for network in LAB if network.version == address.version)


def rows_of(batch: pa.RecordBatch) -> list[tuple[int, bytes, int]]:
    batch.validate(full=True)
    times = batch.column("ts").cast(pa.int64()).to_pylist()
    return list(zip(times, batch.column("frame").to_pylist(), batch.column("wire_len").to_pylist(), strict=True))


@given(frames, st.integers(-(10**12), 10**12), st.booleans(), st.sampled_from([0, 16]))
def test_a_block_is_read_as_it_was_written(listed: list[Frame], shift: int, lab: bool, gap: int) -> None:
    ring = np.frombuffer(bytearray(bytes(BLOCK) + block(listed, gap)), np.uint8)
    found = new_found(BLOCK)
    wanted, foreign = plain(listed, shift, lab=lab)
    batch = block_batch(ring, BLOCK, 2 * BLOCK, found, shift, 1, lab=lab)
    assert rows_of(batch) == wanted
    assert found.counts.tolist() == [foreign, sum(frame[4] >> 8 & 1 for frame in listed)]
    assert batch.column("link").to_pylist() == [1] * len(wanted)


@given(frames, st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=4, max_size=4)), max_size=6))
def test_no_block_leads_outside_of_itself(listed: list[Frame], damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(block(listed))
    for at, word in damage:
        data[at : at + 4] = word
    found = new_found(BLOCK)
    ring = np.frombuffer(data, np.uint8)
    batch = block_batch(ring, 0, BLOCK, found, 0, 1, lab=False)
    count = batch.num_rows
    assert (found.start[:count] >= 0).all()
    assert (found.start[:count] + found.length[:count] <= BLOCK).all()


def test_what_a_host_says_of_its_own_accord_is_foreign() -> None:
    def foreign(data: bytes) -> bool:
        return bool(is_foreign(np.frombuffer(data, np.uint8), 0, len(data)))

    v6 = bytes(12) + b"\x86\xdd" + bytes(8)
    ours, link_local = ip_address("2001:2::7").packed, ip_address("fe80::1").packed
    assert not foreign(tcp("198.18.0.1", "198.19.255.1", 1, 2))
    assert not foreign(arp(1, "0.0.0.0", "198.18.0.9"))  # a probe
    assert not foreign(v6 + ours + ours)
    assert foreign(v6 + link_local + ours)
    assert foreign(tcp("198.20.0.1", "198.18.0.1", 1, 2))
    assert foreign(arp(1, "198.18.0.1", "10.0.0.1"))
    assert foreign(bytes(12) + b"\x88\xcc" + bytes(60))  # LLDP
