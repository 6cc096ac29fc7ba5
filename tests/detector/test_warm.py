"""Warming up compiles what a stream will need, and leaves nothing behind."""

from __future__ import annotations

from detector.config import Config
from detector.flow_life import expire
from detector.gathering import gather, members
from detector.meter_kernel import meter_frames
from detector.pipeline import Detector
from detector.warm import warm_up
from store.seen import mark
from tests.detector.streams import always, batch, tcp


def test_nothing_is_compiled_anew_for_a_stream_after_it() -> None:
    warm_up(always("port_scan"))
    kernels = (expire, gather, mark, members, meter_frames)
    before = [len(kernel.signatures) for kernel in kernels]
    assert all(before)
    detector = Detector(Config(capacity=4096), always("port_scan"))
    detector.feed(batch((n * 60_000_000, tcp("198.18.0.9", "198.18.1.1", 40000, n)) for n in range(1, 60)))
    detector.finish()
    assert [len(kernel.signatures) for kernel in kernels] == before
    assert detector.status()["alerts"] == 1
