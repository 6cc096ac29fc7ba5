from __future__ import annotations

import numpy as np
import pytest

from detector.flow_rows import joined, taken
from detector.flowtable import END_OF_INPUT, IDLE, LIVE, NEVER
from detector.remote_meter import GRACE_NS, RemoteMeter
from detector.sensor import Sensor
from tests.conformance.test_same_answer import CONFIG, traffic
from tests.detector.streams import SECOND, START, batch


@pytest.fixture(scope="module")
def ticks():
    sensor = Sensor(CONFIG)
    sensor.feed(batch(sorted(traffic(1.0), key=lambda frame: frame[0])))
    sensor.finish()
    return sensor.rows()


def one(rows):
    return np.ones(len(rows.records), np.uint32)


def live(ticks):
    return [rows for rows in ticks if rows.tick[0] < START + 2 * SECOND]


def test_packets_count_once_however_often_a_flow_is_told_of(ticks):
    meter = RemoteMeter(1 << 12)
    packets = 0
    for rows in live(ticks):
        packets += meter.apply(rows, one(rows))
        assert meter.apply(rows, one(rows)) == 0
        assert len(meter.dirty()) == len(rows.records)
        meter.clear_dirty()
    ended = meter.finish()
    assert meter.table.flows["packets"][ended].sum() == packets
    assert (np.diff(meter.table.flows["flow_id"][ended].astype(np.int64)) > 0).all()


def test_two_sensors_may_use_the_same_numbers(ticks):
    meter = RemoteMeter(1 << 12)
    rows = live(ticks)[0]
    meter.apply(rows, one(rows))
    meter.apply(rows, one(rows) * 2)
    assert meter.counts()["live"] == 2 * len(np.unique(rows.records["flow_id"]))


def test_of_a_flow_that_stands_in_several_rows_the_last_counts(ticks):
    first, second = live(ticks)[:2]
    both = joined([first, second])
    meter = RemoteMeter(1 << 12)
    packets = meter.apply(both, one(both))
    twin = RemoteMeter(1 << 12)
    assert packets == twin.apply(first, one(first)) + twin.apply(second, one(second))
    assert len(np.unique(meter.dirty())) == len(meter.dirty())


def test_slots_come_back(ticks):
    meter = RemoteMeter(600)
    for _ in range(3):
        for rows in ticks:
            meter.apply(rows, one(rows))
            ended = meter.expire(int(rows.tick[-1]))
            meter.clear_dirty()
            meter.release(ended)
        rest = meter.finish()
        meter.clear_dirty()
        meter.release(rest)
        assert meter.counts()["live"] == 0


def test_a_flow_of_which_nobody_tells_any_more_is_ended_after_a_grace(ticks):
    meter = RemoteMeter(1 << 12, idle_s=5.0)
    rows = live(ticks)[0]
    meter.apply(rows, one(rows))
    last = int(rows.records["last"].max())
    assert len(meter.expire(last + 5 * SECOND)) == 0
    ended = meter.expire(last + 5 * SECOND + GRACE_NS)
    assert (meter.table.flows["ended"][ended] == IDLE).all()
    assert len(ended) == len(np.unique(rows.records["flow_id"]))
    assert not (meter.table.flows["state"] == LIVE).any()


def test_at_the_end_all_end(ticks):
    meter = RemoteMeter(1 << 12)
    assert meter.next_end() == NEVER
    rows = live(ticks)[0]
    meter.apply(taken(rows, np.arange(3)), np.ones(3, np.uint32))
    ended = meter.finish()
    assert set(meter.table.flows["ended"][ended].tolist()) == {END_OF_INPUT}


def test_what_finds_no_slot_is_counted(ticks):
    meter = RemoteMeter(1)
    rows = joined(live(ticks))
    meter.apply(rows, one(rows))
    assert meter.counts()["evicted"] > 0
