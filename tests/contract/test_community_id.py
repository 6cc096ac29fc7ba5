from __future__ import annotations

import communityid
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.addresses import to_bytes
from contract.community_id import community_id, community_ids

ADDRESS = st.integers(1, 250).map(lambda n: f"198.18.0.{n}")
ADDRESS6 = st.integers(1, 250).map(lambda n: f"2001:2::{n:x}")
PAIR = st.one_of(st.tuples(ADDRESS, ADDRESS), st.tuples(ADDRESS6, ADDRESS6))


@given(PAIR, st.integers(0, 65535), st.integers(0, 65535), st.sampled_from([6, 17, 132]))
def test_ported_protocols_agree_with_the_reference_package(
    pair: tuple[str, str], src_port: int, dst_port: int, protocol: int
) -> None:
    flow = communityid.FlowTuple(protocol, *pair, src_port, dst_port)
    ours = community_id(to_bytes(pair[0]), to_bytes(pair[1]), src_port, dst_port, protocol)
    assert ours == communityid.CommunityID().calc(flow)
    assert ours == community_id(to_bytes(pair[1]), to_bytes(pair[0]), dst_port, src_port, protocol)


@given(st.tuples(ADDRESS, ADDRESS), st.integers(0, 45), st.integers(0, 15))
def test_icmp_agrees_with_the_reference_package(pair: tuple[str, str], kind: int, code: int) -> None:
    flow = communityid.FlowTuple.make_icmp(*pair, kind, code)
    assert community_id(to_bytes(pair[0]), to_bytes(pair[1]), kind, code, 1) == communityid.CommunityID().calc(flow)


@given(st.tuples(ADDRESS6, ADDRESS6), st.integers(1, 150), st.integers(0, 15))
def test_icmp6_agrees_with_the_reference_package(pair: tuple[str, str], kind: int, code: int) -> None:
    flow = communityid.FlowTuple.make_icmp6(*pair, kind, code)
    assert community_id(to_bytes(pair[0]), to_bytes(pair[1]), kind, code, 58) == communityid.CommunityID().calc(flow)


ANY_PORTS = st.tuples(st.integers(0, 65535), st.integers(0, 65535))
KINDS = st.tuples(st.integers(0, 45), st.integers(0, 15))
FLOW = st.one_of(
    st.tuples(PAIR, ANY_PORTS, st.sampled_from([2, 6, 17, 47, 132, 255, 0x0806])),
    st.tuples(st.tuples(ADDRESS, ADDRESS), KINDS, st.just(1)),
    st.tuples(st.tuples(ADDRESS6, ADDRESS6), st.tuples(st.integers(0, 150), st.integers(0, 15)), st.just(58)),
)


def reference(pair: tuple[str, str], ports: tuple[int, int], protocol: int) -> str:
    """What the package says; it makes no id of what has no IP protocol."""
    if protocol > 255:
        return ""
    if protocol in (1, 58):
        make = communityid.FlowTuple.make_icmp if protocol == 1 else communityid.FlowTuple.make_icmp6
        return communityid.CommunityID().calc(make(*pair, *ports))
    if protocol in (6, 17, 132):
        return communityid.CommunityID().calc(communityid.FlowTuple(protocol, *pair, *ports))
    return communityid.CommunityID().calc(communityid.FlowTuple.make_ip(*pair, protocol))


@given(st.lists(FLOW, max_size=12))
def test_columns_agree_with_the_reference_package_and_with_one_by_one(flows) -> None:
    src, dst = (
        np.frombuffer(b"".join(to_bytes(flow[0][side]) for flow in flows), np.uint8).reshape(-1, 16) for side in (0, 1)
    )
    ports = [np.array([flow[1][side] for flow in flows], np.uint16) for side in (0, 1)]
    protocols = np.array([flow[2] for flow in flows], np.uint16)
    found = community_ids(src, dst, *ports, protocols).to_pylist()
    assert found == [reference(*flow) for flow in flows]
    assert found == [community_id(*(to_bytes(a) for a in pair), *two, number) for pair, two, number in flows]


def test_arp_has_none() -> None:
    assert community_id(to_bytes("198.18.0.1"), to_bytes("198.18.0.2"), 0, 0, 0x0806) == ""


def test_a_column_of_flows() -> None:
    src = np.frombuffer(to_bytes("198.18.0.1") + to_bytes("198.18.0.2"), np.uint8).reshape(2, 16)
    ports = np.array([1, 2], np.uint16)
    ids = community_ids(src, src[::-1], ports, ports[::-1], np.array([6, 6], np.uint16))
    assert ids.to_pylist()[0] == ids.to_pylist()[1] != ""
    with pytest.raises(ValueError, match="argument"):
        community_ids(src, src[:1], ports, ports, ports)
