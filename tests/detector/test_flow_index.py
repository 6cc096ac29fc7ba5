"""The index against a dictionary: any order of beginnings and ends."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from detector.flow_index import chain_lengths
from detector.meter import Meter
from tests.detector.captured import B, batch_of, eth, ip4, udp


def frame(number, *, reply=False):
    address, ports = struct.pack("!I", 0xC6120000 + number), (number & 7, 53)
    return eth(ip4(B, address, 17, udp(*ports[::-1])) if reply else ip4(address, B, 17, udp(*ports)))


@pytest.mark.parametrize("seed", range(8))
def test_flows_are_found_after_any_deletions(seed):
    rng = random.Random(seed)
    meter = Meter(capacity=60, idle_s=20, seed=seed)
    known: dict[int, tuple[int, int]] = {}  # number -> (last, packets)
    now = 0
    for _ in range(300):
        now += rng.choice([1, 1, 3]) * 10**9
        numbers = [rng.randrange(80) for _ in range(rng.randrange(8))]
        meter.update(batch_of([frame(n, reply=rng.random() < 0.5) for n in numbers], [now] * len(numbers)))
        for n in numbers:
            last, count = known.get(n, (0, 0))
            known[n] = now, (count if last + 20 * 10**9 > now else 0) + 1
        meter.release(meter.expire(now))
        known = {n: row for n, row in known.items() if row[0] + 20 * 10**9 > now}
        flows = meter.table.flows[meter.table.flows["state"] == 1]
        found = dict(zip((flows["key_port"].sum(1) - 53).tolist(), flows["packets"].sum(1).tolist(), strict=True))
        assert len(flows) == len(known) == np.count_nonzero(meter.table.places)
        assert sorted(flows["packets"].sum(1).tolist()) == sorted(count for _, count in known.values())
        assert set(found) == {n & 7 for n in known}
        meter.clear_dirty()


def test_chains_stay_short():
    meter = Meter(capacity=20_000, seed=3)
    meter.update(batch_of([frame(n) for n in range(20_000)]))
    lengths = chain_lengths(meter.table)
    assert len(lengths) == 20_000
    assert lengths.mean() < 1.5
    meter.release(meter.finish())
    assert not meter.table.places.any()
