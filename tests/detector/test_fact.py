"""Helpers of the catalogue; the facts themselves are held to plain arithmetic in test_flow_facts.py."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from detector.fact import both, deviation, look_at, ratio
from tests.detector.captured import A, B, eth, ip4, meter_of, udp


def test_a_ratio_to_nothing_is_nothing():
    assert ratio(np.array([4, 4], np.uint64), np.array([2, 0], np.uint32)).tolist() == [2.0, 0.0]


def test_a_deviation_is_that_of_numpy():
    values = np.array([40, 1500, 52, 52], np.uint64)
    found = deviation(values.sum(keepdims=True), (values**2).sum(keepdims=True), np.array([4]))
    assert found[0] == pytest.approx(values.std())


def test_both_directions_have_a_fact_and_a_look_is_a_copy():
    meter = meter_of([eth(ip4(A, B, 17, udp(4000, 53, b"x")))])
    look = look_at(meter.table, np.array([0], np.int32))
    facts = both("packets", pa.uint32(), "packets", "", "packets", lambda seen, side: seen.flows["packets"][:, side])
    assert [(fact.name, fact.compute(look).tolist()) for fact in facts] == [("packets_fwd", [1]), ("packets_bwd", [0])]
    meter.table.flows["packets"][0] = 7
    assert facts[0].compute(look).tolist() == [1]
    assert look.seconds.tolist() == [0.0]
