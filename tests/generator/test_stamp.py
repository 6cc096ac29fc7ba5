from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

from contract.addresses import to_text
from generator.rendering import render
from generator.stamp import Due, ends, schedule
from tests.generator.helpers import arp_kind, every_kind, frames_of, plan_of, untagged
from tests.generator.test_wire import naive_mix

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def naive_schedule(plan, low, high, end_ns):
    """The times of all frames, in plain Python."""
    template, table, made = plan.template, plan.table, []
    for attempt in range(low, high):
        variant, at, seen = table.variant[attempt], 0.0, []
        for number, frame in enumerate(range(template.first[variant], template.first[variant + 1])):
            bits = naive_mix((int(table.seed[attempt]) + ((1 << 40) + number) * GOLDEN) & MASK) >> 11
            at += float(template.gap_rtt[frame]) * float(table.rtt_ns[attempt])
            at += float(template.gap_ns[frame]) * (1.0 + float(template.jitter[frame]) * (bits * 2.0 / 2**53 - 1.0))
            ts = int(table.intended[attempt]) + int(at)
            if ts >= end_ns:
                break
            seen.append(ts)
            back = int(template.echo[frame])
            made.append((ts, attempt, frame, seen[-1 - back] if back else 0))
    return made


def test_times_are_those_of_a_naive_walk() -> None:
    plan = plan_of(every_kind)
    end = plan.workload.start_ns + 700_000_000
    counts = np.diff(plan.template.first)[plan.table.variant]
    due, flows = Due.room(int(counts.sum())), np.zeros((len(counts), 2, 3), np.int64)
    used = schedule(plan.template, plan.table, 0, len(counts), end, due, flows)
    expected = naive_schedule(plan, 0, len(counts), end)
    found = list(zip(*(column[:used].tolist() for column in due), strict=True))
    assert len(found) == len(expected)
    for got, want in zip(found, expected, strict=True):
        # A fused multiply-add may move a time by a nanosecond.
        assert got[1:3] == want[1:3]
        assert abs(got[0] - want[0]) <= 1
        assert abs(got[3] - want[3]) <= 1
    assert flows[:, :, 2].sum() == used
    own = [row for row in expected if row[1] == 0]
    assert flows[0, 0].tolist() == [own[0][0], own[-1][0], len(own)]


def all_due(plan) -> Due:
    counts = np.diff(plan.template.first)[plan.table.variant]
    due, n = Due.room(int(counts.sum())), len(counts)
    used = schedule(plan.template, plan.table, 0, n, plan.workload.end_ns, due, np.zeros((n, 2, 3), np.int64))
    return due.take(slice(0, used))


def rebuilt(frame: bytes) -> bytes:
    """The frame with every length and checksum computed anew by scapy."""
    packet = Ether(frame)
    layer = packet
    while layer:
        for name in ("chksum", "cksum", "len", "plen"):
            # What an ICMP error quotes is cut short: its transport cannot be computed again.
            if name in layer.fields and not (layer.name.endswith("in ICMP") and layer.haslayer(IP) is None):
                if "in ICMP" in layer.name and layer.name.split()[0] in ("TCP", "UDP"):
                    continue
                if "in ICMP" in layer.name and name in ("len", "plen"):
                    continue
                layer.delfieldval(name)
        layer = layer.payload
    return bytes(packet)


@pytest.mark.parametrize("seed", [7, 8])
def test_every_frame_has_the_lengths_and_checksums_that_scapy_computes(seed: int) -> None:
    frames = [untagged(frame) for frame in frames_of(plan_of(every_kind, 80, seed=seed))[1]]
    kinds = set()
    for frame in frames:
        packet = Ether(frame)
        quoted = packet.haslayer(ICMP) and packet[ICMP].type == 3
        kinds.add((packet.payload.name, packet.payload.payload.name))
        if quoted or (packet.haslayer(IPv6) and packet[IPv6].nh == 58 and frame[54] == 1):
            assert icmp_sum(frame) == 0xFFFF
            continue
        assert rebuilt(frame) == frame
    assert len(kinds) >= 9


def icmp_sum(frame: bytes) -> int:
    """The one's complement sum of an ICMP message, which is all ones where its checksum is right."""
    six = frame[12:14] == b"\x86\xdd"
    body = frame[54:] if six else frame[34:]
    if six:
        body = frame[22:54] + len(body).to_bytes(4, "big") + b"\0\0\0\x3a" + body
    body += b"\0" * (len(body) % 2)
    total = sum(int.from_bytes(body[k : k + 2], "big") for k in range(0, len(body), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def conversations_by_flow(plan):
    times, frames = frames_of(plan)
    rows = {}
    for attempt in range(len(plan.table.intended)):
        ends = (to_text(plan.table.src[attempt].tobytes()), int(plan.table.src_port[attempt]))
        rows[ends] = attempt
    flows = {}
    for ts, frame in zip(times, frames, strict=True):
        packet = Ether(frame)
        if not packet.haslayer(TCP):
            continue
        ip = packet.payload
        for side, ends in enumerate(((ip.src, packet[TCP].sport), (ip.dst, packet[TCP].dport))):
            if ends in rows:
                flows.setdefault(rows[ends], []).append((ts, side == 1, packet))
                break
    return flows


def test_sequence_numbers_acks_and_timestamps_hold_together() -> None:
    flows = conversations_by_flow(plan_of(every_kind, n=24))
    checked = 0
    for packets in flows.values():
        sent, clock = {}, {}
        for _, reverse, packet in packets:
            tcp = packet[TCP]
            length = len(tcp.payload) if packet.payload.name != "IP" else packet[IP].len - 20 - tcp.dataofs * 4
            size = length + int("S" in tcp.flags) + int("F" in tcp.flags)
            if reverse in sent:
                assert tcp.seq == sent[reverse], packet.summary()
            if "A" in tcp.flags and (not reverse) in sent:
                assert (sent[not reverse] - tcp.ack) % 2**32 < 2**20, "an ACK of what was never sent"
            sent[reverse] = (tcp.seq + size) % 2**32
            stamps = [value for name, value in tcp.options if name == "Timestamp"]
            if stamps:
                assert (stamps[0][0] - clock.get(reverse, stamps[0][0])) % 2**32 < 2**31, "a clock runs backwards"
                clock[reverse] = stamps[0][0]
                if stamps[0][1]:
                    assert (clock[not reverse] - stamps[0][1]) % 2**32 < 60_000
                    checked += 1
    assert checked > 20


def test_random_parts_repeat_by_key_and_differ_between_attempts() -> None:
    flows = conversations_by_flow(plan_of(every_kind, n=40))
    tokens = set()
    for attempt, packets in flows.items():
        said = b"".join(
            bytes(p[TCP].payload) for _, reverse, p in packets if not reverse and len(p) > 54 and "P" in p[TCP].flags
        )
        # Some links are slow: only what came to its end before the campaign did.
        if said.startswith(b"GET /") and any("F" in p[TCP].flags for _, _, p in packets):
            token = said[5:12]
            assert said.rstrip(b"\0").endswith(token[:5]), attempt
            tokens.add(token)
    assert len(tokens) > 10


def test_icmp_errors_quote_the_frame_that_caused_them() -> None:
    _, frames = frames_of(plan_of(every_kind, n=60))
    asked, quotes = set(), 0
    for frame in frames:
        packet = Ether(frame)
        if packet.haslayer(UDP) and not packet.haslayer("ICMP") and packet.payload.name in ("IP", "IPv6"):
            ip = packet.payload
            if ip.payload.name == "UDP":
                asked.add((ip.src, ip.dst, packet[UDP].sport, packet[UDP].dport, packet[UDP].len))
        inner = packet.getlayer("UDP in ICMP") or packet.getlayer("UDP", 1)
        outer = packet.getlayer("IP in ICMP") or packet.getlayer("IPv6 in ICMPv6")
        if inner and outer and inner.underlayer is outer:
            assert (outer.src, outer.dst, inner.sport, inner.dport, inner.len) in asked
            quotes += 1
    assert quotes > 2


def test_arp_names_who_asks_and_who_answers() -> None:
    plan = plan_of(arp_kind, n=9, ipv6=False)
    _, frames = frames_of(plan)
    packets = [Ether(frame) for frame in frames]
    requests = {p[ARP].psrc: p for p in packets if p[ARP].op == 1}
    for packet in packets:
        arp = packet[ARP]
        assert packet.src == arp.hwsrc
        if arp.op == 1:
            assert packet.dst == "ff:ff:ff:ff:ff:ff"
            assert arp.hwdst == "00:00:00:00:00:00"
        elif arp.pdst in requests and requests[arp.pdst][ARP].pdst == arp.psrc:
            assert arp.hwdst == requests[arp.pdst].src


def test_ping_pairs_share_identifier_and_number() -> None:
    _, frames = frames_of(plan_of(every_kind, n=60))
    asked, answered = set(), set()
    for frame in frames:
        packet = Ether(frame)
        if packet.haslayer(ICMP) and packet[ICMP].type in (0, 8):
            (asked if packet[ICMP].type == 8 else answered).add((packet[ICMP].id, packet[ICMP].seq))
        for kind, seen in ((ICMPv6EchoRequest, asked), (ICMPv6EchoReply, answered)):
            if packet.haslayer(kind):
                seen.add((packet[kind].id, packet[kind].seq))
    assert asked == answered
    assert len(asked) > 4


def test_any_part_of_the_frames_in_any_order_gives_the_same_bytes() -> None:
    plan, due, whole = rendered()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, len(whole), int(rng.integers(0, 60)))
        found = render(plan, due.take(rows), workers=1 + seed % 7).column("frame").to_pylist()
        assert found == [whole[row] for row in rows]


def test_the_number_of_workers_changes_no_byte() -> None:
    plan, due, whole = rendered()
    for workers in (2, 3, 5):
        assert render(plan, due, workers=workers).column("frame").to_pylist() == whole


@cache
def rendered():
    plan = plan_of(every_kind, n=40)
    plan = replace(plan, table=plan.table._replace(vlan=(np.arange(40) % 3 * 50).astype(np.uint16)))
    due = all_due(plan)
    return plan, due, render(plan, due).column("frame").to_pylist()


def test_what_is_known_of_an_attempt_is_one_cache_line_of_its_row_in_the_table() -> None:
    table = plan_of(every_kind, n=9).table
    known = ends(table)
    assert known.itemsize == 64
    for name in ("seed", "src_port", "dst_port", "src_mac", "dst_mac", "vlan"):
        assert known[name].tolist() == getattr(table, name).tolist(), name
    for side in ("src", "dst"):
        halves = zip(known[f"{side}_high"].tolist(), known[f"{side}_low"].tolist(), strict=True)
        assert [high << 64 | low for high, low in halves] == [
            int.from_bytes(row.tobytes(), "big") for row in getattr(table, side)
        ]
