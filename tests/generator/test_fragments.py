from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from generator import gate, headers
from generator.conversation import Conversation, Rand
from generator.exchange import UDP as UDP_KIND
from generator.exchange import Frame
from generator.fragments import cut
from generator.payload import Content
from generator.world import World
from tests.generator.helpers import frames_of, plan_of, untagged
from tests.generator.oracle_stamp import Naive
from tests.generator.test_stamp import all_due


def large(here: World) -> list[Conversation]:
    asked = [Rand(2, "bytes", key="id"), b"q" * 1999, Rand(3001, "bytes"), b"end"]
    return [
        Conversation.udp(here, client_os="macos").datagram(asked).datagram(b"x" * 1473, from_client=False),
        Conversation.udp(here, client_os="zmap").datagram([Rand(2, "bytes", key="id"), Rand(4000)], mtu=1280),
        Conversation.udp(here).datagram(b"small").datagram([b"n" * 9001, Rand(7)], from_client=False, mtu=1400),
        Conversation.icmp(here).ping([b"abc", Rand(3013, "base64")]).ping(b"short"),
    ]


@cache
def made() -> list[bytes]:
    return [untagged(frame) for frame in frames_of(plan_of(large, n=24), 100.0)[1]]


def wholes() -> dict[tuple, bytes]:
    """Every packet put together again in plain Python: bytes behind the IP header by (ends, identification)."""
    pieces: dict[tuple, list[tuple[int, bool, bytes]]] = defaultdict(list)
    for number, frame in enumerate(made()):
        packet = Ether(frame)
        if packet.haslayer(IP):
            ip = packet[IP]
            whole = not ip.flags.MF and ip.frag == 0
            key = (ip.src, ip.dst, ip.proto, number if whole else -ip.id)
            pieces[key].append((ip.frag * 8, bool(ip.flags.MF), frame[34:]))
        else:
            six = packet[IPv6]
            part = packet[IPv6ExtHdrFragment] if packet.haslayer(IPv6ExtHdrFragment) else None
            key = (six.src, six.dst, part.nh if part else six.nh, -part.id if part else number)
            pieces[key].append((part.offset * 8, bool(part.m), frame[62:]) if part else (0, False, frame[54:]))
    found = {}
    for key, parts in pieces.items():
        data = b""
        for offset, more, piece in sorted(parts):
            assert offset == len(data), "a hole or an overlap"
            assert more == (offset != max(parts)[0])
            data += piece
        found[key] = data
    return found


def test_fragments_are_whole_and_their_checksum_is_right_over_all() -> None:
    sizes = []
    for (src, dst, protocol, _), data in wholes().items():
        ip = IPv6(src=src, dst=dst) if ":" in src else IP(src=src, dst=dst)
        layer = {17: UDP, 1: ICMP}.get(protocol) or (ICMPv6EchoRequest if data[0] == 128 else ICMPv6EchoReply)
        packet = layer(data)
        packet.delfieldval("cksum" if protocol == 58 else "chksum")
        assert bytes((ip / packet).payload) == data
        sizes.append(len(data))
    assert max(sizes) > 9000
    assert sum(size > 1480 for size in sizes) >= 24


def test_every_frame_is_the_one_of_a_naive_stamp_and_may_leave() -> None:
    plan = plan_of(large, n=8)
    due = all_due(plan)
    frames = frames_of(plan, 100.0)[1]
    order = np.argsort(due.ts, kind="stable")
    for row, frame in zip(order, frames, strict=True):
        attempt, at = int(due.attempt[row]), int(due.frame[row])
        assert frame == Naive(plan, attempt, at).bytes(int(due.ts[row]), int(due.echo[row]))
        assert gate.inspect(np.frombuffer(frame, np.uint8), np.int64(0), np.int64(len(frame))) == gate.OK


def test_no_packet_exceeds_its_link() -> None:
    lengths = {len(frame) for frame in made()}
    assert max(lengths) == 1514
    plan = plan_of(lambda here: [Conversation.udp(here).datagram(b"m" * 5000, mtu=1280)], n=4)
    assert max(len(untagged(frame)) for frame in frames_of(plan)[1]) <= 14 + 1280


@pytest.mark.parametrize(
    ("version", "size", "mtu"), [(4, 65_508, 1500), (6, 65_528, 1500), (4, 100, 60), (6, 2000, 1200)]
)
def test_what_ip_cannot_carry_is_refused(version: int, size: int, mtu: int) -> None:
    frame = Frame(b"", Content(bytes(size), ()), UDP_KIND, version, False, 0.0, 0, 0.0)
    with pytest.raises(ValueError, match=f"no IPv{version} packet"):
        cut(frame._replace(header=bytes(headers.LINK + (28 if version == 4 else 48))), mtu)


def test_an_error_cannot_quote_a_fragment() -> None:
    with pytest.raises(ValueError, match="cannot quote a fragment"):
        plan_of(lambda here: [Conversation.udp(here).datagram(b"m" * 5000).unreachable()], n=2)


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark (apt install tshark)")
def test_tshark_puts_them_together(tmp_path: Path) -> None:
    path = tmp_path / "fragments.pcap"
    wrpcap(str(path), [Ether(frame) for frame in made()])
    words = ["tshark", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T", "fields"]
    words += ["-e", "ip.reassembled.length", "-e", "ipv6.reassembled.length", "-e", "_ws.expert.message"]
    words += ["-e", "udp.checksum.status", "-e", "icmp.checksum.status", "-e", "ip.fragment.error"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    together = sorted(int(row[0] or row[1]) for row in rows if row[0] or row[1])
    assert together == sorted(len(data) for key, data in wholes().items() if key[3] < 0)
    assert not any(row[2] and "no response" not in row[2].lower() for row in rows), rows
    assert {row[3] for row in rows} <= {"", "1"}
    assert {row[4] for row in rows} <= {"", "1"}
    assert not any(row[5] for row in rows)
