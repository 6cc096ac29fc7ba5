"""Frames for tests: batches, hand-made packets, and a comparison of the meter with its oracle."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from detector.meter import Meter
from detector.rare_facts import ERROR_NAMES
from tests.detector.oracle_meter import Flow, Oracle

START = 1_600_000_000_000_000_000
MS = 1_000_000
A, B, C = bytes([198, 18, 0, 1]), bytes([198, 19, 0, 2]), bytes([198, 18, 7, 7])
A6, B6 = bytes.fromhex("20010002000000000000000000000001"), bytes.fromhex("20010002000000000000000000000002")
ETHERNET = bytes(range(2, 14))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def batch_of(frames, ts=None, link=1, wire=None) -> pa.RecordBatch:
    """A FRAMES batch; ``ts`` defaults to one frame a millisecond, ``link`` may be a list."""
    frames = [bytes(f) for f in frames]
    n = len(frames)
    ts = START + np.arange(n) * MS if ts is None else ts
    return pa.record_batch(
        [
            pa.array(np.asarray(ts, np.int64)).view(TIME),
            pa.array(frames, pa.binary()),
            pa.array([len(f) for f in frames] if wire is None else wire, pa.uint32()),
            pa.array([link] * n if isinstance(link, int) else link, pa.uint16()),
        ],
        schema=FRAMES,
    )


def eth(body, ethertype=0x0800):
    return ETHERNET + struct.pack("!H", ethertype) + body


def ip4(src, dst, protocol, body, ident=1, place=0, ttl=64, options=b"", total=None):  # noqa: PLR0917 - a header has fields
    header = 20 + len(options)
    total = header + len(body) if total is None else total
    first = 0x40 | header // 4
    return struct.pack("!BBHHHBBH4s4s", first, 0, total, ident, place, ttl, protocol, 0, src, dst) + options + body


def ip6(src, dst, protocol, body, hops=64):
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), protocol, hops, src, dst) + body


def tcp(sport, dport, flags, payload=b"", seq=0, window=1000, options=b""):
    offset = (20 + len(options)) // 4 << 4
    return struct.pack("!HHIIBBHHH", sport, dport, seq, 0, offset, flags, window, 0, 0) + options + payload


def udp(sport, dport, payload=b""):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code=0, payload=b""):
    return struct.pack("!BBHI", kind, code, 0, 0) + payload


def arp(operation, sender, target, mac=b"\x02" * 6):
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, mac, sender, bytes(6), target)


def meter_of(frames, ts=None, link=1, wire=None, **options) -> Meter:
    """A small meter that has counted these frames."""
    meter = Meter(capacity=options.pop("capacity", 1000), seed=1, **options)
    meter.update(batch_of(frames, ts, link, wire))
    return meter


def words(address: bytes):
    return list(struct.unpack("!QQ", address))


def check_flow(flow, oracle: Flow, payload, rare) -> None:
    """Each fact of a record against the oracle's."""
    assert flow["address"].tolist() == [words(oracle.src[0]), words(oracle.dst[0])]
    assert flow["key_port"].tolist() == [oracle.src[1], oracle.dst[1]]
    assert tuple(flow["port"].tolist()) == oracle.ports
    assert tuple(flow["mac"].tolist()) == oracle.macs
    for name in ("protocol", "first", "last", "vlan", "arp_operation", "response", "turns", "no_flags"):
        assert flow[name] == getattr(oracle, name), name
    for name in ("arp_requests", "arp_replies", "arp_gratuitous", "arp_mac_changes"):
        assert flow[name] == getattr(oracle, name), name
    assert flow["unreachable"] == oracle.errors.get("unreachable", 0)
    assert (
        dict(zip(ERROR_NAMES, rare["icmp_errors"].tolist(), strict=True))
        == dict.fromkeys(ERROR_NAMES, 0) | oracle.errors
    )
    for which, periods in enumerate((oracle.active_periods, oracle.idle_periods)):
        assert rare["period_count"][which] == len(periods)
        mean = sum(periods) / len(periods) if periods else 0.0
        np.testing.assert_allclose(rare["period_mean"][which], mean, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            rare["period_m2"][which], sum((p - mean) ** 2 for p in periods), rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(rare["period_min"][which], min(periods, default=0), rtol=1e-6)
        np.testing.assert_allclose(rare["period_max"][which], max(periods, default=0), rtol=1e-6)
    assert flow["ip_version"] == oracle.version
    assert flow["flow_id"] == oracle.number
    assert flow["ended"] == (255 if oracle.ended is None else oracle.ended)
    for name in ("packets", "bytes", "payload", "payload_packets", "flags", "next_seq", "rtt", "syn_at"):
        assert flow[name].tolist() == getattr(oracle, name), name
    for name in ("retransmissions", "out_of_order", "zero_windows", "mss", "ttl_first", "fragments"):
        assert flow[name].tolist() == getattr(oracle, name), name
    names = ("fins", "syns", "resets", "pushes", "acks", "urgents", "eces", "cwrs")
    assert [flow[name].tolist() for name in names] == np.transpose(oracle.flag_count).tolist()
    assert flow["sizes"].tolist() == [*oracle.sizes, *[0] * (16 - len(oracle.sizes))]
    for side in (0, 1):
        check_direction(flow, oracle, side)
        assert payload[side, : flow["payload_kept"][side]].tobytes() == oracle.kept[side]


def check_direction(flow, oracle: Flow, side: int) -> None:
    """Sizes and gaps of one direction against plain arithmetic over all of them."""
    sizes, times = oracle.sizes_all[side], oracle.times[side]
    assert flow["size_squares"][side] == sum(size * size for size in sizes)
    assert flow["size_min"][side] == min([*(min(s, 65535) for s in sizes)], default=0)
    assert flow["size_max"][side] == max([*(min(s, 65535) for s in sizes)], default=0)
    newest, gaps = None, []
    for ts in times:
        if newest is not None:
            gaps.append(max(ts - newest, 0) / 1e9)
        newest = ts if newest is None else max(ts, newest)
    mean = sum(gaps) / len(gaps) if gaps else 0.0
    np.testing.assert_allclose(flow["gap_mean"][side], mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(flow["gap_m2"][side], sum((g - mean) ** 2 for g in gaps), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(flow["gap_max"][side], max(gaps, default=0), rtol=1e-6)
    np.testing.assert_allclose(flow["gap_min"][side], min(gaps, default=0), rtol=1e-6)
    assert flow["pauses"][side] == sum(gap > 1 for gap in gaps)


def agree(frames, ts, link, wire, cuts=(), **options) -> None:
    """The meter, fed in pieces cut at ``cuts``, and the oracle make the same flows and drop the same frames."""
    # A seed of the test's own: by chance two fragmented datagrams fall on one place of the small table of fragments.
    meter = Meter(capacity=1000, seed=1, **options)
    oracle = Oracle(
        options.get("idle_s", 60),
        options.get("active_s", 1800),
        options.get("linger_s", 2),
        options.get("tunnels", "outer"),
    )
    batch = batch_of(frames, ts, link, wire)
    dropped: dict[str, int] = {}
    edges = [0, *sorted(cuts), len(frames)]
    for low, high in pairwise(edges):
        for reason, count in meter.update(batch, low, high).items():
            dropped[reason] = dropped.get(reason, 0) + count
    for row in zip(ts, frames, wire, link, strict=True):
        oracle.frame(*row)
    assert dropped == oracle.dropped
    assert meter.counts()["backwards"] == oracle.backwards
    slots = meter.finish()
    oracle.finish()
    by_number = {flow.number: flow for flow in oracle.done}
    assert len(slots) == len(by_number)
    rare = meter.table.rare.rows[meter.table.rare.of]
    for slot in slots:
        flow = meter.table.flows[slot]
        check_flow(flow, by_number[int(flow["flow_id"])], meter.table.payload[flow["payload_row"]], rare[slot])
