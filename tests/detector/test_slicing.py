"""Slices are whole ticks, and together all frames in order."""

from __future__ import annotations

import numpy as np

from detector.config import Config
from detector.shard_meter import Setup
from detector.slicing import Cut, Slicer
from tests.detector.streams import batch, tcp

MS = 1_000_000


def cuts(times: list[int], rows: int, most: int = 1 << 16) -> list[Cut]:
    slicer = Slicer(Setup(Config(tick_frames=most, late_ns=0), 2, 1), rows)
    frames = [(at, tcp("198.18.0.1", "198.18.0.2", 1000 + n, 80)) for n, at in enumerate(times)]
    for low in range(0, len(frames), 7):
        slicer.feed(batch(frames[low : low + 7]))
    slicer.finish()
    found = slicer.cuts()
    first = found[0].slice.edges[0, 1] if found else 0
    for cut in found:
        cut.slice.edges[:, 1] -= first
    return found


def test_a_slice_ends_with_a_tick_once_it_has_enough() -> None:
    found = cuts([n * 10 * MS for n in range(50)], rows=12)
    assert [cut.slice.edges.tolist() for cut in found] == [
        [[5, 0], [10, 1], [15, 2]],
        [[20, 3], [25, 4], [30, 5]],
        [[35, 6], [40, 7], [45, 8]],
        [[50, 9]],
    ]
    numbers = [np.sort(np.concatenate([parcel.numbers for parcel in cut.parcels])).tolist() for cut in found]
    assert numbers == [list(range(low, min(low + 15, 50))) for low in range(0, 50, 15)]
    assert [cut.slice.offered for cut in found] == [15, 15, 15, 5]


def test_a_tick_of_very_many_frames_is_cut() -> None:
    (found,) = cuts([0] * 25 + [60 * MS], rows=100, most=10)
    assert found.slice.edges.tolist() == [[10, 0], [20, 0], [25, 0], [26, 1]]


def test_nothing_gives_nothing() -> None:
    assert cuts([], rows=1) == []
