"""Which shard a flow falls to, and that a frame is decoded in two steps as in one."""

from __future__ import annotations

import numpy as np

from detector.flow_life import Limits, blank_record
from detector.flowtable import FLOW
from detector.fragments import new_fragments
from detector.meter_kernel import new_work
from detector.packet import PACKET, columns_of
from detector.shard_kernel import decode_fragments, decode_rows, shard_of
from tests.detector.captured import START, A, B, batch_of, eth, ip4, udp

LIMITS = Limits(1, 1, 1, 1, np.uint64(5), 0)


def test_hashes_spread_evenly() -> None:
    rng = np.random.default_rng(1)
    counts = np.zeros(5, int)
    for hashed in rng.integers(0, 1 << 64, 5000, np.uint64):
        counts[shard_of.py_func(hashed, 5)] += 1
    assert counts.min() > 900
    assert shard_of.py_func(np.uint64((1 << 64) - 1), 5) == 4


def test_a_later_fragment_gets_its_ports_in_the_second_step() -> None:
    first = eth(ip4(A, B, 17, udp(7, 9) + bytes(16), place=0x2000))
    later = eth(ip4(A, B, 17, bytes(16), place=3))
    columns = columns_of(batch_of([first, later], [START, START]))
    rows = np.zeros(3, PACKET)
    scratch = new_work(blank_record(FLOW), 1).fragments
    assert decode_rows(columns, 1, 2, 0, rows, 2, new_fragments(1), LIMITS) == 1
    assert decode_rows(columns, 0, 1, 0, rows, 2, scratch, LIMITS) == 1
    assert rows["port"][:2].tolist() == [[7, 9], [0, 0]]
    decode_fragments(columns, 0, 2, rows, 2, new_fragments(1), LIMITS)
    assert rows["port"][:2].tolist() == [[7, 9], [7, 9]]
    assert rows["hash"][0] == rows["hash"][1]
