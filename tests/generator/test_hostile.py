"""A million hostile plans and frames: none escapes, with either layer removed.

``plan_of`` makes a plan without asking the first layer (``generator.plan_check``): what then is stopped the gate alone
stops. What ``plan_check`` refuses it refuses without the gate. Hostile frames are so by construction, or are judged by
a plain reader (``oracle_gate``).
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6ND_NA,
    ICMPv6ND_Redirect,
    ICMPv6NDOptRedirectedHdr,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether

from contract.addresses import to_bytes
from contract.errors import UnsafeError
from contract.safety import DOCUMENTATION, LAB, TUNNEL_PORTS, Target
from generator import gate, registry
from generator.conversation import Conversation, Rand
from generator.plan import make_plan
from generator.plan_check import carriers, check_addresses, check_ports, check_templates, outside
from generator.ports import spared
from generator.rendering import _fill
from generator.stamp import ends, measure, scratch
from tests.generator.helpers import WORKLOAD, plan_of, world
from tests.generator.oracle_gate import escapes
from tests.generator.test_stamp import all_due

A4, B4 = "198.18.77.201", "198.19.99.202"
A6, B6 = "2001:2::7a:201", "2001:2:0:99::202"
LINK = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")  # without them scapy would ask the network for them
MARKS = tuple(to_bytes(text)[12 if "." in text else 0 :] for text in (A4, B4, A6, B6))


def around(network) -> list[str]:
    """The addresses just before and behind a network."""
    return [str(network.network_address - 1), str(network.broadcast_address + 1)]


OTHERS = ("0.0.0.0", "1.1.1.1", "10.0.0.1", "127.0.0.1", "198.17.0.1", "198.20.255.255", "224.0.0.1", "255.255.255.255")
OTHERS6 = ("::", "::1", "::198.18.0.1", "64:ff9b::198.18.0.1", "fe80::1", "ff02::1", "2001:db8::1", "2002:c612:1::1")
NEAR = tuple(text for network in LAB for text in around(network))
PAPERS = tuple(str(network[9]) for network in DOCUMENTATION)


def hostile(version: int, count: int, seed: int) -> np.ndarray:
    """Addresses outside the lab, ``(count, 16)``: chosen ones, and lab addresses with bits of the prefix flipped."""
    rng = np.random.default_rng(seed)
    four = version == 4
    chosen = [t for t in (*OTHERS, *OTHERS6, *NEAR, *PAPERS) if (":" in t) != four]
    table = np.stack([np.frombuffer(to_bytes(text), np.uint8) for text in chosen])
    made = table[rng.integers(0, len(table), count)]
    half = np.tile(np.frombuffer(to_bytes(A4 if four else A6), np.uint8), (count // 2, 1))
    half[:, 14:] = rng.integers(0, 256, (len(half), 2))
    bit = rng.integers(0, 15 if four else 48, len(half))
    rows, at = np.arange(len(half)), (12 if four else 0) + bit // 8
    half[rows, at] ^= (128 >> bit % 8).astype(np.uint8)
    made[: len(half)] = half
    return made


def in_lab(rows: np.ndarray) -> np.ndarray:
    """The lab's ranges, byte by byte."""
    four = (rows[:, :10] == 0).all(1) & (rows[:, 10:12] == 255).all(1) & (rows[:, 12] == 198) & (rows[:, 13] // 2 == 9)
    return four | (rows[:, :6] == (0x20, 1, 0, 2, 0, 0)).all(1)


def test_the_plan_refuses_each_of_a_million_addresses_without_the_gate() -> None:
    rng = np.random.default_rng(1)
    rows = np.concatenate([hostile(4, 400_000, 2), hostile(6, 400_000, 3), rng.integers(0, 256, (200_000, 16))])
    rows = rows.astype(np.uint8)
    assert outside(rows)[:800_000].all()
    honest = np.tile(np.frombuffer(to_bytes(A4), np.uint8), (100_000, 1))
    honest[:, 13] = rng.integers(18, 20, len(honest))
    honest[:, 14:] = rng.integers(0, 256, (len(honest), 2))
    both = np.concatenate([rows, honest])
    assert np.array_equal(outside(both), ~in_lab(both))
    for row in rows[::20_001]:
        for side in ((row[None], honest[:1]), (honest[:1], row[None])):
            with pytest.raises(UnsafeError, match="syn_flood: 1 planned"):
                check_addresses(*side, "syn_flood")


def test_documentation_may_be_planned_for_a_file_and_not_for_a_wire() -> None:
    rows = np.stack([np.frombuffer(to_bytes(text), np.uint8) for text in PAPERS])
    assert outside(rows, Target.WIRE).all()
    assert not outside(rows, Target.FILE).any()
    foreign = np.stack([np.frombuffer(to_bytes(t), np.uint8) for n in DOCUMENTATION for t in around(n)])
    assert outside(foreign, Target.FILE).all()


def kinds(here) -> list[Conversation]:
    """What stamps addresses: one frame each."""
    return [
        Conversation.tcp(here).send("S"),
        Conversation.udp(here).client([b"x", Rand(7)]),
        Conversation.icmp(here).ping(b"ping", reply=False),
        Conversation.ip(here, 253).client(b"other"),
    ]


def stopped(plan) -> tuple[int, int]:
    """How many of a plan's frames the gate stops, of how many; the first layer is not asked."""
    due = all_due(plan)
    offsets = np.empty(len(due.ts) + 1, np.int32)
    out = np.empty(measure(plan.template, plan.table, due, offsets), np.uint8)
    n, aside = len(due.ts), scratch(plan.template)
    return int(_fill(plan.template, plan.table, ends(plan.table), due, offsets, 0, n, aside, out, True)[1]), n


@pytest.mark.parametrize("tag", [0, 99])
def test_the_gate_stops_each_of_half_a_million_planned_frames_without_the_plan(tag: int) -> None:
    small = plan_of(kinds, n=80)
    plan = replace(small, table=small.table.take(np.arange(125_000) * 7 % 80))
    assert stopped(plan)[0] == 0
    six = plan.table.variant % 2 == 1
    for side in ("src", "dst"):
        rows = getattr(plan.table, side).copy()
        for version, where in ((4, ~six), (6, six)):
            rows[where] = hostile(version, int(where.sum()), 5 + version)
        vlan = np.full(len(rows), tag, np.uint16)
        bad, n = stopped(replace(plan, table=plan.table._replace(**{side: rows}, vlan=vlan)))
        assert bad == n == 125_000


def test_the_gate_stops_foreign_arp_without_the_plan() -> None:
    plan = plan_of(lambda here: [Conversation.arp(here).who_has(reply=False)], n=50, ipv6=False)
    plan = replace(plan, table=plan.table.take(np.arange(50_000) % 50))
    rows = hostile(4, 50_000, 9)
    assert stopped(replace(plan, table=plan.table._replace(dst=rows))) == (50_000, 50_000)


INNER4, INNER6 = bytes(IP(src=A4, dst=B4) / UDP() / b"in"), bytes(IPv6(src=A6, dst=B6) / UDP() / b"in")
OUT4, OUT6 = bytes(IP(src=A4, dst="8.8.8.8") / UDP()), bytes(IPv6(src="2001:4860::8", dst=B6) / UDP())


@pytest.mark.parametrize(
    ("script", "honest"),
    [
        (lambda here: Conversation.ip(here, 4).client(INNER4), True),
        (lambda here: Conversation.ip(here, 41).client(INNER6), True),
        (lambda here: Conversation.ip(here, 47).client(b"\0\0\x08\0" + INNER4), True),
        (lambda here: Conversation.icmp(here).icmp_message(13, 0, bytes(16)), True),
        (lambda here: Conversation.ip(here, 4).client(OUT4), False),
        (lambda here: Conversation.ip(here, 4).client(INNER4[:9] + b"\x04" + INNER4[10:20] + OUT4), False),
        (lambda here: Conversation.ip(here, 41).client(OUT6), False),
        (lambda here: Conversation.ip(here, 47).client(b"\0\0\x08\0" + OUT4), False),
        (lambda here: Conversation.ip(here, 47).client(b"\x20\0\x86\xddkey!" + OUT6), False),
        (lambda here: Conversation.ip(here, 47).client(b"\0\0\x88\x0b" + INNER4), False),
        (lambda here: Conversation.ip(here, 4).client([INNER4[:12], Rand(4, "bytes"), INNER4[16:]]), False),
        (lambda here: Conversation.ip(here, 4).client(INNER4[:19]), False),
        (lambda here: Conversation.ip(here, 43).client(bytes(24)), False),
        (lambda here: Conversation.ip(here, 50).client(bytes(24)), False),
        (lambda here: Conversation.ip(here, 132).client(bytes(12) + b"\xc1\0\0\x08" + bytes(4)), False),
        (lambda here: Conversation.ip(here, 2).client(b"\x16\0\0\0\xef\1\2\3"), True),
        (lambda here: Conversation.ip(here, 2).client(b"\x16\0\0\0\x08\x08\x08\x08"), False),
        (lambda here: Conversation.ip(here, 4).client(bytes(IP(src=A4, dst=B4) / UDP(dport=4789) / OUT4)), False),
        (lambda here: Conversation.ip(here, 97).client(b"\x30\0" + bytes(40)), False),
    ],
)
def test_what_a_template_wraps_is_refused_by_either_layer_alone(script, honest: bool) -> None:
    plan = plan_of(lambda here: [script(here)], n=4, ipv6=False)
    if honest:
        check_templates([script(world())], "family")
        assert stopped(plan) == (0, 4)
        return
    with pytest.raises(UnsafeError, match="family: a template"):
        check_templates([script(world())], "family")
    assert stopped(plan) == (4, 4)


def test_tunnels_over_udp_are_refused_by_either_layer_alone() -> None:
    def wordy(here):
        return [
            Conversation.udp(here).client([b"payload that is long enough", Rand(9)]),
            Conversation.udp(here).client(b"x"),
        ]

    small = plan_of(wordy, n=80)
    rng, ports = np.random.default_rng(4), np.array(sorted(TUNNEL_PORTS), np.uint16)
    table = small.table.take(np.arange(250_000) % 80)
    could = carriers(small.template)[table.variant]
    assert could.mean() == 0.5
    others = rng.integers(10_000, 65_536, len(could)).astype(np.uint16)
    here = rng.random(len(could)) < 0.5
    drawn = rng.choice(ports, len(could))
    src, dst = np.where(here, drawn, others), np.where(here, others, drawn)
    assert stopped(replace(small, table=table._replace(src_port=src, dst_port=dst))) == (125_000, 250_000)
    with pytest.raises(UnsafeError, match="udp_flood: 125000 planned conversations could be taken for tunnels"):
        check_ports(src, dst, could, "udp_flood")
    assert stopped(replace(small, table=table._replace(src_port=spared(src), dst_port=spared(dst)))) == (0, 250_000)
    check_ports(spared(src), spared(dst), could, "udp_flood")


def test_quoted_and_named_addresses_are_refused_by_either_layer_alone() -> None:
    for kind, body in ((3, bytes(4) + OUT4), (5, bytes((8, 8, 8, 8)) + INNER4), (9, bytes(12))):
        plan = plan_of(lambda here, k=kind, b=body: [Conversation.icmp(here).icmp_message(k, 0, b)], n=2, ipv6=False)
        with pytest.raises(UnsafeError, match="a template"):
            check_templates([Conversation.icmp(world()).icmp_message(kind, 0, body)], "family")
        assert stopped(plan) == (2, 2)


def test_a_hostile_plan_is_refused_before_anything_is_stamped(monkeypatch: pytest.MonkeyPatch) -> None:
    module = registry.family("syn_flood")
    monkeypatch.setattr(module, "conversations", lambda here: [Conversation.ip(here, 4).client(OUT4)])
    with pytest.raises(UnsafeError, match=r"syn_flood: a template carries the address 8\.8\.8\.8"):
        make_plan(replace(WORKLOAD, benign=()))


def tunnels(v4, v6) -> list:
    """Honest packets in tunnels, and in the control messages that name others."""
    inner4, inner6 = bytes(v4 / UDP() / b"in"), bytes(v6 / UDP() / b"in")
    ether, four = bytes(LINK)[:12], b"".join(to_bytes(text)[12:] for text in (A4, B4))
    lists = struct.pack(">HH4sHH16s", 5, 8, four[:4], 6, 20, to_bytes(A6))
    init = bytes(12) + struct.pack(">BBH16s", 1, 0, 20 + len(lists), bytes(16)) + lists
    redirect = ICMPv6ND_Redirect(tgt=A6, dst=B6)
    return [
        v4 / UDP(sport=9, dport=4789) / (b"\x08" + bytes(7) + ether + b"\x08\0" + inner4),
        v6 / UDP(sport=4789, dport=9) / (b"\x08" + bytes(7) + ether + b"\x86\xdd" + inner6),
        v4 / UDP(sport=9, dport=8472) / (b"\x08" + bytes(7) + bytes(LINK / ARP(psrc=A4, pdst=B4))),
        v4 / UDP(sport=9, dport=6081) / (b"\0\0\x65\x58" + bytes(4) + ether + b"\x08\0" + inner4),
        v6 / UDP(sport=9, dport=6081) / (b"\0\0\x86\xdd" + bytes(4) + inner6),
        v4 / UDP(sport=9, dport=2152) / (b"\x30\xff" + bytes(6) + inner4),
        v4 / UDP(sport=9, dport=2152) / (b"\x34\xff" + bytes(9) + b"\x85\x01\x10\x01\0" + inner6),
        v4 / UDP(sport=9, dport=3544) / inner6,
        IP(src=A4, dst=B4, proto=132) / init,
        IP(src=A4, dst=B4, proto=2) / (b"\x16\0\0\0" + four[:4]),
        IP(src=A4, dst=B4, proto=2) / (b"\x22\0\0\0\0\0\0\1\1\0\0\1" + four),
        v6 / redirect / ICMPv6NDOptRedirectedHdr(pkt=v6 / UDP()),
    ]  # fmt: skip


@cache
def bases() -> list[bytes]:
    """Honest frames in every encapsulation that the gate reads."""
    v4, v6 = IP(src=A4, dst=B4), IPv6(src=A6, dst=B6)
    quote4, quote6 = (
        ICMP(type=3, code=3) / IP(src=B4, dst=A4) / UDP(),
        ICMPv6DestUnreach() / IPv6(src=B6, dst=A6) / UDP(),
    )
    inner = [
        v4 / TCP() / b"data", v4 / UDP() / b"data", v4 / ICMP() / b"data", v4 / quote4, v4 / v4 / TCP(),
        v4 / IP(src=B4, dst=A4, proto=41) / v6 / UDP(), v4 / GRE() / v4 / UDP(), v4 / GRE(key_present=1) / v6 / TCP(),
        v4 / GRE(proto=0x6558) / LINK / v4 / UDP(), v4 / ICMP(type=5, gw=A4) / IP(src=B4, dst=A4) / UDP(),
        IP(src=A4, dst=B4, flags="MF") / UDP() / b"first", IP(src=A4, dst=B4, frag=185, proto=17) / b"later piece",
        IP(src=A4, dst=B4, options=[IPOption(b"\x94\x04\0\0")]) / UDP(), v4 / v4 / quote4,
    ]  # fmt: skip
    inner6 = [
        v6 / TCP() / b"data", v6 / UDP() / b"data", v6 / quote6, v6 / v6 / UDP(), v6 / v4 / UDP(),
        v6 / IPv6ExtHdrFragment(m=1, nh=17) / UDP(), v6 / IPv6ExtHdrFragment(offset=90, nh=17) / b"later piece",
        v6 / IPv6ExtHdrHopByHop() / UDP(), v6 / ICMPv6ND_NA(tgt=A6), v6 / ICMPv6ND_Redirect(tgt=A6, dst=B6),
        v6 / IPv6ExtHdrFragment(m=0, offset=0, nh=41) / v6 / UDP(),
    ]  # fmt: skip
    plain = [*inner, *inner6, *tunnels(v4, v6), ARP(psrc=A4, pdst=B4), ARP(op=2, psrc=A4, pdst=B4)]
    tagged = [link / packet for packet in plain for link in (LINK, LINK / Dot1Q(vlan=7), LINK / Dot1AD() / Dot1Q())]
    return [bytes(packet) for packet in tagged]


def judged(frames: np.ndarray) -> int:
    """How many of the rows the gate stops."""
    offsets = np.arange(len(frames) + 1, dtype=np.int64) * frames.shape[1]
    return gate.survey(frames.copy().reshape(-1), offsets.astype(np.int32), True)[1]


def test_honest_frames_in_every_encapsulation_may_leave() -> None:
    for frame in bases():
        assert judged(np.frombuffer(frame, np.uint8)[None]) == 0, Ether(frame).summary()
        assert not escapes(frame)


def test_no_foreign_address_escapes_in_any_place_of_any_encapsulation() -> None:
    tried = 0
    pools = {4: hostile(4, 4001, 21)[:, 12:], 16: hostile(6, 4001, 22)}
    pools[4] = pools[4][pools[4].any(1)]  # an ARP probe may come from 0.0.0.0
    pools[4] = pools[4][pools[4][:, 0] >> 4 != 14]  # IGMP may name a group
    for frame in bases():
        slots = {(at, len(mark)) for mark in MARKS for at in range(len(frame)) if frame[at : at + len(mark)] == mark}
        assert len(slots) >= 2
        for at, width in slots:
            rows = np.tile(np.frombuffer(frame, np.uint8), (len(pools[width]), 1))
            rows[:, at : at + width] = pools[width]
            assert judged(rows) == len(rows), (Ether(frame).summary(), at)
            tried += len(rows)
    assert tried > 800_000


def test_no_random_change_lets_an_address_escape() -> None:
    rng = np.random.default_rng(33)
    passed = tried = 0
    for frame in bases():
        rows = np.tile(np.frombuffer(frame, np.uint8), (3000, 1))
        for turn in range(3):
            some = np.flatnonzero(rng.random(len(rows)) < (1.0 if turn == 0 else 0.4))
            # Mostly in headers: lengths, protocols, versions, offsets, options, addresses.
            at = rng.integers(12, min(len(frame), 110), len(some))
            rows[some, at] = rng.choice(
                [0, 1, 2, 4, 6, 17, 132, 41, 43, 44, 47, 58, 60, 0x45, 0x46, 0x60, *rng.integers(0, 256, 12)], len(some)
            )
        offsets = (np.arange(len(rows) + 1) * len(frame)).astype(np.int32)
        flat = rows.reshape(-1)
        keep = [
            k for k in range(0, len(rows), 9) if gate.inspect(flat, int(offsets[k]), int(offsets[k + 1]), True) == 0
        ]
        assert judged(rows) > 0
        tried += len(rows)
        passed += len(keep)
        for k in keep:
            assert not escapes(rows[k].tobytes()), (Ether(frame).summary(), rows[k].tobytes())
    assert tried > 200_000
    assert passed > 3000
