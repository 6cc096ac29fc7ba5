"""Facts of what a flow carries: entropy against plain arithmetic, first sizes, DNS."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest

from detector.flow_facts import facts_of_flows
from tests.detector.captured import A, B, eth, ip4, meter_of, udp


def entropy(data):
    counts = Counter(data)
    return -sum(n / len(data) * math.log2(n / len(data)) for n in counts.values())


def facts(frames):
    meter = meter_of([eth(frame) for frame in frames])
    return facts_of_flows(meter.table, np.sort(meter.finish()))


def test_entropy_of_the_first_bytes_of_each_direction():
    rng = random.Random(3)
    bodies = [b"", b"a", b"ab" * 80, bytes(range(128)), bytes(range(256)), rng.randbytes(60)]
    batch = facts([ip4(A, B, 17, udp(4000 + n, 99, body)) for n, body in enumerate(bodies)])
    for body, found in zip(bodies, batch.column("payload_entropy_fwd").to_pylist(), strict=True):
        assert found == pytest.approx(entropy(body[:128]) if body else math.nan, nan_ok=True)
    assert all(math.isnan(value) for value in batch.column("payload_entropy_bwd").to_pylist())


def test_first_sizes_are_lists_of_the_length_they_have():
    frames = [ip4(A, B, 17, udp(1, 2, b"xx")), ip4(B, A, 17, udp(2, 1, b"yyy")), ip4(A, B, 17, udp(3, 4))]
    assert facts(frames).column("first_sizes").to_pylist() == [[2, -3], []]


def test_dns_means_are_over_the_queries():
    query = bytes.fromhex("000101000001000000000000") + b"\x03www\x07example\x03com\0\0\x01\0\x01"
    row = facts([ip4(A, B, 17, udp(4000, 53, query))] * 2)
    assert row.column("dns_name_length").to_pylist() == [15.0]
    assert row.column("dns_queries").to_pylist() == [2]
    assert row.column("dns_type_first").to_pylist() == [1]
