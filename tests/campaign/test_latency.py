from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from campaign.latency import PARTS, Moments, StageLatencies, describe, mean, moments, record
from contract.clock import Clock
from contract.schemas import TIME
from detector.tick_times import TickTimes
from tests.store.helpers import verdicts


def committed(batch: pa.RecordBatch, offset_ns: int) -> pa.Table:
    table = pa.Table.from_batches([batch])
    moments = np.asarray(table.column("decided").cast(pa.int64())) + offset_ns
    return table.append_column("committed", pa.array(moments).cast(TIME))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200))
def test_values_keep_three_digits(values):
    histogram = HdrHistogram(1, 3_600_000_000, 3)
    record(histogram, np.array(values, np.int64))
    assert histogram.get_total_count() == len(values)
    for percent in (50, 100):
        index = max(0, int(np.ceil(percent / 100 * len(values))) - 1)
        exact = max(1, sorted(values)[index] // 1000)
        assert abs(histogram.get_value_at_percentile(percent) - exact) <= max(2, 0.02 * exact)


def test_each_attack_flow_counts_once_with_its_first_verdict():
    codes = np.array([0, 1, 1, 2])
    latencies = StageLatencies()
    first = latencies.add(committed(verdicts(4, codes=codes, final=False), 3_000_000))
    again = latencies.add(committed(verdicts(4, codes=codes, final=True), 9_000_000))
    assert (len(first), len(again)) == (3, 0)
    document = latencies.as_dict()
    assert document["stages"]["commit"]["count"] == 3
    assert document["stages"]["commit"]["percentiles"]["50"] in range(2990, 3011)
    assert document["families"].keys() == {"syn_flood", "web_scan"}


def test_a_histogram_survives_its_encoding():
    histogram = HdrHistogram(1, 3_600_000_000, 3)
    record(histogram, np.arange(1, 1000, dtype=np.int64) * 1_000_000)
    decoded = HdrHistogram.decode(describe(histogram)["hdr"].encode())
    assert decoded.get_total_count() == 999
    assert decoded.get_value_at_percentile(99) == histogram.get_value_at_percentile(99)


def test_nothing_measured_is_null():
    document = StageLatencies().as_dict()
    assert document["stages"]["total"]["count"] == 0
    assert document["stages"]["total"]["percentiles"]["99"] is None


@given(st.lists(st.integers(1, 3_600_000_000), max_size=50))
def test_the_mean_is_the_librarys(values):
    histogram = HdrHistogram(1, 3_600_000_000, 3)
    for value in values:
        histogram.record_value(value)
    assert mean(histogram) == pytest.approx(histogram.get_mean_value(), abs=1)


def test_the_parts_of_a_latency_add_up_to_it():
    ms = 1_000_000
    times = Moments(
        *(
            np.array(column, np.int64) * ms
            for column in (
                [50, 100, 100],
                [60, 130, 135],
                [65, 140, 145],
                [70, 141, 146],
                [75, 143],
                [80, 160],
            )
        )
    )
    decided, committed_at = np.array([50, 100, 100]) * ms, np.array([80, 160, 160]) * ms
    found = times.parts(decided, committed_at)
    assert tuple(found) == PARTS
    assert np.array_equal(sum(found.values()), committed_at - decided)
    # Of the tick that was worked off in two parts, the first: the second was not done when the commit began.
    assert [int(found[name][1] // ms) for name in PARTS] == [30, 10, 1, 2, 17]
    assert [int(found[name][0] // ms) for name in PARTS] == [10, 5, 5, 5, 5]


def test_stages_are_those_of_the_file_of_ticks(tmp_path):
    clock = Clock.start()
    watch = TickTimes(tmp_path / "ticks.arrows", clock)
    watch.received()
    watch.start()
    watch.lap("meter")
    batch = verdicts(4, codes=np.array([0, 1, 1, 2]), final=False)
    watch.end_tick(int(batch.column("decided").cast(pa.int64())[0].as_py()))
    watch.close()
    written, readable = (np.asarray([int(batch.column("decided").cast(pa.int64())[0].as_py()) + n]) for n in (5, 9))
    found = moments(tmp_path / "ticks.arrows", written, readable)
    assert found is not None
    assert moments(tmp_path / "absent", written, readable) is None
    latencies = StageLatencies(found)
    latencies.add(committed(batch, 9))
    stages = latencies.as_dict()["stages"]
    assert all(stages[name]["count"] == 3 for name in PARTS)


def test_a_damaged_file_of_ticks_is_none(tmp_path):
    (tmp_path / "ticks.arrows").write_bytes(b"no Arrow at all")
    assert moments(tmp_path / "ticks.arrows", np.zeros(1, np.int64), np.zeros(1, np.int64)) is None
