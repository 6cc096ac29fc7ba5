"""The process of a shard, from its own side; with a real one: test_shards.py and test_shard_processes.py."""

from __future__ import annotations

import os

import numpy as np

from detector.flow_life import Limits
from detector.shard_processes import carve
from detector.shard_worker import limits_of, open_part


def test_limits_are_those_that_were_told() -> None:
    limits = Limits(1, 2, 3, 4, np.uint64((1 << 64) - 1), 5)
    assert limits_of([int(number) for number in limits]) == limits
    assert isinstance(limits_of([0] * 6).seed, np.uint64)


def test_the_memory_is_the_one_that_was_handed_on() -> None:
    import mmap

    size = carve(None, 256, 2, fresh=True)[2]
    file = os.memfd_create("test")
    os.ftruncate(file, size)
    ours, _, _ = carve(mmap.mmap(file, size), 256, 2, fresh=True)
    ours.tables[1].deadline[-1] = 7
    part = open_part({"file": file, "capacity": 256, "shards": 2, "number": 1, "limits": [1, 1, 1, 1, 1, 0]})
    part.expire(7)
    assert ours.tables[1].counters[7] == np.iinfo(np.int64).max or ours.tables[1].deadline[-1] == 7
    os.close(file)
