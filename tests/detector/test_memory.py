"""Memory that was taken ahead is there when it is written, and holds what it held."""

from __future__ import annotations

import mmap
import resource

import numpy as np
import pytest

from detector.config import Config
from detector.memory import touch
from detector.pipeline import Detector
from tests.detector.streams import always, batch, tcp

PAGE = 4096


def faults_of_writing(array) -> int:
    if not hasattr(resource, "RUSAGE_THREAD"):
        pytest.skip("this system does not count a thread's page faults")
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    array[:: PAGE // array.itemsize] = 1
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def fresh() -> np.ndarray:
    """Memory that nobody in this process has used before; too small for huge pages."""
    return np.frombuffer(mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), np.int64)


def test_who_writes_to_memory_that_was_taken_does_not_wait_for_the_system() -> None:
    taken, untaken = fresh(), fresh()
    pages = taken.nbytes // PAGE
    assert touch(taken) == taken.nbytes
    assert faults_of_writing(untaken) > pages // 2 > faults_of_writing(taken)


def test_what_was_there_stays() -> None:
    array = np.arange(10_000, dtype=np.uint32)
    assert touch(array, 100, 9_000) == 8_900 * 4
    assert (array == np.arange(10_000)).all()
    assert touch(array[:0]) == 0


@pytest.mark.parametrize("shards", [1, 2])
def test_a_detector_that_took_its_memory_ahead_says_the_same(shards) -> None:
    frames = batch((n * 60_000_000, tcp("198.18.0.9", "198.18.1.1", 40000, n)) for n in range(1, 60))
    said = []
    for flows in (0, 300):
        detector = Detector(Config(capacity=256, seed=1, shards=shards), always("port_scan"))
        if flows:
            assert detector.take_memory(flows) > flows * detector.meter.table.flows.itemsize
        detector.feed(frames)
        detector.finish()
        outputs = detector.outputs()
        said.append((outputs.flows, outputs.verdicts, [alert.as_dict() for alert in outputs.alerts]))
        detector.close()
    assert said[0] == said[1]
    assert said[0][2]
