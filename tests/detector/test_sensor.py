from __future__ import annotations

import numpy as np

from detector.flow_rows import joined
from detector.flowtable import NOT_ENDED
from detector.sensor import Sensor
from tests.conformance.test_same_answer import CONFIG
from tests.detector.streams import SECOND, START, batch, tcp

MS = 1_000_000
SYN = tcp("198.18.0.1", "198.18.0.2", 1025, 80)
DATA = tcp("198.18.0.1", "198.18.0.2", 1025, 80, 24, b"GET / HTTP/1.1\r\n\r\n", 2)


def test_each_tick_tells_of_what_it_touched_and_when():
    sensor = Sensor(CONFIG)
    assert sensor.through == 0
    sensor.feed(batch([(3 * MS, SYN), (4 * MS, DATA), (70 * MS, DATA), (200 * MS, SYN)]))
    first, second = sensor.rows()
    assert [rows.tick.tolist() for rows in (first, second)] == [[START + 50 * MS], [START + 100 * MS]]
    assert (first.touched.tolist(), second.touched.tolist()) == ([START + 3 * MS], [START + 70 * MS])
    assert (first.records["packets"][0].tolist(), second.records["packets"][0].tolist()) == ([2, 0], [3, 0])
    assert sensor.through == START + 150 * MS
    assert sensor.rows() == []


def test_first_bytes_are_told_once_and_again_when_they_may_have_been_missed():
    sensor = Sensor(CONFIG)
    sensor.feed(batch([(3 * MS, SYN), (4 * MS, DATA), (70 * MS, SYN), (200 * MS, SYN)]))
    first, second = sensor.rows()
    assert first.records["payload_kept"][0, 0] == 18
    assert bytes(first.payload[0, 0, :18]).startswith(b"GET /")
    assert second.records["payload_kept"][0, 0] == 0
    sensor.forget()
    sensor.feed(batch([(400 * MS, SYN)]))
    assert sensor.rows()[0].records["payload_kept"][0, 0] == 18


def test_at_its_end_it_tells_when_flows_would_end():
    sensor = Sensor(CONFIG)
    sensor.feed(batch([(3 * MS, SYN)]))
    sensor.finish()
    told = sensor.rows()
    assert sensor.done
    assert sensor.through > START * 2
    assert told[0].records["ended"].tolist() == [NOT_ENDED]
    assert told[-1].records["ended"].tolist() == [0]  # idle
    assert told[-1].tick[0] == START + 61 * SECOND
    assert np.array_equal(told[-1].touched, told[-1].tick)
    assert sensor.settle().as_dict()["balanced"]


def test_one_that_saw_nothing_is_done_at_once():
    sensor = Sensor(CONFIG)
    sensor.finish()
    assert (sensor.done, sensor.rows(), sensor.frames) == (True, [], 0)


def test_flows_that_are_over_give_their_slots_back():
    sensor = Sensor(CONFIG)
    for second in range(80):
        frames = [(second * SECOND + n * MS, tcp("198.18.0.1", "198.18.0.2", second * 10 + n, 80)) for n in range(10)]
        sensor.feed(batch(frames))
    assert sensor.meter.counts()["live"] < 700
    rows = joined(sensor.rows())
    assert (rows.records["ended"] != NOT_ENDED).sum() >= 150
