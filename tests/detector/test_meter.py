"""The meter against its plain-Python oracle, and what its docstrings promise."""

from __future__ import annotations

import os
import random
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.schemas import ENDED, FLOWS
from detector.meter import Meter
from tests.detector.captured import (
    A6,
    ACK,
    B6,
    FIN,
    MS,
    PSH,
    RST,
    START,
    SYN,
    A,
    B,
    C,
    agree,
    arp,
    batch_of,
    eth,
    icmp,
    ip4,
    ip6,
    meter_of,
    tcp,
    udp,
)

SECOND = 1000 * MS
SEEDS = 60 if os.environ.get("TENFOLD_PROFILE") == "deep" else 20
ports = st.sampled_from([80, 443, 5000, 40000])
payloads = st.sampled_from([b"", b"x", b"hello" * 5, bytes(200)])


@st.composite
def transports(draw):
    kind = draw(st.sampled_from(["tcp", "tcp", "tcp", "udp", "icmp", "icmp6", "other", "quote"]))
    if kind == "tcp":
        flags = draw(st.sampled_from([SYN, SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK, 0, 0x29, 255]))
        options = draw(
            st.sampled_from([b"", b"\x02\x04\x05\xb4", b"\x01\x01\x02\x04\x05\x00\x01\x00", b"\x05\x01\x00\x00"])
        )
        seq = draw(st.sampled_from([0, 1, 5, 25, 26, 2**32 - 3, 2**31]))
        window = draw(st.sampled_from([0, 1000]))
        return 6, tcp(draw(ports), draw(ports), flags, draw(payloads), seq, window, options)
    if kind == "udp":
        return 17, udp(draw(ports), draw(ports), draw(payloads))
    if kind == "icmp":
        return 1, icmp(draw(st.sampled_from([0, 8, 3, 11, 13, 14])), draw(st.integers(0, 3)), draw(payloads))
    if kind == "icmp6":
        return 58, icmp(draw(st.sampled_from([128, 129, 135, 136, 1])), 0, draw(payloads))
    if kind == "quote":
        inner = ip4(B, A, draw(st.sampled_from([6, 17, 1])), udp(draw(ports), draw(ports), b"quoted"))
        return 1, icmp(3, 3, inner)
    return draw(st.sampled_from([2, 47, 50, 132, 136, 33])), draw(st.binary(max_size=30))


@st.composite
def packets(draw):
    protocol, body = draw(transports())
    hosts = draw(st.sampled_from([(A, B), (B, A), (A, C), (A, A)]))
    kind = draw(st.sampled_from(["4", "4", "4", "frag4", "6", "6", "ext6", "frag6", "arp", "stp"]))
    if kind == "4":
        options = draw(st.sampled_from([b"", bytes(4)]))
        total = draw(st.sampled_from([None, None, None, 0, 10, 60, 2000]))
        return 0x0800, ip4(*hosts, protocol, body, options=options, total=total)
    if kind == "frag4":
        place = draw(st.sampled_from([0x2000, 0x2001, 5, 0x2000]))
        return 0x0800, ip4(*hosts, protocol, body, draw(st.integers(1, 2)), place)
    if kind == "arp":
        mac = draw(st.sampled_from([b"\x02" * 6, b"\x04" * 6]))
        return 0x0806, arp(draw(st.integers(1, 3)), *hosts, mac)
    if kind == "stp":
        return draw(st.sampled_from([0x88CC, 38, 0x0842])), bytes(38)
    six = draw(st.sampled_from([(A6, B6), (B6, A6)]))
    if kind == "6":
        return 0x86DD, ip6(*six, protocol, body)
    if kind == "ext6":
        extension = bytes([protocol, draw(st.integers(0, 2))]) + bytes(6)
        return 0x86DD, ip6(*six, draw(st.sampled_from([0, 43, 51, 60])), extension + body)
    place = draw(st.sampled_from([1, 9, 8]))
    return 0x86DD, ip6(*six, 44, struct.pack("!BBHI", protocol, 0, place, draw(st.integers(1, 2))) + body)


@st.composite
def frames(draw):
    """(link type, bytes, length on the wire) of a frame that may be snapped or damaged."""
    ethertype, body = draw(packets())
    link = draw(st.sampled_from([1, 1, 1, 1, 113, 276, 101, 0, 108, 228, 127]))
    if link == 1:
        tags = draw(
            st.sampled_from([b"", b"", struct.pack("!HH", 0x8100, 7), struct.pack("!HHHH", 0x88A8, 9, 0x8100, 3)])
        )
        snap = b"\xaa\xaa\x03\0\0\0" if draw(st.integers(0, 9)) == 0 else b""
        kind = struct.pack("!H", ethertype)
        frame = bytes(range(2, 14)) + tags + (struct.pack("!H", 50) + snap if snap else b"") + kind + body
    elif link == 113:
        frame = struct.pack("!HHH8sH", 0, 1, 6, b"\x02\x00\x00\x00\x00\x09\0\0", ethertype) + body
    elif link == 276:
        frame = struct.pack("!HHIHBB8s", ethertype, 0, 1, 1, 0, 6, b"\x02\x00\x00\x00\x00\x09\0\0") + body
    elif link in (0, 108):
        family = 2 if ethertype == 0x0800 else draw(st.sampled_from([10, 24, 30, 7]))
        frame = struct.pack("<I" if link == 0 and draw(st.booleans()) else ">I", family) + body
    else:
        frame = body
    padding = draw(st.sampled_from([b"", b"", bytes(6)]))
    frame += padding
    wire = len(frame) + draw(st.sampled_from([0, 0, 1000]))
    if draw(st.integers(0, 4)) == 0:
        frame = frame[: draw(st.integers(0, len(frame)))]
    if frame and draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(frame) - 1))
        frame = frame[:at] + bytes([draw(st.integers(0, 255))]) + frame[at + 1 :]
    return link, frame, wire


gaps = st.sampled_from([0, 0, 1, MS, MS, -MS, 500 * MS, 2 * SECOND, 5 * SECOND, 61 * SECOND])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(frames(), gaps), min_size=1, max_size=40), st.data())
def test_agrees_with_the_oracle_on_any_frames(rows, data):
    ts = (START + np.cumsum([gap for _, gap in rows])).tolist()
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=3))
    link, data_, wire = zip(*(frame for frame, _ in rows), strict=True)
    agree(list(data_), ts, list(link), list(wire), cuts, idle_s=60, active_s=100)


def dense(seed):
    """300 frames among few hosts and ports, so that flows grow long, close, idle out and come again."""
    rng = random.Random(seed)
    hosts = [(A, B), (B, A), (A, C)] if rng.random() < 0.7 else [(A6, B6), (B6, A6)]
    usual = [SYN, SYN | ACK, ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, RST]
    flags = usual if rng.random() < 0.5 else [*usual[:6], *[ACK] * 20]  # some that close late or never
    steps = [1, MS, MS, 100 * MS, -MS] if rng.random() < 0.5 else [MS, SECOND, 2 * SECOND, 30 * SECOND, 61 * SECOND]
    rows, ts = [], START
    for _ in range(300):
        src, dst = rng.choice(hosts)
        sport, dport = rng.choice([(4000, 80), (80, 4000), (4000, 5000)])
        payload = rng.choice([b"", b"", b"x", b"hello", bytes(range(100))])
        kind = rng.random()
        if kind < 0.7:
            seq = rng.choice([1, 2, 6, 7, 107, 2**32 - 5])
            protocol, body = 6, tcp(sport, dport, rng.choice(flags), payload, seq, rng.choice([0, 900]))
        elif kind < 0.8:
            protocol, body = 17, udp(sport, dport, payload)
        elif kind < 0.9:
            pairs = [0, 8, 13, 14] if len(src) == 4 else [128, 129, 135, 136]
            protocol, body = (1 if len(src) == 4 else 58), icmp(rng.choice(pairs), 0, payload)
        else:
            protocol, body = refusal(rng, src, dst)
        if len(src) == 16:
            rows.append((eth(ip6(src, dst, protocol, body), 0x86DD), ts))
        elif kind < 0.04:
            rows.append(
                (eth(arp(rng.choice([1, 2]), src, rng.choice([dst, src]), bytes([rng.choice([2, 4])] * 6)), 0x0806), ts)
            )
        else:
            place = rng.choice([0x2000, 3]) if rng.random() < 0.1 else 0
            rows.append((eth(ip4(src, dst, protocol, body, rng.choice([1, 2]), place)), ts))
        ts += rng.choice(steps)
    return rows


def refusal(rng, src, dst):
    """An ICMP error that quotes a packet of the other way."""
    protocol, quoted = rng.choice([(6, tcp(4000, 80, SYN)), (17, udp(80, 4000, b"?")), (17, udp(4000, 80)[:8])])
    if len(src) == 4:
        if rng.random() < 0.2:
            protocol, quoted = 1, icmp(rng.choice([8, 13]))
        place = rng.choice([0, 0, 0, 0x2000, 3])
        return 1, icmp(
            rng.choice([3, 3, 11, 12, 5, 4]), rng.choice([3, 3, 4]), ip4(dst, src, protocol, quoted, 1, place)
        )
    chain = rng.choice([b"", b"", bytes([protocol, 0]) + bytes(6)])
    return 58, icmp(rng.choice([1, 2, 3, 4]), 4, ip6(dst, src, 60 if chain else protocol, chain + quoted))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_agrees_with_the_oracle_on_long_flows(seed):
    rows = dense(seed)
    frames_, ts = [row[0] for row in rows], [row[1] for row in rows]
    limits = {"idle_s": 60, "active_s": 40 if seed % 2 else 1800}
    agree(frames_, ts, [1] * len(rows), [len(f) for f in frames_], [100, 101, 228], **limits)


def conversation():
    there, back = (A, B), (B, A)
    return [
        ip4(*there, 6, tcp(4000, 80, SYN, seq=10)),
        ip4(*back, 6, tcp(80, 4000, SYN | ACK, seq=90)),
        ip4(*there, 6, tcp(4000, 80, ACK, seq=11)),
        ip4(*there, 6, tcp(4000, 80, PSH | ACK, b"GET /", seq=11)),
        ip4(*back, 6, tcp(80, 4000, PSH | ACK, b"HTTP", seq=91)),
        ip4(*there, 6, tcp(4000, 80, FIN | ACK, seq=16)),
        ip4(*back, 6, tcp(80, 4000, FIN | ACK, seq=95)),
        ip4(*there, 6, tcp(4000, 80, ACK, seq=17)),
    ]


def test_a_conversation_is_one_flow_with_its_round_trips():
    meter = meter_of([eth(p) for p in conversation()])
    (slot,) = meter.expire(START + 3 * SECOND)
    flow = meter.table.flows[slot]
    assert flow["packets"].tolist() == [5, 3]
    assert flow["rtt"].tolist() == [MS, MS]
    assert flow["turns"] == 1
    row = meter.export(np.array([slot], np.int32)).to_pylist()[0]
    assert ENDED[row["ended"]] == "fin"
    assert (row["src"][12:], row["dst"][12:], row["src_port"], row["dst_port"]) == (A, B, 4000, 80)
    assert (row["bytes_fwd"], row["payload_fwd"], row["payload_bwd"]) == (205, 5, 4)


def test_a_syn_ack_met_first_was_answered_to_its_receiver():
    meter = meter_of([eth(conversation()[1])])
    assert meter.table.flows[0]["port"].tolist() == [4000, 80]
    assert meter.table.flows[0]["packets"].tolist() == [0, 1]


def test_a_syn_after_the_end_is_a_new_flow():
    meter = meter_of([eth(p) for p in [*conversation(), conversation()[0]]])
    assert meter.counts()["live"] == 1
    assert len(meter.expire(START + MS * 10)) == 1


def test_the_active_timeout_goes_on_with_the_same_direction():
    back = eth(ip4(B, A, 17, udp(80, 4000, b"x")))
    meter = meter_of([eth(ip4(A, B, 17, udp(4000, 80))), *[back] * 5], START + np.arange(6) * SECOND, active_s=3)
    (slot,) = meter.expire(START + 5 * SECOND)
    assert ENDED[meter.table.flows[slot]["ended"]] == "active"
    new = meter.table.flows[meter.table.flows["state"] == 1][0]
    assert new["port"].tolist() == [4000, 80]
    assert new["packets"].tolist() == [0, 3]


def test_ticks_show_what_they_brought():
    meter = meter_of([eth(p) for p in conversation()[:3]])
    assert meter.dirty().tolist() == [0]
    assert meter.table.flows[0]["fresh"] == 1
    meter.clear_dirty()
    assert meter.dirty().tolist() == []
    meter.update(batch_of([eth(p) for p in conversation()[3:5]], START + 3 * MS + np.arange(2)))
    flow = meter.table.flows[0]
    assert (meter.dirty().tolist(), flow["fresh"]) == ([0], 0)
    before = meter.table.before[0]
    assert (flow["packets"] - before["packets"]).tolist() == [1, 1]
    assert (flow["payload"] - before["payload"]).tolist() == [5, 4]
    assert before["flags"].tolist() == [SYN | ACK, SYN | ACK]


def many(count, first=0):
    return [eth(ip4(struct.pack("!I", 0xC6120000 + i), B, 17, udp(1, 2))) for i in range(first, first + count)]


def test_a_full_table_ends_the_flow_idle_longest_and_counts_it():
    meter = meter_of(many(30), capacity=20)
    assert meter.counts()["live"] == 20
    assert meter.counts()["evicted"] == 10
    ended = meter.table.flows[meter.expire(START + MS)]
    assert {ENDED[e] for e in ended["ended"]} == {"table_full"}
    assert sorted(ended["flow_id"].tolist()) == list(range(1, 11))


def test_frames_without_a_slot_are_dropped_by_name():
    meter = Meter(capacity=10)  # 10 live and 64 spare slots
    assert meter.update(batch_of(many(100))) == {"table_full": 26}
    meter.release(meter.expire(START))
    assert meter.update(batch_of(many(60, 1000))) == {}


def test_released_slots_are_used_again_and_only_ended_ones_are():
    meter = meter_of(many(5))
    meter.release(np.array([0, 1, -1, 70_000], np.int32))
    assert meter.counts()["live"] == 5
    slots = meter.finish()
    meter.release(slots)
    meter.release(slots)
    assert meter.dirty().tolist() == []
    meter.update(batch_of(many(5)))
    assert sorted(meter.dirty().tolist()) == [0, 1, 2, 3, 4]
    assert meter.counts()["slots_used"] == 5


def test_the_answer_does_not_hang_on_the_seed_or_the_batches():
    rows = [eth(p) for p in conversation()] + many(50)
    batch = batch_of(rows)
    exports = []
    for seed, step in ((1, 58), (2, 7), (None, 1)):
        meter = Meter(capacity=100, seed=seed)
        for low in range(0, len(rows), step):
            meter.update(batch, low, min(low + step, len(rows)))
        exports.append(meter.export(np.sort(meter.finish())))
    assert exports[0].equals(exports[1])
    assert exports[0].equals(exports[2])


def test_exports_nothing_as_an_empty_batch():
    batch = Meter(capacity=10).export(np.zeros(0, np.int32))
    assert batch.num_rows == 0
    assert batch.schema.equals(FLOWS)


def test_sliced_batches_and_wrong_ranges():
    batch = batch_of(many(10))
    meter = Meter(capacity=10)
    meter.update(batch.slice(4, 3))
    assert meter.table.flows["address"][:3, 0, 1].tolist() == [0xFFFF_C612_0004 + i for i in range(3)]
    with pytest.raises(ValueError, match="frames 5 to 11 of a batch of 10"):
        meter.update(batch, 5, 11)
