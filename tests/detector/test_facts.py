"""Figures of an incident, read from its arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.facts import as_bytes, estimate, facts_of, mac_text, sample_flows
from detector.flowtable import FLOW
from detector.gathering import gather
from detector.incidents import REGISTERS, new_incidents, new_marks
from detector.incidents import _sketch as sketch
from detector.policy import Policy
from tests.detector.incident_facts import FACTS

MAPPED = 0xFFFF << 32


def test_figures_are_those_of_the_flows() -> None:
    table = np.zeros(3, FLOW)
    table["flow_id"], table["protocol"] = [7, 8, 9], 6
    table["address"][:, 0, 1], table["address"][:, 1, 1] = MAPPED | 0xC6120009, MAPPED | 0xC6120101
    table["port"], table["first"], table["last"] = (
        [[1000, 22], [1001, 22], [1002, 23]],
        [10**9, 2 * 10**9, 4 * 10**9],
        5 * 10**9,
    )
    table["packets"], table["bytes"] = [[1, 0], [2, 1], [3, 1]], [[40, 0], [80, 40], [120, 60]]
    state, marks = new_incidents(4, 3), new_marks(3)
    bars = Policy().tables(("benign", "port_scan", "syn_flood")).table
    slots = np.arange(3, dtype=np.int32)
    gather(state, bars, table, marks, slots, np.ones(3, np.int16), np.full(3, 0.9, np.float32), 10**10)
    found = facts_of(state, 0, "port_scan")
    assert (found.attackers, found.victims, found.ports) == (["198.18.0.9"], ["198.18.1.1"], [22, 23])
    assert (found.flows, found.unanswered, found.packets, found.bytes_) == (3, 1, (6, 2), (240, 100))
    assert (found.first, found.last, found.seconds) == (10**9, 5 * 10**9, 4.0)
    assert (found.gaps, found.gap_mean, found.gap_deviation) == (2, 1.5, 0.5)
    assert found.rate == 0.75
    assert found.share(found.unanswered) == pytest.approx(1 / 3)
    samples = sample_flows(state, 0)
    assert [sample["flow_id"] for sample in samples] == [7, 8, 9]
    assert samples[0]["src"] == "198.18.0.9"
    assert samples[0]["community_id"].startswith("1:")


def test_shares_of_nothing_are_none() -> None:
    assert replace(FACTS, flows=0).share(5) == 0.0
    assert as_bytes(np.array([[1, 2]], np.uint64)).tolist() == [[0] * 7 + [1] + [0] * 7 + [2]]
    assert mac_text(0x0200000000AB) == "02:00:00:00:00:ab"
    assert mac_text(0) == ""


@pytest.mark.parametrize("distinct", [0, 10, 400, 3000, 60_000])
def test_the_sketch_counts_within_a_tenth(distinct: int) -> None:
    registers = np.zeros(REGISTERS, np.uint8)
    for value in np.random.default_rng(1).integers(0, 1 << 63, distinct):
        sketch(registers, np.uint64(value))
        sketch(registers, np.uint64(value))
    assert abs(estimate(registers) - distinct) <= 0.1 * distinct
