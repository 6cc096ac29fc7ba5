"""Traffic written by hand: each kind makes frames of the lab's addresses, and the benchmark says what came of them."""

import contextlib
import ipaddress
import re
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

from benchmarks import byhand
from benchmarks.byhand.__main__ import main
from benchmarks.byhand.kinds import Kind
from benchmarks.byhand.packets import CLIENT, SERVER, Header, Reply, Traffic
from contract.families import catalogue
from contract.safety import LAB_V4
from detector.capture.opening import open_capture

KINDS = byhand.kinds()
ENOUGH = 120  # frames of a kind
ELSEWHERE = {"0.0.0.0", "255.255.255.255"}  # a host without an address, and everybody


class EnoughError(Exception):
    pass


class FirstFrames(list[tuple[float, bytes]]):
    """Stops a kind once it has made some frames: all of them take fifteen seconds."""

    def append(self, timed: tuple[float, bytes]) -> None:
        super().append(timed)
        if len(self) == ENOUGH:
            raise EnoughError


def begun(kind: Kind) -> Traffic:
    traffic = Traffic(kind.name)
    traffic.frames = FirstFrames()
    with contextlib.suppress(EnoughError):
        kind.make(traffic)
    return traffic


def addresses(frame: bytes) -> Iterator[str]:
    """Sender and receiver of an IPv4 or ARP frame."""
    (kind,) = struct.unpack_from("!H", frame, 12)
    assert kind in {0x800, 0x806}
    for at in (26, 30) if kind == 0x800 else (28, 38):
        yield str(ipaddress.IPv4Address(frame[at : at + 4]))


def of_the_lab(address: str) -> bool:
    found = ipaddress.IPv4Address(address)
    return found in LAB_V4 or found.is_multicast or address in ELSEWHERE


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_makes_a_readable_capture_of_the_labs_addresses(kind: Kind, tmp_path: Path) -> None:
    traffic = begun(kind)
    assert {address for _, frame in traffic.frames for address in addresses(frame) if not of_the_lab(address)} == set()
    count = traffic.save(tmp_path / "a.pcap")
    assert count > 40
    assert sum(batch.num_rows for batch in open_capture(tmp_path / "a.pcap").batches()) == count
    begun(kind).save(tmp_path / "b.pcap")
    assert (tmp_path / "b.pcap").read_bytes() == (tmp_path / "a.pcap").read_bytes()


def test_kinds_have_names_of_their_own_and_say_what_they_are() -> None:
    declared = [kind for module in byhand.MODULES for kind in vars(module).values() if isinstance(kind, Kind)]
    assert len(declared) == len(KINDS)
    assert sum(bool(kind.families) for kind in declared) == 102
    assert sum(not kind.families for kind in declared) == 125
    assert {family for kind in declared for family in kind.families} <= set(catalogue())
    assert all(kind.what.endswith(".") for kind in declared)


def test_texts_name_addresses_of_the_lab_only() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(byhand.__file__).parent.glob("*.py")]
    named = {address for source in sources for address in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", source)}
    assert len(named) > 50
    assert [address for address in named if not of_the_lab(address)] == []


def test_a_conversation_is_one_for_scapy_too(tmp_path: Path) -> None:
    traffic = Traffic("conversation")
    talk = [(CLIENT, b"a" * 4000, 0.1), (SERVER, b"b" * 10, 0.2)]
    traffic.connection(0, "198.18.0.1", ("198.18.0.2", 80), talk, closer=SERVER)
    traffic.icmp(9, "198.18.0.1", "198.18.0.2", (8, 0), b"\0\1\0\1odd")
    traffic.save(tmp_path / "a.pcap")
    *segments, ping = rdpcap(str(tmp_path / "a.pcap"))
    for packet in (*segments, ping):
        layer = packet[ICMP] if packet is ping else packet[TCP]
        again = Ether(bytes(packet))
        del again["IP"].chksum, again[layer.name].chksum
        assert bytes(Ether(bytes(again))) == bytes(packet)
    assert [str(packet[TCP].flags) for packet in segments[:3]] == ["S", "SA", "A"]
    assert [str(packet[TCP].flags) for packet in segments[-3:]] == ["FA", "FA", "A"]
    for port in (80, segments[0][TCP].sport):
        sent = sorted((packet[TCP] for packet in segments if packet[TCP].sport == port), key=lambda tcp: tcp.seq)
        for one, other in pairwise(sent):
            size = one.underlayer.len - 20 - one.dataofs * 4 + bool(one.flags & 3)
            assert other.seq in {one.seq, one.seq + size}
    assert segments[-1][TCP].ack == segments[-2][TCP].seq + 1


def test_long_datagrams_come_in_fragments() -> None:
    traffic = Traffic("fragments")
    traffic.udp(0, ("198.18.0.1", 1), ("198.18.0.2", 2), b"x" * 3000, Header(ttl=7))
    fragments = [Ether(frame)["IP"] for _, frame in traffic.frames]
    assert [(part.frag, str(part.flags), part.len) for part in fragments] == [
        (0, "MF", 1500),
        (185, "MF", 1500),
        (370, "", 68),
    ]
    assert {part.id for part in fragments} == {fragments[0].id}
    assert {part.ttl for part in fragments} == {7}


def test_names_are_asked_and_answered() -> None:
    traffic = Traffic("names")
    traffic.dns(0, "198.18.0.1", "198.18.0.2", "www.example.com", 16, Reply(data=b"\x02ok", delay=0.5))
    traffic.dns(1, "198.18.0.1", "198.18.0.2", "none.example.com", reply=Reply(3))
    traffic.dns(2, "198.18.0.1", "198.18.0.2", "www.example.com", reply=None)
    asked, told, *_, refused, unanswered = (Ether(frame)[DNS] for _, frame in traffic.frames)
    assert asked.qd[0].qname == told.qd[0].qname == b"www.example.com."
    assert told.an[0].rdata == [b"ok"]
    assert (refused.rcode, refused.ancount, unanswered.qr) == (3, 0, 0)


def test_kinds_are_judged_and_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["byhand", "nmap_null_silent", "multicast_ptp", "--keep", str(tmp_path / "kept")]
    monkeypatch.setattr("sys.argv", arguments)
    assert main() == 0
    scan, clock, *totals = capsys.readouterr().out.splitlines()
    assert scan.split()[:3] == ["named", "nmap_null_silent", "port_scan"]
    assert clock.split()[:3] == ["quiet", "multicast_ptp", "ordinary"]
    assert totals == ["attacks: 1 of 1 found, 1 by a right family", "ordinary kinds: 0 of 1 raise an alert"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "multicast_ptp.pcap",
        "nmap_null_silent.pcap",
    ]
    monkeypatch.setattr("sys.argv", ["byhand", "nmap_nul"])
    assert main() == 2
    assert "no such kind: nmap_nul" in capsys.readouterr().err
