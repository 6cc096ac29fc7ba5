"""Each fact of the catalogue against plain arithmetic over the frames of the flow."""

from __future__ import annotations

import random
import statistics
from itertools import pairwise

import numpy as np
import pytest

from contract.addresses import to_text
from contract.community_id import community_id
from contract.schemas import ENDED
from detector.flow_facts import CATALOGUE, FLOW_FACTS, facts_of_flows
from tests.detector.captured import ACK, FIN, PSH, START, SYN, A, B, arp, eth, icmp, ip4, meter_of, tcp, udp
from tests.detector.oracle_meter import Oracle

SECOND = 1_000_000_000


def traffic():
    """(frame, ns) of a TCP conversation with silences, a refused UDP query, an ARP request."""
    rng = random.Random(11)
    there, back = (4000, 80), (80, 4000)
    rows = [(eth(ip4(A, B, 6, tcp(*there, SYN, seq=0, options=b"\x02\x04\x05\xb4"))), 0)]
    rows += [(eth(ip4(B, A, 6, tcp(*back, SYN | ACK, seq=0), ttl=50)), 20_000_000)]
    sent, now = [1, 1], 30_000_000
    for turn in range(30):
        side = rng.randrange(2)
        body = bytes(rng.randrange(256) for _ in range(rng.randrange(0, 400)))
        hosts, pair = ((A, B), there) if side == 0 else ((B, A), back)
        rows.append((eth(ip4(*hosts, 6, tcp(*pair, PSH | ACK if body else ACK, body, sent[side], 500 - turn))), now))
        sent[side] += len(body)
        now += rng.choice([1_000_000, 200_000_000, 2 * SECOND, 7 * SECOND])
    rows.append((eth(ip4(A, B, 6, tcp(*there, FIN | ACK, seq=sent[0]))), now))
    query = ip4(A, B, 17, udp(5000, 99, b"hello"))
    rows += [(eth(query), now + 5), (eth(ip4(B, A, 1, icmp(3, 3, query))), now + 9)]
    return [*rows, (eth(arp(1, A, B), 0x0806), now + 10)]


@pytest.fixture(scope="module")
def metered():
    rows = traffic()
    frames, ts = [row[0] for row in rows], [START + row[1] for row in rows]
    meter, oracle = meter_of(frames, ts), Oracle()
    for frame, when in zip(frames, ts, strict=True):
        oracle.frame(when, frame, len(frame), 1)
    oracle.finish()
    batch = facts_of_flows(meter.table, np.sort(meter.finish()))
    return batch, sorted(oracle.done, key=lambda flow: flow.number)


def rows_of(metered):
    batch, oracles = metered
    columns = {
        name: batch.column(name).cast("int64" if name in ("first", "last") else batch.column(name).type)
        for name in batch.schema.names
    }
    return [({name: column[at].as_py() for name, column in columns.items()}, flow) for at, flow in enumerate(oracles)]


def test_there_is_a_row_for_each_flow_and_a_column_for_each_fact(metered):
    batch, oracles = metered
    assert batch.num_rows == len(oracles) == 4
    assert batch.schema.equals(FLOW_FACTS, check_metadata=True)
    batch.validate(full=True)
    names = [fact.name for fact in CATALOGUE]
    assert len(names) == len(set(names))
    assert all(fact.meaning for fact in CATALOGUE)


def test_who_and_when(metered):
    for row, flow in rows_of(metered):
        src, dst = flow.src[0], flow.dst[0]
        assert (row["src"], row["dst"]) == (to_text(src), to_text(dst))
        assert (row["src_port"], row["dst_port"]) == flow.ports
        assert row["community_id"] == community_id(src, dst, *flow.ports, flow.protocol)
        assert (row["first"], row["last"]) == (flow.first, flow.last)
        assert row["duration"] == pytest.approx((flow.last - flow.first) / 1e9)
        assert row["ended"] == ENDED[flow.ended]
        assert row["src_mac"] == ":".join(f"{byte:02x}" for byte in flow.macs[0].to_bytes(6, "big"))


@pytest.mark.parametrize("side", [0, 1])
def test_sizes_and_times_of_a_direction(metered, side):
    word = ("fwd", "bwd")[side]
    for row, flow in rows_of(metered):
        sizes, times = flow.sizes_all[side], flow.times[side]
        gaps = [(b - a) / 1e9 for a, b in pairwise(times)]
        wanted = {
            "packets": len(sizes),
            "bytes": sum(sizes),
            "payload": flow.payload[side],
            "header_bytes": sum(sizes) - flow.payload[side],
            "size_mean": statistics.mean(sizes or [0]),
            "size_std": statistics.pstdev(sizes or [0]),
            "size_min": min(sizes, default=0),
            "size_max": max(sizes, default=0),
            "payload_mean": flow.payload[side] / max(flow.payload_packets[side], 1),
            "gap_mean": statistics.mean(gaps or [0]),
            "gap_std": statistics.pstdev(gaps or [0]),
            "gap_min": min(gaps, default=0),
            "gap_max": max(gaps, default=0),
            "pauses": sum(gap > 1 for gap in gaps),
            "tcp_syn": flow.flag_count[side][1],
            "tcp_psh": flow.flag_count[side][3],
            "tcp_mss": flow.mss[side],
            "ttl": flow.ttl_first[side],
        }
        for name, value in wanted.items():
            assert row[f"{name}_{word}"] == pytest.approx(value, rel=1e-6), name


def test_the_whole_flow(metered):
    for row, flow in rows_of(metered):
        sizes = flow.sizes_all[0] + flow.sizes_all[1]
        seconds = (flow.last - flow.first) / 1e9
        assert row["size_mean"] == pytest.approx(statistics.mean(sizes))
        assert row["size_std"] == pytest.approx(statistics.pstdev(sizes))
        assert row["packets_per_s"] == pytest.approx(len(sizes) / seconds if seconds else 0)
        assert row["bytes_per_s"] == pytest.approx(sum(sizes) / seconds if seconds else 0)
        assert row["first_sizes"] == flow.sizes
        assert (row["turns"], row["icmp_unreachable"]) == (flow.turns, flow.errors.get("unreachable", 0))
        assert row["response"] == pytest.approx(flow.response / 1e9 if flow.response >= 0 else np.nan, nan_ok=True)
        assert row["tcp_rtt_fwd"] == pytest.approx(flow.rtt[0] / 1e9 if flow.rtt[0] >= 0 else np.nan, nan_ok=True)


def test_active_and_idle_periods_cover_the_flow(metered):
    seen = 0
    for row, flow in rows_of(metered):
        began = flow.first if flow.active_since is None else flow.active_since
        active = [*flow.active_periods, (flow.last - began) / 1e9]
        for name, periods in (("active", active), ("idle", flow.idle_periods)):
            assert row[f"{name}_count"] == len(periods)
            values = periods or [0]
            for what, value in (
                ("mean", statistics.mean(values)),
                ("std", statistics.pstdev(values)),
                ("min", min(values)),
                ("max", max(values)),
            ):
                assert row[f"{name}_{what}"] == pytest.approx(value, rel=1e-6, abs=1e-9), (name, what)
        assert sum(active) + sum(flow.idle_periods) == pytest.approx(row["duration"])
        seen += len(flow.idle_periods)
    assert seen > 2


def test_nothing_gives_an_empty_batch():
    assert facts_of_flows(meter_of([]).table, np.zeros(0, np.int32)).num_rows == 0
