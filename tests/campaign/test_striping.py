"""However many stripes make a campaign, together they make the frames of one generator, and the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from campaign.striping import Made, Stripe, slices, stripes_of, tick_edges
from detector.config import Config
from detector.shard_meter import Setup
from generator.traffic import chunks
from generator.workload import Share
from tests.generator.helpers import WORKLOAD

WORK = replace(
    WORKLOAD,
    start_ns=WORKLOAD.start_ns + 123_456_789,
    duration_s=3.0,
    attacks=(Share("syn_flood"), Share("ssh_bruteforce")),
)
SLICE_NS = 500_000_000
TOTAL = slices(WORK, SLICE_NS)


def stripes(count: int) -> list[Stripe]:
    found = [Stripe(WORK, Setup(Config(seed=7), 2, 99), mine, count) for mine in range(count)]
    for one in found:
        one.start(WORK.start_ns, SLICE_NS)
    return found


def frames_of(made: list[Made]) -> list[tuple[int, int, bytes]]:
    rows: dict[int, tuple[int, int, bytes]] = {}
    for part in made:
        for parcel in part.parcels:
            columns = [parcel.frames.column(name) for name in ("ts", "frame")]
            for number, ts, frame in zip(
                parcel.numbers.tolist(), columns[0].cast(pa.int64()).to_pylist(), columns[1].to_pylist(), strict=True
            ):
                rows[number] = (number, ts, frame)
    return [rows[number] for number in sorted(rows)]


@pytest.fixture(scope="module")
def whole() -> tuple[pa.Table, pa.Table]:
    found = list(chunks(WORK))
    return pa.Table.from_batches([c.frames for c in found]), pa.Table.from_batches([c.truth for c in found])


@pytest.mark.parametrize("count", [1, 3])
def test_the_same_bytes_whatever_the_number(whole: tuple[pa.Table, pa.Table], count: int) -> None:
    shards = stripes(count)
    made = [[shard.make(number) for shard in shards] for number in range(TOTAL)]
    rows = frames_of([part for parts in made for part in parts])
    frames, truth = whole
    assert [row[2] for row in rows] == frames.column("frame").to_pylist()
    assert [row[1] for row in rows] == frames.column("ts").cast(pa.int64()).to_pylist()
    assert [row[0] for row in rows] == list(range(frames.num_rows))
    told = [next(part.truth for part in parts if part.truth is not None) for parts in made]
    assert pa.Table.from_batches(told).num_rows == truth.num_rows
    assert sum(part[0].attempts for part in made) == shards[0].attempts
    for parts in made:
        assert all(np.array_equal(part.slice.edges, parts[0].slice.edges) for part in parts)
        assert (parts[0].slice.edges[:, 1] * 50_000_000 < parts[0].slice.through).all()


def test_any_slice_can_be_made_again() -> None:
    (one,), (other,) = stripes(1), stripes(1)
    made = [one.make(number) for number in range(TOTAL)]
    for number in (4, 1, 2):
        assert frames_of([other.make(number)]) == frames_of([made[number]])


def test_stripes_are_of_a_size() -> None:
    seeds = np.random.default_rng(1).integers(0, 2**64, 10_000, np.uint64)
    assert np.bincount(stripes_of(seeds, 4)).min() > 2300


def test_edges_are_where_ticks_end() -> None:
    found = tick_edges(np.array([0, 1, 49, 50, 51, 250]), 100, 50, 2)
    assert found.tolist() == [[102, 0], [103, 0], [105, 1], [106, 5]]
    assert tick_edges(np.zeros(0, np.int64), 5, 50, 2).shape == (0, 2)
