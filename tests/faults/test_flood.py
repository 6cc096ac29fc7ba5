"""A flood of spoofed sources: memory is that of the table, others' flows keep their counts, nothing is dropped."""

from __future__ import annotations

import numpy as np
import pytest

from detector.config import Config
from detector.flowtable import HIGH_WATER
from detector.pipeline import Detector
from tests.detector.captured import A, B, batch_of, eth, ip4, udp
from tests.detector.streams import always
from tests.faults.floods import spoofed

START = 1_600_000_000_000_000_000
TICK_NS = 50_000_000
ROUNDS, SOURCES, PORTS = 50, 2_048, 300
CAPACITY = 1 << 14


@pytest.fixture(scope="module")
def flooded() -> Detector:
    """102,400 sources in 2.5 s against a table of 16,384 flows, beside 300 ordinary flows of a frame a tick each."""
    detector = Detector(Config(capacity=CAPACITY), always("benign"))
    ours = [eth(ip4(A, B, 17, udp(1000 + n, 53, bytes(20)))) for n in range(PORTS)]
    for number in range(ROUNDS):
        begin = START + number * TICK_NS
        detector.feed(batch_of(ours, begin + np.arange(PORTS)))
        detector.feed(spoofed(SOURCES, number, begin + 1_000_000 + np.arange(SOURCES) * 5000))
    return detector


def test_every_frame_is_metered_and_memory_is_that_of_the_table(flooded: Detector) -> None:
    table = flooded.meter.table
    slots = len(table.flows)
    assert slots == CAPACITY + CAPACITY // 3
    assert table.counters[HIGH_WATER] <= slots
    counts = flooded.status()
    assert counts["live_flows"] <= CAPACITY
    assert counts["flows_evicted"] > ROUNDS * SOURCES - 2 * CAPACITY
    assert counts["hosts_evicted"] > 0
    assert flooded.ledger.stages["decode"].dropped == {}  # the slots of what ended are given back in time


def test_ordinary_flows_keep_their_counts(flooded: Detector) -> None:
    table = flooded.meter.table
    live = table.flows[(table.flows["state"] == 1) & (table.flows["ip_version"] == 4)]
    whole = live[live["packets"][:, 0] == ROUNDS]
    assert len(live) == PORTS
    assert len(whole) == PORTS  # what had one frame gives way to them
    assert (whole["payload"][:, 0] == 20 * ROUNDS).all()


def test_a_full_table_without_room_for_what_ended_drops_and_counts() -> None:
    """Nobody hands out what ended: the last resort is a named drop."""
    from detector.meter import Meter

    meter = Meter(capacity=64, seed=1)
    dropped = meter.update(spoofed(1000, 1, START + np.arange(1000)))
    assert set(dropped) == {"table_full"}
    flows = meter.table.flows[meter.finish()]
    assert int(flows["packets"].sum()) + dropped["table_full"] == 1000
