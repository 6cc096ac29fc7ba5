from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether

from contract.addresses import to_bytes, to_text
from generator import headers
from generator.completion import complete
from generator.template import FRAME
from generator.wire_headers import arp, ipv4, ipv6, link, selective, timestamps
from tests.generator.test_wire import naive_mix, naive_sum

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
FOUR = st.integers(0, 2**32 - 1).map(lambda n: bytes(10) + b"\xff\xff" + n.to_bytes(4, "big"))
SIX = st.binary(min_size=16, max_size=16)


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def low(address: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(address[8:], "big"))


def both(address: bytes) -> tuple[np.uint64, np.uint64]:
    return np.uint64(int.from_bytes(address[:8], "big")), low(address)


@pytest.mark.parametrize("vlan", [0, 1, 0xE0FF])
def test_a_link_header_is_the_one_that_scapy_builds(vlan: int) -> None:
    near, far = "02:11:22:33:44:55", "02:66:77:88:99:aa"
    out = np.zeros(20, np.uint8)
    link(out, np.int64(2), *(np.uint64(int(mac.replace(":", ""), 16)) for mac in (near, far)), np.uint64(vlan))
    tag = vlan.to_bytes(2, "big")
    expected = bytes(Ether(src=near, dst=far))[:12] + (b"\x81\x00" + tag if vlan else b"")
    assert out.tobytes() == (bytes(2) + expected).ljust(20, b"\0")


@given(
    FOUR,
    FOUR,
    st.integers(1, 255),
    st.integers(0, 30),
    st.integers(0, 0xFFFF),
    st.integers(0, 255),
    st.integers(20, 1500),
)
def test_an_ipv4_header_is_the_one_that_scapy_builds(
    sender: bytes, receiver: bytes, ttl: int, routers: int, number: int, tos: int, size: int
) -> None:
    fields = {"ihl": 5, "tos": tos, "len": size, "flags": "DF", "proto": 6}
    zeroed = bytes(IP(**fields, ttl=ttl, id=0, src="0.0.0.0", dst="0.0.0.0", chksum=0))
    out = np.concatenate([np.full(3, 0xAA, np.uint8), array(zeroed)])
    known = np.uint64(naive_sum(zeroed))
    addresses = ipv4(out, np.int64(3), low(sender), low(receiver), np.int64(routers), np.uint64(number), known)
    left = max(ttl - routers, 1)
    assert out[3:].tobytes() == bytes(IP(**fields, ttl=left, id=number, src=to_text(sender), dst=to_text(receiver)))
    assert int(addresses) % 0xFFFF == naive_sum(sender[12:] + receiver[12:]) % 0xFFFF


def test_an_identification_of_the_template_stays() -> None:
    zeroed = bytes(IP(id=54321, ttl=9, src="0.0.0.0", dst="0.0.0.0", chksum=0, len=20, ihl=5))
    out, ends = array(zeroed).copy(), [low(to_bytes(text)) for text in ("198.18.0.1", "198.18.0.2")]
    ipv4(out, np.int64(0), *ends, np.int64(0), np.uint64(0), np.uint64(naive_sum(zeroed)))
    assert IP(out.tobytes()).id == 54321
    assert naive_sum(out.tobytes()) % 0xFFFF == 0  # RFC 1071: with its checksum it sums to all ones


@given(SIX, SIX, st.integers(1, 255), st.integers(0, 30))
def test_an_ipv6_header_is_the_one_that_scapy_builds(sender: bytes, receiver: bytes, limit: int, routers: int) -> None:
    out = array(bytes(IPv6(hlim=limit, src="::", dst="::", nh=17, plen=9, tc=3, fl=77))).copy()
    addresses = ipv6(out, np.int64(0), both(sender), both(receiver), np.int64(routers))
    fields = {"hlim": max(limit - routers, 1), "nh": 17, "plen": 9, "tc": 3, "fl": 77}
    ends = [str(IPv6(bytes(8) + sender + receiver).src), str(IPv6(bytes(8) + sender + receiver).dst)]
    assert out.tobytes() == bytes(IPv6(**fields, src=ends[0], dst=ends[1]))
    assert int(addresses) % 0xFFFF == naive_sum(sender + receiver) % 0xFFFF


@pytest.mark.parametrize("liar", ["", "0a:0b:0c:0d:0e:0f"])
@pytest.mark.parametrize(("operation", "broadcast"), [(1, True), (1, False), (2, False)])
@pytest.mark.parametrize("vlan", [0, 77])
def test_an_arp_frame_is_the_one_that_scapy_builds(operation: int, broadcast: bool, liar: str, vlan: int) -> None:
    frame = headers.arp(operation, broadcast=broadcast, mac=liar)
    out = array(frame).copy()
    row = np.zeros(1, FRAME)
    row["length"] = len(frame)
    complete(out, row)
    near, far = "02:11:22:33:44:55", "02:66:77:88:99:aa"
    out = np.concatenate([np.zeros(4 if vlan else 0, np.uint8), out])
    ends = [low(to_bytes(text)) for text in ("198.18.3.4", "198.19.5.6")]
    numbers = [np.uint64(int(mac.replace(":", ""), 16)) for mac in (near, far)]
    arp(out, np.int64(0), *ends, *numbers, np.uint64(vlan))
    head = Ether(src=liar or near, dst="ff:ff:ff:ff:ff:ff" if broadcast else far)
    expected = (head / Dot1Q(vlan=vlan) if vlan else head) / ARP(
        op=operation,
        hwsrc=liar or near,
        psrc="198.18.3.4",
        hwdst=far if operation == 2 else "00:00:00:00:00:00",
        pdst="198.19.5.6",
    )
    assert out.tobytes() == bytes(expected)


def naive_ticks(sender: bytes, receiver: bytes, ts: int) -> int:
    base = int.from_bytes(sender[8:], "big") * GOLDEN + int.from_bytes(receiver[8:], "big")
    return (naive_mix(base & MASK) + ts // 10**6) % 2**32


@given(SIX, SIX, st.integers(0, 2**62), st.integers(0, 2**62), st.integers(0, 5))
def test_timestamps_are_milliseconds_of_the_pair_at_even_and_odd_places(
    sender: bytes, receiver: bytes, ts: int, echo: int, option: int
) -> None:
    out = np.zeros(20, np.uint8)
    ends = low(sender), low(receiver)
    total = timestamps(out, np.int64(2), np.int64(option), *ends, np.int64(ts), np.int64(echo))
    value = naive_ticks(sender, receiver, ts).to_bytes(4, "big")
    value += naive_ticks(receiver, sender, echo).to_bytes(4, "big") if echo else bytes(4)
    assert out.tobytes() == (bytes(2 + option) + value).ljust(20, b"\0")
    assert int(total) % 0xFFFF == naive_sum(out.tobytes()) % 0xFFFF


def test_what_one_side_echoes_is_what_the_other_stamped() -> None:
    client, server = (low(to_bytes(text)) for text in ("198.18.0.1", "198.18.0.2"))
    asked, answered, sent = np.zeros(8, np.uint8), np.zeros(8, np.uint8), np.int64(1_784_970_000_123_456_789)
    timestamps(asked, np.int64(0), np.int64(0), client, server, sent, np.int64(0))
    timestamps(answered, np.int64(0), np.int64(0), server, client, sent + 30_000_000, sent)
    assert answered[4:].tobytes() == asked[:4].tobytes()
    assert answered[:4].tobytes() != asked[:4].tobytes()


@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=6).filter(lambda e: len(e) % 2 == 0),
    st.integers(0, 2**32 - 1),
)
def test_a_selective_ack_is_moved_and_the_sum_with_it(edges: list[int], base: int) -> None:
    before = b"\x01\x01\x05" + bytes([2 + 4 * len(edges)]) + b"".join(edge.to_bytes(4, "big") for edge in edges)
    out = array(before).copy()
    gained = selective(out, np.int64(4), np.uint64(base))
    moved = [(edge + base) % 2**32 for edge in edges]
    assert out.tobytes() == before[:4] + b"".join(edge.to_bytes(4, "big") for edge in moved)
    # RFC 1071: sums are equal as one's complement numbers.
    assert (naive_sum(before) + int(gained)) % 0xFFFF == naive_sum(out.tobytes()) % 0xFFFF
