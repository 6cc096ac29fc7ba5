"""What the bare loop reads itself and what it leaves to the general decoder meet in one flow."""

from __future__ import annotations

import numpy as np

from detector.bare import BareMeter
from detector.bare_kernel import CHUNK
from tests.detector.captured import A6, B6, A, B, batch_of, eth, ip4, ip6, udp


def test_chunks_change_nothing():
    bare = BareMeter(seed=1)
    bare.update(batch_of([eth(ip4(A, B, 17, udp(i % 7, 9, bytes(20)))) for i in range(3 * CHUNK + 5)]))
    assert bare.counts()["live"] == 7
    assert bare.table.flows["packets"][:7, 0].sum() == 3 * CHUNK + 5


def test_both_ways_of_reading_find_one_flow():
    there, back = udp(7, 9, bytes(20)), udp(9, 7, bytes(20))
    bare = BareMeter(seed=1)
    bare.update(
        batch_of([eth(ip4(A, B, 17, there)), eth(ip4(B, A, 17, back, options=bytes(4))), eth(ip4(A, B, 17, there))])
    )
    assert bare.counts()["live"] == 1
    assert bare.table.flows["packets"][0].tolist() == [2, 1]


def test_ipv6_flows_keep_their_addresses_apart():
    bare = BareMeter(seed=1)
    frames = [eth(ip6(A6, B6, 17, udp(1, 2)), 0x86DD), eth(ip6(B6, A6, 17, udp(2, 1)), 0x86DD)]
    bare.update(batch_of(frames))
    (slot,) = bare.finish()
    assert bare.table.flows["packets"][slot].tolist() == [1, 1]
    row = bare.export(np.array([slot], np.int32)).to_pydict()
    assert (row["src"], row["dst"], row["ip_version"]) == ([A6], [B6], [6])
