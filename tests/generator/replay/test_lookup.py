"""The mappings: bijections where they say so, with fixed points where they say so."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.addresses import to_bytes
from tests.generator.replay.helpers import batch, partner, people_of
from tests.generator.replay.packets import KINDS, made

PEOPLE = people_of(batch([made(kind, lambda name: name, b"") for kind in KINDS]))


@given(st.sets(st.integers(1, (1 << 48) - 2), max_size=200))
def test_mac_addresses_are_local_and_do_not_meet(macs: set[int]) -> None:
    clear = {mac & ~(1 << 41) for mac in macs} - {0}  # those that differ in the local bit alone may meet
    found = PEOPLE.macs(sorted(clear))
    assert len(set(found)) == len(clear)
    assert all(mac >> 41 & 1 for mac in found)
    assert [mac >> 40 & 1 for mac in found] == [mac >> 40 & 1 for mac in sorted(clear)]


def test_nobody_and_everybody_stay_so() -> None:
    assert PEOPLE.macs([0, 0xFFFFFFFFFFFF]) == [0, 0xFFFFFFFFFFFF]
    named = partner(PEOPLE)
    assert named("255.255.255.255") == "198.19.255.255"
    assert named("0.0.0.0") == "198.18.0.0"
    assert named("::") == "2001:2::"


@given(st.sets(st.integers(0, (1 << 64) - 1), max_size=100))
def test_hosts_of_one_ipv6_network_do_not_meet(hosts: set[int]) -> None:
    rows = np.array([[*to_bytes("fe80::")[:8], *host.to_bytes(8, "big")] for host in sorted(hosts)], np.uint8)
    found = PEOPLE.addresses(rows.reshape(-1, 16))
    assert len({row.tobytes() for row in found}) == len(hosts)
    assert len({row[:8].tobytes() for row in found}) <= 1
    assert all(row[:6].tobytes() == bytes.fromhex("200100020000") for row in found)
