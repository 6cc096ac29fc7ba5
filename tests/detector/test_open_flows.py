"""Since when flows are open."""

from __future__ import annotations

from detector.flowtable import NEVER
from detector.meter import Meter
from tests.api.helpers import SECOND, START, syn_frames


def test_it_is_the_first_frame_of_the_oldest_that_was_not_handed_out() -> None:
    for shards in (1, 2):
        meter = Meter(capacity=256, idle_s=2.5, shards=shards)
        assert meter.open_since() == NEVER
        for second in range(4):
            meter.update(syn_frames(3, START + second * SECOND, 10 * second))
        assert meter.open_since() == START
        ended = meter.expire(START + 3 * SECOND)
        assert (len(ended), meter.open_since()) == (3, START)  # ended, and not handed out yet
        meter.release(ended)
        assert meter.open_since() == START + SECOND
        meter.release(meter.finish())
        assert meter.open_since() == NEVER
        meter.close()
