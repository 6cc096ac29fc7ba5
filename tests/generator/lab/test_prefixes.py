"""The kernel against the same question asked of `ipaddress`."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UnsafeError
from generator.lab.prefixes import Prefixes, check, first_outside

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
V4 = st.integers(0, 2**17 - 1).map(lambda n: ipaddress.IPv4Address(0xC6120000 + n))
V6 = st.integers(0, 2**20 - 1).map(lambda n: ipaddress.IPv6Address((0x200100020000 << 80) + (n << 60)))
NETWORKS = st.lists(
    st.one_of(
        st.tuples(V4, st.integers(15, 32)).map(lambda pair: ipaddress.ip_network(pair, strict=False)),
        st.tuples(V6, st.integers(48, 128)).map(lambda pair: ipaddress.ip_network(pair, strict=False)),
    ),
    min_size=1,
    max_size=4,
)
FRAME = st.tuples(st.sampled_from(["ip", "arp"]), st.sampled_from([V4, V6]), st.integers(0, 2)).flatmap(
    lambda kind: st.tuples(st.just(kind[0]), kind[1], kind[1], st.just(kind[2]))
)


def build(kind: str, src: Address, dst: Address, tags: int) -> bytes:
    link = bytes(12) + b"\x81\x00\x00\x07" * tags
    if src.version == 6:
        return link + b"\x86\xdd" + bytes(8) + src.packed + dst.packed
    if kind == "arp":
        return link + b"\x08\x06" + bytes(14) + src.packed + bytes(6) + dst.packed
    return link + b"\x08\x00" + bytes(12) + src.packed + dst.packed


def first(frames: list[bytes], networks: list[Network]) -> int:
    offsets = np.cumsum([0, *map(len, frames)]).astype(np.int32)
    return int(first_outside(np.frombuffer(b"".join(frames), np.uint8), offsets, *Prefixes.of(networks)))


@given(st.lists(FRAME, min_size=1, max_size=6), NETWORKS)
def test_the_first_with_an_address_outside_is_found(
    frames: list[tuple[str, Address, Address, int]], networks: list[Network]
) -> None:
    def inside(address: Address) -> bool:
        return any(address in network for network in networks)

    bad = [not (inside(src) and inside(dst)) for _, src, dst, _ in frames]
    assert first([build(*frame) for frame in frames], networks) == (bad.index(True) if any(bad) else -1)


ALL: list[Network] = [ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("2001:2::/48")]
GOOD = build("ip", ipaddress.IPv4Address("198.18.0.1"), ipaddress.IPv4Address("198.19.0.1"), 1)


def test_what_cannot_be_read_is_outside() -> None:
    assert first([GOOD], ALL) == -1
    for broken in (GOOD[:-1], GOOD[:13], b"", bytes(60), GOOD[:16] + b"\x88\xcc" + bytes(60)):
        assert first([GOOD, broken], ALL) == 1


def test_an_arp_probe_may_have_no_sender() -> None:
    none, target = ipaddress.IPv4Address(0), ipaddress.IPv4Address("198.18.0.1")
    assert first([build("arp", none, target, 0)], ALL) == -1
    assert first([build("arp", target, none, 0)], ALL) == 0
    assert first([build("ip", none, target, 0)], ALL) == 0


def test_it_is_an_error() -> None:
    offsets = np.array([0, len(GOOD)], np.int32)
    only = Prefixes.of([ipaddress.ip_network("198.18.0.0/24")])
    with pytest.raises(UnsafeError, match="lab file"):
        check(np.frombuffer(GOOD, np.uint8), offsets, only)
