"""Shards count as one meter does: every fact of every flow, the order of a tick, what is dropped."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from detector.meter import Meter
from detector.shards import CHUNK_FRAMES
from tests.detector.captured import START, A, B, batch_of, eth, ip4, tcp, udp

SECOND = 10**9


def frames():
    out = []
    for n in range(400):
        out.append(eth(ip4(A, B, 17, udp(n % 97 + 1, 53))))
        out.append(eth(ip4(B, A, 6, tcp(80, 4000 + n % 31, 16))))
        if n % 20 == 3:  # in two fragments, and refused
            packet = ip4(A, B, 17, udp(n % 7 + 1, 53))
            out.append(eth(ip4(A, B, 17, udp(n % 7 + 1, 53), ident=n, place=0x2000)))
            out.append(eth(ip4(A, B, 17, bytes(24), ident=n, place=2)))
            out.append(eth(ip4(B, A, 1, struct.pack("!BBHI", 3, 3, 0, 0) + packet[:28])))
        if n % 50 == 7:
            out.append(b"short")
    return out


def facts(meter: Meter, slots):
    flows = meter.table.flows[slots]
    rare = meter.table.rare.rows[meter.table.rare.of[slots]]
    return [
        *(flows[name].tolist() for name in flows.dtype.names if name not in ("spare", "payload_row")),
        *(rare[name].tolist() for name in rare.dtype.names),
    ]


def ticks(meter: Meter):
    """All that can be seen of some ticks."""
    seen = []
    data = frames()
    for low in range(0, len(data), 300):
        part = data[low : low + 300]
        dropped = meter.update(batch_of(part, [START + (low + n) * SECOND // 10 for n in range(len(part))]))
        ended = meter.expire(START + (low + 300) * SECOND // 10)
        dirty = meter.dirty()
        seen += [
            dropped,
            facts(meter, dirty),
            facts(meter, ended),
            meter.table.payload[meter.table.flows["payload_row"][dirty]].tolist(),
        ]
        meter.clear_dirty()
        meter.release(ended)
    seen.append(facts(meter, meter.finish()))
    counts = meter.counts()
    counts.pop("slots_used")
    meter.close()
    return [*seen, counts]


@pytest.mark.parametrize("shards", [2, 5])
def test_threads_count_as_one_does(shards):
    assert ticks(Meter(capacity=512, idle_s=20, shards=shards, seed=1)) == ticks(Meter(capacity=512, idle_s=20, seed=1))


def test_processes_count_as_one_does():
    meter = Meter(capacity=512, idle_s=20, shards=2, processes=True, seed=1)
    assert ticks(meter) == ticks(Meter(capacity=512, idle_s=20, seed=1))


def test_more_frames_than_a_chunk_holds():
    data = [eth(ip4(A, B, 17, udp(n % 97 + 1, 53))) for n in range(CHUNK_FRAMES + 77)]
    meter = Meter(capacity=512, shards=2)
    meter.update(batch_of(data, [START] * len(data)))
    slots = meter.finish()
    assert int(meter.table.flows["packets"][slots].sum()) == len(data)
    assert np.array_equal(np.sort(meter.table.flows["flow_id"][slots]), np.arange(1, 98))
    meter.close()
